import math
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from workbench.errors import InputError, WorkbenchError
from workbench.exports.excel import Change, Cover, Lineage, WorkbookContent, export_workbook
from workbench.exports.excel.cells import harmless
from workbench.models.envelope.base_case import base_case
from workbench.models.envelope.leaves import Judged
from workbench.models.envelope.paths import draw
from workbench.models.envelope.redraw import EnvelopeState
from workbench.models.envelope.risk import budget_risk, month_names, summarise
from workbench.models.envelope.tree import (
    Commitment,
    CostLine,
    CostTree,
    Driver,
    Event,
    FixedCost,
    PriceStep,
)
from workbench.models.variance.pvm import Line

MONTHS = month_names("2026-07", 12)
HALF_A_CENT = 0.005
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  spreadsheets have no zones


def judged(value: float, *, is_share: bool = False) -> Judged:
    return Judged(
        value=value,
        low=value * 0.8,
        high=value * 1.1,
        owner="=cmd|' /C calc'!A0",
        on=date(2026, 11, 1),
        source="invented for a test",
        is_share=is_share,
    )


def tree() -> CostTree:
    tokens = ("users", "requests", "tokens")
    return CostTree(
        months=12,
        drivers=(
            Driver(name="users", leaf=judged(1_200.0), monthly_growth=0.03),
            Driver(name="requests", leaf=judged(44.0)),
            Driver(name="tokens", leaf=judged(3_100.0), monthly_sigma=0.1),
            Driver(name="hit", leaf=judged(0.35, is_share=True)),
            Driver(name="retry", leaf=judged(0.04, is_share=True)),
        ),
        lines=(
            CostLine(
                name="fresh",
                drivers=tokens,
                complements=("hit",),
                uplifts=("retry",),
                prices=(PriceStep(month=0, usd=3.0), PriceStep(month=5, usd=2.4)),
                per_units=1e6,
            ),
            CostLine(
                name="cached",
                drivers=(*tokens, "hit"),
                prices=(PriceStep(month=0, usd=0.3),),
                per_units=1e6,
            ),
        ),
        fixed=(FixedCost(name="tools", usd_by_month=tuple(50.0 + at for at in range(12))),),
        commitments=(Commitment(name="commit", lines=("fresh", "cached"), usd_per_month=400.0),),
        events=(
            Event(
                name="model retires",
                lines=("fresh",),
                probability=1.0,
                first_month=8,
                last_month=8,
                factor=judged(1.2),
                one_off_usd=250.0,
            ),
        ),
    )


def content(**changes) -> WorkbookContent:
    drawn = EnvelopeState(tree(), draw(tree(), seed=3, paths=256)).costs()
    budget = (420.0,) * 12
    given = {
        "cover": Cover(
            title="Support assistant",
            scope="production",
            as_of=date(2026, 11, 20),
            version="abc123",
            seed=3,
            prepared_by="analyst",
        ),
        "tree": tree(),
        "envelope": summarise(drawn, months=MONTHS),
        "budget_usd": budget,
        "risk": budget_risk(drawn, budget_usd=budget, months=MONTHS),
        "base_period": "2026-09",
        "actual_period": "2026-10",
        "base_lines": (
            Line(name="large input", quantity=100.0, unit_price_usd=3.0, team="support"),
            Line(name="large input", quantity=10.0, unit_price_usd=3.0, team="=1+1"),
            Line(name="old", quantity=20.0, unit_price_usd=10.0, team="support"),
        ),
        "actual_lines": (
            Line(name="large input", quantity=150.0, unit_price_usd=2.5, team="support"),
            Line(name="large input", quantity=12.0, unit_price_usd=3.0, team="=1+1"),
            Line(name="new", quantity=40.0, unit_price_usd=1.25, team="support"),
        ),
        # 150 * 2.5 + 12 * 3 + 40 * 1.25 = 461.
        "allocation": {"support": Decimal("400.00"), "unallocated": Decimal("61.00")},
        "changes": (Change(on=date(2026, 11, 19), by="analyst", what="+growth", why="@plan"),),
        "lineage": (
            Lineage(
                output="Variance",
                measure="cost",
                query="SELECT 1",
                file="logs.jsonl",
                rows="1-100",
                sha256="0" * 64,
            ),
        ),
    }
    return WorkbookContent(**(given | changes))


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("excel") / "book.xlsx"
    export_workbook(path, content=content())
    return path


def recalculated(path: Path) -> dict[tuple[str, str], object]:
    """All cells as the `formulas` package computes them from nothing but formulas and inputs."""
    import formulas

    solution = formulas.ExcelModel().loads(str(path)).finish().calculate()
    cells = {}
    for key, ranges in solution.items():
        match = re.fullmatch(r"'\[.*\](.+)'!([A-Z]+[0-9]+)", str(key))
        if match:
            cells[match[1].upper(), match[2]] = ranges.value[0, 0]
    return cells


def formula_cells(path: Path) -> dict[tuple[str, str], object]:
    """Value stored beside each formula."""
    book, cached = openpyxl.load_workbook(path), openpyxl.load_workbook(path, data_only=True)

    def plain(value):
        return (value - EPOCH).days if isinstance(value, datetime) else value

    return {
        (sheet.title.upper(), cell.coordinate): plain(cached[sheet.title][cell.coordinate].value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    }


# Recalculating spreadsheets is done by a third party that warns about its own dependencies.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")


def test_every_formula_gives_the_value_stored_beside_it(exported):
    stored, computed = formula_cells(exported), recalculated(exported)
    assert 300 < len(stored) <= 3_000
    for place, value in stored.items():
        if isinstance(value, str):
            assert computed[place] == value, place
        else:
            assert math.isclose(float(computed[place]), float(value), abs_tol=HALF_A_CENT), place


def test_the_workbook_holds_what_the_model_says(exported):
    book = openpyxl.load_workbook(exported, data_only=True)
    rows = {row[0].value: row for row in book["Outputs"].iter_rows()}
    by_month = base_case(tree()).by_month
    assert [cell.value for cell in rows["Base case (P50)"][5:17]] == pytest.approx(by_month)
    assert rows["Base case (P50)"][3].value == pytest.approx(sum(by_month))
    assert book["Variance"]["N5"].value == pytest.approx(461.0)
    assert book["Cover"]["B3"].value == "OK"


@pytest.mark.parametrize(
    ("sheet", "find", "column", "value"),
    [
        ("Assumptions", "users", 4, 1_201.0),
        ("Data", "new", 5, 41.0),
        ("Calculations", "fresh cost", 7, 1.0),
        ("Outputs", "P90", 6, 1.0),
    ],
)
def test_a_tampered_cell_turns_the_light_red(exported, tmp_path, sheet, find, column, value):
    path = tmp_path / "tampered.xlsx"
    book = openpyxl.load_workbook(exported)
    row = next(row for row in book[sheet].iter_rows() if row[0].value == find)
    row[column - 1].value = value
    book.save(path)
    assert recalculated(path)["CHECKS", "B3"] == "CHECK"


@pytest.fixture(scope="module")
def libreoffice() -> str:
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc")
    return found


def opened_in_libreoffice(program: str, path: Path, folder: Path) -> dict[tuple[str, str], object]:
    """Return every cell as LibreOffice computes it; stored values are taken out before."""
    bare, out = folder / "bare.xlsx", folder / "out"
    openpyxl.load_workbook(path).save(bare)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    subprocess.run(
        [program, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(bare)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    book = openpyxl.load_workbook(out / "bare.xlsx", data_only=True)
    return {
        (sheet.title.upper(), cell.coordinate): (cell.value - EPOCH).days
        if isinstance(cell.value, datetime)
        else cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
    }


def test_libreoffice_gives_the_stored_values_as_well(libreoffice, exported, tmp_path):
    stored = formula_cells(exported)
    computed = opened_in_libreoffice(libreoffice, exported, tmp_path)
    for place, value in stored.items():
        if isinstance(value, str):
            assert computed[place] == value, place
        else:
            assert math.isclose(float(computed[place]), float(value), abs_tol=HALF_A_CENT), place


def test_a_tampered_cell_is_red_in_libreoffice_too(libreoffice, exported, tmp_path):
    path = tmp_path / "tampered.xlsx"
    book = openpyxl.load_workbook(exported)
    row = next(row for row in book["Prices"].iter_rows() if row[0].value == "fresh")
    row[2].value = 3.001
    book.save(path)
    computed = opened_in_libreoffice(libreoffice, path, tmp_path)
    assert computed["CHECKS", "B3"] == "CHECK"
    assert computed["COVER", "B3"] == "CHECK"


def test_every_sheet_prints_one_page_wide_with_its_version(exported):
    for sheet in openpyxl.load_workbook(exported):
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight == 0
        assert "version abc123" in sheet.oddFooter.left.text
        assert sheet.print_title_rows == "$1:$4"


def test_an_unpriced_row_and_a_wrong_invoice_are_red_from_the_start(tmp_path):
    for change in ({"unpriced_rows": 1}, {"invoice_usd": 470.0}):
        path = tmp_path / "red.xlsx"
        export_workbook(path, content=content(**change))
        assert openpyxl.load_workbook(path, data_only=True)["Cover"]["B3"].value == "CHECK"


def test_no_text_is_a_formula(exported):
    texts = [
        cell.value
        for sheet in openpyxl.load_workbook(exported)
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "s"
    ]
    assert "'=cmd|' /C calc'!A0" in texts
    assert not [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@SUM", "\t=1", "\r=1", "\n=1", "  =1"])
def test_text_that_starts_a_formula_gets_an_apostrophe(text):
    assert harmless(text).startswith("'")


def test_ordinary_text_stays_as_it_is():
    assert harmless("team a - b") == "team a - b"
    assert harmless("a\x00b") == "ab"
    assert len(harmless("x" * 40_000)) <= 32_767


def test_formulas_hold_no_volatile_function_and_no_name(exported):
    book = openpyxl.load_workbook(exported)
    texts = [
        cell.value
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    assert not [text for text in texts if re.search(r"OFFSET|INDIRECT|NOW|TODAY|\[", text)]
    # Names are for finding a cell; the formulas do without them.
    names = set(book.defined_names)
    assert {"Version", "Seed", "As_of", "Check_light", "BaseCase_total", "Budget_total"} <= names
    assert not [text for text in texts for name in names if re.search(rf"\b{name}\b", text)]


def test_each_row_over_the_months_is_one_formula(exported):
    sheet = openpyxl.load_workbook(exported)["Calculations"]
    for row in sheet.iter_rows(min_col=6, max_col=17):
        shapes = {
            re.sub(r"(?<![$A-Z])[A-Z]+(?=\$)", "#", cell.value)
            for cell in row
            if cell.data_type == "f"
        }
        assert len(shapes) <= 1, row[0].coordinate


def test_without_two_periods_the_base_case_is_exported_alone(tmp_path):
    path = tmp_path / "alone.xlsx"
    export_workbook(path, content=content(base_lines=(), actual_lines=(), allocation={}))
    book = openpyxl.load_workbook(path, data_only=True)
    assert book["Cover"]["B3"].value == "OK"
    assert book["Variance"]["A4"].value.startswith("No two periods")


def test_tokens_never_meet_images(tmp_path):
    def lines(mtok: float, images: float) -> tuple[Line, ...]:
        return (
            Line(name="input", quantity=mtok, unit_price_usd=3.0, team="support"),
            Line(name="images", quantity=images, unit_price_usd=1.0, team="studio", unit="images"),
        )

    path = tmp_path / "units.xlsx"
    export_workbook(
        path, content=content(base_lines=lines(100, 10), actual_lines=lines(150, 10), allocation={})
    )
    stored, computed = formula_cells(path), recalculated(path)
    # 50 Mtok more at 3 USD; the images did not change, so there is no mix between the two.
    assert (stored["VARIANCE", "H5"], stored["VARIANCE", "I5"]) == (150.0, 0.0)
    assert all(
        math.isclose(float(computed[place]), float(value), abs_tol=HALF_A_CENT)
        for place, value in stored.items()
        if place[0] == "VARIANCE" and not isinstance(value, str)
    )


def test_months_must_agree():
    with pytest.raises(InputError, match="12 months"):
        content(budget_usd=(1.0,))


def test_too_many_rows_are_refused():
    one = Line(name="a", quantity=1.0, unit_price_usd=1.0)
    with pytest.raises(InputError, match="Aggregate"):
        content(actual_lines=(one,) * 100_001)


def test_a_folder_in_the_way_is_said(tmp_path):
    with pytest.raises(WorkbenchError, match="Cannot write"):
        export_workbook(tmp_path, content=replace(content()))

"""A contract sheet in Excel: the same prices as its CSV, and every mistake with sheet and cell."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import PriceError
from workbench.pricing.sheet import read_sheet

NOW = datetime(2026, 11, 1, tzinfo=UTC)
HEADER = ("provider", "model", "meter", "usd", "per", "effective_from", "context_above", "source")
ROWS = (
    ("openai", "m", "output_tokens", 0.1, 1_000_000, date(2026, 1, 1), None, "deal"),
    ("openai", "m", "uncached_input_tokens", 2.9999999999999999e-2, 1000.0, "2026-01-01", 200_000, "deal"),
    ("openai", "m", "uncached_input_tokens", "0.07", "1000", datetime(2026, 1, 1), None, "deal"),  # noqa: DTZ001
    ("openai", "m", "images", 12, 1, None, None, None),
)  # fmt: skip


def book(path: Path, rows=ROWS, *, header=HEADER, title="Prices", change=None) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in (header, *rows):
        sheet.append(row)
    if change is not None:
        change(workbook, sheet)
    workbook.save(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(PriceError) as caught:
        read_sheet(path, known_from=NOW)
    return str(caught.value)


def test_a_workbook_says_what_its_csv_says(tmp_path):
    csv = tmp_path / "deal.csv"
    csv.write_text(
        ",".join(HEADER) + "\n"
        "openai,m,output_tokens,0.1,1000000,2026-01-01,,deal\n"
        "openai,m,uncached_input_tokens,0.03,1000,2026-01-01,200000,deal\n"
        "openai,m,uncached_input_tokens,0.07,1000,2026-01-01,,deal\n"
        "openai,m,images,12,1,,,\n"
    )
    excel = read_sheet(book(tmp_path / "deal.xlsx"), known_from=NOW)
    said = [(r.meter, r.pico, r.effective_from, r.context_over, r.context_upto, r.inexact, r.cited)
            for r in read_sheet(csv, known_from=NOW).rows]  # fmt: skip
    assert [(r.meter, r.pico, r.effective_from, r.context_over, r.context_upto, r.inexact, r.cited)
            for r in excel.rows] == said  # fmt: skip
    assert [r.pico for r in excel.rows if r.meter == "output_tokens"] == [100_000]


@given(st.decimals(min_value="0.000001", max_value="999", places=6))
def test_no_decimal_of_fifteen_digits_passes_through_a_float(tmp_path_factory, usd: Decimal):
    folder = tmp_path_factory.mktemp("exact")
    rows = [("p", "m", "images", float(usd), 1)]
    (row,) = read_sheet(book(folder / "s.xlsx", rows, header=HEADER[:5]), known_from=NOW).rows
    assert row.pico == int(usd * 10**12)
    assert not row.inexact


def test_a_formula_counts_with_its_stored_value_only(tmp_path):
    rows = [("p", "m", "images", "=1+1", 1)]
    path = book(tmp_path / "f.xlsx", rows, header=HEADER[:5])
    said = refusal(path)
    assert "sheet 'Prices', cell D2, column usd" in said
    assert "no stored value" in said
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "stored.xlsx") as workbook:
        sheet = workbook.add_worksheet("Deal")
        sheet.write_row(0, 0, HEADER[:5])
        sheet.write_row(1, 0, ("p", "m", "images"))
        sheet.write_formula(1, 3, "=1+1.5", None, 2.5)
        sheet.write_number(1, 4, 1)
    (row,) = read_sheet(tmp_path / "stored.xlsx", known_from=NOW).rows
    assert row.pico == 2_500_000_000_000


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("D", "3,50", "cell D2, column usd: '3,50' is no number"),
        ("D", True, "cell D2, column usd: True is neither"),
        ("D", "#N/A", "cell D2, column usd: '#N/A' is an error"),
        ("D", -1, "cell D2, column usd: '-1' is no price"),
        ("E", 500, "cell E2, column per: '500' is not how many"),
        ("C", "tokens", "cell C2, column meter: 'tokens' is no meter"),
        ("F", "31.01.2026", "cell F2, column effective_from: '31.01.2026' is no date"),
        ("A", None, "cell A2, column provider: '' is empty"),
        ("J", "note", "cell J2: 'note' stands beside the columns"),
    ],
)
def test_a_mistake_names_sheet_and_cell(tmp_path, column, value, said):
    def change(_, sheet):
        sheet[f"{column}2"] = value

    found = refusal(book(tmp_path / "deal.xlsx", change=change))
    assert said in found
    assert "sheet 'Prices'" in found


def test_a_price_shown_in_euro_is_refused(tmp_path):
    def change(_, sheet):
        sheet["D2"].number_format = '#,##0.00 "€"'

    assert "cell D2, column usd: 0.1 is shown as" in refusal(
        book(tmp_path / "e.xlsx", change=change)
    )


def test_sheets_that_hold_no_prices_are_passed_over_and_hidden_prices_are_not(tmp_path):
    def notes(workbook, _):
        workbook.create_sheet("Notes", 0).append(["agreed in March"])

    assert len(read_sheet(book(tmp_path / "n.xlsx", change=notes), known_from=NOW).rows) >= 4

    def hide(workbook, sheet):
        workbook.create_sheet("Front")
        sheet.sheet_state = "hidden"

    assert "sheet 'Prices': it is hidden" in refusal(book(tmp_path / "h.xlsx", change=hide))
    assert "no sheet of 'Prices' begins" in refusal(book(tmp_path / "x.xlsx", header=("a", "b")))
    assert "line 1: unknown column 'price'" in refusal(
        book(tmp_path / "c.xlsx", header=("provider", "model", "price"), rows=())
    )


def test_what_is_no_workbook_is_said(tmp_path):
    (tmp_path / "a.xlsx").write_text("provider,model")
    assert "can't be read as an Excel workbook" in refusal(tmp_path / "a.xlsx")
    assert "can't be read" in refusal(tmp_path / "gone.xlsx")


def test_the_command_imports_a_workbook_and_prices_with_it(tmp_path):
    from tests.cli.test_finance import row, run
    from tests.spine import ingest, write_jsonl
    from workbench.workspace import Workspace

    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    rows = [("openai", "house-model", "uncached_input_tokens", 2.5, 1_000_000)]
    done = run(root, "prices", "import", book(tmp_path / "deal.xlsx", rows, header=HEADER[:5]))
    assert done.exit_code == 0, done.output
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", [row(1, date(2026, 9, 1), 4_000_000)]))
    said = run(root, "sql", "SELECT contract_cost_usd FROM priced_usage", "--format", "csv").output
    assert said.split() == ["contract_cost_usd", "10.000000000000"]

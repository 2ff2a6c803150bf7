"""Write the whole workbook: sheets in reading order, inputs before what rests on them."""

from pathlib import Path

from xlsxwriter.exceptions import XlsxWriterException

from workbench.errors import WorkbenchError
from workbench.exports.excel.bridge import write_variance
from workbench.exports.excel.calculations import write_calculations
from workbench.exports.excel.cells import Book, Sheet
from workbench.exports.excel.checks import (
    LIGHT_ROW,
    Parts,
    color_light,
    write_change_log,
    write_checks,
    write_lineage,
)
from workbench.exports.excel.content import WorkbookContent
from workbench.exports.excel.inputs import write_assumptions, write_data, write_prices
from workbench.exports.excel.outputs import write_outputs

NAMED = {"Version": "Version", "Seed": "Seed", "As_of": "As of", "Currency": "Currency"}
"""Names for finding a cell of the cover, by the label beside it."""
SHEETS = {
    "Assumptions": "Every input with P10, P90, owner, source, date and day it expires. Blue: change it.",
    "Prices": "Dated price steps of every line. Blue: change it.",
    "Data": "Months, budget, fixed costs; quantity and price of both periods by line; who pays.",
    "Calculations": "The base case month by month, one formula a row.",
    "Outputs": "Base case beside budget; stamped envelope, risk, tornado, shocks; a chart.",
    "Variance": "Price, volume, mix, new and discontinued by line; they add up to the change.",
    "Checks": "What must agree, and the light that turns red when it does not.",
    "Change log": "What differs from the last locked version, and who changed it.",
    "Lineage": "Files, rows and hashes the figures come from.",
}
"""What is where, in the order of the tabs."""


def export_workbook(path: Path, *, content: WorkbookContent) -> None:
    """Write `content` as an Excel workbook with live formulas and their values.

    The base case and the variance are formulas in A1 form without names, OFFSET or INDIRECT;
    quantiles are figures stamped with version and seed. Text that a spreadsheet would take for
    a formula is neutralised.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    content
        All that is shown.

    Raises
    ------
    WorkbenchError
        If the file cannot be written, for instance because it is open in Excel.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with Book(partial, stamp=content.cover.stamp) as book:
            _write(book, content)
        partial.replace(path)
    except (OSError, XlsxWriterException) as error:
        raise WorkbenchError(
            f"Cannot write {path}: {error}. Close it in Excel, or choose another name."
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _write(book: Book, content: WorkbookContent) -> None:
    cover = _cover(book, content)
    assumptions = write_assumptions(book, content)
    prices = write_prices(book, content)
    data = write_data(book, content)
    calculations = write_calculations(book, content, assumptions, prices, data)
    outputs = write_outputs(book, content, data, calculations)
    variance = write_variance(book, content, data)
    parts = Parts(
        assumptions=assumptions,
        prices=prices,
        data=data,
        calculations=calculations,
        outputs=outputs,
        variance=variance,
    )
    checks, light = write_checks(book, content, parts)
    write_change_log(book, content)
    write_lineage(book, content)
    cover.formula(LIGHT_ROW, 1, checks.cell(LIGHT_ROW, 1), light, kind="text", link=True)
    color_light(book, cover, LIGHT_ROW, 1)


def _cover(book: Book, content: WorkbookContent) -> Sheet:
    about = content.cover
    sheet = book.sheet(
        "Cover", title=about.title, note="A management view, not accounting advice.",
        widths=(24, 80),
    )  # fmt: skip
    sheet.text(LIGHT_ROW, 0, "Checks", role="head")
    rows = (
        ("Scope", about.scope),
        ("As of", about.as_of.isoformat()),
        ("Currency", about.currency),
        ("Version", about.version),
        ("Seed", str(about.seed)),
        ("Prepared by", about.prepared_by),
        ("Reviewed by", about.reviewed_by or "not reviewed"),
        ("Names", "Recorded as given, not authenticated."),
        ("Blue", "Input: change it and the base case follows."),
        ("Black", "Formula."),
        ("Green", "Link to another sheet."),
        ("Grey", "Stamped by the workbench; follows no cell."),
    )
    for row, (label, text) in enumerate(rows, start=LIGHT_ROW + 2):
        sheet.text(row, 0, label, role="head")
        sheet.text(row, 1, text)
    for name, label in NAMED.items():
        at = next(row for row, (said, _) in enumerate(rows, start=LIGHT_ROW + 2) if said == label)
        book.name(name, sheet.cell(at, 1))
    book.name("Check_light", sheet.cell(LIGHT_ROW, 1))
    first = LIGHT_ROW + 3 + len(rows)
    sheet.text(first, 0, "Sheet", role="head")
    sheet.text(first, 1, "What it holds", role="head")
    for row, (name, what) in enumerate(SHEETS.items(), start=first + 1):
        sheet.link(row, 0, name)
        sheet.text(row, 1, what)
    return sheet

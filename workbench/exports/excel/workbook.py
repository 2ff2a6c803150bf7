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
        with Book(partial) as book:
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
    return sheet

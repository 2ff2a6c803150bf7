"""A price sheet in Excel as the text cells of a CSV: every value exactly, every refusal with its cell.

Excel keeps a number as a binary double and shows it shortened; a price is taken as the shortest
decimal that names that double, which is what was typed into the cell (up to 15 digits). A formula
counts with the value Excel stored beside it; without one it is refused, never computed here.
"""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.errors import PriceError

SUFFIXES = (".xlsx", ".xlsm")
MARK = frozenset({"provider", "model"})
"""Columns by which a sheet of the workbook is known as one of prices."""
MOST_BYTES = 256 << 20
"""Unpacked; a price sheet of a hundred thousand rows has a tenth of it."""
FOREIGN = ("€", "£", "¥", "₹", "CHF", "EUR", "GBP", "JPY", "INR", "CNY")
"""In a cell's number format: the figure is shown in another currency than US dollars."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcelSheet:
    """One sheet of prices: its header and its rows as text, with where each stands."""

    sheet: str
    header_row: int
    columns: tuple[str, ...]
    letters: Mapping[str, str]
    rows: tuple[tuple[int, dict[str, str]], ...]
    """Row number in Excel and text by column; rows without any value are left out."""


def is_excel(path: Path) -> bool:
    """Say whether a file is an Excel workbook by its name."""
    return path.suffix.lower() in SUFFIXES


def read_workbook(path: Path) -> list[ExcelSheet]:
    """Return every sheet of a workbook whose first row with values names provider and model.

    Raises
    ------
    PriceError
        If the file cannot be read, has no such sheet, hides one, or a cell has no exact text:
        sheet and cell are named.
    """
    from openpyxl import load_workbook  # a tenth of a second that only a workbook is worth

    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(one.file_size for one in packed.infolist())
        if size > MOST_BYTES:
            raise PriceError(
                f"{path}: unpacks to {size / 1e6:,.0f} MB, which is no price sheet. Save it as CSV."
            )
        stored = load_workbook(path, data_only=True)
        written = load_workbook(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PriceError(
            f"{path} can't be read as an Excel workbook: {str(error)[:200]}. Save it as .xlsx or CSV."
        ) from error
    found = []
    for sheet in written.worksheets:
        header = next(_filled(sheet), None)
        if header is None or not set(_header(header)) >= MARK:
            continue
        if sheet.sheet_state != "visible":
            raise PriceError(
                f"{path.name}, sheet {sheet.title!r}: it is hidden and holds prices. Show it, or "
                "delete it."
            )
        found.append(_read(path.name, sheet, stored[sheet.title], header))
    if not found:
        names = ", ".join(repr(sheet.title) for sheet in written.worksheets)
        raise PriceError(
            f"{path.name}: no sheet of {names} begins with a row that names provider and model. "
            "The columns are those of a CSV sheet."
        )
    return found


def _filled(sheet: Any) -> Iterator[Sequence[Any]]:  # noqa: ANN401 - openpyxl's
    return (row for row in sheet.iter_rows() if any(cell.value is not None for cell in row))


def _header(row: Sequence[Any]) -> list[str]:
    return ["" if cell.value is None else str(cell.value).strip() for cell in row]


def _read(file: str, sheet: Any, stored: Any, header: Sequence[Any]) -> ExcelSheet:  # noqa: ANN401
    from openpyxl.utils import get_column_letter

    place = f"{file}, sheet {sheet.title!r}"
    names = _header(header)
    while names and not names[-1]:
        names.pop()
    if "" in names:
        at = f"{get_column_letter(names.index('') + 1)}{header[0].row}"
        raise PriceError(f"{place}, cell {at}: a column without a name. Name it or delete it.")
    rows = []
    for row in sheet.iter_rows(min_row=header[0].row + 1):
        beyond = next((cell for cell in row[len(names) :] if cell.value is not None), None)
        if beyond is not None:
            raise PriceError(
                f"{place}, cell {beyond.coordinate}: {str(beyond.value)[:60]!r} stands beside the columns. "
                "Name its column or delete it."
            )
        cells = {
            name: _text(f"{place}, cell {cell.coordinate}", name, cell, stored[cell.coordinate].value)
            for name, cell in zip(names, row, strict=False)
        }  # fmt: skip
        if any(cells.values()):
            rows.append((row[0].row, cells))
    letters = {name: get_column_letter(at + 1) for at, name in enumerate(names)}
    return ExcelSheet(
        sheet=sheet.title, header_row=header[0].row, columns=tuple(names), letters=letters,
        rows=tuple(rows),
    )  # fmt: skip


def _text(place: str, column: str, cell: Any, value: object) -> str:  # noqa: ANN401 - openpyxl's
    """Return a cell's value as the text a CSV would hold."""
    if cell.data_type == "f" and value is None:
        raise PriceError(
            f"{place}, column {column}: the formula {str(cell.value)[:60]!r} has no stored value. Open "
            "the workbook in Excel, let it calculate, save it; or write the value."
        )
    if isinstance(value, str) and (cell.data_type == "e" or value.startswith("#")):
        raise PriceError(
            f"{place}, column {column}: {value!r} is an error of Excel. Mend the cell."
        )
    if isinstance(value, bool | time):
        raise PriceError(f"{place}, column {column}: {value!r} is neither text, number nor date.")
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number(place, column, cell, value)
    return str(value).strip()


def _number(place: str, column: str, cell: Any, value: float) -> str:  # noqa: ANN401 - openpyxl's
    shown = str(cell.number_format or "")
    if column in ("usd", "usd_per_accelerator_hour") and any(one in shown for one in FOREIGN):
        raise PriceError(
            f"{place}, column {column}: {value!r} is shown as {shown!r}, which is not USD. Convert it "
            "at a dated rate, and name the rate in column source."
        )
    # The shortest decimal of the double, never its binary expansion: 0.1 is 0.1.
    exact = Decimal(repr(value))
    return format(exact.to_integral_value() if exact == exact.to_integral_value() else exact, "f")

"""How cells are written: one style per role, text never a formula, formulas with their value.

Colours follow the FAST standard's habit: blue inputs, black formulas, green links to another
sheet. Stamped figures, computed by the workbench and not by the sheet, are grey.

References
----------
FAST Standard Organisation, "The FAST Standard", version 02c, sections on formatting.
"""

import math
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

Role = Literal["title", "head", "text", "input", "calc", "link", "stamp", "note"]
Kind = Literal["money", "number", "share", "date", "count", "year", "text", "month"]

STYLES: dict[Role, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"},
    "text": {},
    "input": {"font_color": "#0000FF", "bg_color": "#FFFBE6"},
    "calc": {"font_color": "#000000"},
    "link": {"font_color": "#00803C"},
    "stamp": {"font_color": "#5F6770"},
    "note": {"font_color": "#5F6770", "italic": True},
}
NUMBER_FORMATS: dict[Kind, str] = {
    "money": "#,##0.00;(#,##0.00);-",
    "number": "#,##0.0000##",
    "share": "0.0%",
    "date": "yyyy-mm-dd",
    "month": "yyyy-mm",
    "count": "#,##0",
    "year": "0",
    "text": "@",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
LONGEST_TEXT = 32_000
FIRST_NUMBER_ROW = 3
FIRST_MONTH_COLUMN = 5
"""Months start in the same column, F, on every sheet that has them."""


def harmless(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, cut to what a cell holds.

    References
    ----------
    OWASP, "CSV Injection": =, +, -, @, tab and line breaks at the start are neutralised with an
    apostrophe.

    Examples
    --------
    >>> harmless("=SUM(A1)") == "'=SUM(A1)"
    True
    """
    visible = "".join(mark for mark in text if mark >= " " or mark in "\t\n\r")
    if visible.lstrip(" ").startswith(FORMULA_STARTS):
        visible = "'" + visible
    return visible if len(visible) <= LONGEST_TEXT else visible[: LONGEST_TEXT - 1] + "…"


class Book:
    """An xlsxwriter workbook with our roles; a context manager that writes on leaving."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(
            str(path), {"strings_to_formulas": False, "strings_to_urls": False}
        )
        self._formats: dict[tuple[Role, Kind], Any] = {}

    def __enter__(self) -> "Book":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._book.close()

    def sheet(self, name: str, *, title: str, note: str, widths: tuple[int, ...]) -> "Sheet":
        """Add a sheet with its title and the rule by which to read it."""
        sheet = Sheet(self, self._book.add_worksheet(name))
        sheet.text(0, 0, title, role="title")
        sheet.text(1, 0, note, role="note")
        for column, width in enumerate(widths):
            sheet.raw.set_column(column, column, width)
        return sheet

    def style(self, role: Role, kind: Kind) -> Any:  # noqa: ANN401  xlsxwriter's own type
        """Return the format of a role and kind, made once."""
        key = (role, kind)
        if key not in self._formats:
            options = STYLES[role] | {"num_format": NUMBER_FORMATS[kind]}
            self._formats[key] = self._book.add_format(options)
        return self._formats[key]

    def light(self, *, good: bool) -> Any:  # noqa: ANN401  xlsxwriter's own type
        """Return the format of the check light."""
        color = "#0072B2" if good else "#C00000"
        return self._book.add_format({"bg_color": color, "font_color": "#FFFFFF", "bold": True})


class Sheet:
    """One sheet; rows and columns count from 0."""

    def __init__(self, book: Book, raw: Worksheet) -> None:
        self.book = book
        self.raw = raw
        self._values: dict[tuple[int, int], float] = {}
        raw.set_landscape()
        raw.hide_gridlines(2)

    def text(self, row: int, column: int, text: str, *, role: Role = "text") -> None:
        """Write text that stays text."""
        self.raw.write_string(row, column, harmless(text), self.book.style(role, "text"))

    def heads(self, row: int, names: tuple[str, ...]) -> None:
        """Write column heads from the first column on."""
        for column, name in enumerate(names):
            self.text(row, column, name, role="head")

    def number(
        self, row: int, column: int, value: float, *, kind: Kind, role: Role = "input"
    ) -> None:
        """Write a number that no formula makes."""
        self._values[row, column] = value
        self.raw.write_number(row, column, value, self.book.style(role, kind))

    def day(self, row: int, column: int, value: date, *, kind: Kind, role: Role = "input") -> None:
        """Write a date as a spreadsheet date."""
        moment = datetime(value.year, value.month, value.day)  # noqa: DTZ001  Excel has no zones
        self._values[row, column] = serial(value)
        self.raw.write_datetime(row, column, moment, self.book.style(role, kind))

    def formula(
        self,
        row: int,
        column: int,
        formula: str,
        value: float | str,
        *,
        kind: Kind,
        link: bool = False,
    ) -> None:
        """Write a formula together with the value it must have."""
        if not isinstance(value, str):
            self._values[row, column] = value
        style = self.book.style("link" if link else "calc", kind)
        self.raw.write_formula(row, column, f"={formula}", style, value)  # pyright: ignore[reportArgumentType]  its stub says int only

    def cell(self, row: int, column: int) -> str:
        """Return an absolute reference to a cell from any other sheet."""
        return f"{self.raw.get_name()}!{xl_rowcol_to_cell(row, column, True, True)}"

    def down(self, first_row: int, last_row: int, column: int) -> str:
        """Return an absolute reference to part of a column."""
        return f"{self.cell(first_row, column)}:{xl_rowcol_to_cell(last_row, column, True, True)}"

    def along(self, row: int, months: int) -> str:
        """Return an absolute reference to the months of a row."""
        last = xl_rowcol_to_cell(row, FIRST_MONTH_COLUMN + months - 1, True, True)
        return f"{self.cell(row, FIRST_MONTH_COLUMN)}:{last}"

    @property
    def has_numbers(self) -> bool:
        """Whether any number was written."""
        return bool(self._values)

    def checksum(self) -> tuple[str, float]:
        """Return the reference to every cell in use and the sum of its numbers."""
        last_row, last_column = (max(place[at] for place in self._values) for at in (0, 1))
        last = xl_rowcol_to_cell(last_row, last_column, True, True)
        return f"{self.cell(FIRST_NUMBER_ROW, 0)}:{last}", math.fsum(self._values.values())

    def in_column(self, row: int, column: int) -> str:
        """Return a reference from another sheet that moves along the months: row fixed."""
        return f"{self.raw.get_name()}!{xl_rowcol_to_cell(row, column, True, False)}"


def here(row: int, column: int) -> str:
    """Return a reference within the sheet that moves along the months: row fixed."""
    return xl_rowcol_to_cell(row, column, True, False)


def serial(day: date) -> int:
    """Return the number by which a spreadsheet knows a day, counted from 1899-12-30."""
    return day.toordinal() - 693_594

"""How cells are written: one style per role, text never a formula, formulas with their value.

Colours follow the FAST standard's habit: blue inputs, black formulas, green links to another
sheet. Stamped figures, computed by the workbench and not by the sheet, are grey.

References
----------
FAST Standard Organisation, "The FAST Standard", version 02c, sections on formatting.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

Role = Literal["title", "head", "number_head", "text", "input", "calc", "link", "stamp", "note"]
Kind = Literal["money", "number", "price", "share", "date", "count", "year", "text", "month"]

STYLES: dict[Role, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"},
    "number_head": {
        "bold": True,
        "bottom": 1,
        "text_wrap": True,
        "valign": "bottom",
        "align": "right",
    },
    "text": {},
    "input": {"font_color": "#0000FF", "bg_color": "#FFFBE6"},
    "calc": {"font_color": "#000000"},
    "link": {"font_color": "#00803C"},
    "stamp": {"font_color": "#5F6770"},
    "note": {"font_color": "#5F6770", "italic": True},
}
NUMBER_FORMATS: dict[Kind, str] = {
    "money": "#,##0.00_);(#,##0.00);-_)",
    "number": "[>=100]#,##0.0_);[>=1]#,##0.00##_);0.0000##_)",
    "price": "[>=1]#,##0.00##_);0.0000######_)",
    "share": "0.0%_)",
    "date": "yyyy-mm-dd_)",
    "month": "yyyy-mm_)",
    "count": "#,##0_)",
    "year": "0_)",
    "text": "@",
}
TABS: dict[str, str] = {
    "Assumptions": "#0000FF", "Prices": "#0000FF", "Data": "#0000FF",
    "Calculations": "#000000", "Variance": "#000000", "Outputs": "#00803C", "Checks": "#C00000",
}  # fmt: skip
"""Colour of a sheet's tab: inputs blue, workings black, outputs green, control red."""
TEXT_HEADS = {
    "What", "Unit", "Owner", "Source", "Status", "Team", "By", "Why", "What it means", "Measure",
    "Query", "File", "SHA-256",
}  # fmt: skip
"""Heads of columns that hold text; they stand left."""
A4 = 9
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLine:
    """One line of a chart: the reference to its values and its look."""

    name: str
    values: str
    color: str
    width: float = 1.5
    dash: str = "solid"


class Book:
    """An xlsxwriter workbook with our roles; a context manager that writes on leaving.

    `stamp` is printed at the foot of every page: version and seed.
    """

    def __init__(self, path: Path, *, stamp: str = "") -> None:
        self.stamp = stamp
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
        sheet.set_up_print(tab=TABS.get(name, ""), stamp=self.stamp)
        return sheet

    def name(self, name: str, reference: str) -> None:
        """Name a cell for finding it (Ctrl+G); no formula uses names."""
        self._book.define_name(name, f"={reference}")

    def line_chart(self, lines: Sequence[ChartLine], *, months: str, title: str, unit: str) -> Any:  # noqa: ANN401
        """Return a line chart of rows that run over the months."""
        chart: Any = self._book.add_chart({"type": "line"})
        for one in lines:
            chart.add_series({
                "name": one.name, "categories": f"={months}", "values": f"={one.values}",
                "line": {"color": one.color, "width": one.width, "dash_type": one.dash},
            })  # fmt: skip
        chart.set_title({"name": title, "name_font": {"size": 11}, "overlay": False})
        chart.set_y_axis({"name": unit, "num_format": "#,##0", "min": 0,
                          "major_gridlines": {"visible": True, "line": {"color": "#E5E7EB"}}})  # fmt: skip
        chart.set_x_axis({"num_format": "mmm yy", "text_axis": True})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 900, "height": 340})
        return chart

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
        raw.hide_gridlines(2)

    def set_up_print(self, *, tab: str, stamp: str) -> None:
        """Print on A4 across, one page wide, heads repeated, version and page at the foot."""
        raw = self.raw
        raw.set_landscape()
        raw.set_paper(A4)
        raw.fit_to_pages(1, 0)
        raw.repeat_rows(0, FIRST_NUMBER_ROW)
        raw.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        # An ampersand starts a code in a footer.
        raw.set_footer(f"&L&8{stamp.replace('&', '&&')}&C&8&A&R&8page &P of &N")
        if tab:
            raw.set_tab_color(tab)

    def text(self, row: int, column: int, text: str, *, role: Role = "text") -> None:
        """Write text that stays text."""
        self.raw.write_string(row, column, harmless(text), self.book.style(role, "text"))

    def link(self, row: int, column: int, sheet: str) -> None:
        """Write a link to another sheet."""
        self.raw.write_url(
            row, column, f"internal:'{sheet}'!A1", self.book.style("link", "text"), sheet
        )

    def heads(self, row: int, names: tuple[str, ...]) -> None:
        """Write column heads from the first column on; those of numbers stand right."""
        for column, name in enumerate(names):
            is_text = column == 0 or name in TEXT_HEADS
            self.text(row, column, name, role="head" if is_text else "number_head")

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

"""Rows that run over the months: one formula, the same in every column, and its total."""

import math
from collections.abc import Callable, Sequence

from xlsxwriter.utility import xl_rowcol_to_cell

from workbench.exports.excel.cells import FIRST_MONTH_COLUMN, Kind, Role, Sheet

TOTAL_COLUMN = 3


class MonthRows:
    """Writes rows one under the other and remembers where each stands."""

    def __init__(self, sheet: Sheet, *, months: int, first_row: int) -> None:
        self.sheet = sheet
        self.months = months
        self.next = first_row
        self.of: dict[str, int] = {}

    def head(self, text: str) -> None:
        """Leave a line and write a block's heading."""
        self.sheet.text(self.next + 1, 0, text, role="head")
        self.next += 2

    def add(
        self,
        key: str,
        *,
        unit: str,
        formula: Callable[[int], str],
        values: Sequence[float],
        kind: Kind = "money",
        link: bool = False,
    ) -> int:
        """Write a row of formulas; `formula` gets the column. Money gets a total in column D."""
        row = self._label(key, unit)
        for at, value in enumerate(values):
            column = FIRST_MONTH_COLUMN + at
            self.sheet.formula(row, column, formula(column), value, kind=kind, link=link)
        if kind == "money":
            first, last = (
                xl_rowcol_to_cell(row, FIRST_MONTH_COLUMN + at) for at in (0, self.months - 1)
            )
            total = math.fsum(values)
            self.sheet.formula(row, TOTAL_COLUMN, f"SUM({first}:{last})", total, kind=kind)
        return row

    def stamp(self, key: str, *, unit: str, values: Sequence[float], kind: Kind) -> int:
        """Write a row of figures that the workbench computed; they follow no cell."""
        row = self._label(key, unit)
        role: Role = "stamp"
        for at, value in enumerate(values):
            self.sheet.number(row, FIRST_MONTH_COLUMN + at, value, kind=kind, role=role)
        return row

    def _label(self, key: str, unit: str) -> int:
        row = self.of[key] = self.next
        self.sheet.text(row, 0, key)
        self.sheet.text(row, 1, unit)
        self.next += 1
        return row

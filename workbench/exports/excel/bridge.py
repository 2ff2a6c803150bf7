"""The live price-volume-mix of two periods: the same legs as the model, as formulas."""

from dataclasses import dataclass

from workbench.exports.excel.cells import Book, Sheet
from workbench.exports.excel.content import WorkbookContent
from workbench.exports.excel.inputs import Data
from workbench.models.variance.pvm import (
    LineVariance,
    PriceVolumeMix,
    merged_lines,
    split_by_unit,
)

HEADS = (
    "Line", "Team", "Quantity before", "Price before", "Quantity after", "Price after",
    "In both", "Volume", "Mix", "Price", "New", "Discontinued", "Cost before", "Cost after",
    "Unit",
)  # fmt: skip
LEGS = ("volume", "mix", "price", "new", "discontinued")
UNIT = "O"
"""Column of the unit."""
TOTAL_ROW = 4
FIRST_ROW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class VarianceSheet:
    """The sheet and the split behind its values; None where there is nothing to compare."""

    sheet: Sheet
    split: PriceVolumeMix | None

    def total(self, head: str) -> str:
        """Return the reference to a column's total."""
        return self.sheet.cell(TOTAL_ROW, HEADS.index(head))


def write_variance(book: Book, content: WorkbookContent, data: Data) -> VarianceSheet:
    """Write one row a line with its legs as formulas, totals above."""
    sheet = book.sheet(
        "Variance", title=f"Variance {content.base_period} to {content.actual_period}",
        note="USD; positive is adverse. Volume, mix, price, new and discontinued add up to the change; "
        "volume and mix are those among lines of one unit.",
        widths=(46, 24, *[15] * 12, 12),
    )  # fmt: skip
    if not data.periods:
        sheet.text(3, 0, "No two periods were given to compare.")
        return VarianceSheet(sheet=sheet, split=None)
    sheet.heads(3, HEADS)
    split = split_by_unit(content.base_lines, content.actual_lines)
    by_key = {(line.team, line.name): line for line in split.lines}
    last = FIRST_ROW + len(data.periods) - 1
    before = {
        line.key: (line.quantity, line.unit_price_usd) for line in merged_lines(content.base_lines)
    }
    after = {
        line.key: (line.quantity, line.unit_price_usd)
        for line in merged_lines(content.actual_lines)
    }
    units = {line.key: line.unit for line in (*content.base_lines, *content.actual_lines)}
    for at, (key, data_row) in enumerate(data.periods.items()):
        row = FIRST_ROW + at
        line = by_key.get(key) or LineVariance(name=key[1], team=key[0])
        sheet.text(row, 0, line.name)
        sheet.text(row, 1, line.team)
        sheet.text(row, len(HEADS) - 1, units[key])
        values = (*before.get(key, (0.0, 0.0)), *after.get(key, (0.0, 0.0)))
        for column, value in enumerate(values, start=2):
            cell = data.sheet.cell(data_row, column)
            sheet.formula(row, column, cell, value, kind="number", link=True)
        _write_legs(sheet, row, last, line, values)
    _write_totals(sheet, last, split, content)
    sheet.raw.freeze_panes(FIRST_ROW, 2)
    return VarianceSheet(sheet=sheet, split=split)


def _write_legs(
    sheet: Sheet, row: int, last: int, line: LineVariance, values: tuple[float, ...]
) -> None:
    q0, p0, q1, p1 = (f"{column}{row + 1}" for column in "CDEF")
    both = f"G{row + 1}"
    flags, base, actual = (f"${c}${FIRST_ROW + 1}:${c}${last + 1}" for c in "GCE")
    # Only lines of the same unit are added up: tokens never meet images.
    alike = f"${UNIT}${FIRST_ROW + 1}:${UNIT}${last + 1},{UNIT}{row + 1}"
    total0, total1 = (f"SUMIFS({part},{alike},{flags},1)" for part in (base, actual))
    continuing = values[0] > 0 and values[2] > 0
    sheet.formula(row, 6, f"IF(AND({q0}>0,{q1}>0),1,0)", 1.0 if continuing else 0.0, kind="count")
    formulas = {
        "volume": f"IF({both}=1,({total1}-{total0})*{q0}/{total0}*{p0},0)",
        "mix": f"IF({both}=1,({q1}-{total1}*{q0}/{total0})*{p0},0)",
        "price": f"IF({both}=1,({p1}-{p0})*{q1},0)",
        "new": f"IF({both}=0,{q1}*{p1}*IF({q0}>0,0,1),0)",
        "discontinued": f"IF({both}=0,-{q0}*{p0}*IF({q1}>0,0,1),0)",
    }
    for column, leg in enumerate(LEGS, start=7):
        sheet.formula(row, column, formulas[leg], getattr(line, leg), kind="money")
    sheet.formula(row, 12, f"{q0}*{p0}", values[0] * values[1], kind="money")
    sheet.formula(row, 13, f"{q1}*{p1}", values[2] * values[3], kind="money")


def _write_totals(sheet: Sheet, last: int, split: PriceVolumeMix, content: WorkbookContent) -> None:
    sheet.text(TOTAL_ROW, 0, f"Total, {content.cover.currency}", role="head")
    totals = [*(split.leg(leg) for leg in LEGS), split.base_usd, split.actual_usd]
    for column, total in enumerate(totals, start=7):
        letter = "ABCDEFGHIJKLMN"[column]
        formula = f"SUM({letter}{FIRST_ROW + 1}:{letter}{last + 1})"
        sheet.formula(TOTAL_ROW, column, formula, total, kind="money")

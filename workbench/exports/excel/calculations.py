"""The live base case: driver by driver, line by line, month by month."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.exports.excel import inputs
from workbench.exports.excel.cells import FIRST_MONTH_COLUMN, Book, Kind, Sheet, here, serial
from workbench.exports.excel.content import WorkbookContent
from workbench.exports.excel.inputs import Assumptions, Data, Prices
from workbench.exports.excel.timeline import MonthRows
from workbench.models.envelope.base_case import BaseCase, base_case, likely_events
from workbench.models.envelope.tree import Commitment, CostLine

WIDTHS = (46, 30, 2, 16, 2)
MONTH_WIDTH = 13
TOTAL = "Base case (P50)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calculations:
    """The sheet, its total row and the base case behind its values."""

    sheet: Sheet
    total_row: int
    cost_rows: Mapping[str, int]
    """Rows that make up the total."""
    case: BaseCase

    @property
    def cost_totals(self) -> dict[str, float]:
        """USD of the span by cost row."""
        case = self.case
        named = (
            (case.lines, "cost"),
            (case.one_offs, "once"),
            (case.unused, "not used"),
            (case.fixed, "fixed"),
        )
        return {
            f"{name} {tail}": math.fsum(usd) for part, tail in named for name, usd in part.items()
        }


def write_calculations(
    book: Book, content: WorkbookContent, assumptions: Assumptions, prices: Prices, data: Data
) -> Calculations:
    """Write the base case as formulas, each with the value the model computed."""
    sheet = book.sheet(
        "Calculations", title="Calculations", note="No number is typed here; every row is one formula.",
        widths=(*WIDTHS, *[MONTH_WIDTH] * content.tree.months),
    )  # fmt: skip
    tree, case = content.tree, base_case(content.tree)
    rows = MonthRows(sheet, months=tree.months, first_row=inputs.INDEX_ROW)
    write_timeline(rows, content, data)
    month_row = rows.of["Month"]
    rows.head("Drivers")
    for driver in tree.drivers:
        level, growth = (assumptions.value(driver.name + tail) for tail in ("", " growth"))
        rows.add(
            f"{driver.name} level",
            unit=content.about[driver.name].unit if driver.name in content.about else "",
            formula=lambda column, level=level, growth=growth: (
                f"{level}*(1+{growth})^{here(inputs.INDEX_ROW, column)}"
            ),
            values=case.drivers[driver.name],
            kind="share" if driver.leaf.is_share else "number",
        )
    rows.head("Price of a unit in force")
    for line in tree.lines:
        rows.add(
            f"{line.name} price",
            unit=content.cover.currency,
            formula=lambda column, line=line: _price(prices, line, here(month_row, column)),
            values=case.prices[line.name],
            kind="price",
        )
    _write_events(rows, content, assumptions, case, month_row)
    rows.head("Cost of lines")
    for line in tree.lines:
        rows.add(
            f"{line.name} cost",
            unit=content.cover.currency,
            formula=lambda column, line=line: _line_cost(rows, content, line, column),
            values=case.lines[line.name],
        )
    _write_other_costs(rows, content, assumptions, data, case)
    rows.head("Total")
    costs = [rows.of[name] for name in _cost_rows(content)]
    rows.add(
        TOTAL,
        unit=content.cover.currency,
        formula=lambda column: "+".join(here(row, column) for row in costs),
        values=case.by_month,
    )
    sheet.raw.freeze_panes(inputs.YEAR_ROW + 1, FIRST_MONTH_COLUMN)
    return Calculations(
        sheet=sheet,
        total_row=rows.of[TOTAL],
        cost_rows={name: rows.of[name] for name in _cost_rows(content)},
        case=case,
    )


def write_timeline(rows: MonthRows, content: WorkbookContent, data: Data) -> None:
    """Write index, month and year of every column as links to the data sheet."""
    months = content.envelope.months
    steps: tuple[tuple[str, int, Kind, list[int]], ...] = (
        ("Months since the first", inputs.INDEX_ROW, "count", list(range(len(months)))),
        (
            "Month",
            inputs.MONTH_ROW,
            "month",
            [serial(inputs.month_start(month)) for month in months],
        ),
        ("Year", inputs.YEAR_ROW, "year", [int(month[:4]) for month in months]),
    )
    for key, row, kind, values in steps:
        rows.add(
            key,
            unit="",
            formula=lambda column, row=row: data.sheet.in_column(row, column),
            values=values,
            kind=kind,
            link=True,
        )


def _write_events(
    rows: MonthRows,
    content: WorkbookContent,
    assumptions: Assumptions,
    case: BaseCase,
    month_row: int,
) -> None:
    events = likely_events(content.tree)
    if not events:
        return
    rows.head("Events")
    for event in events:
        factor, start, once = (
            assumptions.value(event.name + tail) for tail in (" factor", " from", " once")
        )
        rows.add(
            f"{event.name} factor",
            unit="",
            formula=lambda column, factor=factor, start=start: (
                f"IF({here(month_row, column)}>={start},{factor},1)"
            ),
            values=case.events[event.name],
            kind="number",
        )
        rows.add(
            f"{event.name} once",
            unit=content.cover.currency,
            formula=lambda column, once=once, start=start: (
                f"IF({here(month_row, column)}={start},{once},0)"
            ),
            values=case.one_offs[event.name],
        )


def _write_other_costs(
    rows: MonthRows, content: WorkbookContent, assumptions: Assumptions, data: Data, case: BaseCase
) -> None:
    tree, currency = content.tree, content.cover.currency
    if tree.commitments or tree.fixed:
        rows.head("Other costs")
    for part in tree.commitments:
        rows.add(
            f"{part.name} not used",
            unit=currency,
            formula=lambda column, part=part: _unused(rows, assumptions, part, column),
            values=case.unused[part.name],
        )
    for cost in tree.fixed:
        rows.add(
            f"{cost.name} fixed",
            unit=currency,
            formula=lambda column, row=data.fixed_rows[cost.name]: data.sheet.in_column(
                row, column
            ),
            values=case.fixed[cost.name],
            link=True,
        )


def _price(prices: Prices, line: CostLine, month: str) -> str:
    first, last = prices.rows[line.name]
    units = prices.sheet.cell(first, 3)
    if first == last:
        return f"{prices.sheet.cell(first, 2)}/{units}"
    dates, usd = (prices.sheet.down(first, last, column) for column in (1, 2))
    return f"LOOKUP({month},{dates},{usd})/{units}"


def _line_cost(rows: MonthRows, content: WorkbookContent, line: CostLine, column: int) -> str:
    factors = [here(rows.of[f"{name} level"], column) for name in line.drivers]
    factors += [f"(1-{here(rows.of[f'{name} level'], column)})" for name in line.complements]
    factors += [f"(1+{here(rows.of[f'{name} level'], column)})" for name in line.uplifts]
    factors += [
        here(rows.of[f"{event.name} factor"], column)
        for event in likely_events(content.tree)
        if line.name in event.lines
    ]
    return "*".join([*factors, here(rows.of[f"{line.name} price"], column)])


def _unused(rows: MonthRows, assumptions: Assumptions, part: Commitment, column: int) -> str:
    used = "+".join(here(rows.of[f"{name} cost"], column) for name in part.lines)
    return f"MAX(0,{assumptions.value(part.name)}-({used}))"


def _cost_rows(content: WorkbookContent) -> list[str]:
    tree = content.tree
    names = [f"{line.name} cost" for line in tree.lines]
    names += [f"{event.name} once" for event in likely_events(tree)]
    names += [f"{part.name} not used" for part in tree.commitments]
    return names + [f"{cost.name} fixed" for cost in tree.fixed]

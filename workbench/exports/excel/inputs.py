"""The sheets a person may edit: assumptions, prices and data."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from workbench.exports.excel.cells import FIRST_MONTH_COLUMN, Book, Kind, Sheet
from workbench.exports.excel.content import About, WorkbookContent
from workbench.models.envelope.base_case import likely_events, start_month
from workbench.models.envelope.leaves import Leaf, Measured
from workbench.models.variance.pvm import Line, merged_lines

FIRST_ROW = 4
INDEX_ROW, MONTH_ROW, YEAR_ROW, BUDGET_ROW = 3, 4, 5, 6
FIRST_FIXED_ROW = 7
VALUE_COLUMN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """The sheet and where each assumption's value stands."""

    sheet: Sheet
    rows: Mapping[str, int]

    def value(self, name: str) -> str:
        """Return the reference to an assumption's value."""
        return self.sheet.cell(self.rows[name], VALUE_COLUMN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The sheet and the first and last row of each line's steps."""

    sheet: Sheet
    rows: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The sheet, its fixed costs, and the rows of the two periods' lines."""

    sheet: Sheet
    fixed_rows: Mapping[str, int]
    periods: Mapping[tuple[str, str], int]
    """Row by (team, line)."""
    first_line_row: int
    last_line_row: int
    payer_rows: tuple[int, int] | None


def month_start(month: str) -> date:
    """Return the first day of YYYY-MM."""
    return date.fromisoformat(f"{month}-01")


def write_assumptions(book: Book, content: WorkbookContent) -> Assumptions:
    """Write the register of assumptions; values are blue and live."""
    sheet = book.sheet(
        "Assumptions", title="Assumptions", note="Blue cells drive the base case (P50).",
        widths=(38, 42, 30, 16, 14, 14, 26, 64, 12, 10, 12),
    )  # fmt: skip
    sheet.heads(
        3, ("Id", "What", "Unit", "Value", "P10", "P90", "Owner", "Source", "Date", "Status", "Valid until"),
    )  # fmt: skip
    rows: dict[str, int] = {}
    for driver in content.tree.drivers:
        row = rows[driver.name] = FIRST_ROW + len(rows)
        kind: Kind = "share" if driver.leaf.is_share else "number"
        sheet.text(row, 0, driver.name)
        sheet.text(row, 1, "Level in the first month")
        sheet.number(row, VALUE_COLUMN, driver.leaf.p50, kind=kind)
        _write_leaf(sheet, row, driver.leaf, kind, content.about.get(driver.name, About()))
        row = rows[f"{driver.name} growth"] = FIRST_ROW + len(rows)
        sheet.text(row, 0, f"{driver.name} growth")
        sheet.text(row, 1, "Growth, compounding from the first month")
        sheet.text(row, 2, "a month")
        sheet.number(row, VALUE_COLUMN, driver.monthly_growth, kind="share")
    for event in likely_events(content.tree):
        row = rows[f"{event.name} factor"] = FIRST_ROW + len(rows)
        sheet.text(row, 0, f"{event.name} factor")
        sheet.text(row, 1, f"Factor on {', '.join(event.lines)}")
        sheet.number(row, VALUE_COLUMN, event.factor.p50, kind="number")
        _write_leaf(sheet, row, event.factor, "number", content.about.get(event.name, About()))
        row = rows[f"{event.name} from"] = FIRST_ROW + len(rows)
        sheet.text(row, 0, f"{event.name} from")
        sheet.text(row, 1, "First month of the event")
        start = content.envelope.months[start_month(event)]
        sheet.day(row, VALUE_COLUMN, month_start(start), kind="month")
        row = rows[f"{event.name} once"] = FIRST_ROW + len(rows)
        sheet.text(row, 0, f"{event.name} once")
        sheet.text(row, 1, "Paid once in that month")
        sheet.text(row, 2, content.cover.currency)
        sheet.number(row, VALUE_COLUMN, event.one_off_usd, kind="money")
    for part in content.tree.commitments:
        row = rows[part.name] = FIRST_ROW + len(rows)
        sheet.text(row, 0, part.name)
        sheet.text(row, 1, f"Committed for {', '.join(part.lines)}")
        sheet.text(row, 2, f"{content.cover.currency} a month")
        sheet.number(row, VALUE_COLUMN, part.usd_per_month, kind="money")
    sheet.raw.freeze_panes(FIRST_ROW, 1)
    return Assumptions(sheet=sheet, rows=rows)


def write_prices(book: Book, content: WorkbookContent) -> Prices:
    """Write the dated price steps of every line."""
    sheet = book.sheet(
        "Prices", title="Prices", note="A price holds from its date until the next step of its line.",
        widths=(34, 14, 16, 14, 60),
    )  # fmt: skip
    currency = content.cover.currency
    sheet.heads(3, ("Line", "From", f"{currency} for", "units", "Source"))
    rows: dict[str, tuple[int, int]] = {}
    row = FIRST_ROW
    for line in content.tree.lines:
        first = row
        for step in line.prices:
            if step.month >= content.tree.months:
                continue
            sheet.text(row, 0, line.name)
            sheet.day(row, 1, month_start(content.envelope.months[step.month]), kind="month")
            sheet.number(row, 2, step.usd, kind="price")
            sheet.number(row, 3, line.per_units, kind="count")
            sheet.text(row, 4, content.price_sources.get(line.name, "not stated"))
            row += 1
        rows[line.name] = (first, row - 1)
    sheet.raw.freeze_panes(FIRST_ROW, 1)
    return Prices(sheet=sheet, rows=rows)


def write_data(book: Book, content: WorkbookContent) -> Data:
    """Write months, budget and fixed costs, then the lines of both periods and who pays."""
    sheet = book.sheet(
        "Data", title="Data", note="Aggregated from the logs; the source of each line is beside it.",
        widths=(46, 24, 16, 16, 16, *[14] * content.tree.months),
    )  # fmt: skip
    sheet.raw.freeze_panes(INDEX_ROW, 1)
    _write_timeline(sheet, content)
    fixed_rows = {}
    for at, cost in enumerate(content.tree.fixed):
        row = fixed_rows[cost.name] = FIRST_FIXED_ROW + at
        sheet.text(row, 0, cost.name)
        sheet.text(row, 1, content.cover.currency)
        for month, usd in enumerate(cost.usd_by_month):
            sheet.number(row, FIRST_MONTH_COLUMN + month, usd, kind="money")
    first = FIRST_FIXED_ROW + len(fixed_rows) + 3
    periods = _write_lines(sheet, content, first)
    last = first + len(periods) - 1
    return Data(
        sheet=sheet,
        fixed_rows=fixed_rows,
        periods=periods,
        first_line_row=first,
        last_line_row=last,
        payer_rows=_write_payers(sheet, content, max(first, last) + 4),
    )


def _write_leaf(sheet: Sheet, row: int, leaf: Leaf, kind: Kind, about: About) -> None:
    if isinstance(leaf, Measured):
        low, high = leaf.means[len(leaf.means) // 10], leaf.means[-1 - len(leaf.means) // 10]
        owner, on, status = about.owner or "measured", None, "measured"
    else:
        low, high, owner, on, status = leaf.low, leaf.high, leaf.owner, leaf.on, "judged"
    sheet.number(row, 4, low, kind=kind, role="stamp")
    sheet.number(row, 5, high, kind=kind, role="stamp")
    sheet.text(row, 2, about.unit)
    sheet.text(row, 6, owner)
    sheet.text(row, 7, leaf.source)
    if on is not None:
        sheet.day(row, 8, on, kind="date", role="stamp")
    sheet.text(row, 9, status)
    if about.expires is not None:
        sheet.day(row, 10, about.expires, kind="date", role="stamp")


def _write_timeline(sheet: Sheet, content: WorkbookContent) -> None:
    for row, label in ((INDEX_ROW, "Months since the first"), (MONTH_ROW, "Month"), (YEAR_ROW, "Year"), (BUDGET_ROW, "Budget")):  # fmt: skip
        sheet.text(row, 0, label)
    sheet.text(BUDGET_ROW, 1, content.cover.currency)
    for at, name in enumerate(content.envelope.months):
        column = FIRST_MONTH_COLUMN + at
        sheet.number(INDEX_ROW, column, at, kind="count")
        sheet.day(MONTH_ROW, column, month_start(name), kind="month")
        sheet.number(YEAR_ROW, column, int(name[:4]), kind="year")
        sheet.number(BUDGET_ROW, column, content.budget_usd[at], kind="money")


def _write_lines(sheet: Sheet, content: WorkbookContent, first: int) -> dict[tuple[str, str], int]:
    heads = (
        "Line", "Team", f"Quantity {content.base_period}", f"Price {content.base_period}",
        f"Quantity {content.actual_period}", f"Price {content.actual_period}", "Unit", "Source",
    )  # fmt: skip
    sheet.heads(first - 1, heads)
    before = {line.key: line for line in merged_lines(content.base_lines)}
    after = {line.key: line for line in merged_lines(content.actual_lines)}
    rows: dict[tuple[str, str], int] = {}
    for key in (*before, *(key for key in after if key not in before)):
        row = rows[key] = first + len(rows)
        one: Line = before.get(key) or after[key]
        sheet.text(row, 0, one.name)
        sheet.text(row, 1, one.team)
        for column, line in ((2, before.get(key)), (4, after.get(key))):
            sheet.number(row, column, line.quantity if line else 0.0, kind="number")
            sheet.number(row, column + 1, line.unit_price_usd if line else 0.0, kind="number")
        sheet.text(row, 6, one.unit)
        sheet.text(row, 7, content.line_sources.get(one.name, "not stated"))
    return rows


def _write_payers(sheet: Sheet, content: WorkbookContent, first: int) -> tuple[int, int] | None:
    if not content.allocation:
        return None
    sheet.heads(first - 1, (f"Who pays, {content.actual_period}", content.cover.currency))
    for at, (payer, usd) in enumerate(content.allocation.items()):
        sheet.text(first + at, 0, payer)
        sheet.number(first + at, 1, float(usd), kind="money")
    return first, first + len(content.allocation) - 1

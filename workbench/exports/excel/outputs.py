"""What comes out: base case, budget and the stamped envelope by month and year."""

import math
from dataclasses import dataclass
from typing import Any

from workbench.exports.excel import inputs
from workbench.exports.excel.calculations import (
    MONTH_WIDTH,
    TOTAL,
    WIDTHS,
    Calculations,
    write_timeline,
)
from workbench.exports.excel.cells import FIRST_MONTH_COLUMN, Book, ChartLine, Sheet, here
from workbench.exports.excel.content import WorkbookContent
from workbench.exports.excel.inputs import Data
from workbench.exports.excel.timeline import TOTAL_COLUMN, MonthRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The sheet and where its base case and quantiles stand."""

    sheet: Sheet
    base_row: int
    first_quantile_row: int
    last_quantile_row: int


def write_outputs(
    book: Book, content: WorkbookContent, data: Data, calculations: Calculations
) -> Outputs:
    """Write base case, budget and stamped quantiles by month, then years."""
    cover = content.cover
    sheet = book.sheet(
        "Outputs", title="Outputs", widths=(46, 10, *WIDTHS[2:], *[MONTH_WIDTH] * content.tree.months),
        note=f"Grey figures are stamped: version {cover.version}, seed {cover.seed}.",
    )  # fmt: skip
    rows = MonthRows(sheet, months=content.tree.months, first_row=inputs.INDEX_ROW)
    write_timeline(rows, content, data)
    rows.head("Base case and budget")
    by_month = calculations.case.by_month
    base = rows.add(
        TOTAL,
        unit=cover.currency,
        formula=lambda column: calculations.sheet.in_column(calculations.total_row, column),
        values=by_month,
        link=True,
    )
    budget = rows.add(
        "Budget",
        unit=cover.currency,
        formula=lambda column: data.sheet.in_column(inputs.BUDGET_ROW, column),
        values=content.budget_usd,
        link=True,
    )
    rows.add(
        "Base case less budget",
        unit=cover.currency,
        formula=lambda column: f"{here(base, column)}-{here(budget, column)}",
        values=[cost - plan for cost, plan in zip(by_month, content.budget_usd, strict=True)],
    )
    rows.head("Envelope, stamped")
    quantiles = [
        rows.stamp(
            name.upper(),
            unit=cover.currency,
            values=[getattr(spread, name) for spread in content.envelope.by_month],
            kind="money",
        )
        for name in ("p10", "p50", "p90")
    ]
    if content.risk is not None:
        rows.stamp(
            "P(month over budget)", unit="", values=content.risk.p_breach_by_month, kind="share"
        )
        rows.stamp(
            "P(over budget so far)", unit="", values=content.risk.p_breach_cumulative, kind="share"
        )
    _write_years(sheet, content, rows, by_month)
    below = _write_risk(sheet, content, rows)
    _write_sensitivity(sheet, content, below)
    _draw(book, sheet, content, rows, budget)
    for name, row in (("BaseCase", base), ("Budget", budget)):
        book.name(f"{name}_total", sheet.cell(row, TOTAL_COLUMN))
    sheet.raw.freeze_panes(inputs.YEAR_ROW + 1, FIRST_MONTH_COLUMN)
    return Outputs(
        sheet=sheet,
        base_row=base,
        first_quantile_row=quantiles[0],
        last_quantile_row=quantiles[-1],
    )


def _write_years(
    sheet: Sheet, content: WorkbookContent, rows: MonthRows, by_month: tuple[float, ...]
) -> None:
    first = rows.next + 2
    sheet.heads(first - 1, ("Year", "", "", TOTAL, "", "P10", "P50", "P90"))
    last_column = FIRST_MONTH_COLUMN + content.tree.months - 1
    years = f"{here(inputs.YEAR_ROW, FIRST_MONTH_COLUMN)}:{here(inputs.YEAR_ROW, last_column)}"
    costs = f"{here(rows.of[TOTAL], FIRST_MONTH_COLUMN)}:{here(rows.of[TOTAL], last_column)}"
    rows.next = first + len(content.envelope.by_year) + 1
    for at, (year, spread) in enumerate(content.envelope.by_year.items()):
        row = first + at
        sheet.number(row, 0, int(year), kind="year", role="text")
        total = math.fsum(
            usd
            for month, usd in zip(content.envelope.months, by_month, strict=True)
            if month.startswith(year)
        )
        sheet.text(row, 1, content.cover.currency)
        sheet.formula(row, 3, f"SUMIF({years},A{row + 1},{costs})", total, kind="money")
        for column, usd in ((5, spread.p10), (6, spread.p50), (7, spread.p90)):
            sheet.number(row, column, usd, kind="money", role="stamp")
    row = first + len(content.envelope.by_year)
    whole = content.envelope.total
    sheet.text(row, 0, "Whole span", role="head")
    sheet.text(row, 1, content.cover.currency)
    sheet.formula(row, 3, f"SUM(D{first + 1}:D{row})", math.fsum(by_month), kind="money")
    for column, usd in ((5, whole.p10), (6, whole.p50), (7, whole.p90)):
        sheet.number(row, column, usd, kind="money", role="stamp")


def _write_risk(sheet: Sheet, content: WorkbookContent, rows: MonthRows) -> int:
    """Write what the budget risks, stamped; return the next free row."""
    row = rows.next + 1
    if content.risk is None:
        return row
    currency, risk = content.cover.currency, content.risk
    sheet.heads(row, ("Budget at risk, stamped", "", "", "Figure"))
    sheet.text(row + 1, 0, "P(span over budget)")
    sheet.number(row + 1, 3, risk.p_breach, kind="share", role="stamp")
    sheet.text(row + 2, 0, "Likely over budget from")
    sheet.text(row + 2, 3, risk.first_likely_breach or "no month", role="stamp")
    sheet.text(row + 3, 0, "Expected overrun if it breaks")
    sheet.text(row + 3, 1, currency)
    sheet.number(row + 3, 3, risk.expected_overrun_usd or 0.0, kind="money", role="stamp")
    row += 4
    for confidence, usd in content.contingencies_usd.items():
        sheet.text(row, 0, f"Contingency for {confidence:.0%} confidence")
        sheet.text(row, 1, currency)
        sheet.number(row, 3, usd, kind="money", role="stamp")
        row += 1
    return row


def _write_sensitivity(sheet: Sheet, content: WorkbookContent, first: int) -> None:
    """Write the tornado and the shocks, stamped."""
    row = first + 1
    if content.swings:
        sheet.heads(
            row,
            (
                "What moves the base case, stamped",
                "",
                "",
                "Input at P10",
                "",
                "Input at P90",
                "Total at P10",
                "Total at P90",
                "Swing",
            ),
        )
        for swing in content.swings:
            row += 1
            sheet.text(row, 0, swing.name)
            for column, value in ((3, swing.input_low), (5, swing.input_high)):
                sheet.number(row, column, value, kind="number", role="stamp")
            for column, usd in (
                (6, swing.low_usd), (7, swing.high_usd), (8, abs(swing.high_usd - swing.low_usd)),
            ):  # fmt: skip
                sheet.number(row, column, usd, kind="money", role="stamp")
        row += 2
    if content.stresses:
        sheet.heads(
            row, ("Shocks, stamped", "", "", "P50", "", "P10", "P90", "Change of P50", "P(breach)")
        )
        for one in content.stresses:
            row += 1
            sheet.text(row, 0, one.name)
            for column, usd in (
                (3, one.total.p50), (5, one.total.p10), (6, one.total.p90), (7, one.change_of_p50_usd),
            ):  # fmt: skip
                sheet.number(row, column, usd, kind="money", role="stamp")
            if one.p_breach is not None:
                sheet.number(row, 8, one.p_breach, kind="share", role="stamp")


def _draw(
    book: Book, sheet: Sheet, content: WorkbookContent, rows: MonthRows, budget_row: int
) -> None:
    """Draw the envelope beside the budget, below all rows, on a sheet of the same cells."""
    months = content.tree.months

    def line(name: str, row: int, **look: Any) -> ChartLine:  # noqa: ANN401 - of ChartLine
        return ChartLine(name=name, values=sheet.along(row, months), **look)

    chart = book.line_chart(
        [
            line("P90", rows.of["P90"], color="#9DB7CC"),
            line("P50", rows.of["P50"], color="#1F4E79", width=2.25, dash="dash"),
            line("P10", rows.of["P10"], color="#9DB7CC"),
            line("Budget", budget_row, color="#5F6770", dash="round_dot"),
        ],
        months=sheet.along(rows.of["Month"], months),
        title="Cost a month: P10, P50, P90 and budget",
        unit=content.cover.currency,
    )
    sheet.raw.insert_chart(rows.next + 1, 10, chart)

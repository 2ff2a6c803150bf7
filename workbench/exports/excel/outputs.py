"""What comes out: base case, budget and the stamped envelope by month and year."""

import math
from dataclasses import dataclass

from workbench.exports.excel import inputs
from workbench.exports.excel.calculations import TOTAL, WIDTHS, Calculations, write_timeline
from workbench.exports.excel.cells import FIRST_MONTH_COLUMN, Book, Sheet, here
from workbench.exports.excel.content import WorkbookContent
from workbench.exports.excel.inputs import Data
from workbench.exports.excel.timeline import MonthRows


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
        "Outputs", title="Outputs", widths=WIDTHS,
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
    sheet.heads(first - 1, ("Year", TOTAL, "", "P10", "P50", "P90"))
    last_column = FIRST_MONTH_COLUMN + content.tree.months - 1
    years = f"{here(inputs.YEAR_ROW, FIRST_MONTH_COLUMN)}:{here(inputs.YEAR_ROW, last_column)}"
    costs = f"{here(rows.of[TOTAL], FIRST_MONTH_COLUMN)}:{here(rows.of[TOTAL], last_column)}"
    for at, (year, spread) in enumerate(content.envelope.by_year.items()):
        row = first + at
        sheet.number(row, 0, int(year), kind="year", role="text")
        total = math.fsum(
            usd
            for month, usd in zip(content.envelope.months, by_month, strict=True)
            if month.startswith(year)
        )
        sheet.formula(row, 1, f"SUMIF({years},A{row + 1},{costs})", total, kind="money")
        for column, usd in ((3, spread.p10), (4, spread.p50), (5, spread.p90)):
            sheet.number(row, column, usd, kind="money", role="stamp")

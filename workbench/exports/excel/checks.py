"""The checks that roll up to one light, the change log and the lineage."""

import math
from dataclasses import dataclass

from workbench.exports.excel import inputs
from workbench.exports.excel.bridge import LEGS, VarianceSheet
from workbench.exports.excel.calculations import Calculations
from workbench.exports.excel.cells import FIRST_MONTH_COLUMN, Book, Sheet
from workbench.exports.excel.content import WorkbookContent
from workbench.exports.excel.inputs import Assumptions, Data, Prices
from workbench.exports.excel.outputs import Outputs

LIGHT_ROW, HEAD_ROW, FIRST_CHECK_ROW = 2, 5, 6
HALF_A_CENT = 0.005
OK, RED = "OK", "CHECK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A live figure that must equal another, or the one stamped when the version was made."""

    name: str
    live: str
    live_value: float
    expected: str
    """A formula, or empty where the expected value is stamped."""
    expected_value: float
    tolerance: float = HALF_A_CENT
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The sheets that the checks look at."""

    assumptions: Assumptions
    prices: Prices
    data: Data
    calculations: Calculations
    outputs: Outputs
    variance: VarianceSheet


def write_checks(book: Book, content: WorkbookContent, parts: Parts) -> tuple[Sheet, str]:
    """Write every check and the light that turns red when one fails; return sheet and light."""
    sheet = book.sheet(
        "Checks", title="Checks", widths=(44, 18, 18, 16, 14, 10, 70),
        note="A changed input differs from the stamped version, and the light says so.",
    )  # fmt: skip
    sheet.raw.freeze_panes(HEAD_ROW + 1, 1)
    sheet.heads(
        HEAD_ROW, ("Check", "Live", "Expected", "Difference", "Tolerance", "Fails", "What it means")
    )
    found = list(_checks(content, parts))
    fails = [_write_check(sheet, FIRST_CHECK_ROW + at, check) for at, check in enumerate(found)]
    last = FIRST_CHECK_ROW + len(found) - 1
    sheet.raw.conditional_format(
        FIRST_CHECK_ROW, 5, last, 5,
        {"type": "cell", "criteria": ">", "value": 0, "format": book.light(good=False)},
    )  # fmt: skip
    sheet.text(LIGHT_ROW, 0, "All checks", role="head")
    light = RED if any(fails) else OK
    formula = f'IF(SUM(F{FIRST_CHECK_ROW + 1}:F{last + 1})=0,"{OK}","{RED}")'
    sheet.formula(LIGHT_ROW, 1, formula, light, kind="text")
    color_light(book, sheet, LIGHT_ROW, 1)
    return sheet, light


def color_light(book: Book, sheet: Sheet, row: int, column: int) -> None:
    """Colour a cell blue while it says OK and red when it does not."""
    for word, good in ((OK, True), (RED, False)):
        sheet.raw.conditional_format(
            row,
            column,
            row,
            column,
            {
                "type": "cell",
                "criteria": "==",
                "value": f'"{word}"',
                "format": book.light(good=good),
            },
        )


def write_change_log(book: Book, content: WorkbookContent) -> None:
    """Write what differs from the last locked version, and why."""
    sheet = book.sheet(
        "Change log", title="Change log", note="Against the last locked version.",
        widths=(12, 24, 60, 60),
    )  # fmt: skip
    sheet.raw.freeze_panes(4, 0)
    sheet.heads(3, ("Date", "By", "What", "Why"))
    for row, change in enumerate(content.changes, start=4):
        sheet.day(row, 0, change.on, kind="date", role="text")
        for column, text in enumerate((change.by, change.what, change.why), start=1):
            sheet.text(row, column, text)
    if not content.changes:
        sheet.text(4, 0, "No change, or no version was locked before.")


def write_lineage(book: Book, content: WorkbookContent) -> None:
    """Write where each output comes from."""
    sheet = book.sheet(
        "Lineage", title="Lineage", note="Output, measure, query, file, rows, hash of the file.",
        widths=(24, 40, 60, 40, 16, 66),
    )  # fmt: skip
    sheet.raw.freeze_panes(4, 0)
    sheet.heads(3, ("Output", "Measure", "Query", "File", "Rows", "SHA-256"))
    for row, item in enumerate(content.lineage, start=4):
        texts = (item.output, item.measure, item.query, item.file, item.rows, item.sha256)
        for column, text in enumerate(texts):
            sheet.text(row, column, text)
    if not content.lineage:
        sheet.text(4, 0, "No lineage was given.")


def _checks(content: WorkbookContent, parts: Parts) -> list[Check]:
    months = content.tree.months
    outputs, case = parts.outputs, parts.calculations.case
    base = outputs.sheet.along(outputs.base_row, months)
    budget = parts.data.sheet.along(inputs.BUDGET_ROW, months)
    month_row = parts.data.sheet.along(inputs.MONTH_ROW, months)
    last = FIRST_MONTH_COLUMN + months - 1
    quantiles = (
        f"{outputs.sheet.cell(outputs.first_quantile_row, FIRST_MONTH_COLUMN)}:"
        f"{outputs.sheet.cell(outputs.last_quantile_row, last).split('!')[1]}"
    )
    stamped = math.fsum(
        value for month in content.envelope.by_month for value in (month.p10, month.p50, month.p90)
    )
    sheet, totals = parts.calculations.sheet, parts.calculations.cost_totals
    checks = [
        _same("Base case is that of the version", f"SUM({base})", case.total),
        _same("Budget is that of the version", f"SUM({budget})", math.fsum(content.budget_usd)),
        _same("Quantiles are those of the version", f"SUM({quantiles})", stamped),
        _same("All months are there", f"COUNT({month_row})", float(months)),
        Check(
            name="Nothing is unpriced",
            live=str(content.unpriced_rows),
            live_value=float(content.unpriced_rows),
            expected="",
            expected_value=0.0,
            why="Rows without a price are missing from every cost in this workbook.",
        ),
    ]
    checks += [
        _same(f"{name} is that of the version", f"SUM({sheet.along(row, months)})", totals[name])
        for name, row in parts.calculations.cost_rows.items()
    ]
    sheets = [part.sheet for part in (parts.assumptions, parts.prices, parts.data)]
    sheets += [part.sheet for part in (parts.calculations, outputs, parts.variance)]
    return (
        checks
        + _variance_checks(content, parts)
        + [_unchanged(sheet) for sheet in sheets if sheet.has_numbers]
    )


def _variance_checks(content: WorkbookContent, parts: Parts) -> list[Check]:
    sheet, split, data = parts.variance, parts.variance.split, parts.data
    if split is None:
        return []
    legs = "+".join(sheet.total(leg.capitalize()) for leg in LEGS)
    change = f"{sheet.total('Cost after')}-{sheet.total('Cost before')}"
    found = [
        Check(
            name="Legs of the variance add up",
            live=legs,
            live_value=math.fsum(split.leg(leg) for leg in LEGS),
            expected=change,
            expected_value=split.total,
            why="Volume, mix, price, new and discontinued must leave no rest.",
        ),
        _same("Cost before is that of the version", sheet.total("Cost before"), split.base_usd),
        _same("Cost after is that of the version", sheet.total("Cost after"), split.actual_usd),
    ]
    for name, column in (("before", 2), ("after", 4)):
        quantities = data.sheet.down(data.first_line_row, data.last_line_row, column)
        found.append(_same(f"No negative quantity {name}", f'COUNTIF({quantities},"<0")', 0.0))
    if data.payer_rows is not None:
        shares = data.sheet.down(*data.payer_rows, 1)
        total = math.fsum(float(usd) for usd in content.allocation.values())
        found.append(
            Check(
                name="Who pays adds up to the cost",
                live=f"SUM({shares})",
                live_value=total,
                expected=sheet.total("Cost after"),
                expected_value=split.actual_usd,
                why="Shares and what is unallocated must be the cost, to the cent.",
            )
        )
    if content.invoice_usd is not None:
        found.append(
            Check(
                name="Cost agrees with the invoice",
                live=sheet.total("Cost after"),
                live_value=split.actual_usd,
                expected="",
                expected_value=content.invoice_usd,
                tolerance=content.invoice_tolerance_usd,
                why="Metered usage at its prices against what was billed.",
            )
        )
    return found


def _unchanged(sheet: Sheet) -> Check:
    cells, total = sheet.checksum()
    return Check(
        name=f"{sheet.raw.get_name()}: every number is that of the version",
        live=f"SUM({cells})",
        live_value=total,
        expected="",
        expected_value=total,
        tolerance=max(HALF_A_CENT, 1e-12 * abs(total)),
        why="A plain sum of all numbers of the sheet, whatever their unit.",
    )


def _same(name: str, live: str, value: float) -> Check:
    why = "Live cells give what they gave when the version was made."
    return Check(name=name, live=live, live_value=value, expected="", expected_value=value, why=why)


def _write_check(sheet: Sheet, row: int, check: Check) -> bool:
    sheet.text(row, 0, check.name)
    sheet.formula(row, 1, check.live, check.live_value, kind="money", link=True)
    if check.expected:
        sheet.formula(row, 2, check.expected, check.expected_value, kind="money", link=True)
    else:
        sheet.number(row, 2, check.expected_value, kind="money", role="stamp")
    difference = check.live_value - check.expected_value
    fails = abs(difference) >= check.tolerance
    sheet.formula(row, 3, f"B{row + 1}-C{row + 1}", difference, kind="money")
    sheet.number(row, 4, check.tolerance, kind="number")
    sheet.formula(
        row, 5, f"IF(ABS(D{row + 1})<E{row + 1},0,1)", 1.0 if fails else 0.0, kind="count"
    )
    sheet.text(row, 6, check.why)
    return fails

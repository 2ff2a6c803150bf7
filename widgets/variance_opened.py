"""The rows behind a bar of the variance, as a table: its last row is the bar."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from widgets.opened import MOST_ROWS, exactly
from widgets.variance_data import Reading
from workbench.figures.cards import Table
from workbench.figures.theme import accounting, count, month_name, number
from workbench.figures.variance import LEG_NAMES
from workbench.models.variance.opened import (
    OpenedBar,
    OpenedRow,
    cents_that_add,
    legs_bar,
    variance_bar,
)
from workbench.models.variance.opened_plan import plan_bar

MOST_BOOKS = 3
Behind = Mapping[str, Sequence[Mapping[str, Any]]]


def behind(reading: Reading, key: str) -> Table | None:
    """Open one bar of the page; None for a key that names none."""
    months = (reading.against, reading.month)
    found = opened_bar(reading, key, months)
    if found is None:
        return None
    return opened_table(found, reading.behind, months=months, command=_command(reading, key))


def opened_bar(reading: Reading, key: str, months: tuple[str, str]) -> OpenedBar | None:
    """Return a bar's rows by its key."""
    if key.startswith("pvm/"):
        return variance_bar(key, reading.compared, months=months, followed=reading.followed)
    if key.startswith("legs/"):
        return legs_bar(key, reading.compared.usage, months=months)
    return plan_bar(key, reading.plan_drawn, reading.parts) or plan_bar(
        key, reading.outlook, reading.parts
    )


def opened_table(
    bar: OpenedBar, usage: Behind, *, months: tuple[str, str], command: str = ""
) -> Table:
    """Write a bar's rows: what moved, the USD that add up to it, price rows and log segments."""
    shown, rest = bar.rows[:MOST_ROWS], bar.rows[MOST_ROWS:]
    usd = [row.usd for row in shown] + ([math.fsum(row.usd for row in rest)] if rest else [])
    cents = cents_that_add(usd, bar.usd)
    moved = bool(bar.moved)
    cells = [_cells(row, usage, cents[at], moved=moved) for at, row in enumerate(shown)]
    if rest:
        blank = ("", "", "") if moved else ("",)
        cells.append((f"{len(rest):,} other rows", *blank, _usd(cents[-1]), "", ""))
    blank = ("", "", "") if moved else ("",)
    total = ("Sum of rows", *blank, _usd(round(math.fsum(cents), 2)), "", "")
    names = tuple(f"{bar.moved}, {month_name(month)}" for month in months) if moved else ()
    return Table(
        title=f"Rows behind {_label(bar.label)}: {_usd(bar.usd)} USD",
        subtitle="Contract cost; positive is adverse in a step; every row's part of the bar, USD",
        columns=("Row", "Feature", *names, "USD", "Price rows, or whose plan", "Requests and log segments"),
        text_columns=("Feature", "Price rows, or whose plan", "Requests and log segments"),
        rows=(*cells, total), has_total=True, foot=_foot(bar, command),
    )  # fmt: skip


def _foot(bar: OpenedBar, command: str) -> str:
    said = f"{exactly(len(bar.rows), bar.sum_usd - bar.usd)}. {bar.note}".strip()
    return f"{said} Log rows: {command}" if command else said


def _cells(row: OpenedRow, usage: Behind, usd: float, *, moved: bool) -> tuple[str, ...]:
    found = [
        one
        for month in row.months
        for one in usage.get(month, ())
        if one["model"] in row.models and row.feature in ("", one["feature"])
    ]
    unit = f" {row.unit}" if row.unit else ""
    sides = ("" if v is None else f"{number(v)}{unit}" for v in (row.before, row.after))
    return (
        row.name, row.feature, *(sides if moved else ()), _usd(usd),
        row.source or _prices(found), "" if row.source else _segments(found, bool(row.models)),
    )  # fmt: skip


def _prices(found: Sequence[Mapping[str, Any]]) -> str:
    # A snapshot of an earlier release has None where no request of the row has a price.
    books = sorted(
        {book for one in found for version in one["prices"] or () for book in version.split(" + ")}
    )
    if found and not books:
        return "no price"
    more = f" and {len(books) - MOST_BOOKS} more" if len(books) > MOST_BOOKS else ""
    return "; ".join(books[:MOST_BOOKS]) + more


def _segments(found: Sequence[Mapping[str, Any]], metered: bool) -> str:
    if not found:
        return "rows disposed of, or not published" if metered else ""
    ids = sorted({one for row in found for one in row["ids"]})
    least = max(len(ids), *(row["segments"] for row in found))
    more = f" and at least {least - 2} more" if least > 2 else ""
    return f"{count(sum(row['requests'] for row in found))} in {', '.join(ids[:2])}{more}"


def _label(label: str) -> str:
    """Write a leg's or a month's name as the figure does."""
    is_month = len(label) == 7 and label[4] == "-" and label[:4].isdigit()
    return month_name(label) if is_month else LEG_NAMES.get(label, label)


def _usd(usd: float) -> str:
    return accounting(usd if abs(usd) >= 0.005 else 0.0, digits=2)


def _command(reading: Reading, key: str) -> str:
    """Return the command that lists the log rows, where it can."""
    part = key.split("/")[1]
    if part in ("before", "after", "base", "actual") or key.startswith("plan/"):
        return ""
    return f"workbench model variance --month {reading.month} --against {reading.against} --rows {part}"

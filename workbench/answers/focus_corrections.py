"""Prior-period adjustments as FOCUS corrections, dated where they are booked.

A closed month never moves: what late rows or later prices make of it is booked by a later close.
FOCUS says the same with `ChargeClass` = Correction: the charge period is the month corrected, the
billing period the one that booked it. The rows of all months sum to the closed figures, what was
used in open months, and the corrections, to the pico-USD.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from workbench.answers import Source
from workbench.answers.closes import adjustments, close_records
from workbench.exports.focus import Correction

SEVERAL = "several providers"
"""A part booked before is known as a sum of its month only."""


def corrections(source: Source, months: tuple[str, ...] = ()) -> list[Correction]:
    """Return the corrections of all closed months, or those booked in some months.

    What is booked in one close is listed by provider, model, feature and environment. Where a
    month was corrected more than once, earlier bookings are lines of their own, taken off the
    last: how each was made up is not kept. What no close has booked is dated to the first month
    that is not closed.
    """
    found: list[Correction] = []
    details = _details(source)
    there = close_records(source.workspace.layout.root)
    if not there:
        return []
    following = _first_open(there)
    for one in adjustments(source):
        booked = {month: Decimal(usd) for month, usd in _booked(source, one["period"]).items()}
        if Decimal(one["open_usd"]):
            booked[following] = booked.get(following, Decimal(0)) + Decimal(one["open_usd"])
        found += _of_period(one["period"], booked, details.get(one["period"], []))
    return [one for one in found if one.usd and (not months or f"{one.booked_in:%Y-%m}" in months)]


def _of_period(
    period: str, booked: Mapping[str, Decimal], lines: list[Correction]
) -> Iterable[Correction]:
    if not booked:
        return []
    last = max(booked)
    named = [replace(line, booked_in=_first(last)) for line in lines]
    lump = _lump(period, lines)
    earlier = [
        replace(lump, booked_in=_first(month), usd=usd)
        for month, usd in sorted(booked.items())
        if month != last
    ]
    before = sum((one.usd for one in earlier), Decimal(0))
    rest = booked[last] - sum((one.usd for one in named), Decimal(0))
    # Whatever was booked before is taken off; with it the last month is what that close booked.
    assert rest == -before, f"{period}: bookings and lines differ by {rest + before}"
    return [*earlier, *named, *([replace(lump, booked_in=_first(last), usd=rest)] if rest else [])]


def _lump(period: str, lines: list[Correction]) -> Correction:
    providers = {line.provider for line in lines}
    return Correction(
        period=_first(period), booked_in=_first(period), usd=Decimal(0), model="", feature="",
        environment="", provider=providers.pop() if len(providers) == 1 else SEVERAL,
        unpriced_requests=0, why="booked by a close, all models",
    )  # fmt: skip


def _details(source: Source) -> dict[str, list[Correction]]:
    rows = source.rows(
        "SELECT period, provider, model, feature, environment, "
        "CAST(sum(contract_cost_usd) AS VARCHAR) AS usd, "
        "CAST(sum(late_contract_cost_usd) AS VARCHAR) AS late_usd, "
        "CAST(sum(late_requests) AS BIGINT) AS late, "
        "CAST(sum(late_unpriced_requests) AS BIGINT) AS unpriced "
        "FROM prior_period_adjustments GROUP BY ALL ORDER BY ALL"
    )
    found: dict[str, list[Correction]] = {}
    for row in rows:
        found.setdefault(row["period"], []).append(_correction(row))
    return found


def _correction(row: Mapping[str, Any]) -> Correction:
    usd, late = Decimal(row["usd"] or 0), Decimal(row["late_usd"] or 0)
    why = f"late rows {late:+f}, prices known since {usd - late:+f} USD, {row['late'] or 0} late requests"
    return Correction(
        period=_first(row["period"]), booked_in=_first(row["period"]), usd=usd,
        provider=row["provider"], model=row["model"], feature=row["feature"] or "",
        environment=row["environment"] or "", unpriced_requests=int(row["unpriced"] or 0), why=why,
    )  # fmt: skip


def _booked(source: Source, period: str) -> dict[str, str]:
    return {
        record["period"]: one["usd"]
        for record in close_records(source.workspace.layout.root)
        for one in record.get("prior_period_adjustments", ())
        if one["period"] == period
    }


def _first_open(records: list[dict[str, Any]]) -> str:
    """Return the month after the newest closed one: the next close books there."""
    newest = max(one["period"] for one in records)
    ordinal = int(newest[:4]) * 12 + int(newest[5:])
    return f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"


def _first(month: str) -> date:
    return date(int(month[:4]), int(month[5:]), 1)

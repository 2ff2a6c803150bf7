"""Which days of a month have no logs, and what did they probably cost? Marked, never mixed in.

An estimate stands beside metered figures: in the accrual of a close, on the envelope's page and in
the list of closes. No view, rollup or snapshot holds it as cost. When the logs arrive they are late
rows like any other, and the next close takes the estimate back.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np

from workbench.answers import Source
from workbench.errors import InputError
from workbench.models.close import EstimatedDays
from workbench.models.forecast.gaps import GapEstimate, estimate_gap
from workbench.store.closes import records

USUAL = 0.9
"""A source that had rows on this share of a weekday's dates is expected on that weekday."""


def missing_days(source: Source, period: str) -> dict[str, int]:
    """Return by log format how many days of the month lack rows that usually have some.

    A weekday counts as usual for a source when 9 of 10 of its dates in the whole store, between
    the source's first and last day, have rows.
    """
    return {name: len(days) for name, days in _missing(source, period).items()}


def estimates(source: Source, period: str) -> list[EstimatedDays]:
    """Estimate what the missing days of a month cost, by log format, with the measured error.

    A source with fewer than two weeks before its first missing day has no estimate: its entry
    says so and counts as not estimated.
    """
    found = {name: days for name, days in _missing(source, period).items() if days}
    if not found:
        return []
    series = _daily_usd(source, sorted(found))
    return [_estimated(name, days, series[name]) for name, days in found.items()]


def newest_estimates(source: Source) -> list[dict[str, Any]]:
    """Return the estimates of the newest month with usage as plain data, `said` in words."""
    month = f"{source.as_of:%Y-%m}"
    return [{"month": month, **asdict(one), "said": one.said} for one in estimates(source, month)]


def settled_estimates(source: Source, *, before: str) -> list[dict[str, Any]]:
    """Return estimates of earlier closes whose logs have come and that no close has taken back.

    `true_up_usd` is the metered cost of those days, which came as late rows, less the estimate.
    """
    there = records(source.workspace.layout)
    done = {
        (one["period"], one["source"])
        for record in there
        for one in record.get("estimate_true_ups", ())
    }
    waiting = [
        {**one, "period": record["period"]}
        for record in there
        for one in record.get("estimates", ())
        if record["period"] < before and (record["period"], one["source"]) not in done
    ]
    found = []
    for one in waiting:
        still = set(_missing(source, one["period"]).get(one["source"], ()))
        if still & set(one["days"]):
            continue
        usd = _daily_usd(source, [one["source"]])[one["source"]]
        metered = sum(usd.get(day, 0.0) for day in one["days"])
        found.append({
            "period": one["period"], "source": one["source"], "days": one["days"],
            "estimated_usd": one["p50_usd"], "metered_usd": metered,
            "true_up_usd": metered - one["p50_usd"],
            "within_band": one["p10_usd"] <= metered <= one["p90_usd"],
        })  # fmt: skip
    return found


def _missing(source: Source, period: str) -> dict[str, list[str]]:
    rows = source.rows(_DAYS_OF_SOURCES, {"first": f"{period}-01", "usual": USUAL})
    return {row["source"]: list(row["missing"] or ()) for row in rows}


def _daily_usd(source: Source, formats: list[str]) -> dict[str, dict[str, float]]:
    """Return contract cost a day of each log format; unpriced rows are in no sum."""
    rows = source.rows(
        "SELECT m.format AS source, strftime(p.started_at, '%Y-%m-%d') AS day, "
        "CAST(sum(p.contract_pico) AS DOUBLE) / 1e12 AS usd FROM priced_usage AS p "
        "JOIN ingest_manifest AS m ON m.source_id = p.source_id "
        "WHERE list_contains($formats, m.format) GROUP BY ALL",
        {"formats": formats},
    )
    found: dict[str, dict[str, float]] = {name: {} for name in formats}
    for row in rows:
        found[row["source"]][row["day"]] = row["usd"] or 0.0
    return found


def _estimated(name: str, days: list[str], usd: Mapping[str, float]) -> EstimatedDays:
    first = date.fromisoformat(min([*usd, days[0]]))
    length = (date.fromisoformat(days[-1]) - first).days + 1
    values = np.array(
        [usd.get((first + timedelta(days=n)).isoformat(), 0.0) for n in range(length)]
    )
    try:
        gap = estimate_gap(values, [(date.fromisoformat(day) - first).days for day in days])
    except InputError as error:
        return EstimatedDays(source=name, days=tuple(days), refused=str(error))
    return EstimatedDays(
        source=name, days=tuple(days), p10_usd=gap.p10, p50_usd=gap.p50, p90_usd=gap.p90,
        error=_error(gap), calibrated=gap.calibrated,
    )  # fmt: skip


def _error(gap: GapEstimate) -> str:
    """Say how wrong the estimate was where the days are there."""
    if gap.mean_error_share is None:
        return "uncalibrated: no earlier week to try it on"
    said = f"missed by {gap.mean_error_share:.0%} of the cost in {gap.trials} earlier weeks"
    if gap.judged:
        said += f", its band held {gap.held} of {gap.judged}"
    return said if gap.calibrated else f"uncalibrated: {said}"


_DAYS_OF_SOURCES = """
WITH there AS (
    SELECT DISTINCT m.format AS source, CAST(u.started_at AS DATE) AS day
    FROM usage AS u JOIN ingest_manifest AS m ON m.source_id = u.source_id),
span AS (SELECT source, min(day) AS first, max(day) AS last FROM there GROUP BY source),
wanted AS (
    SELECT s.source, CAST(d AS DATE) AS day, CAST(d AS DATE) <= s.last AS inside
    FROM span AS s, unnest(generate_series(
        CAST(s.first AS TIMESTAMP),
        greatest(CAST(s.last AS TIMESTAMP), CAST($first AS TIMESTAMP) + INTERVAL 1 MONTH - INTERVAL 1 DAY),
        INTERVAL 1 DAY)) AS t(d)),
usual AS (
    SELECT w.source, dayofweek(w.day) AS weekday, count(t.day) / count(*) AS part
    FROM wanted AS w LEFT JOIN there AS t ON t.source = w.source AND t.day = w.day
    WHERE w.inside GROUP BY ALL)
SELECT w.source, list(strftime(w.day, '%Y-%m-%d') ORDER BY w.day)
    FILTER (t.day IS NULL AND u.part >= $usual) AS missing
FROM wanted AS w JOIN usual AS u ON u.source = w.source AND u.weekday = dayofweek(w.day)
LEFT JOIN there AS t ON t.source = w.source AND t.day = w.day
WHERE w.day >= CAST($first AS DATE) AND w.day < CAST($first AS DATE) + INTERVAL 1 MONTH
GROUP BY w.source ORDER BY w.source
"""

"""What do the logs say of a register's drivers? Forecasts of volumes and of ratios, with their error."""
# ruff: noqa: S608 - statements are put together from names in this file; values are bound

from datetime import timedelta
from typing import Any

import numpy as np

from workbench.answers import Source
from workbench.errors import InputError
from workbench.models.envelope.leaves import (
    DAYS_IN_A_BLOCK,
    FEWEST_PERIODS,
    POINTS,
    Floats,
    Measured,
    correlation_of_periods,
    measured_by_customer,
    measured_by_day,
    measured_by_forecast,
)
from workbench.models.envelope.paths import has_joint_distribution
from workbench.models.forecast.calendar import DEFAULT_HORIZON_DAYS
from workbench.models.forecast.ratio import forecast_ratio
from workbench.models.forecast.rolling import forecast_total
from workbench.playbook.assumptions.register import MeasureEntry, Register

DAYS_A_MONTH = 365.25 / 12
CORRELATED_DAYS = 182
VOLUMES = ("requests", "users")
"""A month's total of these is forecast; everything else is the ratio of two totals."""
DAYS_TO_FORECAST_FROM = 731
"""A volume is forecast from all its past, up to two years: its past errors say how sure it is."""


def measured_leaves(source: Source, register: Register) -> dict[str, Measured]:
    """Read what the logs hold of each driver; what they lack stays judged.

    Volumes and ratios are the forecast of the next 28 days with the measured error of such
    forecasts; with less than two weeks of use the mean is bootstrapped by day.
    """
    found: dict[str, Measured] = {}
    for name, entry in register.drivers.items():
        if entry.measure is not None:
            leaf = _measured(source, entry.measure, is_share=entry.share, seed=register.seed)
            if leaf is not None:
                found[name] = leaf
    return found


def measured_correlations(source: Source, register: Register) -> dict[str, float]:
    """Return the correlations that weekly totals of the logs show, by the name of their entry."""
    found: dict[str, float] = {}
    for name, entry in register.correlations.items():
        pair = [register.drivers[driver].measure for driver in entry.between]
        if entry.measure and all(pair):
            one, other = (_weekly(source, measure) for measure in pair if measure is not None)
            rho = correlation_of_periods(*_same_length(one, other))
            if rho is not None:
                found[name] = rho
    return _that_can_hold(register, found)


def _that_can_hold(register: Register, measured: dict[str, float]) -> dict[str, float]:
    """Move measured correlations towards the judged ones until all can hold at once.

    Pairs are measured one by one and pairs not named are independent, so together they may
    describe no joint distribution.
    """
    for part in np.linspace(1.0, 0.1, 10):
        found = {
            name: (judged := register.correlations[name].rho) + float(part) * (rho - judged)
            for name, rho in measured.items()
        }
        if has_joint_distribution(register.cost_tree(correlations=found)):
            return found
    return {}


def _weekly(source: Source, measure: MeasureEntry) -> Floats:
    """Return whole weeks of the last half year, oldest first."""
    days = _days(source, measure, days=CORRELATED_DAYS)
    part, whole = (np.array([float(row[key] or 0.0) for row in days]) for key in ("part", "whole"))
    weeks = len(days) // 7
    sums = [one[len(one) - 7 * weeks :].reshape(weeks, 7).sum(axis=1) for one in (part, whole)]
    if measure.of in VOLUMES:
        return sums[0]
    return np.divide(sums[0], sums[1], out=np.zeros(weeks), where=sums[1] > 0)


def _same_length(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    length = min(one.size, other.size)
    return one[one.size - length :], other[other.size - length :]


def _by_customer(
    source: Source, measure: MeasureEntry, *, is_share: bool, seed: int
) -> Measured | None:
    rows = source.rows(
        _CUSTOMERS,
        {
            "first": source.as_of - timedelta(days=measure.days - 1), "last": source.as_of,
            "features": list(measure.features), "others": list(measure.except_features),
        },
    )  # fmt: skip
    part, whole = (
        np.array([float(row[key] or 0.0) for row in rows]) for key in ("usd", "requests")
    )
    if len(rows) < FEWEST_PERIODS or not whole.any():
        return None
    text = f"store: {_words(measure)}, {len(rows)} customers, {measure.days} days to {source.as_of.isoformat()}"
    if measure.of == "requests":
        # The mean customer times their number: a month of all of them.
        values, weights = whole * (DAYS_A_MONTH / measure.days * len(rows)), None
    else:
        values, weights = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), whole
    leaf = measured_by_customer(values, source=text, seed=seed, weights=weights, is_share=is_share)
    return _kept(leaf)


def _kept(leaf: Measured) -> Measured:
    kept = np.quantile(np.asarray(leaf.means), np.linspace(0, 1, POINTS))
    return Measured(means=tuple(kept.tolist()), source=leaf.source, is_share=leaf.is_share)


def _measured(
    source: Source, measure: MeasureEntry, *, is_share: bool, seed: int
) -> Measured | None:
    if measure.by == "customer":
        return _by_customer(source, measure, is_share=is_share, seed=seed)
    if measure.of in VOLUMES:
        forecast = _forecast(source, measure)
        if forecast is not None:
            return forecast
    else:
        forecast = _ratio(source, measure, is_share=is_share)
        if forecast is not None:
            return forecast
    rows = _days(source, measure, days=measure.days)
    if len(rows) < DAYS_IN_A_BLOCK:
        return None
    part, whole = (np.array([float(row[key] or 0.0) for row in rows]) for key in ("part", "whole"))
    if measure.of in VOLUMES:
        daily, weights = part * DAYS_A_MONTH, None
    else:
        if not whole.any():
            return None
        daily = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
        weights = whole
    if not daily.any():
        return None
    text = f"store: {_words(measure)}, {len(rows)} days to {source.as_of.isoformat()}"
    leaf = measured_by_day(daily, source=text, seed=seed, weights=weights, is_share=is_share)
    return _kept(leaf)


def _forecast(source: Source, measure: MeasureEntry) -> Measured | None:
    """Forecast a volume from its daily totals; None without two weeks of use."""
    rows = _days(source, measure, days=DAYS_TO_FORECAST_FROM)
    daily = np.array([float(row["part"] or 0.0) for row in rows])
    daily = np.trim_zeros(daily, "f")
    if daily.size < 2 * DAYS_IN_A_BLOCK:
        return None
    interval = forecast_total(daily, horizon_days=DEFAULT_HORIZON_DAYS)
    if interval.p50 <= 0:
        return None
    record = (
        f"calibrated by {interval.past_totals:.0f} past totals"
        if interval.calibrated
        else "uncalibrated: fewer than four past totals"
    )
    text = (
        f"store: {_words(measure)}, forecast of {DEFAULT_HORIZON_DAYS} days from {daily.size} "
        f"days to {source.as_of.isoformat()}, {record}"
    )
    return measured_by_forecast(interval, factor=DAYS_A_MONTH / DEFAULT_HORIZON_DAYS, source=text)


def _ratio(source: Source, measure: MeasureEntry, *, is_share: bool) -> Measured | None:
    """Forecast a ratio of the next 28 days; None without two weeks in which it is above 0."""
    rows = _days(source, measure, days=DAYS_TO_FORECAST_FROM)
    part, whole = (np.array([float(row[key] or 0.0) for row in rows]) for key in ("part", "whole"))
    used = np.flatnonzero(whole)
    first = int(used[0]) if used.size else whole.size
    if whole.size - first < 2 * DAYS_IN_A_BLOCK or (is_share and (part > whole).any()):
        return None
    try:
        interval = forecast_ratio(
            part[first:],
            whole[first:],
            is_share=is_share,
            most_days=max(measure.days, DAYS_IN_A_BLOCK),
        )
    except InputError:
        return None
    record = (
        f"calibrated by {interval.past_totals:.0f} past months"
        if interval.calibrated
        else "uncalibrated: fewer than four past months"
    )
    text = (
        f"store: {_words(measure)}, forecast of {DEFAULT_HORIZON_DAYS} days from {whole.size - first} "
        f"days to {source.as_of.isoformat()}, {record}"
    )
    return measured_by_forecast(interval, factor=1.0, source=text, is_share=is_share)


def _words(measure: MeasureEntry) -> str:
    of = measure.of.replace("_", " ").replace("usd", "USD")
    if measure.of in ("meters_per_request", "share"):
        names = " + ".join(name.replace("_", " ") for name in measure.meters)
        of = f"{names} per request" if measure.of == "meters_per_request" else f"share of {names}"
    if measure.features:
        return f"{of}, {', '.join(measure.features)}"
    if measure.except_features:
        return f"{of}, all features but {', '.join(measure.except_features)}"
    return of


def _days(source: Source, measure: MeasureEntry, *, days: int) -> list[dict[str, Any]]:
    """Return a row for every day of the window, days without use included."""
    first = source.as_of - timedelta(days=days - 1)
    values = {
        "first": first, "last": source.as_of, "features": list(measure.features),
        "others": list(measure.except_features), "meters": list(measure.meters),
        "whole": list(measure.whole),
    }  # fmt: skip
    return source.rows(
        _QUERIES[measure.of], {k: v for k, v in values.items() if f"${k}" in _QUERIES[measure.of]}
    )


_CALENDAR = (
    "SELECT CAST(d AS DATE) AS day FROM (SELECT unnest(generate_series("
    "greatest(CAST($first AS TIMESTAMP), (SELECT CAST(min(day) AS TIMESTAMP) FROM rollup_day)), "
    "CAST($last AS TIMESTAMP), INTERVAL 1 DAY)) AS d)"
)
_FILTER = (
    "(len($features) = 0 OR list_contains($features, feature)) "
    "AND (feature IS NULL OR NOT list_contains($others, feature))"
)


def _by_day(part: str, whole: str) -> str:
    """Return SQL for two totals by day; days without a row have NULL."""
    return (
        f"SELECT c.day, p.part, w.whole FROM ({_CALENDAR}) AS c "
        f"LEFT JOIN ({part}) AS p ON p.day = c.day LEFT JOIN ({whole}) AS w ON w.day = c.day "
        "ORDER BY c.day"
    )


def _sum(what: str, table: str, more: str = "TRUE") -> tuple[str, str]:
    def named(name: str) -> str:
        return (
            f"SELECT day, CAST(sum({what}) AS DOUBLE) AS {name} FROM {table} "
            f"WHERE {_FILTER} AND {more} GROUP BY day"
        )

    return named("part"), named("whole")


_REQUESTS = _sum("requests", "rollup_day")
_USD = _sum("contract_pico / 1e12", "rollup_day")
_METERS = _sum("quantity", "rollup_class", "list_contains($meters, meter)")
_WHOLE = _sum("quantity", "rollup_class", "list_contains($whole, meter)")
_CUSTOMERS = (
    "SELECT tenant, CAST(sum(requests) AS DOUBLE) AS requests, "
    "CAST(sum(contract_pico) / 1e12 AS DOUBLE) AS usd FROM rollup_day "
    f"WHERE day BETWEEN $first AND $last AND {_FILTER} GROUP BY tenant ORDER BY tenant"
)
_USERS = tuple(
    f"SELECT period AS day, CAST(sum(users) AS DOUBLE) AS {name} FROM rollup_users "
    "WHERE grain = 'day' AND CASE WHEN len($features) = 0 THEN cut = 'all' "
    "ELSE cut = 'feature' AND list_contains($features, value) END GROUP BY 1"
    for name in ("part", "whole")
)
_QUERIES = {
    "requests": _by_day(_REQUESTS[0], _REQUESTS[1]),
    "users": _by_day(_USERS[0], _USERS[1]),
    "requests_per_user": _by_day(_REQUESTS[0], _USERS[1]),
    "meters_per_request": _by_day(_METERS[0], _REQUESTS[1]),
    "share": _by_day(_METERS[0], _WHOLE[1]),
    "usd_per_request": _by_day(_USD[0], _REQUESTS[1]),
}

"""What would the days without logs have cost? An estimate, with the error it had on days with logs.

The same days of the week are hidden in earlier weeks, estimated from what came before them, and
compared with what was there: nothing about the error is assumed, and no estimate sees its future.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError
from workbench.models.forecast.calendar import DAYS_PER_WEEK, Grid
from workbench.models.forecast.points import OFFSET, Floats, forecast_totals, log_errors
from workbench.models.forecast.total import ERRORS_TO_CALIBRATE, log_quantiles, season_unrest

MOST_TRIALS = 26
"""Weeks looked back; half a year, so that an old level does not judge today's."""
LEAST_DAYS = 2 * DAYS_PER_WEEK
"""Days before the first missing one without which nothing can be forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapEstimate:
    """What missing days come to, estimated; in the unit of the series. Never a metered figure."""

    days: int
    p10: float
    p50: float
    p90: float
    trials: int
    """Earlier weeks in which the same days were hidden and estimated."""
    mean_error_share: float | None
    """Sum of absolute errors of these trials over the sum of what was there."""
    held: int
    """Trials whose actual lay within the interval their own past would have given."""
    judged: int
    """Trials that had a past to be judged by."""
    calibrated: bool


def estimate_gap(values: Floats, missing: Sequence[int]) -> GapEstimate:
    """Estimate the total of missing days of a daily series.

    Parameters
    ----------
    values
        A value a day, oldest first; what stands on missing days is not read.
    missing
        Places of the missing days. A day without use that is usual for it is no missing day.

    Raises
    ------
    InputError
        If no day is missing, or fewer than two weeks came before the first.
    """
    hidden = sorted(set(missing))
    if not hidden or hidden[0] < LEAST_DAYS:
        raise InputError(
            f"Missing days can be estimated from two weeks before the first of them; there are "
            f"{hidden[0] if hidden else 0} days."
        )
    estimate = _estimated(values, hidden)
    shifts = _shifts(values.size, hidden)
    forecast = np.array([_estimated(values, [at - shift for at in hidden]) for shift in shifts])
    actual = np.array([values[[at - shift for at in hidden]].sum() for shift in shifts])
    offset = OFFSET * max(estimate, float(np.mean(actual)) if shifts else estimate)
    errors = log_errors(actual, forecast, np.full(len(shifts), offset)) if shifts else np.zeros(0)
    span = hidden[-1] - hidden[0] + 1
    unrest = season_unrest(values[: hidden[0]], season_steps=DAYS_PER_WEEK)

    def interval(at: int, past: Floats, base: float) -> tuple[float, float, float, float]:
        apart = min(1.0, DAYS_PER_WEEK / span)  # weeks whose hidden days do not overlap
        totals = 1 + (past.size - 1) * apart if past.size else 0.0
        log = log_quantiles(past, past_totals=totals, unrest=float(unrest[at]))
        low, mid, high = (
            max(0.0, (base + offset) * float(np.exp(one)) - offset)
            for one in (log.low, log.mid, log.high)
        )
        return low, mid, high, totals

    p10, p50, p90, past_totals = interval(hidden[0], errors, estimate)
    # A trial is judged by those before it: the shifts run from the newest back.
    tried = [
        interval(hidden[0] - shifts[at], errors[at + 1 :], float(forecast[at]))
        for at in range(len(shifts) - 1)
    ]
    judged = [
        low <= actual[at] <= high
        for at, (low, _, high, totals) in enumerate(tried)
        if totals >= ERRORS_TO_CALIBRATE
    ]
    whole = float(actual.sum())
    return GapEstimate(
        days=len(hidden), p10=p10, p50=p50, p90=p90, trials=len(shifts),
        mean_error_share=float(np.abs(actual - forecast).sum()) / whole if whole else None,
        held=int(sum(judged)), judged=len(judged), calibrated=past_totals >= ERRORS_TO_CALIBRATE,
    )  # fmt: skip


def _estimated(values: Floats, hidden: Sequence[int]) -> float:
    """Forecast each run of hidden days from what came before it, with earlier runs filled in."""
    filled, total = values.astype(float), 0.0
    for first, length in _runs(hidden):
        ahead = float(forecast_totals(filled[:first], horizon_steps=length, grid=Grid())[-1])
        filled[first : first + length] = ahead / length
        total += ahead
    return total


def _runs(days: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for day in days:
        if runs and day == runs[-1][0] + runs[-1][1]:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((day, 1))
    return runs


def _shifts(size: int, hidden: Sequence[int]) -> list[int]:
    """Return by how many days to shift back, in whole weeks, so that no missing day is looked at."""
    gone = set(hidden)
    fitting = [
        weeks * DAYS_PER_WEEK
        for weeks in range(1, size // DAYS_PER_WEEK)
        if hidden[0] - weeks * DAYS_PER_WEEK >= LEAST_DAYS
        and not gone & {at - weeks * DAYS_PER_WEEK for at in hidden}
    ]
    return fitting[:MOST_TRIALS]

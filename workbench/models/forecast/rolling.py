"""What would earlier forecasts have said, and did they hold: a backtest without hindsight."""

from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError
from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import (
    OFFSET,
    Floats,
    forecast_totals,
    log_errors,
    totals_ahead,
    usual_total,
)
from workbench.models.forecast.total import (
    ERRORS_TO_CALIBRATE,
    LogQuantiles,
    TotalInterval,
    log_quantiles,
    season_unrest,
    width_factor,
)

ORIGINS_PER_HORIZON = 28
"""A finer series is judged at this many origins a horizon; more would repeat one another."""
MOST_JUDGED_ORIGINS = 3_000
MOST_OF_LARGEST = 2.0
"""P90 is at most this many times the largest total so far, or the forecast if that is larger:
the log errors of a series that starts and stops would else promise anything."""
WINDOWS_PER_HORIZON = 4
TOTALS_BEFORE_RECORD = 2
"""Intervals made from fewer past totals say little about the method and are not held against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestWindow:
    """One forecast of the past beside what then happened; amounts in the unit of the series."""

    origin_step: int
    """Index of the first value inside the window; the forecast knew the values before it."""
    horizon_steps: int
    actual: float
    interval: TotalInterval

    @property
    def held(self) -> bool:
        """Whether the actual lay between P10 and P90, ends included."""
        return self.interval.p10 <= self.actual <= self.interval.p90


def backtest(
    values: Floats, *, horizon_days: int | None = None, grid: Grid | None = None
) -> list[BacktestWindow]:
    """Forecast the total of every window of the past with what was known at its start.

    Windows start a quarter of a horizon apart, so they overlap. The first starts as soon as
    two seasons are known; whether an interval is calibrated is said in each.

    Parameters
    ----------
    values
        Non-negative, evenly spaced, oldest first.
    horizon_days
        Calendar days a total spans; None takes 28, or about a twelfth of a shorter series.
    grid
        How the values lie in time; daily by default.

    Raises
    ------
    InputError
        If a value is negative or not a number, or no window fits.
    """
    rolling = _Rolling(values, horizon_days=horizon_days, grid=grid or Grid())
    windows = [
        BacktestWindow(
            origin_step=origin,
            horizon_steps=rolling.horizon,
            actual=rolling.actual[origin],
            interval=rolling.interval(origin),
        )
        for origin in rolling.window_starts()
    ]
    if not windows:
        raise InputError(
            f"{values.size} values hold no window of {rolling.horizon} steps after two seasons "
            "(two weeks; two days of a series finer than a day). Give a longer series, or a "
            "shorter horizon."
        )
    return windows


def forecast_total(
    values: Floats, *, horizon_days: int | None = None, grid: Grid | None = None
) -> TotalInterval:
    """Forecast the total of the days after the last value, with its calibrated interval.

    Parameters and errors as in `backtest`.
    """
    rolling = _Rolling(values, horizon_days=horizon_days, grid=grid or Grid())
    if not np.isfinite(rolling.forecast[-1]):
        raise InputError(
            f"{values.size} values are fewer than two seasons; nothing can be forecast."
        )
    return rolling.interval(values.size)


def forecast_fan(
    values: Floats, *, horizons_days: list[int], grid: Grid | None = None
) -> list[TotalInterval]:
    """Forecast the running total at several horizons: the fan of a burn-up chart.

    Every horizon is calibrated by its own past errors; the bands never narrow the total.
    """
    return [forecast_total(values, horizon_days=days, grid=grid) for days in horizons_days]


class _Rolling:
    """Forecasts, actual totals and log errors at all origins of one series."""

    def __init__(self, values: Floats, *, horizon_days: int | None, grid: Grid) -> None:
        if values.size == 0 or not np.isfinite(values).all() or (values < 0).any():
            raise InputError(
                "A series to forecast needs values of at least 0 without gaps; "
                "net credits out, or forecast usage before credits."
            )
        days = horizon_days or grid.default_horizon_days(values.size)
        self.horizon = grid.steps(days)
        self.stride = max(
            1, self.horizon // ORIGINS_PER_HORIZON, -(-values.size // MOST_JUDGED_ORIGINS)
        )
        self.forecast = forecast_totals(values, horizon_steps=self.horizon, grid=grid)
        self.actual = totals_ahead(values, self.horizon)
        self.offset = OFFSET * usual_total(self.forecast)
        errors = log_errors(self.actual, self.forecast, self.offset)
        self.errors = np.where(np.isfinite(errors), errors, 0.0)
        there = np.flatnonzero(np.isfinite(self.forecast))
        self.first = int(there[0]) if there.size else values.size + 1
        self.unrest = season_unrest(values, season_steps=self.first // 2)
        known = values.size - self.horizon + 1
        self.judged = np.arange(
            self.first + TOTALS_BEFORE_RECORD * self.horizon, known, self.stride
        )
        """Origins whose interval, before any widening, counts in the record of intervals."""
        self.misses = np.array(
            [self._measured(at).miss_in_halves(self.errors[at]) for at in self.judged.tolist()]
        )

    def window_starts(self) -> range:
        """Origins a quarter of a horizon apart whose windows are complete."""
        last = self.actual.size - self.horizon
        return range(self.first, last, max(1, self.horizon // WINDOWS_PER_HORIZON))

    def interval(self, origin: int) -> TotalInterval:
        """Interval of the total from `origin` on, by what had ended before it."""
        _, past_totals = self._past_errors(origin)
        quantiles = self._measured(origin)
        calibrated = past_totals >= ERRORS_TO_CALIBRATE
        if calibrated:
            ended = np.searchsorted(self.judged, origin - self.horizon, side="right")
            apart = 1 + (ended - 1) * self.stride / self.horizon
            factor = width_factor(self.misses[:ended], past_totals=min(float(ended), apart))
            quantiles = quantiles.widened(factor)
        offset = float(self.offset[origin])
        base = float(self.forecast[origin]) + offset
        p10, p50, p90 = (
            max(0.0, base * float(np.exp(log)) - offset)
            for log in (quantiles.low, quantiles.mid, quantiles.high)
        )
        return TotalInterval(
            p10=p10,
            p50=p50,
            p90=max(p50, min(p90, self._most(origin))),
            calibrated=calibrated,
            past_totals=past_totals,
        )

    def _most(self, origin: int) -> float:
        ended = self.actual[: max(0, origin - self.horizon + 1)]
        largest = float(ended.max()) if ended.size else 0.0
        return MOST_OF_LARGEST * max(largest, float(self.forecast[origin]))

    def _measured(self, origin: int) -> LogQuantiles:
        errors, past_totals = self._past_errors(origin)
        return log_quantiles(errors, past_totals=past_totals, unrest=float(self.unrest[origin]))

    def _past_errors(self, origin: int) -> tuple[Floats, float]:
        errors = self.errors[self.first : max(self.first, origin - self.horizon + 1)]
        return errors, 1 + (errors.size - 1) / self.horizon if errors.size else 0.0

"""What would earlier forecasts have said, and did they hold: a backtest without hindsight."""

from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError
from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import Floats, forecast_totals
from workbench.models.forecast.total import (
    ERRORS_TO_CALIBRATE,
    LogQuantiles,
    TotalInterval,
    log_quantiles,
    width_factor,
)

ORIGINS_PER_HORIZON = 28
"""A finer series is judged at this many origins a horizon; more would repeat one another."""
WINDOWS_PER_HORIZON = 4
TOTALS_BEFORE_RECORD = 2
"""Intervals made from fewer past totals say little about the method and are not held against it."""
FLOOR = 0.01
"""Totals below 1 % of the usual are read as 1 %: the logarithm of nothing has no size."""


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
            f"{values.size} values hold no window of {rolling.horizon} steps after two seasons. "
            "Give a longer series, or a shorter horizon."
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
        self.stride = max(1, self.horizon // ORIGINS_PER_HORIZON)
        self.forecast = forecast_totals(values, horizon_steps=self.horizon, grid=grid)
        known = max(values.size - self.horizon + 1, 0)
        sums = np.concatenate([[0.0], np.cumsum(values)])
        self.actual = np.full(values.size + 1, np.nan)
        self.actual[:known] = sums[self.horizon : self.horizon + known] - sums[:known]
        usual = _running_mean(self.forecast)
        self.base = np.maximum(self.forecast, FLOOR * usual)
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = np.log(np.maximum(self.actual, FLOOR * usual) / self.base)
        self.errors = np.where(np.isfinite(errors), errors, 0.0)
        there = np.flatnonzero(np.isfinite(self.forecast))
        self.first = int(there[0]) if there.size else values.size + 1
        self.own = {
            origin: self._measured(origin)
            for origin in range(self.first, values.size + 1, self.stride)
        }
        """Intervals before their own record widens or narrows them."""
        self.misses = {
            origin: quantiles.miss_in_halves(self.errors[origin])
            for origin, quantiles in self.own.items()
            if origin < known and origin >= self.first + TOTALS_BEFORE_RECORD * self.horizon
        }

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
            ended = range(self.first, origin - self.horizon + 1, self.stride)
            misses = np.array([self.misses[at] for at in ended if at in self.misses])
            held = 1 + (misses.size - 1) * self.stride / self.horizon
            quantiles = quantiles.widened(width_factor(misses, past_totals=held))
        base = float(self.base[origin])
        return TotalInterval(
            p10=base * float(np.exp(quantiles.low)),
            p50=base * float(np.exp(quantiles.mid)),
            p90=base * float(np.exp(quantiles.high)),
            calibrated=calibrated,
            past_totals=past_totals,
        )

    def _measured(self, origin: int) -> LogQuantiles:
        errors, past_totals = self._past_errors(origin)
        return log_quantiles(errors, past_totals=past_totals)

    def _past_errors(self, origin: int) -> tuple[Floats, float]:
        errors = self.errors[self.first : max(self.first, origin - self.horizon + 1)]
        return errors, 1 + (errors.size - 1) / self.horizon if errors.size else 0.0


def _running_mean(forecast: Floats) -> Floats:
    there = np.isfinite(forecast)
    total = np.cumsum(np.where(there, forecast, 0.0))
    return total / np.maximum(np.cumsum(there), 1)

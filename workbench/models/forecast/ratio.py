"""What will a ratio be over the next month? Its past as it stands, with the error that had.

Tokens per request, a cache share or requests per user is the quotient of two totals over a period.
The mean of past days says how well the past is known, not what the next month brings; so the ratio
of whole past periods is forecast from what came before each and compared with what it was.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.models.forecast.calendar import DAYS_PER_WEEK, DEFAULT_HORIZON_DAYS
from workbench.models.forecast.points import Floats
from workbench.models.forecast.total import (
    ERRORS_TO_CALIBRATE,
    LogQuantiles,
    TotalInterval,
    log_quantiles,
    width_factor,
)

WINDOWS_DAYS = (14, 28, 84)
"""The forecast is the geometric mean of the ratios of these windows before it, as far as they reach:
a ratio that wanders is told by the newest, one that stays by the longest. Fixed, never chosen."""
LEAST_SIGMA = 0.005
"""Log error assumed beforehand at least: ratios move less than volumes."""
JUDGEMENT_SIGMA = 0.05
"""Least log error assumed while nothing has been measured."""
TOTALS_BEFORE_RECORD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioWindow:
    """One forecast of the past beside what the ratio then was."""

    origin: int
    actual: float
    interval: TotalInterval

    @property
    def held(self) -> bool:
        """Whether the ratio lay between P10 and P90, ends included."""
        return self.interval.p10 <= self.actual <= self.interval.p90


def forecast_ratio(
    part: Floats, whole: Floats, *, horizon_days: int = DEFAULT_HORIZON_DAYS,
    is_share: bool = False, most_days: int = WINDOWS_DAYS[-1],
) -> TotalInterval:  # fmt: skip
    """Forecast the ratio of the totals of two daily series over the days to come.

    Parameters
    ----------
    part, whole
        Daily, of one length, oldest first; a day without use is 0 in both.
    horizon_days
        Over how many days the ratio is taken.
    is_share
        Whether it lies between 0 and 1: errors are then in logits.
    most_days
        Days before the origin that the forecast itself may look at; errors are of all the past.

    Raises
    ------
    InputError
        If fewer than two weeks have use, or a value is negative or not a number.
    """
    rolling = _Ratios(part, whole, horizon=horizon_days, is_share=is_share, most_days=most_days)
    if not np.isfinite(rolling.forecast[-1]):
        raise InputError("Fewer than two weeks with use: the ratio cannot be forecast.")
    return rolling.interval(part.size)


def backtest_ratio(
    part: Floats, whole: Floats, *, horizon_days: int = DEFAULT_HORIZON_DAYS, is_share: bool = False
) -> list[RatioWindow]:
    """Forecast the ratio of every past window with what was known at its start; a quarter apart."""
    rolling = _Ratios(part, whole, horizon=horizon_days, is_share=is_share)
    step = max(1, horizon_days // 4)
    return [
        RatioWindow(
            origin=at, actual=rolling.back(rolling.actual[at]), interval=rolling.interval(at)
        )
        for at in range(rolling.first, part.size - horizon_days + 1, step)
        if np.isfinite(rolling.forecast[at]) and np.isfinite(rolling.actual[at])
    ]


class _Ratios:
    """Forecasts, actual ratios and errors at all origins, on a scale without bounds."""

    def __init__(
        self, part: Floats, whole: Floats, *, horizon: int, is_share: bool,
        most_days: int = WINDOWS_DAYS[-1],
    ) -> None:  # fmt: skip
        same = part.shape == whole.shape
        both = np.stack([part, whole if same else part]).astype(float)
        if not same or not np.isfinite(both).all() or (both < 0).any():
            raise InputError(
                "A ratio needs two daily series of one length, of at least 0, no gaps."
            )
        self.horizon, self.is_share = horizon, is_share
        self.sums = np.concatenate([np.zeros((2, 1)), np.cumsum(both, axis=1)], axis=1)
        size = part.size
        self.first = 2 * DAYS_PER_WEEK
        origins = np.arange(size + 1)
        looked_at = [min(days, most_days) for days in WINDOWS_DAYS]
        windows = np.stack(
            [self._over(np.maximum(origins - days, 0), origins) for days in looked_at]
        )
        self.forecast = np.where(origins >= self.first, windows.mean(axis=0), np.nan)
        ends = np.minimum(origins + horizon, size)
        self.actual = np.where(origins + horizon <= size, self._over(origins, ends), np.nan)
        errors = self.actual - self.forecast
        self.errors = errors
        weekly = self._over(np.maximum(origins - DAYS_PER_WEEK, 0), origins)
        change = weekly[DAYS_PER_WEEK:] - weekly[:-DAYS_PER_WEEK]
        self.change = np.concatenate([np.full(DAYS_PER_WEEK, np.nan), change])
        judged = np.arange(self.first + TOTALS_BEFORE_RECORD * horizon, size - horizon + 1)
        self.judged = judged[np.isfinite(errors[judged])] if judged.size else judged
        self.misses = np.array(
            [self._measured(at).miss_in_halves(errors[at]) for at in self.judged.tolist()]
        )

    def _over(self, start: NDArray[np.intp], end: NDArray[np.intp]) -> Floats:
        part, whole = self.sums[:, end] - self.sums[:, start]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
            scaled = np.log(ratio / (1 - ratio)) if self.is_share else np.log(ratio)
        return np.where(np.isfinite(scaled), scaled, np.nan)

    def back(self, scaled: float) -> float:
        """Return the ratio at a place of the unbounded scale."""
        return 1 / (1 + math.exp(-scaled)) if self.is_share else math.exp(scaled)

    def interval(self, origin: int) -> TotalInterval:
        """Interval of the ratio from `origin` on, by what had ended before it."""
        _, totals = self._past(origin)
        quantiles = self._measured(origin)
        calibrated = totals >= ERRORS_TO_CALIBRATE
        if calibrated:
            ended = int(np.searchsorted(self.judged, origin - self.horizon, side="right"))
            apart = min(float(ended), 1 + (ended - 1) / self.horizon)
            quantiles = quantiles.widened(width_factor(self.misses[:ended], past_totals=apart))
        base = float(self.forecast[origin])
        low, mid, high = (
            self.back(base + one) for one in (quantiles.low, quantiles.mid, quantiles.high)
        )
        return TotalInterval(p10=low, p50=mid, p90=high, calibrated=calibrated, past_totals=totals)

    def _measured(self, origin: int) -> LogQuantiles:
        past, totals = self._past(origin)
        seen = self.change[: origin + 1]
        seen = seen[np.isfinite(seen)]
        unrest = float(np.sqrt(np.mean(seen**2))) if seen.size else 0.0
        found = log_quantiles(
            past, past_totals=totals, unrest=unrest, least=LEAST_SIGMA, judgement=JUDGEMENT_SIGMA
        )
        # The middle is the ratio as it stands: a month that moved once does not move for ever.
        return LogQuantiles(low=min(found.low, 0.0), mid=0.0, high=max(found.high, 0.0))

    def _past(self, origin: int) -> tuple[Floats, float]:
        errors = self.errors[self.first : max(self.first, origin - self.horizon + 1)]
        errors = errors[np.isfinite(errors)]
        return errors, 1 + (errors.size - 1) / self.horizon if errors.size else 0.0

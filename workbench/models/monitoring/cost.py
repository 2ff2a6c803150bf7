"""Whether cost drifts or jumps, and where the month will end."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAD_TO_SIGMA = 1.4826
"""Makes the median absolute deviation of normal data estimate its standard deviation."""


def ewma(values: Sequence[float] | np.ndarray, *, weight: float = 0.2) -> np.ndarray:
    """Return the exponentially weighted moving average, started at the first value.

        s_0 = x_0      s_t = weight · x_t + (1 - weight) · s_(t-1)

    References
    ----------
    Roberts, "Control chart tests based on geometric moving averages", Technometrics 1 (1959).
    """
    if not 0 < weight <= 1:
        raise ValueError(f"weight must be in (0, 1], got {weight}")
    series = np.asarray(values, float)
    smooth = series.copy()
    for place in range(1, len(series)):
        smooth[place] = weight * series[place] + (1 - weight) * smooth[place - 1]
    return smooth


def robust_jumps(
    values: Sequence[float] | np.ndarray, *, sigmas: float = 3.0, window: int = 28
) -> tuple[int, ...]:
    """Return the places more than `sigmas` robust deviations above the window before them.

        jump at t when x_t - median(w) > sigmas · 1.4826 · MAD(w)

    The window needs seven values; a flat window calls any rise a jump.
    """
    series = np.asarray(values, float)
    found = []
    for place in range(7, len(series)):
        before = series[max(0, place - window) : place]
        centre = np.median(before)
        spread = MAD_TO_SIGMA * np.median(np.abs(before - centre))
        if series[place] - centre > sigmas * spread + 1e-12 * abs(centre):
            found.append(place)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnd:
    """Where the month's spend will end, in USD."""

    spent_usd: float
    p50_usd: float
    p80_usd: float
    p90_usd: float


def month_end_forecast(
    daily_usd: Sequence[float] | np.ndarray,
    *,
    spent_usd: float,
    days_left: int,
    draws: int = 4_000,
    seed: int = 20_261_001,
) -> MonthEnd:
    """Return the month's end from resampled days: spent so far plus days drawn in weekly blocks.

    Days are drawn as runs of up to seven, so that weekends stay together. The recent level is
    taken as the level to come: growth inside the month is not forecast here.

    Raises
    ------
    ValueError
        If there are fewer than 14 days to draw from.
    """
    series = np.asarray(daily_usd, float)
    if len(series) < 14:
        raise ValueError(f"a month-end forecast needs 14 days, got {len(series)}")
    if days_left <= 0:
        return MonthEnd(
            spent_usd=spent_usd, p50_usd=spent_usd, p80_usd=spent_usd, p90_usd=spent_usd
        )
    random = np.random.default_rng(seed)
    blocks = math.ceil(days_left / 7)
    starts = random.integers(0, len(series), size=(draws, blocks))
    places = (starts[:, :, None] + np.arange(7)).reshape(draws, -1)[:, :days_left] % len(series)
    ends = spent_usd + series[places].sum(axis=1)
    p50, p80, p90 = (float(x) for x in np.quantile(ends, [0.5, 0.8, 0.9]))
    return MonthEnd(spent_usd=spent_usd, p50_usd=p50, p80_usd=p80, p90_usd=p90)

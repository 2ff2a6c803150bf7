"""What a series will add up to over a horizon: the average of four cheap models.

Every model is evaluated at all origins at once with running sums, so a backtest costs no more
than one forecast. A forecast made at origin t uses values before t only; the weights are equal
and the constants are fixed, so nothing is chosen for a series after its score is known.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from workbench.models.forecast.calendar import WEEKS_BEFORE_WEEKLY_SEASON, Grid

Floats = NDArray[np.float64]

SEASONS_IN_WINDOW = 4
"""Four weeks of daily data: long enough for a weekly profile, short enough to follow growth."""
LEVEL_HALF_LIFE_SEASONS = 1.0
TREND_SEASONS = 8
TREND_DAMPING = 0.8
"""By how much a season's growth fades from one season to the next."""
YEARS_TO_LOOK_BACK = 3


def forecast_totals(values: Floats, *, horizon_steps: int, grid: Grid) -> Floats:
    """Forecast the total of the next steps at every origin, from what came before it.

    A series finer than days is read by its hours of day until three weeks are there, then by
    its hours of week.

    Parameters
    ----------
    values
        Non-negative, evenly spaced, oldest first.
    horizon_steps
        How many steps the total spans.
    grid
        How the steps lie in days and weeks.

    Returns
    -------
    ndarray
        Of length n + 1; entry t is the forecast of `values[t : t + horizon_steps].sum()`,
        NaN where fewer than two seasons came before. The last entry is the forecast ahead.
    """
    weekly = seasonal_totals(values, horizon_steps=horizon_steps, season_steps=grid.week_steps)
    if grid.steps_per_day > 1 and horizon_steps < grid.week_steps:
        daily = seasonal_totals(
            values, horizon_steps=horizon_steps, season_steps=grid.steps_per_day
        )
        young = np.arange(values.size + 1) < WEEKS_BEFORE_WEEKLY_SEASON * grid.week_steps
        weekly = np.where(young, daily, weekly)
    return weekly * _yearly_ratio(values, weekly, horizon_steps, grid.year_steps)


def seasonal_totals(values: Floats, *, horizon_steps: int, season_steps: int) -> Floats:
    """Forecast the totals with one season, at every origin, by the average of four models.

    The geometric mean of

    - the seasonal window mean: each phase of the season at its mean over the last seasons,
    - the same profile at a level smoothed exponentially within the season,
    - damped Theta: that level plus half the recent trend, fading,
    - a seasonal decomposition in the manner of MSTL: newest seasons weigh most, full damped trend.

    References
    ----------
    V. Assimakopoulos and K. Nikolopoulos, "The theta model", International Journal of
    Forecasting 16 (2000). K. Bandara, R. Hyndman and C. Bergmeir, "MSTL", arXiv:2107.13462.
    """
    past = _SeasonalPast(values, horizon_steps=horizon_steps, season_steps=season_steps)
    window = past.weighted([1.0] * SEASONS_IN_WINDOW)
    recent = past.weighted([0.5**age for age in range(SEASONS_IN_WINDOW)])
    level_ratio = past.level_ratio(half_life_steps=LEVEL_HALF_LIFE_SEASONS * season_steps)
    growth = past.damped_growth(seasons=TREND_SEASONS, damping=TREND_DAMPING)
    models = np.stack(
        [
            window,
            window * level_ratio,
            window * level_ratio * (1 + growth / 2),
            recent * (1 + growth),
        ]
    )
    with np.errstate(divide="ignore"):
        return np.exp(np.log(np.maximum(models, 0)).mean(axis=0))


class _SeasonalPast:
    """Sums of the seasons before each origin, laid under the horizon after it."""

    def __init__(self, values: Floats, *, horizon_steps: int, season_steps: int) -> None:
        self.values = values
        self.season = season_steps
        self.horizon = horizon_steps
        self.sums = np.concatenate([[0.0], np.cumsum(values)])
        self.origins = np.arange(values.size + 1)

    def season_total(self, age: int) -> Floats:
        """Total of the season that ended `age` seasons before the origin; NaN before the start."""
        end = self.origins - age * self.season
        return self._between(end - self.season, end)

    def repeated(self, age: int) -> Floats:
        """Total over the horizon if that season were repeated from the origin on."""
        start = self.origins - (age + 1) * self.season
        whole, part = divmod(self.horizon, self.season)
        return whole * self.season_total(age) + self._between(start, start + part)

    def weighted(self, weights: list[float]) -> Floats:
        """Weighted mean of the repeated seasons that there are."""
        totals = np.stack([self.repeated(age) for age in range(len(weights))])
        return _weighted_mean(totals, np.asarray(weights))

    def level_ratio(self, *, half_life_steps: float) -> Floats:
        """Smoothed level of the deseasonalised series, over its mean in the window."""
        season_mean = (
            _weighted_mean(
                np.stack([self.season_total(age) for age in range(SEASONS_IN_WINDOW)]),
                np.ones(SEASONS_IN_WINDOW),
            )
            / self.season
        )
        phase_mean = _weighted_mean(
            np.stack(
                [_lagged(self.values, (age + 1) * self.season) for age in range(SEASONS_IN_WINDOW)]
            ),
            np.ones(SEASONS_IN_WINDOW),
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            index = phase_mean / season_mean[:-1]
            clean = np.where(index > 0.05, self.values / index, season_mean[:-1])
        clean = np.where(np.isfinite(clean), clean, self.values)
        alpha = 1 - 0.5 ** (1 / half_life_steps)
        smoothed, _ = lfilter([alpha], [1, alpha - 1], clean, zi=[(1 - alpha) * clean[0]])
        level = np.concatenate([[np.nan], smoothed])
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = level / season_mean
        return np.clip(np.where(np.isfinite(ratio), ratio, 1.0), 0.2, 5.0)

    def damped_growth(self, *, seasons: int, damping: float) -> Floats:
        """Mean growth over the horizon from the trend of recent season totals, damped."""
        totals = np.stack([self.season_total(age) for age in range(seasons)])
        there = np.isfinite(totals)
        count = there.sum(axis=0)
        ages = -np.arange(seasons, dtype=float)[:, None]
        mean_age = np.where(there, ages, 0).sum(axis=0) / np.maximum(count, 1)
        mean = np.where(there, totals, 0).sum(axis=0) / np.maximum(count, 1)
        spread = np.where(there, ages - mean_age, 0)
        slope = (spread * np.where(there, totals - mean, 0)).sum(axis=0)
        slope = slope / np.maximum((spread**2).sum(axis=0), 1e-12)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where((count >= seasons // 2) & (mean > 0), slope / mean, 0.0)
        ahead = max(self.horizon / self.season, 1.0)
        reach = damping * (1 - damping ** np.arange(1, int(np.ceil(ahead)) + 1)) / (1 - damping)
        return np.clip(relative * float(reach.mean()), -0.3, 0.3)

    def _between(self, start: NDArray[np.intp], end: NDArray[np.intp]) -> Floats:
        totals = self.sums[np.maximum(end, 0)] - self.sums[np.maximum(start, 0)]
        return np.where(start >= 0, totals, np.nan)


def _weighted_mean(rows: Floats, weights: Floats) -> Floats:
    there = np.isfinite(rows)
    weight = (there * weights[:, None]).sum(axis=0)
    total = (np.where(there, rows, 0.0) * weights[:, None]).sum(axis=0)
    enough = there.sum(axis=0) >= 2
    return np.where(enough, total / np.where(enough, weight, 1.0), np.nan)


def _lagged(values: Floats, lag: int) -> Floats:
    shifted = np.full(values.size, np.nan)
    if lag < values.size:
        shifted[lag:] = values[:-lag]
    return shifted


def _yearly_ratio(values: Floats, forecast: Floats, horizon: int, year: int) -> Floats:
    """Return what the same weeks of earlier years did beyond their forecasts, drawn towards 1.

    With one earlier year its log ratio counts half, with two the mean counts two thirds.
    """
    sums = np.concatenate([[0.0], np.cumsum(values)])
    surprise = np.full(values.size + 1, np.nan)
    known = values.size - horizon + 1
    if known > 0:
        actual = sums[horizon:] - sums[:known]
        with np.errstate(divide="ignore", invalid="ignore"):
            surprise[:known] = np.log(actual / forecast[:known])
    surprise[~np.isfinite(surprise)] = np.nan
    rows = np.full((YEARS_TO_LOOK_BACK, values.size + 1), np.nan)
    for back in range(YEARS_TO_LOOK_BACK):
        lag = (back + 1) * year
        if lag <= values.size and lag >= horizon:
            rows[back, lag:] = surprise[: values.size + 1 - lag]
    there = np.isfinite(rows)
    count = there.sum(axis=0)
    mean = np.where(there, rows, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.exp(np.where(count >= 1, mean * count / (count + 1), 0.0))

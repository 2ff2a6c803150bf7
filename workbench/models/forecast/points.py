"""What a series will add up to over a horizon: a weighted average of cheap models.

Every model is evaluated at all origins at once with running sums, so a backtest costs no more
than one forecast. A forecast made at origin t uses values before t only, and so do the weights
of the models: their errors over windows that had ended by then. The constants are the same for
every series.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from workbench.models.forecast.calendar import WEEKS_BEFORE_WEEKLY_SEASON, Grid

Floats = NDArray[np.float64]

SEASONS_IN_WINDOW = 4
"""Four weeks of daily data: long enough for a weekly profile, short enough to follow growth."""
SEASONS_IN_LONG_WINDOW = 12
LEVEL_HALF_LIFE_SEASONS = 1.0
FAST_HALF_LIFE_SEASONS = 0.15
"""About a day of daily data: follows a step of the level at once."""
WEIGHT_POWER = 2.0
"""Models weigh by their mean square past error to this power: twice the error, a sixteenth."""
PRIOR_TOTALS = 1.0
"""Past totals as which the mean error of all models counts in each: weights begin equal."""
LEAST_SQUARE_ERROR = 1e-4
"""(1 %)^2: models closer than this are all right enough."""
OFFSET = 0.3
"""Share of the usual total added to both sides of an error: the logarithm of nothing has no
size, and between almost no use and none there is no difference that matters."""
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
    """Forecast the totals with one season, at every origin, by the average of five models.

    The weighted geometric mean of

    - the seasonal window mean: each phase of the season at its mean over the last seasons,
    - the same over a long window, for use that comes and goes around one level,
    - the window's profile at the level of the last days,
    - damped Theta: the smoothed level plus half the recent trend, fading,
    - a seasonal decomposition in the manner of MSTL: newest seasons weigh most, full damped trend.

    References
    ----------
    V. Assimakopoulos and K. Nikolopoulos, "The theta model", International Journal of
    Forecasting 16 (2000). K. Bandara, R. Hyndman and C. Bergmeir, "MSTL", arXiv:2107.13462.
    J. Bates and C. Granger, "The Combination of Forecasts", OR 20 (1969): weights by past errors.
    """
    past = _SeasonalPast(values, horizon_steps=horizon_steps, season_steps=season_steps)
    window = past.weighted([1.0] * SEASONS_IN_WINDOW)
    recent = past.weighted([0.5**age for age in range(SEASONS_IN_WINDOW)])
    growth = past.damped_growth(seasons=TREND_SEASONS, damping=TREND_DAMPING)
    level, fast = (
        window * past.level_ratio(half_life_steps=seasons * season_steps)
        for seasons in (LEVEL_HALF_LIFE_SEASONS, FAST_HALF_LIFE_SEASONS)
    )
    models = np.stack(
        [
            window,
            past.weighted([1.0] * SEASONS_IN_LONG_WINDOW),
            fast,
            level * (1 + growth / 2),
            recent * (1 + growth),
        ]
    )
    return _weighted_by_record(np.maximum(models, 0.0), values, horizon_steps)


def totals_ahead(values: Floats, horizon_steps: int) -> Floats:
    """Return the total of the next steps at every origin; NaN where it has not ended."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    found = np.full(values.size + 1, np.nan)
    known = values.size - horizon_steps + 1
    if known > 0:
        found[:known] = sums[horizon_steps:] - sums[:known]
    return found


def log_errors(actual: Floats, forecast: Floats, offset: Floats) -> Floats:
    """Return log of actual over forecast with the offset on both; NaN where either is unknown."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log((actual + offset) / (forecast + offset))


def usual_total(forecast: Floats) -> Floats:
    """Return the mean of the forecasts made up to each origin."""
    there = np.isfinite(forecast)
    total = np.cumsum(np.where(there, forecast, 0.0))
    return total / np.maximum(np.cumsum(there), 1)


def _weighted_by_record(models: Floats, values: Floats, horizon: int) -> Floats:
    """Geometric mean at every origin, weighted by errors over windows that had ended by then."""
    offset = OFFSET * usual_total(models[0])
    errors = log_errors(totals_ahead(values, horizon), models, offset)
    there = np.isfinite(errors)
    ended_sum, ended = (
        _later(np.cumsum(part, axis=1), horizon)
        for part in (np.where(there, errors, 0.0) ** 2, there.astype(float))
    )
    mean = ended_sum.sum(axis=0) / np.maximum(ended.sum(axis=0), 1)
    prior = PRIOR_TOTALS * horizon
    square = (ended_sum + prior * np.maximum(mean, LEAST_SQUARE_ERROR)) / (ended + prior)
    weight = square**-WEIGHT_POWER
    with np.errstate(divide="ignore"):
        logs = (weight * np.log(models + offset)).sum(axis=0) / weight.sum(axis=0)
    return np.maximum(np.exp(logs) - offset, 0.0)


def _later(rows: Floats, steps: int) -> Floats:
    shifted = np.zeros_like(rows)
    if steps < rows.shape[1]:
        shifted[:, steps:] = rows[:, :-steps]
    return shifted


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
    surprise = log_errors(totals_ahead(values, horizon), forecast, np.zeros_like(forecast))
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

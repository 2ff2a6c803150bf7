"""What is known about one number: by measured days or customers, or by somebody's judgement."""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr
from scipy.stats import norm

from workbench.errors import InputError
from workbench.models.forecast.total import TotalInterval

Floats = NDArray[np.float64]

Z90 = float(norm.ppf(0.9))
BOOTSTRAP_MEANS = 2_000
FEWEST_PERIODS = 8
POINTS = 201
"""Quantiles kept of a measured leaf; drawing interpolates between them."""
DAYS_IN_A_BLOCK = 7
"""Days are drawn in weeks, since neighbouring days resemble one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A number somebody answers for: P50 with P10 and P90.

    Between them the logarithm (for a share its logit) is normal on either side of the P50,
    each side with its own width, so the three figures are met exactly.
    """

    value: float
    low: float
    high: float
    owner: str
    on: date
    source: str
    is_share: bool = False
    """A share of something, between 0 and 1, such as a cache hit rate."""

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise InputError(f"P10, P50, P90 must rise, got {self.low}, {self.value}, {self.high}.")
        floor, ceiling = (0.0, 1.0) if self.is_share else (0.0, math.inf)
        certain = self.low == self.high
        inside = floor <= self.low and self.high <= ceiling
        if not (inside if certain else floor < self.low and self.high < ceiling and inside):
            raise InputError(
                f"{self.low} to {self.high} is outside what is possible; "
                f"{'a share lies between 0 and 1' if self.is_share else 'a driver is above 0'}."
            )

    def at(self, z: Floats) -> Floats:
        """Return the number at standard normal scores; 0 is the P50."""
        if self.low == self.high:
            return np.full_like(z, self.value)
        low, mid, high = _unbounded(np.array([self.low, self.value, self.high]), self.is_share)
        spread = np.where(z < 0, mid - low, high - mid) / Z90
        moved = mid + spread * z
        return expit(moved) if self.is_share else np.exp(moved)

    @property
    def p50(self) -> float:
        """The judged value."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mean or a forecast taken from the logs, with how uncertain it is: sorted quantiles of it."""

    means: tuple[float, ...]
    source: str
    is_share: bool = False

    def at(self, z: Floats) -> Floats:
        """Return the mean at standard normal scores; 0 is the P50."""
        return np.quantile(np.asarray(self.means), ndtr(z))

    @property
    def p50(self) -> float:
        """Median of the bootstrap means."""
        return float(np.median(self.means))


Leaf = Judged | Measured


def measured_by_day(
    daily: Floats, *, source: str, seed: int, weights: Floats | None = None, is_share: bool = False
) -> Measured:
    """Bootstrap the mean of daily values in blocks of a week: never by request.

    Parameters
    ----------
    daily
        One value a day, in order of time.
    source
        What was measured, from when to when.
    seed
        Stored with the version.
    weights
        Denominators of a ratio, such as requests a day for tokens per request; the mean is then
        sum(daily * weights) / sum(weights).
    is_share
        Whether it is a share between 0 and 1.
    """
    if daily.size < DAYS_IN_A_BLOCK:
        raise InputError(
            f"{source}: {daily.size} days cannot be bootstrapped; take a judged range."
        )
    blocks = math.ceil(daily.size / DAYS_IN_A_BLOCK)
    starts = np.random.default_rng(seed).integers(0, daily.size, (BOOTSTRAP_MEANS, blocks))
    picked = (starts[:, :, None] + np.arange(DAYS_IN_A_BLOCK)) % daily.size
    return _means(
        daily, picked.reshape(BOOTSTRAP_MEANS, -1)[:, : daily.size], weights, source, is_share
    )


def measured_by_customer(
    values: Floats, *, source: str, seed: int, weights: Floats | None = None, is_share: bool = False
) -> Measured:
    """Bootstrap the mean over customers; parameters as in `measured_by_day`."""
    if values.size < 2:
        raise InputError(f"{source}: {values.size} customers cannot be bootstrapped.")
    picked = np.random.default_rng(seed).integers(0, values.size, (BOOTSTRAP_MEANS, values.size))
    return _means(values, picked, weights, source, is_share)


def measured_by_forecast(
    interval: TotalInterval, *, factor: float, source: str, is_share: bool = False
) -> Measured:
    """Take a forecast, with its error as past ones had it, as what is known of a volume or ratio.

    What the next month adds up to is far less sure than the mean of past days: on the
    development series of docs/backtest.md the bootstrapped mean of eight to thirteen weeks held
    24 % of the next 28 days' totals at a nominal 80 %.

    Parameters
    ----------
    interval
        P10, P50 and P90 of the total over the horizon. Between and beyond them either side is
        normal, in logarithms where P10 is above 0, in logits for a share.
    factor
        From the total over the horizon to the unit of the driver.
    source
        What was measured, from when to when.
    """
    low, mid, high = interval.p10, interval.p50, interval.p90
    probability = np.clip(np.linspace(0, 1, POINTS), 0.5 / POINTS, 1 - 0.5 / POINTS)
    z = norm.ppf(probability) / Z90
    if is_share or low > 0:
        low, mid, high = _unbounded(np.array([low, mid, high]), is_share)
    moved = mid + z * np.where(z < 0, mid - low, high - mid)
    drawn = np.maximum(moved, 0.0)
    if is_share or interval.p10 > 0:
        drawn = expit(moved) if is_share else np.exp(moved)
    return Measured(means=tuple((drawn * factor).tolist()), source=source, is_share=is_share)


def correlation_of_periods(one: Floats, other: Floats) -> float | None:
    """Return the correlation of the logarithms of two drivers' period aggregates.

    Single requests say nothing here: what moves together are days or weeks.

    Parameters
    ----------
    one, other
        One positive value a period each, in the same order.

    Returns
    -------
    float or None
        None with fewer than eight periods, or where one of them never changes.
    """
    there = (one > 0) & (other > 0)
    if there.sum() < FEWEST_PERIODS:
        return None
    logs = np.log(np.stack([one[there], other[there]]))
    if (np.ptp(logs, axis=1) == 0).any():
        return None
    return float(np.corrcoef(logs)[0, 1])


def _means(
    values: Floats, picked: NDArray[np.intp], weights: Floats | None, source: str, is_share: bool
) -> Measured:
    weight = np.ones_like(values) if weights is None else weights
    drawn = weight[picked]
    total = drawn.sum(axis=1)
    if (total <= 0).any():
        raise InputError(f"{source}: too few days or customers with any use to bootstrap a ratio.")
    means = np.sort((values[picked] * drawn).sum(axis=1) / total)
    return Measured(means=tuple(means.tolist()), source=source, is_share=is_share)


def _unbounded(values: Floats, is_share: bool) -> Floats:
    return logit(values) if is_share else np.log(values)

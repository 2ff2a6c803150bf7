"""What the envelope is where it can be had exactly: products of lognormals, sums of normals.

Used to check the simulation and to explain it; the engine itself draws paths.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.stats import norm

from workbench.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class LognormalDriver:
    """A positive driver by its median and the standard deviation of its logarithm."""

    median: float
    sigma_log: float

    def __post_init__(self) -> None:
        if not (self.median > 0 and self.sigma_log >= 0):
            raise InputError(
                f"A lognormal driver needs a median above 0 and a sigma of at least 0, "
                f"got {self.median} and {self.sigma_log}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class LognormalCost:
    """A lognormal cost: a product of lognormal drivers."""

    median: float
    sigma_log: float

    @property
    def mean(self) -> float:
        """Return median * exp(sigma^2 / 2)."""
        return self.median * math.exp(self.sigma_log**2 / 2)

    def quantile(self, level: float) -> float:
        """Return median * exp(z * sigma); `level` between 0 and 1, both excluded."""
        return self.median * math.exp(float(norm.ppf(level)) * self.sigma_log)

    def p_breach(self, budget: float) -> float:
        """Return the probability of a cost above `budget`."""
        if budget <= 0:
            return 1.0
        if self.sigma_log == 0:
            return 1.0 if self.median > budget else 0.0
        return float(norm.sf(math.log(budget / self.median) / self.sigma_log))


def product_of_lognormals(
    drivers: Mapping[str, LognormalDriver],
    *,
    correlations: Mapping[tuple[str, str], float] | None = None,
    scale: float = 1.0,
) -> LognormalCost:
    """Return the distribution of scale times the product of lognormal drivers.

        sigma^2 = sum of sigma_i^2 + 2 * sum of rho_ij * sigma_i * sigma_j

    Parameters
    ----------
    drivers
        At least one, by name.
    correlations
        Correlation of the logarithms by pair of names; pairs not given are independent.
    scale
        Constant factor, such as 1e-6 for a price per million tokens.

    Raises
    ------
    InputError
        If a pair names no driver, or the correlations contradict each other.
    """
    variance = math.fsum(driver.sigma_log**2 for driver in drivers.values())
    for (one, other), rho in (correlations or {}).items():
        if one not in drivers or other not in drivers or one == other or not -1 <= rho <= 1:
            raise InputError(f"No correlation of {rho} between {one!r} and {other!r} is possible.")
        variance += 2 * rho * drivers[one].sigma_log * drivers[other].sigma_log
    if variance < -1e-12:
        raise InputError("The correlations contradict each other: the variance is negative.")
    median = scale * math.prod(driver.median for driver in drivers.values())
    return LognormalCost(median=median, sigma_log=math.sqrt(max(variance, 0.0)))


def variance_share(drivers: Mapping[str, LognormalDriver], name: str) -> float | None:
    """Return a driver's share of the variance of the log cost when all are independent.

    None when nothing varies.
    """
    total = math.fsum(driver.sigma_log**2 for driver in drivers.values())
    return drivers[name].sigma_log ** 2 / total if total else None


def quantile_of_total(
    *, days: int, daily_mean: float, daily_sd: float, correlation: float, level: float
) -> float:
    """Return a quantile of the sum of equally correlated normal days, which no sum of daily quantiles is.

        n * mean + z * sqrt(n * sd^2 + n * (n - 1) * rho * sd^2)

    Raises
    ------
    InputError
        If the correlation is impossible for that many days.

    Examples
    --------
    >>> round(quantile_of_total(
    ...     days=4, daily_mean=10.0, daily_sd=3.0, correlation=0.0, level=0.5), 6)
    40.0
    """
    variance = daily_sd**2 * days * (1 + (days - 1) * correlation)
    if correlation > 1 or variance < -1e-9:
        raise InputError(f"{days} days cannot all be correlated by {correlation}.")
    return days * daily_mean + float(norm.ppf(level)) * math.sqrt(max(variance, 0.0))

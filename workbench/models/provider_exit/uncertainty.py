"""Three-point estimates as distributions, drawn evenly so that few draws are enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, qmc

from workbench.errors import InputError

Floats = NDArray[np.float64]
EDGE = 1e-9
"""Draws are kept this far from 0 and 1, where quantiles may be infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreePoint:
    """Low, likely and high of an estimate; the unit is in the name of the field that holds it."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.likely <= self.high:
            raise InputError(
                f"An estimate needs 0 <= low <= likely <= high, got {self.low}, {self.likely}, {self.high}."
            )

    @classmethod
    def exactly(cls, value: float) -> "ThreePoint":
        """Return a number that is known."""
        return cls(low=value, likely=value, high=value)

    @property
    def mean(self) -> float:
        """Return (low + 4 * likely + high) / 6, the mean of the beta-PERT distribution."""
        return (self.low + 4 * self.likely + self.high) / 6

    def quantile(self, level: Floats) -> Floats:
        """Return quantiles of the beta-PERT distribution.

            a = 1 + 4 (likely - low) / (high - low)     b = 1 + 4 (high - likely) / (high - low)

        Source: Malcolm, Roseboom, Clark, Fazar, Application of a Technique for Research and
        Development Program Evaluation, Operations Research 7(5), 1959.
        """
        width = self.high - self.low
        if width == 0:
            return np.full_like(np.asarray(level, dtype=np.float64), self.low)
        a = 1 + 4 * (self.likely - self.low) / width
        b = 1 + 4 * (self.high - self.likely) / width
        return self.low + width * np.asarray(beta.ppf(level, a, b), dtype=np.float64)


def even_draws(names: Sequence[str], *, log2_draws: int = 12, seed: int = 1) -> dict[str, Floats]:
    """Return uniform draws by name from one scrambled Sobol sequence.

    Scenarios that use the same draws differ by what they change, not by chance.

    Parameters
    ----------
    names
        One dimension each; their order decides the draws.
    log2_draws
        Base-2 logarithm of the number of draws: the sequence is balanced only at powers of 2.
    seed
        Of the scrambling.
    """
    if not names:
        return {}
    sampler = qmc.Sobol(len(names), scramble=True, rng=np.random.default_rng(seed))
    uniform = np.clip(sampler.random_base2(log2_draws), EDGE, 1 - EDGE)
    return {name: uniform[:, place] for place, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class Fan:
    """P10, P50, P90 and mean of draws."""

    p10: float
    p50: float
    p90: float
    mean: float


def fan(draws: Floats) -> Fan:
    """Summarize draws.

    Examples
    --------
    >>> fan(np.arange(101.0)).p90
    90.0
    """
    p10, p50, p90 = (float(one) for one in np.quantile(draws, (0.1, 0.5, 0.9)))
    return Fan(p10, p50, p90, float(np.mean(draws)))


def fans(draws: Mapping[str, Any]) -> dict[str, Fan]:
    """Summarize draws by name."""
    return {name: fan(values) for name, values in draws.items()}


def spent_by_day(
    total_usd: Floats, finish_day: Floats, days: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return P10, P50 and P90 of what is spent by each day, spread evenly over each draw's time.

        spent(day) = total * min(1, day / finish day)

    Parameters
    ----------
    total_usd, finish_day
        One value a draw, of the same draws.
    days
        Days from the decision.

    Examples
    --------
    >>> low, middle, high = spent_by_day(np.array([100.0]), np.array([10.0]), np.array([5.0, 20.0]))
    >>> middle.tolist()
    [50.0, 100.0]
    """
    done = np.minimum(1.0, days[:, None] / np.maximum(finish_day, EDGE)[None, :])
    low, middle, high = np.quantile(total_usd[None, :] * done, (0.1, 0.5, 0.9), axis=1)
    return low, middle, high

"""How well did past envelopes hold: coverage, pinball loss, CRPS and bias.

Lower is better for pinball and CRPS; both are in the unit of the cost. Coverage should be near
the nominal level, not as high as possible: an envelope that always holds is too wide.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workbench.errors import InputError

NOMINAL_COVERAGE = 0.8
"""What P10 to P90 promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeOutcome:
    """A locked envelope and what the period then cost, USD."""

    period: str
    p10: float
    p50: float
    p90: float
    actual: float

    @property
    def held(self) -> bool:
        """Whether the actual lay between P10 and P90, ends included."""
        return self.p10 <= self.actual <= self.p90


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeScore:
    """The record of several envelopes."""

    scored: int
    held: int
    pinball_p10: float
    pinball_p50: float
    pinball_p90: float
    crps: float
    """From the three quantiles: twice the mean pinball loss, USD."""
    bias: float
    """Mean of P50 less actual, USD: positive means the envelopes ran high."""

    @property
    def coverage(self) -> float:
        """Share of envelopes that held, 0 to 1; 0.8 is what P10 to P90 promises."""
        return self.held / self.scored

    @property
    def sentence(self) -> str:
        """The line to print beside a fan."""
        return f"held {self.held} of the last {self.scored}"


def pinball_loss(actual: ArrayLike, quantile: ArrayLike, *, level: float) -> float:
    """Return the mean pinball loss of one quantile, in the unit of `actual`.

        mean of max(level * (y - q), (level - 1) * (y - q))

    Examples
    --------
    >>> pinball_loss([100.0, 150.0], 130.0, level=0.9)
    10.5
    """
    miss = np.asarray(actual, dtype=float) - np.asarray(quantile, dtype=float)
    return float(np.mean(np.maximum(level * miss, (level - 1) * miss)))


def coverage(actual: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Return the share of actuals in [low, high], ends included."""
    values = np.asarray(actual, dtype=float)
    return float(np.mean((values >= np.asarray(low)) & (values <= np.asarray(high))))


def crps_of_draws(draws: ArrayLike, actual: float) -> float:
    """Return the continuous ranked probability score of an ensemble, in the unit of `actual`.

        CRPS = mean |x_i - y| - 1/2 mean |x_i - x_j|

    References
    ----------
    T. Gneiting and A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation",
    Journal of the American Statistical Association 102 (2007), equation 21.

    Examples
    --------
    >>> crps_of_draws([1.0, 3.0], 2.0)
    0.5
    """
    ordered: NDArray[np.float64] = np.sort(np.asarray(draws, dtype=float))
    count = ordered.size
    if count == 0:
        raise InputError("No draws to score.")
    weights = 2 * np.arange(1, count + 1) - count - 1
    half_spread = float(weights @ ordered) / count**2
    return float(np.mean(np.abs(ordered - actual))) - half_spread


def score_envelopes(outcomes: Sequence[EnvelopeOutcome], *, last: int = 12) -> EnvelopeScore | None:
    """Score the newest `last` envelopes; None while none has been scored.

    Parameters
    ----------
    outcomes
        In order of time, oldest first.
    last
        How many of the newest to take.
    """
    recent = outcomes[-last:]
    if not recent:
        return None
    actual = [outcome.actual for outcome in recent]
    losses = [
        pinball_loss(actual, [getattr(outcome, name) for outcome in recent], level=level)
        for name, level in (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
    ]
    return EnvelopeScore(
        scored=len(recent),
        held=sum(outcome.held for outcome in recent),
        pinball_p10=losses[0],
        pinball_p50=losses[1],
        pinball_p90=losses[2],
        crps=2 * math.fsum(losses) / 3,
        bias=math.fsum(outcome.p50 - outcome.actual for outcome in recent) / len(recent),
    )

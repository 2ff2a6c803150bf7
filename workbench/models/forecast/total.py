"""How wide the interval of a forecast total must be, judged by past errors of the total.

Adding up daily intervals is far too wide: days do not all turn out high together. What counts
is by how much earlier forecasts of the whole total missed, so that is what is measured here.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from workbench.models.forecast.points import OFFSET, Floats, log_errors

ERRORS_TO_CALIBRATE = 4
"""With fewer past totals that do not overlap than this an interval is uncalibrated."""
PRIOR_SIGMA_LOG = 0.05
"""Least log error assumed beforehand; it weighs as much as one past total."""
JUDGEMENT_SIGMA_LOG = 0.25
"""Least log error assumed while nothing at all has been measured."""
OVERLAP_GAIN = 1.5
"""What overlapping windows tell beyond those that do not overlap, for an average of equal days."""
EMPIRICAL_AT = 24.0
"""Errors at which measured quantiles weigh as much as the fitted ones."""
NARROWEST, WIDEST = 0.5, 1.25
"""How far the record of past intervals may move the width."""
WIDENING_AT = 4.0
"""Past intervals at which their own record moves the width half of the way."""
NOMINAL_COVERAGE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalInterval:
    """The interval of one total; in the unit of the series."""

    p10: float
    p50: float
    p90: float
    calibrated: bool
    past_totals: float
    """How many past totals that do not overlap it rests on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuantiles:
    """Log of actual over forecast to expect at P10, P50 and P90."""

    low: float
    mid: float
    high: float

    def widened(self, factor: float) -> "LogQuantiles":
        """Return the same middle with both halves multiplied."""
        return LogQuantiles(
            low=self.mid + (self.low - self.mid) * factor,
            mid=self.mid,
            high=self.mid + (self.high - self.mid) * factor,
        )

    def miss_in_halves(self, error: float) -> float:
        """Return by how many halves of the interval an error lies from the middle; 1 is its edge."""
        half = self.high - self.mid if error > self.mid else self.mid - self.low
        return abs(error - self.mid) / max(half, 1e-9)


def log_quantiles(
    errors: Floats, *, past_totals: float, unrest: float,
    least: float = PRIOR_SIGMA_LOG, judgement: float = JUDGEMENT_SIGMA_LOG,
) -> LogQuantiles:  # fmt: skip
    """Return quantiles of the next log error from those of past totals.

    A Student t with the root mean square error, to which a prior error adds one observation
    (half the unrest of the series, at least 5 %), is blended with the measured quantiles; the
    more errors, the more these count. They are taken at 0.9 * (1 + 1 / 2n) instead of 0.9,
    because few errors show few extremes.

    Parameters
    ----------
    errors
        Natural logarithm of actual over forecast, from windows that were complete.
    past_totals
        How many of these windows do not overlap.
    unrest
        `season_unrest` at the origin: what is known before there are errors.
    least, judgement
        Least error assumed beforehand, and while nothing at all has been measured.
    """
    if errors.size == 0:
        half = float(student.ppf(0.9, 1e6)) * max(judgement, unrest)
        return LogQuantiles(low=-half, mid=0.0, high=half)
    count = past_totals
    prior = max(least, unrest / 2)
    variance = (float(np.mean(errors**2)) * count + prior**2) / (count + 1)
    half = float(student.ppf(0.9, OVERLAP_GAIN * (count + 1))) * variance**0.5
    trust = count / (count + EMPIRICAL_AT)
    level = min(1.0, 0.9 * (1 + 1 / (2 * count)))
    low, median, high = np.quantile(errors, [1 - level, 0.5, level])
    mid = trust * float(median)
    return LogQuantiles(
        low=min(mid, (1 - trust) * -half + trust * float(low)),
        mid=mid,
        high=max(mid, (1 - trust) * half + trust * float(high)),
    )


def season_unrest(values: Floats, *, season_steps: int) -> Floats:
    """Return the root mean square log change of the total from one season to the next.

    Of length n + 1: entry t holds the changes that had ended before step t, 0 where none had.
    """
    found = np.zeros(values.size + 1)
    if season_steps < 1 or 2 * season_steps > values.size:
        return found
    sums = np.concatenate([[0.0], np.cumsum(values)])
    totals = sums[season_steps:] - sums[:-season_steps]
    now, before = totals[season_steps:], totals[:-season_steps]
    change = log_errors(now, before, OFFSET * (now + before) / 2)
    squares = np.where(np.isfinite(change), change, 0.0) ** 2
    found[2 * season_steps :] = np.sqrt(np.cumsum(squares) / np.arange(1, squares.size + 1))
    return found


def width_factor(misses: Floats, *, past_totals: float) -> float:
    """Return by how much past intervals should have been wider (above 1) or narrower.

    The level that would have held 80 % of past totals, at the finite-sample rank of conformal
    prediction, drawn towards 1 while there are few.

    Parameters
    ----------
    misses
        `LogQuantiles.miss_in_halves` of past intervals.
    past_totals
        How many of these windows do not overlap.

    References
    ----------
    G. Shafer and V. Vovk, "A Tutorial on Conformal Prediction", JMLR 9 (2008).
    """
    if misses.size == 0:
        return 1.0
    level = min(1.0, NOMINAL_COVERAGE * (1 + 1 / past_totals))
    needed = float(np.clip(np.quantile(misses, level), NARROWEST, WIDEST))
    return needed ** (past_totals / (past_totals + WIDENING_AT))

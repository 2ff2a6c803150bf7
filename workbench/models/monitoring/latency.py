"""How slow the feature is, how sure that is, and whether the error budget burns."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

BIN_RATIO = 1.02
"""Latency is counted by bins that are each 2 % above the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """One percentile with the 95 % band of its bootstrap distribution, in milliseconds."""

    share: float
    ms: float
    low_ms: float
    high_ms: float


def percentile_bands(
    latency_ms: Sequence[float] | np.ndarray,
    *,
    shares: tuple[float, ...] = (0.5, 0.95, 0.99),
    confidence: float = 0.95,
) -> tuple[Percentile, ...]:
    """Return nearest-rank percentiles with bootstrap bands.

    The k-th value of a resample of n is the value at place floor(n·U), U ~ Beta(k, n - k + 1),
    so the limits of infinitely many resamples are read from the Beta distribution: no draws,
    no seed.

        k = ceil(share · n)      band = sorted[floor(n · BetaQuantile(q; k, n - k + 1))]

    Raises
    ------
    ValueError
        If there are no latencies or one is not finite.

    References
    ----------
    Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, section 10.2.
    """
    ordered = np.sort(np.asarray(latency_ms, float))
    if not len(ordered) or not np.isfinite(ordered).all():
        raise ValueError("percentiles need at least one finite latency")
    return _bands(ordered, np.arange(1, len(ordered) + 1), shares=shares, confidence=confidence)


def binned_percentile_bands(
    bins: Sequence[int],
    counts: Sequence[int],
    *,
    shares: tuple[float, ...] = (0.5, 0.95, 0.99),
    confidence: float = 0.95,
) -> tuple[Percentile, ...]:
    """Return the same percentiles and bands from counts in 2 % bins.

    Bin n holds [1.02^n, 1.02^(n+1)) ms and stands for 1.02^(n + 1/2) ms, so that every value is
    within 1 % of the latency it stands for. A band reaches from the lower edge of its first bin to
    the upper edge of its last, so that it holds that error too.

    Raises
    ------
    ValueError
        If there are no latencies.
    """
    order = np.argsort(np.asarray(bins, int))
    ends = np.cumsum(np.asarray(counts, int)[order])
    if not len(ends) or ends[-1] <= 0:
        raise ValueError("percentiles need at least one latency")
    values = BIN_RATIO ** (np.asarray(bins, float)[order] + 0.5)
    half = BIN_RATIO**0.5
    return tuple(
        Percentile(share=one.share, ms=one.ms, low_ms=one.low_ms / half, high_ms=one.high_ms * half)
        for one in _bands(values, ends, shares=shares, confidence=confidence)
    )


def _bands(
    values: np.ndarray, ends: np.ndarray, *, shares: tuple[float, ...], confidence: float
) -> tuple[Percentile, ...]:
    """Read ranks from ordered values, the i-th of which holds the places up to `ends[i]`."""
    count = int(ends[-1])
    tail = (1 - confidence) / 2

    def at(place: float) -> float:
        return float(values[np.searchsorted(ends, min(int(place), count - 1), side="right")])

    found = []
    for share in shares:
        rank = min(count, max(1, math.ceil(share * count - 1e-9)))
        low, high = stats.beta.ppf([tail, 1 - tail], rank, count - rank + 1)
        found.append(
            Percentile(
                share=share, ms=at(rank - 1), low_ms=at(count * low), high_ms=at(count * high)
            )
        )  # fmt: skip
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRule:
    """Page when both windows burn faster than `rate` times the budget's even pace."""

    rate: float
    long_minutes: int
    short_minutes: int


PAGE_RULES = (
    BurnRule(rate=14.4, long_minutes=60, short_minutes=5),
    BurnRule(rate=6.0, long_minutes=360, short_minutes=30),
)
"""2 % of a 30-day budget in one hour, 5 % in six hours.

Beyer et al., The Site Reliability Workbook, chapter 5, section 6.
"""


def burn_rate(*, errors: int, requests: int, objective: float) -> float:
    """Return how many times faster than even the error budget is spent.

        burn = (errors / requests) / (1 - objective)

    No requests burn nothing. An objective of 1 has no budget and is refused.

    Examples
    --------
    >>> round(burn_rate(errors=144, requests=10_000, objective=0.999), 6)
    14.4
    """
    if not 0 < objective < 1:
        raise ValueError(f"objective must be in (0, 1), got {objective}")
    return errors / requests / (1 - objective) if requests else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """One page rule over a series: the two burn rates at its end, and how often it paged."""

    rule: BurnRule
    long_burn: float
    short_burn: float
    paging: bool
    paged_minutes: int


def burn_status(
    *,
    errors_per_minute: Sequence[int] | np.ndarray,
    requests_per_minute: Sequence[int] | np.ndarray,
    objective: float,
    rules: tuple[BurnRule, ...] = PAGE_RULES,
) -> tuple[Burn, ...]:
    """Return each rule's burn at the last minute, and in how many minutes it would have paged.

    Windows reach back from each minute; before the series began they are shorter, and minutes
    whose long window is not full are not counted as paged.
    """
    errors, requests = np.asarray(errors_per_minute, float), np.asarray(requests_per_minute, float)
    if errors.shape != requests.shape or not len(errors):
        raise ValueError("burn needs one error count for each request count")
    found = []
    for rule in rules:
        long = window_burn(errors, requests, minutes=rule.long_minutes, objective=objective)
        short = window_burn(errors, requests, minutes=rule.short_minutes, objective=objective)
        paging = (long > rule.rate) & (short > rule.rate)
        found.append(
            Burn(
                rule=rule, long_burn=float(long[-1]), short_burn=float(short[-1]),
                paging=bool(paging[-1]), paged_minutes=int(paging[rule.long_minutes - 1 :].sum()),
            )
        )  # fmt: skip
    return tuple(found)


def window_burn(
    errors: np.ndarray, requests: np.ndarray, *, minutes: int, objective: float
) -> np.ndarray:
    """Return the burn rate of the window that ends at each minute; shorter before it is full."""
    seen, bad = _trailing_sum(requests, minutes), _trailing_sum(errors, minutes)
    share = np.divide(bad, seen, out=np.zeros_like(bad), where=seen > 0)
    return share / (1 - objective)


def _trailing_sum(values: np.ndarray, length: int) -> np.ndarray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    return total[ends] - total[np.maximum(0, ends - length)]

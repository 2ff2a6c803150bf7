"""Whether answers have grown worse, or what is asked has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

PSI_WARN = 0.10
PSI_FAIL = 0.25
"""A convention of credit scoring (Siddiqi, Credit Risk Scorecards, 2006), not a test."""
PSI_BINS = 10
PSI_MIN_VALUES = 1_000
KS_MIN_DISTANCE = 0.1
KS_MAX_P = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    """Two-sided CUSUM of a series: both sums, and where each first crossed the decision limit."""

    upper: np.ndarray
    lower: np.ndarray
    signal_up_at: int | None
    signal_down_at: int | None


def cusum(
    values: Sequence[float] | np.ndarray,
    *,
    target: float,
    sigma: float,
    k: float = 0.5,
    h: float = 5.0,
) -> Cusum:
    """Return the tabular CUSUM in units of sigma.

        z = (x - target) / sigma
        upper_t = max(0, upper_(t-1) + z - k)      lower_t = max(0, lower_(t-1) - z - k)
        signal when a sum exceeds h

    With k = 0.5 and h = 5 the two-sided in-control run is about 465 samples, and a shift of one
    sigma is seen in about 10.

    References
    ----------
    Page, "Continuous inspection schemes", Biometrika 41 (1954); Montgomery, Introduction to
    Statistical Quality Control, section 9.1.
    """
    if sigma <= 0:
        raise ValueError(f"sigma must be positive, got {sigma}")
    series = (np.asarray(values, float) - target) / sigma
    upper, lower = np.zeros(len(series)), np.zeros(len(series))
    up = down = 0.0
    for place, value in enumerate(series):
        up, down = max(0.0, up + value - k), max(0.0, down - value - k)
        upper[place], lower[place] = up, down
    return Cusum(
        upper=upper, lower=lower,
        signal_up_at=_first_above(upper, h), signal_down_at=_first_above(lower, h),
    )  # fmt: skip


def _first_above(sums: np.ndarray, limit: float) -> int | None:
    above = np.flatnonzero(sums > limit)
    return int(above[0]) if len(above) else None


def error_rate_cusum(errors: Sequence[int], trials: Sequence[int], *, target_rate: float) -> Cusum:
    """Return the CUSUM of batch error rates, each in units of its own binomial sigma.

    z_i = (errors_i / n_i - p0) / sqrt(p0 (1 - p0) / n_i)
    """
    if not 0 < target_rate < 1:
        raise ValueError(f"target rate must be in (0, 1), got {target_rate}")
    counts = np.asarray(trials, float)
    if (counts < 1).any():
        raise ValueError("every batch needs a trial")
    scale = np.sqrt(target_rate * (1 - target_rate) / counts)
    return cusum((np.asarray(errors, float) / counts - target_rate) / scale, target=0.0, sigma=1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Population stability index, its word, and the 95 % bootstrap band."""

    psi: float
    low: float
    high: float
    word: str
    """pass below 0.10, warn to 0.25, fail above; `insufficient evidence` under 1,000 values."""


def psi_of_shares(reference: Mapping[str, int], current: Mapping[str, int]) -> float:
    """Return the stability index of two count tables over the same bins.

        psi = sum (c - r) ln(c / r)      over bin shares, half a count added to every bin

    The half count keeps an empty bin finite.
    """
    bins = sorted(set(reference) | set(current))
    old = np.array([reference.get(name, 0) + 0.5 for name in bins])
    new = np.array([current.get(name, 0) + 0.5 for name in bins])
    return _psi(old, new)


def _psi(old: np.ndarray, new: np.ndarray) -> float:
    r, c = old / old.sum(), new / new.sum()
    return float(((c - r) * np.log(c / r)).sum())


def population_stability(
    reference: Sequence[float] | np.ndarray,
    current: Sequence[float] | np.ndarray,
    *,
    resamples: int = 200,
    seed: int = 20_261_001,
) -> Stability:
    """Return the stability index over ten quantile bins of the reference, with a bootstrap band."""
    old, new = np.asarray(reference, float), np.asarray(current, float)
    edges = np.unique(np.quantile(old, np.linspace(0, 1, PSI_BINS + 1)[1:-1]))
    old_counts = np.bincount(np.searchsorted(edges, old), minlength=len(edges) + 1)
    new_counts = np.bincount(np.searchsorted(edges, new), minlength=len(edges) + 1)
    value = _psi(old_counts + 0.5, new_counts + 0.5)
    random = np.random.default_rng(seed)
    draws = [
        _psi(
            random.multinomial(len(old), old_counts / len(old)) + 0.5,
            random.multinomial(len(new), new_counts / len(new)) + 0.5,
        )
        for _ in range(resamples)
    ]
    # Resampling adds noise, which the index counts as drift: the band is centred on the value.
    shifted = np.maximum(0.0, np.array(draws) - np.mean(draws) + value)
    low, high = np.quantile(shifted, [0.025, 0.975]).tolist()
    word = stability_word(value, values=min(len(old), len(new)))
    return Stability(psi=value, low=low, high=high, word=word)


def stability_word(psi: float, *, values: int) -> str:
    """Return the convention's word for an index counted on `values` values in the smaller sample."""
    if values < PSI_MIN_VALUES:
        return "insufficient evidence"
    if psi > PSI_FAIL:
        return "fail"
    return "warn" if psi >= PSI_WARN else "pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Kolmogorov-Smirnov distance of two samples; it counts only when large and unlikely."""

    distance: float
    p_value: float
    shifted: bool


def distribution_shift(
    reference: Sequence[float] | np.ndarray, current: Sequence[float] | np.ndarray
) -> Shift:
    """Return the two-sample KS test; `shifted` only when D > 0.1 and p < 0.01.

    At the size of logs every p-value is small, so the distance decides with it.
    """
    found = stats.ks_2samp(np.asarray(reference, float), np.asarray(current, float), method="asymp")
    distance, p_value = np.asarray(found, float).tolist()
    shifted = distance > KS_MIN_DISTANCE and p_value < KS_MAX_P
    return Shift(distance=distance, p_value=p_value, shifted=shifted)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertScore:
    """Alerts replayed against true incidents."""

    recall: float | None
    precision: float | None
    median_lead_minutes: float | None
    """Minutes from the incident's start to its first alert; negative is before."""


def score_alerts(
    alerts_at: Sequence[float],
    incidents: Sequence[tuple[float, float]],
    *,
    early_minutes: float = 60,
) -> AlertScore:
    """Score alert times (minutes) against incidents (start, end in minutes).

    An alert is true from `early_minutes` before an incident until its end. None where there is
    nothing to divide by.
    """
    hits = [
        [at for at in alerts_at if start - early_minutes <= at <= end] for start, end in incidents
    ]
    true = {at for found in hits for at in found}
    leads = [min(found) - start for found, (start, _) in zip(hits, incidents, strict=True) if found]
    return AlertScore(
        recall=sum(map(bool, hits)) / len(incidents) if incidents else None,
        precision=sum(at in true for at in alerts_at) / len(alerts_at) if alerts_at else None,
        median_lead_minutes=float(np.median(leads)) if leads else None,
    )

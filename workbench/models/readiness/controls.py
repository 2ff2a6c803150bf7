"""Do the controls hold? Proportions, agreement, exposure, availability, concentration, fairness."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

Z_TWO_SIDED_95 = 1.959963984540054


def wilson_interval(
    successes: int, *, trials: int, z: float = Z_TWO_SIDED_95
) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

        centre = (p + z²/2n) / (1 + z²/n)
        half   = z sqrt(p(1-p)/n + z²/4n²) / (1 + z²/n)

    Raises
    ------
    ValueError
        If there are no trials, or more successes than trials.

    References
    ----------
    Wilson, "Probable inference", JASA 22 (1927).
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"need 0 <= successes <= trials and a trial, got {successes}, {trials}")
    share, shrink = successes / trials, 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)


def clean_sample_bound(trials: int) -> float:
    """Return the 95 % upper bound of a rate when none of `trials` samples showed it: 3 / n."""
    if trials < 1:
        raise ValueError("a bound needs at least one sample")
    return min(1.0, 3 / trials)


def sample_ratio_p_value(*, exposed_users: int, eligible_users: int, planned_share: float) -> float:
    """Return the chi-square p-value that exposure follows the plan (sample-ratio mismatch).

    The two cells are exposed and not exposed, expected n·share and n·(1 - share), one degree
    of freedom. A planned share of 0 or 1 leaves no chance: 1.0 when it holds, else 0.0.

    References
    ----------
    Fabijan et al., "Diagnosing sample ratio mismatch", KDD 2019.
    """
    if eligible_users < 1 or not 0 <= exposed_users <= eligible_users:
        raise ValueError(f"need 0 <= exposed <= eligible, got {exposed_users}, {eligible_users}")
    if planned_share in (0.0, 1.0):
        return 1.0 if exposed_users == eligible_users * planned_share else 0.0
    expected = eligible_users * planned_share
    gap = exposed_users - expected
    statistic = gap * gap / expected + gap * gap / (eligible_users - expected)
    return float(stats.chi2.sf(statistic, df=1))


def cohen_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """Return Cohen's kappa of two raters over the same cases; None where chance agreement is 1.

        kappa = (p_observed - p_chance) / (1 - p_chance)

    References
    ----------
    Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"raters must judge the same cases, got {len(first)} and {len(second)}")
    count = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    chance = sum(first.count(x) * second.count(x) for x in set(first)) / count**2
    return None if chance == 1 else (observed - chance) / (1 - chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One thing the answer depends on; components of one `parallel_group` stand in for each other."""

    name: str
    availability: float
    parallel_group: str | None = None


def composite_availability(components: Sequence[Component]) -> float:
    """Return the availability of all components together.

        serial: a1 · a2 · …       parallel group: 1 - (1 - a1)(1 - a2)…

    Independence is assumed; a group only counts as parallel when its failover was tested,
    which the caller must know.
    """
    down: dict[str, float] = {}
    product = 1.0
    for part in components:
        if not 0 <= part.availability <= 1:
            raise ValueError(f"availability of {part.name} must be in [0, 1]")
        if part.parallel_group is None:
            product *= part.availability
        else:
            group = part.parallel_group
            down[group] = down.get(group, 1.0) * (1 - part.availability)
    return product * math.prod(1 - share for share in down.values())


def sla_credit_share(*, availability: float, tiers: Sequence[tuple[float, float]]) -> float:
    """Return the share of the bill a provider owes back for a month's availability.

    `tiers` are (availability below which it applies, share credited); the lowest tier reached
    decides. None reached is 0.

    Examples
    --------
    >>> bedrock = [(0.999, 0.10), (0.99, 0.25), (0.95, 1.0)]
    >>> sla_credit_share(availability=0.985, tiers=bedrock)
    0.25
    """
    reached = [tier for tier in tiers if availability < tier[0]]
    return min(reached)[1] if reached else 0.0


def shared_between(
    first: Collection[tuple[str, str]], second: Collection[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Return the (kind, name) in both, sorted: what two environments must not share."""
    return tuple(sorted(set(first) & set(second)))


def concentration(spend_usd: Mapping[str, float]) -> float:
    """Return the Herfindahl-Hirschman index of spend: the sum of squared shares, 1/n to 1."""
    total = math.fsum(spend_usd.values())
    if total <= 0 or min(spend_usd.values()) < 0:
        raise ValueError("concentration needs positive spend")
    return math.fsum((usd / total) ** 2 for usd in spend_usd.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRatio:
    """Selection rate of one group over that of the best group, with a bootstrap-free band."""

    group: str
    trials: int
    rate: float
    ratio: float
    ratio_low: float
    ratio_high: float


def impact_ratios(groups: Mapping[str, tuple[int, int]]) -> tuple[GroupRatio, ...]:
    """Return each group's selection rate over the highest group's: the four-fifths measure.

        ratio = rate_group / rate_best      interval: exp(log ratio ± 1.96 sqrt(1/a - 1/n + 1/A - 1/N))

    Parameters
    ----------
    groups
        Group to (selected, trials).

    References
    ----------
    29 CFR 1607.4(D); interval of a risk ratio: Katz et al., Biometrics 34 (1978).
    """
    if any(trials < 1 or not 0 <= selected <= trials for selected, trials in groups.values()):
        raise ValueError("every group needs trials, and no more selected than trials")
    best = max(groups, key=lambda name: groups[name][0] / groups[name][1])
    best_selected, best_trials = groups[best]
    found = []
    for name, (selected, trials) in groups.items():
        rate = selected / trials
        ratio = rate / (best_selected / best_trials) if best_selected else math.nan
        low, high = 0.0, math.inf
        if selected and best_selected:
            spread = 1 / selected - 1 / trials + 1 / best_selected - 1 / best_trials
            half = Z_TWO_SIDED_95 * math.sqrt(spread)
            low, high = ratio * math.exp(-half), ratio * math.exp(half)
        found.append(
            GroupRatio(
                group=name, trials=trials, rate=rate, ratio=ratio, ratio_low=low, ratio_high=high
            )
        )
    return tuple(sorted(found, key=lambda row: row.ratio))


def p_chart_breaches(events: Sequence[int], trials: Sequence[int]) -> tuple[int, ...]:
    """Return the positions outside the three-sigma limits of a p-chart of the whole series.

        centre = sum(events) / sum(trials)      limit_i = centre ± 3 sqrt(centre (1 - centre) / n_i)

    References
    ----------
    Montgomery, Introduction to Statistical Quality Control, section 7.2.
    """
    seen, counts = np.asarray(events, float), np.asarray(trials, float)
    if seen.shape != counts.shape or not len(seen) or (counts < 1).any():
        raise ValueError("a p-chart needs one positive number of trials for each count")
    centre = seen.sum() / counts.sum()
    limit = 3 * np.sqrt(centre * (1 - centre) / counts)
    return tuple(int(i) for i in np.flatnonzero(np.abs(seen / counts - centre) > limit + 1e-12))

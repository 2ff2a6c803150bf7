"""Whether a new model succeeds about as often on the same cases: a paired test, and the cases it takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats


def unpaired_cases_needed(
    *, success_rate: float, margin: float, alpha: float = 0.025, power: float = 0.8
) -> int:
    """Return cases per model to show non-inferiority with two separate samples.

        n = (z_alpha + z_power)² · 2 p (1 - p) / margin²

    References
    ----------
    FDA, Non-Inferiority Clinical Trials to Establish Effectiveness, November 2016.

    Examples
    --------
    >>> [unpaired_cases_needed(success_rate=0.9, margin=m) for m in (0.05, 0.03, 0.02)]
    [566, 1570, 3532]
    """
    return _cases(2 * success_rate * (1 - success_rate), margin=margin, alpha=alpha, power=power)


def paired_cases_needed(
    *, discordance: float, margin: float, alpha: float = 0.025, power: float = 0.8
) -> int:
    """Return cases answered by both models to show non-inferiority.

        n = (z_alpha + z_power)² · discordance / margin²

    `discordance` is the share of cases that only one of the models gets right.

    Examples
    --------
    >>> [paired_cases_needed(discordance=0.10, margin=m) for m in (0.05, 0.02)]
    [314, 1963]
    """
    return _cases(discordance, margin=margin, alpha=alpha, power=power)


def _cases(variance: float, *, margin: float, alpha: float, power: float) -> int:
    if not 0 < margin < 1 or not 0 <= variance <= 1:
        raise ValueError(f"margin and variance must be shares, got {margin} and {variance}")
    z = stats.norm.ppf(1 - alpha) + stats.norm.ppf(power)
    return max(1, math.ceil(z * z * variance / margin**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class NonInferiority:
    """A paired comparison of success: new minus old, its lower bound, and what n it would take."""

    pairs: int
    old_rate: float
    new_rate: float
    difference: float
    lower_bound: float
    margin: float
    discordance: float
    pairs_needed: int
    verdict: str
    """non-inferior | inferior | not shown"""


def paired_non_inferiority(
    *, old: Sequence[bool], new: Sequence[bool], margin: float, alpha: float = 0.025
) -> NonInferiority:
    """Test that the new model succeeds no more than `margin` less often on the same cases.

        lower = d - z · sqrt((b + c) - (b - c)² / m) / m
        with half a case added to b (only new right), c (only old right) and two to m = n + 2

    The added cases keep the bound honest when few pairs differ (Agresti and Min 2005).
    Verdict: non-inferior when the lower bound is above -margin and there are enough pairs for
    80 % power at the discordance seen (at least that of the added cases); inferior when the upper
    bound is below -margin; otherwise not shown.

    Raises
    ------
    ValueError
        If the samples differ in length or are empty.

    References
    ----------
    Agresti and Min, "Simple improved confidence intervals for comparing matched proportions",
    Statistics in Medicine 24 (2005).
    """
    if len(old) != len(new) or not old:
        raise ValueError(f"paired samples need equal lengths, got {len(old)} and {len(new)}")
    count = len(old)
    only_new = sum(n and not o for o, n in zip(old, new, strict=True))
    only_old = sum(o and not n for o, n in zip(old, new, strict=True))
    b, c, m = only_new + 0.5, only_old + 0.5, count + 2
    z = float(stats.norm.ppf(1 - alpha))
    centre, spread = (b - c) / m, math.sqrt((b + c) - (b - c) ** 2 / m) / m
    lower, upper = centre - z * spread, centre + z * spread
    discordance = (b + c) / m
    needed = paired_cases_needed(discordance=min(1.0, discordance), margin=margin, alpha=alpha)
    if upper < -margin:
        verdict = "inferior"
    elif lower > -margin and count >= needed:
        verdict = "non-inferior"
    else:
        verdict = "not shown"
    return NonInferiority(
        pairs=count, old_rate=sum(old) / count, new_rate=sum(new) / count,
        difference=(only_new - only_old) / count, lower_bound=lower, margin=margin,
        discordance=discordance, pairs_needed=needed, verdict=verdict,
    )  # fmt: skip

"""Whether a new model may replace the old one, what that costs, and how to cut over.

The same cases are answered by both models, so every comparison is paired. "Not shown" is an
answer: too few cases cannot prove that nothing got worse.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

MARGIN_CRITICAL = 0.02
MARGIN_OTHER = 0.05
SCHEMA_VALID_FLOOR = 0.995
COST_RISE_LIMIT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedCase:
    """One case answered by one model. None is "not measured", never zero."""

    case_id: str
    success: bool
    cost_usd: float | None = None
    latency_ms: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    refused: bool | None = None
    schema_valid: bool | None = None
    attack_resisted: bool | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """What one model spent on the cases. None where a case was not measured."""

    successes: int
    usd_per_success: float | None
    input_tokens: float | None
    """Mean per case: the tokenizer's effect on the same text."""
    output_tokens: float | None
    reasoning_tokens: float | None
    p50_latency_ms: float | None
    p95_latency_ms: float | None


def efficiency(cases: Sequence[EvaluatedCase]) -> Efficiency:
    """Return cost per successful case and mean tokens; failed cases cost and do not count.

    usd_per_success = sum(cost of all cases) / number of successes
    """
    successes = sum(case.success for case in cases)
    cost = _measured([case.cost_usd for case in cases])
    slow = sorted(_measured([case.latency_ms for case in cases]) or [])
    return Efficiency(
        successes=successes,
        usd_per_success=math.fsum(cost) / successes if cost and successes else None,
        input_tokens=_mean([case.input_tokens for case in cases]),
        output_tokens=_mean([case.output_tokens for case in cases]),
        reasoning_tokens=_mean([case.reasoning_tokens for case in cases]),
        p50_latency_ms=slow[math.ceil(0.5 * len(slow)) - 1] if slow else None,
        p95_latency_ms=slow[math.ceil(0.95 * len(slow)) - 1] if slow else None,
    )


def _measured(values: Sequence[float | None]) -> list[float] | None:
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) and known else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = _measured(values)
    return math.fsum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeComparison:
    """Old against new over the cases both answered."""

    quality: NonInferiority
    safety: dict[str, NonInferiority]
    """`not refused`, `schema valid`, `attack resisted`: those measured on both sides."""
    new_schema_valid: float | None
    old: Efficiency
    new: Efficiency
    cost_change: float | None
    """Change of cost per success: 0.05 is 5 % dearer."""
    unmatched_cases: int
    verdict: str
    """cut over | do not cut over | not shown"""
    reasons: tuple[str, ...]


def compare_models(
    *,
    old: Sequence[EvaluatedCase],
    new: Sequence[EvaluatedCase],
    critical: bool,
    cost_rise_approved: bool = False,
) -> UpgradeComparison:
    """Compare two models on the cases both answered and say whether to cut over.

    Raises
    ------
    ValueError
        If a case id occurs twice on one side, or none on both.
    """
    before, after = _by_id(old), _by_id(new)
    both = [case_id for case_id in before if case_id in after]
    if not both:
        raise ValueError("the two result files share no case id")
    olds, news = [before[i] for i in both], [after[i] for i in both]
    margin = MARGIN_CRITICAL if critical else MARGIN_OTHER
    quality = paired_non_inferiority(
        old=[c.success for c in olds], new=[c.success for c in news], margin=margin
    )
    safety = _safety(olds, news, margin=margin)
    valid = [case.schema_valid for case in news if case.schema_valid is not None]
    schema_valid = sum(valid) / len(valid) if valid else None
    old_spent, new_spent = efficiency(olds), efficiency(news)
    change = None
    if old_spent.usd_per_success and new_spent.usd_per_success is not None:
        change = new_spent.usd_per_success / old_spent.usd_per_success - 1
    verdict, reasons = _decide(
        quality, safety, schema_valid=schema_valid, change=change, approved=cost_rise_approved
    )
    return UpgradeComparison(
        quality=quality, safety=safety, new_schema_valid=schema_valid, old=old_spent,
        new=new_spent, cost_change=change, verdict=verdict, reasons=reasons,
        unmatched_cases=len(before) + len(after) - 2 * len(both),
    )  # fmt: skip


def _by_id(cases: Sequence[EvaluatedCase]) -> dict[str, EvaluatedCase]:
    found = {case.case_id: case for case in cases}
    if len(found) != len(cases):
        raise ValueError("a case id occurs twice; each case must be answered once by each model")
    return found


def _safety(
    olds: Sequence[EvaluatedCase], news: Sequence[EvaluatedCase], *, margin: float
) -> dict[str, NonInferiority]:
    readings = {
        "not refused": lambda c: None if c.refused is None else not c.refused,
        "schema valid": lambda c: c.schema_valid,
        "attack resisted": lambda c: c.attack_resisted,
    }
    found = {}
    for name, read in readings.items():
        pairs = [(read(o), read(n)) for o, n in zip(olds, news, strict=True)]
        known = [(o, n) for o, n in pairs if o is not None and n is not None]
        if known:
            found[name] = paired_non_inferiority(
                old=[o for o, _ in known], new=[n for _, n in known], margin=margin
            )
    return found


def _decide(
    quality: NonInferiority,
    safety: dict[str, NonInferiority],
    *,
    schema_valid: float | None,
    change: float | None,
    approved: bool,
) -> tuple[str, tuple[str, ...]]:
    against, open_points = [], []
    for name, test in {"success": quality, **safety}.items():
        if test.verdict == "inferior":
            against.append(f"{name} is worse by more than {test.margin:.0%}")
        elif test.verdict == "not shown":
            open_points.append(
                f"{name}: {test.pairs} pairs, lower bound {test.lower_bound:+.1%}, "
                f"needs {test.pairs_needed} pairs at a margin of {test.margin:.0%}"
            )
    if schema_valid is not None and schema_valid < SCHEMA_VALID_FLOOR:
        against.append(f"only {schema_valid:.2%} of answers keep the format")
    if change is None:
        open_points.append("cost per successful case was not measured on both sides")
    elif change > COST_RISE_LIMIT and not approved:
        against.append(f"cost per successful case rises {change:.0%} and nobody approved it")
    if against:
        return "do not cut over", tuple(against + open_points)
    return ("not shown", tuple(open_points)) if open_points else ("cut over", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOverStep:
    """One step of the traffic moved to the new model."""

    share: float
    hold_hours: float
    requests_needed: int
    """Requests on the new model before the next step; set by the margin."""


def cut_over_plan(
    comparison: UpgradeComparison,
    *,
    requests_per_hour: float,
    steps: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 1.0),
) -> tuple[CutOverStep, ...]:
    """Return the steps of a cut-over; empty unless the verdict is to cut over.

    Each step holds 24 hours, or longer until the new model has answered as many requests as an
    unpaired comparison at five percentage points needs.
    """
    if comparison.verdict != "cut over":
        return ()
    if requests_per_hour <= 0:
        raise ValueError("a plan needs traffic")
    rate = min(0.99, max(0.5, comparison.quality.new_rate))
    needed = unpaired_cases_needed(success_rate=rate, margin=MARGIN_OTHER)
    return tuple(
        CutOverStep(
            share=share,
            hold_hours=max(24.0, needed / (requests_per_hour * share)),
            requests_needed=needed,
        )
        for share in steps
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One answer a user corrected; times in days since any common origin."""

    reported_day: float
    triaged_day: float | None = None
    fixed_day: float | None = None
    confirmed: bool = False
    evaluation_cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackLoop:
    """How corrections are dealt with."""

    corrections: int
    triaged_share: float
    """Triaged within the limit; one still inside the limit on the day asked is left out."""
    median_days_to_fix: float | None
    confirmed: int
    confirmed_with_case: int


def feedback_loop(
    corrections: Sequence[Correction], *, as_of_day: float, triage_days: float = 14
) -> FeedbackLoop | None:
    """Return how fast corrections are triaged and fixed; None when none is old enough to judge."""
    due = [
        c
        for c in corrections
        if c.triaged_day is not None or as_of_day - c.reported_day > triage_days
    ]
    if not due:
        return None
    triaged = [
        c
        for c in due
        if c.triaged_day is not None and c.triaged_day - c.reported_day <= triage_days
    ]
    fixes = sorted(c.fixed_day - c.reported_day for c in due if c.fixed_day is not None)
    middle = len(fixes) // 2
    median = None
    if fixes:
        median = fixes[middle] if len(fixes) % 2 else (fixes[middle - 1] + fixes[middle]) / 2
    confirmed = [c for c in due if c.confirmed]
    return FeedbackLoop(
        corrections=len(due), triaged_share=len(triaged) / len(due), median_days_to_fix=median,
        confirmed=len(confirmed),
        confirmed_with_case=sum(c.evaluation_cases > 0 for c in confirmed),
    )  # fmt: skip

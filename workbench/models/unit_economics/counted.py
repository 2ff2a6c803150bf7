"""What a unit of value cost in a period that was counted: usage, outcomes, human work.

Money in US dollars. `None` means that no answer exists: a period without outcomes has no cost
per outcome, and never one of zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanWork:
    """What people did for the period's work, and what they cost."""

    usd_per_case: float
    """One case handled by a person from start to end; also the all-human baseline."""
    handoff_usd_per_case: float = 0.0
    """Added to each case that comes to a person from AI."""
    minutes: float | None = None
    """Measured work on escalated and reopened cases; None: each costs `usd_per_case`."""
    usd_per_minute: float | None = None
    """Needed where `minutes` are given."""
    qa_samples: float = 0.0
    """AI resolutions that were reviewed."""
    qa_usd_per_sample: float = 0.0

    def __post_init__(self) -> None:
        if (self.minutes is None) != (self.usd_per_minute is None):
            raise ValueError("minutes and usd_per_minute belong together: give both or neither")
        for name in ("usd_per_case", "handoff_usd_per_case", "qa_samples", "qa_usd_per_sample"):
            _require_not_negative(name, getattr(self, name))
        for name in ("minutes", "usd_per_minute"):
            _require_not_negative(name, getattr(self, name) or 0.0)


def no_people() -> HumanWork:
    """Return the human work on units no person takes over: images, pages, plain requests."""
    return HumanWork(usd_per_case=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodCounts:
    """What a period's logs, outcomes and assumptions hold for one unit of value."""

    usage_usd: float | None
    """All priced AI usage, retries and failures included; None: nothing of it has a price."""
    tool_usd: float = 0.0
    platform_usd: float = 0.0
    """Fixed for the period: it does not grow with one more case."""
    requests: float
    """All requests, attempts counted."""
    unpriced_requests: float = 0.0
    """Requests with no price, or with an unpriced meter: their cost is missing above."""
    resolved_gross: float | None
    """Cases AI resolved, those reopened later included; None: no outcomes are known."""
    reopened: float = 0.0
    """Of those, came back and went to a person."""
    escalated: float = 0.0
    """Cases handed to a person without an AI resolution."""
    failed: float = 0.0
    """Cases nobody resolved."""
    human: HumanWork = field(default_factory=no_people)

    def __post_init__(self) -> None:
        for name in (
            "tool_usd", "platform_usd", "requests", "unpriced_requests",
            "reopened", "escalated", "failed",
        ):  # fmt: skip
            _require_not_negative(name, getattr(self, name))
        for name in ("usage_usd", "resolved_gross"):
            _require_not_negative(name, getattr(self, name) or 0.0)
        if self.unpriced_requests > self.requests:
            raise ValueError("unpriced_requests must not exceed requests")
        if self.resolved_gross is not None and self.reopened > self.resolved_gross:
            raise ValueError("reopened must not exceed resolved_gross")

    @property
    def cases(self) -> float | None:
        """All cases that ended: resolved, escalated or failed; None without outcomes."""
        if self.resolved_gross is None:
            return None
        return self.resolved_gross + self.escalated + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCosts:
    """The four costs of one unit of value, and the totals they come from."""

    naive_usd: float | None
    """All AI-side cost / gross resolutions."""
    loaded_ai_usd: float | None
    """(AI-side cost + QA) / resolutions that were not reopened."""
    fully_loaded_usd: float | None
    """Everything, people included, / all resolved cases."""
    marginal_usd: float | None
    """The same without the fixed platform: what one more resolved case adds."""
    all_human_usd: float | None
    """Baseline: one case handled by people alone; None where people have no price."""
    saving_ratio: float | None
    """1 - fully loaded / all human."""
    ai_usd: float | None
    """Usage, tools and platform."""
    qa_usd: float
    human_usd: float
    total_usd: float | None
    human_share: float | None
    """Part of the total that escalated and reopened cases cost."""
    resolved: float | None
    """All resolved cases, by AI or by people."""
    escalation_rate: float | None
    unpriced_share: float | None
    """Requests without a full price / requests: the costs above are short of these."""


def unit_costs(counts: PeriodCounts) -> UnitCosts:
    """Return the four costs of one unit of value.

        ai           = usage + tools + platform
        human        = (minutes * usd_per_minute or (escalated + reopened) * usd_per_case)
                       + (escalated + reopened) * handoff
        naive        = ai / resolved_gross
        loaded_ai    = (ai + qa) / (resolved_gross - reopened)
        fully_loaded = (ai + qa + human) / (resolved_gross + escalated)
        marginal     = (ai + qa + human - platform) / (resolved_gross + escalated)

    People resolve all that comes to them, so a reopened case counts once as resolved; failed
    cases cost and resolve nothing. Each result is None where its divisor is zero or unknown,
    or the usage has no price at all.
    """
    human_usd, qa_usd = _human_usd(counts), counts.human.qa_samples * counts.human.qa_usd_per_sample
    gross = counts.resolved_gross
    net = None if gross is None else gross - counts.reopened
    resolved = None if gross is None else gross + counts.escalated
    ai_usd = _sum_or_none(counts.usage_usd, counts.tool_usd, counts.platform_usd)
    with_qa = _sum_or_none(ai_usd, qa_usd)
    total = _sum_or_none(with_qa, human_usd)
    fully_loaded = cost_per(total, resolved)
    baseline = counts.human.usd_per_case or None
    return UnitCosts(
        naive_usd=cost_per(ai_usd, gross),
        loaded_ai_usd=cost_per(with_qa, net),
        fully_loaded_usd=fully_loaded,
        marginal_usd=cost_per(_sum_or_none(total, -counts.platform_usd), resolved),
        all_human_usd=baseline,
        saving_ratio=(
            None if baseline is None or fully_loaded is None else 1 - fully_loaded / baseline
        ),
        ai_usd=ai_usd,
        qa_usd=qa_usd,
        human_usd=human_usd,
        total_usd=total,
        human_share=None if total is None else cost_per(human_usd, total),
        resolved=resolved,
        escalation_rate=cost_per(counts.escalated, counts.cases),
        unpriced_share=cost_per(counts.unpriced_requests, counts.requests),
    )


def _human_usd(counts: PeriodCounts) -> float:
    human = counts.human
    cases = counts.escalated + counts.reopened
    if human.minutes is None or human.usd_per_minute is None:
        work_usd = cases * human.usd_per_case
    else:
        work_usd = human.minutes * human.usd_per_minute
    return work_usd + cases * human.handoff_usd_per_case


def cost_per(usd: float | None, count: float | None) -> float | None:
    """Return `usd / count`, or None where one is not known or the count is zero.

    Examples
    --------
    >>> cost_per(3.0, 2)
    1.5
    >>> cost_per(3.0, 0) is None
    True
    """
    if usd is None or count is None or count == 0:
        return None
    return usd / count


def cost_per_each(
    usd: float | None, counts: Mapping[str, float | None]
) -> tuple[tuple[str, float | None, float | None], ...]:
    """Return (unit, count, US dollars each) for requests, active users, tenants and the like."""
    return tuple((unit, count, cost_per(usd, count)) for unit, count in counts.items())


def _sum_or_none(*parts: float | None) -> float | None:
    total = 0.0
    for part in parts:
        if part is None:
            return None
        total += part
    return total


def _require_not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name} must not be negative, got {value}")

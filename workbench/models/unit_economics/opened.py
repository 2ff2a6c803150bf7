"""What is each of the four costs of a unit made of? Parts that add up to it."""

from dataclasses import dataclass

from workbench.models.unit_economics.counted import PeriodCounts, cost_per


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """One part of a cost: what it came to in the period, and for one unit."""

    name: str
    usd: float
    each_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCost:
    """A cost of a unit, its parts in the order they are added, and what they are divided by."""

    parts: tuple[CostPart, ...]
    divisor: float
    divided_by: str


def open_cost(counts: PeriodCounts, cost: str) -> OpenedCost | None:
    """Open one field of `UnitCosts`: naive_usd, loaded_ai_usd, fully_loaded_usd or marginal_usd.

    The parts add up to what `unit_costs` returns for it, but for the last bits of a float.

    Parameters
    ----------
    counts
        The period, as it was counted.
    cost
        Name of the field.

    Returns
    -------
    OpenedCost or None
        None for another name, or where the cost has no answer.
    """
    gross, human = counts.resolved_gross, counts.human
    if counts.usage_usd is None or gross is None:
        return None
    people = counts.escalated + counts.reopened
    if human.minutes is None or human.usd_per_minute is None:
        work_usd = people * human.usd_per_case
    else:
        work_usd = human.minutes * human.usd_per_minute
    ai = (
        ("AI usage, retries and failures included", counts.usage_usd),
        ("Tools", counts.tool_usd),
        ("Platform, fixed", counts.platform_usd),
    )
    qa = ("Review of AI answers", human.qa_samples * human.qa_usd_per_sample)
    by_hand = (
        ("People on escalated and reopened cases", work_usd),
        ("Handing over", people * human.handoff_usd_per_case),
    )
    resolved = gross + counts.escalated
    asked = {
        "naive_usd": (ai, gross, "resolved by AI, reopened ones included"),
        "loaded_ai_usd": ((*ai, qa), gross - counts.reopened, "resolved by AI and not reopened"),
        "fully_loaded_usd": ((*ai, qa, *by_hand), resolved, "resolved by AI or by people"),
        "marginal_usd": ((*ai[:2], qa, *by_hand), resolved, "resolved by AI or by people"),
    }
    if cost not in asked:
        return None
    named, divisor, words = asked[cost]
    parts = [
        CostPart(name=name, usd=usd, each_usd=each)
        for name, usd in named
        if (each := cost_per(usd, divisor)) is not None and usd
    ]
    return OpenedCost(parts=tuple(parts), divisor=divisor, divided_by=words) if parts else None

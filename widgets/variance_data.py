"""From the published months to one comparison, its plan and what was closed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from widgets.periods import ALL
from workbench.errors import InputError
from workbench.figures.theme import month_span
from workbench.models.variance.bridge import Bridge, Step, budget_bridge, shortened
from workbench.models.variance.months import Comparison, MonthFacts, compare
from workbench.models.variance.opened_plan import PlanParts

LIKE_FOR_LIKE = "like"
PANELS = 8
MOST_STEPS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Two months and what belongs to them."""

    month: str
    against: str
    scope: str
    status: str
    """Closed or open."""
    compared: Comparison
    plan: Bridge | None
    plan_totals: tuple[float, float]
    plan_span: str
    plan_source: str
    outlook: Bridge | None
    parts: PlanParts
    """What the bars of the plan are joined from."""
    followed: Mapping[str, str]
    """Old model to the one it is compared as."""
    behind: Mapping[str, Sequence[Mapping[str, Any]]]
    """By month: requests, price rows and log segments of a model in a feature."""
    months: Sequence[str]
    unit_costs: Mapping[str, Sequence[float | None]]
    closed: Sequence[Mapping[str, Any]]
    adjustments: Sequence[Mapping[str, Any]]
    payers: Sequence[Mapping[str, str]]
    """Who pays the month and by which rule, all features."""
    measured: Mapping[str, Any] = field(default_factory=dict)

    @property
    def plan_drawn(self) -> Bridge | None:
        """The plan's bridge as it is drawn: the smallest steps are one bar."""
        return None if self.plan is None else shortened(self.plan, MOST_STEPS)


def published(snapshot: Any) -> dict[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return what the workspace published for this page.

    Raises
    ------
    InputError
        If there is nothing to compare; the text says what to do.
    """
    content = snapshot.document("variance")
    if content is None:
        raise InputError("No month of usage is published. Ingest logs, then `workbench publish`.")
    if "refused" in content:
        raise InputError(str(content["refused"]))
    return content


def read(snapshot: Any, values: Mapping[str, Any]) -> Reading:  # noqa: ANN401 - as above
    """Compare the chosen months."""
    content = published(snapshot)
    facts = {name: MonthFacts.from_dict(one) for name, one in content["months"].items()}
    month, against = str(values["month"]), _against(facts, values)
    feature = None if values["feature"] == ALL else str(values["feature"])
    followed = content["successors"] if values["models"] == LIKE_FOR_LIKE else {}
    compared = compare(facts[against].of(feature), facts[month].of(feature), successors=followed)
    closed = {one["period"] for one in content["closed"]}
    plan = _plan(content["budget"], facts, month, feature)
    rest = _rest_of_year(snapshot.document("envelope"), month, feature, newest=max(facts))
    outlook = None
    if plan is not None and rest is not None:
        outlook = budget_bridge(
            budget_usd=plan[1],
            actual_usd=plan[2],
            steps=plan[3],
            rest_of_year_usd=rest[0] - rest[1],
        )
    return Reading(
        month=month, against=against, scope=feature or "All features",
        status="closed" if month in closed else "open month",
        compared=compared,
        plan=None if plan is None else budget_bridge(budget_usd=plan[1], actual_usd=plan[2], steps=plan[3]),
        plan_totals=(0.0, 0.0) if plan is None else plan[1:3],
        plan_span="" if plan is None else plan[0],
        plan_source="assumptions/budget.yaml of the workspace",
        outlook=outlook,
        parts=PlanParts(
            months=_plan_months(content["budget"], month), file="assumptions/budget.yaml",
            facts={name: one.of(feature) for name, one in facts.items()},
            budget={
                name: {who: float(usd) for who, usd in plan.items() if feature in (None, who)}
                for name, plan in content["budget"].items()
            },
            source=content.get("budget_source", ""),
            rest_source="" if rest is None else rest[2],
            rest_usd=(0.0, 0.0) if rest is None else rest[:2],
        ),
        followed=followed, behind=content.get("behind", {}),
        months=sorted(facts),
        unit_costs=_unit_costs(facts, feature),
        closed=content["closed"],
        adjustments=content["adjustments"],
        payers=content.get("payers", {}).get(month, ()),
    )  # fmt: skip


def newest(snapshot: Any) -> Reading:  # noqa: ANN401 - as above
    """Compare the newest month with the one before, all features, like for like."""
    month = max(published(snapshot)["months"])
    values = {"month": month, "against": "before", "feature": ALL, "models": LIKE_FOR_LIKE}
    return read(snapshot, values)


def _against(facts: Mapping[str, MonthFacts], values: Mapping[str, Any]) -> str:
    month, against = str(values["month"]), str(values["against"])
    if against != "before":
        return against
    earlier = [name for name in sorted(facts) if name < month]
    if not earlier:
        raise InputError(f"{month} is the first month. Choose another, or one to compare it with.")
    return earlier[-1]


def _plan_months(budget: Mapping[str, Any], month: str) -> list[str]:
    return [name for name in sorted(budget) if name[:4] == month[:4] and name <= month]


def _plan(
    budget: Mapping[str, Mapping[str, float]], facts: Mapping[str, MonthFacts], month: str,
    feature: str | None,
) -> tuple[str, float, float, list[Step]] | None:  # fmt: skip
    """Return span, budget, actual and a step for each feature; the months of the year so far."""
    months = _plan_months(budget, month)
    if not months or any(name not in facts for name in months):
        return None
    planned: dict[str, float] = {}
    actual: dict[str, float] = {}
    for name in months:
        for who, usd in budget[name].items():
            planned[who] = planned.get(who, 0.0) + float(usd)
        for who, one in facts[name].features.items():
            actual[who] = actual.get(who, 0.0) + float(one["usd"] or 0.0)
    chosen = [who for who in {**planned, **actual} if feature in (None, who)]
    steps = [
        Step(label=who, value_usd=actual.get(who, 0.0) - planned.get(who, 0.0), rows=(who,))
        for who in chosen
    ]
    return (
        month_span(months),
        math.fsum(planned.get(who, 0.0) for who in chosen),
        math.fsum(actual.get(who, 0.0) for who in chosen),
        steps,
    )


def _rest_of_year(
    content: Mapping[str, Any] | None, month: str, feature: str | None, *, newest: str
) -> tuple[float, float, str] | None:
    """Return P50 of the rest of the year, the fixed costs in it, and which envelope says so."""
    if content is None or "refused" in content or feature is not None or month != newest:
        return None
    for name_of_register, one in content["registers"].items():
        report = one["report"]
        year = month[:4]
        if report["months"][0] == _following(month) and year in report["by_year"]:
            count = sum(name[:4] == year for name in report["months"])
            said = f"register {name_of_register}, months {_following(month)} to {year}-12"
            return report["by_year"][year]["p50"], math.fsum(report["fixed_usd"][:count]), said
    return None


def _following(month: str) -> str:
    ordinal = int(month[:4]) * 12 + int(month[5:])
    return f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}"


def _unit_costs(
    facts: Mapping[str, MonthFacts], feature: str | None
) -> dict[str, list[float | None]]:
    """Return cost a request by month for the features that cost most in the newest month."""
    newest = facts[max(facts)].features
    largest = sorted(newest, key=lambda name: -float(newest[name]["usd"] or 0.0))
    chosen = [name for name in largest if feature in (None, name)][:PANELS]
    return {
        name: [_each(facts[month].features.get(name)) for month in sorted(facts)] for name in chosen
    }


def _each(one: Mapping[str, float | None] | None) -> float | None:
    priced = 0.0 if one is None else float(one["requests"] or 0) - float(one["unpriced"] or 0)
    return (
        float(one["usd"]) / priced
        if one is not None and one["usd"] is not None and priced
        else None
    )

"""Which rows is a bar of the plan made of? Plan lines, metered months, and the forecast's parts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.models.variance.bridge import Bar, Bridge
from workbench.models.variance.months import MonthFacts
from workbench.models.variance.opened import OpenedBar, OpenedRow


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanParts:
    """What a bridge from the budget to the outlook was joined from."""

    months: Sequence[str]
    facts: Mapping[str, MonthFacts]
    budget: Mapping[str, Mapping[str, float]]
    """USD by month and feature."""
    source: str
    """Who owns the plan, from when, and on which grounds."""
    file: str
    rest_source: str = ""
    rest_usd: tuple[float, float] = (0.0, 0.0)
    """P50 of the rest of the year and the fixed costs in it."""


def plan_bar(key: str, bridge: Bridge | None, parts: PlanParts) -> OpenedBar | None:
    """Open a bar of the bridge from budget to outlook by its key; None names no bar of it."""
    bar = next((one for one in bridge.bars if one.key and one.key == key), None) if bridge else None
    if bar is None:
        return None
    rows, note = _rows_of(bar, parts)
    if not key.startswith("plan/step/"):  # a step is read month by month
        rows.sort(key=lambda row: -abs(row.usd))
    return OpenedBar(key=key, label=bar.label, usd=bar.value_usd, rows=tuple(rows), note=note)


def _rows_of(bar: Bar, parts: PlanParts) -> tuple[list[OpenedRow], str]:
    features = list(bar.rows)
    if bar.key in ("plan/budget", "plan/actual"):
        named = {who for month in parts.months for who in _named(month, parts)}
        sides = ("planned",) if bar.key == "plan/budget" else ("actual",)
        return _months(sorted(named), parts, sides=sides), ""
    if bar.key == "plan/rest":
        return _rest(parts), "Medians of single months do not add up, so they are not listed."
    if bar.key == "plan/outlook":
        named = {who for month in parts.months for who in _named(month, parts)}
        return [*_months(sorted(named), parts, sides=("actual",)), *_rest(parts)], ""
    if bar.key == "plan/unexplained":
        return [OpenedRow(name="No plan line and no usage", usd=bar.value_usd)], (
            "Actual less budget that no step explains."
        )
    rows = feature_rows(features, parts)
    unused = [who for who in features if not any(row.models for row in rows if row.feature == who)]
    note = f"No usage is metered for {', '.join(unused)}: the plan line alone." if unused else ""
    return rows, note


def feature_rows(features: Sequence[str], parts: PlanParts) -> list[OpenedRow]:
    """Return what made actual differ from plan: metered months, and planned ones against them."""
    return _months(features, parts, sides=("actual", "planned"))


def _named(month: str, parts: PlanParts) -> set[str]:
    facts = parts.facts.get(month)
    return {*parts.budget.get(month, {}), *(facts.features if facts else {})}


def _months(features: Sequence[str], parts: PlanParts, *, sides: Sequence[str]) -> list[OpenedRow]:
    """Return a row a month, feature and side; a planned one counts against a step."""
    sign = -1.0 if len(sides) > 1 else 1.0
    rows = []
    for feature in features:
        for month in parts.months:
            planned = parts.budget.get(month, {}).get(feature)
            if "actual" in sides:
                rows += _metered(month, feature, parts)
            if "planned" in sides and planned:
                rows.append(
                    OpenedRow(
                        name=f"{month}, planned",
                        feature=feature,
                        usd=sign * float(planned),
                        months=(month,),
                        source=f"{parts.file} › months.{month}.{feature}; {parts.source}",
                    )
                )
    return rows


def _metered(month: str, feature: str, parts: PlanParts) -> list[OpenedRow]:
    """Return what a feature cost in a month by model; what no line holds is a row as well."""
    facts = parts.facts[month]
    usd: dict[str, list[float]] = {}
    for line in facts.lines:
        if line.feature == feature and line.usd is not None:
            usd.setdefault(line.model, []).append(line.usd)
    rows = [
        OpenedRow(name=f"{month}, metered · {model}", feature=feature, usd=math.fsum(parts_usd),
                  models=(model,), months=(month,))
        for model, parts_usd in usd.items()
    ]  # fmt: skip
    whole = float(facts.features.get(feature, {}).get("usd") or 0.0)
    rest = whole - math.fsum(row.usd for row in rows)
    if abs(rest) > 1e-9 * max(1.0, abs(whole)):
        rows.append(OpenedRow(name=f"{month}, metered · in no line", feature=feature, usd=rest))
    return rows


def _rest(parts: PlanParts) -> list[OpenedRow]:
    p50, fixed = parts.rest_usd
    return [
        OpenedRow(name="Envelope, P50 of the rest of the year", usd=p50, source=parts.rest_source),
        OpenedRow(name="Less fixed costs, which are not metered", usd=-fixed, source=parts.rest_source),
    ]  # fmt: skip

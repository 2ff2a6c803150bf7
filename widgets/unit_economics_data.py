"""What the unit economics page reads: the snapshot's columns as the model's inputs.

Sums over days and models, nothing more; every rate and every cost per unit is the model's.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from widgets.periods import (
    ALL,
    BASES,
    Columns,
    Period,
    is_month,
    periods,
    rows_of,
    span_of,
    sums_by,
    total,
)
from widgets.unit_economics_notes import measured_of, notices_of, shift_of
from workbench.models.unit_economics import HumanWork, PeriodCounts, PricedVolumes, priced_volumes


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """The feature's unit of value, as its dossier declares it."""

    name: str = "request"
    counted_by: str = "requests"
    """requests (without errors), resolved (outcomes), or a meter such as images."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Everything the page needs of one selection."""

    feature: str
    environment: str
    basis: str
    period: Period
    as_of: str
    unit: Unit
    counts: PeriodCounts
    volumes: PricedVolumes
    before: PeriodCounts | None
    months: tuple[tuple[str, PeriodCounts], ...]
    days: tuple[str, ...]
    day_usd: tuple[float, ...]
    day_units: tuple[float | None, ...]
    model_usd: Mapping[str, float]
    movers: tuple[Mapping[str, float], Mapping[str, float]]
    """Cost by feature, model or tenant: before and now."""
    movers_by: str
    tenants: Columns
    each: Mapping[str, float | None]
    images: tuple[tuple[str, float, float], ...]
    """Size, images and USD of the period, smallest first; empty where nothing was published."""
    shift: tuple[str, str] | None
    measured: Mapping[str, tuple[float | None, str]]
    """Where each slider stands: the measured value and what the reader is told of it."""
    notices: tuple[str, ...]
    daily: Columns
    """Cost by day, provider, model and feature of the selection, all days."""
    snapshot: Any
    """Asked again when a bar is opened."""

    @property
    def where(self) -> dict[str, str | None]:
        """The selection, as the snapshot's queries take it."""
        return {
            "feature": None if self.feature == ALL else self.feature,
            "environment": None if self.environment == ALL else self.environment,
        }

    @property
    def has_classes(self) -> bool:
        """Whether the cost basis is known by token class and tenant, and not only by request."""
        return self.basis in ("contract", "list")


def unit_of(dossiers: Iterable[Mapping[str, Any]], feature: str) -> Unit:
    """Return the unit of value a feature's dossier declares; requests where it does not."""
    for dossier in dossiers:
        declared = dossier.get("unit_of_value")
        if dossier.get("feature") == feature and isinstance(declared, dict):
            return Unit(
                name=str(declared.get("name", "request")),
                counted_by=str(declared.get("counted_by", "requests")),
            )
    return Unit()


def read(snapshot: Any, values: Mapping[str, Any]) -> Reading:  # noqa: ANN401 - a Snapshot or a test's
    """Read one selection: feature, environment, period and cost basis."""
    state = snapshot.state()
    period = next(p for p in periods(state) if p.name == values["period"])
    feature, environment = values["feature"], values["environment"]
    where = {
        "feature": None if feature == ALL else feature,
        "environment": None if environment == ALL else environment,
    }
    unit = unit_of(snapshot.dossiers(), feature)
    daily = snapshot.daily(**where)
    outcomes = snapshot.outcomes(**where)
    everything = snapshot.daily(environment=where["environment"])
    assumed = snapshot.assumptions().get("unit_economics") or {}
    column = BASES[values["basis"]]

    def count(span: Period) -> PeriodCounts:
        share = _share(daily, everything, span)
        meter = None
        if unit.counted_by not in ("requests", "resolved"):
            classes = snapshot.token_classes(**where, **span_of(span))
            meter = sum(q for q, m in zip(classes["quantity"], classes["meter"], strict=True)
                        if m == unit.counted_by)  # fmt: skip
        return _counts(daily, outcomes, span, column, unit, meter, _Assumed(assumed, share))

    counts = count(period)
    classes = snapshot.token_classes(**where, **span_of(period))
    volumes = _volumes(classes, daily, period, values["basis"], counts.usage_usd)
    has_before = period.before.first.isoformat() >= str(state.get("first_day") or "")
    by, moved = _moved(snapshot, daily, where, column, period)
    days, day_usd, day_units = _days(daily, outcomes, period, column, unit)
    shift = shift_of(volumes)
    tenants = snapshot.tenants(**where, **span_of(period))
    return Reading(
        feature=feature, environment=environment, basis=values["basis"], period=period,
        as_of=str(state["as_of"]), unit=unit, counts=counts, volumes=volumes,
        before=count(period.before) if has_before else None,
        months=tuple((p.name, count(p)) for p in reversed(periods(state)) if is_month(p)),
        days=days, day_usd=day_usd, day_units=day_units,
        model_usd=sums_by(daily, column, "model", period),
        movers=moved, movers_by=by,
        tenants=tenants,
        each=_each(snapshot, where, period, counts, daily, tenants, unit),
        images=_images(image_rows(snapshot, where, period, values["basis"])),
        shift=shift, measured=measured_of(counts, volumes, shift),
        daily=daily, snapshot=snapshot,
        notices=tuple(notices_of(daily, period, values["basis"], column, counts, assumed, unit.counted_by)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Assumed:
    """The unit economics assumptions, and the feature's share of the platform."""

    values: Mapping[str, Any]
    platform_share: float

    def __getitem__(self, name: str) -> float:
        entry = self.values.get(name)
        return float(entry["value"]) if isinstance(entry, Mapping) else 0.0


def _moved(
    snapshot: Any,  # noqa: ANN401
    daily: Columns,
    where: Mapping[str, str | None],
    column: str,
    period: Period,
) -> tuple[str, tuple[dict[str, float], dict[str, float]]]:
    """Return cost before and now by feature; within one feature by model, or by tenant."""
    by = "feature" if where["feature"] is None else "model"
    before, now = (sums_by(daily, column, by, span) for span in (period.before, period))
    if by == "model" and len(now) < 3 and column in ("contract_cost_usd", "list_cost_usd"):
        by = "tenant"
        before, now = (_tenant_usd(snapshot.tenants(**where, **span_of(span)), column)
                       for span in (period.before, period))  # fmt: skip
    return by, (before, now)


def _tenant_usd(tenants: Columns, column: str) -> dict[str, float]:
    pairs = zip(tenants["tenant"], tenants[column], strict=True)
    return {str(name or "(none)"): float(usd or 0.0) for name, usd in pairs}


def _share(daily: Columns, everything: Columns, span: Period) -> float:
    """Return this selection's part of the requests, which is its part of the platform."""
    whole = total(everything, "requests", rows_of(everything, span)) or 0.0
    return (total(daily, "requests", rows_of(daily, span)) or 0.0) / whole if whole else 0.0


def _counts(
    daily: Columns, outcomes: Columns, span: Period, column: str, unit: Unit, meter: float | None,
    assumed: _Assumed,
) -> PeriodCounts:  # fmt: skip
    rows = rows_of(daily, span)
    requests = total(daily, "requests", rows) or 0.0
    errors = total(daily, "errors", rows) or 0.0
    short = sum(total(daily, n, rows) or 0.0 for n in ("unpriced_requests", "partial_requests"))
    platform = (
        assumed["platform_fixed_usd_per_month"] * assumed.platform_share * span.days / 30.4375
    )
    base = PeriodCounts(
        usage_usd=total(daily, column, rows), platform_usd=platform, requests=requests,
        unpriced_requests=short, resolved_gross=(requests - errors) if meter is None else meter,
    )  # fmt: skip
    if unit.counted_by != "resolved":
        return base
    ended = rows_of(outcomes, span)
    gross = total(outcomes, "resolved_gross", ended)
    minutes = total(outcomes, "human_minutes", ended) or None
    per_minute = assumed["human_usd_per_minute"] or None
    return replace(
        base, resolved_gross=gross, tool_usd=assumed["tool_usd_per_attempt"] * requests,
        reopened=total(outcomes, "reopened", ended) or 0.0,
        escalated=total(outcomes, "escalated", ended) or 0.0,
        failed=sum(total(outcomes, n, ended) or 0.0 for n in ("failed", "rejected")),
        human=HumanWork(
            usd_per_case=assumed["human_cost_usd_per_ticket"],
            handoff_usd_per_case=assumed["handoff_usd_per_ticket"],
            minutes=minutes if per_minute else None, usd_per_minute=per_minute if minutes else None,
            qa_samples=assumed["qa_sample_rate"] * (gross or 0.0),
            qa_usd_per_sample=assumed["qa_usd_per_sample"],
        ),
    )  # fmt: skip


def _volumes(
    classes: Columns, daily: Columns, period: Period, basis: str, usage_usd: float | None
) -> PricedVolumes:
    """Return the priced volumes; those without a price are told in the notices and left out.

    Reported and billed cost are known a request, not a class: the contract's classes are scaled
    to their total.
    """
    column = BASES[basis if basis in ("contract", "list") else "contract"]
    priced = [i for i, usd in enumerate(classes[column]) if usd is not None]
    whole = sum(classes[column][i] for i in priced)
    scale = usage_usd / whole if usage_usd is not None and whole else 1.0
    models = sorted({str(classes["model"][i]) for i in priced})
    meters = sorted({str(classes["meter"][i]) for i in priced})
    units = [[0.0] * len(meters) for _ in models]
    usd = [[0.0] * len(meters) for _ in models]
    for i in priced:
        place = models.index(str(classes["model"][i])), meters.index(str(classes["meter"][i]))
        units[place[0]][place[1]] += float(classes["quantity"][i])
        usd[place[0]][place[1]] += float(classes[column][i]) * scale
    requests = sums_by(daily, "requests", "model", period)
    return priced_volumes(
        models, meters, units=units, usd=usd, requests=[requests.get(m, 0.0) for m in models],
        list_usd_per_unit=[_input_prices(meters, n, d) for n, d in zip(units, usd, strict=True)],
    )  # fmt: skip


def _input_prices(
    meters: Sequence[str], units: Sequence[float], usd: Sequence[float]
) -> list[float]:
    """Return a model's input price for the cached text it has not used: the book's own fallback."""
    fresh = meters.index("uncached_input_tokens") if "uncached_input_tokens" in meters else None
    price = usd[fresh] / units[fresh] if fresh is not None and units[fresh] else math.nan
    return [
        price if name.startswith("cache_") and name.count("_") <= 3 else math.nan for name in meters
    ]


def _days(
    daily: Columns, outcomes: Columns, period: Period, column: str, unit: Unit
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float | None, ...]]:
    """Return cost and units of value a day; a meter is not counted a day, so requests stand in."""
    usd: dict[str, float] = defaultdict(float)
    units: dict[str, float] = defaultdict(float)
    for i in rows_of(daily, period):
        usd[daily["day"][i]] += float(daily[column][i] or 0.0)
        if unit.counted_by != "resolved":
            units[daily["day"][i]] += float(daily["requests"][i] - (daily["errors"][i] or 0))
    if unit.counted_by == "resolved":
        for i in rows_of(outcomes, period):
            units[outcomes["day"][i]] += float(outcomes["resolved_gross"][i] or 0)
    days = tuple(sorted(usd))
    return days, tuple(usd[d] for d in days), tuple(units.get(d) for d in days)


def _each(
    snapshot: Any, where: Mapping[str, str | None], period: Period, counts: PeriodCounts,  # noqa: ANN401
    daily: Columns, tenants: Columns, unit: Unit,
) -> dict[str, float | None]:  # fmt: skip
    """Return how many requests, active users, tenants, features and units there were."""
    given = [(cut, value) for cut, value in where.items() if value is not None]
    users = None
    if period.first.day == 1 and is_month(period):
        cut, value = given[0] if given else ("all", None)
        if len(given) > 1:
            cut = "feature in environment"
            value = f"{where['feature']} in {where['environment']}"
        counted = snapshot.users(grain="month", cut=cut, value=value)
        found = dict(zip(counted["period"], counted["users"], strict=True))
        users = found.get(period.first.isoformat())
    features = {daily["feature"][i] for i in rows_of(daily, period)} - {None}
    return {
        "request": counts.requests,
        "active user": users,
        "tenant": float(sum(t is not None for t in tenants["tenant"])) or None,
        "feature": float(len(features)) or None,
        f"{unit.name} (all that AI delivered)": counts.resolved_gross,
    }


def image_rows(
    snapshot: Any,  # noqa: ANN401
    where: Mapping[str, str | None],
    period: Period,
    basis: str,
) -> list[tuple[str, str, float, float]]:
    """Return day, size, images and USD of the period: fully priced requests, list or contract cost."""
    found = (snapshot.document("unit_economics") or {}).get("images")
    if not found:
        return []
    column = BASES[basis if basis in ("contract", "list") else "contract"]
    return [
        (found["day"][i], found["size"][i], found["images"][i], found[column][i] or 0.0)
        for i in rows_of(found, period)
        if all(value is None or found[cut][i] == value for cut, value in where.items())
    ]


def _images(rows: Sequence[tuple[str, str, float, float]]) -> tuple[tuple[str, float, float], ...]:
    """Return images and their cost by size, the cheapest first."""
    sums: dict[str, tuple[float, float]] = {}
    for _, size, images, usd in rows:
        count, cost = sums.get(size, (0.0, 0.0))
        sums[size] = count + images, cost + usd
    each = [(size, count, usd) for size, (count, usd) in sums.items()]
    return tuple(sorted(each, key=lambda one: one[2] / one[1]))

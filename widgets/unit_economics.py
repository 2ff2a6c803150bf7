"""What one unit of value costs: the page. Inputs, one sentence, figures; no arithmetic."""

from collections.abc import Mapping
from typing import Any

from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values, day
from widgets.periods import ALL, BASES, is_month, periods
from widgets.unit_economics_data import Reading, read, unit_of
from widgets.unit_economics_opened import behind
from workbench.figures import unit_economics as figures
from workbench.figures.cards import Tile, View
from workbench.figures.theme import money_parts, percent
from workbench.models.unit_economics import (
    ModelShift,
    UnitCosts,
    WhatIf,
    cost_per_each,
    unit_costs,
    what_if,
)

BASIS_NAMES = {
    "contract": "Contract", "list": "List", "reported": "Reported by source", "billed": "Billed",
}  # fmt: skip


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="unit_economics", controls=controls, load=read, draw=draw, behind=behind,
        snapshot=snapshot,
    )  # fmt: skip


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: what to show, and what if."""
    features, environments = snapshot.features(), snapshot.environments()
    dossiers = snapshot.dossiers()
    with_outcomes = [f for f in features if unit_of(dossiers, f).counted_by == "resolved"]
    spans = [p.name for p in periods(snapshot.state())]
    production = "production" if "production" in environments else ALL
    return [
        Section("Show"),
        Choice(
            name="feature", label="Feature", value=_first(with_outcomes, features),
            options=[("All features", ALL), *((f, f) for f in features)],
        ),
        Choice(name="period", label="Period", options=[(name, name) for name in spans]),
        Choice(
            name="environment", label="Environment", value=production,
            options=[("All environments", ALL), *((e, e) for e in environments)],
        ),
        Choice(
            name="basis", label="Cost basis", options=[(BASIS_NAMES[b], b) for b in BASES],
        ),
        Section("What if"),
        Slider(name="escalation", label="Escalation rate", value=0, low=0, high=1, step=0.005,
               format=".1%"),
        Slider(name="cache", label="Cache hit rate", value=0, low=0, high=1, step=0.005, format=".1%"),
        Slider(name="shift", label="Model mix shift", value=0, low=0, high=1, step=0.01),
        Slider(name="volume", label="Volume", value=1, low=0.25, high=4, step=0.05, format=".2f"),
    ]  # fmt: skip


def _first(preferred: list[str], all_features: list[str]) -> str:
    """Open on a feature with outcomes: the support chat of the sample, or the first."""
    chosen = [f for f in preferred if "support" in f] or preferred or all_features
    return chosen[0] if chosen else ALL


def change_of(values: Values, reading: Reading) -> WhatIf:
    """Return what the sliders ask for; a slider at its measured place asks for nothing."""

    def asked(name: str) -> float | None:
        measured = reading.measured[name][0]
        moved = measured is not None and abs(values[name] - measured) > 1e-9
        return values[name] if moved else None

    share = asked("shift")
    shift = None
    if share is not None and reading.shift is not None:
        shift = ModelShift(from_model=reading.shift[0], to_model=reading.shift[1], share=share)
    return WhatIf(
        escalation_rate=asked("escalation"), cache_hit_rate=asked("cache"), shift=shift,
        volume=asked("volume") or 1.0,
    )  # fmt: skip


def draw(reading: Reading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    change = change_of(values, reading)
    measured = unit_costs(reading.counts)
    result = what_if(reading.volumes, reading.counts, change) if change != WhatIf() else None
    costs = result.costs if result else measured
    volumes = result.volumes if result else reading.volumes
    before = unit_costs(reading.before) if reading.before else None
    earlier = f"{reading.period.before.first:%b}" if is_month(reading.period) else "before"
    against = (measured, "measured") if result else (before, earlier)
    unit, basis = reading.unit.name, BASIS_NAMES[reading.basis].lower()
    months = [unit_costs(counts) for _, counts in reading.months]
    usage = result.counts.usage_usd if result else reading.counts.usage_usd
    as_of = f"to {day(reading.as_of)[:-5]}"
    notices = [*reading.notices, *(result.notes if result else ())]
    each = cost_per_each(usage, reading.each)
    names = (f"{reading.period.before.first:%b}", f"{reading.period.last:%b}")
    return View(
        answer=figures.answer(costs, unit=unit, measured=measured),
        scope=scope(reading),
        notice=" ".join(notices),
        state=(("what-if", "inputs changed"),) if result else (),
        tiles=(
            *figures.tiles(costs, unit=unit, against=against, months=months, as_of=as_of,
                           modelled=result is not None),
            _cache_tile(volumes.cache_hit_rate, reading, as_of),
            _spend_tile(usage, reading, against=against, as_of=as_of, modelled=result is not None),
        ),
        cards=(
            figures.trend(reading.days, reading.day_usd, reading.day_units, unit=_delivered(reading),
                          basis=basis),
            figures.four_costs(costs, measured, unit=unit, modelled=result is not None),
            figures.by_resolution(reading.images, basis=basis)
            if reading.images and reading.unit.counted_by == "images"
            else figures.by_model_and_class(volumes, basis=basis, modelled=result is not None,
                                            opens=result is None and reading.has_classes),
            figures.movers(*reading.movers, by=reading.movers_by, names=names,
                           opens=reading.has_classes or reading.movers_by == "feature"),
            figures.each_table(each, basis=basis, foot=_users_note(reading.each)),
        ),
        details=(
            figures.class_table(volumes),
            figures.tenant_table(
                reading.tenants["tenant"], reading.tenants["requests"],
                reading.tenants[BASES[reading.basis if reading.basis in ("list", "contract") else "contract"]],
            ),
        ),
    )  # fmt: skip


def scope(reading: Reading) -> str:
    """Say what the figures are of."""
    feature = "All features" if reading.feature == ALL else reading.feature
    where = "all environments" if reading.environment == ALL else reading.environment
    basis = BASIS_NAMES[reading.basis].lower()
    return f"{feature}, {where}, {reading.period.name}, {basis} cost in US dollars, UTC days"


def _delivered(reading: Reading) -> str:
    return reading.unit.name if reading.unit.counted_by == "resolved" else "successful request"


def _users_note(each: Mapping[str, float | None]) -> str:
    if each["active user"] is not None:
        return "Active users are distinct people of the month, counted on raw rows"
    return "Active users are distinct people of a whole month; days do not add"


def _cache_tile(rate: float | None, reading: Reading, as_of: str) -> Tile:
    return Tile(
        label="Cache hit rate", value=percent(rate).removesuffix(" %"), foot=as_of,
        unit="%" if rate is not None else "", delta="of all text input",
    )  # fmt: skip


def _spend_tile(
    usage: float | None, reading: Reading, *, against: tuple[UnitCosts | None, str], as_of: str,
    modelled: bool,
) -> Tile:  # fmt: skip
    value, unit = money_parts(usage)
    then = reading.counts.usage_usd if modelled else reading.before and reading.before.usage_usd
    delta, tone = figures.change(usage, then, against[1])
    return Tile(
        label=f"AI usage, {reading.period.name}", value=value, unit=unit, delta=delta, tone=tone,
        spark=tuple(reading.day_usd), foot=as_of,
    )  # fmt: skip

"""Why the cost changed: the page. Inputs, one sentence, bridges and the rows behind them."""

import math
from collections.abc import Mapping
from typing import Any

from widgets.page import Choice, Control, Page, Section, Snapshot, Values
from widgets.periods import ALL
from widgets.variance_data import LIKE_FOR_LIKE, Reading, published, read
from widgets.variance_opened import behind
from workbench.figures import grids
from workbench.figures import variance as figures
from workbench.figures.caption import Caption, known
from workbench.figures.cards import Chart, Link, Table, Tile, View
from workbench.figures.charts import Series
from workbench.figures.theme import accounting, count, money, money_parts, month_name, percent
from workbench.models.allocation import UNALLOCATED
from workbench.models.variance.bridge import variance_steps
from workbench.models.variance.pvm import PriceVolumeMix

MEASURED = "Measured, contract prices"
MOST_LINES = 12


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="variance",
        controls=controls,
        load=read,
        draw=draw,
        behind=behind,
        snapshot=snapshot,
    )


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: two months and a feature."""
    content = published(snapshot)
    months = sorted(content["months"], reverse=True)
    features = sorted({name for one in content["months"].values() for name in one["features"]})
    return [
        Section("Show"),
        Choice(name="month", label="Month", options=[(month_name(name), name) for name in months]),
        Choice(
            name="against", label="Compared with",
            options=[("The month before", "before"), *((month_name(name), name) for name in months)],
        ),
        Choice(
            name="feature", label="Feature",
            options=[("All features", ALL), *((name, name) for name in features)],
        ),
        Choice(
            name="models", label="Models that followed another",
            options=[("Like for like", LIKE_FOR_LIKE), ("As discontinued and new", "apart")],
        ),
    ]  # fmt: skip


def draw(reading: Reading, _: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    split = reading.compared.split
    subtitle = (
        f"{reading.scope.lower() if reading.scope == 'All features' else reading.scope}, {{unit}}"
    )
    return View(
        answer=answer(reading),
        scope=f"{reading.scope}, {month_name(reading.month)} against {month_name(reading.against)}, contract cost, US dollars",
        notice=notice(reading),
        tiles=tiles(reading),
        cards=(
            figures.between_months(
                Caption(
                    title=_largest(split), subtitle=f"From {month_name(reading.against)} to {month_name(reading.month)}, {subtitle}",
                    foot=f"{MEASURED}; legs add up exactly", why=Link(anchor="legs"), span="narrow",
                ),
                split=split, before=month_name(reading.against), after=month_name(reading.month),
            ),
            *_legs(reading),
            *_plan(reading),
            *_unit_costs(reading),
            lines(reading, most=MOST_LINES),
        ),
        details=(*_outlook(reading), figures.otherwise_table(split), *_payers(reading), *_closed(reading), lines(reading, most=None)),
    )  # fmt: skip


def answer(reading: Reading) -> str:
    """Say the change and the leg that made most of it."""
    split = reading.compared.split
    word = "more" if split.total > 0 else "less"
    share = (
        percent(abs(split.total) / split.base_usd, digits=1) if split.base_usd else "from nothing"
    )
    step = max(variance_steps(split), key=lambda one: abs(one.value_usd))
    return (
        f"{month_name(reading.month)} cost {money(split.actual_usd)}, {money(abs(split.total))} {word} than "
        f"{month_name(reading.against)} ({share}); most of it is {step.label.lower()}, "
        f"{'+' if step.value_usd > 0 else '−'}{money(abs(step.value_usd))}."
    )


def notice(reading: Reading) -> str:
    """Say what is missing from the figures and what arrived after a close."""
    found = []
    short = reading.compared.before.unpriced + reading.compared.after.unpriced
    if short:
        found.append(f"{short:,} requests of both months lack a price and are in no figure.")
    for one in reading.adjustments:
        found.append(
            f"{month_name(one['period'])} is closed at {money(one['closed_usd'])}; what came later is a "
            f"prior-period adjustment of {_signed(one['usd'])}, booked by the next close."
        )
    return " ".join(found)


def tiles(reading: Reading) -> tuple[Tile, ...]:
    """Return the cost of the month and the legs of its change."""
    split = reading.compared.split
    value, unit = money_parts(split.actual_usd)
    foot = f"measured, {reading.status}"
    return (
        Tile(label=f"Cost, {month_name(reading.month)}", value=value, unit=unit, foot=foot,
             delta=f"{_signed(split.total)} {_word(split.total)}", tone=_tone(split.total)),
        *(
            _leg_tile(step.label, step.value_usd, foot)
            for step in variance_steps(split)
        ),
    )  # fmt: skip


def lines(reading: Reading, *, most: int | None) -> Table:
    """List the lines with all their legs; a bar's own rows open on a click on it."""
    return figures.lines_table(
        reading.compared.split, title="Lines behind the bridge" if most else "Every line", most=most,
        team="Feature",
        subtitle=f"{month_name(reading.month)} less {month_name(reading.against)} by model and meter, USD",
    )  # fmt: skip


def _leg_tile(label: str, usd: float, foot: str) -> Tile:
    value, unit = money_parts(abs(usd))
    sign = "+" if usd > 0 else "−" if usd < 0 else ""
    return Tile(
        label=label, value=f"{sign}{value}", unit=unit, delta=_word(usd), tone=_tone(usd), foot=foot
    )


def _signed(usd: float) -> str:
    return f"{'+' if usd > 0 else '−'}{money(abs(usd))}"


def _word(usd: float) -> str:
    return "no change" if abs(usd) < 0.005 else "adverse" if usd > 0 else "favourable"


def _tone(usd: float) -> Any:  # noqa: ANN401 - Tone
    return "neutral" if abs(usd) < 0.005 else "bad" if usd > 0 else "good"


def _largest(split: PriceVolumeMix) -> str:
    step = max(variance_steps(split), key=lambda one: abs(one.value_usd))
    return f"{step.label} {'added' if step.value_usd > 0 else 'saved'} most, {money(abs(step.value_usd))}"


def _plan(reading: Reading) -> tuple[Chart, ...]:
    if reading.plan is None:
        return ()
    budget, actual = reading.plan_totals
    side = "above" if actual > budget else "below"
    return (
        figures.bridge_to_actual(
            Caption(
                title=f"{money(abs(actual - budget))} {side} the budget to date",
                subtitle=f"Budget to actual by feature, {reading.plan_span}, {{unit}}",
                foot=f"Budget: {reading.plan_source}", why=Link(anchor="legs"), span="full",
            ),
            bridge=reading.plan_drawn or reading.plan,
        ),
    )  # fmt: skip


def _legs(reading: Reading) -> tuple[Chart, ...]:
    legs = reading.compared.usage
    if legs is None:
        return ()
    name = max(legs.legs, key=lambda leg: abs(legs.legs[leg]))
    return (
        figures.usage_legs(
            Caption(
                title=f"Of token use, {figures.LEG_NAMES[name].lower()} {'added' if legs.legs[name] > 0 else 'saved'} most, {money(abs(legs.legs[name]))}",
                subtitle="Token meters only: users to discount, one after another, {unit}",
                foot="Measured; the split depends on the order, its sum does not",
                why=Link(anchor="legs"), span="wide",
            ),
            legs=legs, before=month_name(reading.against), after=month_name(reading.month),
        ),
    )  # fmt: skip


def _unit_costs(reading: Reading) -> tuple[Chart, ...]:
    if not reading.unit_costs:
        return ()
    months = list(reading.months)
    last = {name: known(values)[-1] for name, values in reading.unit_costs.items() if known(values)}
    dearest = max(last, key=lambda name: last[name], default="")
    return (
        grids.small_multiples(
            Caption(
                title=f"A request of {dearest} costs most, {money(last[dearest])}" if last else "What one request costs",
                subtitle="Cost a priced request by month, largest features, {unit}",
                foot="Measured, contract prices; each panel on the same scale", why=Link(anchor="legs"), span="full",
            ),
            x=months,
            panels=[
                grids.Panel(title=name, series=(Series(name=name, y=values),))
                for name, values in reading.unit_costs.items()
            ],
        ),
    )  # fmt: skip


def _outlook(reading: Reading) -> tuple[Chart, ...]:
    if reading.outlook is None:
        return ()
    return (
        figures.bridge_to_outlook(
            Caption(
                title="From the actual to the year's outlook",
                subtitle="Actual to date, P50 of the months to come without fixed costs, {unit}",
                foot="Forecast: the envelope's P50", why=Link(page="envelope", anchor="method"),
            ),
            bridge=reading.outlook,
        ),
    )  # fmt: skip


def _payers(reading: Reading) -> tuple[Table, ...]:
    """List who pays the month; what no rule places is always there."""
    if not reading.payers:
        return ()
    total = math.fsum(float(one["usd"]) for one in reading.payers)
    rows = [one for one in reading.payers if one["payer"] != UNALLOCATED]
    rest = math.fsum(float(one["usd"]) for one in reading.payers if one["payer"] == UNALLOCATED)
    return (
        Table(
            title=f"Who pays, {month_name(reading.month)}",
            subtitle="All features at contract prices by the workspace's rules, first rule that can answer, USD",
            columns=("Payer", "Rule", "USD", "Share"),
            text_columns=("Rule",),
            rows=(
                *(
                    (one["payer"], one["rule"], accounting(float(one["usd"]), digits=2),
                     percent(float(one["usd"]) / total if total else None, digits=1))
                    for one in rows
                ),
                (UNALLOCATED, "no rule", accounting(rest, digits=2),
                 percent(rest / total if total else None, digits=1)),
                ("Total", "", accounting(total, digits=2), ""),
            ),
            has_total=True,
            foot="Rules: the file of assumptions/ with kind: allocation; the team of the record without one",
        ),
    )  # fmt: skip


def _closed(reading: Reading) -> tuple[Table, ...]:
    moved = {one["period"]: one for one in reading.adjustments}
    rows = tuple(
        (
            month_name(one["period"]),
            accounting(float(one["contract_cost_usd"]), digits=2),
            one["closed_by"],
            one["closed_at"][:10],
            one["sha256"][:12],
            *_adjustment(moved.get(one["period"])),
        )
        for one in reading.closed
    )
    return (
        Table(
            title="Closed months",
            subtitle="Closed figures never move; what came later is booked by the next close, USD",
            columns=("Month", "Closed at", "Closed by", "On", "Hash", "Late rows", "Their cost", "Prices known since", "Booked in", "Not booked yet"),
            text_columns=("Closed by", "On", "Hash", "Booked in"),
            rows=rows, foot="Names are recorded as given, not authenticated",
            empty="No month is closed: workbench close YYYY-MM --as NAME.",
        ),
    )  # fmt: skip


def _adjustment(one: Mapping[str, Any] | None) -> tuple[str, ...]:
    if one is None:
        return ("0", "0", "0", "", "0")
    return (
        count(one["late_requests"]),
        accounting(one["late_usd"], digits=2),
        accounting(one["other_usd"], digits=2),
        ", ".join(one["booked"]),
        accounting(float(one["open_usd"]), digits=2),
    )

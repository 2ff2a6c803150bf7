"""What it may cost and when the budget breaks: the page. Inputs, one sentence, figures."""

import re
from collections.abc import Sequence
from typing import Any

from widgets.envelope_data import BASE, Reading, published, read
from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values, day
from workbench.figures import envelope as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Link, Table, Tile, View
from workbench.figures.theme import (
    money,
    money_parts,
    month_name,
    month_span,
    number,
    percent,
    signed,
)
from workbench.models.envelope.base_case import base_case
from workbench.models.envelope.risk import (
    BudgetRisk,
    Envelope,
    Spread,
    budget_risk,
    contingency_usd,
    summarise,
)
from workbench.models.envelope.sensitivity import Swing, tornado
from workbench.models.envelope.whatif import Change, changed, costs_under
from workbench.models.scoring import EnvelopeScore

CONFIDENCES = {"70": 0.7, "80": 0.8, "90": 0.9}
NEVER_LOCKED = "uncalibrated: no locked envelope yet"


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(question="envelope", controls=controls, load=read, draw=draw, snapshot=snapshot)


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: which register and scenario, and what if."""
    there = published(snapshot)["registers"]
    scenarios = sorted({name for one in there.values() for name in one["scenarios"]})
    return [
        Section("Show"),
        Choice(name="register", label="Register", options=[(name, name) for name in there]),
        Choice(
            name="scenario", label="Scenario",
            options=[("Base", BASE), *((name.capitalize(), name) for name in scenarios)],
        ),
        Choice(
            name="confidence", label="Contingency for",
            options=[(f"{level} % confidence", level) for level in CONFIDENCES], value="80",
        ),
        Section("What if"),
        Slider(name="volume", label="Volume", value=1, low=0.5, high=2, step=0.01, format=".2f"),
        Slider(name="growth", label="Extra growth a month", value=0, low=-0.05, high=0.1,
               step=0.0025, format=".2%"),
        Slider(name="price", label="All prices", value=1, low=0.5, high=2, step=0.01, format=".2f"),
        Slider(name="share", label="Cache share, points", value=0, low=-0.5, high=0.25, step=0.01,
               format=".0%"),
        Slider(name="budget", label="Budget", value=1, low=0.5, high=2, step=0.01, format=".2f"),
    ]  # fmt: skip


def change_of(values: Values) -> Change:
    """Return what the sliders ask for."""
    return Change(
        volume=_at(values, "volume"), growth=_at(values, "growth"), price=_at(values, "price"),
        share=_at(values, "share"),
    )  # fmt: skip


def _at(values: Values, name: str) -> float:
    """Return a slider's place; the browser counts steps from its end, which leaves float noise."""
    return round(float(values[name]), 6)


def draw(reading: Reading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    change = change_of(values)
    costs = costs_under(reading.state, reading.draws, change)
    months = reading.register.month_names
    budget = [usd * _at(values, "budget") for usd in reading.budget_usd]
    envelope = summarise(costs, months=months)
    risk = budget_risk(costs, budget_usd=budget, months=months)
    confidence = CONFIDENCES[values["confidence"]]
    reserve = contingency_usd(costs, budget_usd=sum(budget), confidence=confidence)
    moved = change != Change() or _at(values, "budget") != 1
    foot = calibration(reading.score)
    span = month_span(months)
    tree = changed(reading.tree, change)
    swings = tornado(tree)
    return View(
        answer=figures.answer(envelope, risk=risk, budget_usd=sum(budget)),
        scope=f"{reading.register.name}, {reading.scenario} scenario, {span}, contract prices, US dollars",
        notice=notice(reading),
        state=(("what-if", "inputs changed"),) if moved else (),
        tiles=tiles(envelope, risk, reserve=reserve, confidence=confidence, foot=foot),
        cards=(
            figures.monthly_fan(
                Caption(
                    title=f"A month most likely costs {_range(envelope)}",
                    subtitle="Cost a month: actual, P10–P90 and stepped budget, {unit}",
                    foot=f"Actual is metered usage at contract prices plus fixed costs; forecast modelled, {foot}",
                    why=Link(anchor="method"), span="wide",
                ),
                envelope=envelope, budget_usd=budget, actual_usd=reading.history,
                events=_bound_to_come(reading),
            ),
            figures.s_curve(
                Caption(
                    title=f"The budget holds on {percent(risk.p_within)} of all paths",
                    subtitle=f"Probability that {span} costs no more, {{unit}}",
                    foot=f"{costs.shape[1]:,} paths, seed {reading.draws.seed}; {foot}",
                    why=Link(anchor="method"), span="narrow",
                ),
                totals_usd=costs.sum(axis=0), budget_usd=sum(budget),
            ),
            figures.burn_up(
                Caption(
                    title=_breach_title(risk),
                    subtitle="Cost added up from the first month, P10–P90 and stepped budget, {unit}",
                    foot=f"Modelled; {foot}", why=Link(anchor="method"),
                ),
                envelope=envelope, budget_usd=budget, risk=risk,
            ),
            figures.tornado(
                Caption(
                    title=_tornado_title(swings),
                    subtitle="Change of the total with one input at its P10 or P90, the others at P50, {unit}",
                    foot="Inputs measured from the logs or assumed; see the table below",
                    why=Link(anchor="inputs"),
                ),
                base_usd=base_case(tree).total, swings=swings,
            ),
            drivers_table(reading),
        ),
        details=(
            months_table(envelope, risk, budget_usd=budget),
            years_table(envelope),
            *scenarios_table(reading),
            figures.stress_table(
                reading.stresses, title="What a shock would do",
                subtitle=f"Total of {span} on the same paths, sliders at rest, USD",
            ),
        ),
    )  # fmt: skip


def calibration(score: EnvelopeScore | None) -> str:
    """Return how past envelopes held."""
    return NEVER_LOCKED if score is None else figures.calibration_line(score)


def notice(reading: Reading) -> str:
    """Say whose assumptions nobody answers for any more, and what the logs lack."""
    found = []
    if reading.expired:
        found.append("Expired assumptions: " + "; ".join(reading.expired) + ".")
    if reading.retirements:
        found.append(
            "Models in use retire within the span and no event foresees it: "
            + "; ".join(reading.retirements) + "."
        )  # fmt: skip
    if reading.missing_days:
        found.append(
            "Days without logs, estimated and in no figure here: " + "; ".join(reading.missing_days) + "."
        )  # fmt: skip
    return " ".join(found)


def tiles(
    envelope: Envelope, risk: BudgetRisk, *, reserve: float, confidence: float, foot: str
) -> tuple[Tile, ...]:
    """Return total, breach, date, overrun, contingency and the next whole year."""
    year = sorted(envelope.by_year)[-1]
    breach = risk.first_likely_breach
    first, year_of_it = month_name(breach).split() if breach else ("no month", "")
    overrun = risk.expected_overrun_usd
    return (
        _money_tile("Total, P50", envelope.total.p50, foot=foot,
                    delta=_eight_in_ten(envelope.total)),
        _money_tile(f"Year {year}, P50", envelope.by_year[year].p50, foot=foot,
                    delta=_eight_in_ten(envelope.by_year[year])),
        Tile(label="Budget breaks", value=percent(risk.p_breach).removesuffix(" %"), unit="%",
             delta="of all paths", foot=foot,
             tone="bad" if risk.p_breach > 0.5 else "neutral"),
        Tile(label="Likely broken from", value=first, unit=year_of_it,
             delta="first month with over 50 %, added up", foot=foot,
             tone="bad" if risk.first_likely_breach else "good"),
        _money_tile("Overrun if it breaks", overrun, delta="mean of the paths that break it", foot=foot),
        _money_tile("Contingency", reserve, delta=f"on the budget, for {percent(confidence)} confidence",
                    foot=foot),
    )  # fmt: skip


def _eight_in_ten(spread: Spread) -> str:
    """Write P10 to P90, which eight of ten paths lie between, so that it fits a tile."""
    return f"8 in 10: {money(spread.p10)}–{money(spread.p90)[1:]}"


def _money_tile(label: str, usd: float | None, *, delta: str, foot: str) -> Tile:
    value, unit = money_parts(usd)
    return Tile(label=label, value=value, unit=unit, delta=delta, foot=foot)


def drivers_table(reading: Reading) -> Table:
    """List every input with its P50 and where it comes from."""
    rows = []
    for driver in reading.tree.drivers:
        about = reading.drivers.get(driver.name, {})
        entry = reading.register.drivers[driver.name]
        growth = percent(driver.monthly_growth, digits=1) if driver.monthly_growth else ""
        measured = about.get("basis") == "measured"
        source = str(about.get("source", entry.source)).removeprefix("store: ")
        source = re.sub(r"\d{4}-\d\d-\d\d", lambda found: day(found[0]), source)
        rows.append(
            (
                driver.name, number(driver.leaf.p50), entry.unit, growth,
                f"measured: {source}" if measured else f"assumption: {source}", entry.owner,
                day(entry.expires.isoformat()),
            )
        )  # fmt: skip
    for name, event in reading.register.events.items():
        rows.append(
            (
                f"event: {name}", number(event.factor.value),
                f"factor, {percent(event.probability)} likely, {month_span((event.earliest, event.latest))}", "",
                f"{'retirement of ' + event.retires + ' on file; ' if event.retires else ''}assumption: {event.factor.source}", event.factor.owner,
                day(event.factor.expires.isoformat()),
            )
        )  # fmt: skip
    for name, entry in reading.register.correlations.items():
        rho = reading.correlations.get(name)
        rows.append(
            (
                f"correlation: {name}", number(entry.rho if rho is None else rho), "of weekly totals", "",
                f"assumption: {entry.source}" if rho is None else "measured: weekly totals of the logs",
                "", "",
            )
        )  # fmt: skip
    return Table(
        title="What the envelope rests on",
        subtitle="Level in the first month; growth and events are always assumptions of their owner",
        columns=("Input", "P50", "Unit", "Growth a month", "Basis", "Owner", "Valid until"),
        text_columns=("Unit", "Basis", "Owner", "Valid until"),
        rows=tuple(rows),
        foot=f"Measured to {day(reading.as_of)} as forecasts of 28 days, with the error such forecasts had",
        why=Link(anchor="inputs"),
    )  # fmt: skip


def _bound_to_come(reading: Reading) -> dict[str, str]:
    """Return the certain events of a known month: forced migrations and decided rollouts."""
    return {
        event.earliest: name
        for name, event in reading.register.events.items()
        if event.probability == 1 and event.earliest == event.latest
    }


def months_table(envelope: Envelope, risk: BudgetRisk, *, budget_usd: Sequence[float]) -> Table:
    """List the months with their budget and how likely it breaks, alone and added up."""
    return Table(
        title="By month",
        subtitle="Cost and budget in USD; the budget breaks in the month, and from the first month on",
        columns=("Month", "P10", "P50", "P90", "Budget", "P(breach)", "P(breach), added up"),
        rows=tuple(
            (
                month_name(month), number(s.p10), number(s.p50), number(s.p90), number(usd),
                percent(alone), percent(so_far),
            )
            for month, s, usd, alone, so_far in zip(
                envelope.months, envelope.by_month, budget_usd, risk.p_breach_by_month,
                risk.p_breach_cumulative, strict=True,
            )
        ),
    )  # fmt: skip


def scenarios_table(reading: Reading) -> tuple[Table, ...]:
    """Compare the scenarios with the base on the same draws, sliders at rest."""
    if len(reading.compared) < 2:
        return ()
    base = reading.compared[0].total.p50
    return (
        Table(
            title="Scenarios side by side",
            subtitle="Total of the span on the same paths, so differences are not noise; sliders at rest, USD",
            columns=("Scenario", "P10", "P50", "P90", "Change of P50", "P(breach)", "Likely broken from"),
            text_columns=("Likely broken from",),
            rows=tuple(
                (
                    one.name, number(one.total.p10), number(one.total.p50), number(one.total.p90),
                    signed(one.total.p50 - base), percent(one.p_breach),
                    month_name(one.first_likely_breach) if one.first_likely_breach else "no month",
                )
                for one in reading.compared
            ),
        ),
    )  # fmt: skip


def years_table(envelope: Envelope) -> Table:
    """List the years and the total; quantiles come from totals of paths."""
    spreads = {**envelope.by_year, "Total": envelope.total}
    return Table(
        title="By year",
        subtitle="Quantiles of yearly totals, USD; those of months do not add up",
        columns=("Year", "P10", "P50", "P90", "Mean"),
        rows=tuple(
            (name, number(s.p10), number(s.p50), number(s.p90), number(s.mean))
            for name, s in spreads.items()
        ),
    )


def _range(envelope: Envelope) -> str:
    middle = [spread.p50 for spread in envelope.by_month]
    return f"{money(min(middle))} to {money(max(middle))}"


def _breach_title(risk: BudgetRisk) -> str:
    if risk.first_likely_breach is None:
        return "The budget is likely to last"
    return f"The budget so far is likely broken from {month_name(risk.first_likely_breach)}"


def _tornado_title(swings: list[Swing]) -> str:
    return f"The total turns most on “{swings[0].name}”" if swings else "Nothing is uncertain"

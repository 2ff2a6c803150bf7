"""How much capacity to commit to: the page. Inputs, one sentence, figures; no arithmetic."""

from dataclasses import replace
from typing import Any

from widgets.commitments_data import Reading, offers, opening, published, read
from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values
from workbench.figures import commitments as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Tile, View
from workbench.figures.theme import (
    count,
    in_row,
    money,
    money_parts,
    number,
    percent,
    signed,
    times,
)
from workbench.models.commitments import (
    CommitmentUnit,
    Floats,
    Outcome,
    best_units,
    demand_profiles,
    outcome,
    regret_table,
    smallest_purchase,
    spaced_units,
)
from workbench.models.offers import Offer
from workbench.units import HOURS_PER_MONTH

LEAST_CHOICES = 6
"""Numbers of units drawn even where none pays, so that the page shows how far it is from paying."""
MANY_TIMES = 3.0
"""Beyond it a ratio is read more easily than a percentage."""
VOLUMES = (("as logged", "1"), ("× 10", "10"), ("× 100", "100"), ("× 1,000", "1000"))


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(question="commitments", controls=controls, load=read, draw=draw, snapshot=snapshot)


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: whose load, which offer, how uncertain."""
    document = published(snapshot)
    names = [each["model"] for each in document["models"]]
    first, offer, volume = opening(document, [value for _, value in VOLUMES])
    known = list(offers(document))
    return [
        Section("Load"),
        Choice(name="model", label="Load of", options=[(n, n) for n in names], value=first),
        Choice(name="volume", label="Volume", options=VOLUMES, value=volume),
        Section("Offer"),
        Choice(
            name="offer", label="Offer", options=[(name, name) for name in known],
            value=offer,
        ),
        Slider(name="price", label="Price of a unit, × list", value=1, low=0.5, high=1.5,
               step=0.01, format=".2f"),
        Section("The term to come"),
        Slider(name="level", label="Demand, × the log", value=1, low=0.25, high=4, step=0.05,
               format=".2f"),
        Slider(name="spread", label="Uncertainty of demand", value=0.25, low=0, high=1, step=0.05),
    ]  # fmt: skip


def draw(reading: Reading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    unit = replace(
        reading.offer.unit, usd_per_hour=reading.offer.unit.usd_per_hour * values["price"]
    )
    demand = reading.mtok_by_hour * values["level"]
    best = best_units(unit, demand)
    peak = int(-(-float(demand.max()) // unit.mtok_per_hour))
    few = unit.minimum_units + LEAST_CHOICES * unit.step_units
    choices = spaced_units(unit, at_most=max(peak, best.units, few))
    if best.units not in choices:
        choices = sorted([*choices, best.units])
    outcomes = [outcome(unit, units, demand) for units in choices]
    profiles = demand_profiles(reading.mtok_by_hour, level=values["level"], spread=values["spread"])
    regrets = regret_table(unit, profiles, choices=choices)
    safest = min(regrets, key=lambda line: (line.expected_regret_usd, line.units))
    held = best if best.units else outcome(unit, smallest_purchase(unit), demand)
    volume = float(values["volume"])
    word = _word(reading.offer)
    foot = f"Load measured, last 28 days · price and capacity: {word}"
    beside = [
        (f"{other.unit.name.split(', ' + other.model)[0]} ({_word(other)})", _best_or_smallest(other.unit, load * values["level"]))
        for other, load in reading.others
    ]  # fmt: skip
    return View(
        answer=f"{figures.answer(unit, best, held, volume=volume)} {_doubt(word)}".rstrip(),
        scope=_scope(reading, values),
        notice=_notice(reading),
        tiles=_tiles(unit, best, held, hours=len(demand), word=word),
        cards=(
            figures.load_duration_curve(
                Caption(
                    title=_load_title(best, held, unit),
                    subtitle="Weighted tokens by hour, {unit} · percent of the hours, the highest first "
                    "· a unit pays left of its break-even",
                    foot=foot, span="wide", unit="Mtok",
                ),
                unit=unit, mtok_by_hour=demand, chosen=held,
            ),
            figures.cost_by_units(
                Caption(
                    title=_cost_title(best, held),
                    subtitle="Cost of the 28 days by units held, {unit}", foot=foot, span="narrow",
                ),
                outcomes=outcomes,
            ),
            figures.outcome_table(
                beside, title=f"Every offer for {reading.offer.model} at its best, or at its smallest purchase where none pays",
                subtitle="Cost of the 28 days; savings against paying list for every token",
                unpriced=[(each.name, each.words) for each in reading.unpriced],
            ),
            figures.regret_curve(
                Caption(
                    title=f"Least to regret at {_units(safest.units)} while demand is uncertain",
                    subtitle="Cost of a week and expected regret against hindsight, {unit} · "
                    f"{len(profiles)} equally likely weeks",
                    foot=f"Modelled: the log's weeks × {values['level']:.2f}, spread {percent(values['spread'])}",
                    span="full",
                ),
                table=regrets,
            ),
        ),
    )  # fmt: skip


def _tiles(
    unit: CommitmentUnit, best: Outcome, held: Outcome, *, hours: int, word: str
) -> tuple[Tile, ...]:
    month = HOURS_PER_MONTH / hours
    total, total_unit = money_parts(best.total_usd * month)
    saved = held.effective_savings_rate
    what = "" if best.units else f", {held.units:,} held"
    said = "dearer than list" if saved < 0 else "favourable" if saved > 0 else "nothing to save"
    return (
        Tile(label="Units to hold", value=f"{best.units:,}", foot="modelled on the log",
             delta=f"at least {unit.minimum_units}, in steps of {unit.step_units}"),
        Tile(label="Cost a month", value=total, unit=total_unit, foot=f"price {word}",
             delta=f"{money(best.on_demand_usd * month)} without a commitment"),
        Tile(label=f"Effective savings{what}", value=signed(100 * saved, digits=1 if abs(saved) < 1 else 0), unit="%",
             tone="good" if saved > 0 else "bad" if saved < 0 else "neutral", foot="against list",
             delta=said),
        Tile(label="Break-even use", value=percent(unit.breakeven_utilization).removesuffix(" %"),
             unit="%", foot="price ÷ (capacity × list)",
             tone="bad" if unit.breakeven_utilization > 1 else "neutral",
             delta="never pays above 100 %" if unit.breakeven_utilization > 1 else "of its hours, to pay"),
        Tile(label=f"Used{what or ' of what is held'}", value=percent(held.utilization).removesuffix(" %"),
             unit="%", foot="modelled on the log",
             delta=f"{count(held.stranded_mtok * month * 1e6)} weighted tokens a month unused"),
        Tile(label=f"Covered{what}", value=percent(held.coverage).removesuffix(" %"), unit="%",
             delta=f"{count(held.spill_mtok * month * 1e6)} weighted tokens a month at list",
             foot="modelled on the log"),
    )  # fmt: skip


def _word(offer: Offer) -> str:
    """Return the confidence of an offer without its reasons."""
    return offer.confidence.split(" (")[0].split(";")[0]


def _doubt(word: str) -> str:
    return "" if word == "confirmed" else f"The offer's price is {word}."


def _best_or_smallest(unit: CommitmentUnit, demand: Floats) -> Outcome:
    best = best_units(unit, demand)
    return best if best.units else outcome(unit, smallest_purchase(unit), demand)


def _units(count: int) -> str:
    return f"{count:,} unit{'' if count == 1 else 's'}"


def _cost_title(best: Outcome, held: Outcome) -> str:
    if best.units:
        return f"{_units(best.units)} cost{'s' if best.units == 1 else ''} least"
    ratio = held.total_usd / held.on_demand_usd if held.on_demand_usd else 1.0
    if ratio > MANY_TIMES:
        return f"{_units(held.units)} would cost {times(ratio)} times the list price"
    return f"{_units(held.units)} would cost {percent(ratio - 1)} more than list"


def _load_title(best: Outcome, held: Outcome, unit: CommitmentUnit) -> str:
    if best.units == 0:
        need = percent(unit.breakeven_utilization)
        pays = "it pays" if held.units == 1 else "they pay"
        used = in_row(100 * held.utilization, digits=0)
        return f"{_units(held.units)} would be used {used} %; {pays} from {need}"
    return f"{percent(best.coverage)} of demand lies below {_units(best.units)}"


def _scope(reading: Reading, values: Values) -> str:
    times = "" if values["volume"] == "1" else f", volume × {float(values['volume']):g}"
    return (
        f"{reading.model}, {reading.environment}, last 28 days{times}, tokens weighted as the offer "
        f"counts them (output × {number(reading.offer.weights['output'])}), prices in US dollars"
    )


def _notice(reading: Reading) -> str:
    parts = []
    if not reading.matches:
        parts.append(
            f"No published offer is made for {reading.model}: what-if at the terms of {reading.offer.model}."
        )
    if reading.offer.confidence != "confirmed":
        parts.append(f"The offer's terms are {reading.offer.confidence}.")
    return " ".join(parts)

"""What leaving a provider costs, and being ready to: the page. Inputs, one sentence, figures."""

from datetime import date
from typing import Any

import numpy as np

from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values, day
from widgets.provider_exit_data import (
    YEARS,
    Leaving,
    Reading,
    leaving,
    main_feature,
    options_of,
    published,
    read,
)
from widgets.provider_exit_details import details
from widgets.provider_exit_risks import (
    HORIZON_DAYS,
    Lives,
    Standing,
    lives_of,
    standing,
)
from workbench.figures import provider_exit as figures
from workbench.figures import provider_exit_lives
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table, View
from workbench.figures.theme import money, number, percent
from workbench.models.provider_exit.uncertainty import spent_by_day

FIRST = "none"
CURVE_POINTS = 61


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="provider_exit", controls=controls, load=read, draw=draw, snapshot=snapshot
    )


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: whom to leave, for whom, and what if."""
    found = published(snapshot)["providers"]
    text = [name for name, one in found.items() if one["options"]]
    evaluated = [name for name in text if any(one["accepted"] for one in found[name]["options"])]
    targets = sorted({one["target"] for each in found.values() for one in each["options"]})
    first = next(iter(evaluated or text or found))
    return [
        Section("Show"),
        Choice(name="provider", label="Leave", options=[(one, one) for one in found], value=first),
        Choice(
            name="target", label="For",
            options=[("the best that fits", FIRST), *((one, one) for one in targets)],
        ),
        Choice(
            name="variant", label="How",
            options=[("planned", "planned"), ("stressed: failure, insolvency", "stressed")],
        ),
        Section("Leaving"),
        Slider(name="people", label="People at work", value=1, low=1, high=8, step=1, format=".0f"),
        Slider(name="cases", label="Evaluation cases", value=200, low=0, high=5_000, step=50, format=",.0f"),
        Slider(name="discount", label="Discount rate", value=0.1, low=0, high=0.25, step=0.01),
        Section("Standing by"),
        Slider(name="failover", label="Failover takes, h", value=1, low=0, high=24, step=0.05, format=".2f"),
        Slider(name="success", label="Failover works", value=0.9, low=0, high=1, step=0.01),
        Slider(name="standby", label="Standby, $ a month", value=300, low=0, high=2_000, step=5, format=",.0f"),
    ]  # fmt: skip


def draw(reading: Reading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    target = _target(reading, values["target"])
    chosen = next((one for one in reading.options if one["target"] == target), None)
    found = leaving(reading, {**values, "target": target})
    lives = lives_of(reading, found)
    stands = standing(reading, values, chosen)
    as_of = f"as of {day(reading.as_of)}"
    return View(
        answer=figures.answer(found.verdict),
        scope=(
            f"Leaving {reading.provider}, {values['variant']}; text traffic of the last "
            f"{reading.window_days} days at prices of {day(reading.as_of)}, US dollars"
        ),
        notice=" ".join(_notices(reading, values, target, found)),
        tiles=_tiles(reading, found, lives, stands),
        cards=(
            _options(reading),
            _critical_path(found, as_of),
            _cost_and_time(found),
            _lock_in(found),
            _timeline(reading, lives),
        ),
        details=details(reading, found, lives, stands),
    )


def _tiles(reading: Reading, found: Leaving, lives: Lives, stands: Standing) -> tuple[Any, ...]:
    note = f"each {money(found.result.forced_usd.p50)}; {lives.rests_on}"
    if reading.loss_usd_per_hour:
        standby = f"{money(reading.loss_usd_per_hour)} lost an hour down; incidents {stands.known}"
    else:
        standby = "no dossier states what a unit is worth"
    return figures.tiles(
        found.verdict, by_provider=found.by_provider, by_cloud=found.by_cloud, forced=lives.forced,
        forced_note=note, standby_usd=stands.value_usd, standby_note=standby,
    )  # fmt: skip


def _target(reading: Reading, wanted: str) -> str | None:
    """Return the target asked for, else the cheapest accepted task of those known to fit.

    Without an evaluation, the plan on file: the first stated backup, or the nearest in class.
    """
    names = [one["target"] for one in reading.options]
    if wanted in names:
        return wanted
    ranked = sorted(
        (one for one in options_of(reading) if one.accepted_task and not one.lacks),
        key=lambda one: (bool(one.task_note), bool(one.gaps),
                         one.accepted_task.p50_usd if one.accepted_task else 0.0),
    )  # fmt: skip
    return ranked[0].target if ranked else next(iter(names), None)


def _notices(reading: Reading, values: Values, target: str | None, found: Leaving) -> list[str]:
    said = [*reading.notices]
    if values["target"] not in (FIRST, target):
        said.append(f"This traffic was not replayed to {values['target']}; {target} is shown.")
    if target is None:
        said.append("No text traffic to replay: staying and leaving are taken to cost the same.")
    if found.not_costed:
        said.append(f"Counted as nothing, nobody states it: {', '.join(found.not_costed)}.")
    main = main_feature(reading)
    if main and main["is_synthetic"]:
        said.append("Evaluations are synthetic: they say nothing of the models named.")
    own = len(reading.efforts)
    said.append(
        f"{own} efforts of an exit are the owner's own, the others the workbench's ranges."
        if own else "Efforts are the workbench's own ranges, estimates to be replaced in assumptions/exit.yaml."
    )  # fmt: skip
    return said


def _options(reading: Reading) -> Table:
    found, main = options_of(reading), main_feature(reading)
    compared = [one for one in found if one.task_change is not None and not one.lacks]
    if compared:
        better = sum((one.task_change or 0) < 0 for one in compared)
        title = f"{better} of {len(compared)} evaluated targets make an accepted task cheaper"
    else:
        cheaper = sum(one.cost_usd < reading.current_usd and not one.lacks for one in found)
        title = (
            f"{cheaper} of {len(found)} targets serve the same traffic for less; none is evaluated"
        )
    task = ""
    if main:
        here = main["here"]
        now = f", now {_cents(here['p50_usd'])}" if here else ""
        kind = "synthetic " if main["is_synthetic"] else ""
        task = f"; an accepted task of {main['feature']} by {kind}evaluation of {main['cases']:,} cases{now}"
    return figures.options(
        found, current_usd=reading.current_usd, title=title,
        subtitle=(
            f"{reading.replayed:,} logged requests re-priced one by one; now "
            f"{money(reading.current_usd)} in {reading.window_days} days{task}"
        ),
        foot="Modelled: exact prices, tokens as measured there for most requests, else as logged; P10 to P90 is what the evaluation leaves open",
    )  # fmt: skip


def _cents(usd: float) -> str:
    return f"${usd:.4f}" if usd < 0.1 else money(usd)


DONE_SHARE = 0.99
"""Of all exits that have ended where the curve of cost does."""


def _critical_path(found: Leaving, as_of: str) -> Chart:
    schedule = found.result.schedule
    tolerance = found.verdict.tolerance_hours
    is_late = not found.verdict.is_planned and tolerance is not None
    note = f"; impact tolerance {tolerance:g} h, dotted" if is_late else ""
    caption = Caption(
        title=f"{_then(schedule.critical_path)}: {number(schedule.finish_day, digits=0)} days",
        subtitle=f"Steps in calendar days from the decision at likely durations; {number(found.result.risk.finish_days.p50, digits=0)} days at the median",
        foot=f"modelled; critical steps have no slack{note}; {as_of}",
    )
    return figures.critical_path(
        caption, schedule=schedule, tolerance_days=(tolerance or 0) / 24 if is_late else None
    )


def _then(steps: tuple[str, ...]) -> str:
    """Write the path in words: the first steps, and how many follow."""
    shown = " then ".join(steps[:2]).capitalize()
    return f"{shown} and {len(steps) - 2} more" if len(steps) > 2 else shown


def _cost_and_time(found: Leaving) -> Chart:
    risk, total = found.result.risk, found.total
    last = max(1.0, float(np.ceil(np.quantile(risk.finish_day_draws, DONE_SHARE))))
    days = np.linspace(0.0, last, CURVE_POINTS)
    low, middle, high = spent_by_day(found.result.total_usd_draws, risk.finish_day_draws, days)
    within = ""
    if found.reserve_usd is not None:
        share = float(np.mean(found.result.total_usd_draws <= found.reserve_usd))
        within = f"; {figures.within_reserve(share)}"
    caption = Caption(
        title=f"Nine in ten exits cost less than {money(total.p90)}{within}",
        subtitle="One-off cost spent by each day from the decision, {unit}, P10 to P90",
        foot=f"modelled, {len(risk.finish_day_draws):,} draws, spent evenly over each one's time; "
        f"done after {risk.finish_days.p10:.0f} to {risk.finish_days.p90:.0f} days",
    )  # fmt: skip
    return figures.cost_and_time(
        caption, days=[round(float(one), 1) for one in days], p10=low.tolist(), p50=middle.tolist(),
        p90=high.tolist(), reserve_usd=found.reserve_usd,
    )  # fmt: skip


def _lock_in(found: Leaving) -> Chart:
    parts = found.result.components_usd
    name, largest = max(parts.items(), key=lambda one: one[1].p50)
    whole = sum(one.p50 for one in parts.values())
    nothing = [str(one).replace("_", " ") for one, cost in parts.items() if cost.p50 <= 0]
    caption = Caption(
        title=f"{str(name).replace('_', ' ').capitalize()} is {percent(largest.p50 / whole if whole else None)} "
              "of what leaving costs once",
        subtitle="One-off cost by what has to be moved, median, {unit}",
        foot=f"modelled; nothing on file or nothing to pay: {', '.join(nothing)}" if nothing else "modelled",
    )  # fmt: skip
    return figures.lock_in(caption, components={str(one): cost for one, cost in parts.items()})


def _timeline(reading: Reading, lives: Lives) -> Chart:
    until = date.fromordinal(reading.as_of.toordinal() + HORIZON_DAYS)
    dated = sum(one.exposure.retires_on is not None for one in lives.shown)
    models = f"{len(lives.shown)} models in use"
    ends = (
        f"{dated} of {models} have a published end"
        if dated
        else f"No end is published for the {models}"
    )
    caption = Caption(
        title=f"{ends}; expect {lives.forced} forced moves in {YEARS} years",
        subtitle="Release, promise and end; light band: where lives of its provider's others ended, P10 to P90",
        foot=f"providers' published dates; ◆ expected move off {_first(lives)}, and off its successors",
    )
    return provider_exit_lives.timeline(
        caption, lives=lives.shown, as_of=reading.as_of, until=until
    )


def _first(lives: Lives) -> str:
    return lives.shown[0].exposure.model if lives.shown else "the model in use"

"""What leaving a provider costs, and being ready to: the page. Inputs, one sentence, figures."""

from typing import Any

import numpy as np

from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values, day
from widgets.provider_exit_data import (
    HORIZON_DAYS,
    Leaving,
    Reading,
    draws_of,
    leaving,
    options_of,
    published,
    read,
)
from workbench.figures import provider_exit as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table, View
from workbench.figures.theme import money, number, percent
from workbench.models.provider_exit.lifecycle import price_paths

PATH_MONTHS = 24
FIRST = "none"


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="provider_exit", controls=controls, load=read, draw=draw, snapshot=snapshot
    )


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: whom to leave, for whom, and what if."""
    found = published(snapshot)["providers"]
    text = [name for name, one in found.items() if one["options"]]
    targets = sorted({one["target"] for each in found.values() for one in each["options"]})
    first = "anthropic" if "anthropic" in text else next(iter(text or found))
    return [
        Section("Show"),
        Choice(name="provider", label="Leave", options=[(one, one) for one in found], value=first),
        Choice(
            name="target", label="For",
            options=[("the stated backup, or the nearest", FIRST), *((one, one) for one in targets)],
        ),
        Choice(
            name="variant", label="How",
            options=[("planned", "planned"), ("stressed: failure, insolvency", "stressed")],
        ),
        Section("What if"),
        Slider(name="people", label="People at work", value=1, low=1, high=8, step=1, format=".0f"),
        Slider(name="cases", label="Evaluation cases", value=200, low=0, high=2_000, step=50, format=".0f"),
        Slider(name="discount", label="Discount rate", value=0.1, low=0, high=0.25, step=0.01),
    ]  # fmt: skip


def draw(reading: Reading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    target = _target(reading, values["target"])
    found = leaving(reading, {**values, "target": target})
    shown = target or "another provider"
    as_of = f"as of {day(reading.as_of)}"
    return View(
        answer=figures.answer(
            found.total, found.result.risk, target=shown, is_planned=values["variant"] == "planned"
        ),
        scope=(
            f"Leaving {reading.provider}, {values['variant']}; text traffic of the last "
            f"{reading.window_days} days at prices of {day(reading.as_of)}, US dollars"
        ),
        notice=" ".join(_notices(reading, values, target)),
        tiles=figures.tiles(
            found.total, found.result.risk, npv_usd=found.npv_usd, payback_years=found.payback_years,
            concentration=found.by_provider, forced=found.forced, is_planned=values["variant"] == "planned",
        ),
        cards=(
            figures.options(
                options_of(reading), current_usd=reading.current_usd,
                title=_options_title(reading), subtitle=(
                    f"{reading.replayed:,} logged requests, re-priced one by one; now "
                    f"{money(reading.current_usd)} in {reading.window_days} days"
                ),
            ),
            _critical_path(found, as_of),
            _curve(found),
            _lock_in(found),
            _lifecycle(reading, found, as_of),
        ),
        details=(_concentration(reading, found), _paths(reading, found), _plans(reading), _drills(reading)),
    )  # fmt: skip


def _target(reading: Reading, wanted: str) -> str | None:
    """Return the target asked for, else the first: a stated backup, or the nearest in class."""
    names = [one["target"] for one in reading.options]
    return wanted if wanted in names else next(iter(names), None)


def _notices(reading: Reading, values: Values, target: str | None) -> list[str]:
    found = [*reading.notices]
    if values["target"] not in (FIRST, target):
        found.append(f"This traffic was not replayed to {values['target']}; {target} is shown.")
    if target is None:
        found.append("No text traffic to replay: staying and leaving are taken to cost the same.")
    found.append(
        "Efforts are the workbench's own ranges, estimates to be replaced; evaluation cases and "
        "people are what-if values."
    )
    return found


def _options_title(reading: Reading) -> str:
    now = reading.current_usd
    cheaper = sum(float(one["cost_usd"]) < now for one in reading.options)
    return f"{cheaper} of {len(reading.options)} targets serve the same traffic for less"


def _critical_path(found: Leaving, as_of: str) -> Chart:
    path = found.result.schedule.critical_path
    days = found.result.schedule.finish_day
    caption = Caption(
        title=f"{' then '.join(path).capitalize()}: {number(days, digits=0)} days",
        subtitle="Steps in calendar days from the decision, likely durations",
        foot=f"modelled; critical steps have no slack; {as_of}",
    )  # fmt: skip
    return figures.critical_path(caption, schedule=found.result.schedule)


def _curve(found: Leaving) -> Chart:
    days = found.result.risk.finish_days
    caption = Caption(
        title=f"Nine in ten exits cost less than {money(found.total.p90)}",
        subtitle="Share of draws below each one-off cost, {unit}",
        foot=f"modelled, 4,096 draws; time P10 to P90 {days.p10:.0f} to {days.p90:.0f} days",
    )  # fmt: skip
    return figures.cost_curve(
        caption, total_usd=np.array(draws_of(found.result)), reserve_usd=found.reserve_usd
    )


def _lock_in(found: Leaving) -> Chart:
    parts = found.result.components_usd
    name, largest = max(parts.items(), key=lambda one: one[1].p50)
    share = largest.p50 / found.total.p50 if found.total.p50 else None
    caption = Caption(
        title=f"{name.replace('_', ' ').capitalize()} is {percent(share)} of what holds",
        subtitle="One-off cost by what has to be moved, median, {unit}",
        foot="modelled; fine-tunes, vectors and commitments are not on file",
    )
    return figures.lock_in(caption, components={str(name): one for name, one in parts.items()})


def _lifecycle(reading: Reading, found: Leaving, as_of: str) -> Chart:
    ending = [one for one in found.exposed if one.verdict == "retires inside the horizon"]
    gone = sum(one.verdict == "retired" for one in found.exposed)
    told = f"{len(ending)} of {len(found.exposed)} models in use retire within a year"
    caption = Caption(
        title=f"{told}, {gone} retired" if gone else told,
        subtitle=f"Days each {reading.provider} model in use still has, of {HORIZON_DAYS}",
        foot=f"providers' published dates; {as_of}",
    )
    return figures.lifecycle(caption, exposures=found.exposed[:12], horizon_days=HORIZON_DAYS)


def _concentration(reading: Reading, found: Leaving) -> Chart:
    unknown = f"; cloud not stated: {', '.join(found.without_cloud)}" if found.without_cloud else ""
    caption = Caption(
        title=f"Concentration is {number(found.by_provider, digits=2)} by provider, "
              f"{number(found.by_cloud, digits=2)} by cloud",
        subtitle=f"Spend by provider, last {reading.window_days} days, {{unit}}",
        foot=f"measured, contract cost{unknown}",
    )  # fmt: skip
    return figures.concentration(
        caption, spend_usd={n: usd for n, usd in reading.spend.items() if usd > 0}
    )


def _paths(reading: Reading, found: Leaving) -> Chart:
    left = [
        one.days_left for one in found.exposed if one.days_left is not None and one.days_left > 0
    ]
    retires = min(left) // 30 if left and min(left) < PATH_MONTHS * 30 else None
    paths = price_paths(months=PATH_MONTHS, retires_in_month=retires, migration_usd=found.total.p50)
    usd = reading.current_usd * 30 / reading.window_days
    months = []
    for n in range(PATH_MONTHS):
        years, index = divmod(reading.as_of.year * 12 + reading.as_of.month + n, 12)
        months.append(f"{years:04d}-{index + 1:02d}")
    caption = Caption(
        title="Prices move in steps, not in slopes",
        subtitle="The same work a month under scenarios seen before, {unit}",
        foot="shapes, not frequencies",
    )
    return figures.price_paths(
        caption, paths=paths, usd_by_month=[usd] * PATH_MONTHS, months=months
    )


def _plans(reading: Reading) -> Table:
    rows = tuple(
        (
            one["feature"], f"{one['asked'] - len(one['missing'])} of {one['asked']}",
            one["alternative"] or Cell(text="not stated", tone="bad", tag=True),
            "not stated" if one["tolerance_hours"] is None else f"{one['tolerance_hours']:g} h",
            ", ".join(one["missing"][:3]) + (f" and {len(one['missing']) - 3} more" if len(one["missing"]) > 3 else ""),
        )
        for one in reading.plans
    )  # fmt: skip
    return Table(
        title="What the exit plans have on file", subtitle=f"Features that use {reading.provider}",
        columns=("Feature", "Points on file", "Alternative", "Tolerance", "Missing"), rows=rows,
        text_columns=("Feature", "Alternative", "Missing"),
        foot="DORA Art. 28(8), RTS 2024/1773 Art. 10, EBA/GL/2019/02, PRA SS2/21; not legal advice",
        empty="No dossier names a feature that uses this provider.",
    )  # fmt: skip


def _drills(reading: Reading) -> Table:
    rows = tuple(
        (
            one["started_at"][:10], f"{one['source']} to {one['target']}",
            "evidence" if one["is_evidence"] else "synthetic, no evidence" if one["is_synthetic"] else "not moved",
            "n/a" if one["failover_seconds"] is None else f"{one['failover_seconds']:.1f}",
            f"{one['failed_requests']} of {one['requests']}",
        )
        for one in reading.drills
    )  # fmt: skip
    return Table(
        title="Failover drills", subtitle="Measured when traffic really moved",
        columns=("Day", "From, to", "Counts as", "Failover, s", "Failed"), rows=rows,
        text_columns=("Day", "From, to", "Counts as"), empty="No drill is on file.",
    )  # fmt: skip

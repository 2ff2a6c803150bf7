"""What leaving a provider looks like: the options, the cost, the path, what forces it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.figures import theme
from workbench.figures.bars import bars
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table, Tile
from workbench.figures.charts import Band, Mark, Series, lines
from workbench.figures.grids import Task as Bar
from workbench.figures.grids import gantt
from workbench.models.provider_exit.capabilities import Gap
from workbench.models.provider_exit.lifecycle import PricePath
from workbench.models.provider_exit.quality import AcceptedTaskCost
from workbench.models.provider_exit.schedule import Schedule, ScheduleRisk
from workbench.models.provider_exit.uncertainty import Fan

WORDS = {"stranded_commitments": "commitments"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One target: what the same traffic costs there, and what stands in the way."""

    target: str
    cost_usd: float
    """In the target's own tokens where they were measured, else as logged."""
    requests: int
    not_served: int
    """Requests the target does not serve or does not price, whole or in part."""
    accepted_task: AcceptedTaskCost | None
    """None: no evaluation at this target, so no cost per accepted task."""
    task_change: float | None = None
    """Against the accepted task where it is served now; None where that was not evaluated."""
    task_note: str = ""
    """What was evaluated, where it is not the feature of the other rows."""
    gaps: tuple[Gap, ...] = ()
    ratio_basis: str = ""
    """How the tokens there are known: measured, single-sample, not public."""

    @property
    def lacks(self) -> bool:
        """True when something the traffic needs is known to be missing."""
        return any(word == "missing" for _, word in self.gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What leaving for one target comes to, for the sentence and the tiles."""

    leaving: str
    target: str
    cost: Fan
    risk: ScheduleRisk
    is_planned: bool
    saving_usd_per_year: float
    npv_usd: float
    irr: float | None
    payback_years: float | None
    restored_hours: float | None = None
    """Until the service is back after a failure: drilled or stated; None is not known."""
    tolerance_hours: float | None = None


def answer(found: Verdict) -> str:
    """Return the sentence that answers the page: what to do, and what it takes."""
    once = f"{theme.money(found.cost.p50)} once and {found.risk.finish_days.p50:.0f} days"
    if not found.is_planned:
        return f"If {found.leaving} fails, leaving for {found.target} takes {once}; {_restored(found)}."
    yearly = theme.money(abs(found.saving_usd_per_year))
    if found.saving_usd_per_year <= 0:
        return (
            f"Stay with {found.leaving}: {found.target} would cost {yearly} a year more, and leaving "
            f"{once}. The exit is insurance."
        )
    if found.npv_usd <= 0:
        return (
            f"Stay with {found.leaving}: {found.target} would save {yearly} a year, and leaving costs "
            f"{once}. It does not pay back in three years."
        )
    return (
        f"Leave {found.leaving} for {found.target}: it saves {yearly} a year for {once}, and pays "
        f"back in {theme.number(found.payback_years, digits=1)} years."
    )


def _restored(found: Verdict) -> str:
    if found.restored_hours is None:
        return "no drill says how soon the backup serves"
    hours = f"{theme.number(found.restored_hours, digits=1)} h"
    if found.tolerance_hours is None:
        return f"the backup serves after {hours}, and no impact tolerance is stated"
    inside = "inside" if found.restored_hours <= found.tolerance_hours else "beyond"
    return f"the backup serves after {hours}, {inside} the tolerance of {found.tolerance_hours:g} h"


def tiles(
    found: Verdict, *, by_provider: float | None, by_cloud: float | None, forced: int,
    forced_note: str, standby_usd: float | None, standby_note: str,
) -> tuple[Tile, ...]:  # fmt: skip
    """Return cost, time, worth, standby, concentration and forced migrations."""
    usd, unit = theme.money_parts(found.cost.p50)
    worth, worth_unit = theme.money_parts(found.npv_usd)
    days = found.risk.finish_days
    rate = "no rate of return" if found.irr is None else f"IRR {theme.percent(found.irr)}"
    back = (
        "never pays back"
        if found.payback_years is None
        else f"pays back in {theme.number(found.payback_years, digits=1)} years"
    )
    return (
        Tile(label="One-off cost, P50", value=usd, unit=unit,
             foot=f"modelled, P10 {theme.money(found.cost.p10)}, P90 {theme.money(found.cost.p90)}"),
        Tile(label="Time to leave, P50", value=f"{days.p50:.0f}", unit="days",
             delta="● the service runs on" if found.is_planned else _tolerated(found),
             foot=f"modelled, P10 {days.p10:.0f}, P90 {days.p90:.0f}"),
        Tile(label="Worth of leaving, 3 years", value=worth, unit=worth_unit,
             foot=f"net present value; {back}, {rate}",
             tone="good" if found.npv_usd > 0 else "bad",
             delta="▲ better than staying" if found.npv_usd > 0 else "▼ worse than staying"),
        _standby_tile(standby_usd, standby_note),
        Tile(label="Concentration (HHI)", value=theme.number(by_provider, digits=2),
             delta=f"● {theme.number(by_cloud, digits=2)} by cloud behind",
             foot="0 to 1, spend by provider, measured"),
        Tile(label="Forced migrations", value=str(forced), unit="in 3 years", foot=forced_note),
    )  # fmt: skip


def _tolerated(found: Verdict) -> str:
    if found.restored_hours is None or found.tolerance_hours is None:
        return "● time to serve again not known"
    return (
        "▲ backup inside tolerance" if found.restored_hours <= found.tolerance_hours
        else "▼ backup beyond tolerance"
    )  # fmt: skip


def _standby_tile(usd: float | None, note: str) -> Tile:
    if usd is None:
        return Tile(label="Standby, worth a month", value="n/a", foot=note)
    value, unit = theme.money_parts(usd)
    return Tile(
        label="Standby, worth a month", value=value, unit=unit,
        tone="good" if usd > 0 else "bad", foot=note,
        delta="▲ avoids more than it costs" if usd > 0 else "▼ costs more than it avoids",
    )  # fmt: skip


def options(found: Sequence[Option], *, current_usd: float, title: str, subtitle: str, foot: str = "") -> Table:  # fmt: skip
    """Return the targets, cheapest accepted task first; those without an evaluation after."""

    def order(one: Option) -> tuple[bool, bool, float]:
        task = one.accepted_task
        return one.lacks, task is None, task.p50_usd if task else one.cost_usd

    return Table(
        title=title, subtitle=subtitle,
        rows=tuple(_option_row(one, current_usd) for one in sorted(found, key=order)),
        columns=("Target", "Accepted task", "P10 to P90", "Task change", "Same traffic",
                 "Traffic change", "Not served", "Fits", "Tokens there"),
        text_columns=("Target", "Fits", "Tokens there"),
        foot=foot or "Modelled: logged requests re-priced one by one; the unit to compare is the accepted task.",
    )  # fmt: skip


def _option_row(one: Option, current_usd: float) -> tuple[str | Cell, ...]:
    task = one.accepted_task
    ratio = one.cost_usd / current_usd - 1 if current_usd and not one.not_served else None
    per_task: tuple[str | Cell, ...] = ("not evaluated", "", "")
    if task is not None:
        note = f" ({one.task_note})" if one.task_note else ""
        per_task = (
            f"{_cents(task.p50_usd)}{note}", f"{_cents(task.p10_usd).removeprefix('$')}\u2060–\u2060{_cents(task.p90_usd).removeprefix('$')}",
            _change(one.task_change),
        )  # fmt: skip
    missing = [name for name, word in one.gaps if word == "missing"]
    unknown = [name for name, word in one.gaps if word == "unknown"]
    fits: str | Cell = Cell(text="fits", tone="good", tag=True)
    if missing:
        fits = Cell(text=f"no {', '.join(missing)}", tone="bad", tag=True)
    elif unknown:
        fits = Cell(text=f"{', '.join(unknown)} not known", tag=True)
    return (
        one.target, *per_task, theme.money(one.cost_usd), _change(ratio, is_toned=False),
        theme.count(one.not_served), fits, one.ratio_basis,
    )  # fmt: skip


def _cents(usd: float) -> str:
    return f"${usd:.4f}" if usd < 0.1 else theme.money(usd)


def _change(ratio: float | None, *, is_toned: bool = True) -> str | Cell:
    if ratio is None:
        return "n/a"
    text = f"{theme.signed(ratio * 100, digits=1)} %"
    return Cell(text=text, tone="good" if ratio < 0 else "bad") if is_toned else text


def cost_and_time(
    caption: Caption, *, days: Sequence[float], p10: Sequence[float], p50: Sequence[float],
    p90: Sequence[float], reserve_usd: float | None = None,
) -> Chart:  # fmt: skip
    """Draw what is spent by each day: the band from P10 to P90, the median, the reserve."""
    series = [Series(name="P50", y=list(p50), look="p50")]
    marks = (
        []
        if reserve_usd is None
        else [Mark(text=f"reserve {theme.money(reserve_usd)}", y=reserve_usd)]
    )
    drawn = lines(caption, x=list(days), series=series, marks=marks,
                  bands=[Band(name="P10–P90", low=list(p10), high=list(p90))])  # fmt: skip
    layout = drawn.figure["layout"]
    axis = layout["xaxis"] | {"ticksuffix": " d"}
    return replace(drawn, figure={**drawn.figure, "layout": layout | {"xaxis": axis}})


def lock_in(caption: Caption, *, components: Mapping[str, Fan]) -> Chart:
    """Draw what holds one back: the one-off cost by component, the largest first."""
    ordered = sorted(components.items(), key=lambda one: -one[1].p50)
    shown = [
        (WORDS.get(name, name.replace("_", " ")), fan.p50) for name, fan in ordered if fan.p50 > 0
    ]
    return bars(caption, names=[name for name, _ in shown], values=[usd for _, usd in shown])


def critical_path(
    caption: Caption, *, schedule: Schedule, tolerance_days: float | None = None
) -> Chart:
    """Draw the steps as a Gantt chart; those on the critical path stand out and say so."""
    tasks = [
        Bar(
            name=task.name, start=task.start_day, finish=task.finish_day,
            tone="bad" if task.is_critical else "neutral",
            note="critical" if task.is_critical else f"{task.slack_days:.0f} d slack",
        )
        for task in schedule.tasks
    ]  # fmt: skip
    return _with_room(gantt(caption, tasks=tasks, deadline=tolerance_days), tasks)


def _with_room(drawn: Chart, tasks: Sequence[Bar]) -> Chart:
    """Leave room to the right of the last bar for the note behind it."""
    ends = [task.finish for task in tasks]
    layout = drawn.figure["layout"]
    longest = max((len(task.note) for task in tasks), default=0)
    axis = layout["xaxis"] | {"range": [0, max(ends, default=1.0) * (1.05 + 0.028 * longest)]}
    return replace(drawn, figure={**drawn.figure, "layout": layout | {"xaxis": axis}})


def price_paths(
    caption: Caption, *, paths: Sequence[PricePath], usd_by_month: Sequence[float], months: Sequence[str]
) -> Chart:  # fmt: skip
    """Draw the scenarios of what the same work costs, summed up; they are shapes, not forecasts."""
    drawn = [
        Series(name=path.name, y=np.cumsum(path.cost_usd(usd_by_month)).tolist(), look="thin")
        for path in paths
    ]
    tones = theme.colors([series.name for series in drawn])
    colored = [
        Series(name=series.name, y=series.y, look="thin", color=tones[series.name])
        for series in drawn
    ]
    return lines(caption, x=months, series=colored)


def concentration(caption: Caption, *, spend_usd: Mapping[str, float]) -> Chart:
    """Draw spend by provider or by the cloud behind it, the largest first."""
    ordered = sorted(spend_usd.items(), key=lambda one: -one[1])
    return bars(caption, names=[name for name, _ in ordered], values=[usd for _, usd in ordered])


def within_reserve(share: float) -> str:
    """Say how many draws the reserve pays for; all or none of them is no certainty."""
    if share in (0, 1):
        return f"{'every' if share else 'no'} draw is inside the reserve"
    return f"{theme.percent(share)} likely inside the reserve"

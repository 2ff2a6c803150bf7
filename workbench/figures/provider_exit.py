"""What leaving a provider looks like: the options, the cost, the path, what forces it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.figures import theme
from workbench.figures.bars import bars
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table, Tile
from workbench.figures.charts import Mark, Series, lines, s_curve
from workbench.figures.grids import Task as Bar
from workbench.figures.grids import gantt
from workbench.models.provider_exit.capabilities import Gap
from workbench.models.provider_exit.lifecycle import Exposure, PricePath
from workbench.models.provider_exit.quality import AcceptedTaskCost
from workbench.models.provider_exit.replay import ReplayCost
from workbench.models.provider_exit.schedule import Schedule, ScheduleRisk
from workbench.models.provider_exit.uncertainty import Fan, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One target: what the same traffic costs there, and what stands in the way."""

    target: str
    replay: ReplayCost
    accepted_task: AcceptedTaskCost | None
    """None: no evaluation at this target, so no cost per accepted task."""
    gaps: tuple[Gap, ...]
    ratio_basis: str
    """How the tokenizer ratio is known: measured, single-sample or assumed."""


def answer(cost: Fan, risk: ScheduleRisk, *, target: str, is_planned: bool = False) -> str:
    """Return the sentence that answers the page; a planned exit interrupts nothing."""
    days = risk.finish_days
    told = (
        f"Leaving for {target} costs {theme.money(cost.p50)} once ({theme.money(cost.p10)} to "
        f"{theme.money(cost.p90)}) and takes {days.p50:.0f} days ({days.p10:.0f} to {days.p90:.0f})"
    )
    if is_planned:
        return f"{told}; the service runs on meanwhile."
    if risk.p_within_tolerance is None:
        return f"{told}; no impact tolerance is stated."
    return f"{told}; {theme.percent(risk.p_within_tolerance)} likely inside the impact tolerance."


def tiles(
    cost: Fan,
    risk: ScheduleRisk,
    *,
    npv_usd: float,
    payback_years: float | None,
    concentration: float | None,
    forced: int,
    is_planned: bool = False,
) -> tuple[Tile, ...]:
    """Return one-off cost, time, value, payback, concentration and forced migrations."""
    usd, unit = theme.money_parts(cost.p50)
    worth, worth_unit = theme.money_parts(npv_usd)
    days = risk.finish_days
    if is_planned:
        tolerated = "● planned: the service runs on"
    elif risk.p_within_tolerance is None:
        tolerated = "tolerance not stated"
    else:
        tolerated = f"{theme.percent(risk.p_within_tolerance)} in tolerance"
    return (
        Tile(label="One-off cost, P50", value=usd, unit=unit,
             foot=f"modelled, P10 {theme.money(cost.p10)}, P90 {theme.money(cost.p90)}"),
        Tile(label="Time to leave, P50", value=f"{days.p50:.0f}", unit="days",
             delta=tolerated,
             foot=f"modelled, P10 {days.p10:.0f}, P90 {days.p90:.0f}"),
        Tile(label="Worth of leaving", value=worth, unit=worth_unit, foot="net present value",
             tone="good" if npv_usd > 0 else "bad",
             delta="▲ better than staying" if npv_usd > 0 else "▼ worse than staying"),
        Tile(label="Payback", value=theme.number(payback_years, digits=1),
             unit="years" if payback_years is not None else "",
             delta="" if payback_years is not None else "▼ never inside the horizon"),
        Tile(label="Concentration (HHI)", value=theme.number(concentration, digits=2),
             foot="0 to 1, spend by provider"),
        Tile(label="Forced migrations", value=str(forced), foot="in 3 years, by lives seen"),
    )  # fmt: skip


def options(found: Sequence[Option], *, current_usd: float, title: str, subtitle: str) -> Table:
    """Return the targets, cheapest accepted task first; those without an evaluation after."""

    def order(one: Option) -> tuple[bool, float]:
        task = one.accepted_task
        return task is None, task.p50_usd if task else one.replay.cost_usd

    rows = []
    for one in sorted(found, key=order):
        task, usd = one.accepted_task, one.replay.cost_usd
        ratio = usd / current_usd - 1 if current_usd else None
        lacks = ", ".join(f"{name} {word}" for name, word in one.gaps)
        rows.append(
            (
                one.target, theme.money(usd),
                "n/a" if ratio is None else f"{theme.signed(ratio * 100, digits=1)} %",
                Cell(text="not evaluated", tag=True) if task is None
                else f"{theme.money(task.p50_usd)} ({theme.money(task.p10_usd)} to {theme.money(task.p90_usd)})",
                theme.count(one.replay.unpriced_requests + one.replay.partial_requests),
                Cell(text=lacks or "fits", tone="bad" if one.gaps else "good", tag=True),
                one.ratio_basis,
            )
        )  # fmt: skip
    return Table(
        title=title, subtitle=subtitle, rows=tuple(rows),
        columns=("Target", "Same traffic", "against now", "per accepted task",
                 "not fully priced", "Capabilities", "Token ratio"),
        text_columns=("Target", "Capabilities", "Token ratio"),
        foot="Modelled: logged requests re-priced one by one; the unit to compare is the accepted task.",
    )  # fmt: skip


def lock_in(caption: Caption, *, components: Mapping[str, Fan]) -> Chart:
    """Draw what holds one back: the one-off cost by component, the largest first."""
    ordered = sorted(components.items(), key=lambda one: -one[1].p50)
    shown = [(name.replace("_", " "), fan.p50) for name, fan in ordered if fan.p50 > 0]
    return bars(caption, names=[name for name, _ in shown], values=[usd for _, usd in shown])


def cost_curve(caption: Caption, *, total_usd: Floats, reserve_usd: float | None = None) -> Chart:
    """Draw how likely the exit stays below each cost, with the reserve as a line."""
    marks = [] if reserve_usd is None else [Mark(text="reserve", x=float(reserve_usd))]
    return s_curve(caption, values=[float(one) for one in total_usd], marks=marks)


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


def lifecycle(caption: Caption, *, exposures: Sequence[Exposure], horizon_days: int) -> Chart:
    """Draw how long each model in use still has; those too late to leave stand out."""
    tasks = [
        Bar(
            name=one.model, start=0.0,
            finish=float(horizon_days if one.days_left is None else max(0, one.days_left)),
            tone="bad" if one.is_too_late or one.verdict == "retired" else "neutral",
            note=one.verdict if one.days_left is None else f"{one.days_left} d, {one.verdict}",
        )
        for one in exposures
    ]  # fmt: skip
    return _with_room(gantt(caption, tasks=tasks, deadline=float(horizon_days)), tasks)


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
    """Draw the scenarios of what the same work costs; they are shapes, not forecasts."""
    drawn = [
        Series(name=path.name, y=[float(usd) for usd in path.cost_usd(usd_by_month)], look="thin")
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

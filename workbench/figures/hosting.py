"""How hosting is drawn: break-even, cost by utilisation, load, replicas, TCO, shocks, the map of options."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.figures import bars, bridges, charts, grids, theme
from workbench.figures.caption import Caption, Labels, chart
from workbench.figures.cards import Chart, Table
from workbench.models.hosting.capacity import ReplicaPlan
from workbench.models.hosting.cost import usd_per_mtok
from workbench.models.hosting.decision import Judged, Verdict, p_cheaper
from workbench.models.hosting.placement import words_of
from workbench.models.hosting.workload import Floats

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
UTILIZATIONS = tuple(step / 100 for step in range(5, 101, 5))
OPTION_PIXELS = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Tokens a second and accelerator inside the targets, with the 80 % band of the predictor."""

    p10: float
    p50: float
    p90: float
    in_box: bool


def break_even(
    caption: Caption,
    *,
    usd_per_gpu_hour: float,
    throughput: Throughput,
    api_usd_per_mtok: float,
    our_utilization: float,
) -> Chart:
    """Draw own cost per million tokens over utilisation, its band, the API's price and our point."""

    def curve(rate: float) -> list[float | None]:
        return [
            usd_per_mtok(usd_per_gpu_hour, tokens_per_s_per_gpu=rate, utilization=u)
            for u in UTILIZATIONS
        ]

    ours = usd_per_mtok(
        usd_per_gpu_hour, tokens_per_s_per_gpu=throughput.p50, utilization=our_utilization
    )
    # the band turns over: high throughput is low cost
    return charts.lines(
        caption,
        x=[100 * u for u in UTILIZATIONS],
        series=[charts.Series(name="own capacity", y=curve(throughput.p50), look="p50")],
        bands=[
            charts.Band(name="80 % band", low=curve(throughput.p90), high=curve(throughput.p10))
        ],
        marks=[
            charts.Mark(text=f"API {theme.money(api_usd_per_mtok)}", y=api_usd_per_mtok),
            charts.Mark(
                text=f"we are here: {theme.money(ours)}",
                x=100 * our_utilization,
                color=theme.ACCENT,
            ),
        ],
    )


def cost_by_utilization(
    caption: Caption, *, usd_per_gpu_hour: Mapping[str, float], tokens_per_s_per_gpu: float
) -> Chart:
    """Draw the cost of a million tokens over utilisation, one line for each way to get accelerators."""
    tones = theme.colors(list(usd_per_gpu_hour))
    return charts.lines(
        caption,
        x=[100 * u for u in UTILIZATIONS],
        series=[
            charts.Series(
                name=name,
                y=[
                    usd_per_mtok(price, tokens_per_s_per_gpu=tokens_per_s_per_gpu, utilization=u)
                    for u in UTILIZATIONS
                ],
                color=tones[name],
            )
            for name, price in usd_per_gpu_hour.items()
        ],
    )


def weekly_load(caption: Caption, *, share_of_capacity: Sequence[Sequence[float | None]]) -> Chart:
    """Draw weekday by hour of day, each cell the peak load as a percentage of capacity."""
    percent = [[None if v is None else 100 * v for v in day] for day in share_of_capacity]
    over = sum(v is not None and v > 100 for day in percent for v in day)
    drawn = grids.heatmap(
        caption, rows=WEEKDAYS[: len(percent)], columns=[f"{h:02d}" for h in range(24)],
        values=percent,
    )  # fmt: skip
    return Chart(
        **{
            **{name: getattr(drawn, name) for name in drawn.__slots__},
            "summary": f"{drawn.summary} {over} of {24 * len(percent)} hours exceed capacity.",
        }
    )


def replicas_over_week(caption: Caption, *, plan: ReplicaPlan, hours: Labels) -> Chart:
    """Draw replicas needed and replicas paid for, hour by hour."""
    paid, needed = ([float(v) for v in part] for part in (plan.running, plan.needed))
    return charts.lines(
        caption,
        x=hours,
        series=[
            charts.Series(
                name="paid for", y=paid, look="plan", label=f"paid for {max(paid, default=0.0):.0f}"
            ),
            charts.Series(
                name="needed",
                y=needed,
                label=f"needed {min(needed, default=0.0):.0f} to {max(needed, default=0.0):.0f}",
            ),
        ],
    )


def tco_waterfall(caption: Caption, *, usd_per_year: Mapping[str, float]) -> Chart:
    """Draw how the components of a node's year add up; absent components are left out."""
    parts = [(name.replace("_", " "), value) for name, value in usd_per_year.items() if value]
    total = sum(value for _, value in parts)
    first, *rest = parts or [("nothing", 0.0)]
    return bridges.waterfall(caption, start=first, legs=rest, end=("a year", total))


def shock_tornado(
    caption: Caption,
    *,
    base_usd: float,
    results: Sequence[tuple[str, float, float] | tuple[str, float, float, str, str]],
) -> Chart:
    """Draw what each shock does to the cost: (name, calm end, severe end, what these ends are)."""
    drivers = [
        bars.Driver(name=one[0], low=one[1], high=one[2], low_at=at[0], high_at=at[1])
        for one, at in ((one, (*one[3:], "", "")) for one in results)
    ]
    return bars.tornado(caption, base=base_usd, drivers=drivers)


def option_map(caption: Caption, *, verdict: Verdict) -> Chart:
    """Draw each option at its cost and first-token time; hollow where a hard limit excludes it."""
    shown = sorted(
        (each for each in verdict.judged if math.isfinite(each.option.ttft_p95_s)),
        key=lambda each: float(each.npv_usd.mean()),
    )
    costs = [float(each.npv_usd.mean()) for each in shown]
    divisor, letter = theme.scale_of(max(costs, default=1.0))
    layout = theme.layout(height_px=300, left_px=56, right_px=90)
    layout["xaxis"] |= {"tickformat": ",.4~g", "rangemode": "tozero", "nticks": 6}
    layout["yaxis"] |= {"tickformat": ",.3~g", "rangemode": "tozero",
                        "title": {"text": "p95 first token, s", "font": {"size": 11}}}  # fmt: skip
    traces, notes = [], []
    for place, (each, cost) in enumerate(zip(shown, costs, strict=True)):
        name = each.option.name
        chosen = name == verdict.chosen
        color = theme.ACCENT if chosen else theme.BAD if each.excluded else theme.NEUTRAL
        traces.append({
            "type": "scatter", "mode": "markers", "x": [cost / divisor],
            "y": [each.option.ttft_p95_s], "name": theme.plain(name),
            "marker": {"size": OPTION_PIXELS, "color": color,
                       "symbol": "circle-open" if each.excluded else "circle",
                       "line": {"width": 2, "color": color}},
            "hovertemplate": f"{theme.plain(name)}<br>%{{x:,.4~g}} $" + letter
            + "<br>%{y:.3~g} s<extra></extra>",
        })  # fmt: skip
        notes.append(
            theme.note(f"{name} · {words_of(each.option.regions) or 'not stated'}",
                       x=cost / divisor, y=each.option.ttft_p95_s, strong=chosen,
                       yshift=_aside(place))
        )  # fmt: skip
    layout["annotations"] = notes
    rows = [
        [each.option.name, theme.number(cost), theme.number(each.option.ttft_p95_s),
         words_of(each.option.regions) or "not stated", "; ".join(each.excluded) or "allowed"]
        for each, cost in zip(shown, costs, strict=True)
    ]  # fmt: skip
    return chart(
        caption, figure={"data": traces, "layout": layout}, rows=rows, unit=f"${letter}",
        summary=f"Chosen: {verdict.chosen or 'none'}. {verdict.why}",
        columns=("Option", "cost, $", "p95 first token, s", "regions", "limits"),
    )  # fmt: skip


def _aside(place: int) -> int:
    """Return how far a label is pushed up or down, so that neighbours do not cover each other."""
    return (17, -17, 31, -31)[place % 4]


def option_table(verdict: Verdict, *, title: str, subtitle: str) -> Table:
    """List options with the spread of their cost and the probability of beating the chosen one."""
    by_name = {each.option.name: each for each in verdict.judged}
    chosen = by_name.get(verdict.chosen or "")
    return Table(
        title=title,
        subtitle=subtitle,
        columns=("Option", "P10", "P50", "P90", "downtime", "beats the chosen", "limits"),
        text_columns=("Option", "limits"),
        rows=tuple(_option_row(each, chosen) for each in verdict.judged),
    )


def answer(verdict: Verdict) -> str:
    """Say where it should run, in one sentence."""
    by_name = {each.option.name: each for each in verdict.judged}
    if verdict.chosen is None:
        return verdict.why
    cost = theme.money(by_name[verdict.chosen].quantile(0.5))
    return f"Run it on {verdict.chosen}: {cost} over the period at the median. {verdict.why}"


def calibration_line(throughput: Throughput, *, measured_points: int, median_error: float) -> str:
    """Say how far the predictor is to be trusted, for the foot of a chart."""
    where = (
        "inside the measured range"
        if throughput.in_box
        else "EXTRAPOLATED beyond what was measured"
    )
    return (
        f"Modelled, {where}; {measured_points:,} measured points, median held-out error "
        f"{theme.percent(median_error, digits=1)}; band is P10–P90"
    )


def _option_row(each: Judged, chosen: Judged | None) -> tuple[str, ...]:
    beats = "" if chosen is None or each is chosen else theme.percent(p_cheaper(each, chosen))
    return (
        each.option.name,
        *(theme.money(each.quantile(level)) for level in (0.1, 0.5, 0.9)),
        theme.money(each.outage_usd),
        beats,
        "; ".join(each.excluded) or "allowed",
    )


def by_weekday(
    hourly: Floats, *, capacity: float, first_weekday: int = 0
) -> list[list[float | None]]:
    """Return the mean share of capacity by weekday and hour, from hourly values in order."""
    sums: list[list[list[float]]] = [[[] for _ in range(24)] for _ in range(7)]
    for hour, value in enumerate(hourly.tolist()):
        sums[(first_weekday + hour // 24) % 7][hour % 24].append(value / capacity)
    return [[sum(cell) / len(cell) if cell else None for cell in day] for day in sums]

"""How the decision where to host is drawn: cost over volume, the options, the answer in words."""

import math
from collections.abc import Mapping, Sequence

from workbench.figures import charts, theme
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Chart, Tile
from workbench.figures.hosting import WEEKDAYS
from workbench.models.hosting.capacity import ReplicaPlan
from workbench.models.hosting.decision import Judged, Verdict
from workbench.models.hosting.where import Candidate, Fleet, months_until

POINTS = 60
DECADES_BELOW, DECADES_ABOVE = 0.8, 0.8
ROOM = 1.6
"""Times the least and the most that is drawn, where the vertical axis ends."""
HOURS_OF_WEEK = 168
LABEL_SHARE = 0.28
"""Of the width, what the label of our own point takes."""


def volume_chart(
    caption: Caption, *, fleet: Fleet, api_usd_per_mtok: float, mtok_per_month: float
) -> Chart:
    """Draw own cost per million tokens over monthly volume with its band, the API and our point."""
    even = fleet.breakeven_mtok(api_usd_per_mtok)
    filled = fleet.minimum_usd_per_month / fleet.floor_usd_per_mtok
    ends = [v for v in (mtok_per_month, even, filled) if v]
    low, high = math.log10(min(ends)) - DECADES_BELOW, math.log10(max(ends)) + DECADES_ABOVE
    volumes = [10 ** (low + (high - low) * n / (POINTS - 1)) for n in range(POINTS)]
    curve, lower, upper = (
        [fleet.usd_per_mtok(v, floor=floor) for v in volumes]
        for floor in (fleet.floor_usd_per_mtok, fleet.floor_low, fleet.floor_high)
    )
    ours = fleet.usd_per_mtok(mtok_per_month)
    # both axes by powers of ten: the whole curve is in sight, our own point with it
    reach = (*curve, ours, api_usd_per_mtok, *lower)
    bottom, top = (math.log10(end) for end in (min(reach) / ROOM, max(curve[0], ours) * ROOM))
    layout = theme.layout(height_px=320, left_px=48, right_px=96)
    # million tokens become tokens on the axis, so that it reads 10m, 1bn
    layout["xaxis"] |= {"type": "log", "range": [low + 6, high + 6], **_ticks(low + 6, high + 6)}
    layout["yaxis"] |= {"type": "log", "range": [bottom, top], **_ticks(bottom, top, prefix="$")}
    x = [v * 1e6 for v in volumes]
    edge = {"type": "scatter", "mode": "lines", "x": x, "hoverinfo": "skip",
            "line": {"width": 0, "color": theme.BAND}, "name": "80 % band"}  # fmt: skip
    traces = [
        {**edge, "y": lower},
        {**edge, "y": upper, "fill": "tonexty", "fillcolor": theme.BAND},
        {"type": "scatter", "mode": "lines", "x": [x[0], x[-1]], "y": [api_usd_per_mtok] * 2,
         "name": "API", "line": {"color": theme.ACTUAL, "width": 2},
         "hovertemplate": "API $%{y:.3~g}<extra></extra>"},
        {"type": "scatter", "mode": "lines", "x": x, "y": curve, "name": "own fleet",
         "line": charts.LOOKS["p50"],
         "hovertemplate": "%{x:.3~s} tokens a month<br>own fleet $%{y:,.3~g}<extra></extra>"},
        {"type": "scatter", "mode": "markers", "x": [mtok_per_month * 1e6],
         "y": [ours], "name": "we are here", "cliponaxis": False,
         "marker": {"size": 11, "color": theme.BAD},
         "hovertemplate": f"we are here: {theme.money(ours)}<extra></extra>"},
    ]  # fmt: skip
    # the curve falls to the right of us, so the label stands where there is room to its left
    side = "right" if math.log10(mtok_per_month) - low > LABEL_SHARE * (high - low) else "left"
    layout["annotations"] = [
        theme.note(f"API {theme.money(api_usd_per_mtok)}", x=high + 6, y=math.log10(api_usd_per_mtok),
                   color=theme.INK, strong=True, xanchor="left", xshift=7),
        theme.note(f"own {theme.money(curve[-1])}", x=high + 6, y=math.log10(curve[-1]), color=theme.ACCENT,
                   strong=True, xanchor="left", xshift=7,
                   yshift=_apart(math.log10(curve[-1] / api_usd_per_mtok), top - bottom)),
        theme.note(f"we are here: {theme.money(ours)}", x=math.log10(mtok_per_month) + 6,
                   y=math.log10(ours), strong=True, color=theme.BAD, xanchor=side, yshift=12,
                   xshift=12 if side == "left" else -12),
    ]  # fmt: skip
    if even is not None:
        layout["shapes"] = [
            {"type": "line", "x0": even * 1e6, "x1": even * 1e6, "y0": 10**bottom, "y1": api_usd_per_mtok,
             "line": {"color": theme.INK_3, "width": 1, "dash": "dot"}}
        ]  # fmt: skip
        layout["annotations"].append(
            theme.note(f"break-even {tokens(even)}", x=math.log10(even) + 6, y=bottom,
                       xanchor="right", yanchor="bottom", xshift=-6, yshift=3)
        )  # fmt: skip
    rows = [
        [tokens(v), *(theme.money(c) for c in (curve[n], lower[n], upper[n], api_usd_per_mtok))]
        for n, v in enumerate(volumes)
    ]
    said = f"Break-even at {tokens(even)} a month" if even else "Own capacity never breaks even"
    return chart(
        caption, figure={"data": traces, "layout": layout}, rows=rows,
        summary=f"{said}; today {tokens(mtok_per_month)} at {theme.money(ours)} a million on own "
        f"capacity against {theme.money(api_usd_per_mtok)} from the API.",
        columns=("Tokens a month", "own", "band low", "band high", "API"), unit="$",
    )  # fmt: skip


def load_against_capacity(
    caption: Caption, *, share: Sequence[Sequence[float | None]], drawn: Chart
) -> Chart:
    """Outline the hours of a drawn week that exceed capacity."""
    outlines = [
        {"type": "rect", "x0": hour - 0.5, "x1": hour + 0.5, "y0": day - 0.5, "y1": day + 0.5,
         "line": {"color": theme.BAD, "width": 1.6}, "fillcolor": "rgba(0,0,0,0)"}
        for day, hours in enumerate(share) for hour, value in enumerate(hours)
        if value is not None and value > 1
    ]  # fmt: skip
    layout = {**drawn.figure["layout"], "shapes": outlines}
    layout["height"] = 320
    layout["margin"] = {**layout["margin"], "b": 12}
    figure = {**drawn.figure, "layout": layout}
    return Chart(**{**{n: getattr(drawn, n) for n in drawn.__slots__}, "figure": figure,
                    "title": caption.title})  # fmt: skip


def by_day(drawn: Chart, *, first_weekday: int) -> Chart:
    """Name the days under a week drawn by hours."""
    layout = {**drawn.figure["layout"]}
    days = [WEEKDAYS[(first_weekday + n) % 7] for n in range(7)]
    layout["xaxis"] = {
        **layout["xaxis"], "type": "linear", "range": [0, HOURS_OF_WEEK],
        "tickvals": [24 * n + 12 for n in range(7)], "ticktext": days,
    }  # fmt: skip
    layout["yaxis"] = {**layout["yaxis"], "dtick": 1} if _most(drawn) <= 6 else layout["yaxis"]
    data = [
        {**trace, "line": {**trace["line"], "shape": "hv", "width": 1.6}}
        for trace in drawn.figure["data"]
    ]
    figure = {**drawn.figure, "data": data, "layout": layout}
    return Chart(**{**{n: getattr(drawn, n) for n in drawn.__slots__}, "figure": figure})


def _most(drawn: Chart) -> float:
    return max((y or 0.0 for trace in drawn.figure["data"] for y in trace["y"]), default=0.0)


def one_week(plan: ReplicaPlan) -> ReplicaPlan:
    """Return the last week of a plan."""
    return ReplicaPlan(
        needed=plan.needed[-HOURS_OF_WEEK:], running=plan.running[-HOURS_OF_WEEK:],
        goodput_requests_per_s=plan.goodput_requests_per_s,
        full_batch_requests_per_s=plan.full_batch_requests_per_s,
    )  # fmt: skip


def answer(
    feature: str,
    *,
    verdict: Verdict,
    candidates: Sequence[Candidate],
    fleet: Fleet | None,
    api_usd_per_mtok: float,
    mtok_per_month: float,
    cheapest: Mapping[str, float],
    growth_per_month: float,
) -> str:
    """Say where it should run, in one sentence or two."""
    kinds = {each.option.name: each.kind for each in candidates}
    chosen = next((j for j in verdict.judged if j.option.name == verdict.chosen), None)
    if chosen is None:
        return f"{feature} may run nowhere: {verdict.why}"
    if kinds[chosen.option.name] == "api":
        return f"{_stay(chosen, candidates)} {_until(feature, fleet, api_usd_per_mtok, mtok_per_month, growth_per_month)}"
    share = cheapest.get(chosen.option.name)
    sure = "" if share is None else f", cheapest in {theme.percent(share)} of draws"
    today = verdict.judged[0]
    against = f", {theme.money(today.quantile(0.5))} on the API of today"
    if today.excluded:
        against += f", which is excluded: {today.excluded[0]}"
        sure = ""
    cost = theme.money(chosen.quantile(0.5))
    pace = f"At {theme.percent(growth_per_month, digits=1)} growth a month, run"
    return f"{pace} {feature} on {_named(chosen, kinds)}: {cost} at the median{against}{sure}."


def _named(chosen: Judged, kinds: Mapping[str, str]) -> str:
    option = chosen.option
    if kinds[option.name] != "hybrid":
        return lowered(option.name)
    many = "replica" if option.replicas == 1 else "replicas"
    return f"{option.replicas} own {many}, with the API above"


def tiles(
    *, api_usd_per_mtok: float, own_usd_per_mtok: float | None, even_mtok: float | None,
    mtok_per_month: float, replicas: tuple[int, int] | None, ttft: tuple[float | None, float | None],
    utilization: float | None, band: str,
) -> tuple[Tile, ...]:  # fmt: skip
    """Return the six numbers of the page."""
    own, own_unit = theme.money_parts(own_usd_per_mtok)
    api, api_unit = theme.money_parts(api_usd_per_mtok)
    gap, tone = "no prediction", "neutral"
    if own_usd_per_mtok and api_usd_per_mtok:
        ratio = own_usd_per_mtok / api_usd_per_mtok
        gap = f"{theme.times(ratio)} × the API, {'dearer' if ratio > 1 else 'cheaper'}"
        tone = "bad" if ratio > 1 else "good"
    ours, theirs = ttft
    return (
        Tile(label="API, a million tokens", value=api, unit=api_unit, foot="measured, 28 days",
             delta="this feature's own mix of tokens"),
        Tile(label="Own, at today's volume", value=own, unit=own_unit, delta=gap, tone=tone,
             foot=f"modelled {band}".strip()),
        Tile(label="Break-even volume", value=tokens(even_mtok) if even_mtok else "none",
             delta=f"now {tokens(mtok_per_month)} a month", foot="tokens a month"),
        Tile(label="Replicas at the peak", value=str(replicas[0]) if replicas else theme.NOT_KNOWN,
             delta=f"{replicas[1]} paid for, spare included" if replicas else "", foot="modelled"),
        Tile(label="Use of the fleet", foot="modelled, all hours",
             value=theme.NOT_KNOWN if utilization is None else theme.in_row(100 * utilization, digits=1),
             unit="%" if utilization is not None else "", delta="of what it serves in its targets"),
        Tile(label="p95 first token, own", value=theme.number(ours), unit="s" if ours else "",
             delta=f"API {theme.number(theirs)} s, measured" if theirs else "API not measured",
             foot="modelled, simulated queue"),
    )  # fmt: skip


def tokens(mtok: float | None) -> str:
    """Write a volume of tokens with its letter: 23.4m, 5.1bn."""
    return theme.NOT_KNOWN if mtok is None else theme.count(mtok * 1e6)


def _ticks(low: float, high: float, *, prefix: str = "") -> dict[str, object]:
    """Return one and three of each decade, or whole decades where there are many."""
    steps = (1, 3) if high - low <= 3.2 else (1,)
    values = [
        step * 10**decade
        for decade in range(math.floor(low), math.ceil(high) + 1)
        for step in steps
        if low <= math.log10(step * 10**decade) <= high
    ]
    return {"tickvals": values, "ticktext": [prefix + _power(v) for v in values]}


def _power(value: float) -> str:
    divisor, letter = theme.scale_of(value)
    return f"{value / divisor:g}{letter}"


def _apart(decades: float, shown: float) -> int:
    """Return how far to push a label so that it does not cover one so many decades below."""
    pixels = decades / shown * 280
    return 0 if abs(pixels) >= charts.LABEL_PIXELS else round(
        math.copysign(charts.LABEL_PIXELS, pixels or -1) - pixels
    )  # fmt: skip


def lowered(name: str) -> str:
    """Write an option's name inside a sentence."""
    return name[0].lower() + name[1:]


def _stay(chosen: Judged, candidates: Sequence[Candidate]) -> str:
    first = candidates[0].option.name
    if chosen.option.name == first:
        return "Stay on the managed API:"
    return f"Move to {lowered(chosen.option.name)} ({theme.money(chosen.quantile(0.5))} at the median):"


def _until(
    feature: str, fleet: Fleet | None, api: float, volume: float, growth_per_month: float
) -> str:
    if fleet is None:
        return f"own capacity cannot be predicted for {feature}."
    even = fleet.breakeven_mtok(api)
    if even is None:
        return (
            f"own capacity costs at least {theme.money(fleet.floor_usd_per_mtok)} a million tokens "
            f"at any volume, the API {theme.money(api)}."
        )
    away = months_until(volume, even, growth_per_month=growth_per_month)
    when = (
        "" if away is None else f", {theme.number(away, digits=0)} months away at this growth"
    )  # fmt: skip
    if volume >= even:
        return f"own capacity breaks even at {tokens(even)} tokens a month, but not within the owner's limits."
    return (
        f"own capacity breaks even at {tokens(even)} tokens a month; {feature} is at "
        f"{tokens(volume)}{when}."
    )

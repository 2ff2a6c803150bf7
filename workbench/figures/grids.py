"""What needs two dimensions: heat maps, Gantt charts, small multiples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workbench.figures import theme
from workbench.figures.bars import BAR_PIXELS, MAX_BARS, short
from workbench.figures.caption import (
    Caption,
    Numbers,
    chart,
    known,
    month,
    scaled,
    unit_of,
)
from workbench.figures.cards import Chart, Tone
from workbench.figures.charts import LABEL_PIXELS, LOOKS, Series

PANEL_SHARE = {True: 0.72, False: 0.56}
"""How wide a panel's plot is in its column, with more than two abreast or not; the rest is its value."""
PANEL_PIXELS, ABOVE_PIXELS, ROW_PIXELS = 95, 21, 154
"""How high a panel's plot is, its title above it, and a row with the names under the axis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One bar of a Gantt chart, in days from its start."""

    name: str
    start: float
    finish: float
    tone: Tone = "neutral"
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One of several small figures on the same scale."""

    title: str
    series: Sequence[Series]


def heatmap(
    caption: Caption, *, rows: Sequence[str], columns: Sequence[str], values: Sequence[Numbers]
) -> Chart:
    """Draw one cell for each row and column, darker for more."""
    largest = max((abs(v) for row in values for v in known(row)), default=1.0)
    divisor, letter = theme.scale_of(largest)
    unit = unit_of(caption.unit, letter)
    left = min(170, 20 + max((len(r) for r in rows), default=0) * 6.3)
    layout = theme.layout(height_px=max(140, 44 + BAR_PIXELS * len(rows)), left_px=round(left))
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "type": "category", "nticks": 0,
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    layout["xaxis"] |= {"side": "top", "type": "category", "nticks": 12}
    layout["margin"] |= {"t": 26, "b": 6}
    trace = {
        "type": "heatmap", "x": [theme.plain(c) for c in columns], "y": [theme.plain(r) for r in rows],
        "z": [scaled(row, divisor) for row in values], "xgap": 2, "ygap": 2, "showscale": False,
        "colorscale": [list(stop) for stop in theme.HEAT], "zmin": 0, "hoverongaps": False,
        "hovertemplate": f"%{{y}}, %{{x}}<br>%{{z:,.4~g}} {unit}<extra></extra>",
    }  # fmt: skip
    table = [[name, *map(theme.number, row)] for name, row in zip(rows, values, strict=True)]
    ranked = sorted(
        ((v, r, c) for r, row in zip(rows, values, strict=True)
         for c, v in zip(columns, row, strict=True) if v is not None),
        reverse=True,
    )  # fmt: skip
    top = "; ".join(f"{r}, {c}: {theme.number(v)}" for v, r, c in ranked[:3])
    return chart(
        caption, figure={"data": [trace], "layout": layout}, columns=["", *columns], rows=table,
        summary=f"Highest: {top} ({caption.unit})." if top else "No values.", unit=unit,
    )  # fmt: skip


def gantt(caption: Caption, *, tasks: Sequence[Task], deadline: float | None = None) -> Chart:
    """Draw tasks as bars over days, in the order given, with the deadline as a line."""
    tones = {"good": theme.GOOD, "bad": theme.BAD, "neutral": theme.ACTUAL}
    left = min(210, 14 + max((len(t.name) for t in tasks), default=0) * 6.3)
    layout = theme.layout(height_px=max(120, 48 + BAR_PIXELS * len(tasks)), left_px=round(left))
    places = list(range(len(tasks)))
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": places,
        "ticktext": [theme.plain(t.name) for t in tasks],
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    layout["xaxis"] |= {"rangemode": "tozero", "ticksuffix": " d", "nticks": 8}
    if deadline is not None:
        layout["shapes"] = [
            {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": deadline, "x1": deadline,
             "line": {"color": theme.BAD, "width": 1, "dash": "dot"}}
        ]  # fmt: skip
    trace = {
        "type": "bar", "orientation": "h", "y": places, "base": [t.start for t in tasks],
        "x": [t.finish - t.start for t in tasks],
        "marker": {"color": [tones[t.tone] for t in tasks]},
        "text": [theme.plain(t.note) for t in tasks], "textposition": "outside", "cliponaxis": False,
        "textfont": {"size": 11, "color": theme.INK_2},
        "hovertemplate": "from day %{base:.0f}, %{x:.0f} days<extra></extra>",
    }  # fmt: skip
    finish = max((t.finish for t in tasks), default=0.0)
    rows = [
        [t.name, theme.number(t.start, digits=0), theme.number(t.finish, digits=0), t.note]
        for t in tasks
    ]
    return chart(
        caption, figure={"data": [trace], "layout": layout | {"bargap": 0.4}}, rows=rows,
        summary=f"{len(tasks)} tasks; the last ends on day {theme.number(finish, digits=0)}.",
        columns=("Task", "from day", "to day", "note"),
    )  # fmt: skip


def small_multiples(
    caption: Caption, *, x: Sequence[str], panels: Sequence[Panel], across: int = 4,
    own_scale: bool = False,
) -> Chart:  # fmt: skip
    """Draw several small line figures side by side on one scale, so that they compare.

    With `own_scale` each runs from zero to its own largest value: for panels of different units,
    which do not compare.

    `layout.meta.narrow` holds the same layout two abreast, which the page takes on a phone.
    """
    shown = panels[:MAX_BARS]
    values = [v for p in shown for s in p.series for v in known(s.y)]
    divisor, letter = theme.scale_of(max(map(abs, values), default=1.0))
    unit = unit_of(caption.unit, letter)
    traces = [
        {
            "type": "scatter", "mode": "lines", "x": list(x), "y": scaled(s.y, divisor),
            "line": LOOKS[s.look] | ({"color": s.color} if s.color else {}),
            "xaxis": f"x{_nth(i)}", "yaxis": f"y{_nth(i)}",
            "hovertemplate": f"%{{x}}<br>{theme.plain(s.name)} %{{y:,.4~g}} {unit}<extra></extra>",
        }
        for i, panel in enumerate(shown) for s in panel.series
    ]  # fmt: skip
    tops = [max((v for s in p.series for v in known(s.y)), default=1.0) for p in shown]
    if not own_scale:
        tops = [max(values, default=1.0)] * len(shown)
    tops = [top / divisor * 1.1 for top in tops]
    layout = _panels_layout(shown, x=x, across=across, tops=tops, divisor=divisor)
    narrow = _panels_layout(shown, x=x, across=min(2, across), tops=tops, divisor=divisor)
    layout["meta"] = {"narrow": narrow}
    names = [f"{p.title} {s.name}" for p in shown for s in p.series]
    columns = [s.y for p in shown for s in p.series]
    rows = [[at, *(theme.number(c[i]) for c in columns)] for i, at in enumerate(x)]
    ends = "; ".join(
        f"{name} {theme.number(known(c)[-1])}"
        for name, c in zip(names, columns, strict=True)
        if known(c)
    )
    return chart(
        caption, figure={"data": traces, "layout": layout}, columns=["", *names], rows=rows,
        summary=f"At the end: {ends} ({caption.unit}).", unit=unit,
    )  # fmt: skip


def _nth(place: int) -> str:
    """Return plotly's number of the axis at `place`: nothing, 2, 3 and so on."""
    return "" if place == 0 else str(place + 1)


def _panels_layout(
    panels: Sequence[Panel], *, x: Sequence[str], across: int, tops: Sequence[float], divisor: float
) -> dict[str, Any]:
    down = -(-len(panels) // across) or 1
    layout = theme.layout(height_px=40 + ROW_PIXELS * down, left_px=16, right_px=24)
    axes = {name: layout.pop(name) for name in ("xaxis", "yaxis")}
    notes: list[dict[str, Any]] = []
    ends = [x[0], x[-1]] if x else []
    for i, panel in enumerate(panels):
        row, column = divmod(i, across)
        x0, x1 = column / across, (column + PANEL_SHARE[across > 2]) / across
        y1 = 1 - (row + ABOVE_PIXELS / ROW_PIXELS) / down
        y0 = y1 - PANEL_PIXELS / ROW_PIXELS / down
        layout[f"xaxis{_nth(i)}"] = axes["xaxis"] | {
            "domain": [x0, x1], "anchor": f"y{_nth(i)}", "type": "category", "tickangle": 0,
            "tickvals": ends, "ticktext": [month(at) for at in ends], "range": [0, len(x) - 1],
        }  # fmt: skip
        layout[f"yaxis{_nth(i)}"] = axes["yaxis"] | {
            "domain": [y0, y1], "anchor": f"x{_nth(i)}", "range": [0, tops[i]], "showticklabels": False,
            "showgrid": False, "zeroline": True, "zerolinecolor": theme.LINE,
        }  # fmt: skip
        notes.append(theme.note(short(panel.title, 20), x=x0, y=y1, color=theme.INK_2, strong=True,
                                xref="paper", yref="paper", xanchor="left", yanchor="bottom"))  # fmt: skip
        lasts = sorted(known(s.y)[-1] / divisor for s in panel.series if known(s.y) and x)
        floor = float("-inf")
        for last in lasts:  # pushed up where one would cover the other
            at = last / tops[i] * PANEL_PIXELS if tops[i] else 0.0
            place = max(at, floor)
            floor = place + LABEL_PIXELS
            notes.append(theme.note(theme.number(last), x=x[-1], y=last, color=theme.INK_2, yshift=round(place - at),
                                    xref=f"x{_nth(i)}", yref=f"y{_nth(i)}", xanchor="left", xshift=5))  # fmt: skip
    return layout | {"annotations": notes}

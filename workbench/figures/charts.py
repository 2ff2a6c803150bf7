"""How a quantity runs: lines with bands, fans, S-curves, small multiples.

Bars and tornados are in bars.py, stacks in stacks.py, bridges in bridges.py, heat maps and Gantt charts in grids.py. Every function
takes a `Caption` and plain numbers and returns a `Chart`: plotly JSON, a summary in words, and
the numbers as a table. "{unit}" in a subtitle becomes the unit with its k, m or bn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from workbench.figures import theme
from workbench.figures.caption import (
    Caption,
    Labels,
    Numbers,
    chart,
    known,
    scaled,
    unit_of,
    x_axis,
    zero_line,
)
from workbench.figures.cards import Chart

Look = Literal["actual", "previous", "plan", "forecast", "p50", "thin"]
LOOKS: dict[str, dict[str, Any]] = {
    "actual": {"color": theme.ACTUAL, "width": 2.2},
    "previous": {"color": theme.PREVIOUS, "width": 1.6},
    "plan": {"color": theme.PLAN, "width": 1.3, "dash": "dot"},
    "forecast": {"color": theme.ACCENT, "width": 2, "dash": "dash"},
    "p50": {"color": theme.ACCENT, "width": 2.2},
    "thin": {"color": theme.ACCENT, "width": 1},
}
LABEL_PIXELS = 14
MAX_DIRECT_LABELS = 6
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line: its name, values and look; `color` overrides that of the look."""

    name: str
    y: Numbers
    look: Look = "actual"
    color: str = ""
    label: str = ""
    """Text at the line's end; the name and last value when empty."""
    stepped: bool = False
    """Whether it holds for a whole period and then jumps, as a budget does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """An interval around a line, such as P10 to P90."""

    name: str
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A dashed line at one x or one y, with its label."""

    text: str
    x: str | float | None = None
    y: float | None = None
    color: str = theme.BAD


def lines(
    caption: Caption,
    *,
    x: Labels,
    series: Sequence[Series],
    bands: Sequence[Band] = (),
    marks: Sequence[Mark] = (),
    from_zero: bool = True,
    height_px: int = 280,
    opens: Sequence[str] = (),
) -> Chart:
    """Draw one or more lines over x, with bands behind them and labels at their ends.

    `opens` names what each point of x opens, whichever line it is on.
    """
    everything = [v for s in series for v in known(s.y)]
    everything += [v for b in bands for v in (*known(b.low), *known(b.high))]
    everything += [m.y for m in marks if m.y is not None]
    divisor, letter = theme.scale_of(max(map(abs, everything), default=1.0))
    low, high = _range([v / divisor for v in everything], from_zero=from_zero)
    unit = unit_of(caption.unit, letter)
    traces = [trace for band in bands for trace in _band(band, x=x, divisor=divisor)]
    drawn = [_line(item, x=x, divisor=divisor, unit=unit) for item in series]
    traces += [trace | {"customdata": list(opens)} if opens else trace for trace in drawn]
    labels = _end_labels(series, x=x, divisor=divisor, low=low, high=high, height_px=height_px)
    right = 18 + min(140, max((_width(note) for note in labels), default=0.0))
    layout = theme.layout(height_px=height_px, right_px=round(right))
    layout["xaxis"] |= x_axis(x)
    layout["xaxis"]["range"] = [0, len(x) - 1] if "categoryarray" in layout["xaxis"] else _ends(x)
    layout["yaxis"] |= {"range": [low, high], "tickformat": ",.4~g"}
    layout["shapes"] = [_mark_line(m, divisor=divisor) for m in marks]
    if low < 0 < high or low == 0:
        layout["shapes"].append(zero_line())
    layout["annotations"] = [*labels, *(_mark_label(m, divisor=divisor, x=x) for m in marks)]
    if len(series) > MAX_DIRECT_LABELS:
        layout |= {"showlegend": True, "legend": {"orientation": "h", "y": -0.16, "x": 0}}
    columns = [
        "",
        *(s.name for s in series),
        *(f"{b.name} {e}" for b in bands for e in ("low", "high")),
    ]
    values = [*(s.y for s in series), *(side for b in bands for side in (b.low, b.high))]
    rows = [
        [str(label), *(theme.number(column[i]) for column in values)] for i, label in enumerate(x)
    ]
    return chart(
        caption, figure={"data": traces, "layout": layout}, summary=_summary(x, series, caption.unit),
        columns=columns, rows=rows if everything else [], unit=unit,
        opens=[(key, _day(str(at))) for key, at in zip(opens, x, strict=False)],
    )  # fmt: skip


def _day(at: str) -> str:
    """Write an ISO day as the axis does, 4 Oct; other names stay as they are."""
    if len(at) != 10 or at[4] != "-" or not at[5:7].isdigit():
        return at
    return f"{int(at[8:])} {theme.MONTHS[int(at[5:7]) - 1]}"


def fan(
    caption: Caption,
    *,
    x: Labels,
    p10: Numbers,
    p50: Numbers,
    p90: Numbers,
    actual: Numbers = (),
    plan: Numbers = (),
    marks: Sequence[Mark] = (),
) -> Chart:
    """Draw a forecast as its median and P10–P90 band, beside what happened and what was planned.

    All run over the same x: `actual` has None after its end, the forecast None before its start.
    The plan holds for a whole period and then steps.
    """
    given = (
        Series(name="budget", y=plan, look="plan", stepped=True),
        Series(name="actual", y=actual),
        Series(name="P50", y=p50, look="forecast"),
    )
    series = [item for item in given if known(item.y)]
    band = Band(name="P10–P90", low=p10, high=p90)
    return lines(caption, x=x, series=series, bands=[band], marks=marks)


def s_curve(
    caption: Caption, *, values: Sequence[float], marks: Sequence[Mark] = (), points: int = 101
) -> Chart:
    """Draw the share of draws at or below each value, with P10, P50 and P90 as the table."""
    ordered = sorted(values)
    last = len(ordered) - 1
    at = [ordered[round(last * i / (points - 1))] for i in range(points)] if ordered else []
    divisor, letter = theme.scale_of(max(map(abs, at), default=1.0))
    unit = unit_of(caption.unit, letter)
    marks = [replace(m, x=m.x / divisor) if isinstance(m.x, float) else m for m in marks]
    layout = theme.layout(height_px=280)
    layout["xaxis"] |= {"tickformat": ",.4~g"}
    layout["yaxis"] |= {"range": [0, 1.02], "tickvals": SHARES,
                        "ticktext": [theme.percent(share) for share in SHARES]}  # fmt: skip
    layout["shapes"] = [_mark_line(m, divisor=divisor) for m in marks] + [zero_line()]
    layout["annotations"] = [_mark_label(m, divisor=divisor) for m in marks]
    trace = {
        "type": "scatter", "mode": "lines", "x": scaled(at, divisor), "line": LOOKS["p50"],
        "y": [i / (points - 1) for i in range(points)],
        "hovertemplate": f"%{{y:.0%}} at or below %{{x:,.4~g}} {unit}<extra></extra>",
    }  # fmt: skip
    named = {n: at[n] for n in (10, 50, 90)} if len(at) == 101 else {}
    summary = ", ".join(f"P{n} {theme.number(v)} {caption.unit}" for n, v in named.items())
    rows = [[f"P{n}", theme.number(at[round(n * (points - 1) / 100)])] for n in range(0, 101, 5)]
    return chart(
        caption, figure={"data": [trace], "layout": layout}, summary=summary,
        columns=("Percentile", caption.unit), rows=rows if at else [], unit=unit,
    )  # fmt: skip


def _ends(x: Labels) -> list[str | float] | None:
    """Return where the axis starts and ends, so that labels outside do not stretch it."""
    return [x[0], x[-1]] if len(x) > 1 else None


def _range(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    pad = (high - low or abs(high) or 1.0) * 0.06
    return (low if from_zero and low == 0 else low - pad), high + pad


def _line(item: Series, *, x: Labels, divisor: float, unit: str) -> dict[str, Any]:
    line = dict(LOOKS[item.look])
    if item.color:
        line["color"] = item.color
    if item.stepped:
        line["shape"] = "hvh"
    return {
        "type": "scatter", "mode": "lines", "name": theme.plain(item.name), "x": list(x),
        "y": scaled(item.y, divisor), "line": line, "connectgaps": False,
        "hovertemplate": f"%{{x}}<br>{theme.plain(item.name)} %{{y:,.4~g}} {unit}<extra></extra>",
    }  # fmt: skip


def _band(band: Band, *, x: Labels, divisor: float) -> list[dict[str, Any]]:
    pairs = zip(x, band.low, band.high, strict=True)
    inside = [(at, a, b) for at, a, b in pairs if a is not None and b is not None]
    edges = [[a / divisor for _, a, _ in inside], [b / divisor for _, _, b in inside]]
    common = {
        "type": "scatter", "mode": "lines", "x": [at for at, _, _ in inside], "hoverinfo": "skip",
        "line": {"width": 0, "color": theme.BAND}, "name": band.name, "showlegend": False,
    }  # fmt: skip
    fill = {"fill": "tonexty", "fillcolor": theme.BAND}
    return [common | {"y": edges[0]}, common | fill | {"y": edges[1]}]


def _end_labels(
    series: Sequence[Series], *, x: Labels, divisor: float, low: float, high: float, height_px: int
) -> list[dict[str, Any]]:
    """Return a label at each line's end, pushed apart so that none covers another."""
    if len(series) > MAX_DIRECT_LABELS:
        return []
    ends = []
    for item in series:
        last = next((i for i in range(len(item.y) - 1, -1, -1) if item.y[i] is not None), None)
        if last is not None:
            ends.append((item, x[last], (item.y[last] or 0.0) / divisor))
    ends.sort(key=lambda end: end[2])
    pixels = (height_px - 40) / (high - low)
    notes, floor = [], float("-inf")
    for item, at, y in ends:
        wanted = (y - low) * pixels
        place = max(wanted, floor)
        floor = place + LABEL_PIXELS
        shown = 0.0 if abs(y) < (high - low) / 1000 else y  # less than the line is thick
        text = item.label or f"{item.name} {theme.number(shown)}"
        color = item.color or (theme.INK_2 if item.look in ("plan", "previous") else theme.INK)
        strong = item.look in ("actual", "forecast", "p50")
        if at == x[-1]:
            notes.append(
                theme.note(text, x=at, y=y, color=color, strong=strong, xanchor="left", xshift=7,
                           yshift=round(place - wanted))
            )  # fmt: skip
        else:  # over the line from where it starts: to its end there may be no room
            start = next(i for i, value in enumerate(item.y) if value is not None)
            notes.append(
                theme.note(text, x=x[start], y=max(known(item.y)) / divisor, color=color, strong=strong,
                           xanchor="left", yshift=12)
            )  # fmt: skip
    return notes


def _width(note: dict[str, Any]) -> float:
    """Return about how many pixels wide a label is; heavy letters are wider."""
    return len(note["text"]) * (6.9 if note["font"]["weight"] > 400 else 6.3)


def _mark_line(mark: Mark, *, divisor: float) -> dict[str, Any]:
    line = {"color": mark.color, "width": 1, "dash": "dot"}
    if mark.x is not None:
        at = {"x0": mark.x, "x1": mark.x, "y0": 0, "y1": 1, "yref": "paper"}
        return {"type": "line", **at, "line": line}
    y = (mark.y or 0.0) / divisor
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line}


def _mark_label(mark: Mark, *, divisor: float, x: Labels = ()) -> dict[str, Any]:
    if mark.x is not None:
        # Beside its line, on the side where there is room: never over the numbers of the axis.
        early = mark.x in list(x) and 2 * list(x).index(mark.x) < len(x)  # pyright: ignore[reportArgumentType]
        place: dict[str, Any] = {
            "x": mark.x,
            "y": 1,
            "yref": "paper",
            "xanchor": "left" if early else "right",
            "xshift": 4 if early else -4,
        }
    else:
        place = {
            "x": 0, "xref": "paper", "y": (mark.y or 0.0) / divisor, "xanchor": "left",
            "yanchor": "bottom", "xshift": 4,
        }  # fmt: skip
    return theme.note(mark.text, color=mark.color, bgcolor=theme.CARD, borderpad=1, **place)


def _summary(x: Labels, series: Sequence[Series], unit: str) -> str:
    """Say where each line starts, ends and peaks."""
    parts = []
    for item in series:
        values = known(item.y)
        if values:
            first, last, top = (theme.number(v) for v in (values[0], values[-1], max(values)))
            parts.append(f"{item.name} runs from {first} to {last} {unit}, at most {top}")
    return f"{'; '.join(parts)}, between {x[0]} and {x[-1]}." if parts else "No values."

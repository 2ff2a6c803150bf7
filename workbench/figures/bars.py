"""How quantities compare: bars and tornados. Bridges are in bridges.py, stacks in stacks.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.figures import theme
from workbench.figures.caption import (
    Caption,
    Numbers,
    chart,
    known,
    scaled,
    unit_of,
)
from workbench.figures.cards import Chart

BAR_PIXELS = 26
MAX_BARS = 12
NAMED_BAR_PIXELS = 42
"""A bar with its name above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One input of a tornado: the results at its low and its high end."""

    name: str
    low: float
    high: float
    low_at: str = ""
    """What the input is at the low end, e.g. '10 %'."""
    high_at: str = ""


def bars(
    caption: Caption,
    *,
    names: Sequence[str],
    values: Numbers,
    previous: Numbers = (),
    colors: Mapping[str, str] | None = None,
    opens: Sequence[str] = (),
) -> Chart:
    """Draw horizontal bars, largest first as given, each with its value; previous is lighter.

    What comes after the first twelve is in the table only, and the summary says so.

    Parameters
    ----------
    opens
        Keys of what each name's bars open, in order; empty where nothing does.
    """
    shown = list(names)[:MAX_BARS]
    divisor, letter = theme.scale_of(max(map(abs, known((*values, *previous))), default=1.0))
    unit = unit_of(caption.unit, letter)
    height = 40 + BAR_PIXELS * len(shown) * (1.5 if previous else 1)
    left = min(200, 20 + max((len(n) for n in shown), default=0) * 6.6)
    layout = theme.layout(height_px=max(120, round(height)), left_px=round(left), right_px=52)
    places = list(range(len(shown)))
    layout["xaxis"] |= {"showticklabels": False}
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": places,
        "ticktext": [theme.plain(short(n)) for n in shown],
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    layout["margin"] |= {"t": 4, "b": 6}
    layout |= {"barmode": "group", "bargap": 0.3, "bargroupgap": 0.05}
    fill = [(colors or {}).get(name, theme.ACTUAL) for name in shown]
    traces = [_bar_row("now", values[: len(shown)], divisor=divisor, color=fill)]
    if previous:
        traces.append(
            _bar_row("before", previous[: len(shown)], divisor=divisor, color=theme.PREVIOUS)
        )
    for trace in traces:
        trace["y"] = places
        if opens:
            trace |= {"customdata": list(opens[: len(shown)]), "hoverinfo": "none"}
    columns = ["", caption.unit, *(["before"] if previous else [])]
    rows = [
        [name, *(theme.number(column[i]) for column in ((values, previous) if previous else (values,)))]
        for i, name in enumerate(names)
    ]  # fmt: skip
    rest = len(names) - len(shown)
    summary = "; ".join(
        f"{n} {theme.number(v)}" for n, v in zip(names[:3], values[:3], strict=False)
    )
    summary += f"; {rest} more in the table" if rest > 0 else ""
    return chart(
        caption, figure={"data": traces, "layout": layout}, columns=columns,
        summary=f"{summary} ({caption.unit}).", rows=rows, unit=unit,
        opens=list(zip(opens, shown, strict=False)),
    )  # fmt: skip


def tornado(
    caption: Caption, *, base: float, drivers: Sequence[Driver], more_is_bad: bool = True
) -> Chart:
    """Draw how far each input moves the result from `base`, widest first.

    Each end says by how much and at which value of the input; its colour says good or bad.
    """
    ordered = sorted(drivers, key=lambda d: -abs(d.high - d.low))[:MAX_BARS]
    divisor, letter = theme.scale_of(
        max((abs(v) for d in ordered for v in (d.low, d.high)), default=1.0)
    )
    unit = unit_of(caption.unit, letter)
    left = min(200, 20 + max((len(d.name) for d in ordered), default=0) * 6.6)
    layout = theme.layout(
        height_px=max(120, 56 + 30 * len(ordered)), left_px=round(left), right_px=40
    )
    places = list(range(len(ordered)))
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": places,
        "ticktext": [theme.plain(short(d.name)) for d in ordered],
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    reach = [base, *(v for d in ordered for v in (d.low, d.high))]
    pad = (max(reach) - min(reach)) * 0.9 / divisor  # room for the texts at the ends
    layout["xaxis"] |= {
        "tickformat": ",.4~g", "nticks": 4,
        "range": [min(reach) / divisor - pad, max(reach) / divisor + pad],
    }  # fmt: skip
    layout["shapes"] = [
        {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": base / divisor, "x1": base / divisor,
         "line": {"color": theme.INK_3, "width": 1}}
    ]  # fmt: skip
    layout |= {"barmode": "overlay", "bargap": 0.4}
    layout["meta"] = {"narrow": names_above(layout, [d.name for d in ordered])}
    traces = []
    widest = max((abs(v - base) / divisor for v in reach), default=0.0)
    digits = min(2, theme.digits_for(widest)) if widest >= 0.1 else theme.digits_for(widest)
    for side in ("low", "high"):
        ends = [getattr(d, side) for d in ordered]
        color = [theme.BAD if (end > base) == more_is_bad else theme.GOOD for end in ends]
        texts = [
            _end_text((end - base) / divisor, getattr(d, f"{side}_at"), digits=digits)
            for d, end in zip(ordered, ends, strict=True)
        ]
        traces.append({
            "type": "bar", "orientation": "h", "y": places, "base": base / divisor,
            "x": [(end - base) / divisor for end in ends], "marker": {"color": color},
            "text": texts, "textposition": "outside", "cliponaxis": False,
            "textfont": {"size": 11, "color": theme.INK_2},
            "customdata": [end / divisor for end in ends],
            "hovertemplate": f"%{{customdata:,.4~g}} {unit}<extra></extra>",
        })  # fmt: skip
    rows = [
        [d.name, d.low_at, theme.number(d.low), d.high_at, theme.number(d.high)] for d in ordered
    ]
    first = ordered[0].name if ordered else "none"
    return chart(
        caption, figure={"data": traces, "layout": layout}, rows=rows, unit=unit,
        summary=f"Base {theme.number(base)} {caption.unit}; the widest driver is {first}.",
        columns=("Input", "low at", "result", "high at", "result "),
    )  # fmt: skip


def names_above(layout: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the layout of a phone: each name above its bar, so that what is beside has room."""
    notes = [
        theme.note(
            short(name, 44), x=0, xref="paper", xanchor="left", y=at, yshift=17, bgcolor=theme.CARD
        )
        for at, name in enumerate(names)
    ]
    return {
        **layout, "height": max(120, 64 + NAMED_BAR_PIXELS * len(names)), "bargap": 0.65,
        "margin": {**layout["margin"], "l": 8, "r": 8},
        "yaxis": {**layout["yaxis"], "showticklabels": False, "range": [len(names) - 0.45, -0.85],
                  "autorange": False},
        "annotations": notes,
    }  # fmt: skip


def _end_text(change: float, at: str, *, digits: int) -> str:
    text = theme.signed(change, digits=digits)
    return theme.plain(f"{text} at {at}" if at else text)


def short(name: str, characters: int = 28) -> str:
    """Cut a long name for a label; the table twin has it whole."""
    return name if len(name) <= characters else name[: characters - 1] + "…"


def _bar_row(name: str, values: Numbers, *, divisor: float, color: object) -> dict[str, Any]:
    shown = scaled(values, divisor)
    digits = theme.digits_for(max(map(abs, known(shown)), default=0.0))
    return {
        "type": "bar", "orientation": "h", "name": name, "x": shown, "marker": {"color": color},
        "text": [theme.in_row(v, digits=digits) for v in shown], "textposition": "outside", "cliponaxis": False,
        "textfont": {"size": 11, "color": theme.INK}, "constraintext": "none", "hoverinfo": "skip",
    }  # fmt: skip

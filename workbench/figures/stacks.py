"""What a whole is made of: columns over time, lying bars by name, each of parts."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.bars import BAR_PIXELS, short
from workbench.figures.caption import (
    Caption,
    Numbers,
    chart,
    known,
    scaled,
    unit_of,
    x_axis,
    zero_line,
)
from workbench.figures.cards import Chart
from workbench.figures.charts import LABEL_PIXELS

MOST_DIRECT_LABELS = 4
LEGEND_PIXELS, LEGEND_ROW_PIXELS, LEGEND_COLUMN_PIXELS = 56, 18, 150
"""Above lying bars: the names of the parts; on a phone two a line."""


def stacked(
    caption: Caption,
    *,
    x: Sequence[str],
    parts: Mapping[str, Numbers],
    colors: Mapping[str, str] | None = None,
    height_px: int = 280,
) -> Chart:
    """Draw columns over x made of parts, in the order given, the largest at the bottom."""
    totals = [sum(known([values[i] for values in parts.values()])) for i in range(len(x))]
    divisor, letter = theme.scale_of(max(totals, default=1.0))
    unit = unit_of(caption.unit, letter)
    tones = colors or theme.colors(list(parts))
    traces = [
        {
            "type": "bar", "name": theme.plain(name), "x": list(x), "y": scaled(values, divisor),
            "marker": {"color": tones.get(name, theme.OTHER)},
            "hovertemplate": f"%{{x}}<br>{theme.plain(name)} %{{y:,.4~g}} {unit}<extra></extra>",
        }
        for name, values in parts.items()
    ]  # fmt: skip
    layout = theme.layout(height_px=height_px)
    layout["xaxis"] |= x_axis(x)
    layout["yaxis"] |= {"tickformat": ",.4~g"}
    layout["shapes"] = [zero_line()]
    layout |= {"barmode": "stack", "bargap": 0.15}
    if x and len(parts) <= MOST_DIRECT_LABELS:
        top = max(totals) / divisor
        notes = _named_beside(parts, divisor=divisor, tones=tones, top=top, height_px=height_px)
        layout["annotations"] = notes
        layout["margin"]["r"] = round(22 + min(130, max(len(short(n, 20)) for n in parts) * 6.4))
    else:
        layout |= {
            "showlegend": True,
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal",
                       "font": {"size": 11, "color": theme.INK_2}},
        }  # fmt: skip
        layout["margin"]["t"] = 34
    sums = {name: sum(known(values)) for name, values in parts.items()}
    whole = sum(sums.values()) or 1.0
    summary = "; ".join(f"{n} {theme.percent(v / whole)} of the total" for n, v in sums.items())
    rows = [
        [at, *(theme.number(values[i]) for values in parts.values()), theme.number(totals[i])]
        for i, at in enumerate(x)
    ]
    return chart(
        caption, figure={"data": traces, "layout": layout}, summary=summary + ".",
        columns=["", *parts, "total"], rows=rows if parts else [], unit=unit,
    )  # fmt: skip


def stacked_rows(
    caption: Caption,
    *,
    names: Sequence[str],
    parts: Mapping[str, Numbers],
    colors: Mapping[str, str],
    opens: Mapping[str, Sequence[str]] | None = None,
) -> Chart:
    """Draw a lying bar a name, made of parts, with its total at its end: names may be long.

    `opens` names what each segment opens, for a part its keys by name; an empty key opens nothing.
    """
    keys = opens or {}
    totals = [sum(known([values[i] for values in parts.values()])) for i in range(len(names))]
    divisor, letter = theme.scale_of(max(totals, default=1.0))
    unit = unit_of(caption.unit, letter)
    places = list(range(len(names)))
    shown = [theme.plain(short(name)) for name in names]
    traces = [
        {
            "type": "bar", "orientation": "h", "name": theme.plain(part), "y": places,
            "x": scaled(values, divisor), "text": shown, "textposition": "none",
            "marker": {"color": colors.get(part, theme.OTHER)},
            "hovertemplate": f"%{{text}}<br>{theme.plain(part)} %{{x:,.4~g}} {unit}<extra></extra>",
        } | ({"customdata": [key if value else "" for key, value in zip(keys[part], values, strict=True)]} if part in keys else {})
        for part, values in parts.items()
    ]  # fmt: skip
    left = round(min(200, 20 + max((len(one) for one in shown), default=0) * 6.6))
    layout = theme.layout(
        height_px=LEGEND_PIXELS + 14 + BAR_PIXELS * max(2, len(names)), left_px=left, right_px=52
    )
    layout["xaxis"] |= {"showticklabels": False}
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": places, "ticktext": shown,
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    layout["margin"] |= {"t": LEGEND_PIXELS, "b": 6}
    digits = theme.digits_for(max(totals, default=0.0) / divisor)
    layout |= {
        "barmode": "stack", "bargap": 0.3, "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top",
                   "traceorder": "normal", "font": {"size": 11, "color": theme.INK_2}},
        "annotations": [
            theme.note(theme.in_row(total / divisor, digits=digits), x=total / divisor, y=place,
                       xanchor="left", xshift=4, color=theme.INK)
            for place, total in enumerate(totals)
        ],
    }  # fmt: skip
    layout["meta"] = {
        "narrow": _narrow(layout, {part: colors.get(part, theme.OTHER) for part in parts})
    }
    whole = sum(totals) or 1.0
    summary = "; ".join(
        f"{name} {theme.percent(sum(known(values)) / whole)} of the total" for name, values in parts.items()
    )  # fmt: skip
    rows = [
        [name, *(theme.number(values[i]) for values in parts.values()), theme.number(totals[i])]
        for i, name in enumerate(names)
    ]
    return chart(
        caption, figure={"data": traces, "layout": layout}, summary=f"{summary}.",
        columns=["", *parts, "total"], rows=rows if parts else [], unit=unit,
        opens=[(keys[part][i], f"{name} · {part}") for i, name in enumerate(names) for part in parts
               if part in keys and parts[part][i]],
    )  # fmt: skip


def _named_beside(
    parts: Mapping[str, Numbers], *, divisor: float, tones: Mapping[str, str], top: float, height_px: int
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the parts' names beside the last column, at their segments, none over another."""
    scale = max(top, 1e-300) * 1.05
    gap = LABEL_PIXELS * scale / (height_px - 40)
    notes, floor, reached = [], float("-inf"), 0.0
    for name, values in parts.items():
        size = (values[-1] or 0.0) / divisor
        at = max(reached + size / 2, floor + gap)
        floor, reached = at, reached + size
        color = tones.get(name, theme.OTHER)
        notes.append(
            theme.note(short(name, 20), x=1, xref="paper", y=at, xanchor="left", xshift=6,
                       color=theme.INK_2 if color == theme.OTHER else color, strong=True)
        )  # fmt: skip
    return notes


def _narrow(layout: Mapping[str, Any], tones: Mapping[str, str]) -> dict[str, Any]:
    """Return the layout of a phone: the parts' names two a line above the bars, in their colours."""
    lines = -(-len(tones) // 2)
    room = LEGEND_ROW_PIXELS * lines + 8
    names = [
        theme.note(
            f"■ {short(name, 20)}", x=0, xref="paper", xanchor="left", y=1, yref="paper", yanchor="bottom",
            xshift=8 - layout["margin"]["l"] + place % 2 * LEGEND_COLUMN_PIXELS,
            yshift=LEGEND_ROW_PIXELS * (lines - 1 - place // 2) + 6,
            color=theme.INK_2 if color == theme.OTHER else color,
        )
        for place, (name, color) in enumerate(tones.items())
    ]  # fmt: skip
    return {
        **layout, "showlegend": False, "annotations": [*layout["annotations"], *names],
        "height": layout["height"] + room - LEGEND_PIXELS, "margin": {**layout["margin"], "t": room},
    }  # fmt: skip

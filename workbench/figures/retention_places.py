"""Where each class of data lives against where it may: one small matrix, signs before colours."""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.bridges import two_lines
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Chart
from workbench.models.hosting.placement import inside

UNSTATED = "not stated"
NO_CLASS = "class not stated"
ROW_PIXELS = 28
_LOOKS = {
    "must not": ("–", theme.INK_3, 0), "may": ("○", theme.INK_2, 1), "for some": ("◐", theme.INK_2, 1),
    "lives": ("✓", theme.INK, 2), UNSTATED: ("?", theme.INK, 3), "no limit": ("?", theme.INK, 3),
    "breach": ("✗", theme.CARD, 4),
}  # fmt: skip
"""State of a cell: its sign, the sign's colour, its step in `_FILLS`."""
_FILLS = ("rgba(0,0,0,0)", theme.LINE_2, theme.BAND, theme.LINE, theme.BAD_INK)
_KEY = (
    "✓ lives there and may",
    "✗ lives there and must not",
    "? not stated",
    "○ may",
    "◐ may for some",
    "– must not",
)
KEY = " · ".join(part.replace(" ", "\u00a0") for part in _KEY)
"""What the signs mean; a sign never parts from its words."""


def matrix(
    caption: Caption, *, flows: Sequence[Mapping[str, Any]], classes: Mapping[str, Sequence[str]]
) -> Chart:
    """Draw data class x place: a sign and how many flows go there.

    Parameters
    ----------
    flows
        Each with feature, regions (where it goes; none is not stated), allowed (none is no limit)
        and verdict: inside, outside, not stated, no limit stated.
    classes
        The data classes of each feature. A dossier does not say which class goes to which model,
        so each of a feature's classes is taken to go wherever the feature does; a store says
        which class it keeps (`data_class` of the flow).
    """
    places = sorted({r.lower() for one in flows for r in (*one["regions"], *one["allowed"])})
    if any(not one["regions"] for one in flows):
        places.append(UNSTATED)
    by_class: dict[str, list[Mapping[str, Any]]] = {}
    for one in flows:
        own = one.get("data_class")
        for name in (own,) if own else classes.get(one["feature"]) or (NO_CLASS,):
            by_class.setdefault(name, []).append(one)
    names = sorted(by_class, key=lambda name: (name == NO_CLASS, name))
    cells = [[_cell(by_class[name], place) for place in places] for name in names]
    heads = [place.upper() if len(place) <= 3 else place for place in places]
    left = min(190, 16 + max((len(name) for name in names), default=0) * 6.6)
    layout = theme.layout(height_px=max(120, 52 + ROW_PIXELS * len(names)), left_px=round(left))
    layout["margin"] |= {"t": 38, "b": 6}
    layout["xaxis"] |= {
        "side": "top", "tickvals": list(range(len(places))), "ticktext": [two_lines(h) for h in heads],
        "range": [-0.5, len(places) - 0.5],
    }  # fmt: skip
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": list(range(len(names))),
        "ticktext": [theme.plain(name) for name in names],
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    layout["annotations"] = [
        theme.note(
            _text(state, count),
            x=x,
            y=y,
            color=_LOOKS[state][1],
            strong=state in ("lives", "breach"),
        )
        for y, row in enumerate(cells)
        for x, (state, count) in enumerate(row)
    ]
    last = len(_FILLS) - 1
    trace = {
        "type": "heatmap", "x": list(range(len(places))), "y": list(range(len(names))),
        "z": [[_LOOKS[state][2] for state, _ in row] for row in cells], "zmin": 0, "zmax": last,
        "colorscale": [[step / last, fill] for step, fill in enumerate(_FILLS)],
        "showscale": False, "xgap": 2, "ygap": 2, "hoverinfo": "skip",
    }  # fmt: skip
    broken = sum(state == "breach" for row in cells for state, _ in row)
    return chart(
        caption, figure={"data": [trace], "layout": layout}, columns=("Data class", *heads),
        rows=[[name, *(f"{_text(*cell)} {cell[0]}" for cell in row)]
              for name, row in zip(names, cells, strict=True)],
        summary=f"{broken} of {sum(map(len, cells))} pairs of class and place break a limit. {KEY}.",
    )  # fmt: skip


def _cell(flows: Sequence[Mapping[str, Any]], place: str) -> tuple[str, int]:
    """Return the gravest state of one class in one place, and how many flows go there."""
    if place == UNSTATED:
        count = sum(not one["regions"] for one in flows)
        return (UNSTATED if count else "must not"), count
    here = [one for one in flows if place in _lower(one["regions"])]
    limits = [_lower(one["allowed"]) for one in here]
    if here:
        breaches = sum(bool(limit) and not inside(place, limit) for limit in limits)
        if breaches:
            return "breach", breaches
        return ("lives" if all(limits) else "no limit"), len(here)
    may = sum(not one["allowed"] or inside(place, one["allowed"]) for one in flows)
    return ("may" if may == len(flows) else "for some" if may else "must not"), 0


def _lower(regions: Sequence[str]) -> set[str]:
    return {one.lower() for one in regions}


def _text(state: str, count: int) -> str:
    sign = _LOOKS[state][0]
    return f"{sign} {count}" if count else sign

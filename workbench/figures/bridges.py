"""Bridges from one total to another: what was added and what was saved, step by step."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from workbench.figures import theme
from workbench.figures.bars import short
from workbench.figures.caption import Caption, chart, month, unit_of
from workbench.figures.cards import Chart

STEP_PIXELS = 52
"""What a step of a bridge needs for its name and number."""
LABEL_CHARACTERS = 9
"""Under a bar, before a name takes a second line."""


def waterfall(
    caption: Caption,
    *,
    start: tuple[str, float],
    legs: Sequence[tuple[str, float]],
    end: tuple[str, float],
    more_is_bad: bool = True,
    forecast: Collection[str] = (),
    opens: Sequence[str] = (),
) -> Chart:
    """Draw the bridge from one total to another; each leg's colour says good or bad.

    Where a step has no room for its name, as on a phone, the page turns the figure on its side.

    Parameters
    ----------
    opens
        Keys of what each bar opens, from start to end; empty where nothing does.
    forecast
        Names of legs and totals that are yet to come: hatched, and neither good nor bad.

    Raises
    ------
    ValueError
        If start and legs do not add up to the end (to a millionth of the larger total).
    """
    reached = start[1] + sum(value for _, value in legs)
    if abs(reached - end[1]) > 1e-6 * max(abs(start[1]), abs(end[1]), 1.0):
        raise ValueError(f"the bridge reaches {reached}, not {end[1]}")
    steps = [start, *legs, end]
    largest = max((abs(value) for _, value in legs), default=0.0) or max(abs(start[1]), abs(end[1]))
    divisor, letter = theme.scale_of(min(10 * largest, max(abs(start[1]), abs(end[1]))))
    unit = unit_of(caption.unit, letter)
    layout = theme.layout(height_px=280, left_px=16)
    floor, notes = _bridge_floor(start[1], legs, end[1], divisor), []
    traces, at = [], 0.0
    digits = theme.digits_for(max(abs(start[1]), abs(end[1])) / divisor)
    for i, (name, value) in enumerate(steps):
        total = i in (0, len(steps) - 1)
        low, high = sorted((floor * divisor, value) if total else (at, at + value))
        at = value if total else at + value
        bad = (value > 0) == more_is_bad
        color = theme.ACTUAL if total else theme.BAD if bad else theme.GOOD
        text = theme.in_row(value / divisor, digits=digits)
        if not total and text != "≈ 0":
            text = theme.signed(value / divisor, digits=digits) if value else text
        traces.append(
            _column(
                i,
                low / divisor,
                high / divisor,
                color=theme.PLAN if name in forecast else color,
                text=f"{name} {text} {unit}",
                hatched=name in forecast,
            )
        )
        if i < len(opens) and opens[i]:
            traces[-1]["customdata"] = [opens[i]]
        notes.append(
            theme.note(text, x=i, y=high / divisor, color=theme.INK, strong=True, yshift=9)
        )
    layout["annotations"] = notes
    layout["shapes"] = [
        _connector(i, level / divisor) for i, level in enumerate(_levels(start, legs))
    ]
    layout["xaxis"] |= {"tickvals": list(range(len(steps))), "range": [-0.6, len(steps) - 0.4],
                        "automargin": True, "tickangle": 0, "tickfont": {"size": 11},
                        "ticktext": [two_lines(month(name)) for name, _ in steps]}  # fmt: skip
    layout["yaxis"] |= {"showticklabels": False, "showgrid": False}
    if floor:
        said = f"{caption.subtitle}; axis starts at {theme.number(floor)}"
        caption = replace(caption, subtitle=said)
        layout["yaxis"]["range"] = [floor, None]
    layout["bargap"] = 0.3
    layout["meta"] = {"turn_below": STEP_PIXELS * len(steps)}
    summary = (
        f"From {start[0]} {theme.number(start[1])} to {end[0]} {theme.number(end[1])}: "
        + ", ".join(f"{name} {theme.signed(value)}" for name, value in legs)
    )
    rows = [[name, theme.accounting(value)] for name, value in steps]
    return chart(
        caption, figure={"data": traces, "layout": layout}, rows=rows, unit=unit,
        summary=f"{summary} ({caption.unit}).", columns=("Step", caption.unit),
        opens=[(key, month(name)) for key, (name, _) in zip(opens, steps, strict=False)],
    )  # fmt: skip


def two_lines(name: str) -> str:
    """Break a long name once, at the space or hyphen nearest to its middle."""
    breaks = [at for at, letter in enumerate(name) if letter in " -"]
    if len(name) <= LABEL_CHARACTERS or not breaks:
        return theme.plain(short(name, LABEL_CHARACTERS + 2))
    at = min(breaks, key=lambda place: abs(place - len(name) / 2)) + 1
    first, second = (
        theme.plain(short(part.strip(), LABEL_CHARACTERS + 2)) for part in (name[:at], name[at:])
    )
    return f"{first}<br>{second}"


def _column(
    place: int, low: float, high: float, *, color: str, text: str, hatched: bool = False
) -> dict[str, Any]:
    marker: dict[str, Any] = {"color": color}
    if hatched:
        marker["pattern"] = {"shape": "/", "fgcolor": color, "bgcolor": theme.CARD, "size": 6}
    return {
        "type": "bar", "x": [place], "y": [high - low], "base": [low], "marker": marker,
        "hovertemplate": theme.plain(text).replace("%", "&#37;") + "<extra></extra>",
    }  # fmt: skip


def _levels(start: tuple[str, float], legs: Sequence[tuple[str, float]]) -> list[float]:
    """Return the running total after the start and after each leg."""
    levels = [start[1]]
    for _, value in legs:
        levels.append(levels[-1] + value)
    return levels


def _connector(place: int, level: float) -> dict[str, Any]:
    return {
        "type": "line", "x0": place + 0.35, "x1": place + 0.65, "y0": level, "y1": level,
        "line": {"color": theme.INK_3, "width": 1},
    }  # fmt: skip


def _bridge_floor(
    start: float, legs: Sequence[tuple[str, float]], end: float, divisor: float
) -> float:
    """Return where the axis starts: zero, or a round number below when the legs are small."""
    lowest = min(*_levels(("", start), legs), end) / divisor
    moved = sum(abs(value) for _, value in legs) / divisor
    if lowest <= 0 or moved > 0.4 * lowest:
        return 0.0
    step = 10.0 ** (len(str(int(lowest))) - 1)
    return max(0.0, (lowest - moved * 0.6) // step * step)

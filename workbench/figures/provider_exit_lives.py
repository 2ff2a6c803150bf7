"""When the models in use end, published or expected, on one axis of dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workbench.figures import theme
from workbench.figures.bars import BAR_PIXELS, short
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Chart
from workbench.models.provider_exit.lifecycle import Exposure

BACK_DAYS = 400
"""How much of a model's past is shown."""
DAYS_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One model in use: its published dates and, where it has no end, the end others met."""

    exposure: Exposure
    left_days: tuple[float, float, float] | None = None
    """P10, P50, P90 of days left by lives seen; None where an end is published or unknown."""
    moves: tuple[date, ...] = ()
    """Expected forced moves inside the horizon: this model's end and its successors'."""


def timeline(caption: Caption, *, lives: Sequence[Life], as_of: date, until: date) -> Chart:
    """Draw each model from its release to its end; a band is where others' lives ended.

    Solid up to today, then dark as long as the provider promises it, then a light band from P10
    to P90 of the lives seen with a mark at the median; a published end is a red line.
    """
    traces: list[dict[str, Any]] = []
    marks: list[dict[str, Any]] = []
    for row, life in enumerate(lives):
        traces += _row(row, life, as_of=as_of, until=until)
        marks.append(_note(row, life, until=until))
    traces.append(_moves(lives))
    layout = _layout(lives, as_of=as_of, until=until)
    layout["annotations"] = [
        theme.note("today", x=as_of.isoformat(), y=1, yref="paper", yanchor="bottom", color=theme.INK_3),
        *marks,
    ]  # fmt: skip
    return chart(
        caption, figure={"data": traces, "layout": layout}, summary=_summary(lives),
        columns=("Model", "released", "promised until", "retires", "expected end P10 to P90", "confidence"),
        rows=[_table_row(life, as_of) for life in lives],
    )  # fmt: skip


def _row(row: int, life: Life, *, as_of: date, until: date) -> list[dict[str, Any]]:
    one = life.exposure
    begin = max(one.released_on or as_of, as_of - timedelta(days=BACK_DAYS))
    found = []
    if begin < as_of:
        found.append(_segment(row, begin, as_of, theme.PREVIOUS, "in service"))
    if one.retires_on is not None:
        end = min(one.retires_on, until)
        if end > as_of:
            found.append(_segment(row, as_of, end, theme.ACTUAL, f"until {one.retires_on}"))
        found.append(_tick(row, one.retires_on, theme.BAD, f"retires {one.retires_on}"))
        return found
    promised = one.retires_not_before
    if promised and promised > as_of:
        found.append(
            _segment(row, as_of, min(promised, until), theme.ACTUAL, f"not before {promised}")
        )
    if life.left_days is not None:
        low, middle, high = (as_of + timedelta(days=days) for days in life.left_days)
        if low < until:
            shown = f"others ended {low} to {high}"
            found.append(_segment(row, low, min(high, until), theme.NEUTRAL, shown, opacity=0.45))
        if middle <= until:
            found.append(_tick(row, middle, theme.INK_2, f"median of lives seen {middle}"))
    return found


def _segment(
    row: int, begin: date, end: date, color: str, text: str, *, opacity: float = 1.0
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": [begin.isoformat(), end.isoformat()],
        "y": [row, row], "line": {"color": color, "width": 12}, "opacity": opacity,
        "hovertemplate": f"{theme.plain(text)}<extra></extra>",
    }  # fmt: skip


def _tick(row: int, at: date, color: str, text: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "x": [at.isoformat()], "y": [row],
        "marker": {"symbol": "line-ns-open", "size": 16, "color": color, "line": {"width": 2.5, "color": color}},
        "hovertemplate": f"{theme.plain(text)}<extra></extra>",
    }  # fmt: skip


def _moves(lives: Sequence[Life]) -> dict[str, Any]:
    placed = [(row, at) for row, life in enumerate(lives) for at in life.moves]
    return {
        "type": "scatter", "mode": "markers", "x": [at.isoformat() for _, at in placed],
        "y": [row for row, _ in placed],
        "marker": {"symbol": "diamond", "size": 9, "color": theme.BAD},
        "hovertemplate": "expected forced move %{x|%b %Y}<extra></extra>",
    }  # fmt: skip


def _note(row: int, life: Life, *, until: date) -> dict[str, Any]:
    one = life.exposure
    if one.retires_on is not None:
        text = f"retires {_month(one.retires_on)}" + (", too late" if one.is_too_late else "")
    elif life.left_days is None and one.retires_not_before is None:
        text = "not tracked" if one.verdict == "not tracked" else "no date, too few lives"
    else:
        return theme.note("", x=until.isoformat(), y=row)
    at = min(one.retires_on, until) if one.retires_on else None
    x = at.isoformat() if at else until.isoformat()
    return theme.note(
        text, x=x, y=row, xanchor="right" if at is None else "left", xshift=8 if at else 0
    )


def _month(day: date) -> str:
    return f"{day:%b %Y}"


def _layout(lives: Sequence[Life], *, as_of: date, until: date) -> dict[str, Any]:
    names = [short(life.exposure.model, 24) for life in lives]
    left = min(200, 20 + max((len(name) for name in names), default=0) * 6.6)
    layout = theme.layout(
        height_px=max(150, 62 + (BAR_PIXELS + 8) * len(lives)), left_px=round(left), right_px=20
    )
    layout["margin"]["t"] = 24
    layout["yaxis"] |= {
        "range": [len(lives) - 0.4, -0.6], "showgrid": False, "tickvals": list(range(len(lives))),
        "ticktext": [theme.plain(name) for name in names], "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    begin = as_of - timedelta(days=BACK_DAYS)
    layout["xaxis"] |= {
        "type": "date", "range": [begin.isoformat(), (until + timedelta(days=20)).isoformat()],
        "tickformat": "%Y", "dtick": "M12", "tick0": "2020-01-01", "tickangle": 0,
        "showgrid": True, "gridcolor": theme.LINE_2,
    }  # fmt: skip
    layout["shapes"] = [
        {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": as_of.isoformat(),
         "x1": as_of.isoformat(), "line": {"color": theme.INK_3, "width": 1, "dash": "dot"}}
    ]  # fmt: skip
    return layout


def _table_row(life: Life, as_of: date) -> list[str]:
    one = life.exposure
    band = ""
    if life.left_days is not None:
        low, _, high = (as_of + timedelta(days=days) for days in life.left_days)
        band = f"{low} to {high}"
    dates = (one.released_on, one.retires_not_before, one.retires_on)
    return [
        one.model,
        *(str(day) if day else "" for day in dates),
        band,
        one.confidence or "not tracked",
    ]


def _summary(lives: Sequence[Life]) -> str:
    ends = sum(life.exposure.retires_on is not None for life in lives)
    moves = max((len(life.moves) for life in lives), default=0)
    return (
        f"{len(lives)} models in use, {ends} with a published end; {moves} forced moves expected."
    )

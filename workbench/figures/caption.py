"""The words, the scale and the axes that every figure shares."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.figures import theme
from workbench.figures.cards import Chart, Link, Span

EMPTY = "Nothing in this selection. Choose a longer period or another filter."
MONTHS_A_YEAR = 12
Numbers = Sequence[float | None]
Labels = Sequence[str] | Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """The words around a figure."""

    title: str
    subtitle: str
    foot: str = ""
    why: Link = field(default_factory=Link)
    span: Span = "half"
    unit: str = "$"


def known(values: Numbers) -> list[float]:
    """Return the values that are not None."""
    return [value for value in values if value is not None]


def scaled(values: Numbers, divisor: float) -> list[float | None]:
    """Divide by the figure's common divisor, leaving gaps as gaps."""
    return [None if value is None else value / divisor for value in values]


def unit_of(unit: str, letter: str) -> str:
    """Join a unit and its letter as one writes them: $k, k tokens, %."""
    return f"{unit}{letter}" if unit in ("$", "€", "") else f"{letter} {unit}".strip()


def chart(
    caption: Caption,
    *,
    figure: dict[str, Any],
    summary: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    unit: str = "",
    opens: Sequence[tuple[str, str]] = (),
) -> Chart:
    """Put a figure, its words and its table together."""
    return Chart(
        title=caption.title,
        subtitle=caption.subtitle.replace("{unit}", unit),
        figure=figure,
        summary=summary,
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
        foot=caption.foot,
        why=caption.why,
        span=caption.span,
        empty="" if rows else EMPTY,
        opens=tuple((key, name) for key, name in opens if key),
    )


def x_axis(x: Labels) -> dict[str, Any]:
    """Return the horizontal axis for days (ISO dates), names or numbers."""
    if not x or not isinstance(x[0], str):
        return {"nticks": 6, "tickformat": ",.4~g"}
    if len(x[0]) == 10 and x[0][4:5] == "-":
        return {"type": "date", "tickformat": "%-d %b", "nticks": 7, "tickangle": 0}
    shown = [str(at) for at in x[:: -(-len(x) // 12)]]
    return {
        "type": "category", "categoryorder": "array", "categoryarray": list(x),
        "tickangle": 0, "tickvals": shown, "ticktext": months(shown),
    }  # fmt: skip


def months(shown: Sequence[str]) -> list[str]:
    """Write the months under an axis; where a name would come twice, each says its year.

    Examples
    --------
    >>> months(["2026-11", "2027-05", "2027-11"]), months(["2026-05", "2026-07"])
    (['Nov 26', 'May 27', 'Nov 27'], ['May', 'Jul'])
    """
    are_months = all(len(at) == 7 and at[4] == "-" and at[5:].isdigit() for at in shown)
    if shown and are_months and _months_between(shown[0], shown[-1]) >= MONTHS_A_YEAR:
        return [f"{theme.MONTHS[int(at[5:]) - 1]} {at[2:4]}" for at in shown]
    return [month(at) for at in shown]


def _months_between(first: str, last: str) -> int:
    return (int(last[:4]) - int(first[:4])) * MONTHS_A_YEAR + int(last[5:]) - int(first[5:])


def month(at: str) -> str:
    """Write 2026-10 as Oct and January with its year; other names stay as they are.

    Examples
    --------
    >>> month("2026-10"), month("2026-01"), month("Mon")
    ('Oct', 'Jan 26', 'Mon')
    """
    if len(at) != 7 or at[4] != "-" or not at[5:].isdigit():
        return theme.plain(at)
    name = theme.MONTHS[int(at[5:]) - 1]
    return f"{name} {at[2:4]}" if name == "Jan" else name


def zero_line() -> dict[str, Any]:
    """Return the line at zero, where magnitudes are read from."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
        "line": {"color": theme.INK_3, "width": 1},
    }  # fmt: skip

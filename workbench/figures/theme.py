"""What every figure looks like, and how every number on a page is written.

The colours are the light values of the tokens in widgets/template/static/workbench.css. The
page swaps them for the dark ones in the browser, so a figure is made once; each token therefore
has a light value of its own. Numbers are formatted here and nowhere else.

IBCS: actual solid, previous period lighter, plan outlined, forecast dashed or hatched.
"""

import math
from collections.abc import Sequence
from typing import Any

INK, INK_2, INK_3 = "#16191d", "#4a525c", "#69727d"
CARD, LINE, LINE_2 = "#ffffff", "#e3e5e8", "#eff0f2"
ACCENT, GOOD, BAD, NEUTRAL = "#1f4e79", "#0072b2", "#d55e00", "#8a929c"
ACTUAL, PREVIOUS, PLAN = "#2b3036", "#a9b0b8", "#2b3037"
BAND, BAND_2 = "#1f4e7924", "#1f4e7912"
SERIES = (
    "#1f4e7a", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e01", "#6b5ba5", "#b58900",
)  # fmt: skip
"""Colours told apart with any colour vision, in order of size; what comes after is OTHER."""
OTHER = "#b6bcc4"
BAD_INK = "#b34700"
INKS = {
    BAD: BAD_INK, NEUTRAL: INK_3, "#e69f00": "#8a5f00", "#009e73": "#007556", "#cc79a7": "#a03f75",
    "#56b4e9": "#1c6fa3", "#d55e01": "#b34701", "#b58900": "#7d6000",
}  # fmt: skip
"""The same colours as text: dark enough to be read on a card, at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""
HEAT = ((0.0, "#f1f4f8"), (1.0, "#1f4e78"))

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
NOT_KNOWN = "n/a"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MINUS = "−"


def plain(text: object) -> str:
    """Return `text` for a figure's label with nothing left that plotly would read as markup.

    Examples
    --------
    >>> plain("<b>R&D</b>")
    '&lt;b&gt;R&amp;D&lt;/b&gt;'
    """
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def colors(names: list[str]) -> dict[str, str]:
    """Give the first eight of `names` (ordered by size) a colour each, the rest grey."""
    return {name: SERIES[i] if i < len(SERIES) else OTHER for i, name in enumerate(names)}


def layout(*, height_px: int, right_px: int = 16, left_px: int = 44) -> dict[str, Any]:
    """Return the part of a plotly layout that all figures share."""
    axis = {
        "showgrid": False, "zeroline": False, "showline": False, "ticks": "outside",
        "ticklen": 5, "tickcolor": "rgba(0,0,0,0)", "automargin": False,
        "tickfont": {"size": 11, "color": INK_3}, "fixedrange": True,
    }  # fmt: skip
    return {
        "height": height_px,
        "margin": {"l": left_px, "r": right_px, "t": 12, "b": 28},
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 11, "color": INK_2},
        "showlegend": False, "hovermode": "closest", "dragmode": False, "bargap": 0.35,
        "hoverlabel": {"bgcolor": CARD, "bordercolor": LINE, "font": {"color": INK, "size": 12}},
        "xaxis": dict(axis),
        "yaxis": dict(axis, showgrid=True, gridcolor=LINE_2, nticks=6),
    }  # fmt: skip


def note(
    text: str, *, x: object, y: object, color: str = INK_2, strong: bool = False, **more: object
) -> dict[str, Any]:
    """Return a direct label: a plotly annotation without an arrow, in a colour text can have."""
    font = {"size": 11, "color": INKS.get(color, color), "weight": 600 if strong else 400}
    return {"text": plain(text), "x": x, "y": y, "showarrow": False, "font": font, **more}


def scale_of(largest: float) -> tuple[float, str]:
    """Return the divisor and the letter a set of numbers is shown with: 1, k, m or bn.

    Examples
    --------
    >>> scale_of(124_600)
    (1000.0, 'k')
    """
    for divisor, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(largest) >= divisor:
            return divisor, letter
    return 1.0, ""


def number(value: float | None, *, digits: int | None = None) -> str:
    """Write a number with thousands commas: three significant digits unless `digits` says.

    Examples
    --------
    >>> number(2.834), number(1420.4), number(0.0004127), number(None)
    ('2.83', '1,420', '0.000413', 'n/a')
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    if digits is None:
        size = abs(value)
        digits = 0 if size == 0 or size >= 100 else 2 - math.floor(math.log10(size))
        digits = min(digits, 8)
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(c in "123456789" for c in text)
    return MINUS + text if negative else text


def digits_for(largest: float) -> int:
    """Return the decimals at which numbers up to `largest` are shown beside each other.

    Examples
    --------
    >>> digits_for(124.6), digits_for(2.83), digits_for(0.004)
    (1, 2, 5)
    """
    size = abs(largest)
    return (
        2
        if size == 0
        else 1
        if size >= 10
        else 2
        if size >= 1
        else 2 - math.floor(math.log10(size))
    )


def in_row(value: float | None, *, digits: int) -> str:
    """Write a number beside others of `digits` decimals; one too small for them is not called zero.

    Examples
    --------
    >>> in_row(0.0939, digits=4), in_row(0.00002, digits=4), in_row(0.0, digits=1)
    ('0.0939', '≈ 0', '0')
    """
    if value == 0:
        return "0"
    text = number(value, digits=digits)
    return text if text == NOT_KNOWN or any(c in "123456789" for c in text) else "≈ 0"


def column_digits(values: Sequence[float | None]) -> int:
    """Return the one number of decimals for a table column: cents, or what its smallest needs.

    Below a cent the smallest value keeps two significant digits, at most six decimals; sums of
    ten thousand and more need no cents.

    Examples
    --------
    >>> column_digits([607.2, 32.88]), column_digits([21.0, 0.0208]), column_digits([52_000.0, 7.0])
    (2, 3, 0)
    """
    sizes = [abs(v) for v in values if v is not None and math.isfinite(v) and v != 0]
    if not sizes:
        return 2
    if max(sizes) >= 10_000:
        return 0
    least = min(sizes)
    return 2 if least >= 0.1 else min(6, 1 - math.floor(math.log10(least)))


def plural(unit: str) -> str:
    """Write the plural of a unit of value, by the rules that need no dictionary.

    Examples
    --------
    >>> plural("resolved ticket"), plural("merged patch"), plural("reply"), plural("day")
    ('resolved tickets', 'merged patches', 'replies', 'days')
    """
    if unit.endswith(("s", "x", "ch", "sh")):
        return f"{unit}es"
    if unit.endswith("y") and unit[-2:-1] not in "aeiou":
        return f"{unit[:-1]}ies"
    return f"{unit}s"


def month_name(month: str) -> str:
    """Write a month, YYYY-MM, as people do.

    Examples
    --------
    >>> month_name("2026-11")
    'Nov 2026'
    """
    year, number_of_month = month.split("-")
    return f"{MONTHS[int(number_of_month) - 1]} {year}"


def month_span(months: Sequence[str]) -> str:
    """Write the first and the last of some months.

    Examples
    --------
    >>> month_span(["2026-11", "2026-12", "2027-12"]), month_span(["2026-11"])
    ('Nov 2026 to Dec 2027', 'Nov 2026')
    """
    first, last = month_name(months[0]), month_name(months[-1])
    return first if first == last else f"{first} to {last}"


def count(value: float | None) -> str:
    """Write a count with one letter: 980, 12.4k, 1.42m.

    Examples
    --------
    >>> count(980), count(12_400), count(1_420_000)
    ('980', '12.4k', '1.42m')
    """
    if value is None or not math.isfinite(value):
        return NOT_KNOWN
    divisor, letter = scale_of(value)
    whole = divisor == 1.0 and float(value).is_integer()
    return number(value / divisor, digits=0 if whole else None) + letter


def money_parts(usd: float | None) -> tuple[str, str]:
    """Return a sum for a tile: the figure and its unit apart.

    Examples
    --------
    >>> money_parts(124_600), money_parts(2.834)
    (('125', '$k'), ('2.83', '$'))
    """
    if usd is None or not math.isfinite(usd):
        return NOT_KNOWN, ""
    divisor, letter = scale_of(usd)
    shown = usd / divisor
    return number(
        shown, digits=2 if divisor == 1 and 0.1 <= abs(shown) < 1000 else None
    ), f"${letter}"


def in_scale(usd: float, beside_usd: float) -> float:
    """Return a sum in the thousands or millions that another is shown in.

    Examples
    --------
    >>> in_scale(1_793.0, 2_045.0)
    1.793
    """
    return usd / scale_of(beside_usd)[0]


def money(usd: float | None) -> str:
    """Write a sum in a sentence: $2.83, $124k, −$1.42m, $0.000410.

    Examples
    --------
    >>> money(2.834), money(-1_420_000), money(0.00041)
    ('$2.83', '−$1.42m', '$0.000410')
    """
    if usd is None or not math.isfinite(usd):
        return NOT_KNOWN
    figure, unit = money_parts(abs(usd))
    return (MINUS if usd < 0 else "") + "$" + figure + unit[1:]


def percent(share: float | None, *, digits: int = 0) -> str:
    """Write a fraction as a percentage with a space before the sign.

    Examples
    --------
    >>> percent(0.613), percent(0.0042, digits=1)
    ('61 %', '0.4 %')
    """
    return NOT_KNOWN if share is None else number(share * 100, digits=digits) + " %"


def times(ratio: float) -> str:
    """Write how many times one is of another: three digits, since the parts are estimates.

    Examples
    --------
    >>> times(54_347.2), times(3.276), times(0.41)
    ('54,300', '3.28', '0.410')
    """
    return number(float(f"{ratio:.3g}"))


def accounting(value: float | None, *, digits: int | None = None) -> str:
    """Write a number for a table: negatives in parentheses.

    Examples
    --------
    >>> accounting(-2.8, digits=1), accounting(16.6, digits=1)
    ('(2.8)', '16.6')
    """
    text = number(value, digits=digits)
    return f"({text[1:]})" if text.startswith(MINUS) else text


def signed(value: float | None, *, digits: int | None = None) -> str:
    """Write a change with its sign.

    Examples
    --------
    >>> signed(46.1), signed(-18.8), signed(0.0)
    ('+46.1', '−18.8', '0')
    """
    text = number(value, digits=digits)
    return f"+{text}" if value is not None and value > 0 and text != NOT_KNOWN else text

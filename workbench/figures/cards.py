"""What a page is made of: an answer, tiles, charts, tables. Plain data, drawn by widgets.

A figure function returns a `Chart`; a page puts at most six tiles, four charts and one table
before its details. Whatever comes from data is text here and stays text in the browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Tone = Literal["good", "bad", "neutral"]
Span = Literal["full", "wide", "half", "narrow"]

MAX_TILES, MAX_CHARTS, MAX_TABLES = 6, 4, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a figure is explained: a heading of this page, or another page with its filter."""

    text: str = "why"
    page: str = ""
    """Name of a question such as unit_economics; empty is this page."""
    filter: Mapping[str, str] = field(default_factory=dict)
    anchor: str = "why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number with its unit, change, past and origin."""

    label: str
    value: str
    unit: str = ""
    delta: str = ""
    """The change with its sign and a word, e.g. '▼ 0.12 better'."""
    tone: Tone = "neutral"
    spark: tuple[float | None, ...] = ()
    foot: str = ""
    """Measured or modelled, error band or calibration, as of."""
    why: Link = field(default_factory=Link)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One figure with the sentence it proves, a summary in words and its numbers as a table."""

    title: str
    """The message, as a sentence."""
    subtitle: str
    """What, where, when and the unit."""
    figure: Mapping[str, Any]
    """Plain plotly JSON: data and layout; `layout.height` is in pixels."""
    summary: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    foot: str = ""
    """Measured or modelled, error band or calibration line, as of."""
    why: Link = field(default_factory=Link)
    span: Span = "half"
    empty: str = ""
    """Set when there is nothing to draw: what to do about it."""
    opens: tuple[tuple[str, str], ...] = ()
    """Bars that open the rows behind them: (key, name); a trace's `customdata` names its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One table cell that is more than text."""

    text: str
    tone: Tone = "neutral"
    link: Link | None = None
    tag: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of formatted text; the first column is text, the others numbers unless named."""

    title: str
    subtitle: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    text_columns: tuple[str, ...] = ()
    foot: str = ""
    why: Link = field(default_factory=Link)
    span: Span = "full"
    has_total: bool = False
    """True when the last row is the total of the others."""
    empty: str = "No rows in this selection."


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All a page shows for one setting of its inputs."""

    answer: str
    """The one sentence that answers the page's question."""
    scope: str
    """Which feature, environment, period, cost basis and unit."""
    tiles: tuple[Tile, ...] = ()
    cards: tuple[Chart | Table, ...] = ()
    """At most four charts and one table, in reading order."""
    details: tuple[Chart | Table, ...] = ()
    notice: str = ""
    """What the reader must know before trusting the figures; empty when there is nothing."""
    state: tuple[tuple[str, str], ...] = ()
    """More pairs for the state line, e.g. ('scenario', 'Base v7')."""
    opened: Table | None = None
    """The rows behind the bar that was clicked, shown under its figure."""

    def offered(self) -> dict[str, str]:
        """Return what may be opened, by key."""
        cards = (*self.cards, *self.details)
        return {k: name for card in cards if isinstance(card, Chart) for k, name in card.opens}

    def __post_init__(self) -> None:
        charts = sum(isinstance(card, Chart) for card in self.cards)
        tables = len(self.cards) - charts
        if len(self.tiles) > MAX_TILES or charts > MAX_CHARTS or tables > MAX_TABLES:
            raise ValueError(
                f"a page has at most {MAX_TILES} tiles, {MAX_CHARTS} charts and {MAX_TABLES} table "
                f"before its details, got {len(self.tiles)}, {charts} and {tables}"
            )

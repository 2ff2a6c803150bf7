"""What every dashboard has in common: inputs, one answer, figures, and what happens on an error.

A page is a `Page` with three functions: `controls(snapshot)` lists the inputs, `load(snapshot,
values)` reads the snapshot and is called again only when a choice changes, `draw(data, values)`
turns what was read into a `View` and is called on every move of a slider. Where bars open, a
fourth, `behind(data, key)`, returns the rows of one. None of them draws, and none of them knows
the browser. The browser sends one change of an input at a time and the
newest when that is answered, so at most one computation is in flight and the last value wins.
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import ipywidgets

from widgets.charts import VIEW, Charts
from widgets.controls import Choice, Control, Section, Slider, set_value, text_of, widget_of
from workbench.errors import StoreError, WorkbenchError
from workbench.figures.cards import Table, View
from workbench.figures.theme import percent

__all__ = [
    "Choice",
    "Control",
    "Page",
    "Section",
    "Slider",
    "Snapshot",
    "Values",
    "current_snapshot",
    "day",
]

Values = Mapping[str, Any]
OPEN = "open"
"""In the address: the bar whose rows are shown."""


class Snapshot(Protocol):
    """What a page needs of a snapshot; its named queries are the question's own business."""

    def state(self) -> Mapping[str, Any]:
        """Return snapshot, as_of, requests, unpriced_requests, synthetic."""
        ...


_LOG = logging.getLogger("workbench.dashboards")


def _log_to_file() -> None:
    """Keep what went wrong in the file `workbench serve` names; a kernel's stderr is public."""
    path = os.environ.get("WORKBENCH_DASHBOARD_LOG")
    if path and not _LOG.handlers:
        handler = logging.FileHandler(path, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _LOG.addHandler(handler)
        _LOG.propagate = False


def workspace_folder() -> Path:
    """Return the workspace this page reads: WORKBENCH_WORKSPACE, or the current folder."""
    return Path(os.environ.get("WORKBENCH_WORKSPACE", "."))


def current_snapshot() -> Snapshot:
    """Open the snapshot the workspace's pointer names now."""
    from workbench.store.snapshot import open_snapshot

    return open_snapshot(workspace_folder() / "store" / "snapshots")


def _pointer_text() -> str:
    """Return what names the current snapshot; it changes with every publication."""
    try:
        return (workspace_folder() / "store" / "snapshots" / "CURRENT").read_text("utf-8")
    except OSError:
        return ""


def _no_controls(snapshot: Snapshot) -> list[Control]:
    return []


def _as_number(text: str) -> str:
    """Write a number of an address as `text_of` does; other texts stay as they are."""
    try:
        return text_of(float(text))
    except ValueError:
        return text


def _nothing_opens(data: object, key: str) -> None:
    return None


class Page(ipywidgets.VBox):
    """One dashboard: its inputs as ipywidgets and one `Charts` for everything else."""

    def __init__(
        self,
        *,
        question: str,
        load: Callable[[Any, Values], Any],
        draw: Callable[[Any, Values], View],
        controls: Callable[[Any], list[Control]] = _no_controls,
        behind: Callable[[Any, str], Table | None] = _nothing_opens,
        snapshot: Snapshot | None = None,
    ) -> None:
        _log_to_file()
        self.question = question
        self.charts = Charts()
        self.inputs: dict[str, Any] = {}
        self._functions = (controls, load, draw)
        self._behind = behind
        self._key = ""
        self._offered: dict[str, str] = {}
        self._given = snapshot
        self._snapshot: Snapshot | None = None
        self._choices: dict[str, Any] | None = None
        self._data: Any = None
        self._paused = False
        self._defaults: dict[str, Any] = {}
        self._exact: dict[tuple[str, Any], float] = {}
        self._pointer = ""
        super().__init__([self.charts])
        self.add_class("wb-page")
        self._guard(self._open)
        self.charts.on_msg(self._on_message)
        self._guard(self._take_query, os.environ.get("QUERY_STRING", ""))

    def _repr_mimebundle_(self, **more: Any) -> dict[str, Any] | None:  # noqa: ANN401 - IPython's
        """Add the first view for Voilà's HTML; a notebook keeps its file small without it."""
        bundle = super()._repr_mimebundle_(**more)
        if bundle is None or "VOILA_APP_PORT" not in os.environ:
            return bundle
        return {**bundle, VIEW: {**self.charts.view(), "controls": len(self.inputs)}}

    def values(self) -> dict[str, Any]:
        """Return every input's value by name; an untouched slider's is what was measured."""
        return {
            name: self._exact.get((name, box.value), box.value) for name, box in self.inputs.items()
        }

    def _open(self) -> None:
        """Open the current snapshot, make the inputs anew and draw."""
        self._pointer = _pointer_text()
        self._snapshot = self._given or current_snapshot()
        made = [(item, widget_of(item)) for item in self._functions[0](self._snapshot)]
        before = {n: v for n, v in self.values().items() if v != self._defaults.get(n)}
        self.inputs = {item.name: box for item, box in made if not isinstance(item, Section)}
        self._defaults = self.values()
        for name in self.inputs:
            self.inputs[name].observe(self._on_change, "value")
        if made:
            box = ipywidgets.VBox([box for _, box in made])
            box.add_class("wb-ctl")
            self.add_class("wb-has-ctl")
            self.children = [box, self.charts]
        self._choices = None
        self.redraw()
        self._take_query(urlencode(before))

    def redraw(self) -> None:
        """Read what the choices ask for if they changed, compute and show."""
        if self._snapshot is None:
            return
        _, load, draw = self._functions
        values = self.values()
        choices = {n: v for n, v in values.items() if isinstance(v, str)}
        if choices != self._choices:
            self._data = load(self._snapshot, values)
            self._choices = choices
            self._follow(getattr(self._data, "measured", {}))
            values = self.values()
        view = draw(self._data, values)
        self._offered = view.offered()
        if self._key in self._offered:
            view = replace(view, opened=self._behind(self._data, self._key))
        state = _state_line(self._snapshot.state())
        self.charts.show(view, state=state, key=self._key if view.opened else "")

    def apply(self, wanted: Mapping[str, str]) -> list[str]:
        """Set inputs as an address would; return the names that were not taken."""
        self._take_query(urlencode(wanted))
        now = {OPEN: self._key, **{n: text_of(v) for n, v in self.values().items()}}
        return [n for n, v in wanted.items() if now.get(n) not in (v, _as_number(v))]

    def all_rows(self) -> dict[str, Any]:
        """Return the rows behind every bar the page draws now, by key, as plain data."""
        found = {key: self._behind(self._data, key) for key in self._offered}
        return {key: {"key": key, **asdict(table)} for key, table in found.items() if table}

    def _open_bar(self, key: object) -> None:
        """Show the rows behind a bar the page draws now; the same bar again closes them."""
        if not isinstance(key, str) or (key and key not in self._offered):
            _LOG.warning("%s: a bar that is not drawn was asked for", self.question)
            return
        self._key = "" if key == self._key else key
        self._on_change(None)

    def _follow(self, measured: Mapping[str, tuple[float | None, str]]) -> None:
        """Set each slider to what was just measured, and say so; None switches it off."""
        self._paused = True
        self._exact.clear()
        try:
            for name, (value, note) in measured.items():
                box = self.inputs[name]
                box.disabled = value is None
                step = box.step  # the browser rounds to whole steps: so do we, and know it again
                box.value = box.min if value is None else round(round(value / step) * step, 9)
                box.tooltip = note
                if value is not None:
                    self._exact[name, box.value] = value
                self._defaults[name] = self.values()[name]
        finally:
            self._paused = False

    def _on_change(self, change: object) -> None:
        if self._paused:
            return
        self._guard(self.redraw)
        changed = {n: text_of(v) for n, v in self.values().items() if v != self._defaults[n]}
        if self._key in self._offered:
            changed[OPEN] = self._key
        self.charts.query = urlencode(changed)

    def _on_message(self, _: object, content: object, __: object) -> None:
        """Open a bar's rows; show today's snapshot and the address's filter on a page's opening."""
        if not isinstance(content, dict):
            return
        if content.get("kind") == "open":
            self._guard(self._open_bar, content.get("key"))
        if content.get("kind") != "opened":
            return
        self._guard(self._renew)
        query = content.get("query")
        if isinstance(query, str) and query != self.charts.query:
            self._guard(self._take_query, query[:2_000])

    def _renew(self) -> None:
        if self._given is not None:
            return
        if self._snapshot is None or self._pointer != _pointer_text():
            self._open()

    def _take_query(self, query: str) -> None:
        """Set the inputs the address names; what is unknown or out of range is left out."""
        wanted = dict(parse_qsl(query))
        bar = wanted.pop(OPEN, "")
        choices = {
            n: v for n, v in wanted.items() if isinstance(self.inputs.get(n), ipywidgets.Dropdown)
        }
        if self._restore(choices):
            self.redraw()  # measured values first, what-ifs on top of them
        if self._restore({n: v for n, v in wanted.items() if n not in choices}) or choices:
            self._on_change(None)
        if bar in self._offered and bar != self._key:
            self._open_bar(bar)

    def _restore(self, wanted: Mapping[str, Any]) -> bool:
        self._paused = True
        try:
            taken = [set_value(self.inputs[n], v) for n, v in wanted.items() if n in self.inputs]
            return any(taken)
        finally:
            self._paused = False

    def _guard(self, do: Callable[..., None], *arguments: object) -> None:
        """Run a step of the page; whatever goes wrong is logged and said in one sentence."""
        try:
            do(*arguments)
        except StoreError:
            _LOG.exception("%s has no snapshot", self.question)
            self.charts.fail("The snapshot cannot be read. Run `workbench publish`, then reload.")
        except WorkbenchError as error:
            _LOG.warning("%s: %s", self.question, error)
            state = _state_line(self._snapshot.state()) if self._snapshot else None
            self.charts.fail(str(error), state=state)
        except Exception:
            _LOG.exception("%s could not be computed", self.question)
            self.charts.fail(
                "These inputs could not be computed. Change them back or reload the page; "
                "the reason is in the dashboard log."
            )


def _state_line(state: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return what stands under every title: snapshot, as of, unpriced share, synthetic."""
    requests = state.get("requests") or 0
    short = (state.get("unpriced_requests") or 0) + (state.get("partial_requests") or 0)
    unpriced = short / requests if requests else None
    line: list[tuple[str, ...]] = [
        ("snapshot", f"#{state.get('snapshot', '')}"),
        ("as of", day(state.get("as_of"))),
        ("unpriced", percent(unpriced, digits=1), "bad" if unpriced else ""),
    ]
    if state.get("synthetic"):
        line.append(("data", "synthetic sample"))
    return line


def day(value: object) -> str:
    """Write a date as 31 Oct 2026; None is not known.

    Examples
    --------
    >>> day("2026-10-31")
    '31 Oct 2026'
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    return "not known"

"""How a page's answer, tiles, figures and tables reach the browser: one widget a page.

The module in charts.js and page.js draws plain dictionaries and loads plotly.js once over HTTP.
Every synced trait is public input, so only `query` may be set by the browser and it is a short
text that pages read against their own controls; the rest is written by Python alone.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.figures.cards import View

STATIC = Path(__file__).parent / "template" / "static"
VIEW = "application/vnd.workbench.view+json"
"""The media type of a page's first view inside the HTML, which the template paints at once."""
MAX_QUERY_CHARACTERS = 2_000


class Charts(anywidget.AnyWidget):
    """All a page shows beside its inputs, as plain data."""

    _esm = "\n".join(
        [
            *((STATIC / name).read_text("utf-8") for name in ("charts.js", "page.js")),
            "export default { initialize, render };",
        ]
    )
    _css = (STATIC / "workbench.css").read_text("utf-8")

    head = traitlets.Dict().tag(sync=True)
    """Answer, scope, notice, state line, and whether the rest is stale."""
    tiles = traitlets.List().tag(sync=True)
    cards = traitlets.List().tag(sync=True)
    details = traitlets.List().tag(sync=True)
    opened = traitlets.Dict().tag(sync=True)
    """The rows behind the bar that was clicked: its key and a table; empty when none is open."""
    query = traitlets.Unicode("").tag(sync=True)
    """The page's filter as it stands in the address."""

    @traitlets.validate("query")
    def _short(self, proposal: Any) -> str:  # noqa: ANN401 - traitlets hands over a Bunch
        if len(proposal["value"]) > MAX_QUERY_CHARACTERS:
            raise traitlets.TraitError("the address is too long for a filter")
        return proposal["value"]

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take nothing from the browser but what it may set."""
        super().set_state({k: v for k, v in sync_data.items() if k == "query"})

    def show(self, view: View, *, state: list[tuple[str, ...]], key: str = "") -> None:
        """Draw `view`; `state` is the line under the title: (label, value[, tone]).

        `key` names the bar whose rows the view has opened.
        """
        with self.hold_sync():
            self.head = {
                "answer": view.answer,
                "scope": view.scope,
                "notice": view.notice,
                "state": [*state, *view.state],
                "stale": False,
            }
            self.tiles = [asdict(tile) for tile in view.tiles]
            self.cards = [asdict(card) for card in view.cards]
            self.details = [asdict(card) for card in view.details]
            self.opened = {"key": key, **asdict(view.opened)} if view.opened else {}

    def view(self) -> dict[str, Any]:
        """Return what is shown now, for the template to paint before the widgets start."""
        return {
            n: getattr(self, n) for n in ("head", "tiles", "cards", "details", "opened", "query")
        }

    def fail(self, what_to_do: str, *, state: list[tuple[str, ...]] | None = None) -> None:
        """Say what to do, keep the last figures and mark them as old.

        `state` is the line under the title of a page that has shown nothing yet.
        """
        answer = self.head.get("answer") or "This page has no figures yet."
        line = self.head.get("state") or list(state or ())
        self.head = {
            **self.head, "answer": answer, "notice": what_to_do, "state": line, "stale": True,
        }  # fmt: skip

"""What the other questions say, in one tile each, where their answers are published."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from widgets.page import day
from workbench.figures import overview as figures
from workbench.figures.cards import Tile


def answered(snapshot: Any) -> tuple[Tile, ...]:  # noqa: ANN401 - a Snapshot or a test's
    """Return a tile for each published answer: the envelope's outlook, readiness."""
    tiles = (_outlook(_published(snapshot, "envelope")), _ready(_published(snapshot, "readiness")))
    return tuple(tile for tile in tiles if tile is not None)


def _published(snapshot: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Return a document, empty where none was published or its question was refused."""
    found = snapshot.document(name) or {}
    return {} if "refused" in found else found


def _outlook(document: Mapping[str, Any]) -> Tile | None:
    """Return the first register's outlook over all its months."""
    registers = document.get("registers") or {}
    if not registers:
        return None
    report = next(iter(registers.values()))["report"]
    last = date.fromisoformat(f"{report['months'][-1]}-01")
    return figures.outlook_tile(
        f"{last:%b %Y}", report["total"], breach_share=report["risk"]["p_breach"],
    )  # fmt: skip


def _ready(document: Mapping[str, Any]) -> Tile | None:
    """Return how many features have passed every stage of the checks."""
    features = [one for one in document.get("features") or [] if one["feature"]]
    if not features:
        return None
    last = max(stage["stage"] for stage in document["stages"])
    return figures.ready_tile(
        {one["feature"]: one["reached_stage"] for one in features}, last_stage=last,
        as_of=f"to {day(document['as_of'])[:-5]}",
    )  # fmt: skip

"""From the store to an answer: one file per question takes rows, asks the models, returns plain data.

A file here offers `document(source) -> dict | None`: the JSON its page reads from the published
snapshot, or None where the workspace holds nothing to answer from. Commands call the same
functions, so a page and the command line say the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from workbench.errors import WorkbenchError
from workbench.store.catalog import Catalog
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer is made from: the workspace, its open catalog and the day it holds for."""

    workspace: Workspace
    catalog: Catalog
    as_of: date
    answered: dict[str, list[dict[str, Any]]] = field(default_factory=dict, compare=False)
    """Queries that were run, with their parameters: checks ask the same of every feature."""

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run one read-only query over the views and rollups and return its rows."""
        asked = f"{query}{sorted((parameters or {}).items())!r}"
        if asked not in self.answered:
            found = self.catalog.rows(query, parameters)
            if len(found) > _MOST_REMEMBERED:
                return found
            self.answered[asked] = found
        return [dict(row) for row in self.answered[asked]]


_MOST_REMEMBERED = 1_000
"""Rows of an answer that are kept for the next who asks."""

Answer = Callable[[Source], dict[str, Any] | None]


def documents(source: Source, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """Ask every question; one that cannot be answered is published with its reason."""
    published: dict[str, Any] = {}
    for name, ask in answers.items():
        try:
            found = ask(source)
        except WorkbenchError as error:
            found = {"refused": str(error)}
        if found is not None:
            published[name] = found
    return published

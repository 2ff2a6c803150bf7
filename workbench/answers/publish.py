"""Publishes a snapshot with the answers of every question in it."""

from datetime import datetime
from pathlib import Path

from workbench.answers import (
    Answer,
    Source,
    commitments,
    documents,
    envelope,
    hosting,
    model_upgrade,
    monitoring,
    provider_exit,
    readiness,
    reconciliation,
    retention,
    unit_economics,
    variance,
)
from workbench.store import recent
from workbench.workspace import Workspace

ANSWERS: dict[str, Answer] = {
    "unit_economics": unit_economics.document,
    "envelope": envelope.document,
    "variance": variance.document,
    "reconciliation": reconciliation.document,
    "hosting": hosting.document,
    "commitments": commitments.document,
    "monitoring": monitoring.document,
    "retention": retention.document,
    "provider_exit": provider_exit.document,
    "model_upgrade": model_upgrade.document,
    "readiness": readiness.document,
}
"""Questions whose answer needs rows or papers that the snapshot does not hold."""

RECENT_ROWS = 500_000
"""Just under half a gigabyte; a store with more holds only its last days, and answers the same."""


def publish(workspace: Workspace, *, now: datetime) -> Path:
    """Ask every question of `workspace` and publish the answers with its rollups."""
    with workspace.reader(locked=False) as catalog:
        if any(workspace.layout.root.glob("dossiers/*.y*ml")):  # each is asked thirty questions
            recent.hold(catalog, most_rows=RECENT_ROWS)
        as_of = workspace.as_of(catalog)
        source = None if as_of is None else Source(workspace, catalog, as_of)
        found = {} if source is None else documents(source, ANSWERS)
    return workspace.publish(now=now, documents=found)

"""Is each feature ready for the next stage? Runs the playbook's checks over a workspace."""

from datetime import date
from typing import Any

from workbench.answers import Source
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.evidence import StoreEvidence
from workbench.playbook.run import CheckReport, run_checks


def evidence_of(source: Source, *, as_of: date | None = None) -> StoreEvidence:
    """Return what checks may look at in the workspace, on the day its data is complete."""
    return StoreEvidence(
        folder=source.workspace.layout.root,
        as_of=as_of or source.as_of,
        dossiers=read_dossiers(source.workspace.layout.root / "dossiers"),
        query=source.rows,
    )


def report(source: Source, *, stage: int | None = None, as_of: date | None = None) -> CheckReport:
    """Run all checks, or those of one stage."""
    return run_checks(evidence_of(source, as_of=as_of), stage=stage)


def document(source: Source) -> dict[str, Any]:
    """Return the report as its page reads it."""
    return report(source).as_json()

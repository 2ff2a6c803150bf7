"""May a new model replace the old one? Compares result files, from dossiers or named by hand."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.answers.readiness import evidence_of
from workbench.errors import InputError
from workbench.models.model_upgrade import (
    EvaluatedCase,
    UpgradeComparison,
    compare_models,
    cut_over_plan,
    feedback_loop,
)
from workbench.playbook.checks.g5 import compared_upgrade, correction_of
from workbench.playbook.dossier import Upgrade
from workbench.playbook.evaluations import read_results
from workbench.playbook.evidence import Case, MissingEvidenceError

RATE_SQL = """
SELECT count(*) AS requests FROM usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND started_at >= $since AND started_at < $until
"""
RATE_DAYS = 30


def document(source: Source) -> dict[str, Any]:
    """Return every upgrade on file, compared, with its cut-over plan and the feedback loop."""
    evidence = evidence_of(source)
    cases = [Case(evidence, dossier) for dossier in evidence.dossiers]
    return {
        "as_of": str(source.as_of),
        "upgrades": [_on_file(case, one) for case in cases for one in case.dossier.upgrades],
        "feedback": {
            case.dossier.feature: found for case in cases if (found := _feedback(case)) is not None
        },
    }  # fmt: skip


def compare_files(
    old: Path, news: Sequence[Path], *, critical: bool, approved: bool, requests_per_hour: float | None
) -> dict[str, Any]:  # fmt: skip
    """Compare one old result file with each new one.

    Raises
    ------
    InputError
        If a file is not readable, or two files share no case or repeat one.
    """
    before = read_results(old)
    return {
        "upgrades": [
            {
                "old_results": str(old), "new_results": str(new),
                **_compared(
                    _files(before, read_results(new), name=new, critical=critical, approved=approved),
                    requests_per_hour=requests_per_hour,
                ),
            }
            for new in news
        ]
    }  # fmt: skip


def _files(
    old: Sequence[EvaluatedCase], new: Sequence[EvaluatedCase], *, name: Path, critical: bool,
    approved: bool,
) -> UpgradeComparison:  # fmt: skip
    try:
        return compare_models(old=old, new=new, critical=critical, cost_rise_approved=approved)
    except ValueError as error:
        raise InputError(f"{name}: {error}. Nothing was compared.") from error


def _compared(found: UpgradeComparison, *, requests_per_hour: float | None) -> dict[str, Any]:
    plan = cut_over_plan(found, requests_per_hour=requests_per_hour) if requests_per_hour else ()
    return {
        "verdict": found.verdict, "comparison": asdict(found),
        "requests_per_hour": requests_per_hour, "plan": [asdict(step) for step in plan],
    }  # fmt: skip


def _on_file(case: Case, upgrade: Upgrade) -> dict[str, Any]:
    head = {"feature": case.dossier.feature, "synthetic": case.dossier.synthetic,
            **upgrade.model_dump(mode="json")}  # fmt: skip
    try:
        found = compared_upgrade(case, upgrade)
    except (MissingEvidenceError, InputError) as error:
        return {**head, "missing": str(error)}
    seen = case.rows(RATE_SQL, days=RATE_DAYS)[0]["requests"]
    return {**head, **_compared(found, requests_per_hour=seen / (RATE_DAYS * 24) or None)}


def _feedback(case: Case) -> dict[str, Any] | None:
    rows = case.optional_table("corrections")
    found = feedback_loop(
        [correction_of(row) for row in rows or []], as_of_day=case.as_of.toordinal()
    )
    return None if found is None else asdict(found)

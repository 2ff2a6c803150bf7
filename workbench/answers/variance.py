"""Why did the cost of a month change? Facts of every month as lines, users and requests.

A closed month is told by its record, so it never moves; any other month by the rollups.
"""

from collections.abc import Mapping
from typing import Any

from workbench.answers import Source
from workbench.answers.closes import adjustments, close_records
from workbench.answers.month_facts import current_facts
from workbench.models.variance.months import MonthFacts, months_variance
from workbench.playbook.dossier_files import read_dossiers


def document(source: Source) -> dict[str, Any] | None:
    """Return the facts of every month; the page compares any two of them."""
    found = facts(source)
    if not found:
        return None
    return {
        "as_of": source.as_of.isoformat(),
        "months": found,
        "successors": successors(source),
        "budget": budget(source),
        "closed": [
            {
                "period": one["period"], "closed_by": one["closed_by"],
                "closed_at": one["closed_at"], "contract_cost_usd": one["totals"]["contract_cost_usd"],
                "sha256": one["totals_sha256"],
            }
            for one in close_records(source.workspace.layout.root)
        ],
        "adjustments": adjustments(source),
    }  # fmt: skip


def report(
    source: Source, *, month: str | None = None, against: str | None = None
) -> dict[str, Any]:
    """Return the variance of a month against another; the newest two where none is named."""
    found = facts(source)
    return months_variance(
        {name: MonthFacts.from_dict(one) for name, one in found.items()},
        month=month, against=against, successors=successors(source),
    )  # fmt: skip


def facts(source: Source) -> dict[str, dict[str, Any]]:
    """Return each month's facts as plain data; those of closed months as they were closed."""
    now = current_facts(source)
    closed = {one["period"]: one["facts"] for one in close_records(source.workspace.layout.root)}
    return dict(sorted({**now, **closed}.items()))


def successors(source: Source) -> dict[str, str]:
    """Return which model followed which, as the dossiers state."""
    folder = source.workspace.layout.root / "dossiers"
    return {move.model: move.to_model for one in read_dossiers(folder) for move in one.migrations}


def budget(source: Source) -> dict[str, Mapping[str, float]]:
    """Return the plan by month and feature, where `assumptions/budget.yaml` has one."""
    plan = source.workspace.documents()["assumptions"].get("budget")
    months = plan.get("months") if isinstance(plan, dict) else None
    return months if isinstance(months, dict) else {}

"""Why did the cost of a month change? Facts of every month as lines, users and requests.

A closed month is told by its record, so it never moves; any other month by the rollups.
"""
# ruff: noqa: S608 - the one number put into a statement is a constant of this file

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workbench.answers import Source
from workbench.answers.allocation import month_allocation
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
        "payers": {month: _payers(source, month) for month in found},
        "budget_source": budget_source(source),
        "behind": behind(source),
    }  # fmt: skip


def budget_source(source: Source) -> str:
    """Return who owns the plan, from when it is and on which grounds, as its file says."""
    plan = source.workspace.documents()["assumptions"].get("budget")
    plan = plan if isinstance(plan, dict) else {}
    return ", ".join(
        str(plan[name]) if plan.get(name) else f"no {name} given"
        for name in ("owner", "date", "source")
    )


SEGMENTS_NAMED = 3
"""Ids of log segments named for a row of a page; how many there are is said."""


def behind(source: Source) -> dict[str, list[dict[str, Any]]]:
    """Return, by month, what each model's priced requests in a feature rest on.

    Requests, which price rows priced them (`price_version`), and the log segments they are in:
    how many, and the ids of those with most of them. Rows that were disposed of are not here.
    """
    if not source.catalog.has_rates():
        return {}
    found = source.rows(
        "SELECT month, model, feature, CAST(sum(requests) AS BIGINT) AS requests, "
        "coalesce(list_sort(list(DISTINCT price_version) FILTER (price_version IS NOT NULL)), []) AS prices, "
        "count(DISTINCT source_id) AS segments, "
        f"list(DISTINCT source_id ORDER BY source_id) FILTER (place <= {SEGMENTS_NAMED:d}) AS ids "
        "FROM (SELECT *, dense_rank() OVER (PARTITION BY month, model, feature "
        "ORDER BY of_segment DESC, source_id) AS place FROM ("
        "SELECT *, sum(requests) OVER (PARTITION BY month, model, feature, source_id) AS of_segment "
        "FROM (SELECT strftime(started_at, '%Y-%m') AS month, model, "
        "coalesce(feature, '(none)') AS feature, source_id, price_version, count(*) AS requests "
        "FROM priced_usage GROUP BY ALL))) GROUP BY ALL ORDER BY ALL"
    )
    by_month: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        by_month.setdefault(row.pop("month"), []).append(row)
    return by_month


def _payers(source: Source, month: str) -> list[dict[str, str]]:
    """Return who pays a month and by which rule, the largest first."""
    usd: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for one in month_allocation(source, month).placements:
        usd[one.payer, one.rule] += one.usd
    return [
        {"payer": payer, "rule": rule, "usd": str(amount)}
        for (payer, rule), amount in sorted(usd.items(), key=lambda one: (-one[1], one[0]))
    ]


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

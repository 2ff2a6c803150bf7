"""Why did the cost of a month change? Facts of every month as lines, users and requests.

A closed month is told by its record, so it never moves; any other month by the rollups.
"""
# ruff: noqa: S608 - names of lines are quoted as text; months are bound

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workbench.answers import Source
from workbench.answers.allocation import month_allocation
from workbench.answers.closes import adjustments, close_records
from workbench.answers.month_facts import current_facts
from workbench.errors import InputError
from workbench.models.variance.months import LEGS, MonthFacts, months_variance
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
    }  # fmt: skip


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


def rows_behind(
    source: Source,
    leg: str,
    *,
    month: str | None = None,
    against: str | None = None,
    line: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Return the log rows behind one bar of the bridge: those of the lines that make it.

    Parameters
    ----------
    leg
        volume, mix, price, new or discontinued.
    line
        Only this line, written as pages write it: model · meter.
    limit
        Rows to list, the dearest first; how many there are in all is said.

    Raises
    ------
    InputError
        If no line has a share in the leg, or none of that name.
    """
    if leg not in LEGS:
        raise InputError(f"No leg {leg!r}; there are {', '.join(LEGS)}.")
    found = report(source, month=month, against=against)
    lines = sorted(
        (one for one in found["lines"] if one[leg] and line in (None, one["name"])),
        key=lambda one: -abs(one[leg]),
    )
    if not lines:
        raise InputError(
            f"No line has a share in {leg}{f' and is named {line!r}' if line else ''}."
        )
    # A successor's line holds the rows of what it followed as well.
    followed = successors(source)
    wanted = [
        (model, name.split(" · ", 1)[1].replace(" ", "_"), one["team"])
        for one in lines
        for name in [one["name"]]
        for model in _models_of(name.split(" · ", 1)[0], followed)
    ]
    query = _rows_query(wanted)
    spans = {"months": [found["against"], found["month"]]}
    (total,) = source.rows(
        f"SELECT count(*) AS rows, CAST(sum(contract_cost_usd) AS VARCHAR) AS usd FROM ({query})",
        spans,
    )
    rows = source.rows(f"{query} ORDER BY contract_cost_usd DESC NULLS LAST LIMIT {limit:d}", spans)
    return {
        "leg": leg, "against": found["against"], "month": found["month"], "usd": found[leg],
        "lines": [{"name": one["name"], "feature": one["team"], "usd": one[leg]} for one in lines],
        "rows_in_all": total["rows"], "rows_usd": total["usd"], "rows": rows,
    }  # fmt: skip


def _models_of(model: str, followed: Mapping[str, str]) -> list[str]:
    names = [model]
    for name in names:
        names += [old for old, new in followed.items() if new == name and old not in names]
    return names


def _rows_query(wanted: list[tuple[str, str, str]]) -> str:
    """Return SQL for the priced rows that use a meter of a model in a feature, with their file."""
    by_line: dict[tuple[str, str], list[str]] = {}
    for model, meter, feature in wanted:
        by_line.setdefault((model, feature), []).append(meter)
    used = " OR ".join(
        f"(p.model = {_text(model)} AND coalesce(p.feature, '(none)') = {_text(feature)}"
        f" AND ({' OR '.join(f'p.{meter} > 0' for meter in meters)}))"
        for (model, feature), meters in by_line.items()
    )
    return (
        "SELECT strftime(p.started_at, '%Y-%m') AS month, p.started_at, p.model, p.feature, p.request_id,"
        " p.contract_cost_usd, p.price_status, m.path, p.source_row FROM priced_usage AS p"
        " JOIN ingest_manifest AS m ON m.source_id = p.source_id"
        f" WHERE list_contains($months, strftime(p.started_at, '%Y-%m')) AND ({used})"
    )


def _text(value: str) -> str:
    """Return a value as SQL text; quotes in it are doubled."""
    return "'" + value.replace("'", "''") + "'"


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

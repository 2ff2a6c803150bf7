"""Which log rows are behind a bar of the variance? Those of the lines, classes or months in it."""
# ruff: noqa: S608 - names of lines are quoted as text; months are bound

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.answers import Source
from workbench.answers.variance import budget, budget_source, facts, report, successors
from workbench.errors import InputError, shown
from workbench.models.variance.bars import BARS, BUDGET, TOKEN_LEGS
from workbench.models.variance.months import MonthFacts
from workbench.models.variance.opened import models_of
from workbench.models.variance.opened_plan import PlanParts, feature_rows

Wanted = tuple[str, str, str | None]
"""Model, meter ('' is any) and feature (None is any)."""


def rows_behind(
    source: Source,
    leg: str,
    *,
    month: str | None = None,
    against: str | None = None,
    line: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """Return the log rows behind one bar: those of the lines that make it.

    Parameters
    ----------
    leg
        One of `BARS`. `budget` is the step from budget to actual, of the year up to `month`.
    line
        Only this line, written as pages write it (model · meter); with `budget`, a feature.
    limit
        Rows to list, the dearest first; how many there are in all is said.

    Raises
    ------
    InputError
        If no line has a share in the bar, or none of that name.
    """
    if leg not in BARS:
        raise InputError(f"No bar {leg!r}; there are {', '.join(BARS)}.")
    found = report(source, month=month, against=against)
    if leg == BUDGET:
        bar = _of_budget(source, found["month"], line)
    elif leg in TOKEN_LEGS:
        bar = _of_tokens(found, leg, line)
    else:
        bar = _of_lines(found, leg, line, successors(source))
    if not bar["lines"]:
        raise InputError(
            f"No line has a share in {leg}{f' and is named {line!r}' if line else ''}."
        )
    wanted, months = bar.pop("wanted"), bar.pop("months")
    return {"leg": leg, **bar, **_listed(source, wanted, months, limit)}


def _of_lines(
    found: Mapping[str, Any], leg: str, line: str | None, followed: Mapping[str, str]
) -> dict[str, Any]:
    lines = sorted(
        (one for one in found["lines"] if one[leg] and line in (None, one["name"])),
        key=lambda one: -abs(one[leg]),
    )
    # A successor's line holds the rows of what it followed as well.
    wanted = [
        (model, name.split(" · ", 1)[1].replace(" ", "_"), one["team"])
        for one in lines
        for name in [one["name"]]
        for model in models_of(name.split(" · ", 1)[0], followed)
    ]
    return {
        "against": found["against"], "month": found["month"], "usd": found[leg], "wanted": wanted,
        "months": [found["against"], found["month"]],
        "lines": [{"name": one["name"], "feature": one["team"], "usd": one[leg]} for one in lines],
    }  # fmt: skip


def _of_tokens(found: Mapping[str, Any], leg: str, line: str | None) -> dict[str, Any]:
    legs = found["usage_legs"]
    if legs is None:
        raise InputError("One of the months has no users, requests or tokens to split by.")
    rows = [
        {**one, "name": f"{model} · {one['token_class'].replace('_', ' ')}", "of": model}
        for one in legs["rows"][leg]
        for model in [one["model"].split("/", 1)[-1]]
    ]
    rows = sorted(
        (one for one in rows if line in (None, one["name"])), key=lambda one: -abs(one["usd"])
    )
    names = ("name", "before", "after", "usd")
    return {
        "against": found["against"], "month": found["month"], "usd": legs["legs"][leg],
        "months": [found["against"], found["month"]],
        "wanted": [(one["of"], one["token_class"], None) for one in rows],
        "lines": [{name: one[name] for name in names} for one in rows],
    }  # fmt: skip


def _of_budget(source: Source, month: str, feature: str | None) -> dict[str, Any]:
    """Return the plan lines and metered months of the year so far, planned ones with their owner."""
    planned = budget(source)
    months = [name for name in sorted(planned) if name[:4] == month[:4] and name <= month]
    known = {name: MonthFacts.from_dict(one) for name, one in facts(source).items()}
    lacking = [name for name in months if name not in known]
    if not months or lacking:
        raise InputError(
            f"No budget to compare {month} with: assumptions/budget.yaml has no months of {month[:4]}."
            if not months
            else f"The budget has {shown(lacking)}, the logs have not."
        )
    parts = PlanParts(
        months=months, facts=known, budget=planned, source=budget_source(source),
        file="assumptions/budget.yaml",
    )  # fmt: skip
    features = {who for name in months for who in {**planned[name], **known[name].features}}
    chosen = sorted(who for who in features if feature in (None, who))
    rows = feature_rows(chosen, parts)
    return {
        "against": "budget", "month": month, "usd": sum(row.usd for row in rows), "months": months,
        "wanted": [(model, "", row.feature) for row in rows for model in row.models],
        "lines": [
            {"name": row.name, "feature": row.feature, "usd": row.usd, "source": row.source}
            for row in rows
        ],
    }  # fmt: skip


def _listed(
    source: Source, wanted: Sequence[Wanted], months: Sequence[str], limit: int
) -> dict[str, Any]:
    if not wanted:  # a plan line alone has no log rows
        return {"rows_in_all": 0, "rows_usd": None, "rows": []}
    query = _rows_query(wanted)
    spans = {"months": list(months)}
    (total,) = source.rows(
        f"SELECT count(*) AS rows, CAST(sum(contract_cost_usd) AS VARCHAR) AS usd FROM ({query})",
        spans,
    )
    rows = source.rows(f"{query} ORDER BY contract_cost_usd DESC NULLS LAST LIMIT {limit:d}", spans)
    return {"rows_in_all": total["rows"], "rows_usd": total["usd"], "rows": rows}


def _rows_query(wanted: Sequence[Wanted]) -> str:
    """Return SQL for the priced rows that use a meter of a model in a feature, with their file."""
    by_line: dict[tuple[str, str | None], set[str]] = {}
    for model, meter, feature in wanted:
        by_line.setdefault((model, feature), set()).add(meter)
    used = " OR ".join(
        f"(p.model = {_text(model)}"
        + ("" if feature is None else f" AND coalesce(p.feature, '(none)') = {_text(feature)}")
        + ("" if "" in meters else f" AND ({' OR '.join(f'p.{meter} > 0' for meter in sorted(meters))})")
        + ")"
        for (model, feature), meters in by_line.items()
    )  # fmt: skip
    return (
        "SELECT strftime(p.started_at, '%Y-%m') AS month, p.started_at, p.model, p.feature, p.request_id,"
        " p.contract_cost_usd, p.price_status, p.price_version, p.source_id, m.path, p.source_row"
        " FROM priced_usage AS p JOIN ingest_manifest AS m ON m.source_id = p.source_id"
        f" WHERE list_contains($months, strftime(p.started_at, '%Y-%m')) AND ({used})"
    )


def _text(value: str) -> str:
    """Return a value as SQL text; quotes in it are doubled."""
    return "'" + value.replace("'", "''") + "'"

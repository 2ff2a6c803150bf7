"""Who pays for what: costs and ordered rules in, shares to the cent out.

A workspace states its rules in one file of `assumptions/` with `kind: allocation`; without one, the
team of the record pays. The costs are a month's contract cost by provider and team.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from workbench.answers import Source
from workbench.errors import InputError
from workbench.models.allocation import (
    Allocation,
    AllocationRule,
    Cost,
    allocate,
    refuse_overlap,
)


def allocation_report(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Place `costs` (source, day, usd, tag) by `rules` (name, kind, weights, validity, source).

    Raises
    ------
    InputError
        Naming the entry that is wrong.
    """
    rules = [_rule(one, f"rules[{at}]") for at, one in enumerate(_list(inputs, "rules"))]
    costs = [_cost(one, f"costs[{at}]") for at, one in enumerate(_list(inputs, "costs"))]
    refuse_overlap(rules)
    found = allocate(costs, rules)
    return {
        "total_usd": str(sum((cost.usd for cost in costs), Decimal(0))),
        "by_payer": {payer: str(usd) for payer, usd in found.by_payer().items()},
        "placements": [
            {"payer": one.payer, "usd": str(one.usd), "source": one.source, "rule": one.rule}
            for one in found.placements
        ],
    }


def month_allocation(source: Source, period: str) -> Allocation:
    """Place a month's contract cost by the rules of the workspace.

    A month is cut where a rule begins or ends, so that each rule holds for its own days only.
    """
    rules = rules_of(source, period)
    cuts = sorted({day for one in rules for day in (one.valid_from, one.valid_to) if day})
    first = date.fromisoformat(f"{period}-01")
    pico: dict[tuple[str, str | None, date], int] = defaultdict(int)
    for row in source.rows(_COSTS, {"month": period}):
        begins = max([first, *(day for day in cuts if first < day <= row["day"])])
        pico[row["provider"], row["team"], begins] += int(row["pico"])
    costs = [
        Cost(source=provider, day=day, usd=Decimal(amount).scaleb(-12), tag=team)
        for (provider, team, day), amount in sorted(pico.items(), key=str)
    ]
    return allocate(costs, rules)


def month_report(source: Source, period: str) -> dict[str, Any]:
    """Return who pays a month's contract cost, as plain data; unallocated is always there."""
    found = month_allocation(source, period)
    total = sum((one.usd for one in found.placements), Decimal(0))
    return {
        "month": period,
        "total_usd": str(total),
        "by_payer": {payer: str(usd) for payer, usd in found.by_payer().items()},
        "by_rule": {rule: str(usd) for rule, usd in _by_rule(found).items()},
        "placements": [
            {"payer": one.payer, "usd": str(one.usd), "source": one.source, "rule": one.rule}
            for one in found.placements
        ],
    }


def rules_of(source: Source, period: str) -> list[AllocationRule]:
    """Return the workspace's rules, usage drivers filled from the month's logs.

    A driver rule has `weights`, or says `by: requests` or `by: cost`: what each team used.

    Raises
    ------
    InputError
        Naming the file and the rule that is wrong.
    """
    folder = source.workspace.layout.root / "assumptions"
    assumptions = source.workspace.documents()["assumptions"]
    there = [
        (path, content)
        for path in sorted(folder.glob("*.yaml"))
        if (content := assumptions.get(path.stem))
        and isinstance(content, dict)
        and content.get("kind") == "allocation"
    ]
    if not there:
        return [AllocationRule(name="team of the record", kind="direct")]
    if len(there) > 1:
        raise InputError(f"{there[1][0]}: a second file of allocation rules. Keep one.")
    path, content = there[0]
    rules = [
        _rule(_driven(source, period, one), f"{path.name}: rules[{at}]")
        for at, one in enumerate(_list(content, "rules"))
    ]
    refuse_overlap(rules)
    return rules


def _driven(source: Source, period: str, entry: object) -> object:
    """Return a rule with the weights its `by` asks for."""
    if not isinstance(entry, Mapping) or "by" not in entry:
        return entry
    asked = entry["by"]
    if asked not in _DRIVERS or entry.get("kind") != "driver":
        raise InputError(f"`by: {asked}`: a rule of kind driver goes by {' or '.join(_DRIVERS)}.")
    rows = source.rows(_USE.format(driver=_DRIVERS[asked]), {"month": period})
    weights = {row["team"]: float(row["used"]) for row in rows if row["used"]}
    return {**{key: value for key, value in entry.items() if key != "by"}, "weights": weights}


def _by_rule(found: Allocation) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for one in found.placements:
        totals[one.rule] += one.usd
    return dict(sorted(totals.items()))


_DRIVERS = {"requests": "sum(requests)", "cost": "sum(contract_pico)"}
_USE = (
    "SELECT team, CAST({driver} AS DOUBLE) AS used FROM rollup_day "
    "WHERE strftime(day, '%Y-%m') = $month AND team IS NOT NULL GROUP BY team ORDER BY team"
)
_COSTS = (
    "SELECT day, provider, team, CAST(sum(contract_pico) AS VARCHAR) AS pico FROM rollup_day "
    "WHERE strftime(day, '%Y-%m') = $month AND contract_pico IS NOT NULL "
    "GROUP BY day, provider, team ORDER BY day, provider, team"
)


def _list(inputs: Mapping[str, Any], name: str) -> list[Any]:
    given = inputs.get(name)
    if not isinstance(given, list):
        raise InputError(f"`{name}` must be a list.")
    return given


def _cost(entry: object, where: str) -> Cost:
    content = _known(entry, {"source", "day", "usd", "tag"}, where)
    try:
        return Cost(
            source=str(content["source"]), day=_day(content["day"]), usd=Decimal(str(content["usd"])),
            tag=content.get("tag"),
        )  # fmt: skip
    except (KeyError, ValueError, InvalidOperation) as error:
        raise InputError(f"`{where}` needs source, day (YYYY-MM-DD) and usd: {error!r}.") from error


def _rule(entry: object, where: str) -> AllocationRule:
    content = dict(_known(entry, {field.name for field in fields(AllocationRule)}, where))
    if content.get("kind") not in ("direct", "driver", "even") or not content.get("name"):
        raise InputError(f"`{where}` needs a name and a kind: direct, driver or even.")
    if isinstance(content.get("weights"), list):
        content["weights"] = dict.fromkeys(map(str, content["weights"]), 1.0)
    try:
        for key in ("valid_from", "valid_to"):
            content[key] = _day(content[key]) if content.get(key) else None
        return AllocationRule(**content)
    except (TypeError, ValueError) as error:
        raise InputError(f"`{where}`: {error}.") from error


def _known(entry: object, keys: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping) or set(entry) - keys:
        raise InputError(f"`{where}` may hold {', '.join(sorted(keys))}, got {entry!r}.")
    return entry


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))

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
from workbench.errors import InputError, shown
from workbench.models.allocation import (
    Allocation,
    AllocationRule,
    Cost,
    allocate,
    exact_weight,
    refuse_overlap,
)
from workbench.models.plain import LARGEST, shown_value


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
    if missing := {"source", "day", "usd"} - set(content):
        raise InputError(f"`{where}` needs source, day (YYYY-MM-DD) and usd; no {shown(missing)}.")
    return Cost(
        source=_word(content["source"], f"{where}, source"), day=_day(content["day"], where),
        usd=_usd(content["usd"], where),
        tag=None if content.get("tag") is None else _word(content["tag"], f"{where}, tag"),
    )  # fmt: skip


def _usd(value: object, where: str) -> Decimal:
    try:
        usd = Decimal(str(value))
    except InvalidOperation:
        usd = Decimal("NaN")
    if not usd.is_finite() or abs(usd) > Decimal(LARGEST):
        raise InputError(
            f"`{where}`, usd: must be a number of at most {LARGEST:g}, not {shown_value(value)}."
        )
    return usd


def _weights(given: object, kind: str, where: str) -> dict[str, Any]:
    """Return weights by payer; a list names payers that bear the same."""
    if isinstance(given, list):
        return {_word(payer, f"{where}, weights"): 1.0 for payer in given}
    if not isinstance(given, Mapping):
        raise InputError(
            f"`{where}`, weights: must be payers with numbers, not {shown_value(given)}."
        )
    weights = {_word(payer, f"{where}, weights"): weight for payer, weight in given.items()}
    for payer, weight in weights.items() if kind == "driver" else ():
        try:
            exact_weight(payer, weight)
        except InputError as error:
            raise InputError(f"`{where}`, weights: {error}") from error
    return weights


def _word(value: object, where: str) -> str:
    if value is None or isinstance(value, Mapping | list) or not str(value).strip():
        raise InputError(f"`{where}`: must be a word, not {shown_value(value)}.")
    return str(value)


def _rule(entry: object, where: str) -> AllocationRule:
    content = dict(_known(entry, {field.name for field in fields(AllocationRule)}, where))
    if content.get("kind") not in ("direct", "driver", "even") or not content.get("name"):
        raise InputError(f"`{where}` needs a name and a kind: direct, driver or even.")
    for key in ("name", "source"):
        if content.get(key) is not None:
            content[key] = _word(content[key], f"{where}, {key}")
    content["weights"] = _weights(content.get("weights") or {}, content["kind"], where)
    for key in ("valid_from", "valid_to"):
        content[key] = _day(content[key], where) if content.get(key) else None
    return AllocationRule(**content)


def _known(entry: object, keys: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping) or set(entry) - keys:
        raise InputError(f"`{where}` may hold {', '.join(sorted(keys))}, got {entry!r}.")
    return entry


def _day(value: object, where: str) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise InputError(f"`{where}`: {error}.") from error

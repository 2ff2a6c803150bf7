"""Who pays for what, from plain data: costs and ordered rules in, shares to the cent out."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from workbench.errors import InputError
from workbench.models.allocation import AllocationRule, Cost, allocate, refuse_overlap


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

"""The whole variance of two periods as plain data, for commands and pages."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from workbench.errors import InputError
from workbench.models.plain import checked
from workbench.models.variance.pvm import Line, price_volume_mix, with_successors

FIELDS = ("name", "quantity", "unit_price_usd")
OPTIONAL = ("team", "unit")


def variance_report(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Split a change of cost from plain data.

    Parameters
    ----------
    inputs
        `base` and `actual`, lists of lines with name, quantity, unit_price_usd and optionally
        team and unit; `successors`, old model's name to the new one's.

    Returns
    -------
    dict
        Totals and legs in USD, positive is adverse, and every line with its legs.

    Examples
    --------
    >>> report = variance_report({
    ...     "base": [{"name": "v1", "quantity": 10, "unit_price_usd": 2}],
    ...     "actual": [{"name": "v2", "quantity": 10, "unit_price_usd": 3}],
    ...     "successors": {"v1": "v2"}})
    >>> report["price"], report["total_variance"]
    (10.0, 10.0)
    """
    successors = _successors(inputs.get("successors") or {})
    base = with_successors(_lines(inputs, "base"), successors)
    split = price_volume_mix(base, with_successors(_lines(inputs, "actual"), successors))
    legs = ("volume", "mix", "price", "new", "discontinued")
    variant = ("price_at_base_quantity", "quantity_at_base_price", "joint")
    return {
        "base_usd": split.base_usd,
        "actual_usd": split.actual_usd,
        "total_variance": split.total,
        "residual": split.residual,
        **{name: split.leg(name) for name in (*legs, *variant)},
        "mix_within_teams": split.leg("mix_within"),
        "mix_between_teams": split.mix_between_teams,
        "lines": [asdict(line) for line in split.lines],
    }


def _lines(inputs: Mapping[str, Any], period: str) -> list[Line]:
    given = inputs.get(period)
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InputError(f"`{period}` must be a list of lines with {', '.join(FIELDS)}.")
    return [_line(entry, f"{period}[{at}]") for at, entry in enumerate(given)]


def _line(entry: object, where: str) -> Line:
    if not isinstance(entry, Mapping) or not set(FIELDS) <= set(entry):
        raise InputError(f"`{where}` needs {', '.join(FIELDS)}, got {entry!r}.")
    unknown = sorted(set(entry) - set(FIELDS) - set(OPTIONAL))
    if unknown:
        raise InputError(f"`{where}` has unknown keys {unknown}; known: {FIELDS + OPTIONAL}.")
    return Line(
        name=str(entry["name"]),
        quantity=_number(entry, "quantity", where),
        unit_price_usd=_number(entry, "unit_price_usd", where),
        team=str(entry.get("team", "")),
        unit=str(entry.get("unit", "Mtok")),
    )


def _number(entry: Mapping[str, Any], name: str, where: str) -> float:
    """Return a number, also one written as text, as tables give it."""
    value = entry[name]
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    return checked(value, f"`{where}`, {name}")


def _successors(given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping) or not all(isinstance(one, str) for one in given.values()):
        raise InputError("`successors` must be old models' names with the new ones' names.")
    return given

"""What if: small overlays on a register, each change with a reason, an owner and an end."""

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from workbench.errors import InputError
from workbench.playbook.assumptions.register import Entry, Finite, Register
from workbench.playbook.dossier_files import explained
from workbench.yaml_files import read_yaml


class Overlay(Entry):
    """One change of one number: set to a value, or multiplied."""

    path: str = Field(pattern=r"^[^.]+(\.[^.]+)+$")
    """Where it stands, e.g. `drivers.users.value` or `lines.fresh.prices.0.usd`."""
    to: Finite | None = None
    times: Finite | None = None
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    source: str = Field(min_length=1)
    expires: date

    @model_validator(mode="after")
    def _one_change(self) -> "Overlay":
        if (self.to is None) == (self.times is None):
            raise ValueError("give either `to` or `times`")
        return self


class Scenario(Entry):
    """A named, ordered list of changes to one register: never a copied model."""

    kind: Literal["scenario"] = "scenario"
    name: str = Field(min_length=1)
    base: str
    changes: tuple[Overlay, ...] = Field(min_length=1)


def read_register(path: Path) -> Register:
    """Return one file of assumptions.

    Raises
    ------
    InputError
        Naming the file and the key that is wrong.
    """
    return parse_register(read_yaml(path), name=str(path))


def read_scenario(path: Path) -> Scenario:
    """Return one scenario; errors as in `read_register`."""
    return parse_scenario(read_yaml(path), name=str(path))


def parse_register(content: object, *, name: str) -> Register:
    """Return a register from what YAML gave; `name` stands in error messages."""
    try:
        register = Register.model_validate(content)
    except ValidationError as error:
        raise InputError(explained(error, model=Register, name=name)) from error
    try:
        register.cost_tree()
        len(register.budget_by_month)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    return register


def parse_scenario(content: object, *, name: str) -> Scenario:
    """Return a scenario from what YAML gave; `name` stands in error messages."""
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise InputError(explained(error, model=Scenario, name=name)) from error


def with_scenarios(register: Register, scenarios: Sequence[Scenario]) -> Register:
    """Return the register with the changes of every scenario, in order.

    A factor multiplies what stood there after the changes before it. Where a `value` is
    changed by a factor, its low and high move along, so the range stays in proportion.

    Raises
    ------
    InputError
        If a scenario is for another register, or a path leads nowhere.
    """
    content = deepcopy(register.as_dict())
    for scenario in scenarios:
        if scenario.base != register.name:
            raise InputError(
                f"Scenario {scenario.name!r} changes {scenario.base!r}, not {register.name!r}."
            )
        for change in scenario.changes:
            _apply(content, change, where=f"scenario {scenario.name!r}")
    names = " + ".join(scenario.name for scenario in scenarios)
    return parse_register(content, name=f"{register.name} with {names}" if names else register.name)


def expired(register: Register, scenarios: Iterable[Scenario], *, as_of: date) -> list[str]:
    """Return what nobody answers for any more, with the day it ended."""
    found = [
        f"{path} (expired {entry.expires.isoformat()}, owner {entry.owner})"
        for path, entry in register.judgements().items()
        if entry.expires < as_of
    ]
    return found + [
        f"{scenario.name}: {change.path} (expired {change.expires.isoformat()}, owner {change.owner})"
        for scenario in scenarios
        for change in scenario.changes
        if change.expires < as_of
    ]


def _apply(content: dict[str, Any], change: Overlay, *, where: str) -> None:
    keys = _keys(content, change.path, where=where)
    place: Any = content
    for key in keys[:-1]:
        place = place[key]
    old = place[keys[-1]]
    if isinstance(old, bool) or not isinstance(old, int | float):
        raise InputError(f"{where}: `{change.path}` is {old!r}, not a number to change.")
    if change.times is None:
        place[keys[-1]] = change.to
        return
    moved = ("low", "value", "high") if keys[-1] == "value" else (keys[-1],)
    for key in moved:
        if place[key] is not None:
            place[key] *= change.times


def _keys(content: object, path: str, *, where: str) -> list[Any]:
    """Split a path at its dots; a name with dots of its own is one key."""
    rest, place, keys = path, content, []
    while rest:
        there = _children(place)
        fitting = [key for key in there if rest == key or rest.startswith(f"{key}.")]
        if not fitting:
            known = ", ".join(sorted(there)) or "nothing"
            raise InputError(f"{where}: `{path}` leads nowhere at `{rest}`; there: {known}.")
        key = max(fitting, key=len)
        keys.append(there[key][0])
        place = there[key][1]
        rest = rest[len(key) + 1 :]
    return keys


def _children(place: object) -> dict[str, tuple[Any, Any]]:
    if isinstance(place, dict):
        return {str(key): (key, value) for key, value in place.items()}
    if isinstance(place, list):
        return {str(at): (at, value) for at, value in enumerate(place)}
    return {}

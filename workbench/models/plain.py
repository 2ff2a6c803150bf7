"""How plain data (JSON, YAML) becomes the frozen inputs of a model, or an error that helps."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from workbench.errors import InputError, shown

Made = TypeVar("Made")


def made(kind: type[Made], values: Mapping[str, Any]) -> Made:
    """Return an instance of a dataclass from its fields by name.

    Raises
    ------
    InputError
        If a field without a default is missing, or a name is no field of it.

    Examples
    --------
    >>> from workbench.models.retention.cost import Tier
    >>> made(Tier, {"name": "hot", "usd_per_gb_month": 0.02}).name
    'hot'
    """
    known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]  # a dataclass
    unknown = sorted(set(values) - set(known))
    missing = sorted(
        name
        for name, one in known.items()
        if name not in values and one.default is MISSING and one.default_factory is MISSING
    )
    if unknown or missing:
        raise InputError(
            f"{kind.__name__}: missing {shown(missing) or 'nothing'}; "
            f"unknown {shown(unknown) or 'nothing'}. There are: {', '.join(known)}."
        )
    return kind(**values)


def part(inputs: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a mapping inside the inputs.

    Raises
    ------
    InputError
        If there is none of that name, or it is no mapping.
    """
    found = inputs.get(name)
    if not isinstance(found, Mapping):
        raise InputError(f"`{name}` must be a mapping of names to values.")
    return found

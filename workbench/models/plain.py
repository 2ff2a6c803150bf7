"""How plain data (JSON, YAML) becomes the frozen inputs of a model, or an error that helps."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError, shown

Made = TypeVar("Made")
Document = Mapping[str, Any]
LARGEST = 1e15
"""Beyond it no quantity here has a meaning, and sums would leave the range of a float."""
_COUNTS = (int, int | None)
_NUMBERS = (float, float | None, *_COUNTS)


def made(kind: type[Made], values: Mapping[str, Any]) -> Made:
    """Return an instance of a dataclass from its fields by name.

    Raises
    ------
    InputError
        If a field without a default is missing, a name is no field of it, or a value is not the
        number or the word that the field declares.

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
    hints = get_type_hints(kind)
    for name, value in values.items():
        _check(f"{kind.__name__}, {name}", value, hints[name])
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


def checked(value: object, name: str) -> float:
    """Return a finite number, or refuse what stands in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number, not {shown_value(value)}.")
    if abs(value) > LARGEST or not math.isfinite(value):
        raise InputError(
            f"{name} must be a number of at most {LARGEST:g}, not {shown_value(value)}."
        )
    return float(value)


def number(asked: Document, name: str, default: float | None = None) -> float:
    """Return a number of the document; `default` where it has none of that name."""
    if name not in asked and default is not None:
        return default
    return checked(asked.get(name), name)


def numbers(asked: Document, name: str) -> NDArray[np.float64]:
    """Return a list of numbers of the document; empty where it has none of that name."""
    value = asked.get(name, [])
    if not isinstance(value, list | tuple):
        raise InputError(f"{name} must be a list of numbers, not {shown_value(value)}.")
    return np.array([checked(one, f"{name}, place {n}") for n, one in enumerate(value, start=1)])


def parts(asked: Document, name: str) -> list[dict[str, Any]]:
    """Return the entries of a list of the document, each names with values; none where it has no such list."""
    found = asked.get(name, [])
    if not isinstance(found, list | tuple):
        raise InputError(f"{name} must be a list of names with values, not {shown_value(found)}.")
    for n, one in enumerate(found, start=1):
        if not isinstance(one, Mapping):
            raise InputError(
                f"{name}, place {n}: must be names with values, not {shown_value(one)}."
            )
    return [dict(one) for one in found]


def names(asked: Document, name: str) -> tuple[str, ...]:
    """Return a list of words of the document; empty where it has none of that name."""
    found = asked.get(name, [])
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise InputError(f"{name} must be a list of words, not {shown_value(found)}.")
    return tuple(found)


def _check(where: str, value: object, hint: object) -> None:
    is_absent = value is None and hint in (int | None, float | None)
    if hint in _NUMBERS and not is_absent:
        found = checked(value, where)
        if hint in _COUNTS and found != int(found):
            raise InputError(f"{where} must be a whole number, not {value!r}.")
    elif hint is str and not isinstance(value, str):
        raise InputError(f"{where} must be a word, not {shown_value(value)}.")


def shown_value(value: object) -> str:
    """Return a value as it stands in a message, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"

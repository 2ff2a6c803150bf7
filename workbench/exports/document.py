"""Parts of a document that a person wrote as JSON or YAML: read by name, or refused by name."""

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError, shown

Document = Mapping[str, Any]
T = TypeVar("T")
LARGEST = 1e15
"""Beyond it no quantity here has a meaning, and sums would leave the range of a float."""
_COUNTS = (int, int | None)
_NUMBERS = (float, float | None, *_COUNTS)


def checked(value: object, name: str) -> float:
    """Return a finite number, or refuse what stands in its place."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} must be a number, not {shown_value(value)}.")
    if not math.isfinite(value) or abs(value) > LARGEST:
        raise InputError(f"{name} must be a number of at most {LARGEST:g}, not {value!r}.")
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


def part(asked: Document, name: str) -> dict[str, Any]:
    """Return a section of the document."""
    found = asked.get(name)
    if not isinstance(found, Mapping):
        raise InputError(f"The document has no section {name!r}. Add it.")
    return dict(found)


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


def built(kind: type[T], values: Mapping[str, Any]) -> T:
    """Make a dataclass from a section; numbers and words are checked by what it declares."""
    assert is_dataclass(kind)
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InputError(
            f"{kind.__name__}: nothing is called {shown(unknown)}; there: {shown(sorted(known))}."
        )
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    missing = [name for name in needed if name not in values]
    if missing:
        raise InputError(f"{kind.__name__} lacks {', '.join(missing)}. Add it to the document.")
    for name, value in values.items():
        _check(f"{kind.__name__}, {name}", value, hints[name])
    return kind(**values)


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

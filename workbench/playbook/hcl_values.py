"""What an expression of a Terraform module comes to, as far as the files alone say.

Variables with a default, locals, `merge`, `jsonencode`, `tostring`, `toset` and plain conditions
are followed; a value that only a plan knows stays as the text it is.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 12
_WHOLE = re.compile(r"\$\{(.*)\}", re.DOTALL)
_REFERENCE = re.compile(r"(var|local)\.([A-Za-z_][\w-]*)((?:\.[A-Za-z_][\w-]*)*)")
_INSIDE = re.compile(r"(?<!\$)\$\{\s*((?:var|local)\.[\w.-]+)\s*\}")
_CALL = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_CONDITION = re.compile(r"(.+?)\?(.+):(.+)", re.DOTALL)
_COMPARISON = re.compile(r"(.+?)(==|!=|>=|<=|>|<)(.+)", re.DOTALL)
_PRODUCT = re.compile(r"([\w.]+)\s*\*\s*([\w.]+)")
_HEREDOC = re.compile(r"<<[-~]?\s*(\w+)\r?\n(.*?)\r?\n?\s*\1\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Scope:
    """What names stand for: variables with their defaults, locals, and how to parse a text."""

    variables: Mapping[str, Any] = field(default_factory=dict)
    locals: Mapping[str, Any] = field(default_factory=dict)
    parse: Callable[[str], Any] = lambda text: text
    """Reads one HCL expression; raises ValueError where it is none."""


def resolved(value: Any, scope: Scope, *, depth: int = 0) -> Any:  # noqa: ANN401  # parsed text of any shape
    """Return a value with every name and call replaced by what it comes to, where that is known."""
    if depth > DEEPEST:
        return value
    if isinstance(value, Mapping):
        return {str(k): resolved(v, scope, depth=depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [resolved(inner, scope, depth=depth + 1) for inner in value]
    if not isinstance(value, str):
        return value
    heredoc = _HEREDOC.fullmatch(value.strip())
    if heredoc:
        return _filled(heredoc.group(2), scope, depth)
    whole = _WHOLE.fullmatch(value)
    if whole and _is_one(whole.group(1)):
        return _expression(whole.group(1).strip(), scope, depth + 1)
    return _filled(value, scope, depth)


def _is_one(text: str) -> bool:
    """Say whether the braces around a text belong together, as they do not in `${a}-${b}`."""
    open_braces = 0
    for place, sign in enumerate(text):
        open_braces += (sign == "{") - (sign == "}")
        if open_braces < 0:
            return False
        if sign == "$" and open_braces == 0 and text[place : place + 2] == "${":
            return False
    return open_braces == 0


def _filled(text: str, scope: Scope, depth: int) -> str:
    """Put what is known into an interpolated text."""

    def known(match: re.Match[str]) -> str:
        value = _expression(match.group(1), scope, depth + 1)
        plain = isinstance(value, str | int | float) and not str(value).startswith("${")
        return str(value) if plain else match.group()

    return _INSIDE.sub(known, text)


def _expression(text: str, scope: Scope, depth: int) -> Any:  # noqa: ANN401
    found: Any = "${" + text + "}"
    reference = _REFERENCE.fullmatch(text)
    if reference:
        names = scope.variables if reference.group(1) == "var" else scope.locals
        if reference.group(2) in names:
            found = resolved(names[reference.group(2)], scope, depth=depth)
            for step in reference.group(3).split(".")[1:]:
                found = found.get(step) if isinstance(found, Mapping) else None
            found = "${" + text + "}" if found is None else found
        return found
    call = _CALL.fullmatch(text)
    if call and call.group(1) in _FUNCTIONS:
        arguments = _parsed(f"[{call.group(2)}]", scope, depth)
        return found if arguments is None else _FUNCTIONS[call.group(1)](arguments, found)
    condition = _CONDITION.fullmatch(text)
    if condition:
        held = _held(condition.group(1).strip(), scope, depth)
        if held is not None:
            return _parsed(condition.group(2 if held else 3).strip(), scope, depth)
        return found
    product = _PRODUCT.fullmatch(text)
    if product:
        left, right = (_parsed(product.group(n).strip(), scope, depth) for n in (1, 2))
        both = all(isinstance(side, int | float) for side in (left, right))
        return left * right if both else found
    if text[:1] in "[{" and text[-1:] in "]}":
        parsed = _parsed(text, scope, depth)
        return found if parsed is None else parsed
    return found


def _parsed(text: str, scope: Scope, depth: int) -> Any:  # noqa: ANN401
    try:
        return resolved(scope.parse(text), scope, depth=depth + 1)
    except ValueError:
        return None


def _held(text: str, scope: Scope, depth: int) -> bool | None:
    """Say whether a condition holds; None where only a plan knows."""
    if text.startswith("!"):
        held = _held(text[1:].strip(), scope, depth)
        return None if held is None else not held
    comparison = _COMPARISON.fullmatch(text)
    if comparison is None:
        value = _parsed(text, scope, depth)
        return {"true": True, "false": False}.get(str(value).lower())
    left, right = (_parsed(comparison.group(n).strip(), scope, depth) for n in (1, 3))
    if any(isinstance(side, str) and "${" in side for side in (left, right)):
        return None
    return _compared(left, comparison.group(2), right)


def _compared(left: Any, sign: str, right: Any) -> bool | None:  # noqa: ANN401
    if sign in ("==", "!="):
        return (left == right) is (sign == "==")
    if not all(isinstance(side, int | float) for side in (left, right)):
        return None
    orders: dict[str, bool] = {
        ">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right,
    }  # fmt: skip
    return orders[sign]


def _merged(arguments: Sequence[Any], found: Any) -> Any:  # noqa: ANN401
    together: dict[str, Any] = {}
    for one in arguments:
        if isinstance(one, Mapping):
            together |= one
        else:
            together["…"] = one  # more keys, which only a plan knows
    return together


def _joined(arguments: Sequence[Any], found: Any) -> Any:  # noqa: ANN401
    return [item for one in arguments for item in (one if isinstance(one, list) else [one])]


def _format(arguments: Sequence[Any], found: Any) -> Any:  # noqa: ANN401
    text, *rest = [str(one) for one in arguments] or [""]
    for one in rest:
        place = re.search(r"%[sdv]", text)
        if place is None:
            break
        # A dollar sign right before a value that only a plan knows is no escape.
        known = (
            one if text[: place.start()][-1:] != "$" else one.replace("${", "‹").replace("}", "›")
        )
        text = text[: place.start()] + known + text[place.end() :]
    return text.replace("%%", "%")


_FUNCTIONS: dict[str, Callable[[Sequence[Any], Any], Any]] = {
    "merge": _merged, "concat": _joined, "format": _format,
    "jsonencode": lambda arguments, found: arguments[0] if arguments else found,
    "tostring": lambda arguments, found: arguments[0] if arguments else found,
    "tonumber": lambda arguments, found: arguments[0] if arguments else found,
    "toset": lambda arguments, found: arguments[0] if arguments else found,
    "tolist": lambda arguments, found: arguments[0] if arguments else found,
    "coalesce": lambda arguments, found: arguments[0] if arguments else found,
}  # fmt: skip

"""Terraform files as plain blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hcl2

from workbench.errors import InputError
from workbench.playbook.hcl_values import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One resource: its type, its name and its arguments."""

    type: str
    name: str
    body: dict[str, Any]

    @property
    def address(self) -> str:
        """`type.name`, as Terraform prints it."""
        return f"{self.type}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformFile:
    """One file: what it declares, and its whole text."""

    name: str
    text: str
    resources: tuple[Block, ...]
    variables: tuple[Block, ...]
    locals: Mapping[str, Any] = field(default_factory=dict)
    data: tuple[Block, ...] = ()
    modules: tuple[Block, ...] = ()
    """Calls of other modules; their type is `module`."""


def parse_terraform(text: str, *, name: str) -> TerraformFile:
    """Return what one file declares; `dynamic` blocks are folded into the blocks they make.

    Raises
    ------
    InputError
        If the text is no HCL.
    """
    try:
        content = hcl2.loads(text)
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{name}: not readable as HCL: {first}") from error
    named: dict[str, Any] = {}
    for entry in content.get("locals", []):
        named |= cleaned(entry)
    return TerraformFile(
        name=name, text=text, locals=named,
        resources=tuple(_blocks(content, "resource")), data=tuple(_blocks(content, "data")),
        variables=tuple(_labelled(content, "variable")), modules=tuple(_labelled(content, "module")),
    )  # fmt: skip


def parse_expression(text: str) -> Any:  # noqa: ANN401  # parsed text of any shape
    """Return one HCL expression as plain values.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        return cleaned(hcl2.loads(f"x = {text}\n")["x"])
    except Exception as error:
        raise ValueError(f"no expression: {text[:60]}") from error


def scope_of(files: Sequence[TerraformFile]) -> Scope:
    """Return what the names of one module's files stand for."""
    variables = {
        block.name: block.body["default"]
        for file in files for block in file.variables if "default" in block.body
    }  # fmt: skip
    named = {name: value for file in files for name, value in file.locals.items()}
    return Scope(variables, named, parse_expression)


def _blocks(content: Mapping[str, Any], group: str) -> Iterator[Block]:
    for entry in content.get(group, []):
        for kind, named in entry.items():
            if not kind.startswith("__"):
                for label, body in named.items():
                    yield Block(type=_bare(kind), name=_bare(label), body=cleaned(body))


def _labelled(content: Mapping[str, Any], group: str) -> Iterator[Block]:
    for entry in content.get(group, []):
        for label, body in entry.items():
            if not label.startswith("__"):
                yield Block(type=group, name=_bare(label), body=cleaned(body))


def _bare(label: str) -> str:
    return label.strip('"')


def cleaned(value: Any) -> Any:  # noqa: ANN401  # parsed text of any shape
    """Drop the parser's own marks and the quotes it leaves on plain strings; unfold `dynamic`."""
    if isinstance(value, dict):
        plain = {
            _bare(str(key)): cleaned(inner)
            for key, inner in value.items()
            if not str(key).startswith("__")
        }
        for entry in plain.pop("dynamic", None) or []:
            for label, inner in entry.items():
                plain.setdefault(label, [])
                plain[label] = [*plain[label], *inner.get("content", [])]
        return plain
    if isinstance(value, list):
        return [cleaned(inner) for inner in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1].replace('\\"', '"')
    return value

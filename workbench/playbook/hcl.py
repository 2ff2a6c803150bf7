"""Terraform files as plain blocks. Needs the optional package python-hcl2."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError


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
    """One file: the resources it declares and its whole text."""

    name: str
    text: str
    resources: tuple[Block, ...]
    variables: tuple[Block, ...]


def parse_terraform(text: str, *, name: str) -> TerraformFile:
    """Return the resources and variables of one file.

    Raises
    ------
    InputError
        If python-hcl2 is not installed, or the text is no HCL.
    """
    try:
        hcl2 = importlib.import_module("hcl2")
    except ImportError as error:
        raise InputError(
            f"{name}: reading Terraform needs python-hcl2: pip install 'python-hcl2>=7'."
        ) from error
    try:
        content = hcl2.loads(text)
    except Exception as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"{name}: not readable as HCL: {first}") from error
    return TerraformFile(
        name=name, text=text,
        resources=tuple(_resources(content)), variables=tuple(_variables(content)),
    )  # fmt: skip


def _resources(content: dict[str, Any]) -> Iterator[Block]:
    for entry in content.get("resource", []):
        for kind, named in entry.items():
            if kind.startswith("__"):
                continue
            for label, body in named.items():
                yield Block(type=_bare(kind), name=_bare(label), body=_cleaned(body))


def _variables(content: dict[str, Any]) -> Iterator[Block]:
    for entry in content.get("variable", []):
        for label, body in entry.items():
            if not label.startswith("__"):
                yield Block(type="variable", name=_bare(label), body=_cleaned(body))


def _bare(label: str) -> str:
    return label.strip('"')


def _cleaned(value: Any) -> Any:  # noqa: ANN401  # parsed text of any shape
    """Drop the parser's own marks and the quotes it leaves on plain strings."""
    if isinstance(value, dict):
        return {
            _bare(str(key)): _cleaned(inner)
            for key, inner in value.items()
            if not str(key).startswith("__")
        }
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value

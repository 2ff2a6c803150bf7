"""Whether Terraform files are well formed, and free of the faults that cost people most.

Arguments are checked against a frozen subset of the provider schemas (AWS 6.25, Google 7.x);
nothing is planned or applied, so values only known then are not checked.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workbench.playbook.hcl import Block, TerraformFile, parse_terraform, scope_of
from workbench.playbook.hcl_values import resolved
from workbench.playbook.terraform_faults import LOGGING, escaped_lines, module_faults, value_faults
from workbench.reference import data_folder

META_ARGUMENTS = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformFinding:
    """One thing wrong: where, which rule, what to do."""

    file: str
    address: str
    rule: str
    text: str


def lint_folder(folder: Path) -> list[TerraformFinding]:
    """Return the findings of one module: all `*.tf` files of one folder, and how it calls others."""
    files = read_module(folder)
    return [*lint_module(files), *_called_twice(folder, files)]


def lint_tree(folder: Path) -> list[TerraformFinding]:
    """Return the findings of every module below a folder; files are named from there."""
    places = sorted({path.parent for path in folder.rglob("*.tf")})
    return [
        TerraformFinding(
            file=(place.relative_to(folder) / found.file).as_posix(), address=found.address,
            rule=found.rule, text=found.text,
        )
        for place in places for found in lint_folder(place)
    ]  # fmt: skip


def read_module(folder: Path) -> list[TerraformFile]:
    """Return the files of one module, in order of name."""
    return [
        parse_terraform(path.read_text(encoding="utf-8"), name=path.name)
        for path in sorted(folder.glob("*.tf"))
    ]


def resolved_blocks(files: Sequence[TerraformFile]) -> list[tuple[TerraformFile, Block]]:
    """Return every resource with its names followed as far as the files say."""
    scope = scope_of(files)
    return [
        (file, Block(type=b.type, name=b.name, body=resolved(b.body, scope)))
        for file in files for b in file.resources
    ]  # fmt: skip


def lint_module(files: Sequence[TerraformFile]) -> list[TerraformFinding]:
    """Return the findings of the files of one module, in order of file."""
    findings: list[TerraformFinding] = []
    blocks = resolved_blocks(files)
    every = [block for _, block in blocks]
    written = [block for file in files for block in file.resources]
    for (file, block), raw in zip(blocks, written, strict=True):
        texts = [*_schema_faults(raw), *value_faults(block, every)]
        findings += [
            TerraformFinding(file=file.name, address=block.address, rule=rule, text=text)
            for rule, text in texts
        ]
    findings += [
        TerraformFinding(
            file=file.name, address=f"line {number}", rule="escaped interpolation",
            text='$${ is written out as it stands; use format("…$%s", value)',
        )
        for file in files for number in escaped_lines(file.text)
    ]  # fmt: skip
    homes = {id(block): file.name for file, block in blocks}
    return findings + [
        TerraformFinding(file=homes[id(block)], address=block.address, rule=rule, text=text)
        for block, (rule, text) in module_faults(every)
    ]


def _called_twice(folder: Path, files: Sequence[TerraformFile]) -> list[TerraformFinding]:
    """Find calls that make a module's one logging configuration more than once."""
    seen: set[tuple[str, str, str]] = set()
    findings = []
    for file in files:
        for call in file.modules:
            source = folder / str(call.body.get("source", ""))
            if not source.is_dir() or not _logs(source):
                continue
            providers, region = (str(call.body.get(name, "")) for name in ("providers", "region"))
            place = (str(source.resolve()), providers, region)
            if place in seen or "for_each" in call.body or "count" in call.body:
                findings.append(
                    TerraformFinding(
                        file=file.name, address=f"module.{call.name}", rule="one logging configuration",
                        text="this module sets the one logging configuration of a region and account: "
                        "call it once an account",
                    )
                )  # fmt: skip
            seen.add(place)
    return findings


def _logs(folder: Path) -> bool:
    return any(block.type == LOGGING for file in read_module(folder) for block in file.resources)


def _schema_faults(block: Block) -> Iterable[tuple[str, str]]:
    schema = _schema()
    if block.type in schema["not_existing"]:
        yield "schema", "no such resource exists in the provider"
        return
    known = schema["resources"].get(block.type)
    if known is None:
        yield "schema", "resource is not in the schema subset and cannot be checked"
        return
    yield from _argument_faults(block.body, known["arguments"], place="")
    for name in schema["also_required"].get(block.type, ()):
        if name not in block.body:
            yield "schema", f"required block {name} is missing"


def _argument_faults(
    body: Mapping[str, Any], known: Mapping[str, Any], *, place: str
) -> Iterable[tuple[str, str]]:
    for name, value in body.items():
        if name in known:
            yield from _one_argument(value, known[name], place=f"{place}{name}")
        elif name not in META_ARGUMENTS:
            yield "schema", f"unknown argument {place}{name}"
    for name, block in known.items():
        required = block.endswith("!") if isinstance(block, str) else block["required"]
        if required and name not in body:
            yield "schema", f"required argument {place}{name} is missing"


def _one_argument(
    value: object, known: str | Mapping[str, Any], *, place: str
) -> Iterable[tuple[str, str]]:
    if isinstance(known, str):
        is_block = isinstance(value, list) and bool(value) and isinstance(value[0], dict)
        if is_block and known.startswith("string"):
            yield "schema", f"{place} is an argument, not a block"
    elif not isinstance(value, list):
        yield "schema", f"{place} is a block, not an argument"
    else:
        for inner in value:
            if isinstance(inner, dict):
                yield from _argument_faults(inner, known["arguments"], place=f"{place}.")


@cache
def _schema() -> dict[str, Any]:
    path = data_folder() / "reference" / "terraform_schema.json"
    return json.loads(path.read_text(encoding="utf-8"))

"""Whether Terraform files are well formed, and free of the faults that cost people most.

Arguments are checked against a frozen subset of the provider schemas (AWS 6.25, Google 7.x);
nothing is planned or applied, so values only known then are not checked.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workbench.playbook.hcl import Block, TerraformFile, parse_terraform
from workbench.reference import data_folder

META_ARGUMENTS = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "dynamic"})
LOGGING = "aws_bedrock_model_invocation_logging_configuration"
BUDGETS = ("google_billing_budget", "aws_budgets_budget")
HARD_CAPS = (
    "google_cloud_quotas_quota_preference", "aws_servicequotas_service_quota",
    "aws_budgets_budget_action",
)  # fmt: skip
PSEUDONYMISED = "pseudonymised"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformFinding:
    """One thing wrong: where, which rule, what to do."""

    file: str
    address: str
    rule: str
    text: str


def lint_folder(folder: Path) -> list[TerraformFinding]:
    """Return the findings of one module: all `*.tf` files of one folder together."""
    files = [
        parse_terraform(path.read_text(encoding="utf-8"), name=path.name)
        for path in sorted(folder.glob("*.tf"))
    ]
    return lint_module(files)


def lint_module(files: Sequence[TerraformFile]) -> list[TerraformFinding]:
    """Return the findings of the files of one module, in order of file."""
    findings: list[TerraformFinding] = []
    blocks = [(file, block) for file in files for block in file.resources]
    for file, block in blocks:
        texts = [*_schema_faults(block), *_value_faults(block, [b for _, b in blocks])]
        findings += [
            TerraformFinding(file=file.name, address=block.address, rule=rule, text=text)
            for rule, text in texts
        ]
    for file in files:
        findings += _escaped(file)
    return findings + _module_faults(blocks)


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
    given = dict(body)
    for entry in given.pop("dynamic", None) or []:
        for label, inner in entry.items():
            given.setdefault(label, inner.get("content", []))
    for name, value in given.items():
        if name in known:
            yield from _one_argument(value, known[name], place=f"{place}{name}")
        elif name not in META_ARGUMENTS:
            yield "schema", f"unknown argument {place}{name}"
    for name, block in known.items():
        required = block.endswith("!") if isinstance(block, str) else block["required"]
        if required and name not in given:
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


def _value_faults(block: Block, others: Sequence[Block]) -> Iterable[tuple[str, str]]:
    body = block.body
    if block.type == "google_vertex_ai_endpoint":
        name = str(body.get("name", ""))
        if "${" not in name and not re.fullmatch(r"[0-9]{1,10}", name):
            yield "endpoint name", f"name {name!r} must be a number of at most 10 digits"
    if block.type == LOGGING and ("for_each" in body or "count" in body):
        yield "one logging configuration", "one per region and account: use accounts, not copies"
    if block.type == "google_billing_budget":
        yield from _budget_project_faults(body)
    yield from _lock_faults(block, others)


def _budget_project_faults(body: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for part in body.get("budget_filter") or []:
        for project in part.get("projects") or []:
            text = str(project)
            if not re.search(r"number|projects/[0-9]+$", text):
                yield "project number", f"projects wants the project number, got {text}"


def _lock_faults(block: Block, others: Sequence[Block]) -> Iterable[tuple[str, str]]:
    bucket: Block | None = None
    if block.type == "google_storage_bucket" and "retention_policy" in block.body:
        bucket = block
    elif block.type == "aws_s3_bucket_object_lock_configuration":
        found = re.search(r"aws_s3_bucket\.(\w+)", str(block.body.get("bucket", "")))
        bucket = next(
            (b for b in others if b.type == "aws_s3_bucket" and found and b.name == found.group(1)),
            None,
        )
        if bucket is None:
            yield (
                "lock against erasure",
                "the locked bucket is not in this module: it cannot be judged",
            )
    if bucket is not None:
        marks = {**(bucket.body.get("labels") or {}), **(bucket.body.get("tags") or {})}
        if marks.get("holds") != PSEUDONYMISED:
            yield (
                "lock against erasure",
                f"locked objects cannot be erased: lock only a bucket that holds = "
                f'"{PSEUDONYMISED}", with the key kept apart',
            )


def _escaped(file: TerraformFile) -> list[TerraformFinding]:
    return [
        TerraformFinding(
            file=file.name, address=f"line {number}", rule="escaped interpolation",
            text='$${ is written out as it stands; use format("…$%s", value)',
        )
        for number, line in enumerate(file.text.splitlines(), start=1)
        if "$${" in line and not line.lstrip().startswith(("#", "//"))
    ]  # fmt: skip


def _module_faults(blocks: Sequence[tuple[TerraformFile, Block]]) -> list[TerraformFinding]:
    logging = [(f, b) for f, b in blocks if b.type == LOGGING]
    regions = [str(b.body.get("region", "")) for _, b in logging]
    findings = [
        TerraformFinding(
            file=file.name, address=block.address, rule="one logging configuration",
            text="a second one in the same region and account overwrites the first",
        )
        for place, (file, block) in enumerate(logging)
        if regions[place] in regions[:place]
    ]  # fmt: skip
    budgets = [(f, b) for f, b in blocks if b.type in BUDGETS]
    if budgets and not any(b.type in HARD_CAPS for _, b in blocks):
        file, block = budgets[0]
        findings.append(
            TerraformFinding(
                file=file.name, address=block.address, rule="budget is no cap",
                text=f"a budget alerts and stops nothing; add one of {', '.join(HARD_CAPS)}",
            )
        )  # fmt: skip
    return findings


@cache
def _schema() -> dict[str, Any]:
    path = data_folder() / "reference" / "terraform_schema.json"
    return json.loads(path.read_text(encoding="utf-8"))

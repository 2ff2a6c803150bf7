"""What may the invoker do? IAM policies of the workspace's terraform/ folder, judged."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError
from workbench.playbook.evidence import Case, MissingEvidenceError
from workbench.playbook.hcl import TerraformFile, parse_terraform

INVOKE_ACTIONS = frozenset(
    {
        "bedrock:invokemodel", "bedrock:invokemodelwithresponsestream", "bedrock:applyguardrail",
        "aiplatform.endpoints.predict",
    }
)  # fmt: skip
GUARDRAIL_KEY = "bedrock:guardrailidentifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy statement, or one Google role, that lets somebody invoke a model."""

    name: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition_keys: tuple[str, ...]
    effect: str = "Allow"


def privilege_faults(policy: Policy) -> list[str]:
    """Return what is too wide: a star, more than invoking, or no guardrail condition on Bedrock."""
    if policy.effect != "Allow":
        return []
    faults = []
    if any("*" in action for action in policy.actions):
        faults.append(f"{policy.name}: an action has a *")
    if any(resource == "*" or resource.endswith(":*") for resource in policy.resources):
        faults.append(f"{policy.name}: every resource is allowed")
    extra = [a for a in policy.actions if "*" not in a and a.lower() not in INVOKE_ACTIONS]
    if extra:
        faults.append(f"{policy.name}: more than invoking ({', '.join(extra[:3])})")
    invokes = any(action.lower().startswith("bedrock:invoke") for action in policy.actions)
    if invokes and GUARDRAIL_KEY not in (key.lower() for key in policy.condition_keys):
        faults.append(f"{policy.name}: no condition on bedrock:GuardrailIdentifier")
    return faults


def read_policies(case: Case) -> list[Policy]:
    """Return the statements of the workspace's policies that can invoke a model."""
    folder = case.evidence.folder / "terraform"
    found: list[Policy] = []
    for path in sorted(folder.rglob("*.json")) + sorted(folder.rglob("*.tf")):
        raw = path.read_bytes()
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".json":
            found += _json_policies(raw, name=name)
        else:
            found += _hcl_file(raw, name=name)
        case.note_file(path, raw, rows=len(found))
    return [policy for policy in found if _invokes(policy)]


def _hcl_file(raw: bytes, *, name: str) -> list[Policy]:
    try:
        return list(hcl_policies(parse_terraform(raw.decode("utf-8"), name=name)))
    except InputError as error:
        raise MissingEvidenceError(str(error)) from error


def _invokes(policy: Policy) -> bool:
    starts = ("bedrock:", "aiplatform.", "*")
    return any(action.lower().startswith(starts) for action in policy.actions)


def _json_policies(raw: bytes, *, name: str) -> list[Policy]:
    try:
        content = json.loads(raw)
    except json.JSONDecodeError as error:
        raise MissingEvidenceError(f"terraform/{name} is no JSON") from error
    if not isinstance(content, dict) or "Statement" not in content:
        return []
    statements = content["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return [_policy(statement, name=name) for statement in listed]


def _policy(statement: Mapping[str, Any], *, name: str) -> Policy:
    condition = statement.get("Condition") or {}
    keys = tuple(key for block in condition.values() if isinstance(block, dict) for key in block)
    return Policy(
        name=f"{name} {statement.get('Sid', '')}".strip(),
        actions=_texts(statement.get("Action")), resources=_texts(statement.get("Resource")),
        condition_keys=keys, effect=str(statement.get("Effect", "Allow")),
    )  # fmt: skip


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


def hcl_policies(file: TerraformFile) -> Iterator[Policy]:
    """Yield the statements of AWS policies written with jsonencode, and Google custom roles."""
    for block in file.resources:
        place = f"{file.name} {block.address}"
        if block.type == "google_project_iam_custom_role":
            actions = _texts(block.body.get("permissions"))
            yield Policy(name=place, actions=actions, resources=(), condition_keys=())
        if block.type in ("aws_iam_policy", "aws_iam_role_policy"):
            yield from _encoded(str(block.body.get("policy", "")), name=place)


_STATEMENT = re.compile(r"\{[^{}]*?\"?Effect\"?.*?(?=\{[^{}]*?\"?Effect\"?|\Z)", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"')


def _encoded(text: str, *, name: str) -> Iterator[Policy]:
    """Read statements out of `jsonencode({...})`; references stay as text."""
    for found in _STATEMENT.findall(text):
        effect = "Deny" if re.search(r'Effect"?\s*[=:]\s*"Deny"', found) else "Allow"
        yield Policy(
            name=name, actions=_listed(found, "Action"), resources=_listed(found, "Resource"),
            condition_keys=tuple(re.findall(r'"((?:bedrock|aws):[A-Za-z]+)"\s*[=:]', found)),
            effect=effect,
        )  # fmt: skip


def _listed(text: str, key: str) -> tuple[str, ...]:
    match = re.search(rf'"?{key}"?\s*[=:]\s*(\[[^\]]*\]|"[^"]*"|[\w.\[\]*]+)', text)
    if match is None:
        return ()
    value = match.group(1)
    quoted = tuple(_QUOTED.findall(value))
    return quoted or (value,)

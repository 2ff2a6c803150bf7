"""What may the invoker do? IAM policies of the workspace's terraform/ folder, judged."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError
from workbench.playbook.evidence import Case, MissingEvidenceError
from workbench.playbook.hcl import TerraformFile, parse_terraform, scope_of
from workbench.playbook.hcl_values import resolved

INVOKE_ACTIONS = frozenset(
    {
        "bedrock:invokemodel", "bedrock:invokemodelwithresponsestream", "bedrock:applyguardrail",
        "aiplatform.endpoints.predict",
    }
)  # fmt: skip
AWS_POLICIES = (
    "aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy",
)  # fmt: skip
GOOGLE_GRANTS = (
    "google_project_iam_member", "google_project_iam_binding", "google_service_account_iam_member",
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
    if any("arn:" in resource and "/*" in resource for resource in policy.resources):
        faults.append(f"{policy.name}: a resource ends in /*")
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
    for path in sorted(folder.rglob("*.json")):
        raw = path.read_bytes()
        found += _json_policies(raw, name=path.relative_to(folder).as_posix())
        case.note_file(path, raw, rows=len(found))
    for place in sorted({path.parent for path in folder.rglob("*.tf")}):
        files = []
        for path in sorted(place.glob("*.tf")):
            raw = path.read_bytes()
            files.append(_hcl_file(raw, name=path.relative_to(folder).as_posix()))
            case.note_file(path, raw, rows=len(files[-1].resources))
        for file in files:
            found += hcl_policies(file, files=files)
    return [policy for policy in found if _invokes(policy)]


def _hcl_file(raw: bytes, *, name: str) -> TerraformFile:
    try:
        return parse_terraform(raw.decode("utf-8"), name=name)
    except (InputError, UnicodeDecodeError) as error:
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
        actions=_texts(statement.get("Action")) or _but(statement.get("NotAction")),
        resources=_texts(statement.get("Resource")) or _but(statement.get("NotResource")),
        condition_keys=keys, effect=str(statement.get("Effect", "Allow")),
    )  # fmt: skip


def _but(value: object) -> tuple[str, ...]:
    """All but a few is as wide as all."""
    return ("*",) if value else ()


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(item) for item in value) if isinstance(value, list) else (str(value),)


def hcl_policies(file: TerraformFile, *, files: Sequence[TerraformFile] = ()) -> Iterator[Policy]:
    """Yield the statements of AWS policies however they are written, and Google roles and grants.

    `files` are those of the whole module: names are followed through them.
    """
    scope = scope_of([file, *files])
    for block in file.resources:
        place = f"{file.name} {block.address}"
        body = resolved(block.body, scope)
        if block.type == "google_project_iam_custom_role":
            actions = _texts(body.get("permissions"))
            yield Policy(name=place, actions=actions, resources=(), condition_keys=())
        if block.type in GOOGLE_GRANTS:
            yield from _granted(str(body.get("role", "")), name=place)
        if block.type in AWS_POLICIES:
            yield from _encoded(body.get("policy"), name=place)
        for inline in body.get("inline_policy") or []:
            if isinstance(inline, Mapping):
                yield from _encoded(inline.get("policy"), name=place)
    for block in file.data:
        if block.type == "aws_iam_policy_document":
            body = resolved(block.body, scope)
            for statement in body.get("statement") or []:
                yield _document(statement, name=f"{file.name} data.{block.address}")


def _granted(role: str, *, name: str) -> Iterator[Policy]:
    """Yield a predefined role that can invoke models: it lets do much more."""
    if role.startswith("roles/aiplatform.") or role in ("roles/owner", "roles/editor"):
        yield Policy(
            name=f"{name} {role}", actions=("aiplatform.*",), resources=(), condition_keys=()
        )


def _document(statement: Mapping[str, Any], *, name: str) -> Policy:
    conditions = [c for c in statement.get("condition") or [] if isinstance(c, Mapping)]
    return Policy(
        name=f"{name} {statement.get('sid', '')}".strip(),
        actions=_texts(statement.get("actions")) or _but(statement.get("not_actions")),
        resources=_texts(statement.get("resources")) or _but(statement.get("not_resources")),
        condition_keys=tuple(str(c.get("variable", "")) for c in conditions),
        effect=str(statement.get("effect", "Allow")),
    )  # fmt: skip


def _encoded(policy: object, *, name: str) -> Iterator[Policy]:
    """Read the statements of a policy: `jsonencode`, a heredoc of JSON, or JSON in a string."""
    if isinstance(policy, str):
        if "aws_iam_policy_document" in policy:
            return
        try:
            policy = json.loads(policy)
        except ValueError:
            if policy.strip():
                yield Policy(
                    name=f"{name} (its policy could not be read)", actions=("*",), resources=("*",),
                    condition_keys=(),
                )  # fmt: skip
            return
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, Mapping):
            yield _policy(statement, name=name)

"""The faults that cost people most in Terraform for AI features, each found in any spelling.

Values are judged after variables, locals, `merge`, `dynamic` and conditions are followed as far
as the files say; what only a plan knows is not judged.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.playbook.hcl import Block

LOGGING = "aws_bedrock_model_invocation_logging_configuration"
BUDGETS = {"google_billing_budget": "google", "aws_budgets_budget": "aws"}
HARD_CAPS = {
    "google_cloud_quotas_quota_preference": "google", "aws_servicequotas_service_quota": "aws",
    "aws_budgets_budget_action": "aws",
}  # fmt: skip
PSEUDONYMISED = "pseudonymised"
LOCKED_OBJECTS = (
    "object_lock_mode",
    "object_lock_retain_until_date",
    "object_lock_legal_hold_status",
)

Fault = tuple[str, str]
"""Rule, and what is wrong."""

_INTERPOLATION = re.compile(r"(?<!\$)\$\{[^{}]*\}")
_ESCAPED = re.compile(
    r"\$\$\{\s*(?:var|local|data|module|each|count|self|path|terraform|aws_\w+|google_\w+|random_\w+)\s*[.\[]"
)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def value_faults(block: Block, others: Sequence[Block]) -> Iterator[Fault]:
    """Yield what is wrong with one resource's values; `others` are all resources of the module."""
    body = block.body
    if block.type == "google_vertex_ai_endpoint":
        yield from _endpoint_name(body.get("name"))
    if block.type == LOGGING and _copies(body):
        yield "one logging configuration", "one per region and account: use accounts, not copies"
    if block.type == "google_billing_budget":
        yield from _project_numbers(body)
    if block.type == "aws_budgets_budget":
        yield from _cost_filters(body)
    yield from _locks(block, others)


def _endpoint_name(name: object) -> Iterator[Fault]:
    """Find names that a Vertex endpoint cannot have: it is named by at most ten digits, the first of them not 0."""
    plain = _INTERPOLATION.sub("", str(name or ""))
    whole = plain == str(name or "")
    right = (
        re.fullmatch(r"[1-9][0-9]{0,9}", plain) if whole else re.fullmatch(r"[0-9]{0,10}", plain)
    )
    if name is not None and right is None:
        yield "endpoint name", f"name {name!r} must be a number of at most 10 digits"


def _copies(body: Mapping[str, Any]) -> bool:
    """Say whether a resource is made more than once: for_each, or a count that can exceed 1."""
    return "for_each" in body or ("count" in body and str(body["count"]) not in ("0", "1"))


def _project_numbers(body: Mapping[str, Any]) -> Iterator[Fault]:
    for part in body.get("budget_filter") or []:
        listed = part.get("projects") if isinstance(part, Mapping) else None
        for project in listed if isinstance(listed, list) else [listed] if listed else []:
            text = str(project)
            last = re.findall(r"[A-Za-z_][\w]*", text)
            named = bool(last) and "number" in last[-1] and "${" in text
            if not named and re.search(r"(?:^|/)[0-9]+$", text) is None:
                yield "project number", f"projects wants the project number, got {text}"


def _cost_filters(body: Mapping[str, Any]) -> Iterator[Fault]:
    """Find tag filters without the dollar sign of `user:key$value`: they match nothing."""
    filters = [f for f in body.get("cost_filter") or [] if isinstance(f, Mapping)]
    old = body.get("cost_filters")
    if isinstance(old, Mapping):
        filters += [{"name": name, "values": values} for name, values in old.items()]
    for part in filters:
        values = part.get("values") if str(part.get("name")) == "TagKeyValue" else None
        for value in values if isinstance(values, list) else [values] if values else []:
            plain = _INTERPOLATION.sub("x", str(value))
            if not re.fullmatch(r"x|[^$]+\$[^${}]+", plain):
                text = (
                    f'a tag filter is user:key$value, got {value}; use format("user:key$%s", value)'
                )
                yield "budget filter", text


def _locks(block: Block, others: Sequence[Block]) -> Iterator[Fault]:
    """Find locks on what must stay erasable: only a pseudonymised bucket may be locked."""
    body = block.body
    bucket: Block | None = None
    if (block.type == "google_storage_bucket" and "retention_policy" in body) or (
        block.type == "aws_s3_bucket" and _locks_by_default(body)
    ):
        bucket = block
    elif block.type == "aws_s3_bucket_object_lock_configuration" or (
        block.type in ("aws_s3_object", "aws_s3_bucket_object")
        and any(name in body for name in LOCKED_OBJECTS)
    ):
        bucket = _bucket_named(body.get("bucket"), others)
        if bucket is None:
            text = "the locked bucket is not in this module: it cannot be judged"
            yield "lock against erasure", text
    elif (
        block.type == "google_logging_project_bucket_config"
        and str(body.get("locked")).lower() == "true"
    ):
        yield "lock against erasure", "a locked log bucket keeps prompts past any erasure request"
    if bucket is None:
        return
    if _marks(bucket).get("holds") != PSEUDONYMISED:
        yield (
            "lock against erasure",
            (
                f'locked objects cannot be erased: lock only a bucket that holds = "{PSEUDONYMISED}", '
                "with the key kept apart"
            ),
        )
    elif any(_takes_prompts(other, bucket) for other in others):
        yield "lock against erasure", f"{bucket.address} takes prompts from the invocation log"


def _locks_by_default(body: Mapping[str, Any]) -> bool:
    inline = [c for c in body.get("object_lock_configuration") or [] if isinstance(c, Mapping)]
    return any("rule" in c for c in inline)


def _marks(bucket: Block) -> dict[str, Any]:
    parts = (bucket.body.get("labels"), bucket.body.get("tags"))
    return {k: v for part in parts if isinstance(part, Mapping) for k, v in part.items()}


def _bucket_named(name: object, others: Sequence[Block]) -> Block | None:
    """Return the bucket a resource points at, by reference or by its plain name."""
    found = re.search(r"aws_s3_bucket\.(\w+)", str(name or ""))
    for block in others:
        plain = block.body.get("bucket")
        same = found.group(1) == block.name if found else plain is not None and plain == name
        if block.type == "aws_s3_bucket" and same:
            return block
    return None


def _takes_prompts(block: Block, bucket: Block) -> bool:
    if block.type != LOGGING:
        return False
    return f"{bucket.address}." in str(block.body) or str(bucket.body.get("bucket")) in _named_in(
        block
    )


def _named_in(block: Block) -> list[str]:
    configs = [c for c in block.body.get("logging_config") or [] if isinstance(c, Mapping)]
    places = [p for c in configs for p in c.get("s3_config") or [] if isinstance(p, Mapping)]
    return [str(place.get("bucket_name")) for place in places]


def escaped_lines(text: str) -> list[int]:
    """Return the lines on which an interpolation is escaped by mistake.

    `$${aws:username}` is right in a policy and stays; `$${var.x}` is written out as it stands.
    """
    without = _COMMENT.sub(lambda found: "\n" * found.group().count("\n"), text)
    return [
        number for number, line in enumerate(without.splitlines(), start=1)
        if not line.lstrip().startswith(("#", "//")) and _ESCAPED.search(line)
    ]  # fmt: skip


def module_faults(blocks: Sequence[Block]) -> Iterator[tuple[Block, Fault]]:
    """Yield what is wrong with the resources of one module together."""
    seen: set[tuple[str, str]] = set()
    for block in blocks:
        if block.type == LOGGING:
            place = (str(block.body.get("provider", "")), str(block.body.get("region", "")))
            if place in seen:
                text = "a second one in the same region and account overwrites the first"
                yield block, ("one logging configuration", text)
            seen.add(place)
    for kind, cloud in BUDGETS.items():
        budgets = [b for b in blocks if b.type == kind]
        caps = [b for b in blocks if HARD_CAPS.get(b.type) == cloud and _stops(b)]
        if budgets and not caps:
            named = ", ".join(name for name, of in HARD_CAPS.items() if of == cloud)
            yield (
                budgets[0],
                ("budget is no cap", f"a budget alerts and stops nothing; add {named}"),
            )


def _stops(block: Block) -> bool:
    """Say whether a cap is really there: made at least once, and not waiting for approval."""
    made = str(block.body.get("count", "1")) != "0" and block.body.get("for_each") not in ([], {})
    return made and str(block.body.get("approval_model", "AUTOMATIC")).upper() == "AUTOMATIC"

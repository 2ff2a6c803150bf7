"""OpenTelemetry spans of generative AI, as OTLP JSON: one object a file, or one a line.

Recognised by `resourceSpans`. Only spans of an operation that calls a model count (chat,
text_completion, generate_content, embeddings, …); agent, tool and workflow spans repeat or
enclose them and are skipped, counted by operation; so are spans that are not of generative
AI. `input_tokens` includes cached tokens, as the convention says, and is split; a negative
remainder means the emitter does not follow it and is quarantined. Reasoning is part of the
output. Integers may be text. A failed call (`error.type`) without counters has 0 tokens.
Spans are named by (trace id, response id or span id): equal content is a duplicate.

Source: OpenTelemetry semantic conventions, Generative AI, 0.66b2 (status: development).
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.errors import IngestError
from workbench.ingest.cells import count
from workbench.ingest.reader import Reader

MODEL_CALLS = (
    "chat", "text_completion", "generate_content", "embeddings", "image_generation",
    "audio_generation", "transcription", "rerank",
)  # fmt: skip
MOST_OBJECT_BYTES = 256 * 1024 * 1024
"""A file that is one object is parsed whole; larger ones must have one object a line."""

_FIRST = {
    "operation": ("gen_ai.operation.name",),
    "provider": ("gen_ai.provider.name", "gen_ai.system"),
    "model": ("gen_ai.response.model", "gen_ai.request.model"),
    "requested_model": ("gen_ai.request.model",),
    "response_id": ("gen_ai.response.id",),
    "session": ("gen_ai.conversation.id", "session.id"),
    "input": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "cache_write": (
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_creation_input_tokens",
    ),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens",),
    "tier": ("openai.response.service_tier", "gen_ai.openai.response.service_tier"),
    "error": ("error.type",),
    "user": ("user.id", "enduser.id"),
    "tenant": ("tenant.id",),
    "region": ("cloud.region",),
    "feature": ("service.name",),
    "environment": ("deployment.environment.name", "deployment.environment"),
}  # fmt: skip


def flatten(path: Path) -> Iterator[dict[str, object] | None]:
    """Yield one flat record per span, and None for what is not an OTLP trace object."""
    for document in _documents(path):
        if not isinstance(document, dict) or not isinstance(document.get("resourceSpans"), list):
            yield None
            continue
        for group in document["resourceSpans"]:
            shared = _attributes(_dict(_dict(group).get("resource")).get("attributes"))
            for scope in _list(_dict(group).get("scopeSpans")):
                for span in _list(_dict(scope).get("spans")):
                    yield _record(_dict(span), shared)


def _documents(path: Path) -> Iterator[object]:
    with path.open("rb") as file:
        first = file.readline(MOST_OBJECT_BYTES)
        try:
            yield json.loads(first)
        except (ValueError, RecursionError):
            yield _whole(path)
            return
        while line := file.readline(MOST_OBJECT_BYTES):
            if line.strip():
                try:
                    yield json.loads(line)
                except (ValueError, RecursionError):
                    yield None


def _whole(path: Path) -> object:
    if path.stat().st_size > MOST_OBJECT_BYTES:
        raise IngestError(
            f"{path}: one JSON object of more than {MOST_OBJECT_BYTES:,} bytes. Export the spans "
            "with one object a line."
        )
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise IngestError(f"{path}: not JSON: {error}. Nothing was loaded.") from error


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _attributes(pairs: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in _list(pairs):
        value = _dict(_dict(pair).get("value"))
        for kind in ("stringValue", "intValue", "doubleValue", "boolValue"):
            if kind in value and value[kind] is not None:
                found[str(pair.get("key"))] = str(value[kind])
    return found


def _record(span: dict[str, Any], shared: dict[str, str]) -> dict[str, object]:
    own = shared | _attributes(span.get("attributes"))
    record: dict[str, object] = {
        ours: next((own[key] for key in keys if own.get(key)), None)
        for ours, keys in _FIRST.items()
    }
    start, end = (
        _nanoseconds(span.get("startTimeUnixNano")),
        _nanoseconds(span.get("endTimeUnixNano")),
    )
    record |= {
        "span": span.get("spanId"),
        "trace": span.get("traceId"),
        "start": _instant(start),
        "milliseconds": None if start is None or end is None else (end - start) / 1e6,
    }
    if _dict(span.get("status")).get("code") in (2, "STATUS_CODE_ERROR"):
        record["error"] = record["error"] or "error"
    return {key: value for key, value in record.items() if value is not None}


def _nanoseconds(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None


def _instant(nanoseconds: int | None) -> str | None:
    """Return an ISO time cut to microseconds, or the number as it stands where it is no time."""
    if nanoseconds is None:
        return None
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=nanoseconds // 1000)
    except OverflowError:
        return str(nanoseconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _number(text: str) -> str:
    return f"coalesce(TRY_CAST({text} AS BIGINT), 0)"


_REST = f'(TRY_CAST("input" AS BIGINT) - {_number("cache_read")} - {_number("cache_write")})'
_FAILED = '"error" IS NOT NULL AND coalesce("input", "output") IS NULL'

READER = Reader(
    name="otlp_genai",
    looks_like="OTLP JSON with resourceSpans whose attributes start with gen_ai",
    signatures=(frozenset({"resourceSpans"}),),
    containers=("otlp",),
    inputs=(*_FIRST, "span", "trace", "start", "milliseconds"),
    cells={
        "request_id": 'coalesce("response_id", "span")',
        "trace_id": '"trace"',
        "started_at": '"start"',
        "provider": '"provider"',
        "model": '"model"',
        "requested_model": '"requested_model"',
        "region": '"region"',
        "service_tier": "CASE WHEN \"tier\" IN ('default', 'auto') THEN 'standard' WHEN \"tier\" IS NULL THEN NULL "
        "WHEN \"tier\" IN ('standard', 'batch', 'flex', 'priority') THEN \"tier\" ELSE 'unknown' END",
        "environment": '"environment"',
        "feature": '"feature"',
        "tenant": '"tenant"',
        "user_id": '"user"',
        "session_id": '"session"',
        "status": "CASE WHEN \"error\" IS NULL THEN 'ok' ELSE 'error' END",
        "latency_ms": '"milliseconds"',
        "uncached_input_tokens": f"CASE WHEN {_FAILED} THEN '0' ELSE CAST({_REST} AS VARCHAR) END",
        "cache_read_tokens": '"cache_read"',
        "cache_write_unknown_tokens": '"cache_write"',
        "output_tokens": '"output"',
        "reasoning_tokens": '"reasoning"',
    },
    skip='CASE WHEN coalesce("span", "trace", "start") IS NULL THEN NULL '
    'WHEN "operation" IS NULL AND coalesce("input", "output") IS NULL THEN \'not generative AI\' '
    f'WHEN "operation" NOT IN {MODEL_CALLS} THEN "operation" END',
    problems=(
        "CASE WHEN \"operation\" IS NULL THEN 'gen_ai.operation.name is missing' END",
        *(
            count(key, f'"{key}"').problem
            for key in ("input", "output", "cache_read", "cache_write")
        ),
        f"CASE WHEN {_REST} < 0 THEN 'input_tokens is ' || \"input\" || ': less than the cached tokens, which "
        "the convention includes; the emitter counts them apart' END",
    ),
    zone="UTC",
    identity=("request_id", "trace_id", "started_at"),
    flatten=flatten,
)

"""Claude Code: session logs, one JSON line per message or content block.

Recognised by `sessionId` or `uuid` with `message` and `timestamp`. Counters are exclusive:
`input_tokens` holds neither cache reads nor writes. Thinking is part of the output. The
5-minute and 1-hour split of cache writes is taken when it adds up to the counter (or the
counter is absent); otherwise the lifetime is unknown. Lines without `message.usage` are not
usage and are skipped, counted by their `type`; so are answers the client made up itself
(`<synthetic>`). Times end in Z.

One answer is logged once per content block with the same or growing counters, so copies of
(`message.id`, `requestId`) are one request: the one outside a sidechain is kept, then the
larger total, then the fast one. A sidechain repeats messages of its parent, so such a copy
matches on `message.id` alone. Lines without `message.id` are never merged with each other.

Source: ccusage/ccusage, adapter/claude (duplicate rule), read 2026-11-23.
"""

from workbench.ingest.reader import Reader

_PATHS = {
    "id": "$.id",
    "model": "$.model",
    "usage": "$.usage",
    "input": "$.usage.input_tokens",
    "output": "$.usage.output_tokens",
    "write": "$.usage.cache_creation_input_tokens",
    "read": "$.usage.cache_read_input_tokens",
    "write_5m": "$.usage.cache_creation.ephemeral_5m_input_tokens",
    "write_1h": "$.usage.cache_creation.ephemeral_1h_input_tokens",
    "thinking": "$.usage.output_tokens_details.thinking_tokens",
    "tier": "$.usage.service_tier",
    "speed": "$.usage.speed",
    "geo": "$.usage.inference_geo",
    "searches": "$.usage.server_tool_use.web_search_requests",
}


def _of(key: str) -> str:
    return f"said[{list(_PATHS).index(key) + 1}]"


def _number(key: str) -> str:
    return f"coalesce(TRY_CAST({_of(key)} AS BIGINT), 0)"


_SPLIT = f"({_of('write')} IS NULL OR {_number('write_5m')} + {_number('write_1h')} = {_number('write')})"
_TOTAL = (
    "uncached_input_tokens + cache_read_tokens + cache_write_5m_tokens + cache_write_1h_tokens"
    " + cache_write_unknown_tokens + output_tokens"
)
_REPLAY = 'tags = \'{"x_sidechain":"true"}\''
_HAS_USAGE = f"coalesce(starts_with({_of('usage')}, '{{'), false)"
_INPUTS = (
    "type", "timestamp", "sessionId", "requestId", "uuid", "isSidechain", "message", "costUSD",
    "inputTokens", "outputTokens",
)  # fmt: skip
_ANY = ", ".join(f'"{column}"' for column in _INPUTS)

READER = Reader(
    name="claude_code",
    looks_like="lines with sessionId, timestamp and message.usage",
    signatures=(
        frozenset({"sessionId", "message", "timestamp"}),
        frozenset({"uuid", "message", "timestamp"}),
        frozenset({"type", "message", "requestId"}),
    ),
    containers=("jsonl",),
    inputs=_INPUTS,
    derived={
        "said": f"TRY(json_extract_string(message, {list(_PATHS.values())}))",
    },
    cells={
        "request_id": _of("id"),
        "trace_id": '"requestId"',
        "session_id": '"sessionId"',
        "started_at": '"timestamp"',
        "model": _of("model"),
        "region": f"CASE WHEN {_of('geo')} <> 'not_available' THEN {_of('geo')} END",
        "service_tier": f"CASE WHEN {_of('speed')} = 'fast' THEN 'fast' WHEN {_of('tier')} IS NULL THEN NULL "
        f"WHEN {_of('tier')} IN ('standard', 'batch', 'priority') THEN {_of('tier')} ELSE 'unknown' END",
        "reported_cost_usd": '"costUSD"',
        "uncached_input_tokens": _of("input"),
        "cache_read_tokens": _of("read"),
        "cache_write_5m_tokens": f"CASE WHEN {_SPLIT} THEN {_of('write_5m')} END",
        "cache_write_1h_tokens": f"CASE WHEN {_SPLIT} THEN {_of('write_1h')} END",
        "cache_write_unknown_tokens": f"CASE WHEN NOT {_SPLIT} THEN {_of('write')} END",
        "output_tokens": _of("output"),
        "reasoning_tokens": _of("thinking"),
        "web_searches": _of("searches"),
    },
    constants={"provider": "anthropic"},
    tags='CASE WHEN "isSidechain" = \'true\' THEN \'{"x_sidechain":"true"}\' END',
    skip=f"CASE WHEN coalesce({_ANY}) IS NULL THEN NULL WHEN {_HAS_USAGE} THEN "
    f"CASE WHEN {_of('model')} = '<synthetic>' THEN 'synthetic' END "
    f'WHEN coalesce("inputTokens", "outputTokens", {_of("usage")}) IS NOT NULL THEN NULL '
    "ELSE coalesce(\"type\", 'no type') || CASE WHEN \"type\" = 'assistant' THEN ' without usage' ELSE '' END END",
    problems=(
        f'CASE WHEN NOT {_HAS_USAGE} AND coalesce("inputTokens", "outputTokens") IS NOT NULL '
        "THEN 'tokens stand beside the message, not in message.usage: an older log whose rules are not known' END",
        f"CASE WHEN NOT {_HAS_USAGE} AND {_of('usage')} IS NOT NULL THEN 'message.usage is not an object' END",
    ),
    identity=("request_id", "trace_id"),
    best_first=f"({_REPLAY}) IS TRUE, {_TOTAL} DESC, service_tier = 'fast' DESC",
    size=_TOTAL,
    replay=_REPLAY,
)

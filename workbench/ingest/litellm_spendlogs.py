"""LiteLLM proxy: the rows of its SpendLogs table, exported as JSON lines or CSV.

Recognised by `startTime`, `spend` and `prompt_tokens`. `prompt_tokens` includes what was read
from and written to a cache, and audio and image tokens, for every provider; the parts are in
the `metadata` column (`usage_object`, `additional_usage_values`) and are subtracted. A
negative remainder is quarantined. Times without a zone are UTC, as the database keeps them.

`cache_hit` is text: "True" means the proxy answered from its own cache and no provider was
called, so the meters are 0 and the tokens are kept as tags. `request_id` alone names nothing
("None" occurs, and servers reuse ids): requests are named by id and start. Equal content is
a duplicate, other content under the same name a conflict. `spend` is the reported cost.

Source: BerriAI/litellm, schema.prisma (LiteLLM_SpendLogs), read 2026-11-23.
"""

from workbench import schema
from workbench.ingest.cells import count, quoted
from workbench.ingest.reader import Reader

_DETAILS = ("usage_object", "additional_usage_values")


def _paths(*keys: str) -> list[str]:
    return [f"$.{place}.{key}" for place in _DETAILS for key in keys]


_PARTS = {
    "cache_read": _paths("cache_read_input_tokens", "prompt_tokens_details.cached_tokens"),
    "cache_write": _paths(
        "cache_creation_input_tokens", "prompt_tokens_details.cache_creation_tokens"
    ),
    "write_5m": _paths(
        "cache_creation.ephemeral_5m_input_tokens",
        "prompt_tokens_details.cache_creation_token_details.ephemeral_5m_input_tokens",
    ),
    "write_1h": _paths(
        "cache_creation.ephemeral_1h_input_tokens",
        "prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens",
    ),
    "audio_in": _paths("prompt_tokens_details.audio_tokens"),
    "image_in": _paths("prompt_tokens_details.image_tokens"),
    "audio_out": _paths("completion_tokens_details.audio_tokens"),
    "image_out": _paths("completion_tokens_details.image_tokens"),
    "reasoning": _paths("completion_tokens_details.reasoning_tokens"),
    "searches": _paths(
        "server_tool_use.web_search_requests", "prompt_tokens_details.web_search_requests"
    ),
    "tier": _paths("service_tier"),
}
_ALL_PATHS = [path for paths in _PARTS.values() for path in paths]
_HIT = "lower(coalesce(cache_hit, '')) = 'true'"


def _part(part: str) -> str:
    """Return SQL of the first place that has the number; the larger one would hide a defect."""
    places = [f"details[{_ALL_PATHS.index(path) + 1}]" for path in _PARTS[part]]
    return f"coalesce({', '.join(places)})"


def _number(text: str) -> str:
    return f"coalesce(TRY_CAST({text} AS BIGINT), 0)"


def _rest(total: str, *parts: str) -> str:
    return f"(TRY_CAST({total} AS BIGINT) - {' - '.join(_number(_part(part)) for part in parts)})"


def _metered(text: str) -> str:
    return f"CASE WHEN {_HIT} THEN '0' ELSE CAST({text} AS VARCHAR) END"


_TEXT_IN = _rest("prompt_tokens", "cache_read", "cache_write", "audio_in", "image_in")
_TEXT_OUT = _rest("completion_tokens", "audio_out", "image_out")
_SPLIT = (
    f"{_number(_part('write_5m'))} + {_number(_part('write_1h'))} = {_number(_part('cache_write'))}"
)
_TIERS = ", ".join(quoted(tier) for tier in schema.SERVICE_TIERS)
_TTFT = "date_diff('millisecond', TRY_CAST(startTime AS TIMESTAMP), TRY_CAST(completionStartTime AS TIMESTAMP))"


def _tag(key: str) -> str:
    """Return SQL of the value of a request tag such as `feature:invoice-qa`."""
    return f'regexp_extract(request_tags, \'"{key}:([^"]+)"\', 1)'


READER = Reader(
    name="litellm_spendlogs",
    looks_like="columns startTime, spend, prompt_tokens, custom_llm_provider",
    signatures=(frozenset({"startTime", "spend", "prompt_tokens"}),),
    containers=("jsonl", "csv"),
    inputs=(
        "request_id", "call_type", "spend", "prompt_tokens", "completion_tokens", "startTime",
        "completionStartTime", "endTime", "request_duration_ms", "model", "model_group",
        "custom_llm_provider", "user", "metadata", "cache_hit", "request_tags", "team_id", "end_user",
        "session_id", "status", "litellm_call_id",
    ),
    derived={
        "details": f"TRY(json_extract_string(metadata, [{', '.join(map(quoted, _ALL_PATHS))}]))"
    },
    cells={
        "request_id": "CASE WHEN request_id NOT IN ('None', 'null') THEN request_id END",
        "started_at": "startTime",
        "provider": "custom_llm_provider",
        "model": "CASE WHEN starts_with(model, custom_llm_provider || '/') "
        "THEN substr(model, length(custom_llm_provider) + 2) ELSE model END",
        "requested_model": "model_group",
        "service_tier": f"CASE WHEN {_part('tier')} IN ('default', 'auto') THEN 'standard' "
        f"WHEN {_part('tier')} NOT IN ({_TIERS}) THEN 'unknown' ELSE {_part('tier')} END",
        "environment": f"coalesce(nullif({_tag('env')}, ''), {_tag('environment')})",
        "feature": _tag("feature"),
        "team": "team_id",
        "tenant": "end_user",
        "user_id": '"user"',
        "session_id": "session_id",
        "trace_id": "litellm_call_id",
        "status": "CASE status WHEN 'success' THEN 'ok' WHEN 'failure' THEN 'error' ELSE status END",
        "latency_ms": "request_duration_ms",
        "ttft_ms": f"CASE WHEN completionStartTime <> endTime AND {_TTFT} >= 0 THEN CAST({_TTFT} AS VARCHAR) END",
        "reported_cost_usd": "spend",
        "uncached_input_tokens": _metered(_TEXT_IN),
        "cache_read_tokens": _metered(_part("cache_read")),
        "cache_write_5m_tokens": _metered(f"CASE WHEN {_SPLIT} THEN {_part('write_5m')} END"),
        "cache_write_1h_tokens": _metered(f"CASE WHEN {_SPLIT} THEN {_part('write_1h')} END"),
        "cache_write_unknown_tokens": _metered(f"CASE WHEN NOT ({_SPLIT}) THEN {_part('cache_write')} END"),
        "output_tokens": _metered(_TEXT_OUT),
        "reasoning_tokens": _metered(_part("reasoning")),
        "input_audio_tokens": _metered(_part("audio_in")),
        "input_image_tokens": _metered(_part("image_in")),
        "output_audio_tokens": _metered(_part("audio_out")),
        "output_image_tokens": _metered(_part("image_out")),
        "web_searches": _metered(_part("searches")),
    },
    tags=f"CASE WHEN {_HIT} THEN CAST(json_object('x_cache_hit', 'true', 'x_prompt_tokens', prompt_tokens, "
    "'x_completion_tokens', completion_tokens) AS VARCHAR) END",
    problems=(
        count("prompt_tokens", "prompt_tokens").problem,
        count("completion_tokens", "completion_tokens").problem,
        "CASE WHEN metadata IS NOT NULL AND metadata <> '' AND details IS NULL THEN 'metadata is not JSON' END",
        *(count(part, _part(part)).problem for part in ("cache_read", "cache_write", "audio_in", "image_in")),
        f"CASE WHEN {_TEXT_IN} < 0 THEN 'prompt_tokens is ' || prompt_tokens || "
        "': less than the cached, audio and image tokens that it includes' END",
        f"CASE WHEN {_TEXT_OUT} < 0 THEN 'completion_tokens is ' || completion_tokens || "
        "': less than the audio and image tokens that it includes' END",
    ),
    zone="UTC",
    identity=("request_id", "started_at", "attempt"),
)  # fmt: skip

"""vLLM and other OpenAI-compatible servers: one response object a line, as a proxy or a hook logs it.

Recognised by `id`, `object`, `created`, `model` and `usage`. `prompt_tokens` includes what the
prefix cache answered (`prompt_tokens_details.cached_tokens`, logged with
`--enable-prompt-tokens-details`) and the reader subtracts it; without the detail all input
counts as uncached. Reasoning is part of the output. `created` is Unix seconds. Chunks of a stream are
skipped but the last, which alone has the usage of the whole. Servers have answered many
requests under one id, so requests are named by id and second. The provider is `vllm` unless
`--set provider=NAME` says otherwise: its capacity sheet names the same.

Source: vllm-project/vllm, entrypoints/openai/protocol.py (ChatCompletionResponse), read 2026-11-23.
"""

from workbench.ingest.cells import count
from workbench.ingest.reader import Reader

_PATHS = {
    "prompt": "$.prompt_tokens",
    "written": "$.completion_tokens",
    "cached": "$.prompt_tokens_details.cached_tokens",
    "reasoning": "$.completion_tokens_details.reasoning_tokens",
}


def _of(key: str) -> str:
    return f"used[{list(_PATHS).index(key) + 1}]"


_CACHED = f"coalesce(TRY_CAST({_of('cached')} AS BIGINT), 0)"
_FRESH = f"(TRY_CAST({_of('prompt')} AS BIGINT) - {_CACHED})"
_IS_CHUNK = "\"object\" LIKE '%.chunk'"

READER = Reader(
    name="vllm",
    looks_like="lines with id, object, created, model and usage",
    signatures=(frozenset({"id", "object", "created", "model", "usage"}),),
    containers=("jsonl",),
    inputs=("id", "object", "created", "model", "usage", "choices"),
    derived={"used": f"TRY(json_extract_string(usage, {list(_PATHS.values())}))"},
    cells={
        "request_id": '"id"',
        # a decimal fraction of a second, as some proxies write it, is cut
        "started_at": "TRY(strftime(make_timestamp(CAST(floor(TRY_CAST(created AS DOUBLE)) AS BIGINT)"
        " * 1000000), '%Y-%m-%dT%H:%M:%SZ'))",
        "model": '"model"',
        "uncached_input_tokens": f"CAST({_FRESH} AS VARCHAR)",
        "cache_read_tokens": _of("cached"),
        "output_tokens": f"coalesce({_of('written')}, '0')",
        "reasoning_tokens": _of("reasoning"),
    },
    constants={"provider": "vllm"},
    skip=f"CASE WHEN {_IS_CHUNK} AND (usage IS NULL OR usage = 'null' OR coalesce(choices, '[]') <> '[]') "
    "THEN 'stream chunk' WHEN usage IS NULL OR usage = 'null' THEN 'without usage' END",
    problems=(
        count("usage.prompt_tokens", _of("prompt")).problem,
        f"CASE WHEN {_of('prompt')} IS NULL THEN 'usage has no prompt_tokens' END",
        f"CASE WHEN {_FRESH} < 0 THEN 'prompt_tokens is ' || {_of('prompt')} || "
        "': less than the cached tokens that it includes' END",
        "CASE WHEN created IS NOT NULL AND TRY_CAST(created AS DOUBLE) IS NULL THEN "
        "'created is ' || left(created, 40) || ': not seconds since 1970' END",
    ),
    zone="UTC",
    identity=("request_id", "started_at", "attempt"),
)

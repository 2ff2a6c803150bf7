"""Ollama: one response object a line, as `/api/generate` and `/api/chat` return it.

Recognised by `model`, `created_at`, `done` and `eval_count`. Durations are nanoseconds:
`load_duration + prompt_eval_duration` is the time to the first token, `total_duration` the
latency. `prompt_eval_count` is missing where the prompt was still cached: such input is
counted as 0 tokens and the row is tagged `x_prompt_cached`. Lines with `done` false are parts of a stream
and skipped. There is no id: rows are identified by their content and its n-th occurrence.
The provider is `ollama` unless `--set provider=NAME` says otherwise.

Source: ollama/ollama, docs/api.md, read 2026-11-23.
"""

from workbench.ingest.cells import count
from workbench.ingest.reader import Reader

_COUNTS = ("prompt_eval_count", "eval_count")
_DURATIONS = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")


def _ms(*durations: str) -> str:
    total = " + ".join(f"coalesce(TRY_CAST({name} AS BIGINT), 0)" for name in durations)
    return f"CASE WHEN {durations[-1]} IS NOT NULL THEN CAST(({total}) * 0.000001 AS VARCHAR) END"


READER = Reader(
    name="ollama",
    looks_like="lines with model, created_at, done and eval_count",
    signatures=(frozenset({"model", "created_at", "done", "eval_count"}),),
    containers=("jsonl",),
    inputs=("model", "created_at", "done", "done_reason", *_COUNTS, *_DURATIONS),
    cells={
        "started_at": '"created_at"',
        "model": '"model"',
        "uncached_input_tokens": "coalesce(prompt_eval_count, '0')",
        "output_tokens": '"eval_count"',
        "latency_ms": _ms("total_duration"),
        "ttft_ms": _ms("load_duration", "prompt_eval_duration"),
    },
    constants={"provider": "ollama"},
    tags='CASE WHEN prompt_eval_count IS NULL THEN \'{"x_prompt_cached":"true"}\' END',
    skip="CASE WHEN lower(done) = 'false' THEN 'stream chunk' WHEN done_reason IN ('load', 'unload') "
    "THEN 'model ' || done_reason END",
    problems=tuple(count(name, f'"{name}"').problem for name in (*_COUNTS, *_DURATIONS)),
    zone="UTC",
    identity=(),
)

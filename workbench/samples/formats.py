"""How the synthetic requests look in each real log format, with that format's conventions.

The frame's meters are disjoint; LiteLLM and OpenTelemetry count the cache inside the input, so
their writers add it back. Where a format has room, each record says that it is synthetic.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from workbench.samples.catalogue import GATEWAY_USD_PER_MTOK
from workbench.samples.text import filled, json_text, utc_text, write_lines

TEXT_METERS = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "output_tokens", "reasoning_tokens",
)  # fmt: skip
DUPLICATED_LINES = 25
MALFORMED_OF_A_KIND = 4
SPANS_A_LINE = 40

_OWN_TEXT = (
    "price_variant", "ticket_id", "session_id", "flag_variant",
)  # fmt: skip
_OWN_LINE = (
    '{"request_id":"<request_id>","attempt":<attempt>,"started_at":"<started_at>",'
    '"provider":"<provider>","model":"<model>","region":"<region>",'
    '"service_tier":"<service_tier>","environment":"<environment>","feature":"<feature>",'
    '"team":"<team>","tenant":"<tenant>","user_id":"<user_id>","session_id":<session_id>,'
    '"ticket_id":<ticket_id>,"prompt_id":"<prompt_id>","prompt_version":"<prompt_version>",'
    '"flag_variant":<flag_variant>,"status":"<status>","latency_ms":<latency_ms>,'
    '"ttft_ms":<ttft_ms>,'
    + ",".join(f'"{meter}":<{meter}>' for meter in TEXT_METERS)
    + ',"x_synthetic":true}'
)


def write_own_jsonl(path: Path, frame: pl.DataFrame, rng: np.random.Generator) -> tuple[int, int]:
    """Write the workbench's own JSONL; return (duplicated lines, malformed lines) among them."""
    lines = _own_lines(frame)
    count = min(DUPLICATED_LINES, len(lines) // 20)
    repeated = [lines[i] for i in np.sort(rng.choice(len(lines), size=count, replace=False))]
    broken = malformed_lines(lines[:: max(len(lines) // 40, 1)])
    extra = repeated + broken
    for line, place in zip(extra, rng.integers(count, len(lines), len(extra)), strict=True):
        lines.insert(int(place), line)
    write_lines(path, lines)
    return len(repeated), len(broken)


def _own_lines(frame: pl.DataFrame) -> list[str]:
    prepared = frame.with_columns(utc_text("started_at"), *(json_text(name) for name in _OWN_TEXT))
    return prepared.select(filled(_OWN_LINE).alias("line"))["line"].to_list()


def malformed_lines(lines: list[str]) -> list[str]:
    """Return lines that must be kept aside: cut off, negative, fractional, no zone, no model."""
    kinds = (
        lambda line: line[: len(line) // 2],
        lambda line: line.replace('"output_tokens":', '"output_tokens":-1'),
        lambda line: line.replace('"output_tokens":', '"output_tokens":0.5,"x_was":'),
        lambda line: line.replace('Z","provider"', '","provider"'),
        lambda line: line.replace('"model":"', '"x_model":"'),
    )
    broken = []
    for index, line in enumerate(lines[: MALFORMED_OF_A_KIND * len(kinds)]):
        own_id = line.replace('"request_id":"syn-', '"request_id":"syn-bad-')
        broken.append(kinds[index % len(kinds)](own_id))
    return broken


def write_own_parquet(path: Path, frame: pl.DataFrame) -> None:
    """Write the workbench's own Parquet: times with zone, absent meters 0."""
    table = frame.select(
        "request_id", pl.col("started_at").dt.replace_time_zone("UTC"), "provider", "model",
        "region", "service_tier", "price_variant", "environment", "feature", "team", "tenant",
        "user_id", "prompt_id", "prompt_version", "status", pl.col("attempt").cast(pl.Int32),
        "latency_ms", "ttft_ms", *TEXT_METERS, "images", x_synthetic=pl.lit(True),
    )  # fmt: skip
    pq.write_table(table.to_arrow(), path, compression="zstd")


def write_own_csv(path: Path, frame: pl.DataFrame) -> None:
    """Write the workbench's own CSV, as a small back-office tool would."""
    frame.select(
        "request_id", "attempt", utc_text("started_at"), "provider", "model", "environment",
        "feature", "team", "tenant", "user_id", "status", "latency_ms", "pages",
        x_synthetic=pl.lit("true"),
    ).write_csv(path)  # fmt: skip


_SPEND_LINE = (
    '{"request_id":"<row_id>","call_type":"acompletion","api_key":"synthetic",'
    '"spend":<spend>,"total_tokens":<total_tokens>,"prompt_tokens":<prompt_tokens>,'
    '"completion_tokens":<output_tokens>,"startTime":"<started_at>","endTime":"<ended_at>",'
    '"request_duration_ms":<duration>,"completionStartTime":"<first_token_at>",'
    '"model":"<model>","model_id":"synthetic","model_group":"<feature>",'
    '"custom_llm_provider":"<provider>","api_base":"","user":"<user_id>",'
    '"metadata":{"x_synthetic":true,"user_api_key_team_id":"<team>","additional_usage_values":'
    '{"prompt_tokens_details":{"cached_tokens":<cache_read_tokens>},'
    '"completion_tokens_details":{"reasoning_tokens":<reasoning_tokens>},'
    '"cache_creation_input_tokens":0,"cache_read_input_tokens":<cache_read_tokens>},'
    '"status":"<outcome>"},"cache_hit":"None","cache_key":"Cache OFF",'
    '"request_tags":["env:<environment>","feature:<feature>"],"team_id":"<team>",'
    '"organization_id":"synthetic","end_user":"<tenant>","messages":{},"response":{},'
    '"session_id":"<row_id>","status":"<outcome>","litellm_call_id":"<row_id>"}'
)


def write_litellm(path: Path, frame: pl.DataFrame) -> None:
    """Write a gateway's spend log: the input includes the cache, one id per attempt."""
    start = pl.col("started_at")
    took = pl.col("latency_ms").round().cast(pl.Int64)
    first = pl.col("ttft_ms").round().cast(pl.Int64)
    rates = pl.DataFrame(
        [(model, *usd) for model, usd in GATEWAY_USD_PER_MTOK.items()],
        schema=["model", "input_usd", "read_usd", "output_usd"], orient="row",
    )  # fmt: skip
    spend = (
        pl.col("uncached_input_tokens") * pl.col("input_usd")
        + pl.col("cache_read_tokens") * pl.col("read_usd")
        + pl.col("output_tokens") * pl.col("output_usd")
    ) / 1_000_000
    prompt = pl.col("uncached_input_tokens") + pl.col("cache_read_tokens")
    prepared = (
        frame.join(rates, on="model", how="left", maintain_order="left")
        .with_columns(
            row_id=filled("<request_id>-<attempt>"),
            spend=spend.round(9),
            prompt_tokens=prompt,
            total_tokens=prompt + pl.col("output_tokens"),
            duration=took,
            ended_at=start + took.cast(pl.Duration("ms")),
            first_token_at=start + first.cast(pl.Duration("ms")),
            outcome=pl.when(pl.col("failed")).then(pl.lit("failure")).otherwise(pl.lit("success")),
        )
        .with_columns(utc_text(name) for name in ("started_at", "ended_at", "first_token_at"))
    )
    write_lines(path, prepared.select(filled(_SPEND_LINE).alias("line"))["line"].to_list())


def _attribute(key: str, value: str, *, kind: str = "stringValue") -> str:
    return f'{{"key":"{key}","value":{{"{kind}":"{value}"}}}}'


_SPAN = (
    '{"traceId":"<trace>","spanId":"<span>","name":"chat <model>","kind":3,'
    '"startTimeUnixNano":"<start_ns>","endTimeUnixNano":"<end_ns>","attributes":['
    + ",".join(
        [
            _attribute("gen_ai.operation.name", "chat"),
            _attribute("gen_ai.provider.name", "<gen_ai_provider>"),
            _attribute("gen_ai.request.model", "<model>"),
            _attribute("gen_ai.response.model", "<model>"),
            _attribute("gen_ai.response.id", "<request_id>-<attempt>"),
            _attribute("gen_ai.usage.input_tokens", "<inclusive>", kind="intValue"),
            _attribute("gen_ai.usage.output_tokens", "<output_tokens>", kind="intValue"),
            _attribute(
                "gen_ai.usage.cache_read.input_tokens", "<cache_read_tokens>", kind="intValue"
            ),
            _attribute(
                "gen_ai.usage.reasoning.output_tokens", "<reasoning_tokens>", kind="intValue"
            ),
            _attribute("user.id", "<user_id>"),
            _attribute("tenant.id", "<tenant>"),
        ]
    )
    + '],"status":{"code":<code>}}'
)
_EXPORT = (
    '{"resourceSpans":[{"resource":{"attributes":['
    + ",".join(
        [
            _attribute("service.name", "<feature>"),
            _attribute("deployment.environment.name", "<environment>"),
            '{"key":"x_synthetic","value":{"boolValue":true}}',
        ]
    )
    + ']},"scopeSpans":[{"scope":{"name":"synthetic"},"spans":[<spans>]}]}]}'
)


def write_otlp(path: Path, frame: pl.DataFrame) -> int:
    """Write exports of GenAI spans, one a line; return the number of lines."""
    start = pl.col("started_at").dt.epoch("ms")
    number = pl.col("request_id").str.slice(4)
    prepared = frame.with_columns(
        trace=number.str.zfill(32),
        span=(number + pl.col("attempt").cast(pl.String)).str.zfill(16),
        gen_ai_provider=pl.col("provider").replace({"mistral": "mistral_ai"}),
        start_ns=start * 1_000_000,
        end_ns=(start + pl.col("latency_ms").round().cast(pl.Int64)) * 1_000_000,
        inclusive=pl.col("uncached_input_tokens") + pl.col("cache_read_tokens"),
        code=pl.when(pl.col("failed")).then(2).otherwise(0),
    ).with_columns(spans=filled(_SPAN))
    block = pl.int_range(pl.len()).over("feature", "environment") // SPANS_A_LINE
    exports = (
        prepared.with_columns(block=block)
        .group_by("feature", "environment", "block", maintain_order=True)
        .agg(pl.col("spans").str.join(","))
        .select(filled(_EXPORT).alias("line"))
    )
    write_lines(path, exports["line"].to_list())
    return exports.height


_TURN = (
    '{"parentUuid":null,"isSidechain":false,"userType":"external","cwd":"/synthetic",'
    '"sessionId":"<session_id>","version":"2.1.0","type":"user","message":{"role":"user",'
    '"content":"synthetic"},"uuid":"<row_id>-user","timestamp":"<started_at>"}'
)
_ANSWER = (
    '{"parentUuid":"<row_id>-user","isSidechain":false,"userType":"external",'
    '"cwd":"/synthetic","sessionId":"<session_id>","version":"2.1.0","type":"assistant",'
    '"message":{"id":"msg_<row_id>","type":"message","role":"assistant","model":"<model>",'
    '"content":[],"usage":{"input_tokens":<uncached_input_tokens>,'
    '"cache_creation_input_tokens":<cache_write_1h_tokens>,'
    '"cache_read_input_tokens":<cache_read_tokens>,"output_tokens":<written>,'
    '"cache_creation":{"ephemeral_5m_input_tokens":0,'
    '"ephemeral_1h_input_tokens":<cache_write_1h_tokens>},"service_tier":"standard"}},'
    '"requestId":"req_<row_id>","uuid":"<row_id>-<part>","timestamp":"<ended_at>"}'
)


def write_claude_code(folder: Path, frame: pl.DataFrame) -> int:
    """Write one file a session; each answer stands on two lines, the first one still partial.

    Returns the number of lines. The second line of an answer repeats its message and request
    id with the final counts, as the real logs do; a reader must count each answer once.
    """
    ended = pl.col("started_at") + pl.col("latency_ms").round().cast(pl.Int64).cast(
        pl.Duration("ms")
    )
    prepared = frame.with_columns(
        row_id=filled("<request_id>-<attempt>"), ended_at=ended.dt.cast_time_unit("ms")
    ).with_columns(utc_text("started_at"), utc_text("ended_at"))
    partial = pl.col("output_tokens") // 3
    texts = prepared.with_columns(
        turn=filled(_TURN),
        early=_answer(prepared, partial, "a"),
        final=_answer(prepared, pl.col("output_tokens"), "b"),
    )
    sessions = texts.group_by("session_id", maintain_order=True).agg("turn", "early", "final")
    for session, *columns in sessions.iter_rows():
        lines = [line for three in zip(*columns, strict=True) for line in three]
        write_lines(folder / "project" / f"synthetic-{session}.jsonl", lines)
    return 3 * frame.height


def _answer(prepared: pl.DataFrame, written: pl.Expr, part: str) -> pl.Series:
    return prepared.with_columns(written=written, part=pl.lit(part)).select(
        filled(_ANSWER).alias("answer")
    )["answer"]


_OUTCOME = (
    '{"request_id":<request_id>,"session_id":<session_id>,"ticket_id":<ticket_id>,'
    '"occurred_at":"<occurred_at>","outcome":"<outcome>","quality_score":<quality_score>,'
    '"human_minutes":<human_minutes>,"label_source":"<label_source>"}'
)


def write_outcomes(path: Path, outcomes: pl.DataFrame) -> None:
    """Write how pieces of work ended, one JSON line each."""
    prepared = outcomes.with_columns(
        utc_text("occurred_at"),
        *(json_text(name) for name in ("request_id", "session_id", "ticket_id")),
        *(
            pl.col(name).cast(pl.String).fill_null("null")
            for name in ("quality_score", "human_minutes")
        ),
    )
    write_lines(path, prepared.select(filled(_OUTCOME).alias("line"))["line"].to_list())

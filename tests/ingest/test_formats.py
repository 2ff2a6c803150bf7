"""The foreign formats: published samples read to rows worked out by hand."""

import datetime as dt
import json
from decimal import Decimal

import pytest

from workbench.errors import IngestError


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)


TRACES = {"code": (8_819, 18_059_974, 245_896), "conv": (19_366, 22_361_870, 4_088_665)}


@pytest.mark.parametrize("name", TRACES)
def test_azure_traces_load_whole(desk, shared, name):
    path = shared / "traces" / f"AzureLLMInferenceTrace_{name}.csv"
    done = desk.ingest(path, provider="azure", model="gpt")
    rows, context, generated = TRACES[name]
    assert (done.format, done.loaded, done.lines, done.header) == (
        "azure_llm_trace",
        rows,
        rows + 1,
        1,
    )
    sums = desk.rows(done, "uncached_input_tokens, output_tokens")
    assert (sum(r[0] for r in sums), sum(r[1] for r in sums)) == (context, generated)


def test_azure_trace_needs_provider_and_model(desk):
    path = desk.write(
        "a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10"
    )
    with pytest.raises(IngestError, match=r"add --set provider=… --set model=…"):
        desk.stage(path)
    done = desk.ingest(path, provider="azure", model="m")
    assert desk.rows(done, "started_at, uncached_input_tokens, output_tokens") == [
        (utc(2023, 11, 16, 18, 17, 3, 979960), 4808, 10)
    ]


METERS = "uncached_input_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, cache_write_unknown_tokens, output_tokens, reasoning_tokens"


def test_litellm_sample(desk, shared):
    for number, end in enumerate(("csv", "jsonl")):
        path = shared / "formats" / "fixtures" / "litellm_spendlogs" / f"sample_spendlogs.{end}"
        done = desk.stage(path)
        assert desk.rows(done, METERS)[0] == (1650, 10240, 0, 0, 0, 233, 128)
        first = desk.rows(
            done,
            "provider, model, requested_model, feature, environment, team, tenant, status, latency_ms, ttft_ms, reported_cost_usd",
        )[0]
        assert first == (
            "openai",
            "gpt-5.4",
            "chat-default",
            "invoice-qa",
            "prod",
            "team-fin",
            "tenant-42",
            "ok",
            2786.0,
            883.0,
            Decimal("0.0041275"),
        )
        if number:
            # the second was answered from the proxy's cache, the third contradicts itself
            assert desk.rows(done, METERS)[1] == (0, 0, 0, 0, 0, 0, 0)
            assert desk.reasons(done).keys() == {3}
            assert "prompt_tokens is 0: less than the cached" in desk.reasons(done)[3]


def spend(**more):
    row = {
        "request_id": "chatcmpl-213",
        "startTime": "2026-11-02T09:14:03",
        "spend": 0.1,
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "model": "ollama/llama",
        "custom_llm_provider": "ollama",
        "status": "success",
    }
    return json.dumps(row | more) + "\n"


def test_litellm_reused_ids_are_different_requests(desk):
    content = (
        spend()
        + spend(startTime="2026-11-02T09:15:03")
        + spend(request_id="None")
        + spend(request_id="None")
        + spend()
    )
    done = desk.ingest(desk.write("a.jsonl", content))
    assert (done.loaded, done.duplicates) == (4, 1)
    assert (
        desk.rows(done, "request_id, model")
        == [("chatcmpl-213", "llama")] * 2 + [(None, "llama")] * 2
    )


def test_litellm_cache_writes_split_only_when_they_add_up(desk):
    def usage(five, hour):
        return {
            "usage_object": {
                "cache_creation_input_tokens": 30,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": five,
                    "ephemeral_1h_input_tokens": hour,
                },
            }
        }

    content = spend(metadata=usage(10, 20)) + spend(
        metadata=usage(10, 10), startTime="2026-11-02T10:00:00"
    )
    done = desk.ingest(desk.write("a.jsonl", content))
    assert desk.rows(done, METERS) == [(70, 0, 10, 20, 0, 20, 0), (70, 0, 0, 0, 30, 20, 0)]


CLAUDE = (
    "claude_code/ccusage_alpha.jsonl",
    "claude_code/ccusage_beta.jsonl",
    "tokencur_real/claude_code_excerpt.jsonl",
)


@pytest.mark.parametrize("name", CLAUDE)
def test_claude_code_totals_equal_a_maximum_per_key(desk, shared, name):
    path = shared / "formats" / "fixtures" / name
    best: dict[tuple, dict] = {}
    for raw in path.read_text().splitlines():
        entry = json.loads(raw)
        usage, key = entry["message"]["usage"], (entry["message"]["id"], entry["requestId"])
        if key not in best or usage["output_tokens"] > best[key]["output_tokens"]:
            best[key] = usage
    done = desk.ingest(path)
    rows = desk.rows(done, METERS)
    assert len(rows) == len(best)
    assert sum(row[5] for row in rows) == sum(usage["output_tokens"] for usage in best.values())
    assert sum(row[1] for row in rows) == sum(
        usage["cache_read_input_tokens"] for usage in best.values()
    )
    assert sum(sum(row[2:5]) for row in rows) == sum(
        u["cache_creation_input_tokens"] for u in best.values()
    )


def test_claude_code_sample_by_hand(desk, shared):
    done = desk.ingest(
        shared / "formats" / "fixtures" / "tokencur_real" / "claude_code_excerpt.jsonl"
    )
    assert (done.records, done.loaded, done.duplicates) == (2, 1, 1)
    assert desk.rows(done, METERS) == [(2, 24596, 0, 14723, 0, 393, 262)]
    fast = desk.ingest(shared / "formats" / "fixtures" / "claude_code" / "ccusage_alpha.jsonl")
    assert desk.rows(fast, "service_tier, provider, reported_cost_usd")[1] == (
        "fast",
        "anthropic",
        Decimal("0.34"),
    )


def said(message="m1", request="q1", output=10, **more):
    usage = {"input_tokens": 5, "output_tokens": output, "cache_creation_input_tokens": 8}
    entry = {
        "type": "assistant",
        "timestamp": "2026-10-03T08:00:00.000Z",
        "sessionId": "s",
        "requestId": request,
        "message": {"id": message, "model": "claude-opus-4", "usage": usage},
    }
    if message is None:
        del entry["message"]["id"]
    return json.dumps(entry | more) + "\n"


def test_claude_code_duplicate_rule(desk):
    content = (
        said(output=1) + said(output=30) + said(output=20)  # streaming: the largest is kept
        + said(output=99, isSidechain=True, request="q9")  # replayed elsewhere: matches on the message
        + said("m2", "q2", 4, isSidechain=True) + said("m2", "q3", 3)  # outside the sidechain wins
        + said("m3", "q4", 7) + said("m3", "q5", 7)  # other requests
        + said(None, "q6", 2) + said(None, "q6", 2)  # nothing to match on
        + '{"type":"user","message":{"content":"hi"}}\n{"type":"summary","sessionId":"s"}\n'
    )  # fmt: skip
    done = desk.ingest(desk.write("a.jsonl", content))
    assert (done.records, done.loaded, done.duplicates, done.skipped) == (12, 6, 4, 2)
    assert done.skipped_by_kind == {"summary": 1, "user": 1}
    assert [row[0] for row in desk.rows(done, "output_tokens")] == [30, 3, 7, 7, 2, 2]


def test_claude_code_growing_answer_across_files(desk):
    desk.ingest(desk.write("a.jsonl", said(output=30)))
    later = desk.ingest(
        desk.write(
            "b.jsonl", said("m7", "q7") + said(output=20) + said("m1", "q9", 30, isSidechain=True)
        )
    )
    assert (later.loaded, later.duplicates) == (1, 2)


def test_claude_code_unknown_lifetime_and_synthetic(desk):
    unknown = said()
    synthetic = said("m5").replace("claude-opus-4", "<synthetic>")
    done = desk.ingest(desk.write("a.jsonl", unknown + synthetic))
    assert desk.rows(done, METERS) == [(5, 0, 0, 0, 8, 10, 0)]
    assert done.skipped_by_kind == {"synthetic": 1}


def test_claude_code_older_shapes_are_quarantined_not_lost(desk, shared):
    done = desk.ingest(
        shared / "formats" / "fixtures" / "claude_code" / "tokscale_conversation.jsonl"
    )
    assert (done.skipped, done.quarantined) == (1, 2)
    assert "not in message.usage" in desk.reasons(done)[2]


def test_otlp_sample(desk, shared):
    done = desk.ingest(shared / "formats" / "fixtures" / "otlp_genai" / "trace.json")
    assert (done.format, done.records, done.loaded) == ("otlp_genai", 1, 1)
    assert desk.rows(done, METERS) == [(1650, 10240, 0, 0, 0, 233, 128)]
    columns = "started_at, provider, model, requested_model, service_tier, feature, environment, tenant, session_id, latency_ms, status"
    assert desk.rows(done, columns) == [
        (utc(2026, 11, 2, 9, 14, 3, 218000), "openai", "gpt-5.4-2026-03-05", "gpt-5.4", "standard", "checkout-assistant", "prod", "tenant-42", "conv-77", 2786.0, "ok")
    ]  # fmt: skip


def span(number, operation="chat", **attributes):
    pairs = {
        "gen_ai.operation.name": operation,
        "gen_ai.system": "openai",
        "gen_ai.request.model": "m",
    } | attributes
    listed = [
        {"key": key.replace("__", "."), "value": {"stringValue": str(value)}}
        for key, value in pairs.items()
    ]
    return {
        "spanId": f"{number:016}",
        "traceId": "t",
        "startTimeUnixNano": "1793610843218000000",
        "endTimeUnixNano": "1793610844218000000",
        "attributes": listed,
    }


def test_otlp_lines_agents_failures_and_cached_beyond_input(desk):
    counted = {"gen_ai.usage.input_tokens": "10", "gen_ai.usage.output_tokens": "2"}
    spans = [
        span(1, **counted),
        span(2, "invoke_agent", **counted),
        span(3, **{"error.type": "timeout"}),
        span(4, **counted | {"gen_ai.usage.cache_read.input_tokens": "11"}),
        {
            "spanId": "5",
            "traceId": "t",
            "startTimeUnixNano": "1793610843218000000",
            "attributes": [],
        },
    ]
    lines = [json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}) for one in spans]
    done = desk.ingest(desk.write("a.jsonl", "\n".join([*lines, "{broken"])))
    assert (done.records, done.loaded, done.quarantined) == (6, 2, 2)
    assert done.skipped_by_kind == {"invoke_agent": 1, "not generative AI": 1}
    assert desk.rows(done, "status, uncached_input_tokens, output_tokens") == [
        ("ok", 10, 2),
        ("error", 0, 0),
    ]
    assert "the emitter counts them apart" in desk.reasons(done)[4]
    again = desk.ingest(desk.write("b.json", json.dumps(json.loads(lines[0]), indent=1)))
    assert (again.loaded, again.duplicates) == (0, 1)


def test_outcomes_keep_every_row_and_need_one_id(desk):
    def row(**more):
        return (
            json.dumps({"occurred_at": "2026-10-03T10:00:00Z", "outcome": "resolved"} | more) + "\n"
        )

    content = row(ticket_id="t1", quality_score=0.5, human_minutes=3) + row(
        ticket_id="t1", outcome="reopened"
    )
    content += row() + row(ticket_id="t", session_id="s")
    done = desk.ingest(desk.write("a.jsonl", content))
    assert (done.kind, done.loaded, done.quarantined) == ("outcomes", 2, 2)
    assert desk.reasons(done)[3] == "needs exactly one of request_id, session_id, ticket_id"
    assert desk.rows(done, "ticket_id, outcome, quality_score, human_minutes") == [
        ("t1", "resolved", 0.5, 3.0),
        ("t1", "reopened", None, None),
    ]
    again = desk.ingest(
        desk.write("b.jsonl", row(ticket_id="t2") + row(ticket_id="t1", outcome="reopened"))
    )
    assert (again.loaded, again.duplicates) == (1, 1)

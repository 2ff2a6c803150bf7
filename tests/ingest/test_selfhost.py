"""Logs of self-hosted servers: published shapes and what makes them awkward."""

import datetime as dt
import json

import pytest

METERS = "uncached_input_tokens, cache_read_tokens, output_tokens, reasoning_tokens"


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)


def lines(*records: dict) -> str:
    return "\n".join(json.dumps(record) for record in records) + "\n"


def vllm(**more) -> dict:
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_793_610_843,
        "model": "meta-llama/Llama-3.3-70B-Instruct", "choices": [],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    } | more  # fmt: skip


def ollama(**more) -> dict:
    return {
        "model": "llama3.3:70b", "created_at": "2026-11-02T09:14:06.004123456Z", "done": True,
        "done_reason": "stop", "total_duration": 2_786_000_000, "load_duration": 12_000_000,
        "prompt_eval_count": 1_189, "prompt_eval_duration": 410_000_000, "eval_count": 233,
        "eval_duration": 2_300_000_000,
    } | more  # fmt: skip


def test_published_samples_of_both_servers(desk, shared):
    folder = shared / "formats" / "fixtures" / "selfhost"
    done = desk.stage(folder / "vllm_access_response.jsonl")
    assert (done.format, done.loaded) == ("vllm", 1)
    # 11,890 in, of which 10,240 came from the prefix cache
    assert desk.rows(done, METERS) == [(1_650, 10_240, 233, 0)]
    assert desk.rows(done, "provider, started_at") == [("vllm", utc(2026, 11, 2, 9, 14, 3))]
    done = desk.stage(folder / "ollama_response.jsonl")
    assert (done.format, done.loaded) == ("ollama", 1)
    assert desk.rows(done, METERS) == [(1_189, 0, 233, 0)]
    assert desk.rows(done, "provider, model, latency_ms, ttft_ms") == [
        ("ollama", "llama3.3:70b", 2_786.0, 422.0)
    ]


def test_a_vllm_stream_counts_once_and_what_is_wrong_is_quarantined(desk):
    chunk = {"object": "chat.completion.chunk", "id": "chatcmpl-2"}
    done = desk.ingest(desk.write("v.jsonl", lines(
        vllm(),
        vllm(**chunk, usage=None, choices=[{"delta": {"content": "a"}}]),
        vllm(**chunk, usage={"prompt_tokens": 5, "completion_tokens": 1}, choices=[{"delta": {}}]),
        vllm(**chunk, usage={"prompt_tokens": 5, "completion_tokens": 9,
                             "completion_tokens_details": {"reasoning_tokens": 4}}),
        vllm(id="e", usage={"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 8}}),
        vllm(id="f", usage={"completion_tokens": 3}),
        vllm(id="g", usage={"prompt_tokens": 1.5, "completion_tokens": 3}),
        vllm(id="h", created="soon"),
        vllm(id="i", usage={"prompt_tokens": 12, "total_tokens": 12}),
    )))  # fmt: skip
    assert desk.rows(done, METERS) == [(100, 0, 20, 0), (5, 0, 9, 4), (12, 0, 0, 0)]
    assert done.skipped == 2
    reasons = desk.reasons(done)
    assert "less than the cached" in reasons[5]
    assert "no prompt_tokens" in reasons[6]
    assert "not a whole number" in reasons[7]
    assert "created is soon" in reasons[8]
    assert done.records == 9 == done.loaded + done.quarantined + done.skipped


def test_a_vllm_id_used_twice_in_different_seconds_is_two_requests(desk):
    text = lines(vllm(), vllm(created=1_793_610_844), vllm())
    done = desk.ingest(desk.write("v.jsonl", text))
    assert (done.loaded, done.duplicates) == (2, 1)


def test_another_server_of_the_same_api_is_named(desk):
    done = desk.ingest(desk.write("v.jsonl", lines(vllm())), provider="sglang")
    assert desk.rows(done, "provider") == [("sglang",)]


def test_ollama_parts_of_streams_are_skipped_and_a_cached_prompt_is_tagged(desk):
    cached = ollama()
    del cached["prompt_eval_count"]
    part = {"model": "m", "created_at": "2026-11-02T09:14:06Z", "done": False, "response": "a"}
    done = desk.ingest(desk.write("o.jsonl", lines(
        part, cached, ollama(), ollama(), ollama(eval_count=-1), ollama(done_reason="load"),
    )))  # fmt: skip
    # twice the same content without an id is two requests
    assert desk.rows(done, METERS) == [(0, 0, 233, 0), (1_189, 0, 233, 0), (1_189, 0, 233, 0)]
    assert next(tags for (tags,) in desk.rows(done, "tags")) == '{"x_prompt_cached":"true"}'
    assert done.skipped == 2
    assert "eval_count is -1" in desk.reasons(done)[5]


@pytest.mark.parametrize("created", [10**30, -5, 1e308])
def test_absurd_seconds_are_quarantined(desk, created):
    done = desk.ingest(desk.write("v.jsonl", lines(vllm(), vllm(id="x", created=created))))
    assert (done.loaded, done.quarantined) == (1, 1)

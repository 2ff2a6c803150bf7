"""Compact JSON lines have their numbers read as numbers: never with another answer than their text."""

import json

import pytest

from workbench.ingest.json_shape import JsonShape

RECORD = {
    "request_id": "r0", "started_at": "2026-10-03T08:30:00Z", "provider": "a", "model": "m",
    "tenant": "t", "latency_ms": 12.5, "output_tokens": 5, "web_searches": 1,
}  # fmt: skip


def lines(*records, compact: bool) -> str:
    mark = ":" if compact else ": "
    texts = (json.dumps(one, separators=(",", mark)) for one in records)
    return "".join(text.replace('"RAW ', "").replace(' RAW"', "") + "\n" for text in texts)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("output_tokens", 6), ("output_tokens", 7.0), ("output_tokens", 1.5), ("output_tokens", -1),
        ("output_tokens", True), ("output_tokens", None), ("output_tokens", "8"),
        ("output_tokens", "1.5"), ("output_tokens", " 9 "), ("output_tokens", "1e2"),
        ("output_tokens", "RAW 1e400 RAW"), ("output_tokens", "RAW 123456789012345678901 RAW"),
        ("output_tokens", 10**10), ("output_tokens", 10**10 + 1), ("output_tokens", [1]),
        ("latency_ms", 0), ("latency_ms", 1e9), ("latency_ms", 1.1e9), ("latency_ms", "12.5"),
        ("latency_ms", "nan"), ("tenant", 5), ("tenant", False), ("tenant", 'say ":5'),
        ("x_more", 1), ("web_searches", 10**6 + 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("swapped", [False, True])
def test_numbers_read_as_numbers_say_what_their_text_says(desk, column, value, swapped):
    head = [RECORD | {"request_id": f"r{n}"} for n in range(3)]
    odd = RECORD | {"request_id": "odd", column: value}
    last = RECORD | {"request_id": "last"} | ({"tenant": 9} if swapped else {})
    kinds = []
    for number, compact in enumerate((True, False)):
        records = [
            one | {"request_id": f"{number}{one['request_id']}"} for one in (*head, odd, last)
        ]
        done = desk.ingest(desk.write(f"{number}.jsonl", lines(*records, compact=compact)))
        loaded = desk.rows(
            done, "source_row, output_tokens, latency_ms, web_searches, tenant, tags"
        )
        kinds.append((loaded, desk.reasons(done), done.records, done.lines))
    assert kinds[0] == kinds[1]
    assert kinds[0][2] == 5


def test_ordinary_numbers_are_read_as_numbers(desk):
    seen = []
    run = desk.connection.execute

    class Watched:
        def execute(self, query: str, *values: object):
            seen.append(query)
            return run(query, *values)

    desk.connection, kept = Watched(), desk.connection
    path = desk.write("a.jsonl", lines(RECORD, RECORD | {"request_id": "r1"}, compact=True))
    assert desk.stage(path).loaded == 2
    desk.connection = kept
    assert any("\"output_tokens\": 'DOUBLE'" in query for query in seen)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_shape_is_counted_alike_whatever_the_blocks(size):
    # the value of the empty key is a colon in quotation marks, which looks like one key more
    data = b'{"a":1,"b":"x"}\n{"a":true,"b":""}\n{"a":-1,"":":"}\n{"a":[]}'
    shape = JsonShape()
    newlines = sum(shape.add(data[at : at + size]) for at in range(0, len(data), size))
    assert (newlines, shape.pairs, shape.texts, shape.numbers) == (3, 8, 4, 1)

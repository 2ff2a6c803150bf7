"""The workbench's own format: every column, every kind of file, nothing lost or invented."""

import datetime as dt
import gzip
import hashlib
import hmac
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from workbench import segment_rows
from workbench.errors import IngestError
from workbench.ingest import AlreadyKnown, Staged


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)


LINE = '{"started_at":"2026-10-03T08:30:00Z","provider":"anthropic","model":"claude","output_tokens":5}\n'


def line(**more):
    return json.dumps(json.loads(LINE) | more) + "\n"


def test_segment_has_the_columns_of_the_dictionary_but_those_it_says_it_lacks(desk, segment_types):
    done = desk.ingest(desk.write("a.jsonl", LINE))
    (segment,) = done.segments
    described = desk.connection.execute(f"DESCRIBE SELECT * FROM '{segment.path}'").fetchall()
    written = [one for one in segment_types if one[0] not in segment.lacking]
    assert [(row[0], row[1]) for row in described] == written
    assert set(segment.lacking) <= set(segment_rows.OPTIONAL)
    assert "output_tokens" not in segment.lacking
    assert "images" in segment.lacking
    whole = f"DESCRIBE SELECT {segment_rows.whole(segment.lacking)} FROM '{segment.path}'"
    assert [(row[0], row[1]) for row in desk.connection.execute(whole).fetchall()] == segment_types


def test_defaults_of_what_is_absent(desk):
    done = desk.ingest(desk.write("a.jsonl", LINE))
    columns = "service_tier, price_variant, attempt, is_aggregate, status, environment, images, meter_mask, context_tokens"
    assert desk.rows(done, columns) == [("standard", "", 1, False, None, None, 0, 32, 0)]


def test_context_counts_all_input_but_not_in_aggregates(desk):
    meters = {"uncached_input_tokens": 10, "cache_read_tokens": 20, "input_image_tokens": 3}
    text = line(**meters) + line(**meters, is_aggregate=True)
    done = desk.ingest(desk.write("a.jsonl", text))
    assert desk.rows(done, "context_tokens, meter_mask") == [(33, 0b10000000000100011), (0, 65571)]


def test_offsets_become_utc_and_months_split(desk):
    text = line(started_at="2026-11-01T00:30:00+02:00") + line(
        started_at="2026-11-01T00:30:00.1234567Z"
    )
    done = desk.ingest(desk.write("a.jsonl", text))
    assert [segment.month for segment in done.segments] == ["2026-10", "2026-11"]
    assert desk.rows(done, "started_at") == [
        (utc(2026, 10, 31, 22, 30),),
        (utc(2026, 11, 1, 0, 30, 0, 123456),),
    ]


def test_rate_keys_name_each_condition_once_a_month(desk):
    text = (
        LINE * 3
        + line(service_tier="batch")
        + line(region="eu")
        + line(started_at="2026-11-05T00:00:00Z")
    )
    done = desk.ingest(desk.write("a.jsonl", text))
    assert sorted(row[1:] for row in done.rate_keys if row[5] == "" and row[6] is None) == [
        ("2026-10-01", "anthropic", "claude", "batch", "", None),
        ("2026-10-01", "anthropic", "claude", "standard", "", None),
        ("2026-11-01", "anthropic", "claude", "standard", "", None),
    ]
    assert len({row[0] for row in done.rate_keys}) == 4
    assert {row[0] for row in desk.rows(done, "rate_key")} == {row[0] for row in done.rate_keys}


def test_users_are_hmac_sha256_under_the_key(desk):
    done = desk.ingest(desk.write("a.jsonl", line(user_id="u-1") + line(user_hash="given")))
    expected = hmac.new(b"synthetic key of the tests", b"u-1", hashlib.sha256).hexdigest()[:32]
    assert desk.rows(done, "user_hash") == [(expected,), ("given",)]


def test_tags_keep_own_columns(desk):
    done = desk.ingest(desk.write("a.jsonl", line(x_ring="blue") + LINE))
    assert desk.rows(done, "tags") == [('{"x_ring":"blue"}',), (None,)]


def test_rows_are_sorted_by_time_and_keep_their_number(desk):
    text = "".join(line(started_at=f"2026-10-{day:02}T00:00:00Z") for day in (9, 2, 5))
    done = desk.ingest(desk.write("a.jsonl", text))
    file = pq.read_table(done.segments[0].path, columns=["source_row"])
    assert file["source_row"].to_pylist() == [2, 3, 1]


def test_disorder_after_an_ordered_head_is_sorted_too(desk):
    text = "".join(line(started_at=f"2026-10-03T00:{n // 60:02}:{n % 60:02}Z") for n in range(3000))
    done = desk.ingest(desk.write("a.jsonl", text * 2))
    times = pq.read_table(done.segments[0].path, columns=["started_at"])["started_at"].to_pylist()
    assert times == sorted(times)
    assert done.loaded == 6000


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lambda data: data])
def test_csv_is_read_alike_plain_and_compressed(desk, pack):
    text = "started_at,provider,model,output_tokens,reported_cost_usd\r\n2026-10-03T08:30:00Z,a,m,7,0.10\r\n"
    text += '2026-10-03T08:31:00Z,a,"m,2",8,'
    done = desk.ingest(desk.write("a.log", pack(text.encode())))
    assert (done.records, done.lines, done.header, done.loaded) == (2, 3, 1, 2)
    assert desk.rows(done, "model, output_tokens, reported_cost_usd") == [
        ("m", 7, Decimal("0.10")),
        ("m,2", 8, None),
    ]
    assert done.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_zstandard_and_gzip_in_several_parts(desk):
    for number, pack in enumerate((gzip.compress, zstandard.compress)):
        later = line(request_id=f"r{number}")
        done = desk.ingest(desk.write(f"{number}.bin", pack(LINE.encode()) + pack(later.encode())))
        assert done.records == 2


def test_parquet_with_typed_columns(desk):
    table = pa.table(
        {
            "started_at": pa.array(
                [dt.datetime(2026, 10, 3, 8, tzinfo=dt.UTC)], pa.timestamp("us", "UTC")
            ),
            "provider": ["a"],
            "model": ["m"],
            "output_tokens": pa.array([9.0], pa.float64()),
            "audio_seconds": pa.array([Decimal("1.250")], pa.decimal128(18, 3)),
        }
    )
    pq.write_table(table, desk.folder / "a.parquet")
    done = desk.ingest(desk.folder / "a.parquet")
    assert desk.rows(done, "started_at, output_tokens, audio_seconds") == [
        (utc(2026, 10, 3, 8), 9, Decimal("1.250"))
    ]
    assert (done.records, done.lines) == (1, 0)


def test_byte_order_mark_and_crlf_and_blank_lines(desk):
    text = "\ufeff" + LINE.replace("\n", "\r\n") + "\r\n  \r\n" + LINE.strip()
    done = desk.ingest(desk.write("a.jsonl", text))
    assert (done.lines, done.blank, done.records, done.loaded) == (4, 2, 2, 2)


def test_constants_fill_what_is_lacking_and_are_checked(desk):
    path = desk.write("a.csv", "started_at,output_tokens\n2026-10-03 08:30:00,5\n")
    done = desk.ingest(
        path, provider="a", model="m", timezone="Europe/Berlin", service_tier="batch"
    )
    assert desk.rows(done, "started_at, provider, service_tier") == [
        (utc(2026, 10, 3, 6, 30), "a", "batch")
    ]
    bad = desk.write("b.csv", "started_at,output_tokens\n2026-10-04 08:30:00,5\n")
    refused = desk.ingest(bad, provider="a", model="m", timezone="UTC", service_tier="cheap")
    assert "service_tier is cheap" in desk.reasons(refused)[1]


@pytest.mark.parametrize(
    ("constants", "said"),
    [
        ({"model": "m2"}, "the file has its own 'model'"),
        ({"modle": "m2"}, "no column 'modle'"),
        ({"timezone": "Berlin"}, "Perhaps Europe/Berlin"),
    ],
)
def test_constants_that_make_no_sense_are_refused(desk, constants, said):
    with pytest.raises(IngestError, match=said):
        desk.stage(desk.write("a.jsonl", LINE), **constants)
    assert desk.leftovers() == []


def test_same_bytes_again_is_nothing_to_do(desk):
    path = desk.write("a.jsonl", LINE)
    desk.ingest(path)
    again = desk.stage(desk.write("b.gz", gzip.compress(LINE.encode())), feature="chat")
    assert isinstance(again, AlreadyKnown)
    assert again.source_id == "s1"
    assert "values given now were not used" in again.notes[0]


def test_same_request_equal_is_duplicate_unequal_is_conflict(desk):
    text = line(request_id="r1") + line(request_id="r1") + line(request_id="r1", output_tokens=6)
    text += line(request_id="r1", attempt=2, output_tokens=6)
    done = desk.ingest(desk.write("a.jsonl", text))
    assert (done.loaded, done.duplicates, done.quarantined) == (2, 1, 1)
    assert desk.reasons(done) == {
        3: "conflict: the same request was given before with other values (record 1 of this file)"
    }
    other = desk.ingest(
        desk.write(
            "b.jsonl",
            line(request_id="r1") + line(request_id="r1", output_tokens=9) + line(request_id="r2"),
        )
    )
    assert (other.loaded, other.duplicates, other.quarantined) == (1, 1, 1)
    assert desk.reasons(other)[2].startswith("conflict")


def test_rows_without_id_count_by_occurrence(desk):
    desk.ingest(desk.write("a.jsonl", LINE * 2))
    other = desk.ingest(desk.write("b.jsonl", line(output_tokens=6) + LINE * 3))
    assert (other.loaded, other.duplicates) == (2, 2)
    assert desk.rows(other, "source_row") == [(1,), (4,)]


@pytest.mark.parametrize("ids", [True, False])
def test_grown_file_adds_only_its_tail(desk, ids):
    lines = [line(request_id=f"r{n}") if ids else line(output_tokens=n % 2) for n in range(5)]
    path = desk.write("a.jsonl", "".join(lines[:2]) + "\n")
    desk.ingest(path)
    path.write_text("".join([*lines[:2], "\n", *lines[2:]]))
    done = desk.ingest(path)
    assert (done.records, done.loaded, done.duplicates, done.resumed_from) == (3, 3, 0, "s1")
    assert desk.rows(done, "source_row") == [(3,), (4,), (5,)]
    path.write_text("".join([*lines[:2], "\n", *lines[2:], lines[0].replace("08:30", "09:30")]))
    assert desk.rows(desk.ingest(path), "source_row") == [(6,)]


def test_grown_csv_is_read_with_its_header(desk):
    head = "started_at,provider,model,output_tokens\n2026-10-03T08:30:00Z,a,m,5"
    path = desk.write("a.csv", head)
    assert desk.ingest(path).loaded == 1
    path.write_text(head + "\n2026-10-03T08:31:00Z,a,m,6\n")
    done = desk.ingest(path)
    assert (done.lines, done.header, done.records) == (1, 0, 1)
    assert desk.rows(done, "source_row, output_tokens") == [(2, 6)]
    path.write_text(head + "0\n")
    desk.known, desk.committed = desk.known[:1], desk.committed[:1]
    with pytest.raises(IngestError, match="has been continued since"):
        desk.stage(path)


def test_unfinished_last_line_waits(desk):
    path = desk.write("a.jsonl", LINE + "\n" + LINE[:40])
    done = desk.ingest(path)
    assert (done.records, done.lines, done.byte_length) == (1, 2, len(LINE) + 1)
    assert "unfinished and waits" in done.notes[0]
    path.write_text(LINE + "\n" + LINE)
    grown = desk.ingest(path)
    assert (grown.records, grown.loaded) == (1, 1)
    assert isinstance(desk.stage(path), AlreadyKnown)


def test_keys_that_come_late_are_not_lost(desk):
    many = LINE * 30_000
    late = desk.write("late.jsonl", many + line(cache_read_tokens=7, request_id="r"))
    done = desk.ingest(late)
    assert desk.rows(done, "cache_read_tokens, request_id")[-1] == (7, "r")
    with pytest.raises(IngestError, match="unknown column 'cache_reed_tokens'"):
        desk.stage(desk.write("odd.jsonl", many + line(cache_reed_tokens=7)))


def test_progress_result_is_a_staged_batch(desk):
    assert isinstance(desk.stage(desk.write("a.jsonl", LINE)), Staged)

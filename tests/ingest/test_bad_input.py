"""Bad input of every kind: a clear message, and nothing lost or left behind."""

import gzip
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.errors import IngestError
from workbench.ingest import expand, source

GOOD = {"started_at": "2026-10-03T08:30:00Z", "provider": "a", "model": "m", "output_tokens": 5}


def text(**more):
    return json.dumps(GOOD | more)


def without(key):
    return json.dumps({name: value for name, value in GOOD.items() if name != key})


@dataclass(frozen=True)
class Bad:
    line: str | bytes
    said: str


BAD_LINES = {
    "truncated": Bad('{"started_at":"2026-10-03T08:3', "not JSON: Unterminated string"),
    "array": Bad("[1, 2]", "a JSON list, not an object"),
    "null": Bad("null", "a JSON NoneType, not an object"),
    "two objects": Bad(text() + text(), "not JSON: Extra data"),
    "empty object": Bad("{}", "an empty object"),
    "not UTF-8": Bad(b'{"model":"\xe9\xff"}', "not UTF-8 text: byte 11"),
    "nul byte": Bad(b'{"model":"a\x00b"}', "not JSON: Invalid control character"),
    "fraction": Bad(text(output_tokens=1.5), "output_tokens is 1.5: not a whole number"),
    "truth value": Bad(text(output_tokens=True), "output_tokens is true: not a whole number"),
    "word": Bad(text(output_tokens="many"), "output_tokens is many: not a whole number"),
    "negative": Bad(text(output_tokens=-1), "output_tokens is -1: not a whole number"),
    "too large": Bad(text(output_tokens=10**13), "output_tokens is 10000000000000: not a whole"),
    "beyond 64 bits": Bad(
        text(output_tokens=2**70), "output_tokens is 1180591620717411303424: not a whole"
    ),
    "NaN": Bad(text().replace("5}", "NaN}"), "not"),
    "infinite latency": Bad(text(latency_ms="inf"), "latency_ms is inf: not a number"),
    "cost in words": Bad(text(reported_cost_usd="1 USD"), "reported_cost_usd is 1 USD"),
    "naive time": Bad(text(started_at="2026-10-03T08:30:00"), "say which with --set timezone=UTC"),
    "no time": Bad(text(started_at="yesterday"), "not a time such as"),
    "impossible day": Bad(text(started_at="2026-02-30T08:30:00Z"), "not a time such as"),
    "unix seconds": Bad(text(started_at=1790000000), "not a time such as"),
    "year 1970": Bad(text(started_at="1970-01-01T00:00:00Z"), "between 2015"),
    "no start": Bad(without("started_at"), "started_at is missing"),
    "no provider": Bad(without("provider"), "provider is missing"),
    "empty model": Bad(text(model=""), "model is missing"),
    "no meter": Bad(without("output_tokens"), "no meter"),
    "tier": Bad(text(service_tier="turbo"), "service_tier is turbo: not one of standard"),
    "outcome": Bad(text(outcome="fine"), "outcome is fine: not one of resolved"),
    "quality": Bad(text(quality_score=1.2), "quality_score is 1.2: not a number from 0 to 1"),
    "attempt": Bad(text(attempt=0), "attempt is 0: not a whole number from 1"),
    "flag": Bad(text(is_aggregate="maybe"), "is_aggregate is maybe: neither true nor false"),
    "part": Bad(text(reasoning_tokens=6), "reasoning_tokens is more than output_tokens"),
    "key twice": Bad(text()[:-1] + ', "output_tokens": 50}', "gives output_tokens more than once"),
}


@pytest.mark.parametrize("bad", BAD_LINES.values(), ids=BAD_LINES)
def test_a_bad_line_is_quarantined_with_its_reason_and_the_others_load(desk, bad):
    raw = bad.line if isinstance(bad.line, bytes) else bad.line.encode()
    good = text().encode()
    done = desk.ingest(desk.write("a.jsonl", b"\n".join([good, b"", raw, good, b""])))
    assert (done.records, done.loaded, done.quarantined, done.blank) == (3, 2, 1, 1)
    assert list(desk.reasons(done)) == [2]
    assert bad.said in desk.reasons(done)[2]
    kept = desk.connection.execute(
        f"SELECT line_sha256, excerpt FROM '{done.quarantine}'"
    ).fetchone()
    assert kept[0] == hashlib.sha256(raw).hexdigest()
    assert len(kept[1]) <= 200


def test_excerpts_are_screened(desk):
    line = text(
        tenant="jo.doe@example.org",
        team="sk-abcdef0123456789",
        x_card="4111 1111 1111 1111",
        output_tokens=-1,
    )
    done = desk.ingest(desk.write("a.jsonl", line + "\n"))
    (excerpt,) = desk.connection.execute(f"SELECT excerpt FROM '{done.quarantine}'").fetchone()
    assert "[e-mail]" in excerpt
    assert "[key]" in excerpt
    assert "[digits]" in excerpt
    assert "4111" not in excerpt


HEADER = "started_at,provider,model,output_tokens,team\n"
BAD_ROWS = {
    "too few fields": ("2026-10-03T08:30:00Z,a,m\n", "3 fields where the header has 5"),
    "too many fields": ("2026-10-03T08:30:00Z,a,m,5,t,x\n", "6 fields where the header has 5"),
    "only commas": (",,,,\n", "not a record"),
}


@pytest.mark.parametrize(("row", "said"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_csv_row_is_quarantined_and_the_others_load(desk, row, said):
    good = '2026-10-03T08:30:00Z,a,m,5,"two\nlines"\n\n'
    done = desk.ingest(desk.write("a.csv", HEADER + good + row + good))
    assert (done.records, done.loaded, done.quarantined, done.blank) == (3, 2, 1, 2)
    assert said in desk.reasons(done)[2] or said == "not a record"
    assert desk.rows(done, "team") == [("two\nlines",)] * 2


def test_a_quotation_mark_that_is_never_closed_stops_the_file(desk):
    with pytest.raises(IngestError, match="opens in line 2 and is never closed"):
        desk.stage(desk.write("a.csv", HEADER + '2026-10-03T08:30:00Z,a,m,5,"t\n' + "x,y\n" * 9))
    assert desk.leftovers() == []


FILES = {
    "empty": ("a.jsonl", b"", "is empty"),
    "unknown format": ("a.jsonl", b'{"when":1,"what":2}\n', "no format fits. It has what, when"),
    "binary": ("a.bin", bytes(range(256)) * 9, "no format fits"),
    "UTF-16": ("a.jsonl", text().encode("utf-16"), "is UTF-16 text. Save it as UTF-8"),
    "unknown column": ("a.jsonl", text(output_token=5).encode(), "did you mean 'output_tokens'"),
    "other case": ("a.jsonl", text(Model="m").encode(), "did you mean 'model'"),
    "cut gzip": ("a.gz", gzip.compress(os.urandom(9000))[:-100], "cut off or damaged"),
    "cut zstd": ("a.zst", zstandard.compress(os.urandom(9000))[:-100], "cut off or damaged"),
    "damaged gzip": ("a.gz", b"\x1f\x8b" + b"rubbish" * 9, "cut off or damaged"),
    "header twice": ("a.csv", b"started_at,model,model\n", "names model more than once"),
    "not Parquet": ("a.parquet", b"PAR1" + b"rubbish" * 9, "Parquet"),
}


@pytest.mark.parametrize(("name", "content", "said"), FILES.values(), ids=FILES)
def test_a_file_that_cannot_be_read_is_refused_whole(desk, name, content, said):
    path = desk.write(name, content)
    with pytest.raises(IngestError) as refused:
        desk.stage(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert desk.leftovers() == []


def test_folder_missing_file_and_format_names(desk):
    with pytest.raises(IngestError, match="is a folder"):
        desk.stage(desk.folder)
    with pytest.raises(IngestError, match="there is no such file"):
        desk.stage(desk.folder / "none.jsonl")
    with pytest.raises(
        IngestError, match=r"there is no such format\. There are: workbench, litellm"
    ):
        desk.stage(desk.write("a.jsonl", text()), "litelm")
    with pytest.raises(
        IngestError, match=r"looks like jsonl, and --format azure_llm_trace reads csv"
    ):
        desk.stage(desk.write("a.jsonl", text()), "azure_llm_trace")


@pytest.fixture
def nobody(desk) -> Iterator[None]:
    """The test goes on as a user who is not root, whom permissions do not bind."""
    with tempfile.TemporaryDirectory() as name:
        desk.folder = Path(name)
        if os.geteuid() == 0:
            desk.folder.chmod(0o777)
            os.seteuid(65_534)
        yield
        os.seteuid(os.getuid())


def test_no_permission_for_a_file(desk, nobody):
    path = desk.write("a.jsonl", text())
    path.chmod(0)
    with pytest.raises(IngestError, match=r"a\.jsonl: may not be read by this user"):
        desk.stage(path)


def test_no_permission_for_a_folder(desk, nobody):
    inner = desk.folder / "open" / "closed"
    inner.mkdir(parents=True)
    path = inner / "a.jsonl"
    path.write_text(text())
    inner.chmod(0)
    for named in (path, inner, inner.parent):
        with pytest.raises(IngestError, match="may not be read by this user"):
            expand([str(named)])
    inner.chmod(0o700)
    assert expand([str(inner.parent)]) == [path]


def test_expand_sorts_and_leaves_out_hidden_files(tmp_path):
    for name in ("b.jsonl", "a.jsonl", ".hidden", "sub/c.csv", ".git/d.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in expand([str(tmp_path)])]
    assert names == ["a.jsonl", "b.jsonl", "sub/c.csv"]
    assert expand([f"{tmp_path}/*.jsonl", f"{tmp_path}/a.jsonl"]) == [
        tmp_path / "a.jsonl",
        tmp_path / "b.jsonl",
    ]
    with pytest.raises(IngestError, match="no file matches"):
        expand([f"{tmp_path}/*.zst"])


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress])
def test_a_line_of_64_megabytes_is_cut_out(desk, pack):
    long_line = text(x_note="n" * 64_000_000).encode()
    content = b"\n".join([text().encode(), b"", long_line, text(output_tokens=6).encode(), b""])
    done = desk.ingest(desk.write("a.jsonl", pack(content)))
    assert (done.records, done.loaded, done.quarantined) == (3, 2, 1)
    assert desk.reasons(done) == {
        2: f"line of {len(long_line):,} bytes exceeds the 16,777,216 that are read"
    }
    assert desk.rows(done, "source_row, output_tokens") == [(1, 5), (3, 6)]
    (sha,) = desk.connection.execute(f"SELECT line_sha256 FROM '{done.quarantine}'").fetchone()
    assert sha == hashlib.sha256(long_line).hexdigest()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_decompression_bomb_is_stopped(desk, pack, monkeypatch):
    monkeypatch.setattr(source, "FREE_EXPANSION_BYTES", 1_000_000)
    with pytest.raises(IngestError, match="more than 200 times, which no log does"):
        desk.stage(desk.write("a.bin", pack(text().encode() + b"\n" + b" " * 30_000_000)))
    assert desk.leftovers() == []


LINES = st.sampled_from(
    [
        "",
        "   ",
        text(),
        text(request_id="r"),
        text(request_id="r", output_tokens=6),
        *(b.line for b in BAD_LINES.values()),
    ]
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(LINES, max_size=12), st.booleans())
def test_every_record_is_counted_once(desk, lines, ends):
    raw = [
        line if isinstance(line, bytes) else line.encode() for line in [text(model="first"), *lines]
    ]
    content = b"\n".join(raw) + (b"\n" if ends else b"")
    desk.known, desk.committed = [], []
    done = desk.stage(desk.write("law.jsonl", content))
    assert done.records == done.loaded + done.duplicates + done.quarantined + done.skipped
    assert done.lines == done.records + done.blank
    whole = content[: done.byte_length].splitlines()
    assert done.records == sum(1 for line in whole if line.strip())
    rows = {row for (row,) in desk.rows(done, "source_row")} | set(desk.reasons(done))
    assert len(rows) == done.loaded + done.quarantined


@pytest.mark.long
def test_a_line_of_a_gigabyte_stays_under_one_and_a_half_of_memory(desk):
    path = desk.folder / "long.jsonl"
    with path.open("wb") as file:
        file.write(text().encode() + b"\n" + b'{"model":"')
        for _ in range(1024):
            file.write(b"n" * 1_048_576)
        file.write(b'"}\n' + text().encode() + b"\n")
    code = (
        "import duckdb, pathlib, resource, sys\n"
        "from workbench.ingest.stage import stage\n"
        "c = duckdb.connect(config={'threads': 2}); c.execute(\"SET TimeZone = 'UTC'\")\n"
        "d = stage(c, path=pathlib.Path(sys.argv[1]), fmt=None, constants={}, user_key=b'k', known=(),\n"
        "          staging=pathlib.Path(sys.argv[2]), source_id='s')\n"
        "print(d.records, d.loaded, d.quarantined, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    command = [sys.executable, "-c", code, str(path), str(desk.folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    records, loaded, quarantined, kilobytes = map(int, result.stdout.split())
    assert (records, loaded, quarantined) == (3, 2, 1)
    assert kilobytes < 1.5 * 1024**2

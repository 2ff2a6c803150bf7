"""Small files are read together, and say of themselves what they would say alone."""

import json
import random
from pathlib import Path

import pytest

from tests.spine import NOW, TOTALS, ingest, one_row, requests, write_jsonl
from workbench import schema
from workbench.errors import StoreError
from workbench.ingest import together
from workbench.ingest.source import blocks
from workbench.samples.generate import ingest_plan, write_samples
from workbench.store import files, segments
from workbench.workspace import Workspace, reading

SUMS = "SELECT " + ", ".join(
    f"CAST(sum({name}) AS VARCHAR) AS {name}"
    for name in ("uncached_input_tokens", "cache_read_tokens", "output_tokens", "contract_cost_usd")
) + ", count(*) AS requests, count(DISTINCT request_id) AS named FROM priced_usage"  # fmt: skip


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each joint reading took: a fall back to single files would show."""
    seen: list[int] = []
    whole = together.stage_together

    def watched(connection, looked, **more):
        done = whole(connection, looked, **more)
        seen.append(len(done))
        return done

    monkeypatch.setattr(reading, "stage_together", watched)
    return seen


def sessions(seed: int) -> list[str]:
    """Claude Code lines: growing copies of messages, sidechains, other kinds, faults, no ids."""
    draw = random.Random(seed)
    lines = []
    for n in range(240):
        usage = {"input_tokens": draw.randint(1, 90), "output_tokens": draw.randint(1, 90),
                 "cache_read_input_tokens": draw.randint(0, 900)}  # fmt: skip
        message = {"id": f"msg-{draw.randint(0, 90)}", "model": "claude-sonnet-4-5", "usage": usage}
        record = {
            "type": "assistant", "uuid": f"u{n}", "sessionId": f"s{n % 7}", "message": message,
            "timestamp": f"2026-{draw.choice(['09-30', '10-01'])}T08:{n % 60:02d}:00.000Z",
            "requestId": f"req-{message['id']}", "isSidechain": draw.random() < 0.1,
        }  # fmt: skip
        if n % 11 == 0:
            record = {
                "type": "user",
                "uuid": f"u{n}",
                "sessionId": "s",
                "message": {},
                "timestamp": "x",
            }
        if n % 37 == 5:
            usage["output_tokens"] = -1
        if n % 41 == 7:
            del message["id"]
        lines.append(json.dumps(record))
    lines[100] = '{"type": "assistant", "message"'
    return lines


def written(folder: Path, lines: list[str], draw: random.Random) -> list[Path]:
    """Write the lines to files of random lengths, in order; some with blank lines or no end."""
    folder.mkdir()
    paths, start = [], 0
    while start < len(lines):
        here = lines[start : start + draw.randint(1, 25)]
        start += len(here)
        path = folder / f"{len(paths):03d}.jsonl"
        text = ("\n\n" if draw.random() < 0.3 else "\n").join(here)
        path.write_text(text + ("\n" if draw.random() < 0.7 else ""))
        paths.append(path)
    return paths


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_split_of_records_over_files_sums_to_the_single_file(tmp_path, counted, seed):
    lines = sessions(seed)
    whole = Workspace.init(tmp_path / "whole")
    single = tmp_path / "all.jsonl"
    single.write_text("\n".join(lines) + "\n")
    (alone,) = ingest(whole, single).staged
    assert alone.duplicates > 30
    assert alone.quarantined > 3
    split = Workspace.init(tmp_path / "split")
    paths = written(tmp_path / "parts", lines, random.Random(seed))
    report = ingest(split, *paths, fmt="claude_code")
    assert counted == [len(paths)]
    assert [one.path for one in report.staged] == [str(path) for path in paths]
    for name in ("records", "loaded", "duplicates", "quarantined", "skipped"):
        assert sum(getattr(one, name) for one in report.staged) == getattr(alone, name), name
    for one, path in zip(report.staged, paths, strict=True):
        assert one.records == sum(bool(line.strip()) for line in path.read_text().splitlines())
        assert one.records == one.loaded + one.duplicates + one.quarantined + one.skipped
        assert one.lines == one.records + one.blank
    assert one_row(split, SUMS) == one_row(whole, SUMS)
    assert split.verify() == []
    again = ingest(split, *paths, fmt="claude_code")
    assert (len(again.known), again.staged) == (len(paths), [])
    split.rebuild()
    assert one_row(split, SUMS) == one_row(whole, SUMS)


def test_rows_say_which_file_and_which_record_of_it_they_are(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", requests(7, first=7 * n)) for n in range(5)]
    ingest(workspace, *paths)
    assert counted == [5]
    found = workspace.sql(
        "SELECT path, source_row, request_id FROM usage JOIN ingest_manifest USING (source_id) ORDER BY request_id"
    ).to_pylist()
    assert len(found) == 35
    for row in found:
        number = int(row["request_id"][1:])
        assert (row["path"], row["source_row"]) == (str(paths[number // 7]), number % 7 + 1)


def test_segments_have_the_types_of_the_dictionary(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    rows = requests(4)
    for row in rows:
        row |= {
            "reported_cost_usd": "0.25",
            "audio_seconds": 1.5,
            "quality_score": 0.5,
            "attempt": 2,
        }
    ingest(workspace, *(write_jsonl(tmp_path / f"{n}.jsonl", rows[n : n + 1]) for n in range(4)))
    assert counted == [4]
    wanted = {column.name: column.type for column in schema.SEGMENT_COLUMNS}
    for segment in workspace.layout.store.glob("usage/*/*.parquet"):
        with workspace.reader(locked=False) as catalog:
            described = catalog.connection.execute(
                f"DESCRIBE FROM read_parquet('{segment}')"
            ).fetchall()
        assert {row[0]: row[1] for row in described} == {
            row[0]: wanted[row[0]] for row in described
        }
        assert {"request_id", "user_hash", "attempt", "reported_cost_usd"} <= {
            row[0] for row in described
        }
    assert one_row(workspace, "SELECT sum(audio_seconds) AS s FROM usage")["s"] * 2 == 12


def test_one_bad_file_does_not_sink_the_others(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", requests(3, first=3 * n)) for n in range(4)]
    paths[2].write_text(paths[2].read_text().replace('"tenant"', '"tennant"'))
    report = workspace.ingest(paths, now=NOW)
    assert counted == []
    ((path, text),) = report.failed
    assert path == str(paths[2])
    assert "tennant" in text
    assert [one.loaded for one in report.staged] == [3, 3, 3]
    assert workspace.verify() == []


def test_a_faulty_record_is_named_by_file_and_line(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    rows = requests(9)
    rows[4]["output_tokens"] = "many"
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", rows[3 * n : 3 * n + 3]) for n in range(3)]
    ingest(workspace, *paths)
    assert counted == [3]
    found = one_row(
        workspace,
        "SELECT path, source_row, reason, excerpt FROM quarantine JOIN ingest_manifest USING (source_id)",
    )
    assert (found["path"], found["source_row"]) == (str(paths[1]), 2)
    assert "many" in found["reason"]
    assert '"r4"' in found["excerpt"]


def test_a_request_with_other_values_in_another_file_is_a_conflict_that_names_it(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    rows = requests(4)
    paths = [
        write_jsonl(tmp_path / "a.jsonl", rows[:3]),
        write_jsonl(tmp_path / "b.jsonl", [rows[1], rows[2] | {"output_tokens": 77}, rows[3]]),
    ]
    first, second = ingest(workspace, *paths).staged
    assert counted == [2]
    assert (first.loaded, second.loaded, second.duplicates, second.quarantined) == (3, 1, 1, 1)
    reason = one_row(workspace, "SELECT reason FROM quarantine")["reason"]
    assert reason.endswith(f"(record 3 of {paths[0]})")


def test_rows_without_ids_are_counted_file_by_file(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    row = {key: value for key, value in requests(1)[0].items() if key != "request_id"}
    paths = [
        write_jsonl(tmp_path / f"{n}.jsonl", [row] * copies + [row | {"output_tokens": 100 + n}])
        for n, copies in enumerate((2, 3, 1))
    ]
    report = ingest(workspace, *paths)
    assert counted == [3]
    assert [one.loaded for one in report.staged] == [3, 2, 1]
    assert [one.duplicates for one in report.staged] == [0, 2, 1]


def test_a_copy_and_a_grown_copy_in_one_command_are_known_as_such(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{name}.jsonl", requests(5)) for name in ("a", "b")]
    paths.append(write_jsonl(tmp_path / "c.jsonl", requests(8)))
    report = ingest(workspace, *paths)
    assert [one.path for one in report.known] == [str(paths[1])]
    assert [(one.records, one.loaded) for one in report.staged] == [(5, 5), (3, 3)]
    assert counted == []
    assert one_row(workspace, TOTALS)["requests"] == 8


def test_a_grown_file_of_a_joint_reading_adds_only_what_is_new(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", requests(5, first=10 * n)) for n in range(3)]
    ingest(workspace, *paths)
    write_jsonl(paths[1], requests(9, first=10))
    report = ingest(workspace, *paths)
    assert counted == [3]
    assert len(report.known) == 2
    assert [(one.records, one.loaded, one.duplicates) for one in report.staged] == [(4, 4, 0)]


def test_hourly_otlp_exports_are_read_together_as_one_by_one(tmp_path, counted):
    write_samples(tmp_path / "s", requests=2_000)
    source, _, constants = next(
        one
        for one in ingest_plan(tmp_path / "s")
        if "otlp" in one[0].name or one[0].suffix == ".json"
    )
    lines = b"".join(blocks(source)).decode().splitlines()
    paths = []
    for n, line in enumerate(lines[:6]):
        paths.append(tmp_path / f"hour-{n}.json")
        paths[-1].write_text(line + "\n")
    joint, single = Workspace.init(tmp_path / "joint"), Workspace.init(tmp_path / "single")
    report = ingest(joint, *paths, constants=constants)
    assert counted == [len(paths)]
    assert [one.loaded for one in report.staged] == [
        one.loaded for path in paths for one in ingest(single, path, constants=constants).staged
    ]
    assert one_row(joint, SUMS) == one_row(single, SUMS)
    assert one_row(joint, SUMS)["requests"] > 0


@pytest.mark.parametrize("after", range(5))
def test_a_commit_that_stops_half_way_commits_none_of_the_files(tmp_path, monkeypatch, after):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", requests(5, first=5 * n)) for n in range(4)]
    wrote, write = [], files.write_json

    def stops(final: Path, content, *, staging: Path) -> None:
        if len(wrote) == after + 1 and final.name != segments.UNFINISHED:
            raise KeyboardInterrupt
        wrote.append(final)
        write(final, content, staging=staging)

    monkeypatch.setattr(files, "write_json", stops)
    monkeypatch.setattr(segments, "undo_unfinished", lambda layout: None)  # as if killed there
    if after < 4:
        with pytest.raises(KeyboardInterrupt):
            workspace.ingest(paths, now=NOW)
    else:
        workspace.ingest(paths, now=NOW)
    monkeypatch.undo()
    assert (workspace.layout.store / segments.UNFINISHED).exists() == (after < 4)
    assert one_row(workspace, TOTALS)["requests"] == (0 if after < 4 else 20)
    assert workspace.verify() == []
    ingest(workspace, *paths)
    assert not (workspace.layout.store / segments.UNFINISHED).exists()
    assert one_row(workspace, TOTALS)["requests"] == 20
    assert workspace.verify() == []


def test_a_full_disk_stops_the_file_it_meets_and_loses_none(tmp_path, monkeypatch):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", requests(5, first=5 * n)) for n in range(4)]
    commit = segments.commit

    def full(layout, *, batch, **more):
        if batch["path"] == str(paths[2]):
            raise StoreError("the disk is full")
        return commit(layout, batch=batch, **more)

    monkeypatch.setattr(segments, "commit", full)
    report = workspace.ingest(paths, now=NOW)
    assert [path for path, _ in report.failed] == [str(paths[2])]
    assert [one.loaded for one in report.staged] == [5, 5, 5]
    monkeypatch.undo()
    ingest(workspace, *paths)
    assert one_row(workspace, TOTALS)["requests"] == 20


def test_a_dry_run_of_many_files_commits_nothing(tmp_path, counted):
    workspace = Workspace.init(tmp_path / "ws")
    paths = [write_jsonl(tmp_path / f"{n}.jsonl", requests(5, first=3 * n)) for n in range(3)]
    report = workspace.ingest(paths, now=NOW, dry_run=True)
    assert counted == [3]
    assert [(one.loaded, one.duplicates) for one in report.staged] == [(5, 0), (3, 2), (3, 2)]
    assert one_row(workspace, TOTALS)["requests"] == 0

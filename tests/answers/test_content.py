"""Prompts and answers: screened, kept by class and month, never twice, and gone when they must be."""

import gzip
import json
import logging
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from workbench.answers import content
from workbench.answers import retention as answers
from workbench.cli import workbench
from workbench.errors import InputError
from workbench.store.disposition import Policy, apply, plan
from workbench.store.occurrences import occurrences
from workbench.store.subject import user_hash
from workbench.workspace import Workspace

NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
CARD, MAIL = "4111 1111 1111 1111", "ann.smith@example.org"
SECRET = "the merger is called heliotrope"


def record(n: int, **changes: object) -> dict:
    return {
        "occurred_at": f"2026-{9 + n % 2:02d}-0{1 + n % 5}T08:0{n % 10}:00Z", "data_class": "chats",
        "text": f"question {n}", "role": "user", "request_id": f"r{n}", "user_id": f"user-{n % 3}",
        "session_id": f"session-{n}", **changes,
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.init(tmp_path_factory.mktemp("content") / "work")
    with workspace.layout.config.open("a") as file:
        file.write('\n[content]\nkeep = ["chats", "customer content"]\n')
    return workspace.layout.root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "work")
    return Workspace(tmp_path / "work")


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def kept(workspace: Workspace) -> pl.DataFrame:
    paths = sorted(workspace.layout.content.rglob("*.parquet"))
    return pl.concat([pl.read_parquet(one) for one in paths]) if paths else pl.DataFrame()


def read(workspace: Workspace, *paths: Path, **constants: str) -> content.ContentReport:
    return content.read(workspace, paths, now=NOW, constants=constants)


BAD = {
    "not_json.jsonl": f'{{"text": "{SECRET}", \n',
    "no_object.jsonl": f'["{SECRET}"]\n',
    "naive.jsonl": json.dumps(record(1, occurred_at="2026-09-01T08:00:00", text=SECRET)),
    "no_time.jsonl": json.dumps(record(1, occurred_at="soon", text=SECRET)),
    "no_text.jsonl": json.dumps(record(1, text=None, role=SECRET)),
    "unknown.jsonl": json.dumps(record(1, text=SECRET, colour="red")),
    "no_class.jsonl": json.dumps({"occurred_at": "2026-09-01T08:00:00Z", "text": SECRET}),
    "nested.jsonl": json.dumps(record(1, text=[{"role": "user", "content": SECRET}])),
    "object.jsonl": json.dumps(record(1, session_id={"id": SECRET})),
    "not.parquet": f"PAR1 {SECRET}",
    "not.jsonl.gz": f"no gzip {SECRET}",
    "binary.csv": f'occurred_at,data_class,text\n"{SECRET}\x00',
    "empty.jsonl": "",
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_kept_is_refused_whole_and_never_quoted(
    workspace: Workspace, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    path = tmp_path / name
    path.write_text(BAD[name])
    good = write(tmp_path / "good.jsonl", [record(1)])
    done = CliRunner().invoke(
        workbench,
        ["ingest", str(path), str(good), "--format", "content", "--workspace", str(workspace.layout.root)],
    )  # fmt: skip
    assert isinstance(done.exception, InputError), done.output
    assert name in str(done.exception)
    for said in (done.output, str(done.exception), caplog.text):
        assert "heliotrope" not in said
    assert kept(workspace).is_empty()
    assert occurrences(workspace.layout, ["heliotrope"]) == []


def test_a_missing_file_and_a_bad_list_of_classes_say_what_to_do(workspace, tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(workspace, tmp_path / "nowhere.jsonl")
    text = workspace.layout.config.read_text()
    for bad in ('"chats"', '["../../etc"]', "[3]"):
        workspace.layout.config.write_text(text.replace('["chats", "customer content"]', bad))
        with pytest.raises(InputError, match="keep is"):
            read(workspace, write(tmp_path / "a.jsonl", [record(1)]))
    assert kept(workspace).is_empty()


def test_only_asked_for_classes_are_kept_by_month_with_the_user_hashed(workspace, tmp_path) -> None:
    rows = [record(n) for n in range(6)] + [record(7, data_class="../../escape"), record(8, data_class="notes")]  # fmt: skip
    report = read(workspace, write(tmp_path / "log.jsonl", rows))
    assert dict(report.kept) == {"chats": 6}
    assert dict(report.not_asked_for) == {"../../escape": 1, "notes": 1}
    folders = {str(path.parent.relative_to(workspace.layout.content))
               for path in workspace.layout.content.rglob("*.parquet")}  # fmt: skip
    assert folders == {"chats/2026-09", "chats/2026-10"}
    frame = kept(workspace)
    assert "user_id" not in frame.columns
    key = workspace.layout.user_key.read_bytes()
    assert set(frame["user_hash"]) == {user_hash(key, f"user-{n}") for n in range(3)}
    assert not any((workspace.layout.root.parent).rglob("escape"))


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_numbers_and_addresses_of_people_are_replaced_before_anything_is_written(
    workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    rows = [record(1, text=f"my card is {CARD}"), record(2, text=f"write to {MAIL}"), record(3)]
    path = tmp_path / f"log.{kind}"
    frame = pl.DataFrame(rows)
    if kind == "parquet":
        times = pl.col("occurred_at").str.to_datetime(time_zone="UTC")
        frame.with_columns(times).write_parquet(path)
    elif kind == "csv":
        frame.write_csv(path)
    else:
        write(path, rows)
    report = read(workspace, path)
    assert report.kept["chats"] == 3
    assert sum(report.redacted.values()) == 2
    for found in (CARD, MAIL):
        assert occurrences(workspace.layout, [found]) == []
    assert "question 3" in set(kept(workspace)["text"])


def test_the_same_bytes_a_grown_file_and_another_packing_are_not_kept_twice(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = [record(n) for n in range(8)] + [record(0)]  # said twice: kept twice
    path = write(tmp_path / "log.jsonl", rows[:6])
    assert read(workspace, path).kept["chats"] == 6
    again = read(workspace, path)
    assert (dict(again.kept), again.known) == ({}, [str(path)])
    grown = read(workspace, write(path, rows))
    assert (dict(grown.kept), grown.duplicates) == ({"chats": 3}, 6)
    packed = tmp_path / "packed.csv"
    pl.DataFrame(rows[::-1]).write_csv(packed)
    other = read(workspace, packed)
    assert (dict(other.kept), other.duplicates) == ({}, 9)
    assert sorted(kept(workspace)["text"]) == sorted(row["text"] for row in rows)
    more = read(workspace, write(tmp_path / "more.jsonl", [record(0), record(0), record(0)]))
    assert (more.kept["chats"], more.duplicates) == (1, 2)


def test_a_reading_that_was_killed_before_its_record_is_read_again_whole(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "log.jsonl", [record(n) for n in range(6)])
    with monkeypatch.context() as patched:
        patched.setattr(content, "record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            read(workspace, path)
    assert kept(workspace).height == 6
    report = read(workspace, path)
    assert (report.kept["chats"], report.duplicates) == (6, 0)
    assert kept(workspace).height == 6


def test_a_person_is_erased_from_content_and_the_others_stay(workspace, tmp_path) -> None:
    rows = [record(n) for n in range(9)]
    path = write(tmp_path / "ann-user-1.jsonl", rows)
    read(workspace, path)
    mine = user_hash(workspace.layout.user_key.read_bytes(), "user-1")
    assert occurrences(workspace.layout, [mine])
    certificate = answers.erase(workspace, user_id="user-1", now=NOW)
    assert certificate["content_rows"] == 3
    assert certificate["owner_to_erase"] == [str(path).replace("user-1", "[erased]")]
    assert occurrences(workspace.layout, [mine, "user-1"]) == []
    assert sorted(kept(workspace)["text"]) == sorted(r["text"] for r in rows if r["user_id"] != "user-1")  # fmt: skip
    assert read(workspace, path).known == [str(path)]  # the same bytes bring nobody back
    assert kept(workspace).height == 6


def test_a_month_of_a_class_is_disposed_of_by_its_folder(workspace, tmp_path) -> None:
    path = write(tmp_path / "log.jsonl", [*(record(n) for n in range(6)), record(1, data_class="customer content")])  # fmt: skip
    read(workspace, path)
    policy = Policy(data_class="chats", keep_days=30)
    items = plan(workspace.layout, [policy], as_of=date(2026, 11, 15))
    decided = {(one.data_class, one.month): one.decision for one in items}
    assert decided == {
        ("chats", "2026-09"): "dispose", ("chats", "2026-10"): "keep",
        ("customer content", "2026-10"): "keep",
    }  # fmt: skip
    certificate = apply(workspace.layout, items, at=NOW.isoformat())
    assert certificate is not None
    assert certificate["rows"] == 3
    assert not (workspace.layout.content / "chats" / "2026-09").exists()
    assert {str(one)[:7] for one in kept(workspace)["occurred_at"]} == {"2026-10"}
    assert read(workspace, path).known == [str(path)]
    assert kept(workspace).height == 4


def test_a_packed_log_is_read(workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(record(1)) + "\n")
    assert read(workspace, path).kept["chats"] == 1

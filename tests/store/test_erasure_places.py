"""Wherever a person may stand in a workspace, an erasure finds them; others stay as they were."""

import gzip
import json
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from tests.spine import NOW, START, ingest, one_row, requests, write_jsonl
from workbench.answers import retention as answers
from workbench.store import erasure_files
from workbench.store.occurrences import occurrences, places
from workbench.store.subject import Finder, Subject, user_hash
from workbench.workspace import Workspace

PERSON = "user-3"
OTHER = "user-30"


def lines() -> list[dict]:
    """Requests of eleven people, and one whose id begins like the person's; all have traces."""
    rows = [{**row, "trace_id": f"trace-{row['request_id']}-0"} for row in requests(220)]
    return [*rows, *({**row, "request_id": f"o{n}", "user_id": OTHER, "session_id": "session-of-other"}
                     for n, row in enumerate(rows[:5]))]  # fmt: skip


def outcomes() -> list[dict]:
    return [
        {"session_id": f"session-{n}", "occurred_at": f"{(START + timedelta(hours=n)).isoformat()}Z",
         "outcome": ("resolved", "escalated", "reopened")[n % 3], "human_minutes": n % 5}
        for n in range(60)
    ]  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "work")
    logs = made.layout.root / "logs"
    logs.mkdir()
    ingest(made, write_jsonl(logs / "log.jsonl", lines()))
    ingest(made, write_jsonl(tmp_path / "outcomes.jsonl", outcomes()), fmt="outcomes")
    return made


def key(workspace: Workspace) -> bytes:
    return workspace.layout.user_key.read_bytes()


def sessions_of(workspace: Workspace, person: str) -> set[str]:
    name = user_hash(key(workspace), person)
    rows = workspace.sql(f"SELECT DISTINCT session_id AS s, trace_id AS t FROM usage WHERE user_hash = '{name}'")  # fmt: skip
    return {value for row in rows.to_pylist() for value in row.values() if value}


def test_by_the_hash_alone_the_plain_id_is_found_in_logs_of_the_workspace(workspace) -> None:
    ids, name = sessions_of(workspace, PERSON), user_hash(key(workspace), PERSON)
    assert len(ids) > 20
    log = workspace.layout.root / "logs" / "log.jsonl"
    assert f'"{PERSON}"' in log.read_text()
    before = one_row(workspace, "SELECT count(*) AS n FROM usage WHERE user_hash IS NOT NULL")["n"]
    mine = one_row(workspace, f"SELECT count(*) AS n FROM usage WHERE user_hash = '{name}'")["n"]
    others = [row for row in lines() if row["user_id"] != PERSON]
    certificate = answers.erase(workspace, subject=name, now=NOW)
    assert certificate["still_found_in"] == []
    assert certificate["files_cleaned"] == ["logs/log.jsonl"]
    assert certificate["sources_in_workspace"] == [str(log)]
    kept = [json.loads(line) for line in log.read_text().splitlines()]
    # Nobody else's request goes; only ids they shared with the person do.
    assert [row["request_id"] for row in kept] == [row["request_id"] for row in others]
    assert {row["user_id"] for row in kept} == {row["user_id"] for row in others}
    for path in workspace.layout.root.rglob("*"):
        if path.is_file() and path.suffix != ".parquet" and ".secrets" not in path.parts:
            assert not [one for one in ids if f'"{one}"'.encode() in path.read_bytes()], path
    assert places(workspace.layout, Finder([name, PERSON], ids)) == []
    left = one_row(workspace, "SELECT count(*) AS n FROM usage WHERE user_hash IS NOT NULL")["n"]
    assert left == before - mine


def test_outcomes_of_the_persons_sessions_are_still_counted(workspace: Workspace) -> None:
    counted = "SELECT * FROM rollup_outcome ORDER BY ALL"
    units = "SELECT count(*) AS n, count_if(matched) AS m FROM outcome_unit"
    before, matched = workspace.sql(counted).to_pylist(), one_row(workspace, units)
    certificate = answers.erase(workspace, user_id=PERSON, now=NOW)
    assert certificate["outcome_rows"] > 0
    assert workspace.sql(counted).to_pylist() == before
    assert one_row(workspace, units) == matched
    workspace.rebuild()
    assert workspace.sql(counted).to_pylist() == before
    answers.erase(workspace, user_id="user-4", now=NOW)
    assert workspace.sql(counted).to_pylist() == before
    assert workspace.verify() == []


def test_another_person_in_the_same_session_stays_known(workspace: Workspace) -> None:
    name, other = (user_hash(key(workspace), one) for one in (PERSON, "user-4"))
    mine = f"SELECT count(*) AS n FROM usage WHERE user_hash = '{other}'"
    before = one_row(workspace, mine)["n"]
    answers.erase(workspace, subject=name, now=NOW)
    assert one_row(workspace, mine)["n"] == before
    shared = one_row(workspace, f"SELECT count(*) AS n FROM usage WHERE user_hash = '{other}' AND session_id IS NULL")  # fmt: skip
    assert 0 < shared["n"] < before


def plant(root: Path, name: str) -> None:
    """Put the person into every kind of file a workspace may hold."""
    (root / "exports").mkdir()
    (root / "exports" / "rows.csv").write_text(f"user\n{name}\n")
    for folder in ("logs", "evidence"):
        (root / folder).mkdir(exist_ok=True)
    logs, evidence = root / "logs", root / "evidence"
    with gzip.open(logs / "a.jsonl.gz", "wt") as file:
        file.write('{"user": "user-3"}\n{"user": "user-30"}\n')
    (logs / "b.jsonl.zst").write_bytes(zstandard.compress(b'{"u":"user-3"}\n{"u":"user-30"}\n'))
    (logs / "c.csv").write_text('id,text\nuser-3,"one,\ntwo"\nuser-30,"three\nfour"\n')
    pq.write_table(pa.table({"who": ["user-3", "user-30"], "n": [1, 2]}), logs / "d.parquet")
    (logs / "e.log").write_text("at 8: user-3 called\nat 9: user-30 called\n")
    (evidence / "note.yaml").write_text("found_by: user-3\nfor: user-30\n")
    (evidence / "user-3.txt").write_text("nothing\n")
    (evidence / "scan.bin").write_bytes(b"\xff\xfe user-3 \x00")


def test_every_kind_of_file_is_cleaned_and_what_cannot_be_is_named(workspace: Workspace) -> None:
    root, name = workspace.layout.root, user_hash(key(workspace), PERSON)
    plant(root, name)
    found = {one.file for one in occurrences(workspace.layout, [name, PERSON])}
    planted = {"exports/rows.csv", "logs/a.jsonl.gz", "logs/b.jsonl.zst", "logs/c.csv", "logs/d.parquet",
               "logs/e.log", "evidence/note.yaml", "evidence/user-3.txt", "evidence/scan.bin"}  # fmt: skip
    assert planted <= found
    certificate = answers.erase(workspace, user_id=PERSON, now=NOW)
    assert certificate["still_found_in"] == [{"file": "evidence/scan.bin", "where": "bytes"}]
    logs = root / "logs"
    assert gzip.decompress((logs / "a.jsonl.gz").read_bytes()) == b'{"user": "user-30"}\n'
    assert zstandard.decompress((logs / "b.jsonl.zst").read_bytes(), max_output_size=99) == b'{"u":"user-30"}\n'  # fmt: skip
    assert (logs / "c.csv").read_text() == 'id,text\nuser-30,"three\nfour"\n'
    assert pl.read_parquet(logs / "d.parquet").rows() == [("user-30", 2)]
    assert (logs / "e.log").read_text() == "at 9: user-30 called\n"
    assert (root / "evidence" / "note.yaml").read_text() == "found_by: [erased]\nfor: user-30\n"
    assert not (root / "evidence" / "user-3.txt").exists()
    assert not (root / "exports" / "rows.csv").exists()


def test_content_of_a_shared_session_loses_the_person_and_keeps_the_other(workspace) -> None:
    mine, other = (user_hash(key(workspace), one) for one in (PERSON, "user-4"))
    path = workspace.layout.content / "prompts" / "2026-09" / "part.parquet"
    path.parent.mkdir(parents=True)
    session = "session-1"  # requests 3, 4 and 5: the person, user-4 and user-5
    rows = [
        {"user_hash": mine, "session_id": session, "text": "one"},
        {"user_hash": other, "session_id": session, "text": "two"},
        {"user_hash": None, "session_id": session, "text": "three"},
        {"user_hash": other, "session_id": "elsewhere", "text": "said user-3"},
        {"user_hash": other, "session_id": "elsewhere", "text": "said user-31"},
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    certificate = answers.erase(workspace, user_id=PERSON, now=NOW)
    assert certificate["content_rows"] == 3
    assert pq.read_table(path).to_pylist() == [
        {"user_hash": other, "session_id": None, "text": "two"},
        {"user_hash": other, "session_id": "elsewhere", "text": "said user-31"},
    ]


def test_a_short_identifier_is_a_word_a_long_one_is_found_anywhere() -> None:
    finder = Finder(["user-3", "0123456789abcdef0123"], ["s-1", "session-12"])
    for text in (b"user-3", b"x user-3.", b"(user-3)", b"zz0123456789abcdef0123zz", b'"s-1"', b"session-12,"):  # fmt: skip
        assert finder.is_in(text), text
    for text in (b"user-31", b"xuser-3", b"s-1", b"session-121"):
        assert not finder.is_in(text), text
    assert finder.replaced(b"a user-3, user-31", b"[x]") == b"a [x], user-31"
    subject = Subject(terms=("user-3",), sessions=("own-id", "shared-id"), shared=("shared-id",))
    assert subject.own.is_in(b"own-id")
    assert not subject.own.is_in(b"shared-id")
    assert subject.all.is_in(b"shared-id")


def test_a_plain_id_is_found_behind_its_hash_in_every_kind_of_log(tmp_path: Path) -> None:
    key_, who = b"k" * 32, 'ann "x" Ö@example.org'
    hashes = {user_hash(key_, who)}
    (tmp_path / "a.jsonl").write_text(json.dumps({"user": who}) + "\n")
    with gzip.open(tmp_path / "b.jsonl.gz", "wt") as file:
        file.write(json.dumps({"user": who}))
    pl.DataFrame({"user": [who]}).write_csv(tmp_path / "c.csv")
    pl.DataFrame({"user": [who]}).write_parquet(tmp_path / "d.parquet")
    for name in ("a.jsonl", "b.jsonl.gz", "c.csv", "d.parquet"):
        assert erasure_files.plain_ids([tmp_path / name], hashes, user_key=key_) == {who}, name

"""A log that is read again after an erasure adds nothing and brings nobody back."""

import gzip
import json
import shutil
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.spine import NOW, START, TOTALS, ingest, one_row, requests, write_jsonl
from workbench.answers import retention as answers
from workbench.errors import StoreError
from workbench.store import certificates
from workbench.store.subject import user_hash
from workbench.workspace import Workspace

PERSON = "ann@example.org"
OTHER = "bob@example.org"
OUTCOME_TABLES = ("rollup_outcome", "rollup_day", "rollup_users", "rollup_class")


def gateway(count: int = 60) -> list[dict]:
    """A gateway's log in which each request is a session of its own, under the same id."""
    rows = []
    for n in range(count):
        at = START + timedelta(minutes=n)
        who = PERSON if n % 3 == 0 else f"user-{n % 5}"
        rows.append(
            {
                "request_id": f"sess-{n:04d}-{who[:3]}", "session_id": f"sess-{n:04d}-{who[:3]}",
                "litellm_call_id": f"sess-{n:04d}-{who[:3]}", "call_type": "acompletion",
                "spend": 0.001 * n, "prompt_tokens": 900 + n, "completion_tokens": 40 + n % 7,
                "startTime": f"{at.isoformat()}Z", "endTime": f"{(at + timedelta(seconds=2)).isoformat()}Z",
                "model": "openai/gpt-4.1", "custom_llm_provider": "openai", "user": who,
                "status": "success", "metadata": "{}", "request_tags": '["feature:chat"]',
            }
        )  # fmt: skip
    return rows


def unnamed() -> list[dict]:
    """Rows without a request id, some equal to the letter, with sessions two people share."""
    rows = []
    for n in range(40):
        at = START + timedelta(hours=2, minutes=n // 2)
        row = {
            "started_at": f"{at.isoformat()}Z", "provider": "openai", "model": "gpt-4.1", "feature": "chat",
            "user_id": PERSON if n % 4 < 2 else OTHER, "session_id": f"shared-room-{n // 8}",
            "uncached_input_tokens": 500, "output_tokens": 50,
        }  # fmt: skip
        rows.append(row)
    return rows


def outcomes() -> list[dict]:
    rows = [
        {"request_id": row["request_id"], "occurred_at": row["endTime"], "outcome": "resolved",
         "human_minutes": n % 4}
        for n, row in enumerate(gateway())
    ]  # fmt: skip
    return rows + [
        {"session_id": f"shared-room-{n}", "outcome": "escalated",
         "occurred_at": f"{(START + timedelta(hours=5)).isoformat()}Z"}
        for n in range(5)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("read_again")
    workspace = Workspace.init(folder / "work")
    logs = workspace.layout.root / "logs"
    logs.mkdir()
    ingest(
        workspace,
        write_jsonl(logs / "gateway.jsonl", gateway()),
        write_jsonl(logs / "unnamed.jsonl", unnamed()),
        write_jsonl(folder / "ids.jsonl", requests(90)),
    )
    ingest(workspace, write_jsonl(folder / "outcomes.jsonl", outcomes()), fmt="outcomes")
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made / "work", tmp_path / "work")
    shutil.copy(made / "ids.jsonl", tmp_path)
    return Workspace(tmp_path / "work")


def everything(root: Path) -> str:
    """Every decoded value of every file of the workspace but its keys, read with other tools."""
    said: list[str] = []
    for path in sorted(root.rglob("*")):
        if not path.is_file() or ".secrets" in path.parts:
            continue
        said.append(str(path.relative_to(root)))
        if path.suffix == ".parquet":
            said.append(json.dumps(pq.read_table(path).to_pylist(), default=str))
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for (table,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():  # fmt: skip
                    rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                    said.append(str(rows))
            said.append(path.read_bytes().decode("latin-1"))  # freed pages too
        elif path.suffix == ".gz":
            said.append(gzip.decompress(path.read_bytes()).decode("latin-1"))
        else:
            said.append(path.read_bytes().decode("latin-1"))
    return "\n".join(said)


def figures(workspace: Workspace) -> dict[str, list]:
    with workspace.reader() as catalog:
        return {
            name: catalog.rows(f"SELECT * FROM {name} ORDER BY ALL")
            for name in ("daily_cost", *OUTCOME_TABLES)
        }


def erase(workspace: Workspace, person: str = PERSON) -> dict:
    return answers.erase(workspace, user_id=person, now=NOW)


def test_a_request_id_that_is_a_session_goes_and_no_figure_moves(workspace: Workspace) -> None:
    mine = [row["request_id"] for row in gateway() if row["user"] == PERSON]
    shared = [f"shared-room-{n}" for n in range(5)]
    sought = [user_hash(workspace.layout.user_key.read_bytes(), PERSON), PERSON, *mine, *shared]
    before, totals = figures(workspace), one_row(workspace, TOTALS)
    seen = everything(workspace.layout.root)
    assert [one for one in sought if one not in seen] == []
    certificate = erase(workspace)
    after = everything(workspace.layout.root)
    assert [one for one in sought if one in after] == []
    assert certificate["still_found_in"] == []
    assert figures(workspace) == before
    assert one_row(workspace, TOTALS) == totals
    kept = {row["request_id"] for row in workspace.sql("SELECT request_id FROM usage").to_pylist()}
    assert {row["request_id"] for row in gateway() if row["user"] != PERSON} <= kept
    assert {row["request_id"] for row in requests(90)} <= kept
    workspace.rebuild()
    assert figures(workspace) == before
    assert workspace.verify() == []
    assert everything(workspace.layout.root).count("sess-0000-ann") == 0


def again(tmp_path: Path) -> list[Path]:
    """Return the logs in other bytes: reversed, packed, and in two halves."""
    rows = gateway()
    packed = tmp_path / "packed.jsonl.gz"
    with gzip.open(packed, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows[:30])
    backwards = write_jsonl(tmp_path / "backwards.jsonl", rows[::-1])
    return [packed, backwards, write_jsonl(tmp_path / "unnamed-2.jsonl", unnamed()[::-1]),
            write_jsonl(tmp_path / "ids-2.jsonl", requests(90)[::-1])]  # fmt: skip


def test_the_log_read_again_in_any_bytes_adds_nothing(workspace: Workspace, tmp_path: Path) -> None:
    for person in (PERSON, OTHER, "user-3"):
        erase(workspace, person)
    before = figures(workspace)
    same = ingest(workspace, tmp_path / "ids.jsonl")
    assert len(same.known) == 1
    for path in again(tmp_path):
        [done] = ingest(workspace, path).staged
        assert (done.loaded, done.quarantined) == (0, 0), path.name
        assert done.duplicates == done.records, path.name
    [done] = ingest(
        workspace, write_jsonl(tmp_path / "outcomes-2.jsonl", outcomes()[::-1]), fmt="outcomes"
    ).staged
    assert (done.loaded, done.duplicates) == (0, len(outcomes()))
    assert figures(workspace) == before
    assert PERSON not in everything(workspace.layout.store)
    assert workspace.verify() == []


def test_the_cleaned_log_of_the_workspace_read_again_adds_nothing(workspace: Workspace) -> None:
    erase(workspace)
    before = figures(workspace)
    for name, rows in (("gateway", gateway()), ("unnamed", unnamed())):
        path = workspace.layout.root / "logs" / f"{name}.jsonl"
        mine = "user" if name == "gateway" else "user_id"
        left = [json.loads(line)[mine] for line in path.read_text().splitlines()]
        assert left == [row[mine] for row in rows if row[mine] != PERSON]
        [done] = ingest(workspace, path).staged
        assert (done.loaded, done.quarantined) == (0, 0), name
    assert figures(workspace) == before


def test_a_new_request_and_a_changed_one_are_not_taken_for_old_ones(
    workspace: Workspace, tmp_path: Path
) -> None:
    erase(workspace)
    rows = gateway()
    changed = {**rows[0], "prompt_tokens": 5_000}
    later = {**rows[3], "startTime": f"{(START + timedelta(days=1)).isoformat()}Z"}
    new = {**rows[6], "request_id": "sess-9999-new", "startTime": f"{(START + timedelta(minutes=7, seconds=1)).isoformat()}Z"}  # fmt: skip
    [done] = ingest(
        workspace, write_jsonl(tmp_path / "n.jsonl", [changed, later, new, *rows[1:3]])
    ).staged
    assert (done.loaded, done.duplicates, done.quarantined) == (2, 2, 1)
    third = {**unnamed()[0]}  # two equal rows were held, this is one more
    path = write_jsonl(tmp_path / "u.jsonl", [third, *unnamed()])
    [done] = ingest(workspace, path).staged
    assert (done.loaded, done.duplicates) == (1, 40)


def test_the_certificate_says_what_is_kept_and_a_lost_key_or_file_is_found(
    workspace: Workspace, tmp_path: Path
) -> None:
    certificate = erase(workspace)
    assert "Keyed one-way hashes" in certificate["keeps"]
    # 20 requests of the gateway, all 40 unnamed rows share a session, the outcomes of both
    assert certificate["rows_told_by_fingerprint"] == 20 + 40 + 20 + 5
    assert set(certificate["fingerprints"]) == {
        f"erased/{kind}/2026-09/{Path(file).name}"
        for file in certificate["fingerprints"]
        for kind in ("usage", "outcomes")
    }
    assert certificates.problems(workspace.layout) == []
    key = workspace.layout.secrets / "erased.key"
    assert key.stat().st_mode & 0o077 == 0
    kept = key.read_text()
    key.unlink()
    with pytest.raises(StoreError, match=r"erased\.key is missing"):
        ingest(workspace, write_jsonl(tmp_path / "more.jsonl", requests(3, first=500)))
    key.write_text(kept)
    file = next(iter(certificate["fingerprints"]))
    (workspace.layout.store / file).unlink()
    assert any(f"{file} is missing" in one for one in workspace.verify())

"""The whole path on small logs: totals by hand, nothing lost, nothing doubled."""

import errno
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.spine import NOW, TOTALS, ingest, one_row, requests, write_jsonl
from workbench.errors import InputError, StoreError
from workbench.kernel import by_day
from workbench.store import files, publishing, snapshot
from workbench.store.compaction import compact
from workbench.workspace import Workspace

SHEET = """provider,model,meter,usd,per,effective_from,effective_to
anthropic,claude-sonnet-4-5,uncached_input_tokens,3,1000000,,
anthropic,claude-sonnet-4-5,output_tokens,15,1000000,,2026-10-01T12:00:00Z
anthropic,claude-sonnet-4-5,output_tokens,12,1000000,2026-10-01T12:00:00Z,
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.init(tmp_path / "ws")


def _dump(workspace: Workspace) -> dict[str, list[dict[str, object]]]:
    """Every derived table's rows, sorted, to compare before and after; keys by what they say."""
    with workspace.reader(locked=False) as catalog:
        names = [
            row[0]
            for row in catalog.connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE NOT temporary ORDER BY 1"
            ).fetchall()
        ]
        return {
            name: sorted(catalog.query(f"SELECT * FROM {name}").to_pylist(), key=repr)
            for name in [*(set(names) - set(by_day.TABLES)), "rollup_day"]
        }


def test_a_price_change_at_noon_is_a_price_change_at_noon(workspace: Workspace, tmp_path: Path):
    row = {"provider": "anthropic", "model": "claude-sonnet-4-5", "uncached_input_tokens": 1_000_000,
           "output_tokens": 1_000_000}  # fmt: skip
    log = write_jsonl(
        tmp_path / "log.jsonl",
        [
            {**row, "request_id": "before", "started_at": "2026-10-01T11:59:59.999999Z"},
            {**row, "request_id": "at", "started_at": "2026-10-01T12:00:00Z"},
            {**row, "request_id": "at-in-paris", "started_at": "2026-10-01T13:59:59+02:00"},
        ],
    )
    sheet = tmp_path / "contract.csv"
    sheet.write_text(SHEET)
    workspace.import_prices([sheet], now=NOW)
    ingest(workspace, log)
    found = workspace.sql(
        "SELECT request_id, contract_cost_usd, price_status FROM priced_usage ORDER BY request_id"
    ).to_pylist()
    assert [(r["request_id"], r["contract_cost_usd"]) for r in found] == [
        ("at", Decimal("15.000000000000")),  # 3 + 12
        ("at-in-paris", Decimal("18.000000000000")),  # 11:59:59 UTC
        ("before", Decimal("18.000000000000")),  # 3 + 15
    ]
    assert {r["price_status"] for r in found} == {"priced"}


def test_unpriced_and_partly_priced_usage_is_never_zero(workspace: Workspace, tmp_path: Path):
    log = write_jsonl(
        tmp_path / "log.jsonl",
        [
            {"request_id": "u", "started_at": "2026-10-01T00:00:00Z", "provider": "nobody",
             "model": "unheard-of", "output_tokens": 5},
            {"request_id": "p", "started_at": "2026-10-01T00:00:00Z", "provider": "openai",
             "model": "gpt-4.1", "output_tokens": 1_000_000, "video_seconds": 3},
        ],
    )  # fmt: skip
    ingest(workspace, log)
    found = {
        row["request_id"]: row
        for row in workspace.sql(
            "SELECT request_id, contract_cost_usd, price_status, unpriced_meters FROM priced_usage"
        ).to_pylist()
    }
    assert found["u"]["contract_cost_usd"] is None
    assert found["u"]["price_status"] == "unpriced"
    assert found["p"]["contract_cost_usd"] == Decimal("8.000000000000")  # 8 USD per Mtok out
    assert found["p"]["price_status"] == "partial"
    assert found["p"]["unpriced_meters"] == "video_seconds"
    daily = one_row(
        workspace, "SELECT sum(requests) AS n, sum(unpriced_requests) AS u FROM daily_cost"
    )
    assert (daily["n"], daily["u"]) == (2, 1)


def test_reading_the_same_bytes_again_changes_nothing(workspace: Workspace, tmp_path: Path):
    log = write_jsonl(tmp_path / "log.jsonl", requests(500))
    ingest(workspace, log)
    before = _dump(workspace)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(log.read_bytes())
    report = ingest(workspace, log, copy)
    assert report.staged == []
    assert len(report.known) == 2
    assert _dump(workspace) == before


def test_a_grown_file_adds_only_what_is_new(workspace: Workspace, tmp_path: Path):
    with_ids, without = tmp_path / "ids.jsonl", tmp_path / "plain.jsonl"
    rows = requests(400)
    anonymous = [{k: v for k, v in row.items() if k != "request_id"} for row in requests(300)]
    anonymous[10] = anonymous[9]  # the same content twice in one file is two requests
    write_jsonl(with_ids, rows[:250])
    write_jsonl(without, anonymous[:200])
    ingest(workspace, with_ids, without)
    write_jsonl(with_ids, rows)
    write_jsonl(without, anonymous)
    report = ingest(workspace, with_ids, without)
    assert [(one.loaded, one.duplicates) for one in report.staged] == [(150, 0), (100, 0)]
    assert one_row(workspace, "SELECT count(*) AS n FROM usage")["n"] == 700
    assert workspace.verify() == []


def test_rebuild_gives_the_same_catalog(workspace: Workspace, tmp_path: Path):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(2_000)))
    outcome = {
        "session_id": "session-1",
        "occurred_at": "2026-10-02T00:00:00Z",
        "outcome": "resolved",
    }
    ingest(workspace, write_jsonl(tmp_path / "o.jsonl", [outcome]))
    before = _dump(workspace)
    workspace.rebuild()
    assert _dump(workspace) == before
    workspace.layout.database.unlink()
    assert one_row(workspace, TOTALS)["requests"] == 2_000
    assert _dump(workspace) == before


def test_rollups_equal_the_rows_they_sum(workspace: Workspace, tmp_path: Path):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(3_000)))
    ingest(workspace, write_jsonl(tmp_path / "b.jsonl", requests(3_000, first=2_500)))
    assert workspace.verify() == []
    rows = one_row(workspace, TOTALS)
    daily = one_row(
        workspace,
        "SELECT sum(requests) AS requests, sum(contract_cost_usd) AS contract, "
        "sum(list_cost_usd) AS list FROM daily_cost",
    )
    assert rows["requests"] == daily["requests"] == 5_500
    assert (rows["contract"], rows["list"]) == (daily["contract"], daily["list"])
    users = one_row(
        workspace,
        "SELECT (SELECT sum(users) FROM rollup_users WHERE grain = 'month' AND cut = 'all') AS rolled, "
        "(SELECT sum(n) FROM (SELECT count(DISTINCT user_hash) AS n FROM usage "
        "GROUP BY date_trunc('month', started_at))) AS counted",
    )
    assert users["rolled"] == users["counted"] == 22


def test_users_are_hashed_and_the_snapshot_holds_none(workspace: Workspace, tmp_path: Path):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(100)))
    hashes = {
        row["user_hash"]
        for row in workspace.sql("SELECT DISTINCT user_hash FROM usage").to_pylist()
    }
    assert len(hashes) == 11
    assert not any("user-" in text for text in hashes)
    path = workspace.publish(now=NOW)
    content = path.read_bytes()
    assert not any(text.encode() in content for text in hashes)
    opened = snapshot.open_snapshot(workspace.layout.snapshots)
    assert opened.state()["requests"] == 100
    with pytest.raises(Exception, match=r"[Pp]ermission|disabled"):
        opened.connection.execute("SELECT * FROM read_text('/etc/hostname')")


def test_a_snapshot_name_is_never_reused_and_old_pages_keep_reading(
    workspace: Workspace, tmp_path: Path
):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(10)))
    first = workspace.publish(now=NOW)
    page = snapshot.open_snapshot(workspace.layout.snapshots)
    ingest(workspace, write_jsonl(tmp_path / "b.jsonl", requests(10, first=10)))
    names = [first.name, *(workspace.publish(now=NOW).name for _ in range(4))]
    assert names == [f"snapshot-{n:06d}.duckdb" for n in range(1, 6)]
    assert sum(page.daily()["requests"]) == 10
    assert sum(snapshot.open_snapshot(workspace.layout.snapshots).daily()["requests"]) == 20
    assert len(list(workspace.layout.snapshots.glob("*.duckdb"))) == publishing.KEPT


def test_a_full_disk_commits_nothing_and_says_so(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(100)))
    before = _dump(workspace)

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files, "flush", full)
    report = workspace.ingest([write_jsonl(tmp_path / "b.jsonl", requests(50, first=100))], now=NOW)
    assert len(report.failed) == 1
    assert "the disk is full" in report.failed[0][1]
    monkeypatch.undo()
    assert _dump(workspace) == before
    assert ingest(workspace, tmp_path / "b.jsonl").loaded == 50
    assert workspace.verify() == []


def test_too_little_space_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(StoreError, match="bytes free"):
        files.require_space(tmp_path, bytes_needed=1 << 60)


def test_a_changed_byte_of_a_segment_is_found(workspace: Workspace, tmp_path: Path):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(100)))
    (segment,) = workspace.layout.store.glob("usage/2026-09/*.parquet")
    content = bytearray(segment.read_bytes())
    content[100] ^= 1
    segment.write_bytes(content)
    (found,) = workspace.verify()
    assert str(segment) in found


def test_debris_of_a_killed_ingest_is_swept_and_a_committed_batch_repaired(
    workspace: Workspace, tmp_path: Path
):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(100)))
    month = workspace.layout.rows("usage") / "2026-09"
    (month / "debris.parquet").write_bytes(b"PAR1 half a segment")
    ingest(workspace, write_jsonl(tmp_path / "b.jsonl", requests(100, first=100)))
    assert not (month / "debris.parquet").exists()
    whole = one_row(workspace, TOTALS)
    with workspace._writer() as catalog:  # as if killed between the sidecar and the transaction
        source = catalog.one("SELECT max(source_id) FROM manifest")
        assert source is not None
        for table in ("manifest", "segment"):
            catalog.connection.execute(f"DELETE FROM {table} WHERE source_id = ?", list(source))
    assert one_row(workspace, TOTALS) == whole
    assert workspace.verify() == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY usage TO '/tmp/out.csv'",
        "ATTACH '/tmp/x.duckdb'",
        "SET enable_external_access = true",
        "DROP TABLE rollup_day",
        "SELEC 1",
    ],
)
def test_sql_reads_the_store_and_nothing_else(workspace: Workspace, query: str):
    with pytest.raises(StoreError, match="The query was refused"):
        workspace.sql(query)


def test_a_folder_that_is_no_workspace_says_how_to_make_one(tmp_path: Path):
    with pytest.raises(StoreError, match="workbench init"):
        Workspace(tmp_path).sql("SELECT 1")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        Workspace.init(tmp_path / "file")


def test_the_store_is_readable_by_its_owner_alone(workspace: Workspace):
    assert workspace.layout.store.stat().st_mode & 0o077 == 0
    assert workspace.layout.user_key.stat().st_mode & 0o077 == 0


def test_a_damaged_sidecar_is_named(workspace: Workspace, tmp_path: Path):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(10)))
    (sidecar,) = workspace.layout.store.glob("usage/*/*.json")
    content = json.loads(sidecar.read_text())
    del content["segments"]
    sidecar.write_text(json.dumps(content))
    with pytest.raises(StoreError, match=sidecar.name):
        workspace.verify()


def test_a_catalog_of_another_version_is_made_again_from_the_segments(
    workspace: Workspace, tmp_path: Path
):
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(200)))
    before = _dump(workspace)
    with workspace._writer() as catalog:
        catalog.set_meta("version", "0")
        catalog.connection.execute("DROP TABLE rollup_latency")  # as if it had not existed then
    assert one_row(workspace, TOTALS)["requests"] == 200
    assert _dump(workspace) == before


def test_compacting_gives_space_back_and_changes_no_row(workspace: Workspace, tmp_path: Path):
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", requests(500)))
    sheet = tmp_path / "contract.csv"
    for usd in (3, 4, 5, 6):  # each import prices everything again and leaves free blocks
        sheet.write_text(
            f"provider,model,meter,usd,per\nopenai,gpt-4.1,output_tokens,{usd},1000000\n"
        )
        workspace.import_prices([sheet], now=NOW)
    held = _dump(workspace)
    before, after = compact(workspace.layout)
    assert after <= before
    assert _dump(workspace) == held
    assert workspace.verify() == []
    ingest(workspace, write_jsonl(tmp_path / "more.jsonl", requests(5, first=500)))
    assert one_row(workspace, TOTALS)["requests"] == 505


def test_an_ingest_imports_no_data_frames(workspace: Workspace, tmp_path: Path):
    """Pandas and Polars take longer to import than a small log takes to read."""
    log = write_jsonl(tmp_path / "log.jsonl", requests(20))
    run = (
        "import sys; from workbench.cli import workbench as main; "
        f"main(['ingest', {str(log)!r}, '--workspace', {str(workspace.layout.root)!r}], "
        "standalone_mode=False); print([m for m in ('pandas', 'polars') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", run], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert one_row(workspace, TOTALS)["requests"] == 20

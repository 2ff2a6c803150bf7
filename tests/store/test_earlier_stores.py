"""Stores written by earlier versions open, say the same figures and go on.

Each archive in `earlier/` is a whole workspace of its day: logs of five formats with one
unpriced model and one quarantined record, a contract sheet, one month closed, a snapshot
published. The table beside it is what that version answered. Archives are added, never changed.
"""

import csv
import tarfile
from pathlib import Path

import pytest

from tests.spine import ingest, requests, write_jsonl
from workbench.store import snapshot
from workbench.workspace import Workspace

EARLIER = Path(__file__).parent / "earlier"
ARCHIVES = sorted(EARLIER.glob("*.tar.xz"))
BY_MONTH = """SELECT strftime(day, '%Y-%m') AS month, provider, CAST(sum(requests) AS VARCHAR) AS requests,
    CAST(sum(unpriced_requests) AS VARCHAR) AS unpriced_requests,
    CAST(sum(list_cost_usd) AS VARCHAR) AS list_cost_usd,
    CAST(sum(contract_cost_usd) AS VARCHAR) AS contract_cost_usd
    FROM daily_cost GROUP BY month, provider ORDER BY month, provider"""


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def earlier(request, tmp_path: Path) -> tuple[Workspace, list[dict[str, str]]]:
    archive: Path = request.param
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    name = archive.name.removesuffix(".tar.xz")
    with (EARLIER / f"{name}-cost.csv").open() as rows:
        return Workspace(tmp_path / "earlier"), list(csv.DictReader(rows))


def test_an_earlier_store_answers_as_it_did(earlier):
    workspace, said = earlier
    assert workspace.sql(BY_MONTH).to_pylist() == said
    assert workspace.verify() == []
    workspace.rebuild()
    assert workspace.sql(BY_MONTH).to_pylist() == said
    refused = workspace.sql("SELECT count(*) AS n, min(source_row) AS row FROM quarantine")
    assert refused.to_pylist() == [{"n": 1, "row": 6}]


def test_the_snapshot_of_an_earlier_store_still_opens(earlier):
    workspace, said = earlier
    published = snapshot.open_snapshot(workspace.layout.snapshots)
    held = published.state()["requests"]
    assert held == sum(int(one["requests"]) for one in said)
    assert sum(published.daily()["requests"]) == held


def test_an_earlier_store_takes_a_grown_log(earlier, tmp_path: Path):
    workspace, said = earlier
    before = sum(int(one["requests"]) for one in said)
    log = write_jsonl(tmp_path / "more.jsonl", requests(20, first=5_000, step_s=900))
    report = ingest(workspace, log)
    assert report.loaded == 20
    after = workspace.sql("SELECT CAST(sum(requests) AS BIGINT) AS n FROM daily_cost").to_pylist()
    assert after == [{"n": before + 20}]
    assert workspace.verify() == []

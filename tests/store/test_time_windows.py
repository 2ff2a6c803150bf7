"""Duplicates are looked for where they can be: in the segments of the file's own time."""

from datetime import datetime, timedelta
from pathlib import Path

from tests.spine import START, ingest, one_row, requests, write_jsonl
from workbench.workspace import Workspace
from workbench.workspace.reading import Stored


def test_only_segments_of_the_same_time_are_listed(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(10)))
    ingest(workspace, write_jsonl(tmp_path / "b.jsonl", requests(10, first=1000)))
    with workspace.reader(locked=False) as catalog:
        rows = Stored(catalog).held("usage").rows
        last_of_a = START + timedelta(seconds=9 * 60)
        at = rows(last_of_a, last_of_a + timedelta(hours=1))
        assert at is not None
        assert catalog.one(f"SELECT count(*), max(request_id) FROM {at}") == (10, "r9")
        assert rows(last_of_a + timedelta(seconds=1), last_of_a + timedelta(hours=1)) is None
        assert rows(datetime(2020, 1, 1), datetime(2020, 1, 2)) is None  # noqa: DTZ001
        assert Stored(catalog).held("outcomes").rows(START, last_of_a) is None


def test_copies_are_found_in_the_store_and_in_other_files_of_the_command(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    ingest(workspace, write_jsonl(tmp_path / "a.jsonl", requests(10)))
    nameless = [
        {k: v for k, v in row.items() if k != "request_id"} for row in requests(3, first=50)
    ]
    report = ingest(
        workspace,
        write_jsonl(tmp_path / "b.jsonl", requests(10, first=5)),
        write_jsonl(tmp_path / "c.jsonl", [*requests(4, first=13), *nameless]),
        write_jsonl(tmp_path / "d.jsonl", [*nameless, *requests(1, first=900)]),
    )
    # r5-r9 again in b; r13 and r14 again in c, which brings r15, r16 and three without an id
    assert [(one.loaded, one.duplicates) for one in report.staged] == [(5, 5), (5, 2), (1, 3)]
    assert one_row(workspace, "SELECT count(*) AS n FROM usage") == {"n": 21}
    assert workspace.verify() == []

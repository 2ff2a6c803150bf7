"""Logs as one JSON list, and spreadsheet files: read whole, or refused with what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.spine import NOW, ingest, one_row
from workbench.cli import workbench
from workbench.ingest import json_array
from workbench.workspace import Workspace

SPEND = "0.000012345678"


def spend_log(n: int) -> dict[str, Any]:
    details = {"prompt_tokens_details": {"cached_tokens": 300}}
    return {
        "request_id": f"chatcmpl-{n}", "startTime": f"2026-10-01T12:00:0{n}.123000+00:00",
        "endTime": f"2026-10-01T12:00:0{n}.900000+00:00", "model": "gpt-4o", "custom_llm_provider": "openai",
        "spend": 0.5, "prompt_tokens": 1000, "completion_tokens": 50, "status": "success",
        "metadata": {"usage_object": details}, "request_tags": ["feature:chat"],
    }  # fmt: skip


LOGS = [spend_log(n) for n in range(3)]
SHAPES = {
    "one line": json.dumps(LOGS),
    "indented": json.dumps(LOGS, indent=2),
    "under a key": json.dumps({"data": LOGS, "total": 3}),
    "after its page": json.dumps({"total": 3, "page": None, "note": 'a "b" [', "data": LOGS}),
    "named by its query": json.dumps({'SELECT * FROM "LiteLLM_SpendLogs"': LOGS}, indent=1),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_list_is_read_like_lines(tmp_path: Path, shape: str):
    workspace = Workspace.init(tmp_path / "ws")
    path = tmp_path / "spend.json"
    path.write_text(SHAPES[shape].replace("0.5", SPEND))
    (staged,) = ingest(workspace, path).staged
    assert (staged.format, staged.records, staged.loaded) == ("litellm_spendlogs", 3, 3)
    found = one_row(
        workspace,
        "SELECT sum(uncached_input_tokens) AS uncached, sum(cache_read_tokens) AS read, "
        "CAST(min(reported_cost_usd) AS VARCHAR) AS spend, min(feature) AS feature FROM usage",
    )
    assert found == {"uncached": 2100, "read": 900, "spend": SPEND, "feature": "chat"}
    # Exported again with one more record: only that is new.
    path.write_text(json.dumps([*LOGS, spend_log(3)]).replace("0.5", SPEND))
    (again,) = ingest(workspace, path).staged
    assert (again.loaded, again.duplicates) == (1, 3)


def test_what_is_no_record_in_a_list_is_quarantined(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    path = tmp_path / "spend.json"
    path.write_text(json.dumps([LOGS[0], 7, LOGS[1] | {"spend": float("nan")}]))
    (staged,) = ingest(workspace, path).staged
    assert (staged.records, staged.loaded, staged.quarantined) == (3, 1, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(LOGS)[:-9], "not JSON"),
        ("sep=;\nstarted_at;model;output_tokens\n", "delete that line"),
        ("started_at,model,output_tokens\r2026-10-01T00:00:00Z,m,5\r", "carriage return"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: str, said: str):
    workspace = Workspace.init(tmp_path / "ws")
    path = tmp_path / "log.csv"
    path.write_bytes(content.encode())
    report = workspace.ingest([path], now=NOW)
    assert report.staged == []
    (failed,) = report.failed
    assert said in failed[1]


def test_a_list_too_large_to_parse_says_how_to_turn_it_into_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(json_array, "MOST_BYTES", 100)
    path = tmp_path / "spend.json"
    path.write_text(json.dumps(LOGS))
    (failed,) = Workspace.init(tmp_path / "ws").ingest([path], now=NOW).failed
    assert "jq -c '.[]'" in failed[1]


def test_notes_name_the_column_and_the_command_its_workspace(tmp_path: Path):
    folder = tmp_path / "my ws"
    Workspace.init(folder)
    path = tmp_path / "log.csv"
    path.write_text(
        "started_at;provider;model;output_tokens;latency_ms\n2026-10-02T10:00:00Z;a;m;5;12,5\n"
    )
    done = CliRunner().invoke(workbench, ["ingest", str(path), "--workspace", str(folder)])
    assert "1 quarantined: latency_ms: not a number" in " ".join(done.output.split())
    assert f"--workspace '{folder}'" in done.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"object": "page", "data": [{"object": "bucket", "start_time": 1, "end_time": 2, "results": []}]}, "reconcile"),
        ({"data": [{"starting_at": "2026", "ending_at": "2026", "results": []}], "has_more": False}, "reconcile"),
        ({"resourceLogs": [{"resource": {}, "scopeLogs": []}]}, "It has resourceLogs"),
    ],
)  # fmt: skip
def test_a_list_of_something_else_is_named(tmp_path: Path, content: dict[str, Any], said: str):
    path = tmp_path / "page.json"
    path.write_text(json.dumps(content))
    (failed,) = Workspace.init(tmp_path / "ws").ingest([path], now=NOW).failed
    assert said in failed[1]

"""What goes out to other systems: Prometheus text and OpenLineage events."""

import json
from datetime import datetime

import pytest

from workbench.errors import InputError
from workbench.playbook.lineage import lineage_events, traced_answers
from workbench.playbook.metrics import prometheus_text
from workbench.playbook.run import board_tiles, run_checks


def test_prometheus_text_of_a_day(workspace):
    text = prometheus_text(workspace.written())
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    where = 'feature="chat",model="claude-opus-4-8",region="eu-west-1",version="3"'
    requests = int(lines[f"workbench_requests{{{where}}}"])
    other = where.replace("claude-opus-4-8", "gpt-4.1-mini")
    # 400 requests a day, one in 21 in the sandbox: rows 36400 to 36799 hold 19 multiples of 21.
    assert requests + int(lines[f"workbench_requests{{{other}}}"]) == 381
    assert float(lines[f"workbench_cost_usd{{{where}}}"]) == pytest.approx(requests / 100)
    low, p95, high = (
        float(lines[f'workbench_latency_ms{{{where},quantile="0.95",bound="{bound}"}}'])
        for bound in ("low", "", "high")
    )
    assert 1_400 < low <= p95 <= high < 1_500


def test_lineage_goes_out_and_comes_back(tmp_path):
    pytest.importorskip("openlineage.client")
    request = {
        "request_id": "r1", "feature": "chat", "provider": "anthropic", "model": "m-1",
        "prompt_id": "answer", "prompt_version": "3", "started_at": datetime.fromisoformat("2026-10-01T08:00"),
        "tags": json.dumps({"x_document_ids": "d1,d2", "x_document_versions": "4,5"}),
    }  # fmt: skip
    first, again = (list(lineage_events([request], namespace="demo")) for _ in range(2))
    assert first == again
    path = tmp_path / "events.jsonl"
    path.write_text(first[0] + "\n")
    assert traced_answers(path) == {
        "r1": {"document": ["d1@4", "d2@5"], "prompt": ["answer@3"], "model": ["anthropic/m-1"]}
    }
    path.write_text('{"inputs": []}\n')
    with pytest.raises(InputError, match="line 1"):
        traced_answers(path)


def test_events_of_another_system_count_as_lineage(workspace):
    workspace.usage_sql.append("UPDATE usage SET prompt_id = NULL")
    evidence = workspace.written()
    lost = run_checks(evidence, stage=2).checks[0]
    assert (lost.check_id, lost.verdict) == ("G2-01", "fail")
    ids = [row["request_id"] for row in evidence.rows("SELECT request_id FROM usage", {})]
    events = (
        json.dumps({
            "outputs": [{"name": f"answer/{name}"}],
            "inputs": [{"name": "prompt/answer@3"}, {"name": "model/a/m"}, {"name": "document/d1@4"}],
        })
        for name in ids
    )  # fmt: skip
    (evidence.folder / "evidence" / "openlineage.jsonl").write_text("\n".join(events) + "\n")
    found = run_checks(evidence, stage=2).checks[0]
    assert (found.verdict, found.features[0].finding.measured["share"]) == ("pass", 1.0)
    assert "evidence/openlineage.jsonl" in [one.what for one in found.features[0].looked]


def test_board_tiles_of_all_and_of_one_feature(workspace):
    del workspace.tables["gpu_hours"]
    report = run_checks(workspace.written(), stage=1).as_json()
    tiles = {tile.check_id: tile for tile in board_tiles(report)}
    assert tiles["G1-02"].verdict == "insufficient evidence"
    assert tiles["G1-04"].age_days == 0
    assert tiles["G1-01"].age_days is None
    assert [t.check_id for t in board_tiles(report, feature="chat")] == sorted(tiles)
    assert board_tiles(report, feature="other") == []

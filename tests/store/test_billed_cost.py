"""Billed cost in the views: the invoice's usage charges, to the pico, at every grain."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.spine import NOW, ingest, one_row, requests, write_jsonl
from widgets import unit_economics as panel
from workbench.answers.publish import publish
from workbench.answers.reconciliation import take
from workbench.store.snapshot import open_snapshot
from workbench.workspace import Workspace

TOTAL = "SELECT sum(billed_cost_usd) AS usd FROM {} WHERE provider = '{}'"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "ws")
    ingest(made, write_jsonl(tmp_path / "log.jsonl", requests(1_200, step_s=3_600)))
    return made


def invoiced(workspace: Workspace, path: Path, *rows: str, minutes: int = 0) -> None:
    path.write_text("\n".join(["provider,month,usd,kind,model,invoice_id", *rows]) + "\n")
    take(workspace, [path], provider=None, now=NOW + timedelta(minutes=minutes))


def billed(workspace: Workspace, provider: str) -> set[Decimal | None]:
    """Return the total by day and by request: one value where they agree."""
    return {
        one_row(workspace, TOTAL.format(view, provider))["usd"]
        for view in ("daily_cost", "priced_usage")
    }


def test_three_requests_by_hand(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    row = {"provider": "anthropic", "model": "claude-sonnet-4-5", "started_at": "2026-10-01T09:00:00Z"}  # fmt: skip
    used = {"a": 1_000_000, "b": 2_000_000, "c": 3_000_000}  # 3, 6 and 9 USD at list
    rows = [{**row, "request_id": name, "feature": f"f-{name}", "uncached_input_tokens": n}
            for name, n in used.items()]  # fmt: skip
    rows.append({**row, "request_id": "u", "model": "unheard-of", "output_tokens": 5})
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows))
    lines = ("anthropic,2026-10,10,usage,,I-1", "anthropic,2026-10,2,tax,,I-1")
    invoiced(workspace, tmp_path / "a.csv", *lines)
    found = workspace.sql("SELECT request_id, billed_cost_usd AS usd FROM priced_usage").to_pylist()
    by_id = {one["request_id"]: one["usd"] for one in found}
    third = Decimal("3.333333333333")  # 10 / 18 of 3 is 1.67, of 6 is 3.33, of 9 is 5: exact
    assert by_id == {"a": Decimal("1.666666666666"), "b": third, "c": Decimal("5.000000000001"), "u": None}  # fmt: skip
    by_feature = workspace.sql("SELECT feature, billed_cost_usd AS usd FROM daily_cost").to_pylist()
    assert {one["feature"]: one["usd"] for one in by_feature} == {
        "f-a": Decimal("1.666666666666"), "f-b": Decimal("3.333333333334"), "f-c": Decimal(5), None: None,
    }  # fmt: skip


def test_only_what_is_invoiced_for_usage_is_billed(workspace: Workspace, tmp_path: Path):
    assert billed(workspace, "openai") == {None}
    lines = ("openai,2026-10,77.77,usage,gpt-4.1,I-1", "openai,2026-10,5,usage,gpt-9,I-1",
             "openai,2026-10,14.7763,tax,,I-1", "openai,2026-10,-3,credit,,I-1",
             "anthropic,2026-10,0.000000000007,usage,,I-2")  # fmt: skip
    invoiced(workspace, tmp_path / "a.csv", *lines)
    assert billed(workspace, "openai") == {Decimal("77.770000000000")}
    assert billed(workspace, "anthropic") == {Decimal("0.000000000007")}
    assert billed(workspace, "deepseek") == {None}
    other = "SELECT count(billed_cost_usd) AS n FROM priced_usage WHERE started_at < '2026-10-01' OR provider = 'deepseek'"
    assert one_row(workspace, other) == {"n": 0}
    by_day = """SELECT count(*) AS n FROM (SELECT day, model, sum(billed_cost_usd) AS usd FROM daily_cost GROUP BY ALL) AS d
        JOIN (SELECT CAST(started_at AS DATE) AS day, model, sum(billed_cost_usd) AS usd FROM priced_usage GROUP BY ALL) AS r
        USING (day, model) WHERE d.usd IS DISTINCT FROM r.usd"""
    assert one_row(workspace, by_day) == {"n": 0}
    workspace.rebuild()
    assert billed(workspace, "openai") == {Decimal("77.770000000000")}
    assert workspace.verify() == []


def test_a_correction_replaces_and_later_usage_takes_its_share(
    workspace: Workspace, tmp_path: Path
):
    invoiced(workspace, tmp_path / "a.csv", "openai,2026-10,50,usage,,I-1")
    invoiced(workspace, tmp_path / "b.csv", "openai,2026-10,40,usage,,I-1", minutes=1)
    assert billed(workspace, "openai") == {Decimal("40.000000000000")}
    ingest(workspace, write_jsonl(tmp_path / "more.jsonl", requests(300, first=5_000, step_s=350)))
    assert billed(workspace, "openai") == {Decimal("40.000000000000")}
    late = "SELECT count(billed_cost_usd) = count(contract_cost_usd) AS all FROM priced_usage WHERE provider = 'openai' AND started_at >= '2026-10-01' AND started_at < '2026-11-01'"
    assert one_row(workspace, late) == {"all": True}


def test_the_page_shows_what_was_billed(workspace: Workspace, tmp_path: Path):
    invoiced(workspace, tmp_path / "a.csv", "openai,2026-10,50,usage,,I-1")
    publish(workspace, now=NOW)
    snapshot = open_snapshot(workspace.layout.snapshots)
    daily = snapshot.daily()
    usd = [value for value in daily["billed_cost_usd"] if value is not None]
    assert sum(usd) == pytest.approx(50)
    assert sum(daily["requests"]) == 1_200
    page = panel.page(snapshot)
    page.inputs["basis"].value = "billed"
    page.inputs["period"].value = "October 2026"
    assert "An invoice covers the usage of" in page.charts.head["notice"]
    # of the 744 hours those of feature-0 in production (n % 4 = 0, n % 5 > 0); each third is openai
    assert "50 of 148 requests" in page.charts.head["notice"]

"""Envelopes locked month after month are scored on what was metered, fixed costs in neither side.

One request a day of a feature costs USD 10; the next month's level is drawn by a fixed seed.
"""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from tests.spine import NOW, ingest, write_jsonl
from workbench.answers import Source
from workbench.answers.envelope import chosen_register, document, record
from workbench.answers.locking import move_register
from workbench.answers.publish import publish
from workbench.answers.vintages import outcomes_of, scope_of, scored
from workbench.cli import workbench
from workbench.demo import SIGNING, lock_earlier_envelopes
from workbench.playbook.assumptions.scenarios import parse_register
from workbench.workspace import Workspace

SHEET = """provider,model,meter,usd,per,effective_from,effective_to,source
openai,house-model,uncached_input_tokens,10,1000000,2026-01-01,,contract
"""
FIRST, LAST = date(2026, 5, 1), date(2026, 10, 31)
JUDGED = {"owner": "product", "dated": "2026-05-01", "source": "pilot", "expires": "2099-12-31"}


def day_rows(day: date, calls: int, feature: str) -> list[dict[str, Any]]:
    return [
        {
            "request_id": f"{feature}-{day}-{n}", "started_at": f"{day}T10:00:{n:02}Z",
            "provider": "openai", "model": "house-model", "feature": feature,
            "environment": "production", "status": "ok", "uncached_input_tokens": 1_000_000,
        }
        for n in range(calls)
    ]  # fmt: skip


def workspace_of(root: Path, *, last_month_factor: int = 1) -> Workspace:
    """Make one with six months of days: calls of `chat` between 8 and 16, one of `search`."""
    workspace = Workspace.init(root)
    (root / "sheet.csv").write_text(SHEET)
    workspace.import_prices([root / "sheet.csv"], now=NOW)
    rng = np.random.default_rng(3)
    rows = []
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        factor = last_month_factor if day.month == LAST.month else 1
        rows += day_rows(day, int(rng.integers(8, 17)) * factor, "chat")
        rows += day_rows(day, 1, "search")
    ingest(workspace, write_jsonl(root / "log.jsonl", rows))
    return workspace


def register(month: str, **measure: Any) -> dict[str, Any]:
    return {
        "kind": "assumptions", "name": "chat", "first_month": month, "months": 2,
        "budget_usd": [110_000, 110_000],
        "drivers": {"calls": {"value": 300, "low": 200, "high": 400, **JUDGED,
                              "measure": {"of": "requests", **measure}}},
        "lines": {"calls": {"drivers": ["calls"], "source": "contract",
                            "prices": [{"starts": month, "usd": 10}]}},
        "fixed": {"licence": {"usd": 100_000, "owner": "product", "source": "contract"}},
    }  # fmt: skip


def lock_month_after_month(workspace: Workspace, **measure: Any) -> None:
    with workspace.reader() as catalog:
        for month in range(6, 11):
            on = date(2026, month, 1) - timedelta(days=1)
            source = Source(workspace, catalog, on)
            own = parse_register(register(f"2026-{month:02}", **measure), name="test")
            for step, by in SIGNING:
                move_register(source, step, own, by=by, on=on, note="")


def test_both_sides_count_metered_cost_of_the_same_features(tmp_path: Path):
    workspace = workspace_of(tmp_path)
    lock_month_after_month(workspace, features=["chat"])
    with workspace.reader() as catalog:
        source = Source(workspace, catalog, LAST)
        outcomes = record(source, register("2026-06", features=["chat"]))
        (calls,) = source.rows(
            "SELECT count(*) AS n FROM usage WHERE feature = 'chat' "
            "AND started_at >= TIMESTAMP '2026-10-01'"
        )
    assert [one.period for one in outcomes] == [f"2026-{month:02}" for month in range(6, 11)]
    # A hundred thousand a month of fixed cost is in neither; `search` is not in its scope.
    assert outcomes[-1].actual == pytest.approx(calls["n"] * 10)
    assert all(one.p10 < one.p50 < one.p90 < 10_000 for one in outcomes)
    score = scored(outcomes)
    assert score is not None
    assert score.scored == 5
    assert score.held == sum(one.p10 <= one.actual <= one.p90 for one in outcomes) >= 3
    assert score.bias == pytest.approx(np.mean([one.p50 - one.actual for one in outcomes]))


def test_what_came_after_a_lock_does_not_move_it(tmp_path: Path):
    reports = []
    for factor in (1, 3):
        root = tmp_path / str(factor)
        workspace = workspace_of(root, last_month_factor=factor)
        assert lock_earlier_envelopes(workspace, scale=1.0) == 5
        assert lock_earlier_envelopes(workspace, scale=1.0) == 0
        locked = [json.loads(path.read_text()) for path in (root / "assumptions/locked").iterdir()]
        reports.append({one["locked_on"]: one["report"] for one in locked})
        for one in locked:
            notes = [sign["note"] for sign in one["version"]["signatures"]]
            assert any(note.startswith("SYNTHETIC") for note in notes)
    assert reports[0] == reports[1]
    assert sorted(reports[0]) == [
        "2026-05-31",
        "2026-06-30",
        "2026-07-31",
        "2026-08-31",
        "2026-09-30",
    ]


def test_page_and_close_show_the_record(tmp_path: Path):
    workspace = workspace_of(tmp_path)
    lock_month_after_month(workspace, features=["chat"])
    content = register("2026-11", features=["chat"])
    (tmp_path / "assumptions" / "chat.yaml").write_text(yaml.safe_dump(content))
    publish(workspace, now=datetime(2026, 11, 1, tzinfo=UTC))
    with workspace.reader() as catalog:
        found = document(Source(workspace, catalog, LAST))
        assert chosen_register(tmp_path).name == "chat"
    assert found is not None
    one = found["registers"]["chat"]
    assert one["score"]["scored"] == 5
    assert [outcome["period"] for outcome in one["outcomes"]][-1] == "2026-10"
    done = CliRunner().invoke(
        workbench,
        ["close", "2026-10", "--as", "finance lead", "--json", "--workspace", str(tmp_path)],
    )
    (check,) = [one for one in json.loads(done.output)["checks"] if one["name"] == "scored"]
    held = one["outcomes"][-1]["p10"] <= one["outcomes"][-1]["actual"] <= one["outcomes"][-1]["p90"]
    assert (check["verdict"], check["why"]) == ("pass", "held" if held else "did not hold")


def test_bundles_of_before_lose_their_fixed_costs(tmp_path: Path):
    spread = {"p10": 140.0, "p50": 150.0, "p90": 170.0, "mean": 150.0}
    content = {
        "locked_on": "2026-08-31", "register": {"name": "house"}, "version": {},
        "report": {"months": ["2026-09"], "by_month": [spread], "fixed_usd": [100.0]},
    }  # fmt: skip
    (tmp_path / "assumptions" / "locked").mkdir(parents=True)
    (tmp_path / "assumptions" / "locked" / "a.json").write_text(json.dumps(content))
    (found,) = outcomes_of(tmp_path, "house", {"2026-09": 60.0})
    assert (found.p10, found.p50, found.p90, found.held) == (40.0, 50.0, 70.0, True)


def test_a_register_with_a_line_of_no_features_covers_everything():
    chat = register("2026-06", features=["chat"])
    assert scope_of(chat) == ("chat",)
    assert scope_of(register("2026-06")) == ()
    chat["drivers"]["other"] = {"value": 1}
    chat["lines"]["other"] = {"drivers": ["other"]}
    assert scope_of(chat) == ()

"""A first register from the logs: right means, every feature once, and an envelope that can be drawn."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from tests.cli.test_finance import SHEET, row, run
from tests.spine import NOW, ingest, write_jsonl
from workbench.workspace import Workspace

CLERK = "=1+1 <b>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """October: a chat request of a Mtok and two of half a Mtok without a feature a day, 3 USD a Mtok."""
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(SHEET)
    workspace.import_prices([sheet], now=NOW)
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(61)]
    rows = [row(n, day, 1_000_000, feature=CLERK) for n, day in enumerate(days)]
    rows += [row(1000 + n, days[n // 2], 500_000, feature=None) for n in range(122)]
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows))
    return root


def test_the_register_holds_the_means_and_draws_an_envelope(folder: Path):
    done = run(folder, "assumptions", "start", "--budget", "100", "--owner", "finance lead")
    assert done.exit_code == 0, done.exception
    written = yaml.safe_load((folder / "assumptions" / "envelope.yaml").read_text())
    assert list(written["lines"]) == [CLERK, "all other"]
    assert written["first_month"] == "2026-11"
    drivers = written["drivers"]
    # A month is 30.4375 days: one chat request a day at 3 USD, two others at 1.5 USD.
    assert drivers[f"{CLERK}: requests"]["value"] == pytest.approx(30.4375)
    assert drivers[f"{CLERK}: USD a request"]["value"] == pytest.approx(3)
    assert drivers["all other: requests"]["value"] == pytest.approx(2 * 30.4375)
    assert drivers["all other: USD a request"]["value"] == pytest.approx(1.5)
    assert "nobody's judgement" in drivers["all other: requests"]["source"]

    drawn = run(folder, "model", "envelope")
    assert "Uncalibrated: no locked envelope" in drawn.output
    found = json.loads(run(folder, "model", "envelope", "--json").output)
    # Both lines together are 6 USD a day.
    assert found["by_month"][0]["p50"] == pytest.approx(6 * 30.4375, rel=0.03)
    assert found["score"] is None
    again = run(folder, "assumptions", "start", "--budget", "100", "--owner", "finance lead")
    assert "is there already" in str(again.exception)


def test_without_priced_usage_there_is_nothing_to_start_from(tmp_path: Path):
    root = tmp_path / "ws"
    ingest(
        Workspace.init(root),
        write_jsonl(tmp_path / "log.jsonl", [row(1, date(2026, 10, 1), 5, model="unknown-1")]),
    )
    done = run(root, "assumptions", "start", "--budget", "100", "--owner", "finance lead")
    assert done.exit_code == 1
    assert "No priced usage" in str(done.exception)
    assert not list((root / "assumptions").glob("*.yaml"))


def test_an_erasure_that_found_nobody_says_so(folder: Path):
    done = run(folder, "erase", "--user-id", "no such person")
    assert done.exit_code == 0
    assert "Nothing of this person was in the store" in done.output
    assert "Nothing of this person" not in run(folder, "erase", "--user-id", "u1").output


def test_a_model_without_a_price_is_said(folder: Path):
    assert "No price of 'nothing-9'" in run(folder, "prices", "list", "nothing-9").output

"""Self-hosted usage in the store: unpriced until a sheet says what its accelerators cost."""

import json
import shutil
from datetime import timedelta
from decimal import Decimal

import pytest
from click.testing import CliRunner

from tests.spine import NOW, ingest, one_row, write_jsonl
from workbench.cli import workbench as command
from workbench.errors import PriceError
from workbench.workspace import Workspace

SHEET = """provider,model,accelerators,usd_per_accelerator_hour,effective_from,effective_to
vllm,*,2,3,2026-10-01,2026-10-05
"""
MODEL = "meta-llama/Llama-3.3-70B-Instruct"


def answer(n, created, *, prompt=1_000, cached=0, output=100, model=MODEL):
    return {
        "id": f"c{n}", "object": "chat.completion", "created": created, "model": model,
        "choices": [],
        "usage": {"prompt_tokens": prompt, "completion_tokens": output,
                  "prompt_tokens_details": {"cached_tokens": cached}},
    }  # fmt: skip


FIRST = 1_790_845_200  # 2026-10-01T09:00:00Z
DAY = 86_400


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace.init(tmp_path / "ws")
    log = write_jsonl(tmp_path / "one.jsonl", [
        answer(1, FIRST, cached=600), answer(2, FIRST + 60), answer(3, FIRST + DAY),
    ])  # fmt: skip
    ingest(workspace, log)
    (tmp_path / "own.csv").write_text(SHEET)
    return workspace


def costs(workspace):
    rows = workspace.sql(
        "SELECT request_id, contract_cost_usd AS usd, list_cost_usd AS listed, price_status, "
        "price_version FROM priced_usage ORDER BY request_id"
    ).to_pylist()
    return {row["request_id"]: row for row in rows}


def test_without_a_sheet_self_hosted_usage_is_unpriced_never_zero(workspace):
    assert {row["price_status"] for row in costs(workspace).values()} == {"unpriced"}
    assert {row["usd"] for row in costs(workspace).values()} == {None}
    assert workspace.own_capacity() == []


def test_the_bill_of_busy_hours_is_what_the_requests_cost(workspace, tmp_path):
    (own,) = workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    assert own.is_allocated
    rows = costs(workspace)
    # the first day: one busy hour of 6 USD over 400 + 60 + 400 and 1,000 + 400 weighted tokens
    # rounded down a token: 2,654,867,256 pico-USD of input, a tenth cached, four times of output
    assert rows["c1"]["usd"] == Decimal("2.283185840000")
    assert rows["c2"]["usd"] == pytest.approx(Decimal(6) * 1_400 / 2_260, abs=Decimal("1e-6"))
    assert rows["c3"]["usd"] == pytest.approx(Decimal(6), abs=Decimal("1e-6"))
    assert {row["price_status"] for row in rows.values()} == {"priced"}
    assert all(row["listed"] is None for row in rows.values())
    assert "contract own.csv" in rows["c1"]["price_version"]


def test_statement_and_daily_cost_agree_to_the_pico(workspace, tmp_path):
    workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    (month,) = workspace.own_capacity()
    # up to the last complete day: two days of 144 USD, two busy hours of 6
    assert month["bill_usd"] == 288
    assert month["unused_usd"] == 276
    assert month["allocated_usd"] + month["unused_usd"] + month["rounding_usd"] == 288
    assert one_row(workspace, "SELECT sum(contract_cost_usd) AS usd FROM daily_cost") == {
        "usd": month["allocated_usd"]
    }
    assert (month["busy_hours"], month["hours"]) == (2, 48)
    assert workspace.verify() == []


def test_more_usage_of_a_day_shares_its_bill(workspace, tmp_path):
    workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    before = costs(workspace)
    ingest(workspace, write_jsonl(tmp_path / "two.jsonl", [answer(4, FIRST + DAY + 60)]))
    after = costs(workspace)
    assert after["c1"]["usd"] == before["c1"]["usd"]
    assert after["c3"]["usd"] == after["c4"]["usd"] == pytest.approx(3, abs=1e-6)
    total = one_row(workspace, "SELECT sum(contract_cost_usd) AS usd FROM daily_cost")["usd"]
    assert total == sum(row["usd"] for row in after.values())
    assert workspace.verify() == []


def test_usage_after_the_sheet_ends_is_unpriced_again(workspace, tmp_path):
    workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    ingest(workspace, write_jsonl(tmp_path / "two.jsonl", [answer(5, FIRST + 7 * DAY)]))
    assert costs(workspace)["c5"]["price_status"] == "unpriced"
    # nobody pays for the days after the fourth: the bill stands still
    assert workspace.own_capacity()[0]["bill_usd"] == 4 * 144


def test_a_newer_sheet_of_the_same_name_supersedes_and_the_same_one_changes_nothing(
    workspace, tmp_path
):
    path = tmp_path / "own.csv"
    workspace.import_prices([path], now=NOW)
    assert workspace.import_prices([path], now=NOW + timedelta(days=1)) == []
    path.write_text(SHEET.replace(",3,", ",4.5,"))
    workspace.import_prices([path], now=NOW + timedelta(days=2))
    assert costs(workspace)["c3"]["usd"] == pytest.approx(9, abs=1e-6)
    # what was known before is still known
    known = workspace.book().at(NOW + timedelta(days=1))
    picos = {row.pico for _, rows in known.active for row in rows if row.provider == "vllm"}
    assert max(picos) == 4 * (6 * 10**12) // 1_400


def test_a_rebuilt_store_and_a_lost_derived_folder_price_alike(workspace, tmp_path):
    workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    before = costs(workspace)
    workspace.rebuild()
    assert costs(workspace) == before
    shutil.rmtree(workspace.layout.own_prices)
    workspace.rebuild()
    assert costs(workspace) == before


def test_a_wrong_sheet_keeps_nothing(workspace, tmp_path):
    (tmp_path / "own.csv").write_text(SHEET.replace(",2,3,", ",two,3,"))
    with pytest.raises(PriceError, match="column accelerators"):
        workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    assert list(workspace.layout.capacity.glob("*")) == []
    assert costs(workspace)["c1"]["usd"] is None


def test_the_commands_say_where_the_bill_went(workspace, tmp_path):
    root = str(workspace.layout.root)
    run = CliRunner().invoke
    empty = run(command, ["prices", "capacity", "--workspace", root])
    assert "No sheet of own capacity" in empty.output
    done = run(command, ["prices", "import", str(tmp_path / "own.csv"), "--workspace", root])
    assert "6 daily prices allocated" in done.output
    said = json.loads(run(command, ["prices", "capacity", "--workspace", root, "--json"]).output)
    assert said[0]["bill_usd"] == "288.000000000000"
    assert "unused" in run(command, ["prices", "capacity", "--workspace", root]).output


def test_a_closed_month_keeps_its_own_prices_when_late_usage_shares_the_day(tmp_path):
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    ingest(
        workspace,
        write_jsonl(tmp_path / "own.jsonl", [answer(1, FIRST), answer(2, FIRST + 32 * DAY)]),
    )
    (tmp_path / "own.csv").write_text(SHEET.replace(",2026-10-05", ","))
    workspace.import_prices([tmp_path / "own.csv"], now=NOW)
    close = ["close", "2026-10", "--as", "controller", "--workspace", str(root)]
    done = CliRunner().invoke(command, close)
    assert done.exit_code == 0, done.output
    (before,) = own_prices = list(workspace.layout.own_prices.glob("*.parquet"))
    october = "SELECT sum(contract_cost_usd) AS usd FROM daily_cost WHERE day < DATE '2026-11-01'"
    was = one_row(workspace, october)
    assert was["usd"] == pytest.approx(6, abs=1e-6)

    ingest(workspace, write_jsonl(tmp_path / "late.jsonl", [answer(3, FIRST + 60)]))
    assert list(workspace.layout.own_prices.glob("*.parquet")) != own_prices
    assert (workspace.layout.closed_own_prices / before.name).exists()
    assert one_row(workspace, october) == was
    workspace.rebuild()
    assert one_row(workspace, october) == was
    assert workspace.verify() == []

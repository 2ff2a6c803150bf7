"""A closed month never moves: not by a price, a name, a layer or a row that comes later.

September: 30 requests of a million tokens at 2 USD, 60 USD, closed. October: 31 requests of two
million tokens at 3 USD, 186 USD.
"""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.cli.test_finance import SHEET, answer, row, rows, run
from tests.spine import NOW, ingest, write_jsonl
from workbench.answers.reconciliation import take
from workbench.pricing.rows import PriceImport
from workbench.workspace import Workspace

DAILY = "SELECT * FROM daily_cost WHERE day < DATE '2026-10-01' ORDER BY ALL"
LATER = SHEET.replace("tokens,2,", "tokens,4,")


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("closed")
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    import_sheet(root, SHEET, days=0)
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows()))
    assert run(root, "close", "2026-09", "--as", "controller").exit_code == 0
    return root


@pytest.fixture
def folder(closed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(closed, tmp_path / "ws")


def import_sheet(folder: Path, text: str, *, days: int = 1) -> None:
    sheet = folder.parent / "sheet.csv"
    sheet.write_text(text)
    Workspace(folder).import_prices([sheet], now=NOW + timedelta(days=days))


def september(folder: Path) -> list[dict[str, object]]:
    return Workspace(folder).sql(DAILY).to_pylist()


def invoice(folder: Path, usd: int, *, at: datetime) -> None:
    sheet = folder.parent / "invoice.csv"
    sheet.write_text(f"provider,month,usd,kind,model,invoice_id\nopenai,2026-09,{usd},usage,,I-9\nopenai,2026-10,{usd},usage,,I-10\n")  # fmt: skip
    take(Workspace(folder), [sheet], provider=None, now=at)


def test_an_invoice_after_the_close_bills_open_months_only(folder: Path):
    before = september(folder)
    invoice(folder, 70, at=datetime.now(tz=UTC) + timedelta(hours=1))
    assert september(folder) == before
    assert {one["billed_cost_usd"] for one in before} == {None}
    query = "SELECT sum(billed_cost_usd) AS usd FROM {}"
    for view in ("daily_cost", "priced_usage"):
        assert Workspace(folder).sql(query.format(view)).to_pylist() == [{"usd": Decimal(70)}]


def test_a_month_keeps_the_invoice_it_was_closed_with(folder: Path):
    closed_at = datetime(2026, 10, 5, tzinfo=UTC)
    invoice(folder, 70, at=closed_at - timedelta(days=1))
    record = folder / "store" / "closes" / "2026-09.json"
    later = json.loads(record.read_text()) | {"closed_at": closed_at.isoformat()}
    record.chmod(0o600)
    record.write_text(json.dumps(later))
    invoice(folder, 99, at=closed_at + timedelta(days=1))
    assert run(folder, "rebuild").exit_code == 0
    by_month = "SELECT strftime(day, '%m') AS month, sum(billed_cost_usd) AS usd FROM daily_cost GROUP BY 1 ORDER BY 1"
    assert Workspace(folder).sql(by_month).to_pylist() == [
        {"month": "09", "usd": Decimal(70)}, {"month": "10", "usd": Decimal(99)},
    ]  # fmt: skip


def cost(folder: Path, table: str, where: str) -> Decimal:
    query = f"SELECT sum(contract_cost_usd) AS usd FROM {table} WHERE {where}"
    return Workspace(folder).sql(query).to_pylist()[0]["usd"]


def test_a_retroactive_price_moves_no_closed_day_and_is_booked_by_the_next_close(folder: Path):
    before = september(folder)
    assert sum(one["contract_cost_usd"] for one in before) == 60
    import_sheet(folder, LATER)
    assert september(folder) == before
    assert cost(folder, "priced_usage", "started_at < TIMESTAMP '2026-10-01'") == 60
    assert run(folder, "rebuild").exit_code == 0
    assert september(folder) == before
    assert Workspace(folder).verify() == []

    done = answer(folder, "close", "2026-10", "--as", "controller")
    assert done["closed"]
    (check,) = [one for one in done["checks"] if one["name"] == "adjusted"]
    assert check["verdict"] == "pass"
    assert "+60.00 USD of 2026-09" in check["why"]  # 30 million tokens at 2 USD more
    record = json.loads((folder / "store" / "closes" / "2026-10.json").read_text())
    assert record["totals"]["contract_cost_usd"] == "186.000000000000"
    (booked,) = record["prior_period_adjustments"]
    assert (booked["period"], Decimal(booked["usd"])) == ("2026-09", 60)
    (one,) = answer(folder, "closes")["adjustments"]
    assert one["booked"] == {"2026-10": 60.0}
    assert Decimal(one["open_usd"]) == 0


def test_an_open_month_does_follow_a_later_price(folder: Path):
    import_sheet(folder, SHEET.replace("tokens,3,", "tokens,5,"))
    assert cost(folder, "daily_cost", "day >= DATE '2026-10-01'") == 310
    assert cost(folder, "daily_cost", "day < DATE '2026-10-01'") == 60


def test_late_rows_are_in_no_closed_day_and_cost_what_is_known_today(folder: Path, tmp_path: Path):
    before = september(folder)
    in_september = "FROM rollup_users WHERE period = '2026-09-01' ORDER BY ALL"
    users = Workspace(folder).sql(in_september).to_pylist()
    import_sheet(folder, LATER)
    late = [row(900, date(2026, 9, 30), 5_000_000, user_id="somebody new")]
    ingest(Workspace(folder), write_jsonl(tmp_path / "late.jsonl", late))
    assert september(folder) == before
    assert Workspace(folder).sql(in_september).to_pylist() == users
    assert cost(folder, "priced_usage", "request_id = 'r900'") == 20  # 5 Mtok at 4 USD
    (found,) = Workspace(folder).sql("SELECT * FROM prior_period_adjustments").to_pylist()
    assert found["period"] == "2026-09"
    assert found["late_requests"] == 1
    assert found["late_contract_cost_usd"] == 20
    assert found["repriced_contract_cost_usd"] == 60
    assert found["contract_cost_usd"] == 80
    assert Workspace(folder).verify() == []
    Workspace(folder).rebuild()
    assert september(folder) == before
    assert Workspace(folder).sql("SELECT * FROM prior_period_adjustments").to_pylist() == [found]


def test_an_adjustment_is_booked_once_and_its_rest_by_the_close_after(folder: Path, tmp_path: Path):
    late = write_jsonl(tmp_path / "a.jsonl", [row(900, date(2026, 9, 30), 5_000_000)])
    ingest(Workspace(folder), late)
    assert run(folder, "close", "2026-10", "--as", "c").exit_code == 0
    november = [row(1_000 + n, date(2026, 11, 1) + timedelta(days=n), 1_000_000) for n in range(30)]
    more = [*november, row(901, date(2026, 9, 1), 1_000_000)]
    ingest(Workspace(folder), write_jsonl(tmp_path / "b.jsonl", more))
    assert run(folder, "close", "2026-11", "--as", "c").exit_code == 0
    record = json.loads((folder / "store" / "closes" / "2026-11.json").read_text())
    assert [Decimal(one["usd"]) for one in record["prior_period_adjustments"]] == [2]
    (one,) = answer(folder, "closes")["adjustments"]
    assert one["booked"] == {"2026-10": 10.0, "2026-11": 2.0}


def test_a_late_row_without_a_price_stops_the_next_close(folder: Path, tmp_path: Path):
    late = [row(900, date(2026, 9, 30), 5, model="unheard-of")]
    ingest(Workspace(folder), write_jsonl(tmp_path / "late.jsonl", late))
    done = run(folder, "close", "2026-10", "--as", "c")
    assert done.exit_code == 1
    assert "1 late rows of closed months have no price" in done.output.replace("\n", " ")


def test_a_name_that_means_something_else_later_moves_no_closed_day(tmp_path: Path):
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    logged = [
        row(n, date(2026, 9, 1) + timedelta(days=n), 1_000_000, model="gpt-4.1-2025-04-14")
        for n in range(30)
    ]
    head = "provider,model,meter,usd,per,effective_from,source\n"
    import_sheet(
        root, f"{head}openai,gpt-4.1,uncached_input_tokens,1,1000000,2026-01-01,a\n", days=0
    )
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", logged))
    assert run(root, "close", "2026-09", "--as", "c").exit_code == 0
    before = september(root)
    assert sum(one["contract_cost_usd"] for one in before) == 30
    exact = f"{head}openai,gpt-4.1-2025-04-14,uncached_input_tokens,7,1000000,2026-01-01,b\n"
    sheet = tmp_path / "exact.csv"
    sheet.write_text(exact)
    workspace.import_prices([sheet], now=NOW + timedelta(days=2))
    assert september(root) == before
    (one,) = answer(root, "closes")["adjustments"]
    assert one["other_usd"] == pytest.approx(180)


def test_leaving_out_a_price_layer_moves_open_months_only(folder: Path):
    before = september(folder)
    config = folder / "workbench.toml"
    config.write_text(config.read_text().replace('"contract", ', ""))
    assert september(folder) == before
    assert cost(folder, "daily_cost", "day >= DATE '2026-10-01'") is None  # no list price either


def test_a_store_whose_closed_month_had_moved_goes_back_to_its_record(folder: Path):
    """An earlier version rolled closed months up at later prices and kept no layers."""
    path = folder / "store" / "closes" / "2026-09.json"
    record = json.loads(path.read_text())
    for name in ("price_layers", "prior_period_adjustments", "true_ups"):
        del record[name]
    path.chmod(0o600)
    path.write_text(json.dumps(record))
    import_sheet(folder, LATER)
    with duckdb.connect(str(folder / "store" / "workbench.duckdb")) as catalog:
        catalog.execute("UPDATE keyed_day SET contract_pico = contract_pico * 2")
        catalog.execute("UPDATE meta SET value = '2' WHERE key = 'version'")
    assert sum(one["contract_cost_usd"] for one in september(folder)) == 60
    assert Workspace(folder).verify() == []


def test_a_missing_import_of_a_close_is_named_and_nothing_is_guessed(folder: Path):
    record = json.loads((folder / "store" / "closes" / "2026-09.json").read_text())
    imports = folder / "store" / "prices" / "imports"
    import_sheet(folder, LATER)
    held = [imports / f"{name}.parquet" for name in record["price_imports"]]
    (contract,) = [path for path in held if PriceImport.load(path).layer == "contract"]
    contract.unlink()
    done = run(folder, "rebuild")
    assert done.exit_code == 1
    assert "a closed month was priced with" in str(done.exception or done.output)


def test_an_invoice_that_comes_later_is_trued_up_once(folder: Path):
    done = answer(
        folder, "close", "2026-10", "--as", "c", "--invoice", "186", "--true-up", "2026-09", "61.5"
    )
    why = next(one["why"] for one in done["checks"] if one["name"] == "accrued")
    assert "true-up of 2026-09 +1.50 USD" in why
    record = json.loads((folder / "store" / "closes" / "2026-10.json").read_text())
    assert record["true_ups"]["2026-09"]["true_up_usd"] == pytest.approx(1.5)
    assert record["true_ups"]["2026-09"]["accuracy"] == pytest.approx(60 / 61.5)


def test_an_accrual_whose_invoice_is_out_is_carried_and_said(folder: Path):
    done = answer(folder, "close", "2026-10", "--as", "c")
    why = next(one["why"] for one in done["checks"] if one["name"] == "accrued")
    assert "60.00 USD of 2026-09 still accrued" in why
    refused = run(folder, "close", "2026-11", "--as", "c", "--true-up", "2026-08", "5")
    assert refused.exit_code != 0

"""Close, envelope, variance, locks and workbook, on two months whose cost is worked by hand.

September: 30 requests of a million tokens at 2 USD, 60 USD. October: 31 requests of two million
tokens at 3 USD, 186 USD.
"""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.spine import NOW, ingest, write_jsonl
from workbench.answers.publish import publish
from workbench.answers.vintages import outcomes_of, scored
from workbench.cli import workbench
from workbench.errors import InputError
from workbench.workspace import Workspace

SHEET = """provider,model,meter,usd,per,effective_from,effective_to,source
openai,house-model,uncached_input_tokens,2,1000000,2026-09-01,2026-10-01,contract
openai,house-model,uncached_input_tokens,3,1000000,2026-10-01,,contract
"""
JUDGED = {"owner": "product", "dated": "2026-11-01", "source": "pilot", "expires": "2099-12-31"}
REGISTER = {
    "kind": "assumptions", "name": "house", "first_month": "2026-11", "months": 3,
    "budget_usd": [200, 200, 200],
    "drivers": {
        "calls": {"value": 5, "low": 4, "high": 6, **JUDGED,
                  "measure": {"of": "requests", "days": 28}},
        "tokens": {"value": 1, "low": 1, "high": 1, **JUDGED,
                   "measure": {"of": "meters_per_request", "days": 28,
                               "meters": ["uncached_input_tokens"]}},
        "pages": {"value": 10, "low": 8, "high": 12, **JUDGED},
    },
    "lines": {
        "tokens": {"drivers": ["calls", "tokens"], "per_units": 1e6, "source": "contract",
                   "prices": [{"starts": "2026-10", "usd": 3}, {"starts": "2027-01", "usd": 2}]},
        "pages": {"drivers": ["pages"], "source": "list",
                  "prices": [{"starts": "2026-11", "usd": 0.5}]},
    },
}  # fmt: skip


def row(n: int, day: date, tokens: int, **more: object) -> dict[str, object]:
    return {
        "request_id": f"r{n}", "started_at": f"{day.isoformat()}T10:00:00Z", "provider": "openai",
        "model": "house-model", "feature": "chat", "team": "desk", "environment": "production",
        "user_id": f"u{n % 2}", "status": "ok", "uncached_input_tokens": tokens, **more,
    }  # fmt: skip


def rows() -> list[dict[str, object]]:
    days = [date(2026, 9, 1) + timedelta(days=n) for n in range(61)]
    return [row(n, day, 1_000_000 * (day.month - 8)) for n, day in enumerate(days)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("finance")
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    sheet = tmp_path / "contract.csv"
    sheet.write_text(SHEET)
    workspace.import_prices([sheet], now=NOW)
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", rows()))
    (root / "assumptions" / "house.yaml").write_text(yaml.safe_dump(REGISTER))
    return root


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "ws")


def run(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(workbench, [*map(str, arguments), "--workspace", str(folder)])


def answer(folder: Path, *arguments: object):
    done = run(folder, *arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.output)


def test_variance_of_two_months_worked_by_hand(folder: Path):
    found = answer(folder, "model", "variance")
    # 30 to 62 million tokens at 2 USD; then 62 million at 1 USD more.
    assert (found["against"], found["month"]) == ("2026-09", "2026-10")
    assert found["base_usd"] == pytest.approx(60)
    assert found["actual_usd"] == pytest.approx(186)
    assert found["volume"] == pytest.approx(64)
    assert found["price"] == pytest.approx(62)
    assert found["mix"] == pytest.approx(0, abs=1e-9)
    legs = found["usage_legs"]["legs"]
    # The same two users; 30 to 31 requests, 1 to 2 million tokens a request, 2 to 3 USD.
    assert legs["users"] == pytest.approx(0)
    assert legs["requests_per_user"] == pytest.approx(2)
    assert legs["tokens_per_request"] == pytest.approx(62)
    assert legs["list_price"] + legs["discount"] == pytest.approx(62)


def test_a_bar_opens_the_log_rows_behind_it(folder: Path, tmp_path: Path):
    more = [
        row(910, date(2026, 10, 9), 7, model="other-model"),
        row(911, date(2026, 10, 9), 0, pages=2),
    ]
    ingest(Workspace(folder), write_jsonl(tmp_path / "more.jsonl", more))
    found = answer(folder, "model", "variance", "--rows", "price", "--limit", "3")
    # All 30 and 31 rows of the model that was priced in both months, and nothing else.
    assert found["rows_in_all"] == 61
    assert float(found["rows_usd"]) == pytest.approx(60 + 186)
    assert len(found["rows"]) == 3
    assert found["rows"][0]["path"].endswith("log.jsonl")
    assert found["rows"][0]["request_id"].startswith("r")
    assert found["rows"][0]["source_row"] > 0
    name = "house-model · uncached input tokens"
    assert found["lines"] == [{"name": name, "feature": "chat", "usd": pytest.approx(62)}]
    one = answer(folder, "model", "variance", "--rows", "price", "--line", name)
    assert one["rows_in_all"] == 61
    assert "No line has a share in new" in str(
        run(folder, "model", "variance", "--rows", "new").exception
    )
    odd = run(folder, "model", "variance", "--rows", "price", "--line", "x'); DROP TABLE meta; --")
    assert isinstance(odd.exception, InputError)


def test_a_bar_of_token_use_and_of_the_budget_opens_its_rows(folder: Path):
    users = answer(folder, "model", "variance", "--rows", "requests_per_user")
    assert users["usd"] == pytest.approx(2)  # 30 to 31 requests of 1 Mtok at 2 USD
    assert sum(one["usd"] for one in users["lines"]) == pytest.approx(users["usd"], abs=1e-12)
    assert users["rows_in_all"] == 61
    plan = {"owner": "lead", "date": "2026-08-01", "source": "board paper",
            "months": {"2026-09": {"chat": 50.0, "idle": 9.0}, "2026-10": {"chat": 100.0}}}  # fmt: skip
    (folder / "assumptions" / "budget.yaml").write_text(yaml.safe_dump(plan))
    budget = answer(folder, "model", "variance", "--rows", "budget")
    assert budget["usd"] == pytest.approx(60 + 186 - 159)
    idle = answer(folder, "model", "variance", "--rows", "budget", "--line", "idle")
    assert (idle["usd"], idle["rows_in_all"]) == (-9.0, 0)
    assert idle["lines"] == [
        {"name": "2026-09, planned", "feature": "idle", "usd": -9.0,
         "source": "assumptions/budget.yaml › months.2026-09.idle; lead, 2026-08-01, board paper"}
    ]  # fmt: skip


def test_variance_refuses_a_month_without_usage(folder: Path):
    assert "No usage in 2026-01" in str(
        run(folder, "model", "variance", "--month", "2026-01").exception
    )
    assert run(folder, "model", "variance", "--month", "October").exit_code == 2


def test_envelope_measures_its_leaves_from_the_logs(folder: Path):
    found = answer(folder, "model", "envelope")
    # One call a day is 365.25 / 12 a month; 2 Mtok at 3 USD, then at 2 USD, and 10 pages at 0.50.
    assert found["base_case_usd"] == pytest.approx([187.625, 187.625, 126.75])
    assert found["drivers"]["calls"]["basis"] == "measured"
    # Volumes are forecast from all there is, with the error such totals had.
    assert "forecast of 28 days from 61 days to 2026-10-31" in found["drivers"]["calls"]["source"]
    assert found["drivers"]["pages"] == {
        "p50": 10.0, "basis": "assumption", "source": "pilot", "owner": "product",
        "dated": "2026-11-01", "expires": "2099-12-31",
    }  # fmt: skip


def test_envelope_of_a_file_needs_no_workspace_and_measures_nothing(tmp_path: Path):
    path = tmp_path / "register.yaml"
    path.write_text(yaml.safe_dump(REGISTER | {"lines": {"pages": REGISTER["lines"]["pages"]}}))
    done = CliRunner().invoke(workbench, ["model", "envelope", "--inputs", str(path), "--json"])
    assert json.loads(done.output)["base_case_usd"] == pytest.approx([5.0, 5.0, 5.0])


def test_a_scenario_is_laid_over_on_the_same_draws(folder: Path):
    change = {"path": "lines.pages.prices.0.usd", "to": 1.0, "reason": "r", "owner": "o",
              "source": "s", "expires": "2099-01-01"}  # fmt: skip
    scenario = {"kind": "scenario", "name": "dear", "base": "house", "changes": [change]}
    (folder / "scenarios" / "dear.yaml").write_text(yaml.safe_dump(scenario))
    base = answer(folder, "model", "envelope")
    dear = answer(folder, "model", "envelope", "--scenario", "dear")
    assert dear["base_case_usd"][0] - base["base_case_usd"][0] == pytest.approx(5.0)
    assert "No scenario cheap" in str(
        run(folder, "model", "envelope", "--scenario", "cheap").exception
    )


def test_a_closed_month_never_moves_and_late_rows_are_adjustments(folder: Path, tmp_path: Path):
    done = run(folder, "close", "2026-09", "--as", "controller")
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "store" / "closes" / "2026-09.json").read_text())
    assert record["totals"]["contract_cost_usd"] == "60.000000000000"
    assert record["closed_by"] == "controller"
    assert "closed" in str(run(folder, "close", "2026-09").exception)

    late = write_jsonl(tmp_path / "late.jsonl", [row(900, date(2026, 9, 30), 5_000_000)])
    ingest(Workspace(folder), late)
    (one,) = answer(folder, "closes")["adjustments"]
    assert one["late_usd"] == pytest.approx(10)
    assert one["late_requests"] == 1
    assert one["other_usd"] == pytest.approx(0, abs=1e-9)

    sheet = tmp_path / "second.csv"
    sheet.write_text(SHEET.replace("tokens,2,", "tokens,4,"))
    Workspace(folder).import_prices([sheet], now=NOW + timedelta(days=1))
    (one,) = answer(folder, "closes")["adjustments"]
    assert one["now_usd"] == pytest.approx(140)  # 35 Mtok at 4 USD
    assert one["late_usd"] == pytest.approx(20)
    assert answer(folder, "model", "variance")["base_usd"] == pytest.approx(60)


def test_a_month_stays_open_while_a_day_is_missing_or_a_row_unpriced(folder: Path, tmp_path: Path):
    unpriced = row(901, date(2026, 10, 5), 10, model="unheard-of")
    ingest(Workspace(folder), write_jsonl(tmp_path / "odd.jsonl", [unpriced]))
    done = run(folder, "close", "2026-10", "--as", "controller")
    assert done.exit_code == 1
    assert not list((folder / "store" / "closes").glob("*.json"))
    assert "add --as NAME" in str(
        run(folder, "close", "2026-10", "--accept", "unheard-of").exception
    )
    assert "Nothing unpriced of other" in str(
        run(folder, "close", "2026-10", "--as", "c", "--accept", "other").exception
    )
    assert run(folder, "close", "2026-10", "--as", "c", "--accept", "unheard-of").exit_code == 0


def test_missing_days_are_counted_where_rows_are_usual(tmp_path: Path):
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    kept = [one for one in rows() if one["started_at"][:10] not in ("2026-10-13", "2026-10-14")]
    # Eight of nine dates of a weekday are below the nine in ten that make it usual, so a year helps.
    earlier = [row(1_000 + n, date(2026, 1, 1) + timedelta(days=n), 1_000_000) for n in range(243)]
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", [*earlier, *kept]))
    done = run(root, "close", "2026-10", "--as", "controller")
    assert done.exit_code == 1
    assert "lacks 2 days" in done.output


@pytest.fixture
def holed(tmp_path: Path) -> Path:
    """A year of 2 Mtok a day and 4 on Mondays at 3 USD; 13 and 14 October 2026 lack logs."""
    root = tmp_path / "holed"
    workspace = Workspace.init(root)
    sheet = tmp_path / "contract.csv"
    sheet.write_text(SHEET.replace("2026-09-01", "2026-01-01").replace("tokens,2,", "tokens,3,"))
    workspace.import_prices([sheet], now=NOW)
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(304)]
    there = [row(n, day, 4_000_000 if day.weekday() == 0 else 2_000_000) for n, day in enumerate(days)
             if day not in (date(2026, 10, 13), date(2026, 10, 14))]  # fmt: skip
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", there))
    return root


def test_missing_days_are_estimated_apart_and_trued_up_when_the_logs_come(holed: Path, tmp_path: Path):  # fmt: skip
    metered = run(holed, "sql", "SELECT sum(contract_cost_usd) FROM daily_cost").output
    assert "booked by name" in str(run(holed, "close", "2026-10", "--estimate").exception)
    assert run(holed, "close", "2026-10", "--as", "controller").exit_code == 1
    done = run(holed, "close", "2026-10", "--as", "controller", "--estimate")
    assert done.exit_code == 0, done.output
    assert "booked by controller, in no metered figure" in " ".join(done.output.split())
    record = json.loads((holed / "store" / "closes" / "2026-10.json").read_text())
    (one,) = record["estimates"]
    assert one["days"] == ["2026-10-13", "2026-10-14"]
    # Two usual days of 2 Mtok cost 12 USD.
    assert one["p10_usd"] < 12 < one["p90_usd"]
    assert one["p50_usd"] == pytest.approx(12, rel=0.05)
    assert "missed by" in one["error"]
    assert record["figures"]["accrual"]["estimated_usd"] == one["p50_usd"]
    # 29 days, 4 of them Mondays: 33 units of 2 Mtok at 3 USD; nothing estimated is in it.
    assert float(record["totals"]["contract_cost_usd"]) == pytest.approx(33 * 6)
    assert run(holed, "sql", "SELECT sum(contract_cost_usd) FROM daily_cost").output == metered

    late = [row(900 + n, date(2026, 10, 13 + n), 2_500_000) for n in range(2)]
    november = [row(2_000 + n, date(2026, 11, 1) + timedelta(days=n), 2_000_000) for n in range(30)]
    ingest(Workspace(holed), write_jsonl(tmp_path / "late.jsonl", [*late, *november]))
    assert run(holed, "close", "2026-11", "--as", "controller").exit_code == 0
    following = json.loads((holed / "store" / "closes" / "2026-11.json").read_text())
    (settled,) = following["estimate_true_ups"]
    assert settled["metered_usd"] == pytest.approx(15)
    assert settled["true_up_usd"] == pytest.approx(15 - one["p50_usd"])
    (booked,) = following["prior_period_adjustments"]
    assert float(booked["usd"]) == pytest.approx(15)


def test_an_invoice_that_differs_keeps_the_month_open(folder: Path):
    assert run(folder, "close", "2026-09", "--invoice", "70").exit_code == 1
    assert run(folder, "close", "2026-09", "--invoice", "60.3").exit_code == 0


def test_a_changed_record_is_refused(folder: Path):
    run(folder, "close", "2026-09")
    path = folder / "store" / "closes" / "2026-09.json"
    path.chmod(0o600)
    path.write_text(path.read_text().replace("60.000000000000", "61.000000000000"))
    assert "no longer fit their hash" in str(run(folder, "closes").exception)


def test_a_month_that_has_not_ended_or_has_no_usage_is_refused(folder: Path):
    assert "has not ended" in str(run(folder, "close", "2026-11").exception)
    assert "No usage" in str(run(folder, "close", "2026-01").exception)
    assert run(folder, "close", "2026-13").exit_code == 2


def test_maker_and_checker_lock_a_version_that_is_never_locked_again(folder: Path):
    assert "recorded, not authenticated" in run(
        folder, "assumptions", "draft", "--as", "ann"
    ).output.replace("\n", " ")
    run(folder, "assumptions", "submit", "--as", "ann")
    assert isinstance(run(folder, "assumptions", "approve", "--as", "Ann").exception, InputError)
    assert isinstance(run(folder, "assumptions", "lock", "--as", "bob").exception, InputError)
    assert run(folder, "assumptions", "approve", "--as", "bob").exit_code == 0
    assert run(folder, "assumptions", "lock", "--as", "bob").exit_code == 0
    (version,) = answer(folder, "assumptions", "list")
    assert version["state"] == "locked"
    assert [one["by"] for one in version["signatures"]] == ["ann", "ann", "bob", "bob"]
    assert "locked already" in str(run(folder, "assumptions", "draft", "--as", "ann").exception)


def test_two_versions_are_compared_and_bridged(folder: Path):
    assert "nothing to compare" in str(run(folder, "assumptions", "diff").exception)
    for step, who in (("draft", "ann"), ("submit", "ann"), ("approve", "bob"), ("lock", "bob")):
        assert run(folder, "assumptions", step, "--as", who).exit_code == 0
    path = folder / "assumptions" / "house.yaml"
    content = yaml.safe_load(path.read_text())
    content["drivers"]["pages"]["value"] = 12
    path.write_text(yaml.safe_dump(content))
    found = answer(folder, "assumptions", "diff")
    assert found["differences"] == [{"path": "drivers.pages.value", "before": 10.0, "after": 12.0}]
    # Two pages more at 0.50 USD in each of three months.
    assert found["bridge"] == [{"entry": "drivers.pages", "usd": pytest.approx(3.0)}]
    assert found["base_after_usd"] - found["base_before_usd"] == pytest.approx(3.0)
    assert "begin with 'ffff'" in str(
        run(folder, "assumptions", "diff", "--from", "ffff").exception
    )


def test_a_month_is_scored_by_the_newest_envelope_locked_before_it(tmp_path: Path):
    def lock(name: str, on: str, p90: float) -> None:
        spread = {"p10": 40.0, "p50": 50.0, "p90": p90, "mean": 50.0}
        content = {
            "locked_on": on, "register": {"name": "house"}, "version": {},
            "report": {"months": ["2026-09", "2026-10"], "by_month": [spread, spread]},
        }  # fmt: skip
        (tmp_path / "assumptions" / "locked").mkdir(parents=True, exist_ok=True)
        (tmp_path / "assumptions" / "locked" / f"{name}.json").write_text(json.dumps(content))

    actual = {"2026-08": 1.0, "2026-09": 60.0, "2026-10": 186.0}
    assert scored(outcomes_of(tmp_path, "house", actual)) is None
    lock("a", "2026-08-31", 70.0)
    lock("b", "2026-09-15", 200.0)  # too late for September
    found = outcomes_of(tmp_path, "house", actual)
    assert [(one.period, one.p90, one.held) for one in found] == [
        ("2026-09", 70.0, True),
        ("2026-10", 200.0, True),
    ]
    assert scored(found).sentence == "held 2 of the last 2"


def test_the_workbook_adds_up(folder: Path, tmp_path: Path):
    out = tmp_path / "book.xlsx"
    done = run(folder, "export", "excel", "--out", out, "--as", "analyst", "--invoice", "186")
    assert done.exit_code == 0, (done.output, done.exception)
    book = openpyxl.load_workbook(out, data_only=True)
    assert book["Cover"]["B3"].value == "OK"
    checks = {one[0]: one[1:3] for one in book["Checks"].iter_rows(values_only=True) if one[0]}
    assert checks["Who pays adds up to the cost"] == pytest.approx((186.0, 186.0))


def test_allocation_adds_up_to_the_cent(tmp_path: Path):
    path = tmp_path / "in.json"
    cost = {"source": "cloud", "day": "2026-10-01", "usd": "1.00"}
    rule = {"name": "even", "kind": "even", "weights": ["a", "b", "c"]}
    path.write_text(json.dumps({"costs": [cost], "rules": [rule]}))
    done = CliRunner().invoke(workbench, ["model", "allocation", "--inputs", str(path), "--json"])
    assert json.loads(done.output)["by_payer"] == {
        "a": "0.34", "b": "0.33", "c": "0.33", "unallocated": "0",
    }  # fmt: skip


def headless(tmp_path: Path, name: str, inputs: object) -> Result:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(inputs))
    return CliRunner().invoke(workbench, ["model", name, "--inputs", str(path), "--json"])


@pytest.mark.parametrize(
    ("cost", "rule", "said"),
    [
        ({"usd": "NaN"}, {}, "`costs[0]`, usd"),
        ({"usd": "Infinity"}, {}, "`costs[0]`, usd"),
        ({"usd": 1e300}, {}, "`costs[0]`, usd"),
        ({"usd": True}, {}, "`costs[0]`, usd"),
        ({"tag": ["a"]}, {}, "`costs[0], tag`"),
        ({"day": 5}, {}, "`costs[0]`"),
        ({}, {"weights": 5}, "`rules[0]`, weights"),
        ({}, {"weights": {"a": -1, "b": 1}}, "`rules[0]`, weights: The weight of 'a' is -1"),
        ({}, {"weights": {"a": "1/0"}}, "`rules[0]`, weights: The weight of 'a'"),
        ({}, {"weights": {"a": "1e999999999"}}, "`rules[0]`, weights: The weight of 'a'"),
        ({}, {"weights": {"a": "NaN"}}, "`rules[0]`, weights: The weight of 'a'"),
        ({}, {"weights": {"a": None}}, "`rules[0]`, weights: The weight of 'a'"),
        ({}, {"name": ["x"]}, "`rules[0], name`"),
    ],
)
def test_allocation_refuses_what_is_no_amount_by_its_place(tmp_path: Path, cost, rule, said):
    costs = [{"source": "cloud", "day": "2026-10-01", "usd": "1.00", **cost}]
    rules = [{"name": "used", "kind": "driver", "weights": {"a": 1}, **rule}]
    done = headless(tmp_path, "allocation", {"costs": costs, "rules": rules})
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(said)


def test_weights_that_are_all_zero_leave_the_cost_unallocated(tmp_path: Path):
    costs = [{"source": "cloud", "day": "2026-10-01", "usd": "1.00"}]
    rules = [{"name": "used", "kind": "driver", "weights": {"a": 0, "b": "0e-99"}}]
    done = headless(tmp_path, "allocation", {"costs": costs, "rules": rules})
    assert json.loads(done.stdout)["by_payer"] == {"unallocated": "1.00"}


@pytest.mark.parametrize(
    ("line", "more", "said"),
    [
        ({"quantity": 1e308}, {}, "`base[0]`, quantity"),
        ({"quantity": 10**400}, {}, "`base[0]`, quantity"),
        ({"quantity": "NaN"}, {}, "`base[0]`, quantity"),
        ({"quantity": True}, {}, "`base[0]`, quantity"),
        ({"unit_price_usd": 1e308}, {}, "`base[0]`, unit_price_usd"),
        ({"unit_price_usd": "dear"}, {}, "`base[0]`, unit_price_usd"),
        ({}, {"successors": 5}, "`successors`"),
        ({}, {"successors": {"v1": ["v2"]}}, "`successors`"),
    ],
)
def test_variance_refuses_what_is_no_number_by_its_place(tmp_path: Path, line, more, said):
    good = {"name": "v1", "quantity": "10", "unit_price_usd": 2}
    done = headless(tmp_path, "variance", {"base": [{**good, **line}], "actual": [good], **more})
    assert isinstance(done.exception, InputError)
    assert str(done.exception).startswith(said)


def test_a_month_is_placed_by_the_rules_of_the_workspace(folder: Path, tmp_path: Path):
    untagged = [
        row(920 + n, date(2026, 10, day), 1_000_000, team=None) for n, day in enumerate((5, 25))
    ]
    other = row(930, date(2026, 10, 6), 1_000_000, team="shop")
    ingest(Workspace(folder), write_jsonl(tmp_path / "more.jsonl", [*untagged, other]))
    found = answer(folder, "model", "allocation", "--month", "2026-10")
    assert found["by_payer"] == {"desk": "186.000000000000", "shop": "3.000000000000",
                                 "unallocated": "6.000000000000"}  # fmt: skip
    rules = {
        "kind": "allocation",
        "rules": [
            {"name": "tag", "kind": "direct"},
            {"name": "by use", "kind": "driver", "by": "requests", "valid_to": "2026-10-20"},
            {
                "name": "evenly",
                "kind": "even",
                "weights": ["desk", "shop"],
                "valid_from": "2026-10-20",
            },
        ],
    }
    (folder / "assumptions" / "allocation.yaml").write_text(yaml.safe_dump(rules))
    found = answer(folder, "model", "allocation", "--month", "2026-10")
    # 3 USD of the 5th by 31 and 1 requests, 2.91 and 0.09; 3 USD of the 25th evenly.
    payers = {payer: float(usd) for payer, usd in found["by_payer"].items()}
    assert payers == pytest.approx({"desk": 190.41, "shop": 4.59, "unallocated": 0.0})
    assert {rule: float(usd) for rule, usd in found["by_rule"].items()} == pytest.approx(
        {"tag": 189.0, "by use": 3.0, "evenly": 3.0}
    )
    assert run(folder, "close", "2026-10", "--as", "c").exit_code == 0
    record = json.loads((folder / "store" / "closes" / "2026-10.json").read_text())
    assert float(record["allocation"]["shop"]) == pytest.approx(4.59)


def test_rules_that_make_no_sense_are_refused_by_name(folder: Path):
    path = folder / "assumptions" / "allocation.yaml"
    for rules, said in (
        ([{"name": "x", "kind": "driver", "by": "mood"}], "goes by requests or cost"),
        ([{"name": "x", "kind": "odd"}], "allocation.yaml: rules"),
        ([{"name": "x", "kind": "direct"}] * 2, "in force twice"),
    ):
        path.write_text(yaml.safe_dump({"kind": "allocation", "rules": rules}))
        assert said in str(run(folder, "model", "allocation", "--month", "2026-10").exception)
    assert run(folder, "model", "allocation").exit_code == 2


def test_pages_read_what_the_commands_say(folder: Path, monkeypatch: pytest.MonkeyPatch):
    from widgets.envelope import page as envelope_page
    from widgets.variance import page as variance_page

    publish(Workspace(folder), now=NOW)
    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(folder))
    said = answer(folder, "model", "envelope")
    shown = envelope_page()
    assert f"{said['risk']['p_breach']:.0%}".replace("%", " %") in shown.charts.head["answer"]
    before = shown.charts.head["answer"]
    shown.inputs["price"].value = 2.0
    assert shown.charts.head["answer"] != before
    assert "uncalibrated: no locked envelope yet" in shown.charts.tiles[0]["foot"]
    bridge = variance_page()
    assert bridge.charts.head["answer"].startswith("Oct 2026 cost $186")
    assert [one["label"] for one in bridge.charts.tiles][1:4] == ["Volume", "Mix", "Price"]
    assert bridge.charts.tiles[1]["value"] == "+64.00"
    bridge._on_message(None, {"kind": "open", "key": "pvm/price"}, None)
    # 2 to 3 USD a million tokens on 62 million.
    assert bridge.charts.opened["title"] == "Rows behind Price: 62.00 USD"
    row, total = bridge.charts.opened["rows"]
    assert row[:5] == (
        "house-model · uncached input tokens",
        "chat",
        "2.00 per Mtok",
        "3.00 per Mtok",
        "62.00",
    )
    assert row[5].startswith("contract ")
    assert row[6].startswith("61 in ")
    assert total[4] == "62.00"
    assert "price --line" not in bridge.charts.opened["foot"]
    assert bridge.charts.query == "open=pvm%2Fprice"
    for hostile in ("pvm/nothing", "x" * 10_000, None, 7, ["pvm/mix"], {"key": "pvm/mix"}):
        bridge._on_message(None, {"kind": "open", "key": hostile}, None)
        assert bridge.charts.opened["key"] == "pvm/price"
    bridge._on_message(None, {"kind": "open", "key": ""}, None)
    assert bridge.charts.opened == {}
    assert bridge.charts.query == ""

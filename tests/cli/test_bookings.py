"""What the closes book for one month adds up to its invoice, in whatever order things arrive.

September: 30 requests of a million tokens at 2 USD, 60 USD, closed on an accrual. A late request of
5 million tokens is 10 USD at the same price, so that the invoice of September is 70 USD.
"""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.cli.test_closed_months import closed, folder  # noqa: F401 - fixtures
from tests.cli.test_finance import answer, holed, row, run  # noqa: F401 - a fixture among them
from tests.spine import ingest, write_jsonl
from workbench.answers.bookings import in_accounts_usd
from workbench.answers.closes import close_records
from workbench.workspace import Workspace


def accounts(folder: Path) -> dict[str, float]:  # noqa: F811 - the fixture's value
    return answer(folder, "closes")["in_accounts_usd"]


def late(folder: Path, tmp_path: Path, *, n: int = 900) -> None:  # noqa: F811
    rows = [row(n, date(2026, 9, 30), 5_000_000)]
    ingest(Workspace(folder), write_jsonl(tmp_path / f"late{n}.jsonl", rows))


def november(folder: Path, tmp_path: Path) -> None:  # noqa: F811
    rows = [row(2_000 + n, date(2026, 11, 1) + timedelta(days=n), 1_000_000) for n in range(30)]
    ingest(Workspace(folder), write_jsonl(tmp_path / "november.jsonl", rows))


def test_late_rows_that_are_in_the_invoice_are_not_booked_twice(folder: Path, tmp_path: Path):  # noqa: F811
    late(folder, tmp_path)
    done = run(folder, "close", "2026-10", "--as", "c", "--true-up", "2026-09", "70")
    assert done.exit_code == 0, done.output
    said = " ".join(done.output.split())
    assert "+10.00 prior-period adjustment of 2026-09, +0.00 true-up of 2026-09" in said
    assert "Booked: 196.00 USD (+186.00 accrual of 2026-10" in said
    assert accounts(folder) == {"2026-09": 70.0, "2026-10": 186.0}


def test_an_invoice_after_the_adjustment_was_booked_settles_the_rest(folder: Path, tmp_path: Path):  # noqa: F811
    late(folder, tmp_path)
    assert run(folder, "close", "2026-10", "--as", "c").exit_code == 0
    assert accounts(folder)["2026-09"] == 70.0
    november(folder, tmp_path)
    done = answer(folder, "close", "2026-11", "--as", "c", "--true-up", "2026-09", "71.5")
    assert "true-up of 2026-09 +1.50 USD" in str(done["checks"])
    assert accounts(folder)["2026-09"] == pytest.approx(71.5)


def test_a_settled_month_stands_with_its_invoice_whatever_comes_later(folder: Path, tmp_path: Path):  # noqa: F811
    run(folder, "close", "2026-10", "--as", "c", "--true-up", "2026-09", "70")
    assert accounts(folder)["2026-09"] == pytest.approx(70)
    late(folder, tmp_path)
    november(folder, tmp_path)
    done = answer(folder, "close", "2026-11", "--as", "c")
    assert "+10.00 USD of 2026-09" in str(done["checks"])  # the metered figure does move
    assert "true-up of 2026-09 -10.00 USD to its invoice" in str(done["checks"])
    assert accounts(folder)["2026-09"] == pytest.approx(70)


def test_an_estimate_is_taken_back_whole_when_its_logs_come(holed: Path, tmp_path: Path):  # noqa: F811
    assert run(holed, "close", "2026-10", "--as", "c", "--estimate").exit_code == 0
    there = [row(900 + n, date(2026, 10, 13 + n), 2_500_000) for n in range(2)]
    ingest(Workspace(holed), write_jsonl(tmp_path / "came.jsonl", there))
    november(holed, tmp_path)
    assert run(holed, "close", "2026-11", "--as", "c").exit_code == 0
    # 33 units of 2 Mtok and 2 days of 2.5 Mtok, all at 3 USD: what the logs hold, once.
    assert in_accounts_usd(close_records(holed))["2026-10"] == pytest.approx(33 * 6 + 15)


@pytest.mark.parametrize("option", [["--invoice", "nan"], ["--true-up", "2026-09", "inf"]])
def test_an_amount_that_is_no_number_is_refused(folder: Path, option: list[str]):  # noqa: F811
    done = run(folder, "close", "2026-10", "--as", "c", *option)
    assert done.exit_code == 2
    assert "is no amount" in done.output
    assert not (folder / "store" / "closes" / "2026-10.json").exists()


def test_the_journal_is_kept_with_the_close(folder: Path, tmp_path: Path):  # noqa: F811
    late(folder, tmp_path)
    run(folder, "close", "2026-10", "--as", "c", "--true-up", "2026-09", "70")
    record = json.loads((folder / "store" / "closes" / "2026-10.json").read_text())
    assert [(one["month"], one["what"], round(one["usd"], 6)) for one in record["journal"]] == [
        ("2026-10", "accrual", 186.0),
        ("2026-09", "prior-period adjustment", 10.0),
        ("2026-09", "true-up", 0.0),
    ]

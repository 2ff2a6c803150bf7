import json
from datetime import date

import numpy as np
import openpyxl
import pytest

from workbench.errors import InputError
from workbench.exports.excel import Cover, export_workbook
from workbench.exports.excel.register import Periods, register_content
from workbench.models.envelope.leaves import measured_by_day
from workbench.models.variance.pvm import Line
from workbench.playbook.assumptions.report import envelope_report
from workbench.playbook.assumptions.scenarios import parse_register

JUDGED = {"owner": "product", "dated": "2026-11-01", "source": "pilot", "expires": "2027-06-30"}


def register(**changes):
    content = {
        "name": "assistant",
        "first_month": "2026-11",
        "months": 4,
        "seed": 9,
        "budget_usd": 1_100,
        "drivers": {
            "calls": {"value": 1_000, "low": 800, "high": 1_250, **JUDGED},
            "hit": {"value": 0.5, "low": 0.4, "high": 0.6, "share": True, **JUDGED},
        },
        "lines": {
            "fresh": {
                "drivers": ["calls"],
                "complements": ["hit"],
                "prices": [{"starts": "2026-11", "usd": 2.0}],
                "source": "price sheet",
            }
        },
    }
    return parse_register(content | changes, name="register")


def test_everything_is_plain_data():
    report = envelope_report(register(), paths=256).as_dict()
    again = json.loads(json.dumps(report))
    assert again["months"] == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert again["base_case_usd"] == [1_000.0] * 4
    assert again["seed"] == 9
    assert set(again["by_year"]) == {"2026", "2027"}
    assert [one["name"] for one in again["tornado"]] == ["calls", "hit"]


def test_no_cache_hit_doubles_the_cost_on_the_same_paths():
    report = envelope_report(register(), paths=1_024)
    stress = {result.name: result for result in report.stresses}
    assert stress["hit at 0"].total.p50 == pytest.approx(8_000, rel=0.01)
    rise = stress["all prices +25 %"]
    assert rise.change_of_p50_usd == pytest.approx(0.25 * report.envelope.total.p50, rel=1e-4)


def test_the_contingency_brings_the_budget_to_the_confidence():
    report = envelope_report(register(budget_usd=1_000), paths=1_024)
    total = report.costs.sum(axis=0)
    reserve = report.contingencies_usd[0.9]
    assert (total <= 4_000 + reserve).mean() == pytest.approx(0.9, abs=0.002)
    assert report.contingencies_usd[0.7] < report.contingencies_usd[0.8] < reserve


def test_what_was_measured_takes_the_place_of_a_judgement():
    days = np.full(28, 500.0)
    calls = measured_by_day(days, source="logs of October", seed=1)
    report = envelope_report(register(), measured={"calls": calls}, paths=256)
    # 500 calls, half of them fresh, at 2 USD.
    assert report.case.by_month == pytest.approx((500.0,) * 4)
    with pytest.raises(InputError, match="nobody"):
        envelope_report(register(), measured={"nobody": calls}, paths=256)


def test_a_register_becomes_a_workbook(tmp_path):
    report = envelope_report(register(), paths=256)
    lines = (Line(name="fresh", quantity=3.0, unit_price_usd=2.0),)
    periods = Periods(
        base="2026-09", actual="2026-10", base_lines=lines, actual_lines=lines, line_sources={}
    )
    cover = Cover(
        title="Assistant",
        scope="production",
        as_of=date(2026, 11, 20),
        version="v",
        seed=9,
        prepared_by="analyst",
    )
    path = tmp_path / "book.xlsx"
    content = register_content(register(), report=report, cover=cover, periods=periods)
    export_workbook(path, content=content)
    book = openpyxl.load_workbook(path, data_only=True)
    assert book["Cover"]["B3"].value == "OK"
    assert [row[4].value for row in book["Prices"].iter_rows(min_row=5)] == ["price sheet"]

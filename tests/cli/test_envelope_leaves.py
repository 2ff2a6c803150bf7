"""Where an envelope's numbers come from: customers, weeks that move together, retirements, shocks."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.test_finance import REGISTER, answer, row, run
from tests.spine import ingest, write_jsonl
from workbench.errors import InputError
from workbench.playbook.assumptions.register import retirement_span
from workbench.playbook.assumptions.scenarios import parse_register
from workbench.workspace import Workspace

FIRST = date(2026, 8, 9)
"""84 days, twelve weeks, to the end of October."""
JUDGED = {"owner": "o", "dated": "2026-11-01", "source": "s", "expires": "2099-12-31"}


def weekly_rows() -> list[dict[str, Any]]:
    """Chat of ten customers; search does three times as much in every other week, chat too."""
    rows = []
    for n in range(84):
        day, busy = FIRST + timedelta(days=n), 3 if (n // 7) % 2 else 1
        for feature, count in (("chat", 10 * busy), ("search", busy), ("batch", 4 - busy)):
            rows += [
                row(len(rows) + at, day, 1_000, feature=feature, tenant=f"tenant-{at % 10}")
                for at in range(count)
            ]
    return rows


def register(**changes: Any) -> dict[str, Any]:
    drivers = {
        name: {"value": 5, "low": 4, "high": 6, **JUDGED,
               "measure": {"of": "requests", "days": 84, "features": [name]}}
        for name in ("chat", "search", "batch")
    }  # fmt: skip
    line = {"drivers": ["chat"], "source": "s", "prices": [{"starts": "2026-08", "usd": 1}]}
    lines = {name: line | {"drivers": [name]} for name in drivers}
    return {**REGISTER, "drivers": drivers, "lines": lines, **changes}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("leaves")
    root = tmp_path / "ws"
    ingest(Workspace.init(root), write_jsonl(tmp_path / "log.jsonl", weekly_rows()))
    return root


def envelope(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    (folder / "assumptions" / "house.yaml").write_text(yaml.safe_dump(content))
    return answer(folder, "model", "envelope")


def test_customers_are_drawn_again_and_their_number_makes_the_month(made: Path):
    content = register()
    content["drivers"]["chat"]["measure"] |= {"by": "customer"}
    found = envelope(made, content)["drivers"]
    # 10 and 30 requests a day in turn, 20 on average, evenly over ten customers: no spread.
    assert found["chat"]["p50"] == pytest.approx(20 * 365.25 / 12)
    assert "10 customers" in found["chat"]["source"]
    # A forecast, not a mean: the last week was a busy one and weighs most.
    assert 2 * 365.25 / 12 < found["search"]["p50"] < 2.2 * 365.25 / 12
    assert "84 days" in found["search"]["source"]


def test_few_customers_leave_the_judgement_in_place(made: Path):
    content = register()
    content["drivers"]["batch"]["measure"] |= {"by": "customer"}  # three tenants
    assert envelope(made, content)["drivers"]["batch"]["basis"] == "assumption"


def test_what_is_not_counted_by_customer_is_refused():
    content = register()
    content["drivers"]["chat"]["measure"] = {"of": "users", "by": "customer"}
    with pytest.raises(InputError, match="goes with requests or usd_per_request"):
        parse_register(content, name="house")


def test_weeks_that_move_together_are_seen_and_those_judged_stay(made: Path):
    def pair(one: str, other: str, measure: bool) -> dict[str, Any]:
        return {"between": [one, other], "rho": 0.2, "source": "s", "measure": measure}

    together = {"together": pair("chat", "search", True)}
    found = envelope(made, register(correlations=together))["correlations"]
    assert found["together"] == {"rho": pytest.approx(1.0), "basis": "measured"}
    both = together | {"apart": pair("search", "batch", False)}
    found = envelope(made, register(correlations=both))["correlations"]
    assert found["apart"] == {"rho": 0.2, "basis": "assumption"}
    # Search cannot follow chat wholly and batch a little while chat and batch are independent.
    assert found["together"]["rho"] == pytest.approx(0.2 + 0.9 * 0.8)


def test_a_retirement_dates_its_event_and_makes_it_certain():
    event = {
        "lines": ["chat"], "retires": "alibaba/qwen3-14b", "one_off_usd": 50.0,
        "factor": {"value": 2.0, **JUDGED},
    }  # fmt: skip
    content = register(first_month="2026-09", events={"moved": event})
    found = parse_register(content, name="house").events["moved"]
    assert (found.probability, found.earliest, found.latest) == (1.0, "2026-10", "2026-10")
    later = parse_register(
        register(events={"moved": event | {"earliest": "2026-12", "latest": "2026-12"}}), name="x"
    )
    assert later.events["moved"].earliest == "2026-12"  # what the owner says comes first
    with pytest.raises(InputError, match="no confirmed retirement of nobody/nothing"):
        parse_register(register(events={"m": event | {"retires": "nobody/nothing"}}), name="x")


def test_a_day_before_which_a_model_stays_is_the_earliest_month_only():
    assert retirement_span("anthropic/claude-sonnet-5") == {"earliest": "2027-06"}


def test_a_model_in_use_that_retires_in_the_span_is_named_until_an_event_foresees_it(
    tmp_path: Path,
):
    root = tmp_path / "ws"
    logged = [
        row(n, date(2026, 9, 1) + timedelta(days=n), 1_000, provider="alibaba", model="qwen3-14b")
        for n in range(30)
    ]
    ingest(Workspace.init(root), write_jsonl(tmp_path / "log.jsonl", logged))
    open_ended = register(first_month="2026-10")
    assert envelope(root, open_ended)["retirements"] == ["alibaba/qwen3-14b on 2026-10-10"]
    event = {"lines": ["chat"], "retires": "alibaba/qwen3-14b", "factor": {"value": 2.0, **JUDGED}}
    assert envelope(root, open_ended | {"events": {"moved": event}})["retirements"] == []


def test_shocks_of_the_register_are_tried_on_the_base_draws(made: Path):
    content = register(
        drivers={
            name: {"value": 10, "low": 10, "high": 10, **JUDGED} for name in ("chat", "search", "batch")
        },
        stresses={
            "twice the chat": {"drivers": {"chat": 2.0}, "source": "s"},
            "dear search": {"lines": {"search": 1.5}, "source": "s"},
        },
    )  # fmt: skip
    found = {one["name"]: one for one in envelope(made, content)["stress"]}
    # Three lines of 10 USD a month over three months: 90 USD.
    assert found["twice the chat"]["change_of_p50_usd"] == pytest.approx(30)
    assert found["dear search"]["change_of_p50_usd"] == pytest.approx(15)
    assert found["all prices +25 %"]["change_of_p50_usd"] == pytest.approx(22.5)


def test_a_shock_to_something_that_is_not_there_is_refused(made: Path):
    content = register(stresses={"odd": {"drivers": {"nobody": 2.0}, "source": "s"}})
    (made / "assumptions" / "house.yaml").write_text(yaml.safe_dump(content))
    assert "nobody" in str(run(made, "model", "envelope").exception)


def test_a_register_read_again_from_its_own_record_is_the_same():
    event = {"lines": ["chat"], "retires": "alibaba/qwen3-14b", "factor": {"value": 2.0, **JUDGED}}
    once = parse_register(register(events={"moved": event}), name="house")
    assert parse_register(json.loads(json.dumps(once.as_dict())), name="house") == once

"""Bars of the reconciliation and days of monitoring open rows that sum to them."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from widgets import monitoring, reconciliation
from widgets.monitoring_opened import behind as day_behind
from widgets.reconciliation_opened import behind as bar_behind
from workbench.models.reconciliation import ModelGap, Reconciled

_spec = importlib.util.spec_from_file_location(
    "fake_snapshot", Path(__file__).with_name("fake_snapshot.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeSnapshot = _module.FakeSnapshot
CENT = 10_000_000_000
"""Pico-USD."""


def month(provider: str, *, logged: int, causes: dict[str, int], rest: int) -> Reconciled:
    """Build a provider's month in cents."""
    half = logged * CENT // 2
    return Reconciled(
        provider=provider, month="2026-10", logged_pico=logged * CENT, unexplained_pico=rest * CENT,
        billed_pico=(logged + sum(causes.values()) + rest) * CENT, requests=10, unpriced_requests=0,
        causes_pico={name: usd * CENT for name, usd in causes.items()}, assumed_requests=0, lines=3,
        models=tuple(
            ModelGap(model=name, logged_pico=usd, billed_pico=usd, requests=5, unpriced_requests=0)
            for name, usd in (("m1", half), ("m2", logged * CENT - half))
        ),
    )  # fmt: skip


READING = reconciliation.Reading(
    every=(), month="Oct 2026", tolerance=0.02, as_of="31 Oct 2026", files=1,
    chosen=(month("a", logged=1_001, causes={"tax": 50}, rest=3),
            month("b", logged=500, causes={"credit": -120}, rest=0)),
)  # fmt: skip


def amount(cell: str) -> float:
    return float(cell.strip("()").replace(",", "")) * (-1 if cell.startswith("(") else 1)


@pytest.mark.parametrize(
    ("bar", "usd", "rows"),
    [("logs", 15.01, 4), ("invoices", 14.34, 2), ("tax", 0.5, 1), ("credit", -1.2, 1), ("unexplained", 0.03, 1)],
)  # fmt: skip
def test_bars_of_the_bridge_open_and_sum(bar, usd, rows):
    table = bar_behind(READING, f"bridge/{bar}")
    cells = [amount(row[1]) for row in table.rows]
    assert (len(cells) - 1, cells[-1]) == (rows, usd)
    assert round(sum(cells[:-1]), 6) == usd
    assert "to a pico-USD" in table.foot


def test_models_that_do_not_add_up_are_not_shown_for_the_logs():
    one = replace(READING.chosen[0], models=READING.chosen[0].models[:1])
    table = bar_behind(replace(READING, chosen=(one,)), "bridge/logs")
    assert [row[0] for row in table.rows] == ["a", "Sum of rows"]


@pytest.mark.parametrize("key", ["", "bridge/", "bridge/x", "pvm/tax/x"])
def test_a_bar_that_is_not_drawn_opens_nothing(key):
    assert bar_behind(READING, key) is None


class Watched(FakeSnapshot):
    def latency(self, **_):
        return {"day": [], "feature": [], "model": [], "bin": [], "requests": []}


def test_days_of_monitoring_open_their_models():
    made = monitoring.page(Watched())
    made.apply({"feature": "support-chat"})
    rows = made.all_rows()
    assert set(rows) == set(made._offered)
    table = rows["cost/2026-10-04"]
    assert table["rows"] == (
        ("large", "5", "0", "0.90"), ("small", "5", "0", "0.10"), ("Sum of rows", "10", "0", "1.00"),
    )  # fmt: skip
    assert "to a pico-USD. Divided by 10 requests it is 0.100 USD each, the point." in table["foot"]
    assert "0 errors of 10 requests are 0.0 %" in rows["errors/2026-10-04"]["foot"]
    assert "environment = 'production'" in table["foot"]


def test_a_day_whose_point_is_another_opens_nothing():
    made = monitoring.page(Watched())
    made.apply({"feature": "support-chat"})
    data = made._data
    assert day_behind(data, "errors/2026-10-04") is not None
    wrong = replace(data, errors={**data.errors, "2026-10-04": (1, 10)})
    assert day_behind(wrong, "errors/2026-10-04") is None
    for key in ("cost/2027-01-01", "x/2026-10-04", "cost", ""):
        assert day_behind(data, key) is None

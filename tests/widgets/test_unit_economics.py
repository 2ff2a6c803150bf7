import importlib.util
from pathlib import Path

import pytest

from widgets.unit_economics import page
from workbench.errors import StoreError

_spec = importlib.util.spec_from_file_location(
    "fake_snapshot", Path(__file__).with_name("fake_snapshot.py")
)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeSnapshot = _module.FakeSnapshot


def tile(made, label):
    return next(t for t in made.charts.tiles if t["label"].startswith(label))


def test_four_costs_of_a_month_worked_by_hand():
    # October: 31 days. AI 31 USD, 248 resolved, 31 reopened, 62 escalated, people 93 * (6 + 1).
    made = page(FakeSnapshot())
    assert tile(made, "Naive")["value"] == "0.12"  # 31 / 248 = 0.125, half to even
    assert tile(made, "Loaded AI")["value"] == "0.14"  # 31 / 217
    assert tile(made, "Fully loaded")["value"] == "2.20"  # (31 + 651) / 310
    assert tile(made, "Marginal")["value"] == "2.20"
    assert "0.0 %" not in made.charts.head["state"][2][1]
    assert made.charts.head["state"][2][1] == "5.0 %"  # 61 of 1,220


def test_untouched_sliders_change_nothing():
    made = page(FakeSnapshot())
    assert "Measured" not in made.charts.head["answer"]
    assert made.charts.query == ""
    assert made.values()["escalation"] == pytest.approx(0.2)
    assert made.values()["cache"] == pytest.approx(100 / 700)


def test_what_if_escalation_worked_by_hand():
    # 10 % of 310 cases: 31 escalated, 279 resolved, 34.875 reopened; (31 + 65.875 * 7) / 310
    made = page(FakeSnapshot())
    made.inputs["escalation"].value = 0.1
    assert tile(made, "Fully loaded")["value"] == "1.59"
    assert "Measured: $2.20" in made.charts.head["answer"]
    assert made.charts.query == "escalation=0.1"


def test_volume_leaves_the_variable_cost_of_a_unit_alone():
    made = page(FakeSnapshot())
    made.inputs["volume"].value = 2
    assert tile(made, "Fully loaded")["value"] == "2.20"
    assert tile(made, "AI usage")["value"] == "62.00"


def test_model_mix_moves_from_the_dearest_to_the_cheapest():
    made = page(FakeSnapshot())
    made.inputs["shift"].value = 1.0
    # a day: 700 text input of which 100 were cached by the large model, at 0.05 / 300 each, and
    # 100 output at 0.05 / 50: 0.11667 + 0.1 = 0.21667 USD; 31 days
    assert tile(made, "AI usage")["value"] == "6.72"


def test_feature_counted_by_a_meter():
    made = page(FakeSnapshot())
    made.inputs["feature"].value = "images"
    assert tile(made, "Naive")["label"] == "Naive, per image"
    assert tile(made, "Naive")["value"] == "0.20"  # 124 USD / 620 images
    assert made.inputs["escalation"].disabled
    assert "31 of 155 requests have no full price (pix)" in made.charts.head["notice"]


def test_no_outcomes_is_no_answer_and_never_zero():
    made = page(FakeSnapshot(outcomes=False))
    assert (
        made.charts.head["answer"]
        == "What one resolved ticket costs has no answer in this selection."
    )
    assert tile(made, "Fully loaded")["value"] == "n/a"


def test_basis_without_data_says_so():
    made = page(FakeSnapshot())
    made.inputs["basis"].value = "billed"
    assert "No billed cost is known here" in made.charts.head["notice"]


def test_active_users_are_those_counted_for_the_selection():
    made = page(FakeSnapshot())
    rows = {row[0]: row[1:] for row in made.charts.cards[-1]["rows"]}
    assert rows["active user"][0] == "29"
    made.inputs["environment"].value = "all"
    rows = {row[0]: row[1:] for row in made.charts.cards[-1]["rows"]}
    assert rows["active user"] == ("31", "1.00")


@pytest.mark.parametrize(
    "query", ["feature=no-such", "volume=1e9", "volume=nan", "escalation=x", "a=b"]
)
def test_address_out_of_range_is_left_out(query):
    made = page(FakeSnapshot())
    before = dict(made.charts.head)
    made._on_message(None, {"kind": "opened", "query": query}, [])
    assert made.charts.head == before


@pytest.mark.parametrize(
    "message", [None, 7, {"kind": "opened", "query": 3}, {"kind": "run", "query": "x"}]
)
def test_unknown_messages_are_ignored(message):
    made = page(FakeSnapshot())
    before = dict(made.charts.head)
    made._on_message(None, message, [])
    assert made.charts.head == before


def test_browser_may_set_nothing_but_the_query():
    made = page(FakeSnapshot())
    made.charts.set_state({"head": {"answer": "forged"}, "cards": [], "query": "volume=2"})
    assert made.charts.head["answer"] != "forged"
    assert made.charts.cards


def test_error_says_what_to_do_and_shows_no_trace(monkeypatch):
    made = page(FakeSnapshot())

    def broken(*_, **__):
        raise StoreError("/secret/path: broken")

    monkeypatch.setattr(made._snapshot, "daily", broken)
    made.inputs["period"].value = "September 2026"
    assert made.charts.head["stale"]
    assert "workbench publish" in made.charts.head["notice"]
    assert "secret" not in made.charts.head["notice"]


def test_workspace_without_a_snapshot_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(tmp_path))
    assert "workbench publish" in page().charts.head["notice"]


class WithImages(FakeSnapshot):
    def document(self, name):
        if name != "unit_economics":
            return None
        days = ["2026-10-01", "2026-10-02", "2026-09-30", "2026-10-03"]
        return {"images": {
            "day": days, "feature": ["images"] * 4, "environment": ["production"] * 3 + ["sandbox"],
            "size": ["4K", "1K", "1K", "1K"], "images": [10.0, 20.0, 99.0, 99.0],
            "list_cost_usd": [1.6, 1.2, 9.0, 9.0], "contract_cost_usd": [1.5, 1.0, 9.0, 9.0],
        }}  # fmt: skip


def test_image_feature_says_what_each_resolution_costs():
    made = page(WithImages())
    made.inputs["feature"].value = "images"
    made.inputs["period"].value = "October 2026"
    (card,) = [one for one in made.charts.cards if "text included" in one["subtitle"]]
    assert card["title"] == "One 4K image costs $0.15, 3.00 times a 1K one"
    assert [list(row) for row in card["rows"]] == [["1K", "0.0500"], ["4K", "0.150"]]
    assert "99" not in card["foot"]


class Empty(FakeSnapshot):
    def state(self):
        return {**super().state(), "as_of": None, "requests": 0}


def test_empty_workspace_says_what_to_do():
    made = page(Empty())
    assert "workbench ingest" in made.charts.head["notice"]
    from widgets.overview import page as overview

    assert "workbench ingest" in overview(Empty()).charts.head["notice"]


class NoInvoice(FakeSnapshot):
    def document(self, name):
        return None


def test_a_page_without_figures_still_says_of_which_data():
    from widgets.reconciliation import page as reconciliation

    head = reconciliation(NoInvoice()).charts.head
    assert head["stale"]
    assert ("as of", "31 Oct 2026") in [tuple(pair[:2]) for pair in head["state"]]
    assert "`workbench" in head["notice"]

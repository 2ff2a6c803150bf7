import plotly.graph_objects as go
import pytest

from workbench.figures import model_upgrade, monitoring
from workbench.figures.caption import Caption
from workbench.models.model_upgrade import (
    CutOverStep,
    EvaluatedCase,
    compare_models,
    cut_over_plan,
)
from workbench.models.monitoring.latency import percentile_bands

CAPTION = Caption(title="t", subtitle="s", unit="ms")


def drawn(chart):
    return {trace.name: list(trace.y) for trace in go.Figure(chart.figure).data if trace.name}


def test_latency_draws_percentiles_band_and_promise():
    days = [percentile_bands([float(i + shift) for i in range(1, 101)]) for shift in (0, 100)]
    chart = monitoring.latency(CAPTION, days=["1", "2"], percentiles=days, objective_ms=150)
    lines = drawn(chart)
    assert lines["p50"] == [0.05, 0.15]
    assert lines["p95"] == [0.095, 0.195]
    assert lines["p95, 95 % band"] == [day[1].high_ms / 1000 for day in days]
    assert "promised p95" in str(chart.figure["layout"]["annotations"])


def test_cusum_draws_both_sums_and_the_limit():
    chart = monitoring.error_cusum(CAPTION, batches=["a", "b"], worse=[1.0, 0.0], better=[0.0, 1.5])
    assert drawn(chart) == {"worse": [1.0, 0.0], "better": [0.0, 1.5]}
    assert chart.figure["layout"]["shapes"][0]["y0"] == 5


def test_cost_burn_and_drift():
    chart = monitoring.cost_per_request(CAPTION, days=["1", "2"], usd=[1.0, 2.0])
    assert drawn(chart)["average"] == pytest.approx([1.0, 1.2])
    burn = monitoring.burn(CAPTION, minutes=["1", "2"], burn_rates={"1 h": [1, 20]})
    assert "pages at 14.4" in str(burn.figure["layout"]["annotations"])
    drift = monitoring.drift(CAPTION, psi={"size": 0.05, "topic": 0.3})
    assert [row[0] for row in drift.rows] == ["topic", "size"]


FOUND = {
    "promised": {"latency_p95_ms": 90, "availability": 0.99, "envelope_usd": 100.0},
    "burn": {"rules": [
        {"rate": 14.4, "hours": 1, "long_burn": 0.2, "paged_minutes": 0},
        {"rate": 6.0, "hours": 6, "long_burn": 7.0, "paged_minutes": 40},
    ]},
    "cost": {"month": "2026-11", "p50_usd": 80.0, "p80_usd": 120.0},
    "drift": {"indices": {"size": {"psi": 0.05, "word": "pass"}, "topic": {"psi": 0.3, "word": "fail"}}},
}  # fmt: skip


def test_the_answer_names_every_broken_promise():
    whole = percentile_bands([float(i) for i in range(1, 101)])
    said = monitoring.answer("chat", FOUND, whole=whole, errors=1, requests=50)
    assert said == (
        "chat needs a look: p95 may reach 0.098 s of the promised 0.09 s; the error budget burned "
        "fast enough to page; November 2026 may end at $120.00, envelope $100.00; inputs have drifted; "
        "2.0 % of 50 requests failed, promised at most 1 %."
    )
    fine = monitoring.answer("chat", {}, whole=whole, errors=1, requests=50)
    assert fine == "chat has promised nothing: 2.0 % of 50 requests failed."


def test_more_failures_than_promised_are_no_kept_promise():
    promised = {"promised": {"availability": 0.9}}
    kept = monitoring.answer("chat", promised, whole=(), errors=1, requests=10)
    assert kept == "chat keeps its promises: 10.0 % of 10 requests failed."  # all that 0.9 leaves
    broken = monitoring.answer("chat", promised, whole=(), errors=2, requests=10)
    assert broken == "chat needs a look: 20.0 % of 10 requests failed, promised at most 10 %."
    assert not monitoring.over_budget(0, 0, availability=0.9)


def test_the_peak_of_errors_says_of_how_many_requests():
    title = monitoring.errors_title(["1 Oct", "2 Oct"], [(1, 40), (1, 2)])
    assert title == "Errors peaked at 50.0 % on 2 Oct: 1 of 2 requests"
    assert monitoring.errors_title(["1 Oct"], [(0, 4)]) == "No request failed"


def test_tiles_say_each_verdict_in_a_sign_and_a_word():
    whole = percentile_bands([float(i) for i in range(1, 101)])
    tiles = monitoring.tiles(
        FOUND, whole=whole, errors=1, requests=50, as_of="", p95_by_day=[1.0, 2.0],
        error_share_by_day=[0.1, None],
    )  # fmt: skip
    assert [tile.delta for tile in tiles] == [
        "✗ promised 0.09 s", "✗ 1 of 50 requests, promised at most 1 %", "✓ never paged this week",
        "✗ paged 40 min this week", "✗ above envelope $100.00", "✗ fail",
    ]  # fmt: skip
    assert [tile.value for tile in tiles] == ["0.095", "2.0", "0.2", "7.0", "120.00", "0.300"]


def test_upgrade_draws_the_difference_down_to_its_bound():
    cases = [EvaluatedCase(case_id=str(i), success=i > 20, cost_usd=0.01) for i in range(400)]
    found = compare_models(old=cases, new=cases, critical=False)
    chart = model_upgrade.differences(CAPTION, comparison=found)
    (trace,) = go.Figure(chart.figure).data
    assert list(trace.x) == [0]
    assert trace.error_x.arrayminus[0] == pytest.approx(-100 * found.quality.lower_bound)
    assert go.Figure(chart.figure).layout.shapes[0].x0 == -5  # points
    assert chart.rows[0][-1] == "non-inferior"
    steps = model_upgrade.cut_over(CAPTION, steps=cut_over_plan(found, requests_per_hour=1e6))
    assert drawn(steps)["new model"] == [1, 1, 5, 5, 25, 25, 50, 50, 100, 100]
    cost = model_upgrade.cost_per_success(CAPTION, comparison=found)
    assert [row[0] for row in cost.rows] == ["old", "new"]


def test_a_feature_without_measured_latency_draws_an_empty_chart():
    chart = monitoring.latency(CAPTION, days=[], percentiles=[], objective_ms=None)
    assert chart.figure["data"] == []


def test_a_band_shows_as_many_digits_as_tell_its_ends_apart():
    assert monitoring.band(17_551.0, 17_553.0) == "17.551 s to 17.553 s"
    assert monitoring.band(900.0, 1_100.0) == "0.9 s to 1.1 s"


def test_seven_days_of_errors_are_pooled_not_averaged():
    drawn = monitoring.error_share(
        Caption(title="", subtitle="", unit="%"), days=["2026-10-30", "2026-10-31"],
        counts=[(9, 90), (0, 10)], promised=None,
    )  # fmt: skip
    by_day, pooled = (trace["y"] for trace in drawn.figure["data"][:2])
    assert list(by_day) == [10.0, 0.0]
    assert list(pooled) == [10.0, 9.0]


def test_clusters_of_latency_are_named_under_the_chart():
    two = [percentile_bands([5_000.0] * 50 + [9_000.0] * 50) for _ in range(3)]
    one = [percentile_bands([5_000.0 + n for n in range(100)]) for _ in range(3)]
    assert "anywhere from 5 s to 9 s" in monitoring.latency_foot(two)
    assert "clusters" not in monitoring.latency_foot(one)


def test_only_a_jump_of_the_last_days_leads_the_cost_chart():
    level = monitoring.cost_title([0.17] * 60, jumped_on=[])
    assert level == "A request costs $0.17, level with four weeks before"
    rising = monitoring.cost_title([0.10] * 40 + [0.20] * 30, jumped_on=["31 Oct 2026"])
    assert rising.endswith("above four weeks before; it jumped on 31 Oct 2026")


def test_a_cut_over_that_traffic_cannot_prove_says_so():
    def steps(hours):
        return (CutOverStep(share=0.5, hold_hours=hours, requests_needed=566),) * 2

    assert model_upgrade.plan_title(steps(24.0)) == "Cut over in 2 steps and 2 days"
    assert model_upgrade.plan_title(steps(24 * 365.0)) == (
        "Too little traffic to prove each step: 2 of them would take 2.0 years"
    )

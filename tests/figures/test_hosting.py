import numpy as np
import plotly.graph_objects as go
import pytest

from workbench.figures import commitments as commitment_figures
from workbench.figures import hosting as figures
from workbench.figures.caption import Caption
from workbench.models.commitments import CommitmentUnit, best_units, outcome, regret_table
from workbench.models.hosting.capacity import ReplicaPlan
from workbench.models.hosting.decision import Demand, Option, Tolerance, decide

CAPTION = Caption(title="Own capacity pays above 40 %", subtitle="USD per Mtok, {unit}")
RATE = figures.Throughput(p10=800, p50=1_000, p90=1_250, in_box=True)
UNIT = CommitmentUnit(
    name="unit", mtok_per_hour=1.0, usd_per_hour=1.0, spill_usd_per_mtok=4.0, minimum_units=0
)


def drawn(chart):
    """Validate with plotly's own schema and return traces by name."""
    return {trace.name: trace for trace in go.Figure(chart.figure).data if trace.name}


def verdict():
    anywhere = {"regions": frozenset({"eu"}), "data_classes": frozenset({"public"})}
    options = [
        Option(name="API <b>", usd_per_mtok=2.0, ttft_p95_s=0.8, **anywhere),
        Option(
            name="own", usd_per_mtok=2.0, replicas=1, replica_mtok_per_hour=2.0,
            usd_per_replica_hour=1.0, ttft_p95_s=1.2, regions=frozenset({"us"}),
            data_classes=frozenset({"public"}),
        ),
    ]  # fmt: skip
    demand = Demand(mtok_per_month=np.array([[1_000.0], [1_400.0]]), hourly_shape=np.ones(24))
    owner = Tolerance(region="eu", data_class="public", discount_rate_per_year=0.0)
    return decide(options, demand, owner)


def test_break_even_shows_our_point_the_price_and_a_band_around_the_line():
    chart = figures.break_even(
        CAPTION, usd_per_gpu_hour=3.6, throughput=RATE, api_usd_per_mtok=2.5, our_utilization=0.5
    )
    line = next(trace for name, trace in drawn(chart).items() if name == "own capacity")
    # 3.60 USD at 1,000 tokens/s is 1 USD a million at full use, 2 at half
    assert line.y[-1] == pytest.approx(1.0)
    assert line.y[9] == pytest.approx(2.0)
    words = str(chart.figure["layout"]["annotations"])
    assert "we are here: $2.00" in words
    assert "API $2.50" in words


def test_a_dearer_way_to_get_accelerators_lies_above():
    chart = figures.cost_by_utilization(
        CAPTION, usd_per_gpu_hour={"spot": 1.5, "on demand": 3.0}, tokens_per_s_per_gpu=1_000
    )
    lines = drawn(chart)
    assert lines["on demand"].y[5] == pytest.approx(2 * lines["spot"].y[5])


def test_the_week_shows_hours_above_capacity():
    hourly = np.tile(np.array([50.0] * 23 + [120.0]), 7)
    chart = figures.weekly_load(
        CAPTION, share_of_capacity=figures.by_weekday(hourly, capacity=100.0)
    )
    assert "7 of 168 hours exceed capacity" in chart.summary
    assert go.Figure(chart.figure).data[0].z[0][23] == pytest.approx(120)


def test_replicas_paid_for_stand_above_replicas_needed():
    plan = ReplicaPlan(
        needed=np.array([1, 3]), running=np.array([4, 4]), goodput_requests_per_s=1.0,
        full_batch_requests_per_s=2.0,
    )  # fmt: skip
    lines = drawn(figures.replicas_over_week(CAPTION, plan=plan, hours=["00", "01"]))
    assert list(lines["needed"].y) == [1, 3]
    assert list(lines["paid for"].y) == [4, 4]


def test_the_tco_bridge_ends_at_the_sum_of_its_components():
    chart = figures.tco_waterfall(
        CAPTION, usd_per_year={"depreciation": 72_000.0, "power": 8_000.0, "colocation": 0.0}
    )
    assert "a year 80,000" in chart.summary
    assert "colocation" not in chart.summary


def test_shocks_are_ordered_by_how_far_they_move_the_cost():
    chart = figures.shock_tornado(
        CAPTION, base_usd=100.0, results=[("wafer", 100, 101), ("rental", 95, 200)]
    )
    assert "rental" in chart.summary
    go.Figure(chart.figure)


def test_the_map_shows_what_is_chosen_and_escapes_names():
    result = verdict()
    chart = figures.option_map(CAPTION, verdict=result)
    go.Figure(chart.figure)
    assert "<b>" not in str(chart.figure)
    assert "data may not leave eu" in [row[4] for row in chart.rows]
    assert "excluded" in figures.answer(result)
    table = figures.option_table(result, title="Options", subtitle="USD")
    assert table.rows[0][0] == "API <b>"  # a table cell stays text
    assert len(table.rows[0]) == len(table.columns)


def test_an_extrapolation_is_said_in_the_calibration_line():
    outside = figures.Throughput(p10=1, p50=2, p90=4, in_box=False)
    line = figures.calibration_line(outside, measured_points=1_873, median_error=0.078)
    assert "EXTRAPOLATED" in line
    assert "7.8 %" in line


def test_commitment_figures_draw_what_was_computed():
    demand = np.array([1.0, 2.0, 3.0, 4.0])
    best = best_units(UNIT, demand)
    curve = commitment_figures.load_duration_curve(
        CAPTION, unit=UNIT, mtok_by_hour=demand, chosen=best
    )
    assert list(drawn(curve)["demand"].y) == [4, 3, 2, 1]
    outcomes = [outcome(UNIT, n, demand) for n in range(5)]
    lines = drawn(commitment_figures.cost_by_units(CAPTION, outcomes=outcomes))
    # no unit: 10 Mtok at 4 USD
    assert lines["total"].y[0] == pytest.approx(40)
    regret = regret_table(UNIT, [demand, demand * 2], choices=[0, 2, 4])
    assert drawn(commitment_figures.regret_curve(CAPTION, table=regret))
    assert "saved" in commitment_figures.answer(UNIT, best)
    nothing = best_units(UNIT, np.array([0.0, 0.0]))
    assert "Commit to nothing" in commitment_figures.answer(UNIT, nothing)
    table = commitment_figures.outcome_table([("PTU", best)], title="Offers", subtitle="a day")
    assert len(table.rows[0]) == len(table.columns)

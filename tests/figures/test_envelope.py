import numpy as np
import plotly.graph_objects as go
import pytest

from workbench.figures import envelope as figures
from workbench.figures import variance as variance_figures
from workbench.figures.caption import Caption
from workbench.models.envelope.risk import budget_risk, month_names, summarise
from workbench.models.envelope.sensitivity import StressResult, Swing
from workbench.models.forecast.total import TotalInterval
from workbench.models.scoring import EnvelopeOutcome, score_envelopes
from workbench.models.variance.bridge import Step, budget_bridge, shortened, variance_steps
from workbench.models.variance.legs import UsageLegs
from workbench.models.variance.pvm import Line, price_volume_mix

MONTHS = month_names("2026-10", 3)
CAPTION = Caption(title="Budget breaks in December", subtitle="Cost, {unit}")
COSTS = np.array([[90, 100, 110], [95, 105, 115], [80, 120, 160]], dtype=np.float32)
ENVELOPE = summarise(COSTS, months=MONTHS)
BUDGET = (100.0, 100.0, 100.0)


def traces(chart) -> dict[str, list]:
    figure = go.Figure(chart.figure)
    return {trace.name: list(trace.y) for trace in figure.data if trace.name}


def test_burn_up_adds_months_up_and_marks_the_breach():
    risk = budget_risk(COSTS, budget_usd=BUDGET, months=MONTHS)
    chart = figures.burn_up(
        CAPTION, envelope=ENVELOPE, budget_usd=BUDGET, actual_usd=(90.0, None, None), risk=risk
    )
    drawn = traces(chart)
    assert drawn["budget"] == [100, 200, 300]
    assert drawn["P50"] == [100, 205, 325]
    assert drawn["actual"] == [90, None, None]
    assert "budget likely broken" in str(chart.figure["layout"]["annotations"])


def test_fan_shows_each_month_on_its_own():
    drawn = traces(figures.monthly_fan(CAPTION, envelope=ENVELOPE, budget_usd=BUDGET))
    assert drawn["P50"] == [100, 105, 120]


def test_tornado_and_s_curve_are_valid_figures():
    swing = Swing(name="users", input_low=1, input_high=3, low_usd=50.0, high_usd=150.0)
    chart = figures.tornado(CAPTION, base_usd=100.0, swings=[swing])
    assert go.Figure(chart.figure).data
    curve = figures.s_curve(CAPTION, totals_usd=COSTS.sum(axis=0), budget_usd=300.0)
    assert go.Figure(curve.figure).data


def test_stress_table_says_change_and_probability():
    result = StressResult(
        name="context doubles", total=ENVELOPE.total, change_of_p50_usd=25.0, p_breach=0.5
    )
    table = figures.stress_table([result], title="Shocks", subtitle="USD")
    assert table.rows[0][0] == "context doubles"
    assert table.rows[0][-1] == "50 %"


def test_calibration_line_tells_the_record_or_its_absence():
    outcome = EnvelopeOutcome(period="2026-10", p10=1, p50=2, p90=3, actual=2)
    assert figures.calibration_line(score_envelopes([outcome])).endswith("held 1 of the last 1")
    thin = TotalInterval(p10=1, p50=2, p90=3, calibrated=False, past_totals=1.0)
    assert figures.calibration_line(None, thin).startswith("uncalibrated")


def test_the_answer_names_range_probability_and_month():
    risk = budget_risk(COSTS, budget_usd=BUDGET, months=MONTHS)
    text = figures.answer(ENVELOPE, risk=risk, budget_usd=300.0)
    assert "67 %" in text
    assert "Nov 2026" in text


def test_bridge_draws_every_step_and_the_outlook():
    split = price_volume_mix(
        [Line(name="a", quantity=10, unit_price_usd=2)],
        [Line(name="a", quantity=15, unit_price_usd=3)],
    )
    bridge = budget_bridge(
        budget_usd=20.0, actual_usd=45.0, steps=variance_steps(split), rest_of_year_usd=30.0
    )
    chart = variance_figures.bridge_to_actual(CAPTION, bridge=bridge)
    assert [row[0] for row in chart.rows] == [
        "Budget to date", "Volume", "Mix", "Price", "New", "Discontinued", "Actual to date",
    ]  # fmt: skip
    outlook = variance_figures.bridge_to_outlook(CAPTION, bridge=bridge)
    assert [row[0] for row in outlook.rows] == [
        "Actual to date",
        "Forecast rest of year",
        "Outlook",
    ]
    table = variance_figures.lines_table(split, title="Lines", subtitle="USD")
    assert table.rows[-1][0] == "Total"


def test_many_steps_are_gathered_and_still_add_up():
    steps = [Step(label=f"s{at}", value_usd=float(at)) for at in range(12)]
    bridge = shortened(budget_bridge(budget_usd=0.0, actual_usd=66.0, steps=steps), 8)
    chart = variance_figures.bridge_to_actual(CAPTION, bridge=bridge)
    assert len(chart.rows) == 10
    # 0 + 1 + 2 + 3 + 4 are left when the seven largest of twelve are shown.
    assert chart.rows[-2][0] == "Other"
    assert "10" in chart.rows[-2][1]


def test_a_bridge_without_outlook_is_refused():
    bridge = budget_bridge(budget_usd=1.0, actual_usd=1.0, steps=[])
    with pytest.raises(ValueError, match="outlook"):
        variance_figures.bridge_to_outlook(CAPTION, bridge=bridge)


def test_usage_legs_are_named_in_words():
    legs = UsageLegs(
        base_usd=10.0,
        actual_usd=12.0,
        legs={"users": 3.0, "fx": -1.0},
        method="sequential",
    )
    chart = variance_figures.usage_legs(CAPTION, legs=legs, before="Sep", after="Oct")
    assert [row[0] for row in chart.rows] == ["Sep", "Users", "FX", "Oct"]

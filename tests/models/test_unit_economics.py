import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.models.unit_economics import (
    HumanWork,
    ModelShift,
    PeriodCounts,
    PricedVolumes,
    TicketRates,
    WhatIf,
    cost_per_each,
    cost_table,
    daily_trend,
    priced_volumes,
    ticket_costs,
    top_movers,
    unit_costs,
    what_if,
)

CLASSES = ("uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "output_tokens")

RATES = TicketRates(
    tickets=10_000,
    model_usd_per_attempt=0.18,
    tool_usd_per_attempt=0.02,
    retry_rate=0.15,
    platform_fixed_usd=1_200,
    ai_resolution_rate=0.65,
    reopen_rate=0.05,
    human_usd_per_ticket=6.5,
    handoff_usd_per_ticket=0.5,
    qa_sample_rate=0.04,
    qa_usd_per_sample=2.0,
)

COUNTS = PeriodCounts(
    usage_usd=100.0,
    tool_usd=10.0,
    platform_usd=40.0,
    requests=200,
    unpriced_requests=3,
    resolved_gross=50,
    reopened=5,
    escalated=20,
    failed=3,
    human=HumanWork(
        usd_per_case=6.5,
        handoff_usd_per_case=0.2,
        minutes=200.0,
        usd_per_minute=0.5,
        qa_samples=10,
        qa_usd_per_sample=2.0,
    ),
)


def volumes(*, b_read_price: float = math.nan) -> PricedVolumes:
    """Two models: A at 3 / 0.3 / 15 and B at 1 / unknown or given / 5 USD per million."""
    return priced_volumes(
        ("A", "B"),
        CLASSES,
        requests=[300, 700],
        units=[[600_000, 400_000, 0, 100_000], [1_000_000, 0, 0, 50_000]],
        usd=[[1.8, 0.12, 0, 1.5], [1.0, 0, 0, 0.25]],
        list_usd_per_unit=[[math.nan] * 4, [math.nan, b_read_price, math.nan, math.nan]],
    )


# Tickets from rates


def test_ticket_costs_are_those_worked_by_hand() -> None:
    found = ticket_costs(RATES)
    costs = found.costs
    assert costs.total_usd == pytest.approx(30_795.0)
    assert costs.human_usd == pytest.approx(26_775.0)
    assert costs.qa_usd == pytest.approx(520.0)
    assert costs.naive_usd == pytest.approx(3_500 / 6_500)
    assert costs.loaded_ai_usd == pytest.approx(4_020 / 6_175)
    assert costs.fully_loaded_usd == pytest.approx(3.0795)
    assert costs.marginal_usd == pytest.approx(2.9595)
    assert found.usd_per_1pp_resolution == pytest.approx(-0.0657)


def test_at_the_breakeven_rate_the_ticket_costs_what_people_cost() -> None:
    rate = ticket_costs(RATES).breakeven_resolution_rate
    assert rate is not None
    again = ticket_costs(replace(RATES, ai_resolution_rate=rate))
    assert again.costs.fully_loaded_usd == pytest.approx(6.5)
    assert again.costs.saving_ratio == pytest.approx(0, abs=1e-12)


def test_one_more_point_of_resolution_moves_the_cost_by_the_stated_amount() -> None:
    before, after = ticket_costs(RATES), ticket_costs(replace(RATES, ai_resolution_rate=0.66))
    assert before.costs.fully_loaded_usd is not None
    assert after.costs.fully_loaded_usd == pytest.approx(
        before.costs.fully_loaded_usd + before.usd_per_1pp_resolution
    )


def test_there_is_no_breakeven_where_no_resolution_rate_pays() -> None:
    dear = replace(RATES, model_usd_per_attempt=20.0)
    assert ticket_costs(dear).breakeven_resolution_rate is None


def test_nothing_resolved_by_ai_has_no_cost_per_resolution() -> None:
    costs = ticket_costs(replace(RATES, ai_resolution_rate=0.0)).costs
    assert costs.naive_usd is None
    assert costs.loaded_ai_usd is None
    assert costs.fully_loaded_usd == pytest.approx(0.35 + 7.0)


def test_the_worked_example_is_the_definition(shared: Path) -> None:
    document = json.loads((shared / "oracles" / "worked_examples.json").read_text())
    example = next(e for e in document["examples"] if e["id"] == "cost_per_resolved_ticket")
    costs = ticket_costs(RATES).costs
    expected = example["expected"]
    assert costs.fully_loaded_usd == pytest.approx(expected["cost_per_resolved_ticket"], abs=1e-6)
    assert costs.human_share == pytest.approx(expected["escalation_share_of_cost"], abs=1e-6)


@pytest.mark.parametrize(
    ("field", "value"),
    [("tickets", 0), ("ai_resolution_rate", 1.2), ("reopen_rate", -0.1), ("retry_rate", -1)],
)
def test_rates_out_of_range_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(RATES, **{field: value})


# Counted periods


def test_counted_costs_are_those_worked_by_hand() -> None:
    costs = unit_costs(COUNTS)
    assert costs.ai_usd == pytest.approx(150)
    assert costs.human_usd == pytest.approx(100 + 25 * 0.2)
    assert costs.naive_usd == pytest.approx(3.0)
    assert costs.loaded_ai_usd == pytest.approx(170 / 45)
    assert costs.fully_loaded_usd == pytest.approx(275 / 70)
    assert costs.marginal_usd == pytest.approx(235 / 70)
    assert costs.human_share == pytest.approx(105 / 275)
    assert costs.escalation_rate == pytest.approx(20 / 73)
    assert costs.unpriced_share == pytest.approx(0.015)


def test_without_measured_minutes_each_handled_case_costs_its_price() -> None:
    human = replace(COUNTS.human, minutes=None, usd_per_minute=None)
    assert unit_costs(replace(COUNTS, human=human)).human_usd == pytest.approx(25 * 6.7)


def test_without_outcomes_there_is_no_cost_per_outcome() -> None:
    costs = unit_costs(PeriodCounts(usage_usd=100.0, requests=10, resolved_gross=None))
    assert costs.total_usd == 100.0
    answers = (costs.naive_usd, costs.loaded_ai_usd, costs.fully_loaded_usd, costs.marginal_usd)
    assert answers == (None, None, None, None)
    assert costs.escalation_rate is None


def test_usage_without_any_price_has_no_cost_at_all() -> None:
    costs = unit_costs(replace(COUNTS, usage_usd=None, unpriced_requests=200))
    assert (costs.ai_usd, costs.total_usd, costs.naive_usd, costs.human_share) == (None,) * 4
    assert costs.unpriced_share == 1.0


def test_images_have_one_cost_and_no_human_baseline() -> None:
    costs = unit_costs(PeriodCounts(usage_usd=67.2, requests=900, resolved_gross=1_000))
    assert costs.naive_usd == costs.loaded_ai_usd == costs.fully_loaded_usd == costs.marginal_usd
    assert costs.naive_usd == pytest.approx(0.0672)
    assert costs.all_human_usd is None
    assert costs.saving_ratio is None


def test_all_reopened_leaves_no_net_resolution() -> None:
    costs = unit_costs(replace(COUNTS, reopened=50))
    assert costs.loaded_ai_usd is None
    assert costs.naive_usd == pytest.approx(3.0)


def test_contradicting_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="reopened must not exceed"):
        replace(COUNTS, reopened=51)
    with pytest.raises(ValueError, match="unpriced_requests must not exceed"):
        replace(COUNTS, unpriced_requests=201)
    with pytest.raises(ValueError, match="belong together"):
        HumanWork(usd_per_case=1.0, minutes=3.0)


def test_cost_per_each_names_what_has_no_answer() -> None:
    found = cost_per_each(12.0, {"request": 24, "active user": 0, "tenant": None})
    assert found == (("request", 24, 0.5), ("active user", 0, None), ("tenant", None, None))


# What-ifs


def test_the_measured_period_adds_up() -> None:
    measured = volumes()
    assert measured.total_usd == pytest.approx(4.67)
    assert measured.cache_hit_rate == pytest.approx(0.2)


def test_a_higher_cache_hit_rate_moves_input_at_each_models_prices() -> None:
    found = what_if(volumes(b_read_price=1e-7), COUNTS, WhatIf(cache_hit_rate=0.4))
    assert found.volumes.total_usd == pytest.approx(3.015 + 1.025)
    assert found.volumes.units[:, 1].tolist() == pytest.approx([550_000, 250_000])
    assert found.notes == ()


def test_a_model_without_a_cache_price_keeps_its_hit_rate_and_is_named() -> None:
    found = what_if(volumes(), COUNTS, WhatIf(cache_hit_rate=0.4))
    assert found.volumes.total_usd == pytest.approx(0.6 + 0.24 + 1.5 + 1.25)
    assert found.notes == ("No cache_read_tokens price for B: left as is.",)


def test_a_hit_rate_out_of_reach_says_where_it_stopped() -> None:
    found = what_if(volumes(), COUNTS, WhatIf(cache_hit_rate=0.9))
    assert found.volumes.cache_hit_rate == pytest.approx(0.5)
    assert found.notes[-1] == "A cache hit rate of 90% cannot be reached; shown at 50.0%."


def test_no_cache_at_all_costs_all_input_at_the_input_price() -> None:
    found = what_if(volumes(), COUNTS, WhatIf(cache_hit_rate=0.0))
    assert found.volumes.total_usd == pytest.approx(3.0 + 1.5 + 1.25)


def test_a_model_shift_takes_the_other_models_prices() -> None:
    shift = ModelShift(from_model="A", to_model="B", share=0.5)
    found = what_if(volumes(b_read_price=1e-7), COUNTS, WhatIf(shift=shift))
    assert found.volumes.total_usd == pytest.approx(1.71 + 1.82)
    assert found.volumes.requests.tolist() == [150, 850]
    assert found.costs.naive_usd == pytest.approx((3.53 + 50) / 50)


def test_more_tokens_for_the_same_text_cost_more() -> None:
    shift = ModelShift(from_model="A", to_model="B", share=0.5, tokens_ratio=1.2)
    found = what_if(volumes(b_read_price=1e-7), COUNTS, WhatIf(shift=shift))
    assert found.volumes.total_usd == pytest.approx(1.71 + 1.25 + 1.2 * (0.3 + 0.02 + 0.25))


def test_an_unknown_price_gives_no_cost_and_never_a_lower_one() -> None:
    shift = ModelShift(from_model="A", to_model="B", share=0.5)
    found = what_if(volumes(), COUNTS, WhatIf(shift=shift))
    assert found.volumes.total_usd is None
    assert found.costs.naive_usd is None
    assert found.notes == ("No price for B cache_read_tokens: no cost can be given.",)


def test_a_weaker_model_sends_more_cases_to_people() -> None:
    shift = ModelShift(from_model="A", to_model="B", share=1.0, resolution_change=-0.1)
    counts = what_if(volumes(b_read_price=1e-7), COUNTS, WhatIf(shift=shift)).counts
    assert counts.resolved_gross == pytest.approx(50 - 0.1 * 0.3 * 73)
    assert counts.escalated == pytest.approx(20 + 0.1 * 0.3 * 73)
    assert counts.cases == pytest.approx(73)


def test_escalating_everything_leaves_ai_nothing_and_people_all() -> None:
    found = what_if(volumes(), COUNTS, WhatIf(escalation_rate=70 / 73))
    assert found.counts.resolved_gross == pytest.approx(0, abs=1e-9)
    assert found.counts.human.minutes == pytest.approx(200 * 70 / 25)
    assert found.costs.qa_usd == pytest.approx(0, abs=1e-9)


def test_failed_cases_limit_the_escalation_rate() -> None:
    found = what_if(volumes(), COUNTS, WhatIf(escalation_rate=1.0))
    assert found.notes == ("Failed cases leave at most 95.9% to escalate.",)
    assert found.counts.escalated == pytest.approx(70)


def test_without_measured_cases_escalation_falls_back_to_the_price_of_a_case() -> None:
    none_yet = replace(COUNTS, escalated=0, reopened=0, human=replace(COUNTS.human, minutes=0.0))
    found = what_if(volumes(), none_yet, WhatIf(escalation_rate=10 / 53))
    assert found.costs.human_usd == pytest.approx(10 * 6.7)


def test_a_model_nobody_used_is_refused() -> None:
    shift = ModelShift(from_model="C", to_model="B", share=0.5)
    with pytest.raises(ValueError, match="no model 'C'"):
        what_if(volumes(), COUNTS, WhatIf(shift=shift))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="must have shape"):
        priced_volumes(("A",), CLASSES, requests=[1], units=[[1, 2]], usd=[[1, 2]])


# Laws

amounts = st.floats(min_value=1, max_value=1e9)
prices = st.floats(min_value=1e-9, max_value=1e-3)


@st.composite
def periods(draw: st.DrawFn) -> PricedVolumes:
    rows = draw(st.integers(1, 5))
    units = np.array([[draw(amounts) for _ in CLASSES] for _ in range(rows)])
    price = np.array([[draw(prices) for _ in CLASSES] for _ in range(rows)])
    return priced_volumes(
        [f"m{row}" for row in range(rows)],
        CLASSES,
        requests=[draw(amounts) for _ in range(rows)],
        units=units,
        usd=units * price,
    )


counted = st.builds(
    PeriodCounts,
    usage_usd=st.floats(0.01, 1e6),
    tool_usd=st.floats(0, 1e4),
    platform_usd=st.floats(0, 1e4),
    requests=st.just(1e6),
    resolved_gross=st.floats(100, 1e5),
    reopened=st.floats(0, 99),
    escalated=st.floats(1, 1e5),
    failed=st.floats(0, 1e3),
    human=st.builds(
        HumanWork,
        usd_per_case=st.floats(0.1, 100),
        handoff_usd_per_case=st.floats(0, 5),
        qa_samples=st.floats(0, 100),
        qa_usd_per_sample=st.floats(0, 10),
    ),
)


@given(counted)
def test_each_cost_includes_the_one_before_it(counts: PeriodCounts) -> None:
    costs = unit_costs(counts)
    assert costs.naive_usd <= costs.loaded_ai_usd * (1 + 1e-12)
    assert costs.marginal_usd <= costs.fully_loaded_usd * (1 + 1e-12)


@given(periods(), counted)
def test_what_if_at_the_measured_values_gives_the_measured_cost(
    measured: PricedVolumes, counts: PeriodCounts
) -> None:
    counts = replace(counts, usage_usd=measured.total_usd)
    costs = unit_costs(counts)
    same = WhatIf(
        escalation_rate=costs.escalation_rate,
        cache_hit_rate=measured.cache_hit_rate,
        shift=ModelShift(from_model="m0", to_model=measured.models[-1], share=0.0),
        volume=1.0,
    )
    found = what_if(measured, counts, same)
    assert found.volumes.total_usd == pytest.approx(measured.total_usd, rel=1e-12)
    for name in ("naive_usd", "loaded_ai_usd", "fully_loaded_usd", "marginal_usd"):
        assert getattr(found.costs, name) == pytest.approx(getattr(costs, name), rel=1e-9)
    assert found.notes == ()


@given(periods(), counted, st.floats(0.1, 10))
def test_volume_leaves_the_marginal_cost_and_spreads_the_platform(
    measured: PricedVolumes, counts: PeriodCounts, volume: float
) -> None:
    counts = replace(counts, usage_usd=measured.total_usd)
    before, after = unit_costs(counts), what_if(measured, counts, WhatIf(volume=volume)).costs
    assert after.marginal_usd == pytest.approx(before.marginal_usd, rel=1e-9)
    assert after.total_usd - counts.platform_usd == pytest.approx(
        volume * (before.total_usd - counts.platform_usd), rel=1e-9
    )


@given(periods(), st.floats(0, 1))
def test_moving_tokens_between_classes_keeps_their_number(
    measured: PricedVolumes, rate: float
) -> None:
    counts = PeriodCounts(usage_usd=1.0, requests=1, resolved_gross=None)
    moved = what_if(measured, counts, WhatIf(cache_hit_rate=rate)).volumes
    assert moved.units.sum() == pytest.approx(measured.units.sum(), rel=1e-12)
    assert (moved.units >= -1e-6).all()


@given(periods(), st.floats(0.01, 100))
def test_scaling_prices_scales_cost(measured: PricedVolumes, factor: float) -> None:
    dearer = replace(measured, usd_per_unit=measured.usd_per_unit * factor)
    assert dearer.total_usd == pytest.approx(factor * measured.total_usd, rel=1e-12)


@given(periods())
def test_cost_by_model_and_class_adds_up_to_the_total(measured: PricedVolumes) -> None:
    table = cost_table(measured)
    assert math.fsum(row[3] for row in table) == pytest.approx(measured.total_usd, rel=1e-12)
    assert [row[3] for row in table] == sorted((row[3] for row in table), reverse=True)


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1e6)),
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(0, 1e6)),
)
def test_movers_add_up_to_the_change_of_the_total(before: dict, after: dict) -> None:
    moved = math.fsum(row[3] for row in top_movers(before, after, at_most=3))
    assert moved == pytest.approx(math.fsum(after.values()) - math.fsum(before.values()), abs=1e-6)


# Movement


def test_movers_are_largest_first_and_the_rest_is_one_row() -> None:
    found = top_movers({"a": 10, "b": 5, "c": 1}, {"a": 12, "c": 1.5, "d": 30}, at_most=2)
    assert found == (
        ("d", 0.0, 30, 30.0),
        ("b", 5, 0.0, -5.0),
        ("2 others", 11, 13.5, 2.5),
    )


def test_a_class_without_a_price_stands_first_and_has_no_cost() -> None:
    unpriced = priced_volumes(
        ("A",), ("output_tokens", "images"), requests=[1], units=[[10, 2]], usd=[[5.0, math.nan]]
    )
    assert cost_table(unpriced) == (
        ("A", "images", 2.0, None),
        ("A", "output_tokens", 10.0, 5.0),
    )
    assert unpriced.total_usd is None


def test_the_trend_is_a_ratio_of_sums_over_full_windows() -> None:
    found = daily_trend(["d1", "d2", "d3"], [2, 4, 9], [1, 2, 0], window_days=2)
    assert found == (
        ("d1", 2.0, 2.0, None),
        ("d2", 4.0, 2.0, 2.0),
        ("d3", 9.0, None, 6.5),
    )


def test_a_day_without_outcomes_leaves_its_windows_empty() -> None:
    found = daily_trend(["d1", "d2", "d3"], [2, 4, 9], [1, None, 3], window_days=2)
    assert [row[3] for row in found] == [None, None, None]

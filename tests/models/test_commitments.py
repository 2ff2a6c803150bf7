import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.amortisation import Contract, contract_breakeven_utilization, contract_month
from workbench.models.commitments import (
    CommitmentUnit,
    best_units,
    demand_profiles,
    load_duration,
    outcome,
    purchasable,
    regret_table,
    spaced_units,
    weighted_mtok,
)
from workbench.models.offers import offers_of
from workbench.reference import read_table

UNIT = CommitmentUnit(
    name="unit", mtok_per_hour=0.3, usd_per_hour=1.0, spill_usd_per_mtok=4.0, minimum_units=0
)
loads = st.lists(st.floats(0, 20), min_size=1, max_size=60).map(np.array)


def test_fifty_units_lose_although_the_average_says_buy():
    hours = np.array([365.0, 365.0])
    bought = outcome(UNIT, 50, np.array([18.0, 8.4]), hours=hours)
    assert bought.fixed_usd == 36_500
    assert bought.spill_mtok == pytest.approx(1_095)
    assert bought.total_usd == pytest.approx(40_880)
    assert bought.on_demand_usd == pytest.approx(38_544)
    assert bought.utilization == pytest.approx(0.78)
    assert bought.coverage == pytest.approx(8_541 / 9_636)
    assert bought.effective_savings_rate == pytest.approx(-2_336 / 38_544)
    assert best_units(UNIT, np.array([18.0, 8.4]), hours=hours).units == 28
    assert UNIT.breakeven_utilization == pytest.approx(1 / 1.2)


@given(demand=loads, units=st.integers(0, 80))
def test_every_token_is_served_once_and_every_paid_hour_is_used_or_stranded(demand, units):
    got = outcome(UNIT, units, demand)
    served = demand.sum() - got.spill_mtok
    assert served + got.stranded_mtok == pytest.approx(units * 0.3 * len(demand))
    assert 0 <= got.utilization <= 1 + 1e-9
    assert 0 <= got.coverage <= 1 + 1e-9


@given(demand=loads)
def test_the_best_number_beats_its_neighbours_and_never_loses_to_none(demand):
    best = best_units(UNIT, demand)
    for other in (0, best.units - 1, best.units + 1):
        if other >= 0:
            assert best.total_usd <= outcome(UNIT, other, demand).total_usd + 1e-6


@given(demand=loads)
def test_the_last_unit_is_needed_more_often_than_its_break_even(demand):
    """The newsvendor rule, stated on the load-duration curve."""
    best = best_units(UNIT, demand)
    curve = load_duration(demand)
    if best.units:
        # the value of the last unit: what it serves over the hours
        below = (best.units - 1) * 0.3
        served = np.clip(curve - below, 0, 0.3).sum() / (0.3 * len(curve))
        assert served >= UNIT.breakeven_utilization - 1e-9


def test_minimum_and_step_cut_off_the_continuous_optimum():
    large = dataclasses.replace(UNIT, minimum_units=15, step_units=5)
    assert purchasable(large, at_most=30) == [0, 15, 20, 25, 30]
    flat = np.full(100, 18 * 0.3)  # eighteen units' worth, all the time
    assert best_units(UNIT, flat).units == 18
    # 15 units and 0.9 Mtok spilled at 4 USD cost 18.6 an hour, 20 units cost 20
    assert best_units(large, flat).units == 15
    assert best_units(large, flat).total_usd == pytest.approx(1_860)
    assert best_units(large, np.full(100, 1.0)).units == 0


def test_regret_is_zero_only_for_the_choice_hindsight_makes():
    draws = [np.full(10, 3.0), np.full(10, 6.0)]  # ten or twenty units' worth
    table = {line.units: line for line in regret_table(UNIT, draws, choices=[0, 10, 20])}
    # 10 units in the high draw miss a saving of 10 * 10 * (1.2 - 1) = 20, half the time
    assert table[10].expected_regret_usd == pytest.approx(10)
    # 20 units in the low draw strand 10 units for 10 hours: 100, half the time
    assert table[20].expected_regret_usd == pytest.approx(50)
    assert table[20].p_loses == 0.5
    assert table[10].p_loses == 0.0
    assert table[0].worst_regret_usd == pytest.approx(40)


def test_weights_turn_kinds_of_token_into_one_capacity():
    tokens = {"input": np.array([2e6]), "output": np.array([1e6]), "cached": np.array([5e6])}
    assert weighted_mtok(tokens, {"input": 1, "output": 8, "cached": 0}) == pytest.approx([10.0])
    with pytest.raises(InputError, match="cached"):
        weighted_mtok(tokens, {"input": 1, "output": 8})


def test_billed_and_effective_cost_sum_to_the_same_over_the_term():
    contract = Contract(
        units_per_month=10_000, term_months=12, upfront_usd=36_000, monthly_fee_usd=3_000,
        on_demand_usd_per_unit=1.0,
    )  # fmt: skip
    months = [
        contract_month(contract, month=m, covered_units=9_000, on_demand_units=3_500)
        for m in range(1, 13)
    ]
    assert sum(m.billed_usd for m in months) == pytest.approx(114_000)
    assert sum(m.effective_usd for m in months) == pytest.approx(114_000)
    assert months[0].used_commitment_usd == pytest.approx(5_400)
    assert months[0].unused_commitment_usd == pytest.approx(600)
    assert months[-1].prepaid_balance_usd == pytest.approx(0)
    assert contract_breakeven_utilization(contract) == pytest.approx(0.6)
    with pytest.raises(InputError, match="outside the term"):
        contract_month(contract, month=13, covered_units=0, on_demand_units=0)
    with pytest.raises(InputError, match="between 0"):
        contract_month(contract, month=1, covered_units=10_001, on_demand_units=0)


def test_a_broken_profile_is_refused():
    for bad in (np.array([]), np.array([-1.0]), np.array([np.nan])):
        with pytest.raises(InputError):
            outcome(UNIT, 1, bad)


@pytest.mark.parametrize(
    ("offer", "breakeven"),
    [
        # 4,750 tokens a minute are 0.285 Mtok an hour: 1 / 0.285 is 3.51 USD, list is 1.25
        ("Azure PTU global, hourly, gpt-5", 2.807),
        ("Azure PTU global, 1 month, gpt-5", 1.0),
        ("Azure PTU global, 1 year, gpt-4.1", 0.841),
        ("Google GSU global, 1 week, gemini-2.5-flash", 2.458),
        ("Google GSU global, 1 year, gemini-3-pro", 0.761),
    ],
)
def test_published_offers_are_priced_near_indifference(offer, breakeven):
    offers = {each.unit.name: each for each in offers_of(read_table("commitment_offers"))}
    assert offers[offer].unit.breakeven_utilization == pytest.approx(breakeven, abs=0.002)


def test_a_diurnal_load_buys_less_than_its_mean_even_at_a_years_price():
    offers = {each.unit.name: each for each in offers_of(read_table("commitment_offers"))}
    unit = offers["Google GSU global, 1 year, gemini-3-pro"].unit
    hours = np.arange(24 * 28)
    demand = 180 * (1 + 0.8 * np.sin(2 * np.pi * hours / 24))  # a hundred units' worth on average
    best = best_units(unit, demand)
    assert 30 < best.units < 60
    assert best.utilization > unit.breakeven_utilization


def test_profiles_are_every_week_at_every_level():
    weeks = np.concatenate([np.full(168, 1.0), np.full(168, 3.0)])
    profiles = demand_profiles(weeks, level=2.0, spread=0.5, levels=5)
    assert len(profiles) == 10
    assert {len(each) for each in profiles} == {168}
    # the middle level is the expected one; levels mirror each other around it
    assert profiles[2][0] == pytest.approx(2.0)
    assert profiles[0][0] * profiles[4][0] == pytest.approx(4.0)
    with pytest.raises(InputError, match="whole weeks"):
        demand_profiles(np.ones(100), level=1.0, spread=0.0)


def test_many_choices_are_thinned_and_keep_both_ends():
    unit = CommitmentUnit(
        name="u", mtok_per_hour=1.0, usd_per_hour=1.0, spill_usd_per_mtok=2.0, minimum_units=15,
        step_units=5,
    )  # fmt: skip
    assert spaced_units(unit, at_most=30) == [0, 15, 20, 25, 30]
    many = spaced_units(unit, at_most=10_000, most=40)
    assert (many[0], many[-1], len(many)) == (0, 10_000, 40)
    assert all((n - 15) % 5 == 0 for n in many[1:])

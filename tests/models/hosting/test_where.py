import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.hosting.capacity import HourlyLoad
from workbench.models.hosting.decision import Demand, Option, Tolerance, decide
from workbench.models.hosting.growth import Growth, demand_draws, growth_of, typical_week
from workbench.models.hosting.list_prices import node_of, rental_of
from workbench.models.hosting.surface import Traffic
from workbench.models.hosting.where import Feature, Fleet, months_until, p_cheapest, scaled
from workbench.reference import read_table

FLEET = Fleet(minimum_usd_per_month=3_000.0, floor_usd_per_mtok=0.5, floor_low=0.4, floor_high=0.7)
STEADY = HourlyLoad(
    mean_requests_per_s=np.full(168, 2.0), peak_requests_per_s=np.full(168, 3.0), cv=1.5,
    cv_is_assumed=False,
)  # fmt: skip


def feature(**more):
    given = {
        "name": "f", "load": STEADY, "hourly_shape": np.ones(168), "cache_hit_rate": 0.25,
        "traffic": Traffic(median_input_tokens=900, median_output_tokens=100, sigma=0.0),
        "usd_per_mtok_uncached": 2.0, "usd_per_mtok_cached": 0.4, "usd_per_mtok_output": 10.0,
        "growth": Growth(log_per_month=0.0, log_sd_per_month=0.0, measured=True),
    }  # fmt: skip
    return Feature(**(given | more))


def test_the_apis_price_is_that_of_the_features_own_mix():
    # input at a quarter cached: 0.25 * 0.4 + 0.75 * 2.0 = 1.6; 0.9 * 1.6 + 0.1 * 10 = 2.44
    assert feature().api_usd_per_mtok(0.25) == pytest.approx(2.44)
    # 2 requests a second of 1,000 tokens are 7.2 million an hour, 5,256 million in 730 hours
    assert feature().mtok_per_month == pytest.approx(5_256)


def test_a_fleet_costs_its_minimum_until_it_is_filled():
    assert FLEET.usd_per_mtok(1_000) == pytest.approx(3.0)
    assert FLEET.usd_per_mtok(6_000) == pytest.approx(0.5)
    assert FLEET.usd_per_mtok(60_000) == pytest.approx(0.5)
    assert math.isinf(FLEET.usd_per_mtok(0))


@given(api=st.floats(0.51, 50.0))
def test_at_the_break_even_volume_fleet_and_api_cost_the_same(api):
    even = FLEET.breakeven_mtok(api)
    assert FLEET.usd_per_mtok(even) == pytest.approx(api)
    assert FLEET.usd_per_mtok(even * 1.01) < api


def test_an_api_cheaper_than_a_full_fleet_is_never_beaten():
    assert FLEET.breakeven_mtok(0.5) is None


def test_growth_of_two_per_cent_a_week_is_found_and_compounds_to_a_month():
    growth = growth_of(100.0 * 1.02 ** np.arange(20))
    assert growth.measured
    # 365.25 / 7 / 12 = 4.348 weeks: 1.02 to that power
    assert growth.per_month == pytest.approx(0.08993, abs=1e-4)
    assert growth.log_sd_per_month == pytest.approx(0.005)


def test_a_short_log_claims_no_growth_and_much_uncertainty():
    growth = growth_of(np.array([1.0, 2.0, 4.0]))
    assert not growth.measured
    assert (growth.per_month, growth.log_sd_per_month) == (0.0, 0.03)


def test_draws_centre_on_the_growth_that_was_set():
    draws = demand_draws(1_000.0, growth_per_month=0.1, log_sd_per_month=0.02, months=12)
    assert draws.shape == (512, 12)
    assert np.median(draws[:, 0]) == pytest.approx(1_100.0, rel=1e-3)
    assert np.median(draws[:, 11]) == pytest.approx(1_000 * 1.1**12, rel=1e-2)
    # a normal law has 80 % within 1.2816 standard deviations of the logarithm
    spread = np.log(np.quantile(draws[:, 11], 0.9) / np.quantile(draws[:, 11], 0.1))
    assert spread == pytest.approx(2 * 1.2816 * 0.02 * 12, rel=0.02)


def test_without_uncertainty_every_draw_is_alike():
    draws = demand_draws(10.0, growth_per_month=0.0, log_sd_per_month=0.0, months=3)
    assert np.allclose(draws, 10.0)


def test_a_typical_week_keeps_its_hours_and_a_thin_one_its_days_and_hours():
    busy = np.ones(168)
    busy[0] = 169.0
    week = typical_week([*busy, *busy], requests=50_000)
    assert week.mean() == pytest.approx(1.0)
    assert week[0] == pytest.approx(169 / 2)
    thin = typical_week(busy, requests=100)
    # Monday has (169 + 23) / 24 of 2 a mean hour, the first hour (169 + 6) / 7: their product over 2
    assert thin[0] == pytest.approx((192 / 24) * (175 / 7) / 4)
    assert thin.mean() == pytest.approx(1.0)
    with pytest.raises(InputError, match="whole weeks"):
        typical_week(np.ones(100), requests=1)


def test_volume_scales_means_and_bursts_by_the_root():
    larger = scaled(STEADY, 4.0)
    assert larger.mean_requests_per_s[0] == pytest.approx(8.0)
    assert larger.peak_requests_per_s[0] == pytest.approx(10.0)


def test_the_months_to_a_volume_compound():
    assert months_until(100, 200, growth_per_month=0.1) == pytest.approx(7.27, abs=0.01)
    assert months_until(200, 100, growth_per_month=0.1) == 0
    assert months_until(100, 200, growth_per_month=0.0) is None


def test_shares_of_being_cheapest_count_allowed_options_and_sum_to_one():
    home = {"regions": frozenset({"eu"}), "data_classes": frozenset({"any"})}
    options = [
        Option(name="api", usd_per_mtok=2.0, **home),
        Option(name="own", usd_per_mtok=2.0, replicas=1, replica_mtok_per_hour=100.0,
               usd_per_replica_hour=2.0, **home),
        Option(name="abroad", usd_per_mtok=0.1, data_classes=frozenset({"any"})),
    ]  # fmt: skip
    # the replica costs 1,460 a month, the API 2 a million: even at 730 million
    demand = Demand(
        mtok_per_month=np.array([[500.0], [700.0], [800.0], [900.0]]), hourly_shape=np.ones(24)
    )
    verdict = decide(options, demand, Tolerance(region="eu", data_class="any"))
    assert p_cheapest(verdict) == {"api": 0.5, "own": 0.5}


def test_the_shipped_rental_is_the_lowest_confirmed_on_demand_price():
    rows = read_table("gpu_rental")
    found = rental_of(rows, "h100_sxm")
    assert found is not None
    assert (found.provider, found.usd_per_gpu_hour) == ("nebius", 2.95)
    assert rental_of(rows, "gb200") is None


def test_the_shipped_node_is_read_with_its_network():
    node = node_of(read_table("tco_parameters"))
    # 317,000 and 12 % network; 184.06 a kW and month for 10.2 kW
    assert node.capex_usd == pytest.approx(355_040)
    assert node.colocation_usd_per_year == pytest.approx(22_528.94, abs=0.01)

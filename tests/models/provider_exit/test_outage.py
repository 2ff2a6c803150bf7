from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.provider_exit.outage import (
    Incidents,
    Loss,
    Standby,
    active_active,
    concentration,
    concentration_by_cloud,
    expected_loss_usd,
    fit_incidents,
    hours_down_draws,
    single,
    standby_value_usd,
    warm_standby,
)

STEADY = Incidents(per_month=2, median_hours=3, sigma_log=0)
HEAVY = Incidents(per_month=4, median_hours=0.5, sigma_log=1.5)
LOSS = Loss(usd_per_hour_down=1_000, usd_per_hour_degraded_fully=400)


def standby(**changes) -> Standby:
    base = {
        "incidents": Incidents(per_month=1, median_hours=7.3, sigma_log=0),
        "failover_hours": 0.5, "failover_success": 0.8, "common_cause_share": 0.25,
        "accepted_share": 0.9, "usd_per_month": 500.0,
    }  # fmt: skip
    return Standby(**(base | changes))


def test_one_provider_is_down_for_count_times_length() -> None:
    # 2 x 3 h of 730 h
    assert single(STEADY).down_hours == pytest.approx(6)
    assert single(STEADY).share == pytest.approx(0.99178, abs=1e-5)


def test_a_warm_standby_worked_by_hand() -> None:
    # the move works in 0.75 x 0.8 = 0.6 of incidents; the standby is away 7.3/730 = 1 %
    # down: 2 x (0.4 x 3 + 0.6 x (0.5 + 2.5 x 0.01)) = 2 x 1.515 = 3.03 h
    # degraded: 2 x 0.6 x 2.5 x 0.99 = 2.97 h
    answer = warm_standby(STEADY, standby())
    assert (answer.down_hours, answer.degraded_hours) == pytest.approx((3.03, 2.97))
    # 3.03 x 1,000 + 2.97 x 400 x 0.1
    assert expected_loss_usd(answer, LOSS, accepted_share=0.9) == pytest.approx(3_148.8)
    assert standby_value_usd(STEADY, standby(), LOSS) == pytest.approx(6_000 - 3_148.8 - 500)


def test_two_that_share_a_cause_help_nothing() -> None:
    both = standby(common_cause_share=1.0)
    assert warm_standby(STEADY, both).down_hours == pytest.approx(6)
    assert standby_value_usd(STEADY, both, LOSS) == pytest.approx(-500)


def test_active_active_moves_only_the_traffic_of_the_one_that_fails() -> None:
    perfect = standby(failover_success=1.0, common_cause_share=0.0, failover_hours=0.0)
    here = active_active(STEADY, perfect, main_share=1.0)
    half = active_active(STEADY, perfect, main_share=0.5)
    assert here.down_hours == pytest.approx(6 * 0.01)
    # half of 0.06 h here, half of 7.3 h x 6/730 there
    assert half.down_hours == pytest.approx(0.03 + 0.03)
    assert half.degraded_hours == pytest.approx(here.degraded_hours / 2)


def test_the_tail_makes_most_of_the_time() -> None:
    # mean 0.5 x e^1.125 = 1.54 h, three times the median
    assert HEAVY.mean_hours == pytest.approx(1.5401, abs=1e-4)
    assert HEAVY.longer_than(0.5) == pytest.approx(0.5)
    # ln(8 / 0.5) / 1.5 = 1.848 standard deviations: 3.2 % of incidents outlast a working day
    assert HEAVY.longer_than(8) == pytest.approx(0.0323, abs=1e-4)
    assert HEAVY.p_longer_in(12, hours=8) == pytest.approx(1 - np.exp(-48 * 0.0323), abs=2e-3)


def test_the_simulation_agrees_with_the_closed_form() -> None:
    draws = hours_down_draws(HEAVY, months=12, draws=40_000, seed=5)
    assert draws.mean() == pytest.approx(12 * HEAVY.hours_down_per_month, rel=0.02)
    lengths = np.random.default_rng(3).lognormal(np.log(0.5), 1.5, 400_000)
    assert np.minimum(lengths, 2.0).mean() == pytest.approx(HEAVY.mean_hours_capped(2.0), rel=0.01)


def test_incidents_are_fitted_to_a_log() -> None:
    # logs of 1, e, e^2: mean 1, standard deviation 1
    fitted = fit_incidents([1.0, np.e, np.e**2], months=6)
    assert (fitted.per_month, fitted.median_hours, fitted.sigma_log) == pytest.approx(
        (0.5, np.e, 1.0)
    )
    with pytest.raises(InputError, match="three incidents"):
        fit_incidents([1.0, 2.0], months=6)


def test_three_providers_on_one_cloud_are_one_supplier() -> None:
    spend = {"a": 50.0, "b": 30.0, "c": 20.0}
    assert concentration(spend) == pytest.approx(0.38)
    assert concentration_by_cloud(spend, {"a": "x", "b": "x", "c": "x"}) == (1.0, ())
    index, unknown = concentration_by_cloud(spend, {"a": "x", "b": "x"})
    assert index == pytest.approx(0.68)
    assert unknown == ("c",)
    assert concentration({"a": 0.0}) is None


@given(
    success=st.floats(0, 1),
    better=st.floats(0, 1),
    hours=st.floats(0, 10),
    median=st.floats(0.1, 5),
)
def test_a_failover_that_works_more_often_never_costs_more(success, better, hours, median) -> None:
    low, high = sorted((success, better))
    main = replace(HEAVY, median_hours=median)
    worse, finer = (
        warm_standby(main, standby(failover_success=one, failover_hours=hours))
        for one in (low, high)
    )
    assert finer.down_hours <= worse.down_hours + 1e-9
    assert finer.down_hours <= single(main).down_hours + 1e-9

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.models.envelope.closed_form import (
    LognormalDriver,
    product_of_lognormals,
    quantile_of_total,
    variance_share,
)
from workbench.models.envelope.leaves import Z90, measured_by_forecast
from workbench.models.forecast.total import TotalInterval

USERS = LognormalDriver(median=100.0, sigma_log=0.3)
PRICE = LognormalDriver(median=2.0, sigma_log=0.4)


def test_independent_sigmas_add_as_squares():
    # 0.3^2 + 0.4^2 = 0.5^2; breach of the median is even.
    cost = product_of_lognormals({"users": USERS, "price": PRICE})
    assert (cost.median, cost.sigma_log) == pytest.approx((200.0, 0.5))
    assert cost.p_breach(200.0) == pytest.approx(0.5)


def test_full_correlation_adds_sigmas():
    cost = product_of_lognormals(
        {"users": USERS, "price": PRICE}, correlations={("users", "price"): 1.0}
    )
    assert cost.sigma_log == pytest.approx(0.7)


def test_a_certain_cost_breaches_or_does_not():
    cost = product_of_lognormals({"users": LognormalDriver(median=5.0, sigma_log=0.0)})
    assert (cost.quantile(0.9), cost.p_breach(4.0), cost.p_breach(5.0)) == (5.0, 1.0, 0.0)
    assert variance_share({"users": LognormalDriver(median=5.0, sigma_log=0.0)}, "users") is None


@pytest.mark.parametrize("pair", [("users", "nobody"), ("users", "users")])
def test_correlations_of_nothing_are_refused(pair):
    with pytest.raises(InputError):
        product_of_lognormals({"users": USERS, "price": PRICE}, correlations={pair: 0.5})


def test_quantile_of_total_agrees_with_draws():
    rng = np.random.default_rng(3)
    common = rng.standard_normal((200_000, 1))
    own = rng.standard_normal((200_000, 10))
    totals = (50 + 5 * (np.sqrt(0.4) * common + np.sqrt(0.6) * own)).sum(axis=1)
    exact = quantile_of_total(days=10, daily_mean=50, daily_sd=5, correlation=0.4, level=0.9)
    assert exact == pytest.approx(float(np.quantile(totals, 0.9)), rel=0.002)


def test_impossible_common_correlation_is_refused():
    with pytest.raises(InputError, match="30 days"):
        quantile_of_total(days=30, daily_mean=1, daily_sd=1, correlation=-0.5, level=0.9)


def test_a_forecast_leaf_meets_its_three_figures():
    interval = TotalInterval(p10=80.0, p50=100.0, p90=150.0, calibrated=True, past_totals=6.0)
    leaf = measured_by_forecast(interval, factor=2.0, source="logs")
    drawn = leaf.at(np.array([-Z90, 0.0, Z90]))
    assert drawn == pytest.approx([160.0, 200.0, 300.0], rel=0.01)


def test_a_forecast_leaf_that_may_be_nothing_never_falls_below():
    interval = TotalInterval(p10=0.0, p50=10.0, p90=40.0, calibrated=True, past_totals=6.0)
    leaf = measured_by_forecast(interval, factor=1.0, source="logs")
    assert min(leaf.means) == 0.0
    assert leaf.at(np.array([-Z90, 0.0, Z90])) == pytest.approx([0.0, 10.0, 40.0], abs=0.5)

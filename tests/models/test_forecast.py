import numpy as np
import pytest

from workbench.errors import InputError
from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.rolling import backtest, forecast_fan, forecast_total

WEEK = np.array([10.0, 12.0, 11.0, 13.0, 12.0, 4.0, 3.0])


def noisy_weeks(weeks: int, *, seed: int = 7, sigma: float = 0.15) -> np.ndarray:
    noise = np.random.default_rng(seed).lognormal(0, sigma, weeks * 7)
    return np.tile(WEEK, weeks) * noise


def test_a_repeating_week_is_continued():
    interval = forecast_total(np.tile(WEEK, 30), horizon_days=28)
    # Four weeks of 65; the smoothed level still remembers a little of its first week.
    assert interval.p50 == pytest.approx(260.0, rel=1e-3)
    assert interval.calibrated


def test_a_part_of_a_week_takes_its_own_days():
    # Ten days after whole weeks: one week (65) and Monday to Wednesday (33).
    assert forecast_total(np.tile(WEEK, 30), horizon_days=10).p50 == pytest.approx(98.0)


def test_twice_the_usage_is_twice_the_forecast():
    values = noisy_weeks(40)
    one, two = forecast_total(values), forecast_total(2 * values)
    assert (two.p10, two.p50, two.p90) == pytest.approx((2 * one.p10, 2 * one.p50, 2 * one.p90))


def test_no_window_sees_its_future():
    values = noisy_weeks(50)
    cut = 200
    changed = values.copy()
    changed[cut:] *= 9
    for before, after in zip(
        backtest(values, horizon_days=28), backtest(changed, horizon_days=28), strict=True
    ):
        if before.origin_step <= cut:
            assert before.interval == after.interval
            assert before.actual == after.actual or before.origin_step + 28 > cut


def test_the_actual_is_the_sum_of_its_window():
    values = noisy_weeks(30)
    window = backtest(values, horizon_days=14)[5]
    inside = values[window.origin_step : window.origin_step + 14]
    assert window.actual == pytest.approx(inside.sum())


def test_few_past_totals_are_called_uncalibrated():
    windows = backtest(noisy_weeks(30), horizon_days=28)
    assert not windows[0].interval.calibrated
    assert windows[-1].interval.calibrated
    assert all(
        window.interval.calibrated == (window.interval.past_totals >= 4) for window in windows
    )


def test_independent_days_hold_about_as_often_as_promised():
    held = [
        window.held
        for seed in range(12)
        for window in backtest(noisy_weeks(104, seed=seed), horizon_days=28)
        if window.interval.calibrated
    ]
    assert len(held) > 500
    assert 0.72 <= np.mean(held) <= 0.90


def test_the_interval_of_a_total_is_narrower_than_its_days_together():
    values = noisy_weeks(104, sigma=0.4)
    interval = forecast_total(values, horizon_days=28)
    # A day's P10 to P90 spans exp(+-1.2816 * 0.4), that is 1.07 of its median.
    assert (interval.p90 - interval.p10) / interval.p50 < 0.65 * 1.07


def test_hours_are_read_by_their_day_before_weeks_are_there():
    day = np.concatenate([np.ones(12), 3 * np.ones(12)])
    values = np.tile(day, 14)
    grid = Grid(steps_per_day=24)
    assert forecast_total(values, horizon_days=1, grid=grid).p50 == pytest.approx(48.0, rel=1e-3)


def test_short_series_get_short_horizons():
    assert Grid().default_horizon_days(365) == 28
    assert Grid().default_horizon_days(84) == 7
    assert Grid(steps_per_day=24).default_horizon_days(336) == 1
    assert Grid(weekdays_only=True).default_horizon_days(164) == 14


def test_weekdays_hold_twenty_steps_in_four_weeks():
    grid = Grid(weekdays_only=True)
    assert (grid.steps(28), grid.days(20)) == (20, 28.0)


def test_usage_that_stopped_is_forecast_as_nothing():
    values = np.concatenate([noisy_weeks(20), np.zeros(140)])
    interval = forecast_total(values, horizon_days=28)
    assert interval.p50 < 0.05 * 260
    assert all(np.isfinite([interval.p10, interval.p50, interval.p90]))


def test_a_series_of_zeros_is_forecast_as_zero():
    interval = forecast_total(np.zeros(100), horizon_days=7)
    assert (interval.p10, interval.p50, interval.p90) == (0.0, 0.0, 0.0)


def test_longer_horizons_cost_more():
    fan = forecast_fan(noisy_weeks(40), horizons_days=[7, 14, 28])
    assert fan[0].p50 < fan[1].p50 < fan[2].p50


@pytest.mark.parametrize("values", [[1.0, -2.0] * 30, [1.0, np.nan] * 30, []])
def test_what_is_no_usage_is_refused(values):
    with pytest.raises(InputError, match="at least 0"):
        backtest(np.array(values))


def test_a_series_too_short_for_one_window_is_refused():
    with pytest.raises(InputError, match="shorter horizon"):
        backtest(np.ones(20), horizon_days=28)


def test_finer_than_days_on_weekdays_only_is_refused():
    with pytest.raises(InputError, match="weekdays"):
        Grid(steps_per_day=24, weekdays_only=True)


def test_starts_and_stops_promise_nothing_absurd():
    # Nothing for months, then days of heavy use: the logarithm of the errors is huge.
    values = np.zeros(400)
    values[[0, 1, 150, 152, 153, 290, 291, 340]] = 1000.0
    windows = backtest(values, horizon_days=28)
    # The largest total is 3,000; no bound made it 1e30 once.
    assert max(window.interval.p90 for window in windows) <= 3 * 3000.0


def test_a_step_of_the_level_is_followed_by_those_models_that_follow():
    values = np.concatenate([noisy_weeks(30), 3 * noisy_weeks(10, seed=8)])
    after = forecast_total(values, horizon_days=28)
    assert after.p50 == pytest.approx(3 * 260, rel=0.1)


def test_a_restless_series_begins_with_a_wider_range():
    calm, restless = noisy_weeks(3), noisy_weeks(3)
    restless[7:14] *= 6
    first = [forecast_total(values, horizon_days=7) for values in (calm, restless)]
    widths = [(one.p90 - one.p10) / one.p50 for one in first]
    assert not any(one.calibrated for one in first)
    assert widths[1] > 1.5 * widths[0]


def test_weeks_and_months_are_grids_of_their_own():
    months = Grid(coarse="month")
    assert (months.steps(28), months.steps(92), months.year_steps) == (1, 3, 12)
    assert Grid(coarse="week").steps(28) == 4
    with pytest.raises(InputError, match="one of them"):
        Grid(coarse="week", steps_per_day=24)

"""The band of a ratio holds what the ratio of the next month then was, on series it was not made on."""

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.models.envelope.leaves import measured_by_day, measured_by_forecast
from workbench.models.forecast.ratio import backtest_ratio, forecast_ratio


def drawn(kind: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Synthetic: tokens and requests of up to 14 months, a week's rhythm, a level that moves."""
    rng = np.random.default_rng(seed)
    days = int(rng.integers(180, 420))
    whole = rng.integers(200, 2000) * np.exp(rng.normal(0, 0.3, 7))[np.arange(days) % 7]
    whole = whole * np.exp(rng.normal(0, 0.1, days))
    level = {
        "steady": lambda: np.zeros(days),
        "wander": lambda: np.cumsum(rng.normal(0, 0.01, days)),
        "drift": lambda: (
            np.arange(days) * rng.normal(0, 0.001) + np.cumsum(rng.normal(0, 0.004, days))
        ),
        "steps": lambda: np.cumsum((rng.random(days) < 1 / 60) * rng.normal(0, 0.15, days)),
    }[kind]()
    return 1_500 * np.exp(level + rng.normal(0, 0.05, days)) * whole, whole


def test_the_band_holds_three_to_seven_of_eight_and_the_bootstrapped_mean_does_not():
    held: dict[str, list[bool]] = {}
    by_mean: list[bool] = []
    for kind in ("steady", "wander", "drift", "steps"):
        for seed in range(8):
            part, whole = drawn(kind, 5_000 + seed)
            for window in backtest_ratio(part, whole):
                if not window.interval.calibrated:
                    continue
                held.setdefault(kind, []).append(window.held)
                if window.origin % 4 == 0:
                    past = slice(max(0, window.origin - 91), window.origin)
                    leaf = measured_by_day(
                        part[past] / whole[past], source="", seed=1, weights=whole[past]
                    )
                    low, high = np.quantile(leaf.means, [0.1, 0.9])
                    by_mean.append(bool(low <= window.actual <= high))
    pooled = [one for found in held.values() for one in found]
    assert len(pooled) > 500
    assert 0.75 <= np.mean(pooled) <= 0.87
    assert all(0.65 <= np.mean(found) <= 0.93 for found in held.values())
    assert np.mean(by_mean) < 0.4


def test_no_window_sees_its_future():
    part, whole = drawn("wander", 1)
    changed = part.copy()
    changed[150:] *= 5
    one, other = (backtest_ratio(of, whole) for of in (part, changed))
    for before, after in zip(one, other, strict=True):
        if before.origin <= 150:
            assert before.interval == after.interval


def test_a_share_stays_between_nothing_and_all():
    rng = np.random.default_rng(4)
    whole = rng.uniform(50, 150, 250)
    part = whole * (0.97 + 0.02 * rng.random(250))
    found = forecast_ratio(part, whole, is_share=True)
    assert 0.96 < found.p10 < found.p50 < found.p90 < 1
    leaf = measured_by_forecast(found, factor=1.0, source="", is_share=True)
    assert 0 < min(leaf.means) < max(leaf.means) < 1
    assert np.quantile(leaf.means, [0.1, 0.5, 0.9]) == pytest.approx(
        [found.p10, found.p50, found.p90], abs=1e-3
    )


def test_days_without_use_are_no_ratio_and_too_few_are_refused():
    part, whole = np.tile([3.0, 0.0], 40), np.tile([2.0, 0.0], 40)
    assert forecast_ratio(part, whole).p50 == pytest.approx(1.5, rel=1e-6)
    with pytest.raises(InputError, match="two weeks"):
        forecast_ratio(np.ones(13), np.ones(13))
    with pytest.raises(InputError, match="one length"):
        forecast_ratio(np.ones(40), np.ones(39))
    with pytest.raises(InputError, match="at least 0"):
        forecast_ratio(-np.ones(40), np.ones(40))

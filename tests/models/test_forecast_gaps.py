import numpy as np
import pytest

from workbench.errors import InputError
from workbench.models.forecast.gaps import estimate_gap

WEEK = np.array([10.0, 12.0, 11.0, 13.0, 9.0, 2.0, 1.0])


def test_a_steady_week_is_estimated_without_error():
    values = np.tile(WEEK, 20)
    found = estimate_gap(values, [136, 137])  # a Thursday and a Friday
    assert found.p50 == pytest.approx(22, rel=1e-4)
    assert found.mean_error_share == pytest.approx(0, abs=1e-3)
    assert (found.days, found.calibrated) == (2, True)
    assert found.p10 < 22 < found.p90  # never certain


def test_what_stands_on_missing_days_or_after_them_is_not_read():
    values = np.tile(WEEK, 20)
    missing = [131, 138]
    changed = values.copy()
    changed[missing] = [1e6, 5e6]
    changed[139] = 7e6
    assert estimate_gap(values, missing).p50 == estimate_gap(changed, missing).p50


@pytest.mark.parametrize("pattern", ["last day", "last two", "apart", "a week"])
def test_the_band_holds_and_the_stated_error_is_the_one_met(pattern: str):
    rng = np.random.default_rng(11)
    held, stated, met, there = [], [], 0.0, 0.0
    for _ in range(120):
        days = int(rng.integers(90, 200))
        level = np.exp(np.cumsum(rng.normal(0, 0.02, days)) + rng.normal(0, 0.15, days))
        values = 100 * level * np.exp(rng.normal(0, 0.4, 7))[np.arange(days) % 7]
        missing = {"last day": [days - 1], "last two": [days - 2, days - 1],
                   "apart": [days - 9, days - 5, days - 4], "a week": list(range(days - 7, days))}[pattern]  # fmt: skip
        found = estimate_gap(values, missing)
        truth = values[missing].sum()
        held.append(found.p10 <= truth <= found.p90)
        stated.append(found.mean_error_share)
        met, there = met + abs(truth - found.p50), there + truth
    assert 0.72 <= np.mean(held) <= 0.92  # 80 % of 120: within about two standard errors
    assert met / there == pytest.approx(np.mean(stated), rel=0.35)


def test_too_short_a_past_is_refused():
    with pytest.raises(InputError, match="two weeks"):
        estimate_gap(np.ones(14), [13])
    with pytest.raises(InputError, match="two weeks"):
        estimate_gap(np.ones(40), [])

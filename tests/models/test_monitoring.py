import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.models.monitoring.cost import ewma, month_end_forecast, robust_jumps
from workbench.models.monitoring.drift import (
    cusum,
    distribution_shift,
    error_rate_cusum,
    population_stability,
    psi_of_shares,
    score_alerts,
    stability_word,
)  # fmt: skip
from workbench.models.monitoring.latency import (
    PAGE_RULES,
    binned_percentile_bands,
    burn_rate,
    burn_status,
    percentile_bands,
)
from workbench.models.monitoring.prometheus import Metric, Sample, exposition


def test_percentiles_of_bins_are_those_of_the_values_they_stand_for():
    bins, counts = [350, 340, 345], [5, 60, 35]
    middle = {n: 1.02 ** (n + 0.5) for n in bins}
    values = [middle[n] for n, count in zip(bins, counts, strict=True) for _ in range(count)]
    half = 1.02**0.5
    for binned, plain in zip(
        binned_percentile_bands(bins, counts), percentile_bands(values), strict=True
    ):
        assert binned.ms == plain.ms
        assert binned.low_ms == pytest.approx(plain.low_ms / half)
        assert binned.high_ms == pytest.approx(plain.high_ms * half)
    assert [round(p.ms / middle[n], 9) for p, n in zip(
        binned_percentile_bands(bins, counts), (340, 345, 350), strict=True
    )] == [1, 1, 1]  # fmt: skip
    with pytest.raises(ValueError, match="at least one"):
        binned_percentile_bands([], [])


def test_percentiles_of_one_to_a_hundred():
    p50, p95, p99 = percentile_bands(range(1, 101))
    assert (p50.ms, p95.ms, p99.ms) == (50, 95, 99)
    assert p95.low_ms < 95 < p95.high_ms <= 100


def test_bands_agree_with_scipys_bootstrap():
    values = np.random.default_rng(1).lognormal(6, 0.5, size=400)
    ours = percentile_bands(values, shares=(0.5,))[0]
    theirs = stats.bootstrap(
        (values,), lambda x, axis: np.quantile(x, 0.5, axis=axis, method="inverted_cdf"),
        n_resamples=4_000, method="percentile", rng=np.random.default_rng(2),
    ).confidence_interval  # fmt: skip
    assert ours.low_ms == pytest.approx(theirs.low, rel=0.01)
    assert ours.high_ms == pytest.approx(theirs.high, rel=0.01)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50))
def test_a_percentile_is_a_latency_that_was_seen_and_lies_in_its_band(values):
    for found in percentile_bands(values):
        assert found.ms in values
        assert found.low_ms <= found.high_ms


def test_burn_rates_of_the_workbook():
    # 2 % of a 30-day budget in one hour, 5 % in six hours.
    assert [rule.rate for rule in PAGE_RULES] == pytest.approx([0.02 * 30 * 24, 0.05 * 30 * 24 / 6])
    assert burn_rate(errors=1, requests=1_000, objective=0.999) == pytest.approx(1)
    assert burn_rate(errors=0, requests=0, objective=0.999) == 0


def test_an_outage_pages_fast_and_a_blip_does_not():
    requests = np.full(600, 100)
    errors = np.zeros(600)
    errors[-10:] = 20
    fast, slow = burn_status(
        errors_per_minute=errors, requests_per_minute=requests, objective=0.999
    )
    assert fast.paging
    assert fast.short_burn == pytest.approx(200)
    assert fast.long_burn == pytest.approx(200 * 10 / 60)
    assert slow.long_burn == pytest.approx(200 * 10 / 360)
    errors[:] = 0
    errors[-1:] = 20
    fast, slow = burn_status(
        errors_per_minute=errors, requests_per_minute=requests, objective=0.999
    )
    assert not fast.paging
    assert not slow.paging


def test_ewma_by_hand():
    assert ewma([10, 20, 20], weight=0.5).tolist() == [10, 15, 17.5]


def test_a_jump_is_seen_where_it_happens():
    flat = [10 + (i % 3) for i in range(30)]
    assert robust_jumps(flat) == ()
    assert robust_jumps([*flat, 30, 10]) == (30,)


def test_a_flat_month_ends_where_it_must():
    end = month_end_forecast([5.0] * 30, spent_usd=50, days_left=10)
    assert (end.p50_usd, end.p80_usd, end.p90_usd) == (100, 100, 100)
    assert month_end_forecast([5.0] * 30, spent_usd=50, days_left=0).p80_usd == 50


def test_cusum_by_hand():
    found = cusum([1, 1, 1, -3], target=0, sigma=1, k=0.5, h=1.4)
    assert found.upper.tolist() == [0.5, 1.0, 1.5, 0]
    assert found.lower.tolist() == [0, 0, 0, 2.5]
    assert (found.signal_up_at, found.signal_down_at) == (2, 3)


def test_cusum_run_lengths_of_montgomery():
    # In control about 465 samples two-sided, one sigma off about 10: Montgomery, table 9.3.
    random = np.random.default_rng(11)

    def mean_run(shift: float, length: int) -> float:
        runs = []
        for _ in range(300):
            found = cusum(random.normal(shift, 1, size=length), target=0, sigma=1)
            seen = [at for at in (found.signal_up_at, found.signal_down_at) if at is not None]
            runs.append(min(seen) + 1 if seen else length)
        return float(np.mean(runs))

    assert mean_run(0, 3_000) == pytest.approx(465, rel=0.15)
    assert mean_run(1, 200) == pytest.approx(10.4, rel=0.1)


def test_error_rate_cusum_counts_batches_in_their_own_sigma():
    found = error_rate_cusum([5, 5, 20], [100, 100, 100], target_rate=0.05)
    assert found.upper[:2].tolist() == [0, 0]
    assert found.upper[2] == pytest.approx(0.15 / np.sqrt(0.05 * 0.95 / 100) - 0.5)


def test_psi_by_hand():
    # Shares 0.5/0.5 against 0.8/0.2 with half counts: 2 x 0.2985 x ln(0.7985/0.2015 / 1)…
    found = psi_of_shares({"a": 500, "b": 500}, {"a": 800, "b": 200})
    assert found == pytest.approx(0.3 * np.log(1.6) - 0.3 * np.log(0.4), rel=0.01)
    assert psi_of_shares({"a": 10}, {"a": 99}) == 0


@pytest.mark.parametrize(
    ("psi", "values", "word"),
    [(0.0999, 1000, "pass"), (0.1, 1000, "warn"), (0.25, 1000, "warn"), (0.251, 1000, "fail"),
     (0.0, 999, "insufficient evidence")],
)  # fmt: skip
def test_psi_words(psi, values, word):
    assert stability_word(psi, values=values) == word


def test_the_same_distribution_is_stable_and_a_shifted_one_is_not():
    random = np.random.default_rng(3)
    old, same, other = (random.normal(m, 1, size=3_000) for m in (0, 0, 1))
    assert population_stability(old, same).word == "pass"
    assert population_stability(old, other).word == "fail"
    calm, moved = distribution_shift(old, same), distribution_shift(old, other)
    assert not calm.shifted
    assert moved.shifted
    assert moved.distance == pytest.approx(stats.ks_2samp(old, other).statistic)


def test_a_tiny_shift_is_unlikely_and_still_does_not_count():
    random = np.random.default_rng(4)
    found = distribution_shift(random.normal(0, 1, 60_000), random.normal(0.05, 1, 60_000))
    assert found.p_value < 0.01
    assert not found.shifted


@settings(max_examples=30)
@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 500), min_size=1))
def test_psi_is_symmetric_and_never_negative(counts):
    other = {name: 501 - n for name, n in counts.items()}
    there, back = psi_of_shares(counts, other), psi_of_shares(other, counts)
    assert there == pytest.approx(back)
    assert there >= 0


def test_alerts_replayed_by_hand():
    found = score_alerts([100, 205, 900], [(90, 150), (200, 260), (400, 420)])
    assert found.recall == pytest.approx(2 / 3)
    assert found.precision == pytest.approx(2 / 3)
    assert found.median_lead_minutes == pytest.approx(7.5)


def test_prometheus_text_is_escaped():
    rows = [Sample(labels={"feature": 'a"b\n'}, value=float("inf")), Sample(labels={}, value=3.0)]
    text = exposition([Metric(name="x_ms", help="Two\nlines.", kind="gauge", samples=rows)])
    assert text == (
        '# HELP x_ms Two\\nlines.\n# TYPE x_ms gauge\nx_ms{feature="a\\"b\\n"} +Inf\nx_ms 3\n'
    )
    assert exposition([]) == ""

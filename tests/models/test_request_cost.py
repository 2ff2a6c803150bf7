import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.models.request_cost import (
    RequestTokens,
    TieredRates,
    TokenRates,
    VolumeTier,
    all_units_usd,
    cache_breakeven_reads_per_write,
    graduated_usd,
    request_usd,
    uncached_usd,
)

LOW = TokenRates(
    uncached_input_usd_per_mtok=3,
    cache_read_usd_per_mtok=0.3,
    cache_write_usd_per_mtok=3.75,
    output_usd_per_mtok=15,
)
HIGH = TokenRates(
    uncached_input_usd_per_mtok=6,
    cache_read_usd_per_mtok=0.6,
    cache_write_usd_per_mtok=7.5,
    output_usd_per_mtok=22.5,
)
TIERS = (
    VolumeTier(up_to_mtok=500, usd_per_mtok=3.0),
    VolumeTier(up_to_mtok=1_000, usd_per_mtok=2.7),
    VolumeTier(up_to_mtok=None, usd_per_mtok=2.4),
)


def tokens(fresh: float, read: float = 0, write: float = 0, output: float = 0) -> RequestTokens:
    return RequestTokens(uncached_input=fresh, cache_read=read, cache_write=write, output=output)


@pytest.mark.parametrize(
    ("total", "at_is_high", "expected"),
    [(200_000, False, LOW), (200_000, True, HIGH), (200_001, False, HIGH), (199_999, True, LOW)],
)
def test_the_threshold_belongs_to_the_tier_its_sheet_says(total, at_is_high, expected) -> None:
    tiered = TieredRates(
        low=LOW, high=HIGH, threshold_input_tokens=200_000, threshold_is_high=at_is_high
    )
    assert tiered.reached(tokens(total - 150_000, read=150_000)) is expected


def test_every_class_takes_the_rate_of_the_tier() -> None:
    request = tokens(80_000, read=150_000, write=20_000, output=4_000)
    assert request_usd(request, HIGH) == pytest.approx(0.48 + 0.09 + 0.15 + 0.09)
    assert request_usd(request, LOW) == pytest.approx(0.24 + 0.045 + 0.075 + 0.06)
    assert uncached_usd(request, HIGH) == pytest.approx(1.5 + 0.09)


def test_at_the_breakeven_number_of_reads_caching_costs_what_it_saves() -> None:
    reads = cache_breakeven_reads_per_write(LOW)
    assert reads is not None
    cached = request_usd(tokens(0, read=1_000_000 * reads, write=1_000_000), LOW)
    assert cached == pytest.approx(request_usd(tokens(1_000_000 * (1 + reads)), LOW))


def test_a_read_that_saves_nothing_never_pays_back() -> None:
    same = TokenRates(
        uncached_input_usd_per_mtok=3,
        cache_read_usd_per_mtok=3,
        cache_write_usd_per_mtok=3.75,
        output_usd_per_mtok=15,
    )
    assert cache_breakeven_reads_per_write(same) is None


@pytest.mark.parametrize(
    ("volume", "graduated", "all_units"),
    [(0, 0, 0), (500, 1_500, 1_500), (501, 1_502.7, 1_352.7), (1_300, 3_570, 3_120)],
)
def test_volume_tiers_at_and_beyond_their_edges(volume, graduated, all_units) -> None:
    assert graduated_usd(volume, TIERS) == pytest.approx(graduated)
    assert all_units_usd(volume, TIERS) == pytest.approx(all_units)


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_more_volume_never_costs_less_where_tiers_are_graduated(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert graduated_usd(low, TIERS) <= graduated_usd(high, TIERS)
    assert all_units_usd(high, TIERS) <= graduated_usd(high, TIERS) * (1 + 1e-12)


def test_tiers_that_do_not_rise_or_do_not_reach_are_refused() -> None:
    with pytest.raises(ValueError, match="must rise"):
        graduated_usd(10, TIERS[1::-1])
    with pytest.raises(ValueError, match="above the last tier"):
        all_units_usd(1_001, TIERS[:2])
    with pytest.raises(ValueError, match="must not be negative"):
        tokens(-1)

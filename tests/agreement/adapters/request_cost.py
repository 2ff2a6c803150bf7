"""Worked examples of workbench.models.request_cost."""

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


def _rates(prices: dict) -> TokenRates:
    return TokenRates(
        uncached_input_usd_per_mtok=prices["input"],
        cache_read_usd_per_mtok=prices["cache_read"],
        cache_write_usd_per_mtok=prices["cache_write_5m"],
        output_usd_per_mtok=prices["output"],
    )


def tiered_cached_batch(inputs: dict) -> dict:
    given = inputs["tokens"]
    tokens = RequestTokens(
        uncached_input=given["input_fresh"],
        cache_read=given["cache_read"],
        cache_write=given["cache_write_5m"],
        output=given["output"],
    )
    tiered = TieredRates(
        low=_rates(inputs["rates_per_mtok_low"]),
        high=_rates(inputs["rates_per_mtok_high"]),
        threshold_input_tokens=inputs["tier_threshold_input"],
    )
    rates = tiered.reached(tokens)
    cost = request_usd(tokens, rates)
    without_cache = uncached_usd(tokens, rates)
    tiers = tuple(
        VolumeTier(up_to_mtok=tier["up_to"], usd_per_mtok=tier["price"])
        for tier in inputs["monthly_tiers"]
    )
    volume = inputs["monthly_volume_mtok"]
    graduated = graduated_usd(volume, tiers)
    return {
        "request_cost": cost,
        "request_cost_batch": request_usd(tokens, rates, multiplier=inputs["batch_multiplier"]),
        "cache_saving": without_cache - cost,
        "cache_saving_ratio": (without_cache - cost) / without_cache,
        "understatement_if_tier_ignored_ratio": 1 - request_usd(tokens, tiered.low) / cost,
        "cache_breakeven_reads_per_write": cache_breakeven_reads_per_write(rates),
        "monthly_graduated": graduated,
        "monthly_all_units": all_units_usd(volume, tiers),
        "graduated_effective_price": graduated / volume,
    }


ADAPTERS = {"tiered_cached_batch": tiered_cached_batch}

import csv
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.provider_exit.conversion import (
    Conversion,
    TokenCounts,
    TokenizerRatio,
    blended_ratio,
    convert,
    measured_conversion,
)
from workbench.models.provider_exit.quality import Evaluation, cost_per_accepted_task
from workbench.models.provider_exit.replay import (
    RateRow,
    Traffic,
    rate_rows,
    replay_cost_pico,
)
from workbench.pricing.book import PriceBook, RateKey, compile_rates
from workbench.pricing.shipped import shipped_imports

FOREVER = 2**62
INPUT, OUTPUT = "uncached_input_tokens", "output_tokens"


def micro(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def row(**changes) -> RateRow:
    base = {
        "from_us": -FOREVER, "to_us": FOREVER, "second_from": 0, "second_to": 86_400,
        "context_over": -1, "context_upto": FOREVER, "pico": {INPUT: 3_000_000, OUTPUT: 15_000_000},
    }  # fmt: skip
    return RateRow(**(base | changes))


def traffic(inputs: list[int], outputs: list[int], **more: list[int]) -> Traffic:
    meters = {INPUT: inputs, OUTPUT: outputs} | more
    return Traffic(
        instants_us=np.arange(len(inputs), dtype=np.int64),
        context_tokens=np.array(inputs),
        meters={name: np.array(units) for name, units in meters.items()},
    )


def test_two_requests_worked_by_hand() -> None:
    # (1,000 + 2,000) x 3 USD/Mtok + (100 + 200) x 15 USD/Mtok = 0.009 + 0.0045
    cost = replay_cost_pico(traffic([1_000, 2_000], [100, 200]), [row()])
    assert cost.pico_usd == 13_500_000_000
    assert cost.is_exact
    assert cost.cost_usd == pytest.approx(0.0135)
    assert (cost.requests, cost.unpriced_requests, cost.partial_requests) == (2, 0, 0)


@pytest.mark.parametrize(("size", "usd_per_mtok"), [(200_000, 3), (200_001, 6)])
def test_the_whole_request_takes_the_band_its_input_falls_in(size, usd_per_mtok) -> None:
    rates = [
        row(context_upto=200_000, pico={INPUT: 3_000_000}),
        row(context_over=200_000, pico={INPUT: 6_000_000}),
    ]
    cost = replay_cost_pico(traffic([size], [0]), rates)
    assert cost.pico_usd == size * usd_per_mtok * 1_000_000


def test_a_price_holds_from_its_first_instant_until_before_its_last() -> None:
    change = micro("2027-01-01T00:00:00")
    rates = [
        row(to_us=change, pico={INPUT: 1}),
        row(from_us=change, pico={INPUT: 2}),
    ]
    requests = Traffic(
        instants_us=np.array([change - 1, change]),
        context_tokens=np.array([10, 10]),
        meters={INPUT: np.array([10, 10])},
    )
    assert replay_cost_pico(requests, rates).pico_usd == 30
    assert replay_cost_pico(requests, rates, at_us=change).pico_usd == 40


def test_peak_hours_price_the_requests_that_fall_in_them() -> None:
    rates = [
        row(second_to=3_600, pico={INPUT: 2}),
        row(second_from=3_600, pico={INPUT: 1}),
    ]
    requests = Traffic(
        instants_us=np.array([micro("2026-11-24T00:59:59"), micro("2026-11-24T01:00:00")]),
        context_tokens=np.array([100, 100]),
        meters={INPUT: np.array([100, 100])},
    )
    assert replay_cost_pico(requests, rates, at_us=0).pico_usd == 300


def test_a_meter_without_a_price_makes_a_request_partial_and_no_row_makes_it_unpriced() -> None:
    requests = traffic([1_000, 1_000], [10, 0])
    partial = replay_cost_pico(requests, [row(pico={INPUT: 1})])
    assert (partial.pico_usd, partial.partial_requests, partial.unpriced_requests) == (2_000, 1, 0)
    only = replay_cost_pico(traffic([0], [10]), [row(pico={INPUT: 1})])
    assert (only.pico_usd, only.partial_requests, only.unpriced_requests) == (0, 0, 1)
    nothing = replay_cost_pico(requests, [row(pico={})])
    assert (nothing.pico_usd, nothing.unpriced_requests) == (0, 2)


def test_minimum_units_are_charged_where_anything_was_used() -> None:
    seconds = Traffic(
        instants_us=np.zeros(3, dtype=np.int64),
        context_tokens=np.zeros(3, dtype=np.int64),
        meters={"audio_seconds": np.array([0.0, 4.0, 20.0])},
    )
    rates = [row(pico={"audio_seconds": 5}, minimum_units={"audio_seconds": 10.0})]
    assert replay_cost_pico(seconds, rates).pico_usd == pytest.approx(150)


def test_scaled_tokens_stay_fractional_until_priced() -> None:
    # 3 requests of 1 token at 1.3 tokens each cost 3.9 tokens, not 3 x round(1.3) = 3
    scaled = convert(traffic([1, 1, 1], [0, 0, 0]), Conversion(input_ratio=1.3))
    cost = replay_cost_pico(scaled, [row(pico={INPUT: 1_000_000})])
    assert cost.pico_usd == pytest.approx(3_900_000)
    assert not cost.is_exact


def test_a_ratio_can_push_a_request_into_the_dearer_band() -> None:
    rates = [
        row(context_upto=200_000, pico={INPUT: 3_000_000}),
        row(context_over=200_000, pico={INPUT: 6_000_000}),
    ]
    scaled = convert(traffic([160_000], [0]), Conversion(input_ratio=1.3))
    assert replay_cost_pico(scaled, rates).cost_usd == pytest.approx(208_000 * 6e-6)


def test_without_a_cache_every_cached_token_is_plain_input() -> None:
    logged = traffic([100], [10], cache_read_tokens=[900], cache_write_5m_tokens=[50])
    plain = convert(logged, Conversion(has_cache=False))
    assert plain.meters[INPUT].tolist() == [1_050.0]
    assert "cache_read_tokens" not in plain.meters
    half = convert(logged, Conversion(cache_hit_kept=0.5))
    assert (half.meters[INPUT][0], half.meters["cache_read_tokens"][0]) == (550.0, 450.0)


def test_default_thinking_is_added_to_the_output() -> None:
    logged = traffic([0], [300], reasoning_tokens=[100])
    target = convert(
        logged, Conversion(output_ratio=1.1, thinking_ratio=2.0, added_thinking_per_output=0.5)
    )
    # plain 200 x 1.1 = 220; thinking 100 x 1.1 x 2 + 220 x 0.5 = 330
    assert target.meters["reasoning_tokens"][0] == pytest.approx(330)
    assert target.meters[OUTPUT][0] == pytest.approx(550)


def test_the_identity_returns_the_very_same_traffic() -> None:
    logged = traffic([1], [1])
    assert convert(logged, Conversion()) is logged


def test_a_blend_is_as_weak_as_its_weakest_ratio() -> None:
    ratios = {
        "prose": TokenizerRatio(ratio=1.0, basis="measured", samples=40),
        "json": TokenizerRatio(ratio=1.4, basis="single-sample"),
    }
    blend = blended_ratio({"prose": 0.75, "json": 0.25}, ratios)
    assert blend.ratio == pytest.approx(1.1)
    assert (blend.basis, blend.samples) == ("single-sample", 1)
    with pytest.raises(InputError, match="arabic"):
        blended_ratio({"arabic": 1.0}, ratios)


def test_rejected_tasks_and_their_rework_are_paid_by_the_accepted_ones() -> None:
    # 8 of 10 accepted for sure (a large run): (100 + 20 x 1) / 80 = 1.5
    run = Evaluation(accepted=800_000, tried=1_000_000)
    cost = cost_per_accepted_task(
        cost_usd=100, tasks=100, evaluation=run, rework_usd_per_rejected_task=1
    )
    assert cost.p50_usd == pytest.approx(1.5, rel=1e-4)
    assert cost.p10_usd < cost.p50_usd < cost.p90_usd


def test_a_small_evaluation_leaves_a_wider_band() -> None:
    small = cost_per_accepted_task(cost_usd=1, tasks=1, evaluation=Evaluation(accepted=9, tried=10))
    large = cost_per_accepted_task(
        cost_usd=1, tasks=1, evaluation=Evaluation(accepted=900, tried=1_000)
    )
    assert small.p90_usd - small.p10_usd > 3 * (large.p90_usd - large.p10_usd)


@given(
    sizes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5)), min_size=1),
    edge=st.integers(0, 10**6),
    low=st.integers(0, 10**9),
    high=st.integers(0, 10**9),
)
def test_arrays_price_as_one_request_at_a_time_does(sizes, edge, low, high) -> None:
    rates = [
        row(context_upto=edge, pico={INPUT: low, OUTPUT: high}),
        row(context_over=edge, pico={INPUT: high, OUTPUT: low}),
    ]
    inputs, outputs = [list(column) for column in zip(*sizes, strict=True)]
    together = replay_cost_pico(traffic(inputs, outputs), rates)
    alone = [replay_cost_pico(traffic([i], [o]), rates).pico_usd for i, o in sizes]
    assert together.pico_usd == sum(alone)


@given(ratio=st.floats(0.5, 3.0), more=st.floats(0.0, 1.0))
def test_more_tokens_for_the_same_text_never_cost_less(ratio: float, more: float) -> None:
    logged = traffic([1_000, 250_000], [100, 10])
    rates = [
        row(context_upto=200_000, pico={INPUT: 3, OUTPUT: 9}),
        row(context_over=200_000, pico={INPUT: 6, OUTPUT: 18}),
    ]
    costs = [
        replay_cost_pico(convert(logged, Conversion(input_ratio=one)), rates).pico_usd
        for one in (ratio, ratio + more)
    ]
    assert costs[1] >= costs[0] * (1 - 1e-12)


def test_the_azure_trace_on_a_listed_model_is_exact_request_by_request(shared: Path) -> None:
    """Whole pico-dollars against a second derivation: one row at a time, in Python integers."""
    with (shared / "traces" / "AzureLLMInferenceTrace_conv.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    inputs = [int(one["ContextTokens"]) for one in rows]
    outputs = [int(one["GeneratedTokens"]) for one in rows]
    book = PriceBook(shipped_imports())
    names = [("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro")]
    keys = [RateKey(number, *name) for number, name in enumerate(names)]
    table = compile_rates(book, keys, None).to_pydict()
    rates = rate_rows(table, meters=[INPUT, OUTPUT])
    at_us = micro("2026-11-24T00:00:00")
    for key in keys:
        holding = [one for one in rates[key.rate_key] if one.from_us <= at_us < one.to_us]
        by_hand = 0
        for tokens_in, tokens_out in zip(inputs, outputs, strict=True):
            [band] = [b for b in holding if b.context_over < tokens_in <= b.context_upto]
            by_hand += tokens_in * band.pico[INPUT] + tokens_out * band.pico[OUTPUT]
        cost = replay_cost_pico(traffic(inputs, outputs), rates[key.rate_key], at_us=at_us)
        assert cost.requests == 19_366
        assert cost.unpriced_requests == 0
        assert cost.pico_usd == by_hand


def test_a_request_too_short_for_the_targets_cache_is_plain_input() -> None:
    metered = {INPUT: np.array([100, 1_000]), "cache_read_tokens": np.array([800, 4_000])}
    logged = Traffic(
        instants_us=np.zeros(2, dtype=np.int64), context_tokens=np.array([900, 5_000]),
        meters=metered,
    )  # fmt: skip
    there = convert(logged, Conversion(cache_from_tokens=1_024))
    assert there.meters["cache_read_tokens"].tolist() == [0, 4_000]
    assert there.meters[INPUT].tolist() == [900, 1_000]
    totals = Traffic(
        instants_us=logged.instants_us, context_tokens=np.zeros(2, dtype=np.int64), meters=metered
    )  # a provider's own totals: no request is known to be short
    kept = convert(totals, Conversion(cache_from_tokens=1_024))
    assert kept.meters["cache_read_tokens"].tolist() == [800, 4_000]


def test_pairs_of_runs_give_tokenizer_wordiness_and_thinking_apart() -> None:
    here = TokenCounts(input_tokens=1_000, output_tokens=300, reasoning_tokens=100)
    there = TokenCounts(input_tokens=1_200, output_tokens=520, reasoning_tokens=300)
    found = measured_conversion(here, there)
    # plain output 200 -> 220; thinking 100 -> 300 = 100 x 1.1 x thinking ratio
    assert (found.input_ratio, found.output_ratio) == (1.2, 1.1)
    assert found.thinking_ratio == pytest.approx(300 / 110)
    silent = TokenCounts(input_tokens=1_000, output_tokens=200)
    assert measured_conversion(silent, there).added_thinking_per_output == pytest.approx(300 / 220)
    with pytest.raises(InputError, match="plain output"):
        measured_conversion(
            silent, TokenCounts(input_tokens=10, output_tokens=5, reasoning_tokens=5)
        )
    logged = Traffic(
        instants_us=np.zeros(1, dtype=np.int64), context_tokens=np.array([1_000]),
        meters={INPUT: np.array([1_000]), OUTPUT: np.array([300]), "reasoning_tokens": np.array([100])},
    )  # fmt: skip
    meters = convert(logged, found).meters
    assert meters[OUTPUT].tolist() == pytest.approx([520])
    assert meters["reasoning_tokens"].tolist() == pytest.approx([300])

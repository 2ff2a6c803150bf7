"""Compiled rates partition time, day and size; layers, tiers and fallbacks resolve as stated."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PriceError
from workbench.pricing.book import PriceBook, PriceImport, PriceRow, RateKey, compile_rates
from workbench.pricing.rows import (
    ANY_CONTEXT,
    FIRST_INSTANT,
    LAST_INSTANT,
    NO_CONTEXT,
    SECONDS_PER_DAY,
)
from workbench.schema import METER_NAMES, meter_bit

DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - the book keeps naive UTC


def bought(*rows: PriceRow, layer: str = "contract", **more: Any) -> PriceImport:
    stated: dict[str, Any] = {
        "import_id": f"id-{layer}", "layer": layer, "source": f"{layer} test", "source_version": "1",
        "known_from": DAY, "retrieved_on": DAY.date(), "rows": rows,
    }  # fmt: skip
    return PriceImport(**(stated | more))


def row(meter: str, pico: int, **more: Any) -> PriceRow:
    return PriceRow(**({"provider": "p", "model": "m", "meter": meter, "pico": pico} | more))


def rates(*imports: PriceImport, key: RateKey | None = None, known_at: datetime | None = None):
    asked = key or RateKey(1, "p", "m")
    return compile_rates(PriceBook(imports), [asked], known_at).to_pylist()


def has(mask: int, meter: str) -> bool:
    return bool(mask & meter_bit(meter))


def test_an_unknown_model_gives_one_row_without_any_price():
    [rate] = rates(key=RateKey(7, "nobody", "nothing"))
    assert (rate["effective_from"], rate["effective_to"]) == (FIRST_INSTANT, LAST_INSTANT)
    assert all(rate[f"{view}_{m}"] is None for view in ("list", "contract") for m in METER_NAMES)
    assert rate["canonical_model"] is None
    assert has(rate["list_missing_mask"], "output_tokens")
    assert not has(rate["list_missing_mask"], "reasoning_tokens")


def test_a_meter_without_a_price_takes_its_parents_and_is_marked():
    [rate] = rates(bought(row("uncached_input_tokens", 300), row("output_tokens", 900)))
    assert rate["contract_cache_read_tokens"] == 300
    assert rate["contract_input_image_tokens"] == 300
    assert rate["contract_output_audio_tokens"] == 900
    assert has(rate["contract_derived_mask"], "cache_read_tokens")
    assert not has(rate["contract_derived_mask"], "uncached_input_tokens")
    assert has(rate["contract_missing_mask"], "images")
    assert rate["list_output_tokens"] is None


def test_a_five_minute_write_takes_the_generic_price_unmarked_and_an_hour_marked():
    [rate] = rates(bought(row("cache_write_unknown_tokens", 375)))
    for meter in ("cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_unknown_tokens"):
        assert rate[f"contract_{meter}"] == 375
    assert not has(rate["contract_derived_mask"], "cache_write_5m_tokens")
    assert has(rate["contract_derived_mask"], "cache_write_1h_tokens")


def test_an_unknown_lifetime_is_priced_at_five_minutes():
    five, hour = row("cache_write_5m_tokens", 375), row("cache_write_1h_tokens", 600)
    [rate] = rates(bought(five, hour))
    assert rate["contract_cache_write_unknown_tokens"] == 375


def test_reasoning_priced_apart_becomes_a_surcharge_and_else_is_nothing():
    [rate] = rates(bought(row("output_tokens", 800), row("reasoning_tokens", 300)))
    assert rate["contract_reasoning_tokens"] == -500
    assert rate["contract_citation_tokens"] == 0


def test_layers_win_in_order_and_list_leaves_the_contract_out():
    [rate] = rates(
        bought(row("output_tokens", 1), layer="contract"),
        bought(row("output_tokens", 2), row("images", 3), layer="overlay"),
        bought(row("output_tokens", 4), row("images", 5), row("pages", 6), layer="history"),
    )
    assert (rate["contract_output_tokens"], rate["list_output_tokens"]) == (1, 2)
    assert (rate["contract_images"], rate["list_images"], rate["list_pages"]) == (3, 3, 6)
    assert rate["has_contract"]
    assert rate["contract_version"].startswith("contract contract test#id-contract + overlay")


def test_history_fills_only_what_nothing_else_covers():
    before, after = rates(
        bought(row("images", 2, effective_from=DAY), layer="overlay"),
        bought(row("images", 9), layer="history"),
    )
    assert (before["list_images"], after["list_images"]) == (9, 2)
    assert before["effective_to"] == after["effective_from"] == DAY


def test_a_row_in_doubt_never_prices():
    doubtful = row("images", 1, confidence="disputed")
    [rate] = rates(bought(doubtful, layer="overlay"), bought(row("images", 9), layer="history"))
    assert rate["list_images"] == 9


def test_batch_takes_its_own_price_and_marks_what_it_does_not_price():
    batch = row("output_tokens", 450, variant="processing=batch")
    [rate] = rates(
        bought(row("output_tokens", 900), row("web_searches", 7), batch),
        key=RateKey(1, "p", "m", "batch"),
    )
    assert rate["contract_output_tokens"] == 450
    assert rate["contract_web_searches"] == 7
    assert has(rate["contract_derived_mask"], "web_searches")
    assert not has(rate["contract_derived_mask"], "output_tokens")
    assert not rate["contract_assumed"]


@pytest.mark.parametrize("tier", ["flex", "provisioned"])
def test_a_tier_the_book_does_not_know_is_priced_as_standard_and_assumed(tier: str):
    [rate] = rates(bought(row("output_tokens", 900)), key=RateKey(1, "p", "m", tier))
    assert (rate["contract_output_tokens"], rate["contract_assumed"]) == (900, True)


@pytest.mark.parametrize("tier", ["standard", "default", "", None, "unknown"])
def test_standard_by_any_name_assumes_nothing(tier: str | None):
    [rate] = rates(bought(row("output_tokens", 900)), key=RateKey(1, "p", "m", tier))
    assert not rate["contract_assumed"]


def test_a_tier_that_begins_later_is_assumed_before_and_known_after():
    batch = row("output_tokens", 450, variant="processing=batch", effective_from=DAY)
    before, after = rates(
        bought(row("output_tokens", 900), batch), key=RateKey(1, "p", "m", "batch")
    )
    assert (before["contract_output_tokens"], before["contract_assumed"]) == (900, True)
    assert (after["contract_output_tokens"], after["contract_assumed"]) == (450, False)


@pytest.mark.parametrize("variant", ["speed=fast", "service_tier=fast"])
def test_fast_is_found_under_either_name(variant: str):
    [rate] = rates(
        bought(row("output_tokens", 900), row("output_tokens", 1800, variant=variant)),
        key=RateKey(1, "p", "m", "fast"),
    )
    assert (rate["contract_output_tokens"], rate["contract_assumed"]) == (1800, False)


def test_image_size_and_batch_together_take_the_row_that_names_both():
    rows = (
        row("images", 100, variant="image_size=2K"),
        row("images", 50, variant="image_size=2K;processing=batch"),
    )
    [plain] = rates(bought(*rows), key=RateKey(1, "p", "m", "standard", "image_size=2K"))
    [batch] = rates(bought(*rows), key=RateKey(1, "p", "m", "batch", "image_size=2K"))
    assert (plain["contract_images"], batch["contract_images"]) == (100, 50)
    [other] = rates(bought(*rows), key=RateKey(1, "p", "m", "standard", "image_size=8K"))
    assert other["contract_images"] is None


def test_a_contracts_flat_image_price_beats_a_list_price_by_size():
    sized = bought(row("images", 100, variant="image_size=2K"), layer="overlay")
    [rate] = rates(
        sized, bought(row("images", 60)), key=RateKey(1, "p", "m", "standard", "image_size=2K")
    )
    assert (rate["contract_images"], rate["list_images"]) == (60, 100)


def test_a_regions_multiplier_raises_list_token_prices_and_not_the_contract():
    uplift = row("*", 0, region="eu", multiplier=Decimal("1.1"))
    listed = bought(row("output_tokens", 1005), row("images", 10), replace(uplift, pico=None),
                    layer="overlay")  # fmt: skip
    agreed = bought(row("output_tokens", 700))
    [rate] = rates(listed, agreed, key=RateKey(1, "p", "m", "standard", "", "EU"))
    # 1,005 x 1.1 = 1,105.5: half a pico-USD is rounded away, to the even neighbour
    assert (rate["list_output_tokens"], rate["contract_output_tokens"]) == (1106, 700)
    assert rate["list_images"] == 10
    assert has(rate["inexact_mask"], "output_tokens")
    [home] = rates(listed, agreed)
    assert home["list_output_tokens"] == 1005


def test_a_newer_import_of_a_source_supersedes_it_model_by_model():
    old = bought(row("images", 1), row("images", 5, model="other"), import_id="old")
    new = bought(row("images", 2), import_id="new", known_from=DAY + timedelta(days=30))
    assert [r["contract_images"] for r in rates(old, new)] == [2]
    assert [r["contract_images"] for r in rates(old, new, known_at=DAY)] == [1]
    [kept] = rates(old, new, key=RateKey(1, "p", "other"))
    assert kept["contract_images"] == 5
    [unknown] = rates(old, new, known_at=DAY - timedelta(days=1))
    assert unknown["contract_images"] is None


def test_time_of_day_is_cut_and_flagged():
    night = row("images", 1, second_from=0, second_to=3600)
    day = row("images", 2, second_from=3600, second_to=SECONDS_PER_DAY)
    first, second = rates(bought(night, day))
    assert (first["second_to"], second["second_from"]) == (3600, 3600)
    assert first["has_tod"]
    assert second["has_tod"]


dates = st.one_of(st.none(), st.integers(0, 400).map(lambda n: DAY + timedelta(days=n)))


@st.composite
def any_rows(draw: st.DrawFn) -> PriceRow:
    begin, end = draw(dates), draw(dates)
    if begin and end and end <= begin:
        begin, end = None, begin
    over, upto = sorted(draw(st.lists(st.sampled_from([NO_CONTEXT, 100, 200, ANY_CONTEXT]),
                                      min_size=2, max_size=2, unique=True)))  # fmt: skip
    first, last = sorted(draw(st.lists(st.sampled_from([0, 1800, 60_000, SECONDS_PER_DAY]),
                                       min_size=2, max_size=2, unique=True)))  # fmt: skip
    return row(
        draw(st.sampled_from(["output_tokens", "uncached_input_tokens", "images"])),
        draw(st.integers(0, 10**9)),
        effective_from=begin, effective_to=end, context_over=over, context_upto=upto,
        second_from=first, second_to=last,
        variant=draw(st.sampled_from(["", "processing=batch", "service_tier=fast"])),
        region=draw(st.sampled_from(["", "eu"])),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    layers=st.lists(
        st.tuples(st.sampled_from(["overlay", "default", "history"]), any_rows()), max_size=7
    ),
    tier=st.sampled_from(["standard", "batch", "fast", "flex"]),
    region=st.sampled_from(["", "eu"]),
    data=st.data(),
)
def test_every_instant_second_and_size_falls_into_exactly_one_row(layers, tier, region, data):
    # One import a row: different sources may state the same thing, the newest wins.
    imports = [
        bought(one, layer=layer, source=f"s{n}", import_id=f"i{n}")
        for n, (layer, one) in enumerate(layers)
    ]
    table = rates(*imports, key=RateKey(1, "p", "m", tier, "", region))
    edges = [FIRST_INSTANT, *(r["effective_from"] for r in table)]
    at = data.draw(st.sampled_from(edges)) + timedelta(
        seconds=data.draw(st.integers(0, 3 * SECONDS_PER_DAY))
    )
    second = data.draw(st.one_of(st.sampled_from([0, 1799, 1800, 60_000]), st.integers(0, 86_399)))
    size = data.draw(st.sampled_from([0, 1, 99, 100, 101, 200, 201, 10**12]))
    fits = [
        r
        for r in table
        if r["effective_from"] <= at < r["effective_to"]
        and r["second_from"] <= second < r["second_to"]
        and r["context_over"] < size <= r["context_upto"]
    ]
    assert len(fits) == 1


def test_the_book_reads_back_what_it_saved(tmp_path):
    one = bought(
        row("images", 1, effective_from=DAY, retrieved_on=date(2026, 1, 2), line=3),
        row("audio_seconds", 2, minimum_units=Decimal("10.000")),
        row("*", 0, multiplier=Decimal("1.100000"), region="eu"),
    )
    one.save(tmp_path / "a.parquet")
    one.save(tmp_path / "b.parquet")
    assert PriceImport.load(tmp_path / "a.parquet") == one
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("content", [b"", b"no parquet at all"])
def test_a_damaged_import_is_refused_with_a_message(tmp_path, content: bytes):
    (tmp_path / "bad.parquet").write_bytes(content)
    with pytest.raises(PriceError, match="no price import"):
        PriceImport.load(tmp_path / "bad.parquet")
    with pytest.raises(PriceError, match="no price import"):
        PriceImport.load(tmp_path / "absent.parquet")

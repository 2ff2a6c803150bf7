"""The default book is a faithful, repeatable compile of the package's data."""

from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import (
    ConditionalPrice,
    ModelPrice,
    TieredPrices,
    TimeOfDateConstraint,
    Usage,
)

from workbench.errors import PriceError
from workbench.pricing.book import PriceBook, RateKey, compile_rates
from workbench.pricing.genai import compile_book, compile_installed, write_default
from workbench.pricing.genai_units import METER_OF_UNIT
from workbench.pricing.shipped import shipped_imports
from workbench.reference import data_folder
from workbench.schema import METER_NAMES

TIERS = {
    "processing=batch": "batch", "service_tier=priority": "priority", "service_tier=flex": "flex",
    "service_tier=fast": "fast", "speed=fast": "fast", "service_tier=default": "default",
}  # fmt: skip
SIZES = (0, 32_001, 100_000, 128_001, 200_000, 200_001, 272_000, 272_001, 10**6)
INSTANTS = [
    datetime(2024, 5, 1, 2, 30, tzinfo=UTC),
    datetime(2026, 8, 16, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 9, 10, 7, 0, tzinfo=UTC),
    datetime(2026, 10, 14, 0, 0, tzinfo=UTC),
    datetime(2026, 11, 20, 16, 30, tzinfo=UTC),
]


def test_the_shipped_file_equals_a_fresh_compile():
    shipped = shipped_imports()[0]
    fresh = compile_installed(retrieved_on=shipped.retrieved_on)
    assert (fresh.import_id, fresh.source_version) == (shipped.import_id, shipped.source_version)
    assert fresh == shipped


def test_compiling_twice_gives_the_same_bytes(tmp_path: Path):
    shipped = shipped_imports()[0]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_default(compile_installed(retrieved_on=shipped.retrieved_on), tmp_path / name)
    for file in ("default.parquet", "default.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    shipped_about = (data_folder() / "prices" / "default.json").read_bytes()
    assert (tmp_path / "one" / "default.json").read_bytes() == shipped_about


def test_every_unit_of_the_map_is_one_of_the_package_and_one_meter_of_ours():
    assert set(METER_OF_UNIT) <= set(unit_data)
    assert set(METER_OF_UNIT.values()) <= set(METER_NAMES)
    assert len(set(METER_OF_UNIT.values())) == len(METER_OF_UNIT)


def test_a_unit_that_no_meter_counts_is_refused_by_name():
    provider = copy(providers[0])
    model = copy(provider.models[0])
    model.prices = ModelPrice(input_mtok=Decimal(1), input_text_tool_mtok=Decimal(2))
    provider.models = [model]
    with pytest.raises(PriceError, match=r"input_text_tool_tokens.*METER_OF_UNIT"):
        compile_book([provider], unit_data, version="x", retrieved_on=datetime.now(UTC).date())


def test_a_window_over_midnight_is_split_in_two():
    provider, model = copy(providers[0]), copy(providers[0].models[0])
    night = TimeOfDateConstraint(start_time=time(22), end_time=time(4))
    model.prices = [
        ConditionalPrice(prices=ModelPrice(input_mtok=Decimal(2))),
        ConditionalPrice(night, prices=ModelPrice(input_mtok=Decimal(1))),
    ]
    provider.models = [model]
    book = compile_book([provider], unit_data, version="x", retrieved_on=INSTANTS[0].date())
    assert [(r.second_from, r.second_to, r.pico) for r in book.rows] == [
        (0, 4 * 3600, 1_000_000),
        (4 * 3600, 22 * 3600, 2_000_000),
        (22 * 3600, 24 * 3600, 1_000_000),
    ]


def asked() -> Iterator[tuple[Any, Any, str, str, dict[str, str] | None]]:
    for provider in providers:
        for model in provider.models:
            yield provider, model, "standard", "", None
            for variant in model.price_variants or ():
                [(name, value)] = variant.when.items()
                text = f"{name}={value}"
                tier = TIERS.get(text, "standard")
                yield provider, model, tier, "" if text in TIERS else text, {name: value}


def test_every_unit_price_of_every_model_variant_and_instant_is_the_packages():
    cases = list(asked())
    keys = [RateKey(n, p.id, m.id, *asks) for n, (p, m, *asks, _) in enumerate(cases)]
    table = compile_rates(PriceBook(shipped_imports()[:1]), keys, None).to_pylist()
    by_key: dict[int, list[dict[str, Any]]] = {}
    for rate in table:
        by_key.setdefault(rate["rate_key"], []).append(rate)
    differ = []
    for number, (provider, model, tier, variant, context) in enumerate(cases):
        if get_first(provider, model) is not model:
            continue  # another model of the provider answers to this one's id
        for at in INSTANTS:
            prices = model.get_prices(at, context)
            tiered = any(isinstance(price, TieredPrices) for price in vars(prices).values())
            for size in SIZES if tiered else SIZES[:1]:
                rate = fitting(by_key[number], at, size)
                for unit, meter in METER_OF_UNIT.items():
                    price = getattr(prices, unit_data[unit]["price_key"])
                    if price is None or meter in (
                        "reasoning_tokens",
                        "citation_tokens",
                        "annotated_pages",
                    ):
                        continue
                    exact = at_size(price, size) * 10**12 / unit_data[unit]["per"]
                    if abs(rate[f"list_{meter}"] - exact) > Decimal("0.5"):
                        differ.append((provider.id, model.id, tier, variant, at, size, meter))
    assert differ == []
    assert len(cases) > 2_400


def get_first(provider: Any, model: Any) -> Any:
    return provider.find_model(model.id)


def at_size(price: Decimal | TieredPrices, size: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return next((t.price for t in reversed(price.tiers) if size > t.start), price.base)


def fitting(rates: list[dict[str, Any]], at: datetime, size: int) -> dict[str, Any]:
    naive = at.replace(tzinfo=None)
    second = at.hour * 3600 + at.minute * 60 + at.second
    [rate] = [
        r
        for r in rates
        if r["effective_from"] <= naive < r["effective_to"]
        and r["second_from"] <= second < r["second_to"]
        and r["context_over"] < size <= r["context_upto"]
    ]
    return rate


def test_a_short_recording_is_billed_ten_seconds_where_the_package_does():
    key = RateKey(1, "groq", "whisper-large-v3")
    [rate] = compile_rates(PriceBook(shipped_imports()[:1]), [key], None).to_pylist()
    model = next(p for p in providers if p.id == "groq").find_model("whisper-large-v3")
    assert model is not None
    groq = next(p for p in providers if p.id == "groq")
    short = model.calc_price(Usage(audio_seconds=3), groq, genai_request_timestamp=INSTANTS[0])
    # 0.111 USD an hour x 10 s, off by at most half a pico-USD a second
    billed = rate["minimum_audio_seconds"] * rate["list_audio_seconds"]
    assert abs(billed - short.total_price * 10**12) <= 5

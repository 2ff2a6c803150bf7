"""What the workbench ships with is dated, sourced, consistent, and finds its models."""

from datetime import date, datetime

from workbench.pricing.book import PriceBook, RateKey, compile_rates, listing
from workbench.pricing.diff import disagreements, unused_contracts
from workbench.pricing.rows import PriceImport
from workbench.pricing.sheet import parse_sheet
from workbench.pricing.shipped import shipped_imports
from workbench.schema import PRICE_BOOK_COLUMNS

NOON = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - the book keeps naive UTC


def rate(*key: str) -> dict:
    table = compile_rates(PriceBook(shipped_imports()), [RateKey(1, *key)], None).to_pylist()
    return next(r for r in reversed(table) if r["context_over"] < 0)


def test_layers_ship_with_a_fixed_day_of_knowledge():
    assert [(one.layer, one.known_from.date().isoformat()) for one in shipped_imports()] == [
        ("default", "2026-11-23"), ("overlay", "2026-11-23"), ("history", "2026-11-23"),
    ]  # fmt: skip


def test_an_image_is_priced_by_its_size_and_half_in_batch():
    # 1,120 tokens of output at 120 USD a million
    plain = rate("google", "gemini-3-pro-image", "standard", "image_size=1K")
    batch = rate("google", "gemini-3-pro-image", "batch", "image_size=1K")
    assert plain["list_images"] == 134_400_000_000
    assert batch["list_images"] == 67_200_000_000
    assert rate("google", "gemini-3-pro-image")["list_images"] is None


def test_an_unverified_image_price_is_listed_and_never_prices():
    assert rate("google", "imagen-4")["list_images"] is None
    table = listing(PriceBook(shipped_imports())).to_pylist()
    [row] = [r for r in table if r["model"] == "imagen-4"]
    assert (row["confidence"], row["prices"], row["pico_usd_per_unit"]) == (
        "unverified", False, 40_000_000_000,
    )  # fmt: skip


def test_gemini_flex_is_half_and_priority_is_dearer():
    flex = rate("google", "gemini-2.5-pro", "flex")
    priority = rate("google", "gemini-2.5-pro", "priority")
    assert (flex["list_uncached_input_tokens"], flex["list_output_tokens"]) == (625_000, 5_000_000)
    assert priority["list_output_tokens"] == 18_000_000
    assert not flex["list_assumed"]


def test_processing_in_the_eu_costs_a_tenth_more():
    home, eu = rate("openai", "gpt-5.4"), rate("openai", "gpt-5.4", "standard", "", "eu")
    assert (home["list_uncached_input_tokens"], eu["list_uncached_input_tokens"]) == (
        2_500_000, 2_750_000,
    )  # fmt: skip


def test_history_prices_a_model_the_default_book_has_forgotten():
    key = RateKey(1, "anthropic", "claude-instant-1.2")
    table = compile_rates(PriceBook(shipped_imports()), [key], None).to_pylist()
    # Nothing before its launch, then the price at launch, then the cut of 2023-11-21.
    assert [r["list_output_tokens"] for r in table] == [None, 5_510_000, 2_400_000]
    assert [r["list_version"] for r in table[1:]] == ["history workbench 2026-11-23"] * 2


def test_the_listing_has_the_columns_of_the_data_dictionary_first():
    table = listing(PriceBook(shipped_imports()))
    names = [column.name for column in PRICE_BOOK_COLUMNS]
    assert table.column_names[: len(names)] == names
    assert table.num_rows == sum(len(one.rows) for one in shipped_imports())
    before = datetime(2020, 1, 1)  # noqa: DTZ001
    assert listing(PriceBook(shipped_imports()), before).num_rows == 0


def test_sources_that_disagree_are_listed_with_the_word_of_doubt():
    found = disagreements(PriceBook(shipped_imports()), at=NOON, model="claude-sonnet-5")
    by_meter = {one.meter: one for one in found}
    stated = by_meter["output_tokens"].stated
    assert [(one.pico, one.confidence) for one in stated] == [
        (10_000_000, "confirmed"), (10_000_000, "confirmed"), (15_000_000, "disputed"),
    ]  # fmt: skip


def agreed(*lines: str) -> PriceImport:
    text = "\n".join(["provider,model,meter,usd,per", *lines])
    return PriceImport(
        import_id="c", layer="contract", source="agreed.csv", source_version="1",
        known_from=NOON, retrieved_on=date(2026, 11, 20),
        rows=tuple(parse_sheet(text, name="agreed.csv")),
    )  # fmt: skip


def test_a_sheet_row_prices_every_logged_spelling_of_its_model_at_its_provider():
    sheet = agreed("OpenAI,gpt-4o,output_tokens,7,1000000")
    keys = [
        RateKey(1, "openai", "GPT-4o"),
        RateKey(2, "openai", "gpt-4o-2024-11-20"),
        RateKey(3, "azure", "gpt-4o"),
        RateKey(4, "openai", "gpt-4o-mini"),
    ]
    table = compile_rates(PriceBook([*shipped_imports(), sheet]), keys, None).to_pylist()
    assert {r["rate_key"]: r["contract_output_tokens"] for r in table} == {
        1: 7_000_000, 2: 7_000_000, 3: 10_000_000, 4: 600_000,
    }  # fmt: skip
    first = next(r for r in table if r["rate_key"] == 1)
    assert first["contract_version"] == "contract agreed.csv#c + default genai-prices 0.2.3"
    assert first["list_output_tokens"] == 10_000_000


def test_two_names_of_one_model_price_their_own_and_guess_no_third():
    sheet = agreed(
        "openai,gpt-4o-2024-08-06,output_tokens,6,1000000",
        "openai,gpt-4o-2024-11-20,output_tokens,5,1000000",
    )
    book = PriceBook([*shipped_imports(), sheet])
    keys = [
        RateKey(n, "openai", f"gpt-4o{day}")
        for n, day in enumerate(["-2024-08-06", "-2024-11-20", ""])
    ]
    table = compile_rates(book, keys, None).to_pylist()
    assert [r["contract_output_tokens"] for r in table] == [6_000_000, 5_000_000, 10_000_000]
    label = "contract agreed.csv#c"
    assert unused_contracts(book, keys[1:]) == [(label, "openai", "gpt-4o-2024-08-06")]
    assert unused_contracts(book, keys) == []


def test_a_sheet_for_azure_prices_azure_by_any_name_and_never_openai():
    sheet = agreed("azure_openai,gpt-4o,output_tokens,7,1000000")
    names = ["azure", "azure_openai", "azure.ai.openai", "openai"]
    keys = [RateKey(n, provider, "gpt-4o-2024-11-20") for n, provider in enumerate(names)]
    table = compile_rates(PriceBook([*shipped_imports(), sheet]), keys, None).to_pylist()
    priced = [r["contract_output_tokens"] for r in table]
    assert priced == [7_000_000, 7_000_000, 7_000_000, 10_000_000]

"""Published list prices of other sources: read exactly, kept as witnesses, nothing dropped unsaid.

The samples are constructed for these tests and say what the real files' shapes are.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.spine import NOW, ingest, one_row, requests, write_jsonl
from workbench.answers.prices import differences, import_published
from workbench.errors import PriceError
from workbench.pricing.book import PriceBook
from workbench.pricing.published import (  # fmt: skip
    Published,
    PublishedFile,
    assemble,
    is_published,
    read_published,
)
from workbench.pricing.published import litellm as litellm_reader
from workbench.pricing.rows import ANY_CONTEXT, NO_CONTEXT, PriceRow
from workbench.pricing.shipped import shipped_imports
from workbench.workspace import Workspace

ACTIVE = PriceBook(shipped_imports()).at(None)
KNOWN = datetime(2026, 11, 20)  # noqa: DTZ001 - naive UTC, as the book keeps it


def brought(
    tmp_path: Path, *contents: object, layer: str = "witness"
) -> tuple[Published, list[PriceRow]]:
    """Import contents as files of one source; return the report and every row, in order."""
    files = []
    for number, content in enumerate(contents):
        path = tmp_path / f"page-{number}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        files.append(read_published(path))
    (found,) = assemble(files, active=ACTIVE, known_from=KNOWN, layer=layer)
    assert found.stated == found.taken + found.repeated + len(found.skipped)
    return found, [row for one in found.imports for row in one.rows]


def prices(rows: list[PriceRow], **conditions: object) -> dict[str, int | None]:
    """Return pico-USD by meter of the rows with these conditions."""
    return {
        row.meter: row.pico
        for row in rows
        if all(getattr(row, name) == value for name, value in conditions.items())
    }


def reasons(found: Published) -> dict[str, str]:
    return {one.what: one.reason for one in found.skipped}


LITELLM = """{
  "sample_spec": {"litellm_provider": "one of the providers", "input_cost_per_token": 0.0},
  "claude-sonnet-4-5": {
    "litellm_provider": "anthropic", "mode": "chat", "max_tokens": 64000,
    "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05,
    "cache_read_input_token_cost": 3e-07, "cache_creation_input_token_cost": 3.75e-06,
    "cache_creation_input_token_cost_above_1hr": 6e-06,
    "input_cost_per_token_above_200k_tokens": 6e-06, "input_cost_per_token_batches": 1.5e-06,
    "search_context_cost_per_query": {"search_context_size_low": 0.01},
    "output_cost_per_reasoning_token": 0.0, "input_cost_per_audio_token": null
  },
  "anthropic/claude-sonnet-4-5-20250929": {
    "litellm_provider": "anthropic", "mode": "chat",
    "input_cost_per_token": 3.3e-06, "output_cost_per_token": 1.65e-05
  },
  "openai/gpt-9-imagined": {"litellm_provider": "openai", "input_cost_per_token": 1.5e-07},
  "dashscope/qwen": {"litellm_provider": "openai", "tiered_pricing": [{"range": [0, 32000]}]},
  "bedrock/us-east-1/1-month-commitment/m": {"litellm_provider": "bedrock", "input_cost_per_second": 0.01},
  "gpt-4.1": {"litellm_provider": "openai", "input_cost_per_token": 1e-25, "output_cost_per_token": "NaN",
    "cache_read_input_token_cost": -1e-07, "input_cost_per_character": 1e400}
}"""


def test_the_litellm_map_gives_decimals_tiers_bands_and_cache_lifetimes(tmp_path: Path):
    found, rows = brought(tmp_path, LITELLM)
    mine = [row for row in rows if row.model == "claude-sonnet-4-5"]
    assert prices(mine, variant="", context_over=NO_CONTEXT) == {
        "uncached_input_tokens": 3_000_000, "output_tokens": 15_000_000,
        "cache_read_tokens": 300_000, "cache_write_5m_tokens": 3_750_000,
        "cache_write_unknown_tokens": 3_750_000, "cache_write_1h_tokens": 6_000_000,
    }  # fmt: skip
    assert prices(mine, variant="processing=batch") == {"uncached_input_tokens": 1_500_000}
    bands = {(r.context_over, r.context_upto): r.pico for r in mine
             if r.meter == "uncached_input_tokens" and not r.variant}  # fmt: skip
    assert bands == {(NO_CONTEXT, 200_000): 3_000_000, (200_000, ANY_CONTEXT): 6_000_000}
    assert not any(row.inexact for row in mine)
    said = reasons(found)
    assert "zero" in said["claude-sonnet-4-5 output_cost_per_reasoning_token"]
    assert "no meter" in said["claude-sonnet-4-5 search_context_cost_per_query"]
    assert "another name" in said["anthropic/claude-sonnet-4-5-20250929 input_cost_per_token"]
    assert "no model" in said["openai/gpt-9-imagined input_cost_per_token"]
    assert "whole request" in said["dashscope/qwen tiered_pricing"]
    assert "on-demand" in said["bedrock/us-east-1/1-month-commitment/m input_cost_per_second"]
    assert "become zero" in said["gpt-4.1 input_cost_per_token"]
    assert "no number" in said["gpt-4.1 output_cost_per_token"]
    assert "no number" in said["gpt-4.1 cache_read_input_token_cost"]
    assert "exactly" in said["gpt-4.1 input_cost_per_character"]
    assert not any(what.startswith("sample_spec") for what in said)


def test_a_float_that_no_binary_float_holds_stays_what_is_written(tmp_path: Path):
    text = (
        '{"gpt-4.1": {"litellm_provider": "openai", "input_cost_per_token": 0.000001234567890123}}'
    )
    _, [row] = brought(tmp_path, text)
    assert (row.pico, row.inexact) == (1_234_568, True)
    _, [row] = brought(tmp_path, text.replace("0.000001234567890123", "1.50e-07"))
    assert (row.pico, row.inexact) == (150_000, False)


def test_overlay_fills_what_the_book_lacks_and_the_rest_stays_witness(tmp_path: Path):
    found, _ = brought(tmp_path, LITELLM, layer="overlay")
    by_layer = {one.layer: one.rows for one in found.imports}
    assert [
        (r.provider, r.model, r.pico) for r in by_layer["overlay"] if "imagined" in r.model
    ] == [("openai", "gpt-9-imagined", 150_000)]
    assert not [r for r in by_layer["overlay"] if r.meter == "output_tokens"]
    assert "output_tokens" in {row.meter for row in by_layer["witness"]}


def test_a_price_a_thousand_times_the_books_is_suspicious(tmp_path: Path):
    entry = {"litellm_provider": "anthropic", "input_cost_per_token": 0.003, "output_cost_per_token": 1.4e-05}  # fmt: skip
    found, _ = brought(tmp_path, {"claude-sonnet-4-5": entry})
    (doubt,) = found.suspicious
    assert (doubt.meter, doubt.pico, doubt.book_pico) == ("uncached_input_tokens", 3_000_000_000, 3_000_000)  # fmt: skip
    exactly_ten = {"claude-sonnet-4-5": {"litellm_provider": "anthropic", "input_cost_per_token": 3e-05}}  # fmt: skip
    assert len(brought(tmp_path, exactly_ten)[0].suspicious) == 1
    unknown = {"gpt-9-imagined": {"litellm_provider": "openai", "input_cost_per_token": 1.5}}
    (doubt,) = brought(tmp_path, unknown, layer="overlay")[0].suspicious
    assert doubt.is_range


OPENROUTER: dict[str, Any] = {"data": [
    {"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
    {"id": "anthropic/claude-sonnet-4.6", "pricing": {
        "prompt": "0.000003", "completion": "0.000015", "request": "0", "image": "0.0048",
        "web_search": "0.01", "internal_reasoning": "0", "discount": 0.1}},
]}  # fmt: skip


def test_openrouter_zeros_and_variable_prices_are_not_prices(tmp_path: Path):
    found, rows = brought(tmp_path, OPENROUTER)
    assert prices(rows) == {
        "uncached_input_tokens": 3_000_000, "output_tokens": 15_000_000,
        "web_searches": 10_000_000_000,
    }  # fmt: skip
    assert {row.provider for row in rows} == {"openrouter"}
    said = reasons(found)
    assert "varies" in said["openrouter/auto prompt"]
    assert "zero" in said["anthropic/claude-sonnet-4.6 internal_reasoning"]
    assert "image" in said["anthropic/claude-sonnet-4.6 image"]
    assert "discount" in said["anthropic/claude-sonnet-4.6 discount"]


def azure(name: str, price: float, **more: object) -> dict[str, object]:
    return {"currencyCode": "USD", "tierMinimumUnits": 0.0, "retailPrice": price, "meterName": name,
            "armRegionName": "eastus2", "effectiveStartDate": "2026-03-05T00:00:00Z", "meterId": name,
            "productName": "Azure OpenAI GPT5", "unitOfMeasure": "1M", "type": "Consumption"} | more  # fmt: skip


def test_azure_meters_are_read_by_their_names_and_dated(tmp_path: Path):
    first = {"NextPageLink": "page 2", "Items": [
        azure("5.4 inp Gl 1M Tokens", 2.5),
        azure("5.4 inp Gl 1M Tokens", 2.5, armRegionName="westeurope"),
        azure("5.4 cchd inp Gl 1M Tokens", 0.25),
        azure("5.4 inp DZone 1M Tokens", 2.75),
        azure("5.4 outp Gl 1M Tokens", 13, currencyCode="EUR"),
        azure("GPT 5 Mini Btch Inpt Gl", 0.125),
        azure("GPT 5 Mini outp Gl 1K Tokens", 0.002, unitOfMeasure="1K"),
        azure("5.4 hosting Gl", 1.7, unitOfMeasure="1 Hour"),
        azure("GPT 5 outp Gl", 10, unitOfMeasure="1 Hour"),
        azure("Imagined 9 inp Gl", 10),
        azure("4.1 inp Gl", 2, type="Reservation"),
    ]}  # fmt: skip
    second = {"Items": [
        azure("5.4 inp Gl 1M Tokens", 2, effectiveStartDate="2027-01-01T00:00:00Z"),
        azure("o3 inp Gl", 2), azure("o3 inp Gl", 1, tierMinimumUnits=1000.0),
    ]}  # fmt: skip
    found, rows = brought(tmp_path, first, second)
    dated = [(r.pico, r.region, r.effective_from, r.effective_to) for r in rows
             if (r.model, r.meter) == ("gpt-5.4", "uncached_input_tokens")]  # fmt: skip
    march, january = datetime(2026, 3, 5), datetime(2027, 1, 1)  # noqa: DTZ001
    assert dated == [(2_500_000, "", march, january), (2_000_000, "", january, None)]
    assert found.later == 1
    assert prices(rows, model="gpt-5.4", meter="cache_read_tokens") == {
        "cache_read_tokens": 250_000
    }
    assert prices(rows, model="gpt-5-mini", variant="processing=batch") == {"uncached_input_tokens": 125_000}  # fmt: skip
    assert prices(rows, model="gpt-5-mini", variant="") == {"output_tokens": 2_000_000}
    said = reasons(found)
    assert "data zone" in said["5.4 inp DZone 1M Tokens (eastus2)"]
    assert "currency" in said["5.4 outp Gl 1M Tokens (eastus2)"]
    assert "on-demand" in said["5.4 hosting Gl (eastus2)"]
    assert "unit is not known: 1 Hour" in said["GPT 5 outp Gl (eastus2)"]
    assert "no model" in said["Imagined 9 inp Gl (eastus2)"]
    assert "on-demand" in said["4.1 inp Gl (eastus2)"]
    assert "volume" in said["o3 inp Gl (eastus2)"]
    assert sum(one.what.startswith("o3 ") for one in found.skipped) == 2  # the first step as well
    assert found.notes == ("page-0.json: it is one page of several: give all pages in one command",)


def aws(usagetype: str, usd: str, *, model: str = "Llama 3 70B", **more: object) -> dict[str, Any]:
    dimension = {"unit": "1K tokens", "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": usd}} | more  # fmt: skip
    return {
        "product": {"sku": usagetype, "attributes": {
            "regionCode": "us-east-1", "usagetype": usagetype, "model": model}},
        "terms": {"OnDemand": {"T": {"effectiveDate": "2026-11-01T00:00:00Z",
                                     "priceDimensions": {"D": dimension}}}},
        "publicationDate": "2026-11-01T00:00:00Z",
    }  # fmt: skip


def test_aws_prices_keep_their_region_and_volume_tiers_are_no_bands(tmp_path: Path):
    items = [
        aws("USE1-Llama3-70B-input-tokens", "0.0026500000"),
        aws("USE1-Llama3-70B-output-tokens-batch", "0.0017500000"),
        aws("USE1-Claude4.5Sonnet-output-tokens", "0.0165", model="Claude Sonnet 4.5"),
        aws("USE1-Claude4.5Sonnet-global-output-tokens", "0.015", model="Claude Sonnet 4.5"),
        aws("USE1-Llama3-70B-ProvisionedThroughput", "21.18"),
        aws("USE1-Llama3-8B-input-tokens", "0.3", model="Llama 3 8B", endRange="1000000"),
        aws("CNN1-Llama3-8B-input-tokens", "0", model="Llama 3 8B", pricePerUnit={"CNY": "0.1"}),
        aws("USE1-Llama3-8B-output-tokens", "0.1", model="Llama 3 8B", unit="Images"),
    ]
    found, rows = brought(tmp_path, {"PriceList": [json.dumps(one) for one in items]})
    assert [(r.model, r.meter, r.pico, r.variant, r.region) for r in rows] == [
        ("meta.llama3-70b-instruct-v1:0", "uncached_input_tokens", 2_650_000, "", "us-east-1"),
        ("meta.llama3-70b-instruct-v1:0", "output_tokens", 1_750_000, "processing=batch", "us-east-1"),
        ("regional.anthropic.claude-sonnet-4-5-20250929-v1:0", "output_tokens", 16_500_000, "", "us-east-1"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "output_tokens", 15_000_000, "", ""),
    ]  # fmt: skip
    said = reasons(found)
    assert "provisioned" in said["USE1-Llama3-70B-ProvisionedThroughput"]
    assert "volume" in said["USE1-Llama3-8B-input-tokens"]
    assert "currency" in said["CNN1-Llama3-8B-input-tokens"]
    assert "unit" in said["USE1-Llama3-8B-output-tokens"]
    offer = {"publicationDate": "2026-11-02T00:00:00Z", "products": {"S": items[0]["product"]},
             "terms": {"OnDemand": {"S": items[0]["terms"]["OnDemand"]}}}  # fmt: skip
    again, [row] = brought(tmp_path, offer)
    assert row.pico == 2_650_000
    assert again.imports[0].source_version == "2026-11-02T00:00:00Z"


def gcp(description: str, nanos: int, **more: object) -> dict[str, Any]:
    expression = {"usageUnit": "count", "displayQuantity": 1000000, "tieredRates": [
        {"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}
    ]} | more  # fmt: skip
    return {"skuId": description, "description": description, "serviceRegions": ["global"],
            "category": {"usageType": "OnDemand"}, "pricingInfo": [
                {"effectiveTime": "2026-11-01T00:00:00Z", "pricingExpression": expression}]}  # fmt: skip


def test_google_prices_are_of_one_usage_unit_and_free_tiers_are_volume(tmp_path: Path):
    free = [{"startUsageAmount": at, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": nanos}}
            for at, nanos in ((0, 0), (1000, 300))]  # fmt: skip
    found, rows = brought(tmp_path, {"skus": [
        gcp("Gemini 2.5 Pro Text Input - Predictions", 1250),
        gcp("Gemini 2.5 Pro Thinking Text Output - Predictions", 10000),
        gcp("Gemini 2.5 Pro Long Text Input - Predictions", 2500),
        gcp("Gemini 2.5 Flash Batch Text Output - Predictions", 1250),
        gcp("Gemini 2.5 Flash Text Input - Predictions", 300, tieredRates=free),
        gcp("Gemini 2.5 Flash Audio Input - Predictions", 1, usageUnit="h"),
        gcp("Gemini 2.5 Flash Provisioned Throughput", 1),
    ]})  # fmt: skip
    assert [(r.provider, r.model, r.meter, r.pico, r.variant) for r in rows] == [
        ("google", "gemini-2.5-pro", "uncached_input_tokens", 1_250_000, ""),
        ("google", "gemini-2.5-pro", "output_tokens", 10_000_000, ""),
        ("google", "gemini-2.5-flash", "output_tokens", 1_250_000, "processing=batch"),
    ]
    said = reasons(found)
    assert "threshold" in said["Gemini 2.5 Pro Long Text Input - Predictions"]
    assert "volume" in said["Gemini 2.5 Flash Text Input - Predictions"]
    assert "unit is not known: h" in said["Gemini 2.5 Flash Audio Input - Predictions"]
    assert not found.suspicious


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "can't be read as JSON"),
        ('{"a": 1}', "no known price source"),
        ("[]", "no known price source"),
        ("[" * 100_000, "can't be read as JSON"),
        ("\udcff", "can't be read as JSON"),
    ],
)
def test_other_json_is_refused_with_what_is_known(tmp_path: Path, text: str, says: str):
    path = tmp_path / "prices.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert is_published(path)
    with pytest.raises(PriceError, match=says):
        read_published(path)


def test_a_model_named_twice_says_so(tmp_path: Path):
    entry = '"gpt-4.1": {"litellm_provider": "openai", "input_cost_per_token": %s}'
    found, [row] = brought(tmp_path, f"{{{entry % '1e-06'}, {entry % '2e-06'}}}")
    assert row.pico == 2_000_000
    assert "twice" in reasons(found)["gpt-4.1"]


_VALUES = st.one_of(
    st.none(), st.text(max_size=5), st.booleans(), st.floats(0, 1), st.integers(-5, 5),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
_KEYS = st.one_of(
    st.sampled_from([*litellm_reader.METERS, "tiered_pricing", "max_tokens"]), st.text(max_size=8)
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(["gpt-4.1", "o3", "x/y", "gpt-4o"]), st.dictionaries(_KEYS, _VALUES)))  # fmt: skip
def test_every_rate_is_taken_repeated_or_skipped(models: Mapping[str, dict[str, Any]]):
    data = {name: {"litellm_provider": "openai", **entry} for name, entry in models.items()}
    stated = tuple(litellm_reader.read(data))
    wanted = sum(
        value is not None and ("cost" in key or "pricing" in key or "price" in key)
        for entry in data.values()
        for key, value in entry.items()
    )
    assert len(stated) >= wanted
    file = PublishedFile(name="f", source="litellm", version="", sha256="0", stated=stated)
    for layer in ("witness", "overlay"):
        (found,) = assemble([file], active=ACTIVE, known_from=KNOWN, layer=layer)
        assert found.stated == found.taken + found.repeated + len(found.skipped)
        assert all(row.pico for one in found.imports for row in one.rows)
        PriceBook(found.imports)


def test_the_constructed_samples_of_the_formats_are_read_whole(shared: Path):
    folder = shared / "formats" / "fixtures" / "price_sheets"
    if not folder.is_dir():
        pytest.skip(f"no price sheets at {folder}")
    files = [read_published(path) for path in sorted(folder.glob("*.json"))]
    found = {one.source: one for one in assemble(files, active=ACTIVE, known_from=KNOWN)}
    assert {name: one.taken for name, one in found.items()} == {
        "aws-price-list": 1, "azure-retail-prices": 1, "gcp-skus": 1, "openrouter": 6,
    }  # fmt: skip
    assert not any(one.suspicious for one in found.values())


def test_a_witness_is_listed_and_compared_and_prices_nothing(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", requests(60)))
    total = "SELECT sum(contract_cost_usd) AS usd, sum(list_cost_usd) AS list FROM priced_usage"
    before = one_row(workspace, total)
    path = tmp_path / "map.json"
    path.write_text(LITELLM.replace('"output_cost_per_token": 1.5e-05', '"output_cost_per_token": 1.6e-05'))  # fmt: skip
    [(found, new)] = import_published(workspace, [path], now=NOW, layer="witness")
    assert [one.layer for one in new] == ["witness"]
    assert one_row(workspace, total) == before
    listed = one_row(
        workspace,
        "SELECT count(*) AS rows, min(source) AS source, min(known_from) AS known_from FROM "
        "price_book WHERE layer = 'witness'",
    )
    assert listed == {"rows": len(new[0].rows), "source": "litellm", "known_from": NOW.replace(tzinfo=None)}  # fmt: skip
    told = differences(workspace, at=NOW, model="claude-sonnet-4-5", everything=False)
    output = next(one for one in told if one["meter"] == "output_tokens" and not one["conditions"])
    label = f"witness litellm {new[0].source_version}"
    assert output["usd_per_million"][label] == 16.0
    assert output["usd_per_million"]["default genai-prices 0.2.3"] == 15.0
    assert import_published(workspace, [path], now=NOW, layer="witness")[0][1] == []
    workspace.rebuild()
    assert one_row(workspace, "SELECT count(*) AS n FROM price_book WHERE layer = 'witness'")["n"] == listed["rows"]  # fmt: skip
    assert one_row(workspace, total) == before
    assert workspace.verify() == []
    assert found.taken == 7


def test_an_overlay_prices_what_was_unpriced(tmp_path: Path):
    workspace = Workspace.init(tmp_path / "ws")
    row = {"request_id": "a", "started_at": "2026-10-01T00:00:00Z", "provider": "openai",
           "model": "gpt-9-imagined", "uncached_input_tokens": 1_000_000}  # fmt: skip
    ingest(workspace, write_jsonl(tmp_path / "log.jsonl", [row]))
    cost = "SELECT CAST(contract_cost_usd AS VARCHAR) AS usd, price_status FROM priced_usage"
    assert one_row(workspace, cost) == {"usd": None, "price_status": "unpriced"}
    path = tmp_path / "map.json"
    path.write_text(LITELLM)
    import_published(workspace, [path], now=NOW, layer="overlay")
    assert one_row(workspace, cost) == {"usd": "0.150000000000", "price_status": "priced"}

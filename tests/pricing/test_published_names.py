"""Names of meters as the clouds' own lists spell them: read for what they are, or left with a reason.

Names are as public code and bills cite them from Azure Retail Prices, the Bedrock offer files and
the Vertex AI catalogue (collected November 2026); amounts are invented.
"""

from pathlib import Path

import pytest

from tests.pricing.test_published import aws, azure, brought, gcp, reasons


@pytest.mark.parametrize(
    ("name", "meter", "model"),
    [
        ("gpt-4o-0806-Inp-glbl Tokens", "uncached_input_tokens", "gpt-4o"),
        ("gpt-4o-mini-0718-Outp-glbl Tokens", "output_tokens", "gpt-4o-mini"),
        ("gpt-5-codex-ccchd-inp-glbl Tokens", "cache_read_tokens", "gpt-5"),
        ("gpt-5-codex-inp-glbl Tokens", "uncached_input_tokens", "gpt-5"),
        ("5.4 mini cd Inp Gl 1M Tokens", "cache_read_tokens", "gpt-5.4-mini"),
        ("5.4 inp Std Gl 1M Tokens", "uncached_input_tokens", "gpt-5.4"),
        ("5.4 pp opt Gl 1M Tokens", "output_tokens", "gpt-5.4"),
    ],
)
def test_azure_names_give_meter_and_model(tmp_path: Path, name: str, meter: str, model: str):
    """The book keeps dated and special editions of one price under one id, as gpt-5-codex is gpt-5."""
    found, rows = brought(tmp_path, {"Items": [azure(name, 2.5)]})
    assert [one.reason for one in found.skipped] == []
    assert {(row.meter, row.model) for row in rows} == {(meter, model)}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("GPT 5.1 inp Rg 1M Tokens", "regional"),
        ("5.1 pp cd inp Dz 1M Tokens", "data zone"),
        ("5.4 LongCo Inp Std Gl 1M Tokens", "length of context"),
        ("5.4 ShortCo Inp Std Gl 1M Tokens", "length of context"),
        ("5.4 ShortCo Cd Wr Std Gl 1M Tokens", "on-demand"),
    ],
)
def test_azure_names_with_a_condition_are_left_with_it(tmp_path: Path, name: str, why: str):
    found, rows = brought(tmp_path, {"Items": [azure(name, 2.5)]})
    assert rows == []
    assert why in reasons(found)[f"{name} (eastus2)"]


def test_google_names_may_say_global(tmp_path: Path):
    _, rows = brought(tmp_path, {"skus": [
        gcp("Gemini 2.5 Flash Global Text Input - Predictions", 300),
        gcp("Gemini 2.5 Flash GA Thinking Text Output - Predictions", 2500),
        gcp("Gemini 2.5 Flash GA Input Text Caching", 30),
        gcp("Gemini 2.5 Flash Text Output (Thinking On) - Batch Predictions", 1250),
    ]})  # fmt: skip
    assert [(row.model, row.meter, row.pico, row.variant) for row in rows] == [
        ("gemini-2.5-flash", "uncached_input_tokens", 300_000, ""),
        ("gemini-2.5-flash", "output_tokens", 2_500_000, ""),
        ("gemini-2.5-flash", "cache_read_tokens", 30_000, ""),
        ("gemini-2.5-flash", "output_tokens", 1_250_000, "processing=batch"),
    ]


SONNET = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"


@pytest.mark.parametrize(
    ("usagetype", "meters"),
    [
        ("USE1-MP:USE1_InputTokenCount-Units", {"uncached_input_tokens"}),
        ("USE1-MP:USE1_output_tokens_standard-Units", {"output_tokens"}),
        ("USE1-MP:USE1_CacheReadInputTokenCount-Units", {"cache_read_tokens"}),
        ("USE1-MP:USE1_CacheWriteInputTokenCount-Units", {"cache_write_5m_tokens", "cache_write_unknown_tokens"}),
        ("USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", {"cache_write_1h_tokens"}),
        ("USE1-MP:USE1_cache_write_1h_input_tokens-Units", {"cache_write_1h_tokens"}),
        ("USE1-Haiku-cache-write-input-tokens", {"cache_write_5m_tokens", "cache_write_unknown_tokens"}),
    ],
)  # fmt: skip
def test_bedrock_usage_types_give_the_meter(tmp_path: Path, usagetype: str, meters: set[str]):
    item = aws(usagetype, "3.3", model="", unit="1M tokens")
    item["product"]["attributes"]["servicename"] = SONNET
    found, rows = brought(tmp_path, {"PriceList": [item]})
    assert [one.reason for one in found.skipped] == []
    assert {row.meter for row in rows} == meters
    assert {row.pico for row in rows} == {3_300_000}

"""Do compiled prices give the cost that other engines recorded, to the last digit?"""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.agreement.price_cases import read_cases, usage_rows
from workbench.pricing.book import PriceBook, PriceImport, RateKey, compile_rates
from workbench.pricing.sheet import parse_sheet
from workbench.pricing.shipped import shipped_imports
from workbench.schema import CONTEXT_METERS, METER_NAMES, meter_bit

MILLION, THOUSAND, HOUR = 1_000_000, 1_000, 3_600
PICO = Decimal(10) ** 12


def rates_by_key(table: pa.Table) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        found.setdefault(row["rate_key"], []).append(row)
    return found


def cost(usage: dict[str, Any], rates: list[dict[str, Any]], view: str) -> tuple[Decimal, Decimal]:
    """Return the cost in pico-USD of the priced meters, and how far rounding may put it off."""
    at = datetime.fromisoformat(usage["started_at"]).astimezone(UTC).replace(tzinfo=None)
    second = at.hour * 3600 + at.minute * 60 + at.second
    context = sum(usage.get(name, 0) for name in CONTEXT_METERS)
    [rate] = [
        r
        for r in rates
        if r["effective_from"] <= at < r["effective_to"]
        and r["second_from"] <= second < r["second_to"]
        and r["context_over"] < context <= r["context_upto"]
    ]
    total = slack = Decimal(0)
    for name in METER_NAMES:
        amount, price = Decimal(usage.get(name, 0)), rate[f"{view}_{name}"]
        if amount and price is not None:
            amount = max(amount, rate.get(f"minimum_{name}") or amount)
            total += amount * price
            if rate["inexact_mask"] & meter_bit(name):
                slack += amount / 2
    return total, slack


def test_every_recorded_genai_prices_case_is_priced(shared: Path, capsys):
    cases = read_cases(shared / "oracles" / "price_cases_genai_prices.csv")
    usages = [usage_rows(case) for case in cases]
    default = [one for one in shipped_imports() if one.layer == "default"]
    keys = [
        RateKey(n, u["provider"], u["model"], u["service_tier"], u["price_variant"], None)
        for n, u in enumerate(usages)
    ]
    rates = rates_by_key(compile_rates(PriceBook(default), keys, None))
    outcome: Counter[str] = Counter()
    wrong: list[str] = []
    for number, (case, usage) in enumerate(zip(cases, usages, strict=True)):
        total, slack = cost(usage, rates[number], "list")
        off = abs(total - Decimal(case["expected_usd"]) * PICO)
        outcome["exact" if off == 0 else "within half a pico-USD a unit"] += 1
        if off > slack:
            wrong.append(f"{case['case_id']} {case['tag']}: off by {off} pico-USD")
    with capsys.disabled():
        print(f"\n{len(cases)} genai-prices cases: {dict(outcome)}")
    assert wrong == []
    assert len(cases) >= 810


# What each price key of the outside cases means here: (our meter, units the price is for).
GENAI_PRICE_KEYS = {
    "input_mtok": ("input_tokens", MILLION),
    "output_mtok": ("output_tokens", MILLION),
    "cache_read_mtok": ("cache_read_tokens", MILLION),
    "cache_write_mtok": ("cache_write_tokens", MILLION),
    "cache_write_5m_mtok": ("cache_write_5m_tokens", MILLION),
    "cache_write_1h_mtok": ("cache_write_1h_tokens", MILLION),
    "input_audio_mtok": ("input_audio_tokens", MILLION),
    "output_audio_mtok": ("output_audio_tokens", MILLION),
    "cache_audio_read_mtok": ("cache_read_audio_tokens", MILLION),
    "input_image_mtok": ("input_image_tokens", MILLION),
    "output_image_mtok": ("output_image_tokens", MILLION),
    "cache_image_read_mtok": ("cache_read_image_tokens", MILLION),
    "input_video_mtok": ("input_video_tokens", MILLION),
    "output_video_mtok": ("output_video_tokens", MILLION),
    "web_searches_kcount": ("web_searches", THOUSAND),
    "requests_kcount": ("billed_requests", THOUSAND),
}
PER_TOKEN_KEYS = {
    "input_cost_per_token": "input_tokens",
    "output_cost_per_token": "output_tokens",
    "cache_creation_input_token_cost": "cache_write_tokens",
    "cache_read_input_token_cost": "cache_read_tokens",
    "output_cost_per_image_token": "output_image_tokens",
    "output_cost_per_video_token": "output_video_tokens",
}
LABELS = ("tier",)

LEFT_OUT = {
    "pc0048": "counts fractions of a token; counts are whole numbers here",
    "pc0094": "prices sausages, a unit the test invents on top of the package's units",
    "pc0130": "prices sausages, a unit the test invents on top of the package's units",
    "pc0270": "prices the sum of all tokens; no meter counts input and output together",
    "pc0281": "its 1-hour price (2 x input) is a rule of that tool, not among the unit prices",
    "pc0293": "lets the standard price of a higher band beat the priority price of a lower one; "
    "here a tier's own price wins wherever it holds",
}
"""Exact cases with unit prices that are not priced here, and why."""

SHEET_HEADER = "provider,model,meter,usd,per,context_above,service_tier"


def sheet_lines(case: dict[str, str]) -> list[str]:
    """Write the unit prices of a case as a contract sheet."""
    lines = []
    for name, price in json.loads(case["unit_prices_json"], parse_float=str).items():
        if name in LABELS:
            continue
        if name in GENAI_PRICE_KEYS:
            meter, per = GENAI_PRICE_KEYS[name]
            tiers = price.get("tiers", []) if isinstance(price, dict) else []
            base = price["base"] if isinstance(price, dict) else price
            steps = [("", base), *((tier["start"], tier["price"]) for tier in tiers)]
            lines += [f"c,m,{meter},{usd},{per},{above}," for above, usd in steps]
            continue
        stem, _, band = name.partition("_above_")
        thousands, _, tier = band.partition("k_tokens")
        above = int(thousands) * 1000 if thousands else ""
        lines.append(f"c,m,{PER_TOKEN_KEYS[stem]},{price},1,{above},{tier.strip('_')}")
    return [SHEET_HEADER, *lines]


def contract(case: dict[str, str]) -> PriceImport:
    rows = parse_sheet("\n".join(sheet_lines(case)), name=f"{case['case_id']}.csv")
    day = datetime(2026, 11, 20)  # noqa: DTZ001 - the book keeps naive UTC
    return PriceImport(
        import_id="case", layer="contract", source="case", source_version="1",
        known_from=day, retrieved_on=day.date(), rows=tuple(rows),
    )  # fmt: skip


def test_every_exact_published_case_with_unit_prices_is_priced(shared: Path, capsys):
    cases = [
        case
        for case in read_cases(shared / "oracles" / "price_cases_published_tests.csv")
        if case["kind"].startswith("exact") and case["unit_prices_json"]
    ]
    outcome: Counter[str] = Counter()
    left_out = {
        case["case_id"]: LEFT_OUT[case["case_id"]] for case in cases if case["case_id"] in LEFT_OUT
    }
    wrong: list[str] = []
    for case in cases:
        expected = Decimal(case["expected_usd"]) * PICO
        if case["case_id"] in left_out:
            continue
        if case["unit_prices_json"] == "{}":
            left_out[case["case_id"]] = "has no unit price; it is unpriced here, and 0 there"
            assert expected == 0
            continue
        usage = usage_rows(case) | {"provider": "c", "model": "m"}
        key = RateKey(1, "c", "m", usage["service_tier"], usage["price_variant"], "")
        rates = compile_rates(PriceBook([contract(case)]), [key], None).to_pylist()
        total, slack = cost(usage, rates, "contract")
        # Expected values that were computed in floating point carry its last digits.
        rounded = expected.quantize(Decimal(1)) if len(case["expected_usd"]) > 17 else expected
        off = abs(total - rounded)
        outcome["exact" if off == 0 else "within half a pico-USD a unit"] += 1
        if off > slack:
            wrong.append(f"{case['case_id']} {case['tag']}: {total} is not {expected}")
    with capsys.disabled():
        print(f"\n{len(cases)} published cases: {dict(outcome)}, left out {len(left_out)}:")
        for name, reason in left_out.items():
            print(f"  {name}: {reason}")
    assert wrong == []


LITELLM_DIFFERS = {
    "ll0052": "LiteLLM has no priority price above 272k tokens; the default book has one",
    "ll0062": "LiteLLM has no priority price above 272k tokens; the default book has one",
    "ll0201": "seconds of audio stand in a note, not in a column",
    "ll0202": "seconds of audio stand in a note, not in a column",
    "ll0203": "characters stand in a note, not in a column",
}
"""Cases where the second engine is known to differ, and why."""


def test_a_second_engine_agrees_on_tiers_long_context_and_regions(shared: Path, capsys):
    cases = read_cases(shared / "oracles" / "price_cases_litellm.csv")
    for case in cases:
        case["input_tokens"] = case["input_tokens_total"]
        tier = case["service_tier"]
        case["price_context"] = json.dumps({"service_tier": tier}) if tier else ""
    usages = [usage_rows(case) for case in cases]
    keys = [
        RateKey(n, u["provider"], u["model"], u["service_tier"], u["price_variant"], c["region"])
        for n, (u, c) in enumerate(zip(usages, cases, strict=True))
    ]
    rates = rates_by_key(compile_rates(PriceBook(shipped_imports()), keys, None))
    wrong = []
    for number, (case, usage) in enumerate(zip(cases, usages, strict=True)):
        total, slack = cost(usage, rates[number], "list")
        # Its costs are floating point, noise in the sixteenth digit: less than half a pico-USD.
        off = abs(total - Decimal(case["expected_usd"]) * PICO)
        if case["case_id"] not in LITELLM_DIFFERS and off > slack + Decimal("0.5"):
            wrong.append(f"{case['case_id']} {case['tag']}: {total} is not {case['expected_usd']}")
    with capsys.disabled():
        print(f"\n{len(cases)} LiteLLM cases, {len(LITELLM_DIFFERS)} known to differ")
    assert wrong == []

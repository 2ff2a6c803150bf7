"""Do compiled prices give the cost that other engines recorded, to the last digit?"""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from tests.agreement.price_cases import read_cases, usage_rows
from workbench.pricing.book import PriceBook, RateKey, compile_rates
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

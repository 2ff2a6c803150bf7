"""Synthetic invoices: what the sample organisation's providers would have billed.

Everything is invented. The metered cost is the starting point, and each provider differs from
it in a way that happens: tax, a credit, a model that was used outside the gateway, a charge
nobody can explain.
"""

import csv
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

FILE = "synthetic-invoices.csv"
COLUMNS = ("provider", "month", "usd", "kind", "model", "invoice_id", "description")
CENT = Decimal("0.01")
TAX_RATE = {"mistral": Decimal("0.20")}
CREDIT_USD = {("openai", "2026-08"): Decimal("-12.00")}
OUTSIDE_THE_LOGS = {("openai", "2026-10"): ("gpt-4.1", Decimal("3.10"))}
"""A model the invoice names and no log knows: somebody holds a key of their own."""
DRIFT = {("google", "2026-09"): Decimal("1.031"), ("anthropic", "2026-10"): Decimal("1.004")}
"""Times the metered cost: a difference nothing explains."""


def write_invoices(folder: Path, metered: Iterable[Mapping[str, object]]) -> Path:
    """Write one sheet of invoices.

    Parameters
    ----------
    folder
        Of the workspace; the sheet goes to `invoices/`.
    metered
        month, provider, model and usd (Decimal) of what was metered and priced.
    """
    path = folder / "invoices" / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[object, ...]] = []
    billed: dict[tuple[str, str], Decimal] = {}
    for one in metered:
        key = str(one["provider"]), str(one["month"])
        usd = (Decimal(str(one["usd"])) * DRIFT.get(key, Decimal(1))).quantize(
            CENT, ROUND_HALF_EVEN
        )
        billed[key] = billed.get(key, Decimal(0)) + usd
        rows.append((*key, usd, "usage", one["model"], _id(*key), "synthetic"))
    for key, usd in sorted(billed.items()):
        rows += [(*key, *more, _id(*key), "synthetic") for more in _beside(key, usd)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return path


def _beside(key: tuple[str, str], usd: Decimal) -> Iterable[tuple[Decimal, str, str]]:
    """Yield usd, kind and model of the charges that metering knows nothing of."""
    if key in OUTSIDE_THE_LOGS:
        model, extra = OUTSIDE_THE_LOGS[key]
        yield extra, "usage", model
    if key in CREDIT_USD:
        yield CREDIT_USD[key], "credit", ""
    if key[0] in TAX_RATE:
        yield (usd * TAX_RATE[key[0]]).quantize(CENT, ROUND_HALF_EVEN), "tax", ""


def _id(provider: str, month: str) -> str:
    return f"SYN-{provider}-{month}"

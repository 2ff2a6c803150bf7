"""Invoices in FOCUS (FinOps Open Cost and Usage Specification, 1.0 to 1.4), as CSV.

BilledCost is what the invoice says: after discounts, without amortisation. Only AI charges
count; other cloud services of the same export are skipped and counted.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from workbench.ingest.invoices.line import InvoiceLine, Kind, Place

NAME = "focus"
LOOKS_LIKE = "CSV with the FOCUS columns BilledCost, ChargeCategory and ChargePeriodStart"
REQUIRED = (
    "BilledCost",
    "BillingCurrency",
    "ChargeCategory",
    "ChargePeriodStart",
    "ChargePeriodEnd",
)
KIND: Mapping[str, Kind] = {
    "usage": "usage", "purchase": "commitment", "credit": "credit", "tax": "tax",
    "adjustment": "adjustment",
}  # fmt: skip
NOT_AI = "not an AI service"
AI_CATEGORY = "ai and machine learning"
AI_SERVICE = re.compile(
    r"bedrock|vertex|openai|azure ai|cognitive|claude|gemini|anthropic|mistral|foundation model",
    re.IGNORECASE,
)
PROVIDERS = (
    ("bedrock", "aws"), ("amazon", "aws"), ("aws", "aws"), ("openai", "openai"),
    ("azure", "azure"), ("microsoft", "azure"), ("google", "google"), ("anthropic", "anthropic"),
)  # fmt: skip
"""First word found in the provider's name -> as logs name it; `--provider` says otherwise."""


def lacks(columns: Sequence[str]) -> list[str]:
    """Return the columns that keep a CSV header with FOCUS's amount from being read as FOCUS."""
    return [name for name in REQUIRED if name not in columns] if "BilledCost" in columns else []


def fits(columns: Sequence[str]) -> bool:
    """Say whether a CSV header is FOCUS."""
    return set(columns).issuperset(REQUIRED)


def lines(row: Mapping[str, str], place: Place, *, provider: str | None) -> Iterator[InvoiceLine]:
    """Yield the line of a row, or nothing where it is no AI service."""
    text = {name: "" if value in ("NULL", None) else value.strip() for name, value in row.items()}
    if not _is_ai(text):
        return
    category = text["ChargeCategory"].lower()
    if category not in KIND:
        raise place.wrong(
            "ChargeCategory", text["ChargeCategory"], f"is none of {', '.join(KIND)}."
        )
    yield InvoiceLine(
        provider=provider or _provider(text),
        charge_from=place.instant("ChargePeriodStart", text["ChargePeriodStart"]),
        charge_to=place.instant("ChargePeriodEnd", text["ChargePeriodEnd"]),
        kind="adjustment" if text.get("ChargeClass") == "Correction" else KIND[category],
        billed_pico=place.pico("BilledCost", text["BilledCost"], currency=text["BillingCurrency"]),
        source_row=place.row,
        model=_model(text),
        invoice_id=text.get("InvoiceId") or None,
        description=text.get("ChargeDescription", "")[:200],
    )


def _is_ai(text: Mapping[str, str]) -> bool:
    named = f"{text.get('ServiceName', '')} {text.get('ServiceProviderName', '')} {text.get('PublisherName', '')}"
    return text.get("ServiceCategory", "").lower() == AI_CATEGORY or bool(AI_SERVICE.search(named))


def _provider(text: Mapping[str, str]) -> str:
    columns = ("ServiceProviderName", "ProviderName", "InvoiceIssuerName", "PublisherName")
    named = next((text[column] for column in columns if text.get(column)), "unknown")
    return next((ours for word, ours in PROVIDERS if word in named.lower()), named.lower())


def _model(text: Mapping[str, str]) -> str | None:
    """Return the model from an x_ column or from the details of the price, where one says it."""
    for column in ("x_Model", "x_model", "x_ServiceModel"):
        if text.get(column):
            return text[column]
    try:
        details = json.loads(text.get("SkuPriceDetails") or "{}")
    except ValueError:
        return None
    found = (
        {str(key).lower(): value for key, value in details.items()}
        if isinstance(details, dict)
        else {}
    )
    named = found.get("x_model") or found.get("model")
    return str(named) if named else None

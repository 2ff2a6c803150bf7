"""Priced usage as FOCUS Cost and Usage rows: one a day, model, feature and meter.

What came to a closed month afterwards is a row of `ChargeClass` Correction. FOCUS has no columns for model, token type or cache (version 1.4 included), so these ride on SkuId,
SkuMeter and SkuPriceDetails, and stand in `x_` columns of their own. What usage costs at contract
prices is an estimate of the bill, not the bill: `x_CostBasis` says so on every row.

References
----------
FinOps Open Cost and Usage Specification 1.4, dataset Cost and Usage (ratified 2026-06-04).
"""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from workbench.exports.excel.cells import harmless
from workbench.schema import METERS

VERSIONS = ("1.2", "1.3", "1.4")
BASIS = "usage at contract prices, not invoiced"
SYNTHETIC = "synthetic"
CORRECTION = "Correction"
MTOK = 6
"""Tokens are priced by the million: 10**6."""

COLUMNS = (
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit",
    "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "HostProviderName", "InvoiceId",
    "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingCurrency",
    "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
    "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "RegionId", "RegionName",
    "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName",
    "ServiceProviderName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails",
    "SkuPriceId", "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
)  # fmt: skip
NAMED_UNTIL_1_3 = ("ProviderName", "PublisherName")
NAMED_FROM_1_3 = ("ServiceProviderName", "HostProviderName")
OWN = (
    "x_Model", "x_Meter", "x_Feature", "x_Environment", "x_UnpricedRequests", "x_CostBasis",
    "x_DataOrigin",
)  # fmt: skip
_KINDS = {meter.name: meter for meter in METERS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One meter of one model in one feature on one day, as the rollups hold it."""

    day: date
    provider: str
    model: str
    feature: str
    environment: str
    meter: str
    quantity: Decimal
    list_pico: int | None
    contract_pico: int
    unpriced_requests: int
    """Requests of the same day, model and feature without all or part of a price; not in the cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a closed month's cost turned out to be beyond its closed figure, where it is booked."""

    period: date
    """First day of the month corrected."""
    booked_in: date
    """First day of the month that books it."""
    usd: Decimal
    """Exact; positive where the closed month was too low."""
    provider: str
    model: str
    """Empty where a booking is known as a sum only; feature and environment as well."""
    feature: str
    environment: str
    unpriced_requests: int
    why: str


def columns_of(version: str) -> tuple[str, ...]:
    """Return the columns of a FOCUS version, our own last."""
    named = [name for name in COLUMNS if version != "1.2" or name not in NAMED_FROM_1_3]
    return (*named, *(NAMED_UNTIL_1_3 if version != "1.4" else ()), *OWN)


def write_focus(
    path: Path,
    charges: Iterable[Charge | Correction],
    *,
    workspace: str,
    synthetic: bool,
    version: str,
) -> int:
    """Write charges as FOCUS CSV, whole or not at all; return how many rows.

    Parameters
    ----------
    path
        File to write; replaced if it exists.
    workspace
        Stands for the billing account.
    synthetic
        Whether the usage was made up; every row says so.
    version
        One of `VERSIONS`; ProviderName and PublisherName are gone from 1.4 on.
    """
    partial = path.with_name(f"{path.name}.partial")
    count = 0
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns_of(version), extrasaction="ignore")
            writer.writeheader()
            for charge in charges:
                writer.writerow(
                    focus_row(charge, workspace=workspace, synthetic=synthetic)
                    if isinstance(charge, Charge)
                    else correction_row(charge, workspace=workspace, synthetic=synthetic)
                )
                count += 1
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count


def focus_row(charge: Charge, *, workspace: str, synthetic: bool) -> dict[str, str]:
    """Return one row with the columns of every version; empty is null."""
    contracted = Decimal(charge.contract_pico).scaleb(-12)
    listed = contracted if charge.list_pico is None else Decimal(charge.list_pico).scaleb(-12)
    first = charge.day.replace(day=1)
    unit, quantity = _priced_by(charge)
    # Reasoning is inside the output: its surcharge has a cost and no quantity of its own.
    is_part = _KINDS[charge.meter].part_of is not None
    sku = f"{charge.provider}/{charge.model}"
    contract_price, list_price = (_unit_price(usd, quantity) for usd in (contracted, listed))
    values: Mapping[str, object] = {
        "BilledCost": contracted, "EffectiveCost": contracted, "ContractedCost": contracted,
        "ListCost": listed, "PricingCurrencyEffectiveCost": contracted,
        "ContractedUnitPrice": contract_price, "PricingCurrencyContractedUnitPrice": contract_price,
        "ListUnitPrice": list_price, "PricingCurrencyListUnitPrice": list_price,
        "BillingAccountId": workspace, "BillingAccountName": workspace,
        "BillingAccountType": "Workspace", "BillingCurrency": "USD", "PricingCurrency": "USD",
        "BillingPeriodStart": first, "BillingPeriodEnd": _next_month(first),
        "ChargePeriodStart": charge.day, "ChargePeriodEnd": charge.day + timedelta(days=1),
        "ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"{charge.model}, {charge.meter.replace('_', ' ')}, {charge.feature}",
        "ConsumedQuantity": None if is_part else charge.quantity,
        "ConsumedUnit": None if is_part else _consumed_unit(charge.meter),
        "PricingQuantity": quantity, "PricingUnit": unit, "PricingCategory": "Standard",
        "HostProviderName": charge.provider, "InvoiceIssuerName": charge.provider,
        "ServiceProviderName": charge.provider, "ProviderName": charge.provider,
        "PublisherName": charge.provider, "ServiceName": f"{charge.provider} models",
        "ServiceCategory": "AI and Machine Learning", "ServiceSubcategory": "Generative AI",
        "ResourceId": sku, "ResourceName": charge.model, "ResourceType": "Model",
        "SkuId": sku, "SkuPriceId": f"{sku}/{charge.meter}", "SkuMeter": _sku_meter(charge.meter),
        "SkuPriceDetails": json.dumps(_details(charge.meter)),
        "SubAccountId": charge.environment, "SubAccountName": charge.environment,
        "SubAccountType": "Environment" if charge.environment else "",
        "Tags": json.dumps({"environment": charge.environment, "feature": charge.feature}),
        "x_Model": charge.model, "x_Meter": charge.meter, "x_Feature": charge.feature,
        "x_Environment": charge.environment, "x_UnpricedRequests": charge.unpriced_requests,
        "x_CostBasis": BASIS, "x_DataOrigin": SYNTHETIC if synthetic else "measured",
    }  # fmt: skip
    return {name: _written(value) for name, value in values.items()}


def correction_row(charge: Correction, *, workspace: str, synthetic: bool) -> dict[str, str]:
    """Return a correction's row: a charge of the month corrected, billed in the one that books it.

    FOCUS lets quantities and unit prices of a correction be null; it has none of its own. The
    list cost of a closed month is not restated, so it is given as the contracted one.
    """
    usd = charge.usd
    sku = f"{charge.provider}/{charge.model}" if charge.model else ""
    named = ", ".join(one for one in (charge.model, charge.feature) if one)
    values: Mapping[str, object] = {
        "BilledCost": usd, "EffectiveCost": usd, "ContractedCost": usd, "ListCost": usd,
        "PricingCurrencyEffectiveCost": usd,
        "BillingAccountId": workspace, "BillingAccountName": workspace,
        "BillingAccountType": "Workspace", "BillingCurrency": "USD", "PricingCurrency": "USD",
        "BillingPeriodStart": charge.booked_in, "BillingPeriodEnd": _next_month(charge.booked_in),
        "ChargePeriodStart": charge.period, "ChargePeriodEnd": _next_month(charge.period),
        "ChargeCategory": "Usage", "ChargeClass": CORRECTION, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"Correction of {charge.period:%Y-%m}{': ' if named else ''}{named} ({charge.why})",
        "PricingCategory": "Standard",
        "HostProviderName": charge.provider, "InvoiceIssuerName": charge.provider,
        "ServiceProviderName": charge.provider, "ProviderName": charge.provider,
        "PublisherName": charge.provider, "ServiceName": f"{charge.provider} models",
        "ServiceCategory": "AI and Machine Learning", "ServiceSubcategory": "Generative AI",
        "ResourceId": sku, "ResourceName": charge.model, "ResourceType": "Model" if sku else "",
        "SkuId": sku, "SubAccountId": charge.environment, "SubAccountName": charge.environment,
        "SubAccountType": "Environment" if charge.environment else "",
        "Tags": json.dumps({"environment": charge.environment, "feature": charge.feature}),
        "x_Model": charge.model, "x_Feature": charge.feature, "x_Environment": charge.environment,
        "x_UnpricedRequests": charge.unpriced_requests, "x_CostBasis": BASIS,
        "x_DataOrigin": SYNTHETIC if synthetic else "measured",
    }  # fmt: skip
    return {name: _written(value) for name, value in values.items()}


def _priced_by(charge: Charge) -> tuple[str, Decimal]:
    """Return the unit a price is for and how many: tokens by the million, all else one by one."""
    if charge.meter.endswith("_tokens"):
        return "1M Tokens", charge.quantity.scaleb(-MTOK)
    return _consumed_unit(charge.meter), charge.quantity


def _consumed_unit(meter: str) -> str:
    if meter.endswith("_tokens"):
        return "Tokens"
    if _KINDS[meter].kind == "seconds":
        return "Seconds"
    return meter.removeprefix("billed_").replace("_", " ").title()


def _unit_price(usd: Decimal, quantity: Decimal) -> Decimal | None:
    """Return the price a unit where it is one exact price; a day of two prices has none.

    FOCUS wants cost = price x quantity to hold, so a rounded average is no unit price.
    """
    if not quantity:
        return None
    price = (usd / quantity).quantize(Decimal("1e-12"))
    return price if price * quantity == usd else None


def _sku_meter(meter: str) -> str:
    if not meter.endswith("_tokens"):
        return _consumed_unit(meter)
    return (
        "Output Tokens" if meter.startswith(("output", "reasoning", "citation")) else "Input Tokens"
    )


def _details(meter: str) -> dict[str, str]:
    """Return what the SKU's price hangs on, in the words proposed in FOCUS issue 2099."""
    found = {"x_Meter": meter}
    if meter.endswith("_tokens") and _sku_meter(meter) == "Input Tokens":
        found["x_CacheStatus"] = (
            "CacheRead" if meter.startswith("cache_read")
            else "CacheWrite" if meter.startswith("cache_write") else "Uncached"
        )  # fmt: skip
    return found


def _next_month(first: date) -> date:
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    return harmless(str(value))

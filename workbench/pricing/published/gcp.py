"""Google Cloud's SKUs (`cloudbilling.googleapis.com/v1/services/…/skus`): units and billionths.

`unitPrice` is the price of one `usageUnit`; `displayQuantity` only says how it is shown.
Source: Cloud Billing Catalog API, "Resource: Sku", read 2026-11.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from workbench.pricing.published import rate as said
from workbench.pricing.published.rate import Rate, Skipped

SOURCE = "gcp-skus"
_NANO = Decimal("0.000000001")
_UNITS = {"count": 1, "k{count}": 1_000, "{count}": 1}
_OTHER = re.compile(r"provisioned|throughput|storage|tuning|training|grounding|live|session")
_KIND = re.compile(
    r"^(?P<model>.+?)\s+(?P<before>(?:(?:ga|global|regional|batch|flex|priority|thinking|long|cached|caching|text|image|audio|video)\s+)*)"
    r"(?P<direction>input|output|caching)\b(?P<after>.*)$"
)
_VARIANTS = {"batch": "processing=batch", "priority": "service_tier=priority", "flex": "service_tier=flex"}  # fmt: skip


def is_of(data: object) -> bool:
    """Say whether a file's content is a list of SKUs, or one of them."""
    return bool(_skus(data))


def _skus(data: object) -> list[Mapping[str, Any]]:
    whole = said.mapping(data)
    found = said.listed(data) or said.listed(whole.get("skus")) or [whole]
    return [one for one in map(said.mapping, found) if "skuId" in one and "pricingInfo" in one]


def read(data: object) -> Iterator[Rate | Skipped]:
    """Yield every rate of every SKU, and what of it no price row can say."""
    for sku in _skus(data):
        for info in map(said.mapping, said.listed(sku.get("pricingInfo"))):
            yield from _rates(sku, info)


def _rates(sku: Mapping[str, Any], info: Mapping[str, Any]) -> Iterator[Rate | Skipped]:
    what = said.text(sku.get("description")) or str(sku.get("skuId"))
    expression = said.mapping(info.get("pricingExpression"))
    steps = [said.mapping(one) for one in said.listed(expression.get("tieredRates"))]
    is_marginal = len(steps) > 1 or any(said.number(s.get("startUsageAmount", 0)) for s in steps)
    unit = said.text(expression.get("usageUnit"))
    begins = said.instant(info.get("effectiveTime"))
    model, meter, variant, problem = _words(what.lower())
    is_on_demand = said.mapping(sku.get("category")).get("usageType") in ("OnDemand", None)
    if not steps:
        yield Skipped(what=what, reason=said.NO_NUMBER)
    for step in steps:
        price = said.mapping(step.get("unitPrice"))
        usd = _usd(price)
        why = ""
        if price.get("currencyCode") != "USD":
            why = said.OTHER_CURRENCY
        elif not is_on_demand:
            why = said.NOT_ON_DEMAND
        elif is_marginal:
            why = said.MARGINAL
        elif problem:
            why = problem
        elif unit not in _UNITS:
            why = f"{said.UNKNOWN_UNIT}: {unit}"
        elif begins is None:
            why = said.NO_DATE
        elif usd is None:
            why = said.NO_NUMBER
        if why or usd is None:
            yield Skipped(what=what, reason=why, value="" if usd is None else f"{usd:f}")
            continue
        for region in said.listed(sku.get("serviceRegions")) or ["global"]:
            yield Rate(
                what=what, provider="google", model=model, meters=(meter,), usd=usd,
                per=_UNITS[unit], variant=variant, begins=begins, is_display_name=True,
                region="" if region == said.GLOBAL else str(region),
            )  # fmt: skip


def _usd(price: Mapping[str, Any]) -> Decimal | None:
    units, nanos = said.number(price.get("units", "0")), said.number(price.get("nanos", 0))
    return None if units is None or nanos is None else units + nanos * _NANO


def _words(description: str) -> tuple[str, str, str, str]:
    """Return model, meter, variant, and why a description cannot be read."""
    if other := _OTHER.search(description):
        return "", "", "", f"{said.NOT_ON_DEMAND}: {other[0]}"
    found = _KIND.match(description)
    if found is None:
        return "", "", "", f"{said.NO_METER}: neither input nor output"
    rest = f"{found['before']} {found['after']}"
    if re.search(r"\blong\b", rest):
        return "", "", "", f"{said.NO_CONDITION}: long context, whose threshold is not stated"
    variant = next((text for word, text in _VARIANTS.items() if word in rest), "")
    direction, media = found["direction"], re.search(r"image|audio|video", rest)
    if direction == "caching" or re.search(r"cach", rest):
        direction = "cache_read"
    stem = (
        {"input": "uncached_input"}.get(direction, direction)
        if media is None
        else f"{direction}_{media[0]}"
    )
    return found["model"], f"{stem}_tokens", variant, ""

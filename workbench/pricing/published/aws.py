"""AWS Price List of Amazon Bedrock: an offer file, the answer of GetProducts, or one product.

Source: AWS Billing user guide, "Reading the service price list files", read 2026-11. A price
that depends on a month's volume (`beginRange`, `endRange`) is a tier of volume, not of a request.
"""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from workbench.pricing.published import rate as said
from workbench.pricing.published.rate import CACHE_WRITE, Rate, Skipped

SOURCE = "aws-price-list"
_UNIT = re.compile(r"1?\s*([KM]?)\s*(?:input |output )?tokens?$", re.IGNORECASE)
_SCALE = {"": 1, "K": 1_000, "M": 1_000_000}
_EDITION = re.compile(r"\s*\(amazon bedrock edition\)\s*$", re.IGNORECASE)
_OTHER = re.compile(
    r"provisioned|custom|training|storage|guardrail|latency.?optimi[sz]ed|reserved|long.?context|lctx"
)
_ONE_HOUR = re.compile(r"(?<![a-z\d])1[\s_-]?h(?:ou)?r?(?![a-z])|write[\s_-]?1[\s_-]?h")
"""Not the end of a region's code and the first letter of a name, as in `use1-haiku`."""
_VARIANTS = {"batch": "processing=batch", "priority": "service_tier=priority", "flex": "service_tier=flex"}  # fmt: skip
Product = Mapping[str, Any]


def is_of(data: object) -> bool:
    """Say whether a file's content is a price list."""
    return any(True for _ in _products(data))


def version_of(data: object) -> str:
    """Return the version that the list states, or nothing."""
    found = said.mapping(data)
    return said.text(found.get("publicationDate")) or said.text(found.get("version"))


def _products(data: object) -> Iterator[tuple[Product, Mapping[str, Any]]]:
    """Yield every product with its on-demand terms, whichever way the file holds them."""
    whole = said.mapping(data)
    on_demand = said.mapping(said.mapping(whole.get("terms")).get("OnDemand"))
    if "products" in whole:
        for sku, product in said.mapping(whole["products"]).items():
            yield said.mapping(product), said.mapping(on_demand.get(sku))
    elif "product" in whole and "terms" in whole:
        yield said.mapping(whole["product"]), on_demand
    else:
        for one in said.listed(data) or said.listed(whole.get("PriceList")):
            yield from _products(_decoded(one))


def _decoded(one: object) -> object:
    """Return an item of GetProducts, which the API gives as JSON within JSON."""
    if not isinstance(one, str):
        return one
    try:
        return json.loads(one, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None


def read(data: object) -> Iterator[Rate | Skipped]:
    """Yield every rate of every product, and what of it no price row can say."""
    for product, terms in _products(data):
        attributes = said.mapping(product.get("attributes"))
        what = said.text(attributes.get("usagetype")) or str(product.get("sku"))
        if not terms:
            yield Skipped(what=what, reason=said.NOT_ON_DEMAND)
        for term in map(said.mapping, terms.values()):
            dimensions = [
                said.mapping(d) for d in said.mapping(term.get("priceDimensions")).values()
            ]
            is_marginal = any(
                said.number(d.get("beginRange", "0")) != 0 or d.get("endRange", "Inf") != "Inf"
                for d in dimensions
            )
            for dimension in dimensions:
                yield _rate(what, attributes, term, dimension, is_marginal=is_marginal)


def _rate(
    what: str,
    attributes: Mapping[str, Any],
    term: Mapping[str, Any],
    dimension: Mapping[str, Any],
    *,
    is_marginal: bool,
) -> Rate | Skipped:
    price = said.mapping(dimension.get("pricePerUnit"))
    usd = said.number(price.get("USD"))
    unit = _UNIT.fullmatch(said.text(dimension.get("unit")).strip())
    begins = said.instant(term.get("effectiveDate"))
    words = " ".join(
        said.text(attributes.get(n)) for n in ("usagetype", "inferenceType", "feature")
    )
    meters, variant, problem = _meter(words.lower())
    why = ""
    if "USD" not in price:
        why = said.OTHER_CURRENCY
    elif is_marginal:
        why = said.MARGINAL
    elif problem:
        why = problem
    elif unit is None:
        why = f"{said.UNKNOWN_UNIT}: {dimension.get('unit')}"
    elif begins is None:
        why = said.NO_DATE
    elif usd is None:
        why = said.NO_NUMBER
    if why or unit is None or usd is None:
        value = ", ".join(f"{amount} {currency}" for currency, amount in price.items())
        return Skipped(what=what, reason=why, value=value)
    names = (said.text(attributes.get(n)) for n in ("model", "titanModel", "servicename"))
    return Rate(
        what=what, provider="aws", model=_EDITION.sub("", next(filter(None, names), "")),
        meters=meters, usd=usd, per=_SCALE[unit[1].upper()], variant=variant,
        region=said.text(attributes.get("regionCode")), begins=begins, is_display_name=True,
        scope=said.GLOBAL if "global" in words.lower() else "regional",
    )  # fmt: skip


def _meter(words: str) -> tuple[tuple[str, ...], str, str]:
    """Return meters, variant, and why the words of a product cannot be read."""
    if other := _OTHER.search(words):
        return (), "", f"{said.NOT_ON_DEMAND}: {other[0]}"
    variant = next((text for word, text in _VARIANTS.items() if word in words), "")
    if re.search(r"image|video|audio|speech", words):
        return (), "", f"{said.NO_METER}: tokens of other media"
    if re.search(r"cache.?read", words):
        return ("cache_read_tokens",), variant, ""
    if re.search(r"cache.?write", words):
        return (
            (("cache_write_1h_tokens",) if _ONE_HOUR.search(words) else CACHE_WRITE),
            variant,
            "",
        )
    if re.search(r"input.?token", words):
        return ("uncached_input_tokens",), variant, ""
    if re.search(r"output.?token|response.?token", words):
        return ("output_tokens",), variant, ""
    return (), "", f"{said.NO_METER}: neither input nor output tokens"

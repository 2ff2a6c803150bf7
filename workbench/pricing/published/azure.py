"""Azure Retail Prices (`prices.azure.com/api/retail/prices`): what a meter is stands in its name.

`5.4 inp Gl 1M Tokens` is input of gpt-5.4 in a global deployment. Source: Azure Retail Prices
REST API, Microsoft Learn, read 2026-11; `unitOfMeasure` is the unit, whatever the name says.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.pricing.published import rate as said
from workbench.pricing.published.rate import Rate, Skipped

SOURCE = "azure-retail-prices"
_INPUT = {"inp", "inpt", "input", "in"}
_OUTPUT = {"outp", "outpt", "opt", "output", "out"}
_CACHED = {"cached", "cchd", "ccchd", "cache", "cd"}
_GLOBAL = {"gl", "glbl", "global"}
_ZONED = {"dz", "dzn", "dzone", "datazone", "regnl", "rgnl", "regional", "rg"}
_VARIANTS = {"batch": "processing=batch", "btch": "processing=batch", "pp": "service_tier=priority",
             "priority": "service_tier=priority", "prty": "service_tier=priority"}  # fmt: skip
_MEDIA = {"aud": "audio", "audio": "audio", "img": "image", "image": "image"}
_NOISE = {"tokens", "token", "tok", "1m", "1k", "txt", "text", "az", "std"}
_BANDED = {"shortco", "longco"}
"""Prices by length of context, whose threshold no field states."""
_NOT_USAGE = {"ptu", "provisioned", "hosting", "training", "trng", "ft", "finetuned", "wr", "write"}
_UNIT = re.compile(r"(\d+)([KM]?)$")
_SCALE = {"": 1, "K": 1_000, "M": 1_000_000}


def is_of(data: object) -> bool:
    """Say whether a file's content is a page of retail prices."""
    items = said.listed(said.mapping(data).get("Items"))
    return any("retailPrice" in one and "meterName" in one for one in map(said.mapping, items))


def read(data: Mapping[str, Any]) -> Iterator[Rate | Skipped]:
    """Yield every rate of the page, and what of it no price row can say."""
    items = [said.mapping(one) for one in said.listed(data.get("Items"))]
    by_meter: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for item in items:
        key = ("meterId", "meterName", "armRegionName", "effectiveStartDate", "type")
        by_meter[tuple(str(item.get(name)) for name in key)].append(item)
    for same in by_meter.values():
        # Prices by volume: the first step is no price of all usage either.
        is_marginal = any(said.number(one.get("tierMinimumUnits", 0)) != 0 for one in same)
        for item in same:
            yield _rate(item, is_marginal=is_marginal)


def _rate(item: Mapping[str, Any], *, is_marginal: bool) -> Rate | Skipped:
    name = said.text(item.get("meterName"))
    region = said.text(item.get("armRegionName"))
    what = f"{name} ({region or 'no region'})"
    words = [word for word in re.split(r"[\s\-_/]+", name.lower()) if word]
    meter, variant, problem = _meter(words)
    unit = _UNIT.fullmatch(said.text(item.get("unitOfMeasure")))
    begins = said.instant(item.get("effectiveStartDate"))
    usd = said.number(item.get("retailPrice"))
    why = ""
    if item.get("currencyCode") != "USD":
        why = said.OTHER_CURRENCY
    elif item.get("type") != "Consumption":
        why = said.NOT_ON_DEMAND
    elif is_marginal:
        why = said.MARGINAL
    elif problem:
        why = problem
    elif unit is None:
        why = f"{said.UNKNOWN_UNIT}: {item.get('unitOfMeasure')}"
    elif begins is None:
        why = said.NO_DATE
    elif usd is None:
        why = said.NO_NUMBER
    if why or unit is None or usd is None:
        return Skipped(what=what, reason=why, value=str(item.get("retailPrice")))
    return Rate(
        what=what, provider="azure", model=_model(words, said.text(item.get("productName"))),
        meters=(meter,), usd=usd, per=int(unit[1]) * _SCALE[unit[2]], variant=variant,
        region=region, begins=begins, ends=said.instant(item.get("effectiveEndDate")),
        is_display_name=True, scope=said.GLOBAL if _GLOBAL & set(words) else "",
    )  # fmt: skip


def _meter(words: list[str]) -> tuple[str, str, str]:
    """Return meter, variant, and why the meter's name cannot be read."""
    found = set(words)
    if found & _NOT_USAGE:
        return "", "", said.NOT_ON_DEMAND
    if found & _ZONED or {"data", "zone"} <= found:
        return "", "", f"{said.NO_CONDITION}: regional or data zone deployment"
    if found & _BANDED:
        return "", "", f"{said.NO_CONDITION}: length of context, whose threshold is not stated"
    is_input, is_output = bool(found & _INPUT), bool(found & _OUTPUT)
    if is_input == is_output and not (found & _CACHED and not is_output):
        return "", "", f"{said.NO_METER}: the name says neither input nor output"
    direction = "output" if is_output else "input"
    if found & _CACHED:
        direction = "cache_read" if not is_output else "output"
    media = next((_MEDIA[word] for word in words if word in _MEDIA), "")
    plain = {"input": "uncached_input", "output": "output", "cache_read": "cache_read"}
    stem = f"{direction}_{media}" if media else plain[direction]
    variant = next((_VARIANTS[word] for word in words if word in _VARIANTS), "")
    return f"{stem}_tokens", variant, ""


def _model(words: list[str], product: str) -> str:
    """Return what is left of the name; a bare version is one of the product's family."""
    known = (_INPUT, _OUTPUT, _CACHED, _GLOBAL, _VARIANTS, _MEDIA, _NOISE)
    rest = [word for word in words if not any(word in some for some in known)]
    if rest and rest[0][0].isdigit() and "gpt" in product.lower():
        rest = ["gpt", *rest]
    return " ".join(rest)

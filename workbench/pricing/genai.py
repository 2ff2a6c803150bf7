"""How the data of the genai-prices package becomes the default layer of the book.

Runs when the book is refreshed, never when usage is priced: the package is imported here and
nowhere else. Source: https://github.com/pydantic/genai-prices (MIT licence).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from workbench.errors import PriceError, shown
from workbench.pricing.genai_units import METER_OF_UNIT, MINIMUM_UNITS
from workbench.pricing.rows import (
    ANY_CONTEXT,
    FIRST_INSTANT,
    LAST_INSTANT,
    NO_CONTEXT,
    SECONDS_PER_DAY,
    PriceImport,
    PriceRow,
    variant_text,
)
from workbench.units import pico_per_unit

SOURCE = "genai-prices"
LICENCE = "MIT"
URL = "https://github.com/pydantic/genai-prices"

CLAUSE_KINDS = ("equals", "contains", "starts_with", "ends_with", "regex")

Held = Any
"""An object of the package, which is not imported where this module is."""
Prices = Mapping[str, Held]
Dated = tuple[Held, Prices]
"""A constraint (None, a start date, a time of day) and the prices by price key."""
Box = tuple[datetime, datetime, int, int]


def compile_installed(*, retrieved_on: date) -> PriceImport:
    """Compile the data of the installed genai-prices package.

    Parameters
    ----------
    retrieved_on
        Day the data was read; midnight UTC of it is the book's `known_from`.

    Raises
    ------
    PriceError
        If the package is absent, or prices a unit that no meter of ours counts.
    """
    try:
        package = import_module("genai_prices")
        providers = import_module("genai_prices.data").providers
        units = import_module("genai_prices.data_units").unit_data
    except ImportError as error:
        raise PriceError(
            "The package genai-prices is not installed. Install it with `pip install genai-prices`."
        ) from error
    return compile_book(providers, units, version=package.__version__, retrieved_on=retrieved_on)


def compile_book(
    providers: Sequence[Held], units: Mapping[str, Any], *, version: str, retrieved_on: date
) -> PriceImport:
    """Compile providers and units, as the package holds them, into an import of ours."""
    by_price_key = {unit["price_key"]: (name, unit["per"]) for name, unit in units.items()}
    unmapped = sorted(
        f"{name} ({price_key}, e.g. {provider} {model})"
        for price_key, (provider, model) in _price_keys_in_use(providers).items()
        if (name := by_price_key.get(price_key, (price_key, 0))[0]) not in METER_OF_UNIT
    )
    if unmapped:
        raise PriceError(
            f"genai-prices {version} has prices for units that no meter counts: {shown(unmapped)}. "
            "Add the meter to workbench/schema.py and the unit to METER_OF_UNIT."
        )
    rows = [
        row
        for provider in providers
        for model in provider.models
        for row in _model_rows(provider.id, model, by_price_key)
    ]
    matchers = {"providers": [_provider_clauses(provider) for provider in providers]}
    digest = _digest(rows, matchers)
    return PriceImport(
        import_id=digest[:12],
        layer="default",
        source=SOURCE,
        source_version=version,
        known_from=datetime.combine(retrieved_on, time()),
        retrieved_on=retrieved_on,
        rows=tuple(rows),
        matchers=matchers,
        sha256=digest,
    )


def write_default(book: PriceImport, folder: Path) -> None:
    """Write the compiled book as default.parquet, and beside it default.json: what it is."""
    book.save(folder / "default.parquet")
    about = {
        "source": book.source,
        "source_url": URL,
        "source_version": book.source_version,
        "licence": LICENCE,
        "retrieved_on": book.retrieved_on.isoformat(),
        "import_id": book.import_id,
        "sha256_of_content": book.sha256,
        "rows": len(book.rows),
        "providers": len(book.matchers["providers"]),
        "models": sum(len(one["models"]) for one in book.matchers["providers"]),
    }
    (folder / "default.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _price_keys_in_use(providers: Iterable[Held]) -> dict[str, tuple[str, str]]:
    used: dict[str, tuple[str, str]] = {}
    for provider in providers:
        for model in provider.models:
            entries = [*_standard(model), *_variants(model)]
            for prices in (entry[-1] for entry in entries):
                for price_key in prices:
                    used.setdefault(price_key, (provider.id, model.id))
    return used


def _plain(prices: Held) -> Prices:
    return {key: value for key, value in vars(prices).items() if value is not None}


def _standard(model: Held) -> list[Dated]:
    if isinstance(model.prices, list):
        return [(entry.constraint, _plain(entry.prices)) for entry in model.prices]
    return [(None, _plain(model.prices))]


def _variants(model: Held) -> list[tuple[str, Held, Prices]]:
    return [
        (variant_text(variant.when), variant.constraint, _plain(variant.prices))
        for variant in model.price_variants or ()
    ]


def _model_rows(
    provider: str, model: Held, by_price_key: Mapping[str, tuple[str, int]]
) -> Iterator[PriceRow]:
    # The last active entry is the standard price; without one the first entry holds.
    standard = _standard(model)
    for box, active in _boxes(standard):
        prices = active[-1] if active else standard[0][1]
        yield from _price_rows(provider, model.id, prices, by_price_key, box, "", 0)
    variants = _variants(model)
    for rank, text in enumerate(dict.fromkeys(text for text, _, _ in variants)):
        entries = [(constraint, prices) for name, constraint, prices in variants if name == text]
        for box, active in _boxes(entries):
            # Of the active entries of one variant the first that has the price key holds.
            merged = {key: value for prices in reversed(active) for key, value in prices.items()}
            yield from _price_rows(provider, model.id, merged, by_price_key, box, text, rank)


def _boxes(entries: Sequence[Dated]) -> Iterator[tuple[Box, list[Prices]]]:
    """Cut time at every date and time of day, and say which entries are active in each piece."""
    starts = [FIRST_INSTANT, *sorted({_start(c) for c, _ in entries if hasattr(c, "start_date")})]
    windows = [c for c, _ in entries if hasattr(c, "start_time")]
    cuts = sorted(
        {0, SECONDS_PER_DAY}
        | {_second(window.start_time) for window in windows}
        | {_second(window.end_time) for window in windows}
    )
    for begin, end in zip(starts, [*starts[1:], LAST_INSTANT], strict=True):
        for first, last in pairwise(cuts):
            active = [prices for limit, prices in entries if _is_active(limit, begin, first)]
            yield (begin, end, first, last), active


def _start(constraint: Held) -> datetime:
    return datetime.combine(constraint.start_date, time())


def _second(moment: time) -> int:
    utc = moment if moment.tzinfo is None else _on_a_day(moment).astimezone(UTC).time()
    return utc.hour * 3600 + utc.minute * 60 + utc.second


def _on_a_day(moment: time) -> datetime:
    return datetime.combine(date(1970, 1, 1), moment)


def _is_active(constraint: Held, instant: datetime, second: int) -> bool:
    if constraint is None:
        return True
    if hasattr(constraint, "start_date"):
        return instant >= _start(constraint)
    begin, end = _second(constraint.start_time), _second(constraint.end_time)
    if end < begin:
        return second >= begin or second < end
    return begin <= second < end


def _price_rows(
    provider: str,
    model: str,
    prices: Prices,
    by_price_key: Mapping[str, tuple[str, int]],
    box: Box,
    variant: str,
    rank: int,
) -> Iterator[PriceRow]:
    begin, end, first, last = box
    for price_key in sorted(prices):
        unit, per = by_price_key[price_key]
        meter = METER_OF_UNIT[unit]
        for over, upto, usd in _bands(prices[price_key]):
            pico, exact = pico_per_unit(usd, per=per)
            yield PriceRow(
                provider=provider,
                model=model,
                meter=meter,
                pico=pico,
                effective_from=None if begin == FIRST_INSTANT else begin,
                effective_to=None if end == LAST_INSTANT else end,
                variant=variant,
                rank=rank,
                context_over=over,
                context_upto=upto,
                second_from=first,
                second_to=last,
                minimum_units=MINIMUM_UNITS.get((provider, model, meter)),
                inexact=not exact,
                cited=URL,
            )


def _bands(price: Held) -> Iterator[tuple[int, int, Decimal]]:
    """Cut a tiered price into bands; a tier holds strictly above its start."""
    if isinstance(price, Decimal):
        yield NO_CONTEXT, ANY_CONTEXT, price
        return
    steps = [(NO_CONTEXT, price.base), *((tier.start, tier.price) for tier in price.tiers)]
    ends = [start for start, _ in steps[1:]] + [ANY_CONTEXT]
    for (over, usd), upto in zip(steps, ends, strict=True):
        yield over, upto, usd


def _provider_clauses(provider: Held) -> dict[str, Any]:
    found: dict[str, Any] = {"id": provider.id, "name": provider.name}
    if provider.fallback_model_providers:
        found["fallbacks"] = list(provider.fallback_model_providers)
    for name in ("provider_match", "model_match"):
        if (clause := getattr(provider, name)) is not None:
            found[name] = _clause(clause)
    found["models"] = [_model_clauses(model) for model in provider.models]
    return found


def _model_clauses(model: Held) -> dict[str, Any]:
    found: dict[str, Any] = {"id": model.id, "match": _clause(model.match)}
    empty = [text for text, limit, prices in _variants(model) if not prices and limit is None]
    if empty:
        found["same_as_standard"] = empty
    return found


def _clause(clause: Held) -> dict[str, Any]:
    for kind in CLAUSE_KINDS:
        if hasattr(clause, kind):
            return {kind: getattr(clause, kind)}
    for kind in ("or", "and"):
        if hasattr(clause, f"{kind}_"):
            return {kind: [_clause(part) for part in getattr(clause, f"{kind}_")]}
    raise PriceError(f"genai-prices has a match clause of unknown kind: {clause!r}.")


def _digest(rows: Iterable[PriceRow], matchers: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row).encode())
    digest.update(json.dumps(matchers, sort_keys=True).encode())
    return digest.hexdigest()

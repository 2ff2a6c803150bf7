"""What each meter costs, for every price key of the logs, at every instant and size.

The compiled table is what the SQL kernel joins: one wide row per (rate key, dates, seconds of
the day, input band), disjoint and without holes. Fallbacks are resolved here and marked.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import pyarrow as pa
from pyarrow.json import ParseOptions, ReadOptions, read_json

from workbench.pricing.cell import DESCRIBING_KEYS, Offer, Wish, missing_mask, price_cell, wish_of
from workbench.pricing.rows import (
    ANY_CONTEXT,
    FIRST_INSTANT,
    LAST_INSTANT,
    NO_CONTEXT,
    SECONDS_PER_DAY,
    parse_variant,
    variant_pairs,
)
from workbench.schema import METER_NAMES

if TYPE_CHECKING:
    from workbench.pricing.book import ActivePrices, PriceBook

Cut = TypeVar("Cut", int, datetime)

MINIMUM_METERS = ("input_audio_seconds", "audio_seconds")


class RateKey(NamedTuple):
    """One combination of the columns of the logs that decide a price."""

    rate_key: int
    provider: str
    model: str
    service_tier: str | None = "standard"
    price_variant: str | None = ""
    region: str | None = ""


def compile_rates(
    book: "PriceBook", keys: Sequence[RateKey], known_at: datetime | None
) -> pa.Table:
    """Compile the prices of every key into one disjoint table without holes.

    Parameters
    ----------
    book
        All imports; only those known at `known_at` count.
    keys
        Distinct (provider, model, service_tier, price_variant, region) of the logs.
    known_at
        Naive or aware instant; None is everything known.

    Returns
    -------
    pyarrow.Table
        Columns as `rate_schema()`; money in pico-USD a unit, NULL where there is no price.
    """
    active = book.at(known_at)
    compiled: dict[Any, list[dict[str, Any]]] = {}
    return _table(
        {**cell, "rate_key": key.rate_key}
        for key in keys
        for cell in _rates_of(active, key, compiled)
    )


def _table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return rows as Arrow by way of JSON lines: `pa.array` would import pandas, half a second."""
    lines = "\n".join(json.dumps(row, default=str) for row in rows)
    if not lines:
        return rate_schema().empty_table()
    options = ParseOptions(explicit_schema=rate_schema(), unexpected_field_behavior="error")
    read = read_json(BytesIO(lines.encode()), ReadOptions(block_size=len(lines) + 1), options)
    return pa.Table.from_arrays(
        [read.column(name) for name in rate_schema().names], schema=rate_schema()
    )


def rate_schema() -> pa.Schema:
    """Return the columns of the compiled table, in order."""
    instant, whole, seconds = pa.timestamp("us"), pa.int64(), pa.decimal128(18, 3)
    return pa.schema(
        [
            pa.field("rate_key", whole, nullable=False),
            pa.field("effective_from", instant, nullable=False),
            pa.field("effective_to", instant, nullable=False),
            pa.field("second_from", pa.int32(), nullable=False),
            pa.field("second_to", pa.int32(), nullable=False),
            pa.field("context_over", whole, nullable=False),
            pa.field("context_upto", whole, nullable=False),
            pa.field("has_tod", pa.bool_(), nullable=False),
            *(pa.field(f"list_{name}", whole) for name in METER_NAMES),
            *(pa.field(f"contract_{name}", whole) for name in METER_NAMES),
            pa.field("list_missing_mask", whole, nullable=False),
            pa.field("contract_missing_mask", whole, nullable=False),
            pa.field("list_derived_mask", whole, nullable=False),
            pa.field("contract_derived_mask", whole, nullable=False),
            pa.field("list_assumed", pa.bool_(), nullable=False),
            pa.field("contract_assumed", pa.bool_(), nullable=False),
            pa.field("inexact_mask", whole, nullable=False),
            *(pa.field(f"minimum_{name}", seconds) for name in MINIMUM_METERS),
            pa.field("has_contract", pa.bool_(), nullable=False),
            pa.field("list_version", pa.string()),
            pa.field("contract_version", pa.string()),
            pa.field("canonical_provider", pa.string()),
            pa.field("canonical_model", pa.string()),
        ]
    )


def _rates_of(
    active: "ActivePrices", key: RateKey, compiled: dict[Any, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    known = active.names.resolve(key.provider, key.model)
    wish = wish_of(key.service_tier, key.price_variant)
    if known is not None:
        same = {tuple(parse_variant(text).items()) for text in known.same_as_standard}
        wish = Wish(tuple(one for one in wish.alternatives if one not in same))
    region = (key.region or "").strip().lower()
    offers = tuple(_offers(active, key, wish, region))
    signature = (tuple(id(offer.row) for offer in offers), wish, known)
    if signature not in compiled:
        provider, model = active.named(key.provider, key.model)
        cells = _grid(offers, wish)
        for cell in cells:
            cell |= {"canonical_provider": provider, "canonical_model": model}
        compiled[signature] = cells
    return compiled[signature]


def _offers(active: "ActivePrices", key: RateKey, wish: Wish, region: str) -> Iterable[Offer]:
    """Return the rows that fit the key, the one that wins first."""
    found: list[Offer] = []
    for layer_order, bought, rows, is_fallback in active.rows_for(key.provider, key.model):
        for row in rows:
            asked = variant_pairs(row.variant)
            if asked and (is_fallback or not asked <= wish.pairs):
                continue
            if row.region and row.region != region:
                continue
            # A row that says only what was made is a standard price: its layer decides first.
            about_processing = any(name not in DESCRIBING_KEYS for name, _ in asked)
            precedence = (
                not about_processing, layer_order, not row.region, -len(asked), row.rank, len(found),
            )  # fmt: skip
            found.append(Offer(row, bought.layer, bought.label, precedence))
    return sorted(found, key=lambda offer: offer.precedence)


def _grid(offers: Sequence[Offer], wish: Wish) -> list[dict[str, Any]]:
    rows = [offer.row for offer in offers]
    dates = _cuts(FIRST_INSTANT, LAST_INSTANT, ((row.starts, row.ends) for row in rows))
    seconds = _cuts(0, SECONDS_PER_DAY, ((row.second_from, row.second_to) for row in rows))
    bands = _cuts(NO_CONTEXT, ANY_CONTEXT, ((row.context_over, row.context_upto) for row in rows))
    priced = {
        (i, j, k): _price(offers, wish, corner=(dates[i], seconds[j], bands[k]))
        for i in range(len(dates) - 1)
        for j in range(len(seconds) - 1)
        for k in range(len(bands) - 1)
    }
    axes: list[list[Any]] = [dates, seconds, bands]
    kept = [_needed(priced, axis, len(axes[axis]) - 1) for axis in range(3)]
    ends = [
        [axes[axis][start] for start in [*starts[1:], len(axes[axis]) - 1]]
        for axis, starts in enumerate(kept)
    ]
    return [
        priced[i, j, k]
        | {
            "effective_from": dates[i],
            "effective_to": ends[0][a],
            "second_from": seconds[j],
            "second_to": ends[1][b],
            "context_over": bands[k],
            "context_upto": ends[2][c],
            "has_tod": len(kept[1]) > 1,
        }
        for a, i in enumerate(kept[0])
        for b, j in enumerate(kept[1])
        for c, k in enumerate(kept[2])
    ]


def _cuts(first: Cut, last: Cut, spans: Iterable[tuple[Cut, Cut]]) -> list[Cut]:
    return sorted({first, last}.union(*spans))


def _needed(priced: Mapping[tuple[int, ...], Any], axis: int, count: int) -> list[int]:
    """Return the slabs along an axis that differ from the slab before them."""
    slabs: list[list[Any]] = [[] for _ in range(count)]
    for place, cell in priced.items():
        slabs[place[axis]].append(cell)
    return [n for n in range(count) if n == 0 or slabs[n] != slabs[n - 1]]


def _price(
    offers: Sequence[Offer], wish: Wish, *, corner: tuple[datetime, int, int]
) -> dict[str, Any]:
    holding = [offer for offer in offers if offer.row.holds(*corner)]
    listed = [offer for offer in holding if offer.layer != "contract"]
    has_contract = len(listed) < len(holding)
    at_list = price_cell(listed, wish)
    at_contract = price_cell(holding, wish) if has_contract else at_list
    found: dict[str, Any] = {
        "list_missing_mask": missing_mask(at_list),
        "contract_missing_mask": missing_mask(at_contract),
        "list_derived_mask": at_list.derived,
        "contract_derived_mask": at_contract.derived,
        "list_assumed": at_list.assumed,
        "contract_assumed": at_contract.assumed,
        "inexact_mask": at_list.inexact | at_contract.inexact,
        "has_contract": has_contract,
        "list_version": " + ".join(at_list.labels) or None,
        "contract_version": " + ".join(at_contract.labels) or None,
    }
    found |= {f"list_{name}": pico for name, pico in at_list.prices.items()}
    found |= {f"contract_{name}": pico for name, pico in at_contract.prices.items()}
    for name in MINIMUM_METERS:
        stated = (o.row.minimum_units for o in holding if o.row.meter == name)
        found[f"minimum_{name}"] = next((units for units in stated if units is not None), None)
    return found

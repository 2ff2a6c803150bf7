"""What each meter costs in one cell of the grid, and which prices are borrowed.

A cell is an instant, a second of the day and an input band that all rows either cover or
miss. A meter takes its own price, else its parent's; a variant that prices nothing of it
takes the standard price; both are marked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from workbench.pricing.rows import EVERY_METER, PriceRow, parse_variant, variant_pairs
from workbench.schema import METER_NAMES, METERS

STANDARD_TIERS = ("", "standard", "default", "unknown")
DESCRIBING_KEYS = ("image_size",)
"""Variant keys that say what was made, not how it was processed; they never mark a fallback."""

GENERIC_WRITE = "cache_write_unknown_tokens"
PARENTS: dict[str, tuple[str, ...]] = {
    "cache_read_tokens": ("uncached_input_tokens",),
    "input_tool_tokens": ("uncached_input_tokens",),
    "input_audio_tokens": ("uncached_input_tokens",),
    "cache_read_audio_tokens": ("input_audio_tokens", "cache_read_tokens", "uncached_input_tokens"),
    "cache_write_audio_tokens": ("input_audio_tokens", GENERIC_WRITE, "uncached_input_tokens"),
    "output_audio_tokens": ("output_tokens",),
    "input_audio_seconds": ("audio_seconds",),
    "output_audio_seconds": ("audio_seconds",),
    "input_image_tokens": ("uncached_input_tokens",),
    "cache_read_image_tokens": ("input_image_tokens", "cache_read_tokens", "uncached_input_tokens"),
    "cache_write_image_tokens": ("input_image_tokens", GENERIC_WRITE, "uncached_input_tokens"),
    "output_image_tokens": ("output_tokens",),
    "input_video_tokens": ("uncached_input_tokens",),
    "cache_read_video_tokens": ("input_video_tokens", "cache_read_tokens", "uncached_input_tokens"),
    "cache_write_video_tokens": ("input_video_tokens", GENERIC_WRITE, "uncached_input_tokens"),
    "output_video_tokens": ("output_tokens",),
}
"""Where a meter without a price of its own looks, in order; only own prices are looked at."""

PART_OF = {meter.name: meter.part_of for meter in METERS if meter.part_of}
BITS = {meter.name: 1 << meter.bit for meter in METERS}
WHOLE_METERS = tuple(name for name in METER_NAMES if name not in PART_OF)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asked for beyond the standard, as variant conditions."""

    alternatives: tuple[tuple[tuple[str, str], ...], ...]
    """Each element is asked for by any one of its (name, value) pairs."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Every (name, value) the request fits."""
        return frozenset(pair for one in self.alternatives for pair in one)

    @property
    def about_processing(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The elements that say how the request was processed."""
        return tuple(one for one in self.alternatives if one[0][0] not in DESCRIBING_KEYS)


@dataclass(frozen=True, slots=True)
class Offer:
    """A row that may price a key, with its import's layer and label."""

    row: PriceRow
    layer: str
    label: str
    precedence: tuple[int, ...]


@dataclass(slots=True)
class Cell:
    """Prices of one view (list or contract) in one cell of the grid."""

    prices: dict[str, int] = field(default_factory=dict)
    derived: int = 0
    inexact: int = 0
    assumed: bool = False
    labels: tuple[str, ...] = ()


def wish_of(service_tier: str | None, price_variant: str | None) -> Wish:
    """Return what a request asks for, in the terms price books use.

    Examples
    --------
    >>> wish_of("batch", "route=eu").alternatives
    ((('processing', 'batch'),), (('route', 'eu'),))
    >>> wish_of("fast", "").alternatives
    ((('speed', 'fast'), ('service_tier', 'fast')),)
    """
    tier = (service_tier or "").strip().lower()
    asked: list[tuple[tuple[str, str], ...]] = []
    if tier == "batch":
        asked.append((("processing", "batch"),))
    elif tier == "fast":
        asked.append((("speed", "fast"), ("service_tier", "fast")))
    elif tier not in STANDARD_TIERS:
        asked.append((("service_tier", tier),))
    for name, value in parse_variant(price_variant or "").items():
        is_standard = name == "service_tier" and value in STANDARD_TIERS
        if not is_standard and not any((name, value) in one for one in asked):
            asked.append(((name, value),))
    return Wish(tuple(asked))


def missing_mask(cell: Cell) -> int:
    """Return the bits of the meters that have no price; parts of a meter are never missing."""
    return sum(BITS[name] for name in WHOLE_METERS if name not in cell.prices)


def price_cell(holding: Sequence[Offer], wish: Wish) -> Cell:
    """Price every meter from the rows that hold, the winning row of a meter first."""
    own: dict[str, Offer] = {}
    for offer in holding:
        own.setdefault(offer.row.meter, offer)
    uplift = own.pop(EVERY_METER, None)
    cell = Cell()
    if not own:
        return cell
    offered = {pair for offer in holding for pair in variant_pairs(offer.row.variant)}
    asked = wish.about_processing
    cell.assumed = any(offered.isdisjoint(one) for one in asked)
    fell_back = bool(asked) and not cell.assumed
    by_wish = {pair for one in asked for pair in one}
    full: dict[str, tuple[int, bool, bool]] = {}
    for meter, offer in own.items():
        is_standard = by_wish.isdisjoint(variant_pairs(offer.row.variant))
        full[meter] = (*_uplifted(offer, uplift), fell_back and is_standard)
    _fill_cache_writes(full)
    for meter, parents in PARENTS.items():
        parent = next((one for one in parents if one in own or one == GENERIC_WRITE), None)
        if meter not in full and parent in full:
            full[meter] = (*full[parent][:2], True)
    for meter in WHOLE_METERS:
        if meter in full:
            cell.prices[meter], is_inexact, is_derived = full[meter]
            cell.inexact |= is_inexact * BITS[meter]
            cell.derived |= is_derived * BITS[meter]
    for meter, whole in PART_OF.items():
        base, base_inexact, _ = full.get(whole, (0, False, False))
        apart, is_inexact, _ = full.get(meter, (base, False, False))
        cell.prices[meter] = apart - base
        if meter in full:
            cell.inexact |= (is_inexact or base_inexact) * BITS[meter]
    used = [*own.values(), *([uplift] if uplift else [])]
    cell.labels = tuple(dict.fromkeys(o.label for o in holding if o in used))
    return cell


def _uplifted(offer: Offer, uplift: Offer | None) -> tuple[int, bool]:
    """Return the price with the region's multiplier, and whether it was rounded."""
    pico = offer.row.pico or 0
    multiplier = uplift.row.multiplier if uplift else None
    states_its_own = offer.layer == "contract" or offer.row.region
    if multiplier is None or states_its_own or not offer.row.meter.endswith("_tokens"):
        return pico, offer.row.inexact
    exact = pico * multiplier
    whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    return int(whole), offer.row.inexact or whole != exact


def _fill_cache_writes(full: dict[str, tuple[int, bool, bool]]) -> None:
    """Give the three lifetimes of a cache write a price: own, generic, 5 minutes, input."""
    generic = full.get(GENERIC_WRITE)
    five = full.get("cache_write_5m_tokens") or generic
    plain = full.get("uncached_input_tokens")
    as_input = (*plain[:2], True) if plain else None
    five = five or as_input
    hour = full.get("cache_write_1h_tokens")
    if hour is None and (parent := generic or five):
        hour = (*parent[:2], True)
    for meter, price in (
        ("cache_write_5m_tokens", five),
        (GENERIC_WRITE, five),
        ("cache_write_1h_tokens", hour),
    ):
        if price is not None:
            full[meter] = price

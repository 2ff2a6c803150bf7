"""One rate as a published file states it, before it is known whether the book can hold it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from workbench.pricing.rows import ANY_CONTEXT, NO_CONTEXT, naive_utc
from workbench.pricing.sheet import HIGHEST_PICO
from workbench.units import pico_per_unit

CACHE_WRITE = ("cache_write_5m_tokens", "cache_write_unknown_tokens")
"""What a cache write costs where the source names no lifetime: five minutes, or not known."""

GLOBAL = "global"
"""Scope of a price that holds in every region."""

NO_METER = "no meter counts it"
OTHER_CURRENCY = "the currency is not USD"
UNKNOWN_UNIT = "the unit is not known"
MARGINAL = "the price depends on the volume of a month, which is no condition of one request"
ZERO = "stated as zero, which is written for free and for not charged apart alike"
NO_NUMBER = "no number that can be a price"
TOO_SMALL = "less than half a pico-USD a unit, which would become zero"
TOO_LARGE = "more than can be kept exactly"
NO_CONDITION = "a condition that no request in the logs states"
NOT_ON_DEMAND = "not on-demand usage"
NO_DATE = "its date cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A price of a model's meters in the words of its source."""

    what: str
    """Where it stands in the file, for listings."""
    provider: str
    model: str
    meters: tuple[str, ...]
    usd: Decimal
    per: int = 1
    region: str = ""
    variant: str = ""
    context_over: int = NO_CONTEXT
    context_upto: int = ANY_CONTEXT
    begins: datetime | None = None
    ends: datetime | None = None
    is_display_name: bool = False
    """True where `model` is written for people (`Llama 3 70B`) and is compared letter by letter."""
    scope: str = ""
    """First part of the model's id where one name has several (`global`, `regional`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What of a file is not taken, and why."""

    what: str
    reason: str
    value: str = ""


def number(value: object) -> Decimal | None:
    """Return what a file states as a decimal, or None where it is no finite number.

    Files are read with decimals for numbers, so that nothing passes through binary floats.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def instant(value: object) -> datetime | None:
    """Return a time as naive UTC, or None where it is none."""
    if not isinstance(value, str):
        return None
    try:
        return naive_utc(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        return None


MOST_DIGITS = 12
"""Before the point: no price has a million million dollars."""


def why_not(rate: Rate) -> str:
    """Return why the number of a rate cannot be a price; empty where it can."""
    if rate.usd < 0:
        return NO_NUMBER
    if rate.usd == 0:
        return ZERO
    # Before it is multiplied out: 1e999999 has a million digits as an integer.
    if rate.usd.adjusted() > MOST_DIGITS:
        return TOO_LARGE
    pico, _ = pico_per_unit(rate.usd, per=rate.per)
    if pico > HIGHEST_PICO:
        return TOO_LARGE
    return "" if pico else TOO_SMALL


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value where it has named parts, else nothing."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """Return the value where it is a list, else nothing."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return the value where it is text, else nothing."""
    return value if isinstance(value, str) else ""

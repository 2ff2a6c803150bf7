"""Offers of capacity: what is published, what a contract adds, and what is still to be asked.

An offer without a price, a capacity or a price of what spills is open: it is listed with what
is missing and never sized, so that nothing unpriced is taken for free. A row of the owner's own
sheet completes or replaces the shipped offer of the same name and model.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.errors import InputError, shown
from workbench.models.commitments import CommitmentUnit
from workbench.units import TOKENS_PER_MTOK

Row = Mapping[str, str]
KINDS: Final = ("input", "output", "cached_input", "output_image")
NEEDED: Final = {
    "usd_per_unit_hour": "price",
    "weighted_tokens_per_minute": "capacity",
    "spill_usd_per_mtok": "price of what spills",
}
"""Columns without which an offer cannot be sized, and what they are called on a page."""
WEIGHTS: Final = ("weight_input", "weight_output", "weight_cached_input")
DEFAULTS: Final = {
    "regions": "any", "minimum_units": "1", "step_units": "1", "term_hours": "730",
    "weight_output_image": "0",
}  # fmt: skip
MAKER: Final = re.compile(r"(?:(?:eu|us|apac|jp|au|global)\.)?(?:anthropic|openai|google|amazon)\.")
VERSIONED: Final = re.compile(
    r"(?:[-@]\d{4}-?\d{2}-?\d{2}|-\d{3})?(?:-v\d+(?::\d+)?)?(?:-latest|-preview)?"
)
OWN: Final = "confirmed"
"""An owner's sheet is a contract: its terms decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer whose terms are known: the unit, and how tokens of each kind count against it."""

    provider: str
    model: str
    unit: CommitmentUnit
    weights: Mapping[str, float]
    """Weight of input, output, cached input and output image tokens, 1 for plain input."""
    confidence: str
    regions: tuple[str, ...] = ("global",)
    """Where it may be held; `any` is wherever one asks."""

    @property
    def makes_images(self) -> bool:
        """Whether image tokens count against it."""
        return self.weights.get("output_image", 0.0) > 0

    @property
    def is_text(self) -> bool:
        """Whether it serves text in and out; a scale tier sells the two apart."""
        return self.weights["input"] > 0 and self.weights["output"] > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOffer:
    """An offer that lacks a term nobody publishes."""

    name: str
    provider: str
    model: str
    missing: tuple[str, ...]
    """Of price, capacity, price of what spills."""
    confidence: str
    source: str

    @property
    def words(self) -> str:
        """What a page says instead of a cost."""
        return f"no published {' or '.join(self.missing)}: enter yours"


def is_made_for(offered: str, served: str) -> bool:
    """Say whether an offer's model is the one a log names, with its date or version or without.

    Examples
    --------
    >>> is_made_for("gpt-5", "gpt-5-2026-08-07"), is_made_for("gpt-5", "gpt-5-mini")
    (True, False)
    >>> is_made_for("claude-sonnet-4-5", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")
    True
    """
    name = served.casefold().rsplit("/", 1)[-1]
    maker = MAKER.match(name)
    name = name[maker.end() :] if maker else name
    if not name.startswith(offered.casefold()):
        return False
    return VERSIONED.fullmatch(name[len(offered) :]) is not None


def offers_of(rows: Iterable[Row]) -> list[Offer]:
    """Build the offers whose terms are all known; `open_offers_of` lists the others."""
    return [_offer(row) for row in rows if not _missing(row)]


def open_offers_of(rows: Iterable[Row]) -> list[OpenOffer]:
    """Build the offers that lack a term."""
    return [
        OpenOffer(
            name=f"{row['offer']}, {row['model']}", provider=row["provider"], model=row["model"],
            missing=missing, confidence=row["confidence"], source=row["source"],
        )
        for row in rows
        if (missing := _missing(row))
    ]  # fmt: skip


def completed(shipped: Sequence[Row], own: Sequence[Row]) -> list[dict[str, str]]:
    """Return the shipped rows with the owner's put over them, cell by cell, and then the new ones.

    Raises
    ------
    InputError
        If an offer that is not shipped leaves out what it needs, or a value is no number.
    """
    found = {_key(row): dict(row) for row in shipped}
    for row in own:
        said = {name: value for name, value in row.items() if value}
        known = found.get(_key(row))
        if known is None:
            lacking = [name for name in (*NEEDED, *WEIGHTS) if name not in said]
            if lacking:
                raise InputError(
                    f"Offer {row['offer']!r} for {row['model']!r} is not among the published ones, so it "
                    f"needs all its terms: add {shown(lacking)}."
                )
            known = {**DEFAULTS, "retrieved_on": ""}
        merged = {**known, **said, "confidence": OWN}
        if still := [column for column in NEEDED if not merged[column]]:
            raise InputError(
                f"Offer {row['offer']!r} for {row['model']!r} still lacks {shown(still)}: nobody publishes "
                "it, so the sheet must say."
            )
        _offer(merged)  # says what is wrong with a number, once and in one place
        found[_key(row)] = merged
    return list(found.values())


def _key(row: Row) -> tuple[str, str]:
    return row["offer"].strip().casefold(), row["model"].strip().casefold()


def _missing(row: Row) -> tuple[str, ...]:
    return tuple(word for column, word in NEEDED.items() if not row[column])


def _offer(row: Row) -> Offer:
    name = f"{row['offer']}, {row['model']}"
    try:
        return Offer(
            provider=row["provider"], model=row["model"],
            unit=CommitmentUnit(
                name=name,
                mtok_per_hour=float(row["weighted_tokens_per_minute"]) * 60 / TOKENS_PER_MTOK,
                usd_per_hour=float(row["usd_per_unit_hour"]),
                spill_usd_per_mtok=float(row["spill_usd_per_mtok"]),
                minimum_units=int(row["minimum_units"]),
                step_units=int(row["step_units"]),
                term_hours=float(row["term_hours"]),
            ),
            weights={kind: float(row.get(f"weight_{kind}") or 0) for kind in KINDS},
            confidence=row["confidence"],
            regions=tuple((row.get("regions") or "global").split()),
        )  # fmt: skip
    except ValueError as error:
        raise InputError(
            f"Offer {name}: {error}. Write numbers with a point and no thousands separator."
        ) from error

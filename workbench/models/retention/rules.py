"""What one retention rule says: whom it binds, from which event, how long, since when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from workbench.errors import InputError
from workbench.models.retention.periods import Period

Kind = Literal[
    "minimum", "maximum", "extended_minimum", "response_deadline", "purge_cycle",
    "provider_term", "no_number", "place",
]  # fmt: skip

BINDING_WORDS = ("confirmed", "known")
"""Confidence that may decide: read at a source, or settled text of law with its citation.
Anything uncertain or unverified is shown with its word and binds nothing."""

UNIVERSAL = ("global", "contract")
"""Jurisdictions whose rules reach every holder they name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule as the reference table holds it."""

    rule_id: str
    citation: str
    jurisdiction: str
    sector: str
    holder: str
    record_class: str
    kind: Kind
    period: Period | None
    trigger: str
    confidence: str
    condition: str = ""
    """Fact that must be stated before the rule applies, such as authority_request."""
    in_force_from: date | None = None
    in_force_to: date | None = None
    """Last day in force, inclusive; None is open."""
    allowed_regions: tuple[str, ...] = ()
    place_words: str = ""
    access_period: Period | None = None
    access: str = ""
    immutability: str = ""
    yields_to_legal_duty: bool = False
    notes: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError(f"Rule {self.rule_id}: unknown kind {self.kind!r}.")
        if self.period is None and self.kind not in ("no_number", "place"):
            raise InputError(f"Rule {self.rule_id}: a {self.kind} needs a period.")

    @property
    def may_bind(self) -> bool:
        """True when the rule's confidence allows it to decide."""
        return self.confidence in BINDING_WORDS

    def in_force(self, as_of: date) -> bool:
        """Return whether the rule holds on that day; without a start it holds always."""
        started = self.in_force_from is None or self.in_force_from <= as_of
        return started and (self.in_force_to is None or as_of <= self.in_force_to)

    def reaches(self, jurisdictions: frozenset[str]) -> bool:
        """Return whether the rule's jurisdiction covers any of these; US covers US-CA."""
        if self.jurisdiction in UNIVERSAL:
            return True
        return any(
            place == self.jurisdiction or place.startswith(f"{self.jurisdiction}-")
            for place in jurisdictions
        )


def rule_from_row(row: Mapping[str, str]) -> Rule:
    """Read one row of data/reference/retention_rules.csv."""

    def day(name: str) -> date | None:
        return date.fromisoformat(row[name]) if row[name] else None

    def period(name: str) -> Period | None:
        return Period.parse(row[name]) if row[name] else None

    return Rule(
        rule_id=row["rule_id"],
        citation=f"{row['law']}, {row['article']}",
        jurisdiction=row["jurisdiction"],
        sector=row["sector"],
        holder=row["holder"],
        record_class=row["record_class"],
        kind=row["kind"],  # type: ignore[arg-type]  # checked in __post_init__
        period=period("period"),
        trigger=row["trigger"],
        confidence=row["confidence"],
        condition=row["condition"],
        in_force_from=day("in_force_from"),
        in_force_to=day("in_force_to"),
        allowed_regions=tuple(row["allowed_regions"].split()),
        place_words=row["place_words"],
        access_period=period("access_period"),
        access=row["access"],
        immutability=row["immutability"],
        yields_to_legal_duty=row["yields_to_legal_duty"] == "yes",
        notes=row["notes"],
        source=row["source"],
    )

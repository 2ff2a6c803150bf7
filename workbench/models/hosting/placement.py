"""Where each class of data may be processed: hard limits, read from the owner's rules.

A rule allows one kind of processing in some regions for one class. A place may process a class
when one rule allows it; the more sheltered kind is always allowed where the less sheltered is
(own machines, then a provider that keeps nothing, then any managed API). A rule nobody
confirmed allows own machines only: what is not verified never lets data out. Where a feature
has rules, a class without one may be processed on own machines only; without any rule the
limits on regions alone hold.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from workbench.errors import InputError

Processing = Literal["managed", "zero_retention", "self_hosted"]
SHELTER: Final[dict[str, int]] = {"managed": 0, "zero_retention": 1, "self_hosted": 2}
"""How sheltered data is, least first."""
WORDS: Final[dict[str, str]] = {
    "managed": "by a managed API",
    "zero_retention": "by a provider that keeps nothing",
    "self_hosted": "on own machines",
}
CONFIRMED: Final = "confirmed"
WHERE_ONE_ASKS: Final = "any"
"""Region of a place that can be held in whichever region is asked for."""
ANYWHERE: Final = "anywhere"
"""Region of an owner who sets no limit."""
ELSEWHERE: Final = {"eu-west-2": "uk", "eu-central-2": "ch"}
"""AWS regions (London, Zurich) outside the union their name begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementRule:
    """One kind of processing that one class of data is allowed, and who says so."""

    data_class: str
    processing: Processing
    """The least sheltered kind that is allowed."""
    regions: tuple[str, ...] = ()
    """Where; empty is wherever the feature may be."""
    rule: str = ""
    """What it is called where it is written down; shown with everything it excludes."""
    share: float | None = None
    """Of the prompts, those that carry the class; None is all of them."""
    source: str = ""
    decided_on: str = ""
    confidence: str = CONFIRMED

    def __post_init__(self) -> None:
        _known(self.processing)
        if self.share is not None and not 0 <= self.share <= 1:
            raise InputError(f"Rule on {self.data_class}: the share of prompts must be in [0, 1].")

    @property
    def allows(self) -> Processing:
        """What is allowed in fact: own machines alone while nobody confirmed the rule."""
        return self.processing if self.confidence == CONFIRMED else "self_hosted"

    @property
    def words(self) -> str:
        """What is allowed, and by which rule."""
        where = f" in {' or '.join(self.regions)}" if self.regions else ""
        name = self.rule or "a rule without a name"
        doubt = "" if self.confidence == CONFIRMED else f" is {self.confidence or 'unconfirmed'}"
        return f"{WORDS[self.allows]}{where} ({name}{doubt})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an option processes data: an option that splits its prompts has several."""

    processing: Processing
    regions: frozenset[str]
    """Where it can be held; empty is not known, which no limit on regions lets pass."""
    data_classes: frozenset[str] | None = None
    """Classes sent there; None is all of them."""

    def __post_init__(self) -> None:
        _known(self.processing)

    def takes(self, data_class: str) -> bool:
        """Say whether prompts of this class are sent here."""
        return self.data_classes is None or data_class in self.data_classes


def inside(region: str, allowed: Iterable[str]) -> bool:
    """Say whether a region lies in one of the allowed: `eu-west-1` in `eu`, London not.

    `global` and `worldwide` are places of their own: inside only where they are allowed by name.
    """
    name = region.lower()
    places = {place.lower() for place in allowed}
    if name in places:
        return True
    if name.startswith("global") or name == "worldwide":
        return False
    union = ELSEWHERE.get(name)
    if union is not None:
        return union in places
    return any(name.startswith((f"{place}-", f"{place}_")) for place in places)


def words_of(regions: frozenset[str]) -> str:
    """Return how a page names where a place can be held."""
    if WHERE_ONE_ASKS in regions:
        return "wherever it must be"
    return ", ".join(sorted(regions))


def may_be_held(regions: frozenset[str], allowed: Sequence[str]) -> bool:
    """Say whether a place can be held in one of the allowed regions; an unknown place cannot."""
    if ANYWHERE in allowed or WHERE_ONE_ASKS in regions:
        return True
    return any(inside(each, allowed) for each in regions)


def refusal(place: Place, data_class: str, rules: Sequence[PlacementRule]) -> str:
    """Return why a place may not process a class of data; empty where it may."""
    if not rules:
        return ""
    named = [rule for rule in rules if rule.data_class == data_class]
    if not named:
        if place.processing == "self_hosted":
            return ""
        return f"no rule allows {data_class} data to leave own machines"
    if any(_allowed(place, rule) for rule in named):
        return ""
    return f"{data_class} data may be processed {', or '.join(rule.words for rule in named)} only"


def refusals(
    places: Sequence[Place], data_classes: Sequence[str], rules: Sequence[PlacementRule]
) -> tuple[str, ...]:
    """Return why places may not process the classes sent to them, each reason once."""
    found = (
        refusal(place, data_class, rules)
        for data_class in data_classes
        for place in places
        if place.takes(data_class)
    )
    return tuple(dict.fromkeys(filter(None, found)))


def refused_share(
    place: Place, data_classes: Sequence[str], rules: Sequence[PlacementRule]
) -> float:
    """Return the share of prompts a place may not process.

    Shares of classes are added, as if no prompt carried two: the most that may have to stay.
    """
    total = sum(
        share_of(data_class, rules)
        for data_class in data_classes
        if refusal(place, data_class, rules)
    )
    return min(total, 1.0)


def share_of(data_class: str, rules: Sequence[PlacementRule]) -> float:
    """Return the share of prompts that carry a class; all of them where no rule says."""
    stated = [rule.share for rule in rules if rule.data_class == data_class]
    known = [share for share in stated if share is not None]
    return max(known) if known and len(known) == len(stated) else 1.0


def classes_allowed(
    place: Place, data_classes: Sequence[str], rules: Sequence[PlacementRule]
) -> frozenset[str]:
    """Return the classes a place may process."""
    return frozenset(each for each in data_classes if not refusal(place, each, rules))


def _known(processing: str) -> None:
    if processing not in SHELTER:
        raise InputError(
            f"Processing {str(processing)[:40]!r} is not known. Known: {', '.join(SHELTER)}."
        )


def _allowed(place: Place, rule: PlacementRule) -> bool:
    sheltered = SHELTER[place.processing] >= SHELTER[rule.allows]
    return sheltered and (not rule.regions or may_be_held(place.regions, rule.regions))

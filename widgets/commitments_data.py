"""What the commitments page reads: hourly tokens as a published offer weighs them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from widgets.page import Values
from workbench.errors import InputError
from workbench.models.commitments import (
    Floats,
    Outcome,
    outcome,
    smallest_purchase,
    weighted_mtok,
)
from workbench.models.offers import (
    Offer,
    OpenOffer,
    completed,
    is_made_for,
    offers_of,
    open_offers_of,
)
from workbench.reference import read_table

NO_LOAD = (
    "The snapshot holds no hourly load of text models in production over the last 28 days. "
    "Run `workbench publish` once there is usage."
)
KINDS = ("input", "output", "cached_input")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """One model's load as one offer weighs it, and as every offer for that model does."""

    model: str
    environment: str
    offer: Offer
    mtok_by_hour: Floats
    others: tuple[tuple[Offer, Floats], ...]
    """Offers for the same model as the chosen one, each with the load it sees."""
    matches: bool
    unpriced: tuple[OpenOffer, ...]
    """Offers for the logged model that cannot be sized: a term is not published."""
    measured: Mapping[str, tuple[float | None, str]]


def published(snapshot: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the published document.

    Raises
    ------
    InputError
        If there is none, or the question could not be answered when it was published.
    """
    document = snapshot.document("commitments")
    if not document:
        raise InputError(NO_LOAD)
    if "refused" in document:
        raise InputError(str(document["refused"]))
    return document


def rows_of(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return all offers as rows: the shipped ones with the workspace's own put over them."""
    return completed(read_table("commitment_offers"), document.get("offers") or ())


def offers(document: Mapping[str, Any]) -> dict[str, Offer]:
    """Return the offers of text capacity whose terms are known, by name."""
    known = offers_of(rows_of(document))
    return {each.unit.name: each for each in known if not each.makes_images}


def open_offers(document: Mapping[str, Any], model: str) -> list[OpenOffer]:
    """Return the offers made for a model that lack a term nobody publishes."""
    return [each for each in open_offers_of(rows_of(document)) if is_made_for(each.model, model)]


def matching(known: Mapping[str, Offer], model: str) -> list[str]:
    """Return the names of the offers made for a model, the longest term first."""
    found = [each for each in known.values() if is_made_for(each.model, model)]
    return [each.unit.name for each in sorted(found, key=lambda each: -each.unit.term_hours)]


def load_of(entry: Mapping[str, Any], offer: Offer, *, volume: float) -> Floats:
    """Return the offer's weighted million tokens by hour at a multiple of the logged volume."""
    tokens = {kind: np.asarray(entry[kind], dtype=float) * volume for kind in KINDS}
    return weighted_mtok(tokens, offer.weights)


def opening(document: Mapping[str, Any], volumes: Sequence[str]) -> tuple[str, str, str]:
    """Return (model, offer, volume) the page opens on: where a commitment comes nearest to paying.

    Of all models with an offer made for them, the offer whose smallest purchase is used most
    against its break-even; at the least multiple of the log at which that purchase is used half
    as much as at the best. Without any such offer, the busiest model and the first offer.
    """
    first_model, known = document["models"][0]["model"], offers(document)
    ranked: list[tuple[float, str, str, list[float]]] = []
    for entry in document["models"]:
        for name in matching(known, entry["model"]):
            used = [_smallest(entry, known[name], volume=float(v)).utilization for v in volumes]
            need = known[name].unit.breakeven_utilization
            ranked.append((max(used) / need, entry["model"], name, used))
    if not ranked:
        return first_model, next(iter(known)), volumes[0]
    _, model, offer, used = max(ranked, key=lambda one: one[0])
    enough = next(v for v, u in zip(volumes, used, strict=True) if u >= max(used) / 2)
    return model, offer, enough


def _smallest(entry: Mapping[str, Any], offer: Offer, *, volume: float) -> Outcome:
    return outcome(offer.unit, smallest_purchase(offer.unit), load_of(entry, offer, volume=volume))


def read(snapshot: Any, values: Values) -> Reading:  # noqa: ANN401
    """Read one choice: whose load, at what volume, against which offer."""
    document = published(snapshot)
    entry = next(each for each in document["models"] if each["model"] == values["model"])
    known, volume = offers(document), float(values["volume"])
    offer = known[values["offer"]]
    return Reading(
        model=entry["model"],
        environment=document["environment"],
        offer=offer,
        mtok_by_hour=load_of(entry, offer, volume=volume),
        others=tuple(
            (each, load_of(entry, each, volume=volume))
            for each in known.values()
            if each.model == offer.model
        ),
        matches=is_made_for(offer.model, entry["model"]),
        unpriced=tuple(open_offers(document, entry["model"])),
        measured={},
    )

"""Provisioned capacity as an option: PTU, GSU and their like, on the feature's own demand draws.

A unit of a commitment is a replica that somebody else runs: it has a capacity an hour, a price
an hour, and what does not fit spills to the API. So one formula judges both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from workbench.models.commitments import CommitmentUnit, spaced_units
from workbench.models.hosting.decision import decide
from workbench.models.hosting.options import Demand, Option
from workbench.models.hosting.placement import WHERE_ONE_ASKS, may_be_held
from workbench.models.hosting.where import Ask, Candidate, Feature, stays
from workbench.models.offers import Offer
from workbench.units import HOURS_PER_MONTH

WEEKS_TO_LIVE: Final = 2.0
"""Order, quota and cut-over of provisioned throughput; an assumption."""
MOST_SIZES: Final = 24
CONFIRMED: Final = "confirmed"


def weighted_per_token(feature: Feature, offer: Offer, *, cache_hit_rate: float) -> float:
    """Return how many weighted tokens of the offer one token of the feature's mix is.

    (input * ((1 - hit) * w_in + hit * w_cached) + output * w_out) / (input + output)
    """
    weights, traffic = offer.weights, feature.traffic
    read = (1 - cache_hit_rate) * weights["input"] + cache_hit_rate * weights["cached_input"]
    total = traffic.mean_input_tokens * read + traffic.mean_output_tokens * weights["output"]
    return total / feature.tokens_per_request


def provisioned_candidates(
    feature: Feature, offers: Sequence[Offer], ask: Ask, *, api: Option, demand: Demand
) -> list[Candidate]:
    """Return the cheapest number of units of each provider's offer that suits the place best.

    Parameters
    ----------
    offers
        Those made for the model in use. Offers of one kind of token alone (an OpenAI scale tier
        sells input and output apart) are bought in pairs that fit the mix.

    Returns
    -------
    list of Candidate
        One a provider: among its offers whose place is allowed, else among all. An offer whose
        terms are not confirmed is shown and never chosen.
    """
    found: dict[str, list[tuple[bool, float, Candidate]]] = {}
    sized = [
        (one, _sized(_single(feature, one, ask), one, ask, api=api, demand=demand))
        for one in offers
        if one.is_text and not one.makes_images
    ]
    sized += [
        (one, _sized(_pair(feature, one, other, ask), one, ask, api=api, demand=demand))
        for one, other in _pairs(offers)
    ]
    for offer, best in sized:
        judged = decide([best], demand, ask.tolerance).judged[0]
        elsewhere = not may_be_held(best.regions, ask.tolerance.allowed_regions)
        at = (
            "wherever it is ordered"
            if WHERE_ONE_ASKS in offer.regions
            else ", ".join(offer.regions)
        )
        candidate = Candidate(option=best, basis="list price", kind="provisioned", note=at)
        found.setdefault(offer.provider, []).append(
            (elsewhere, float(judged.npv_usd.mean()), candidate)
        )
    return [min(each, key=lambda one: one[:2])[2] for each in found.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bundle:
    """What one buys at a time, for any number of units: capacity and price an hour."""

    name: str
    unit: CommitmentUnit
    mtok_per_hour: float
    """Of the feature's own mix, by one unit."""
    beside: CommitmentUnit | None = None
    """The other half of a pair; held in the number that serves the same hours."""
    beside_per_unit: float = 0.0

    def usd_per_hour(self, units: int) -> float:
        """Return the price of an hour, the other half included and rounded up to what is sold."""
        own = units * self.unit.usd_per_hour
        return own + (self._others(units) * self.beside.usd_per_hour if self.beside else 0.0)

    def title(self, units: int) -> str:
        """Return how many of what."""
        if self.beside is None:
            return f"{units:,} × {self.name}"
        return f"{units:,} + {self._others(units):,} × {self.name}"

    def _others(self, units: int) -> int:
        assert self.beside is not None
        wanted = units * self.beside_per_unit
        steps = int(np.ceil(wanted / self.beside.step_units - 1e-9)) * self.beside.step_units
        return max(steps, self.beside.minimum_units)


def _single(feature: Feature, offer: Offer, ask: Ask) -> _Bundle:
    weight = weighted_per_token(feature, offer, cache_hit_rate=ask.cache_hit_rate)
    return _Bundle(
        name=offer.unit.name.split(", " + offer.model)[0], unit=offer.unit,
        mtok_per_hour=offer.unit.mtok_per_hour / weight,
    )  # fmt: skip


def _pair(feature: Feature, sent: Offer, said: Offer, ask: Ask) -> _Bundle:
    """Return units of input with as many of output as serve the same hours of this mix."""
    each_hour = sent.unit.mtok_per_hour / weighted_per_token(
        feature, sent, cache_hit_rate=ask.cache_hit_rate
    )
    output = weighted_per_token(feature, said, cache_hit_rate=ask.cache_hit_rate) * each_hour
    return _Bundle(
        name=sent.unit.name.split(", " + sent.model)[0].replace(" input", " input + output"),
        unit=sent.unit, mtok_per_hour=each_hour, beside=said.unit,
        beside_per_unit=output / said.unit.mtok_per_hour,
    )  # fmt: skip


def _pairs(offers: Sequence[Offer]) -> list[tuple[Offer, Offer]]:
    """Return offers of input with the offer of output of the same seller, model, term and place."""
    return [
        (sent, said)
        for sent in offers
        for said in offers
        if sent.weights["input"] > 0 >= sent.weights["output"]
        and said.weights["output"] > 0 >= said.weights["input"]
        and (sent.provider, sent.model, sent.unit.term_hours, sent.regions)
        == (said.provider, said.model, said.unit.term_hours, said.regions)
    ]


def _sized(bundle: _Bundle, offer: Offer, ask: Ask, *, api: Option, demand: Demand) -> Option:
    """Return the offer at the number of units whose mean cost is least, at least its minimum."""
    unit = bundle.unit
    one = Option(
        name="", usd_per_mtok=api.usd_per_mtok, weeks_to_live=WEEKS_TO_LIVE,
        regions=frozenset(offer.regions), processing=api.processing,
        data_classes=frozenset(ask.tolerance.classes),
        availability=api.availability, ttft_p95_s=api.ttft_p95_s,
        barred=(
            *stays(ask.local_share), *(() if offer.confidence == CONFIRMED else ("terms unverified",)),
        ),
    )  # fmt: skip
    peak = float(demand.mtok_per_month.max()) / HOURS_PER_MONTH * float(demand.hourly_shape.max())
    most = int(np.ceil(peak / bundle.mtok_per_hour)) + unit.step_units
    sizes = [n for n in spaced_units(unit, at_most=most, most=MOST_SIZES) if n]
    options = [
        replace(
            one, name=f"Provisioned: {bundle.title(n)}", replicas=n,
            replica_mtok_per_hour=bundle.mtok_per_hour,
            usd_per_replica_hour=bundle.usd_per_hour(n) / n,
            # leaving costs what is left of the term: half of it, on average
            exit_usd=bundle.usd_per_hour(n) * unit.term_hours / 2,
        )
        for n in sizes
    ]  # fmt: skip
    judged = decide(options, demand, ask.tolerance).judged
    return min(judged, key=lambda each: float(each.npv_usd.mean())).option

"""Provisioned capacity as an option: PTU, GSU and their like, on the feature's own demand draws.

A unit of a commitment is a replica that somebody else runs: it has a capacity an hour, a price
an hour, and what does not fit spills to the API. So one formula judges both.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from workbench.models.commitments import Offer, spaced_units
from workbench.models.hosting.decision import decide
from workbench.models.hosting.options import Demand, Option
from workbench.models.hosting.placement import WHERE_ONE_ASKS, may_be_held
from workbench.models.hosting.where import Ask, Candidate, Feature, stays
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
        Those made for the model in use. Offers of one kind of token alone (an OpenAI scale
        tier sells input and output apart) are left to the commitments page.

    Returns
    -------
    list of Candidate
        One a provider: among its offers whose place is allowed, else among all. An offer whose
        terms are not confirmed is shown and never chosen.
    """
    found: dict[str, list[tuple[bool, float, Candidate]]] = {}
    for offer in offers:
        if offer.weights["input"] <= 0 or offer.weights["output"] <= 0:
            continue
        best = _sized(feature, offer, ask, api=api, demand=demand)
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


def _sized(feature: Feature, offer: Offer, ask: Ask, *, api: Option, demand: Demand) -> Option:
    """Return the offer at the number of units whose mean cost is least, at least its minimum."""
    unit = offer.unit
    weight = weighted_per_token(feature, offer, cache_hit_rate=ask.cache_hit_rate)
    each_hour = unit.mtok_per_hour / weight
    one = Option(
        name="", usd_per_mtok=api.usd_per_mtok, weeks_to_live=WEEKS_TO_LIVE,
        replica_mtok_per_hour=each_hour, usd_per_replica_hour=unit.usd_per_hour,
        regions=frozenset(offer.regions), processing=api.processing,
        data_classes=frozenset(ask.tolerance.classes),
        availability=api.availability, ttft_p95_s=api.ttft_p95_s,
        barred=(
            *stays(ask.local_share), *(() if offer.confidence == CONFIRMED else ("terms unverified",)),
        ),
    )  # fmt: skip
    peak = float(demand.mtok_per_month.max()) / HOURS_PER_MONTH * float(demand.hourly_shape.max())
    most = int(np.ceil(peak / each_hour)) + unit.step_units
    sizes = [n for n in spaced_units(unit, at_most=most, most=MOST_SIZES) if n]
    term = unit.name.split(", " + offer.model)[0]
    options = [
        replace(
            one, name=f"Provisioned: {n:,} × {term}", replicas=n,
            # leaving costs what is left of the term: half of it, on average
            exit_usd=n * unit.usd_per_hour * unit.term_hours / 2,
        )
        for n in sizes
    ]  # fmt: skip
    judged = decide(options, demand, ask.tolerance).judged
    return min(judged, key=lambda each: float(each.npv_usd.mean())).option

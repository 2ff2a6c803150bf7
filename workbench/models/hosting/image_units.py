"""Provisioned image capacity as an option: units that count image tokens, on the same draws.

weighted tokens of an image = prompt · w_input + Σ share(resolution) · tokens(resolution) · w_image
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from workbench.models.commitments import spaced_units
from workbench.models.hosting.decision import decide
from workbench.models.hosting.image_options import ImageFeature
from workbench.models.hosting.images import ImagePrice
from workbench.models.hosting.options import Demand, Option, Tolerance
from workbench.models.hosting.placement import WHERE_ONE_ASKS
from workbench.models.hosting.provisioned import CONFIRMED, MOST_SIZES, WEEKS_TO_LIVE
from workbench.models.hosting.where import Candidate
from workbench.models.offers import Offer
from workbench.units import HOURS_PER_MONTH


def weighted_per_image(
    feature: ImageFeature, offer: Offer, made: Mapping[str, ImagePrice]
) -> float | None:
    """Return the weighted tokens of a mean image; None where a resolution's tokens are not known."""
    mix = feature.images_by_resolution
    total = sum(mix.values())
    if total <= 0 or set(mix) - set(made):
        return None
    image = sum(n / total * made[r].output_tokens for r, n in mix.items())
    prompt = feature.prompt_tokens_per_image * offer.weights["input"]
    return prompt + image * offer.weights["output_image"]


def image_unit_candidates(
    feature: ImageFeature,
    offers: Sequence[Offer],
    prices: Sequence[ImagePrice],
    limits: Tolerance,
    *,
    api: Option,
    demand: Demand,
) -> list[Candidate]:
    """Return, for each model an offer of image units is made for, its cheapest offer and number.

    What does not fit spills to the model in use at its price. An offer whose terms are not
    confirmed, or for another model than the one in use, is shown and never chosen by itself.
    """
    found: dict[str, tuple[float, Candidate]] = {}
    for offer in offers:
        made = {one.resolution: one for one in prices if one.model == offer.model}
        weight = weighted_per_image(feature, offer, made) if offer.makes_images else None
        if weight is None or offer.model != feature.model:
            continue
        cost, option = _sized(offer, weight, limits, api=api, demand=demand)
        at = (
            "wherever it is ordered"
            if WHERE_ONE_ASKS in offer.regions
            else ", ".join(offer.regions)
        )
        candidate = Candidate(option=option, basis="list price", kind="provisioned", note=at)
        if offer.model not in found or cost < found[offer.model][0]:
            found[offer.model] = (cost, candidate)
    return [candidate for _, candidate in found.values()]


def _sized(
    offer: Offer, weight: float, limits: Tolerance, *, api: Option, demand: Demand
) -> tuple[float, Option]:
    """Return mean cost and option of the cheapest number of units, at least the minimum."""
    unit = offer.unit
    each_hour = unit.mtok_per_hour / weight  # weighted millions an hour over weight: million images
    one = replace(
        api, weeks_to_live=WEEKS_TO_LIVE, replica_mtok_per_hour=each_hour,
        usd_per_replica_hour=unit.usd_per_hour, regions=frozenset(offer.regions),
        barred=(*api.barred, *(() if offer.confidence == CONFIRMED else ("terms unverified",))),
    )  # fmt: skip
    peak = float(demand.mtok_per_month.max()) / HOURS_PER_MONTH * float(demand.hourly_shape.max())
    most = int(np.ceil(peak / each_hour)) + unit.step_units
    name = unit.name.split(", " + offer.model)[0]
    options = [
        replace(
            one, name=f"Provisioned: {n:,} × {name}", replicas=n,
            exit_usd=n * unit.usd_per_hour * unit.term_hours / 2,
        )
        for n in spaced_units(unit, at_most=most, most=MOST_SIZES) if n
    ]  # fmt: skip
    judged = decide(options, demand, limits).judged
    best = min(judged, key=lambda each: float(each.npv_usd.mean()))
    return float(best.npv_usd.mean()), best.option

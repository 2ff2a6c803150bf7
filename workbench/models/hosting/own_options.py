"""Own capacity as options: beside the API, instead of it, and for the prompts that must stay."""

from dataclasses import replace
from typing import Final

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting.capacity import plan_replicas
from workbench.models.hosting.decision import decide, fleet_availability
from workbench.models.hosting.options import Demand, Option
from workbench.models.hosting.placement import (
    WHERE_ONE_ASKS,
    Place,
    classes_allowed,
    refused_share,
)
from workbench.models.hosting.study import Study
from workbench.models.hosting.where import Ask, Candidate, Feature, OwnedPrice, scaled, stays
from workbench.units import SECONDS_PER_HOUR, TOKENS_PER_MTOK

MOST_FLEETS: Final = 16
"""Sizes of an own base load that are priced to find the cheapest."""
NODE_AVAILABILITY: Final = 0.98
"""Hours a replica's machine can serve; assumed, as in `list_prices`."""
MOST_SCALED: Final = 1e4
"""Growth over the horizon beyond which no fleet is sized today."""
OWN: Final = Place(processing="self_hosted", regions=frozenset({WHERE_ONE_ASKS}))
"""Own machines are put wherever the data must stay."""


def own_candidates(
    feature: Feature,
    study: Study,
    goodput: dict[int, float],
    ask: Ask,
    *,
    api: Option,
    demand: Demand,
    owned: OwnedPrice | None,
    ttft_p95_s: float,
) -> list[Candidate]:
    """Return the hybrid, the rented and the owned fleet, and the split where data must stay.

    The fleets serve all at the median volume of the last month, spares included, and take more
    replicas rather than send anything out; the hybrid keeps the number of replicas whose mean
    cost is least and sends the rest to the API, which also is its spare. The split keeps the
    prompts that may not leave on a fleet of their own and sends the others to the API.
    """
    end = (1 + ask.growth_per_month) ** ask.months
    if end > MOST_SCALED:
        raise InputError(f"Growth to {end:,.0f} times today's volume: no fleet is sized for that.")
    plan = plan_replicas(
        scaled(feature.load, end), goodput, targets=ask.targets, scaling="fixed",
        full_batch_requests_per_s=study.plan.full_batch_requests_per_s,
    )  # fmt: skip
    most = int(plan.needed.max())
    limits = ask.tolerance
    kept = max(refused_share(each, limits.classes, limits.rules) for each in api.all_places)
    share = max(ask.local_share, kept)
    one = Option(
        name="", usd_per_mtok=api.usd_per_mtok, weeks_to_live=ask.rented_weeks,
        setup_usd=ask.setup_usd, regions=OWN.regions, processing=OWN.processing,
        data_classes=frozenset(ask.tolerance.classes), ttft_p95_s=ttft_p95_s,
        replica_mtok_per_hour=study.plan.goodput_requests_per_s * feature.tokens_per_request
        * SECONDS_PER_HOUR / TOKENS_PER_MTOK,
        usd_per_replica_hour=study.gpus_per_replica * ask.usd_per_gpu_hour,
    )  # fmt: skip
    sizes = np.unique(np.geomspace(1, max(most, 1), MOST_FLEETS).round()).astype(int)
    hybrids = [
        replace(
            one,
            name=f"Hybrid: {n} own + API",
            replicas=int(n),
            regions=api.regions,
            places=(OWN, *api.all_places),
        )
        for n in sizes
    ]
    judged = decide(hybrids, demand, ask.tolerance).judged
    best = min(judged, key=lambda each: float(each.npv_usd.mean())).option
    best = replace(best, availability=api.availability, barred=stays(ask.local_share))
    full = replace(
        one, name="Self-hosted, rented", replicas=int(plan.running.max()), spills=False,
        # what may not leave is not bridged by the API either, but by renting the same machines
        bridge_usd_per_replica_hour=one.usd_per_replica_hour if share > 0 else None,
        availability=fleet_availability(
            needed=most, running=int(plan.running.max()), each=NODE_AVAILABILITY
        ),
    )  # fmt: skip
    found = [
        Candidate(option=best, basis="modelled", kind="hybrid"),
        Candidate(option=full, basis="modelled", kind="own"),
    ]
    if 0 < share < 1:
        found.append(_split(feature, study, goodput, ask, full=full, api=api, end=end, share=share))
    if owned is not None:
        nodes = replace(
            full, name="Own nodes, colocated", weeks_to_live=ask.owned_weeks,
            usd_per_replica_hour=study.gpus_per_replica * owned.usd_per_gpu_hour,
            # half-way through its life a node is worth less than is left to write off
            exit_usd=full.replicas * study.gpus_per_replica * owned.exit_usd_per_gpu,
            barred=("price unverified",),
        )  # fmt: skip
        found.append(Candidate(option=nodes, basis="modelled", kind="owned"))
    return found


def _split(
    feature: Feature, study: Study, goodput: dict[int, float], ask: Ask, *, full: Option,
    api: Option, end: float, share: float,
) -> Candidate:  # fmt: skip
    """Return the fleet of the prompts that stay, beside the API for the others."""
    limits = ask.tolerance
    beside = tuple(
        replace(each, data_classes=classes_allowed(each, limits.classes, limits.rules))
        for each in api.all_places
    )
    plan = plan_replicas(
        scaled(feature.load, end * share), goodput, targets=ask.targets, scaling="fixed",
        full_batch_requests_per_s=study.plan.full_batch_requests_per_s,
    )  # fmt: skip
    running = int(plan.running.max())
    option = replace(
        full, name=f"Split: {100 * share:.0f} % on {running} own, rest API", replicas=running,
        api_share=1 - share, regions=api.regions, availability=api.availability,
        processing=api.processing, places=(OWN, *beside),
    )  # fmt: skip
    return Candidate(option=option, basis="modelled", kind="split")

"""What a setting of the hosting page weighs: the API, its backups and own capacity as options."""

import math
from dataclasses import dataclass, replace

import numpy as np

from widgets.hosting_data import Reading
from widgets.hosting_limits import places_of, processing_of
from workbench.errors import InputError
from workbench.exports.hosting_study import shipped_surface
from workbench.models.hosting.cost import exit_usd_per_accelerator, owned_usd_per_gpu_hour
from workbench.models.hosting.decision import Verdict
from workbench.models.hosting.options import Demand, Option
from workbench.models.hosting.own_options import own_candidates
from workbench.models.hosting.provisioned import provisioned_candidates
from workbench.models.hosting.routing import routed_candidates
from workbench.models.hosting.sla import promise_of
from workbench.models.hosting.study import Study, StudyInputs, finish
from workbench.models.hosting.surface import latency_at
from workbench.models.hosting.where import (
    Ask,
    Candidate,
    Fleet,
    OwnedPrice,
    demand_of,
    fleet_of,
    stays,
    weigh,
)
from workbench.models.offers import Offer, OpenOffer, is_made_for, offers_of, open_offers_of
from workbench.reference import read_table


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighed:
    """The options of one setting, and what own capacity would be."""

    candidates: list[Candidate]
    demand: Demand
    verdict: Verdict
    study: Study | None
    fleet: Fleet | None
    ttft_s: float | None
    refusal: str
    unpriced: list[OpenOffer]
    """Offers for the model in use that lack a term nobody publishes."""


def weighed(reading: Reading, ask: Ask) -> Weighed:
    """Weigh what can be: the API and its backups always, own capacity where it is predicted."""
    feature = reading.feature
    api = _api(reading, ask)
    managed = [
        Candidate(option=api, basis="measured", note=_home(reading)),
        *_backups(reading, ask),
    ]
    candidates = [*managed, *routed_candidates(managed, ask.tolerance)]
    demand = demand_of(feature, ask)
    candidates += provisioned_candidates(feature, _offers(reading), ask, api=api, demand=demand)
    study = fleet = ttft = None
    refusal = reading.refusal
    if reading.served is not None:
        try:
            goodput = reading.goodput_at(ask.targets)
            study = finish(_inputs(reading, ask), reading.served, goodput)
            ttft = _ttft_s(reading, study)
            candidates += own_candidates(
                feature, study, goodput, ask, api=api, demand=demand,
                owned=_owned(reading), ttft_p95_s=ttft,
            )  # fmt: skip
            fleet = fleet_of(study, ask)
        except InputError as error:
            refusal = str(error)
    return Weighed(
        candidates=candidates, demand=demand, verdict=weigh(candidates, demand, ask),
        study=study, fleet=fleet, ttft_s=ttft, refusal=refusal,
        unpriced=[one for one in open_offers_of(reading.offers) if is_made_for(one.model, model_of(reading))],
    )  # fmt: skip


def model_of(reading: Reading) -> str:
    """Return the model most requests are served by."""
    return str(reading.entry["served"][0]["model"])


def _inputs(reading: Reading, ask: Ask) -> StudyInputs:
    feature = reading.feature
    return StudyInputs(
        configuration=None,  # the prediction is at hand
        load=feature.load, traffic=feature.traffic, targets=ask.targets, scaling="fixed",
        usd_per_gpu_hour=ask.usd_per_gpu_hour,
        api_usd_per_mtok_input=feature.input_usd_per_mtok(ask.cache_hit_rate),
        api_usd_per_mtok_output=feature.usd_per_mtok_output,
    )  # fmt: skip


def _api(reading: Reading, ask: Ask) -> Option:
    first = reading.entry["served"][0]
    return Option(
        name=f"Managed API, {first['model']}",
        usd_per_mtok=reading.feature.api_usd_per_mtok(ask.cache_hit_rate),
        regions=frozenset(places_of(reading.entry)[0]),
        processing=processing_of(reading.entry),
        data_classes=frozenset(ask.tolerance.classes),
        ttft_p95_s=reading.entry["ttft_p95_s"] or math.nan,
        availability=promise_of(read_table("slas"), first["provider"]).uptime,
        barred=stays(ask.local_share),
    )


def _owned(reading: Reading) -> OwnedPrice | None:
    if reading.node is None:
        return None
    return OwnedPrice(
        usd_per_gpu_hour=owned_usd_per_gpu_hour(reading.node),
        exit_usd_per_gpu=exit_usd_per_accelerator(reading.node),
    )


def _offers(reading: Reading) -> list[Offer]:
    """Return the offers made for the model in use."""
    model = model_of(reading)
    return [one for one in offers_of(reading.offers) if is_made_for(one.model, model)]


def _backups(reading: Reading, ask: Ask) -> list[Candidate]:
    found = []
    refused = () if ask.backups_allowed else ("backup providers are not allowed",)
    for one in reading.entry["backups"]:
        prices = one["usd_per_mtok"]
        priced = replace(
            reading.feature, usd_per_mtok_uncached=prices["uncached"],
            usd_per_mtok_cached=prices["cached"], usd_per_mtok_output=prices["output"],
        )  # fmt: skip
        option = Option(
            name=f"Backup API, {one['model']}",
            usd_per_mtok=priced.api_usd_per_mtok(ask.cache_hit_rate),
            regions=frozenset({one["region"]} - {""}), weeks_to_live=0.0,
            processing=processing_of(one), data_classes=frozenset(ask.tolerance.classes),
            availability=promise_of(read_table("slas"), one["provider"]).uptime,
            barred=(*stays(ask.local_share), *refused),
        )  # fmt: skip
        note = "" if one["region"] else "not stated"
        found.append(Candidate(option=option, basis="list price", note=note))
    return found


def _home(reading: Reading) -> str:
    return places_of(reading.entry)[1]


def _ttft_s(reading: Reading, study: Study) -> float:
    """Return the p95 first token of the fleet as it is loaded in its busiest hour."""
    needed = max(int(study.plan.needed.max()), 1)
    peak = float(reading.feature.load.peak_requests_per_s.max())
    surface = shipped_surface()
    load = min(peak / needed / study.plan.full_batch_requests_per_s, float(surface.load[-1]))
    cv = float(np.clip(reading.feature.load.cv, surface.cv[0], surface.cv[-1]))
    return latency_at(
        surface, study.replica, reading.feature.traffic, replicas=needed, cv=cv, load=load
    ).ttft_p95_s

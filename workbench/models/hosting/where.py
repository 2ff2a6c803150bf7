"""Where one feature should run: its options, sized on its own load and priced on the same draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting.capacity import HourlyLoad, Targets, plan_replicas
from workbench.models.hosting.cost import usd_per_mtok
from workbench.models.hosting.decision import (
    Demand,
    Option,
    Tolerance,
    Verdict,
    decide,
    fleet_availability,
)
from workbench.models.hosting.growth import Growth, demand_draws
from workbench.models.hosting.study import Study
from workbench.models.hosting.surface import Traffic
from workbench.models.hosting.workload import Floats
from workbench.units import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK

Basis = Literal["measured", "modelled", "list price"]
MOST_FLEETS: Final = 16
"""Sizes of an own base load that are priced to find the cheapest."""
NODE_AVAILABILITY: Final = 0.98
"""Hours a replica's machine can serve; assumed, as in `list_prices`."""
MOST_SCALED: Final = 1e4
"""Growth over the horizon beyond which no fleet is sized today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature as its log shows it."""

    name: str
    load: HourlyLoad
    traffic: Traffic
    hourly_shape: Floats
    """Tokens of each hour of a typical week over their mean; mean 1."""
    cache_hit_rate: float
    usd_per_mtok_uncached: float
    usd_per_mtok_cached: float
    usd_per_mtok_output: float
    growth: Growth

    @property
    def tokens_per_request(self) -> float:
        """Mean input and output tokens together."""
        return self.traffic.mean_input_tokens + self.traffic.mean_output_tokens

    @property
    def mtok_per_month(self) -> float:
        """Million tokens of a month at the load's mean."""
        rate = float(self.load.mean_requests_per_s.mean()) * self.tokens_per_request
        return rate * SECONDS_PER_HOUR * HOURS_PER_MONTH / TOKENS_PER_MTOK

    @property
    def load_factor(self) -> float:
        """Mean over the busiest hour of a typical week: what a large fixed fleet is used."""
        return 1.0 / float(self.hourly_shape.max())

    def input_usd_per_mtok(self, cache_hit_rate: float) -> float:
        """Return the API's price of a million input tokens at a cache hit rate."""
        cached = cache_hit_rate * self.usd_per_mtok_cached
        return cached + (1 - cache_hit_rate) * self.usd_per_mtok_uncached

    def api_usd_per_mtok(self, cache_hit_rate: float) -> float:
        """Return the API's price of a million tokens of this feature's mix."""
        sent = self.traffic.mean_input_tokens * self.input_usd_per_mtok(cache_hit_rate)
        said = self.traffic.mean_output_tokens * self.usd_per_mtok_output
        return (sent + said) / self.tokens_per_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is supposed: the page's sliders."""

    growth_per_month: float
    cache_hit_rate: float
    utilization: float
    """Of an own fleet large enough to be filled."""
    usd_per_gpu_hour: float
    """Rented, supply shock included."""
    targets: Targets
    tolerance: Tolerance
    local_share: float = 0.0
    """Of the prompts, those whose data class keeps them on own machines."""
    backups_allowed: bool = True
    """Whether the owner lets the dossier's other providers have this data."""
    months: int = 36
    rented_weeks: float = 6.0
    owned_weeks: float = 26.0
    setup_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One option, where its cost comes from and what is to be known of it."""

    option: Option
    basis: Basis
    note: str = ""
    kind: Literal["api", "own", "owned", "hybrid", "split", "provisioned"] = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPrice:
    """What an own accelerator costs an available hour, and what leaving it half-way costs."""

    usd_per_gpu_hour: float
    exit_usd_per_gpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Own capacity over the volume of a month."""

    minimum_usd_per_month: float
    """One replica and its spares, whatever is asked of them."""
    floor_usd_per_mtok: float
    """Once the fleet is filled to the achieved utilisation."""
    floor_low: float
    floor_high: float
    """The same at P90 and P10 of the predicted throughput."""

    def usd_per_mtok(self, mtok_per_month: float, *, floor: float | None = None) -> float:
        """Return the cost of a million tokens at a monthly volume."""
        filled = self.floor_usd_per_mtok if floor is None else floor
        if mtok_per_month <= 0:
            return float("inf")
        return max(self.minimum_usd_per_month / mtok_per_month, filled)

    def breakeven_mtok(self, api_usd_per_mtok: float) -> float | None:
        """Return the monthly volume above which it is cheaper than the API; None if never."""
        if self.floor_usd_per_mtok >= api_usd_per_mtok:
            return None
        return self.minimum_usd_per_month / api_usd_per_mtok


def fleet_of(study: Study, ask: Ask) -> Fleet:
    """Return what own capacity costs over volume, with the predictor's band."""
    low, middle, high = (
        usd_per_mtok(ask.usd_per_gpu_hour, tokens_per_s_per_gpu=rate, utilization=ask.utilization)
        for rate in (study.goodput_p90, study.goodput_tokens_per_s_per_gpu, study.goodput_p10)
    )
    replicas = 1 + ask.targets.spare_replicas
    hourly = replicas * study.gpus_per_replica * ask.usd_per_gpu_hour
    return Fleet(
        minimum_usd_per_month=hourly * HOURS_PER_MONTH,
        floor_usd_per_mtok=middle,
        floor_low=low,
        floor_high=high,
    )


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
    one = Option(
        name="", usd_per_mtok=api.usd_per_mtok, weeks_to_live=ask.rented_weeks,
        setup_usd=ask.setup_usd, regions=frozenset({ask.tolerance.region}),
        data_classes=frozenset({ask.tolerance.data_class}), ttft_p95_s=ttft_p95_s,
        replica_mtok_per_hour=study.plan.goodput_requests_per_s * feature.tokens_per_request
        * SECONDS_PER_HOUR / TOKENS_PER_MTOK,
        usd_per_replica_hour=study.gpus_per_replica * ask.usd_per_gpu_hour,
    )  # fmt: skip
    sizes = np.unique(np.geomspace(1, max(most, 1), MOST_FLEETS).round()).astype(int)
    hybrids = [
        replace(one, name=f"Hybrid: {n} own + API", replicas=int(n), regions=api.regions)
        for n in sizes
    ]
    judged = decide(hybrids, demand, ask.tolerance).judged
    best = min(judged, key=lambda each: float(each.npv_usd.mean())).option
    best = replace(best, availability=api.availability, barred=stays(ask.local_share))
    full = replace(
        one, name="Self-hosted, rented", replicas=int(plan.running.max()), spills=False,
        bridge_usd_per_replica_hour=one.usd_per_replica_hour if ask.local_share > 0 else None,
        availability=fleet_availability(
            needed=most, running=int(plan.running.max()), each=NODE_AVAILABILITY
        ),
    )  # fmt: skip
    found = [
        Candidate(option=best, basis="modelled", kind="hybrid"),
        Candidate(option=full, basis="modelled", kind="own"),
    ]
    if 0 < ask.local_share < 1:
        found.append(_split(feature, study, goodput, ask, full=full, api=api, end=end))
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


def stays(local_share: float) -> tuple[str, ...]:
    """Return why an option that sends prompts out may not be chosen; nothing where all may leave."""
    return (
        (f"{100 * local_share:.0f} % of prompts may not leave own machines",)
        if local_share > 0
        else ()
    )


def _split(
    feature: Feature, study: Study, goodput: dict[int, float], ask: Ask, *, full: Option,
    api: Option, end: float,
) -> Candidate:  # fmt: skip
    """Return the fleet of the prompts that stay, beside the API for the others."""
    plan = plan_replicas(
        scaled(feature.load, end * ask.local_share), goodput, targets=ask.targets, scaling="fixed",
        full_batch_requests_per_s=study.plan.full_batch_requests_per_s,
    )  # fmt: skip
    running = int(plan.running.max())
    option = replace(
        full, name=f"Split: {100 * ask.local_share:.0f} % on {running} own, rest API", replicas=running,
        api_share=1 - ask.local_share, regions=api.regions, availability=api.availability,
    )  # fmt: skip
    return Candidate(option=option, basis="modelled", kind="split")


def demand_of(feature: Feature, ask: Ask) -> Demand:
    """Return the draws every option meets."""
    volumes = demand_draws(
        feature.mtok_per_month,
        growth_per_month=ask.growth_per_month,
        log_sd_per_month=feature.growth.log_sd_per_month,
        months=ask.months,
    )
    return Demand(mtok_per_month=volumes, hourly_shape=feature.hourly_shape)


def scaled(load: HourlyLoad, factor: float) -> HourlyLoad:
    """Return the load at another volume: means scale, what bursts add scales with the root."""
    extra = load.peak_requests_per_s - load.mean_requests_per_s
    mean = load.mean_requests_per_s * factor
    return replace(
        load, mean_requests_per_s=mean, peak_requests_per_s=mean + extra * np.sqrt(factor)
    )


def p_cheapest(verdict: Verdict) -> dict[str, float]:
    """Return, for each option within the limits, the share of draws in which it is cheapest."""
    allowed = [each for each in verdict.judged if not each.excluded]
    if not allowed:
        return {}
    wins = np.argmin(np.stack([each.npv_usd for each in allowed]), axis=0)
    return {each.option.name: float(np.mean(wins == n)) for n, each in enumerate(allowed)}


def months_until(mtok_now: float, mtok_then: float, *, growth_per_month: float) -> float | None:
    """Return the months of steady growth from one volume to another; None if it never gets there."""
    if mtok_then <= mtok_now:
        return 0.0
    if growth_per_month <= 0 or mtok_now <= 0:
        return None
    return float(np.log(mtok_then / mtok_now) / np.log1p(growth_per_month))


def weigh(candidates: Sequence[Candidate], demand: Demand, ask: Ask) -> Verdict:
    """Judge all candidates on the same draws within the owner's limits."""
    return decide([each.option for each in candidates], demand, ask.tolerance)

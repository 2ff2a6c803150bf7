"""Where one feature should run: its options, sized on its own load and priced on the same draws."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from workbench.models.hosting.capacity import HourlyLoad, Targets
from workbench.models.hosting.cost import usd_per_mtok
from workbench.models.hosting.decision import Verdict, decide
from workbench.models.hosting.growth import Growth, demand_draws
from workbench.models.hosting.options import Demand, Option, Tolerance
from workbench.models.hosting.study import Study
from workbench.models.hosting.surface import Traffic
from workbench.models.hosting.workload import Floats
from workbench.units import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK

Basis = Literal["measured", "modelled", "list price"]


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
    kind: Literal["api", "own", "owned", "hybrid", "split", "provisioned", "routed"] = "api"


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


def stays(local_share: float) -> tuple[str, ...]:
    """Return why an option that sends prompts out may not be chosen; nothing where all may leave."""
    return (
        (f"{100 * local_share:.0f} % of prompts may not leave own machines",)
        if local_share > 0
        else ()
    )


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

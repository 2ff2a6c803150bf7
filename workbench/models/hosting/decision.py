"""Where a feature should run: options priced on the same demand, within the owner's limits.

Hard limits (residency, data class) exclude; the owner's tolerance for risk weighs the rest and
can overrule the cheapest. Every option meets the same demand draws, so that differences
between options are not noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.models.hosting.options import Demand, Option, Tolerance
from workbench.models.hosting.placement import may_be_held, refusals
from workbench.models.hosting.workload import Floats
from workbench.units import HOURS_PER_MONTH, MONTHS_PER_YEAR

WEEKS_PER_MONTH: Final = 365.25 / 7 / MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One option's verdict; costs are net present values in US dollars."""

    option: Option
    excluded: tuple[str, ...]
    """Hard limits it breaks; empty when allowed."""
    npv_usd: Floats
    """Cost by draw."""
    outage_usd: float
    """Expected cost of downtime within the net present value."""
    judged_usd: float
    """What the owner's tolerance compares."""

    def quantile(self, level: float) -> float:
        """Return a quantile of the cost."""
        return float(np.quantile(self.npv_usd, level))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """All options, what is cheapest, and what the owner's limits choose."""

    judged: tuple[Judged, ...]
    cheapest: str
    """Lowest mean cost among all options, allowed or not."""
    chosen: str | None
    """Lowest judged cost among the allowed; None when none is allowed."""
    why: str


def monthly_usd(option: Option, demand: Demand) -> Floats:
    """Return cost by draw and month, without setup, downtime and discounting.

        replicas * price * 730 + overflow * API price

    with the overflow counted hour by hour. During the time to live all tokens go to the API,
    or to rented replicas where the option says what they cost.
    """
    volume = demand.mtok_per_month
    own = volume * (1 - option.api_share)
    replicas, overflow = _own_part(option, own, demand.hourly_shape)
    live = _live_share(option, volume.shape[1])
    bridge = option.bridge_usd_per_replica_hour
    price = live * option.usd_per_replica_hour + (1 - live) * (bridge or 0.0)
    held = live if bridge is None else np.ones_like(live)
    fixed = replicas * HOURS_PER_MONTH * np.where(held > 0, price, 0.0)
    api_tokens = held * (overflow + option.api_share * volume) + (1 - held) * volume
    with np.errstate(invalid="ignore"):
        api = np.where(api_tokens > 0, api_tokens * option.usd_per_mtok, 0.0)
    return fixed + api * (1 - option.credit_share)


def _own_part(option: Option, own: Floats, hourly_shape: Floats) -> tuple[Floats, Floats]:
    """Return replicas paid for and tokens that spill, for each monthly volume meant for them."""
    if not option.spills and option.replica_mtok_per_hour > 0:
        peak = own / HOURS_PER_MONTH * hourly_shape.max()
        needed = np.ceil(peak / option.replica_mtok_per_hour - 1e-9)
        return np.maximum(needed, option.replicas), np.zeros_like(own)
    capacity = option.replicas * option.replica_mtok_per_hour
    overflow = overflow_share(own / HOURS_PER_MONTH, hourly_shape, capacity) * own
    return np.full_like(own, option.replicas), overflow


def overflow_share(mtok_per_hour: Floats, hourly_shape: Floats, capacity: float) -> Floats:
    """Return the share of tokens above the hourly capacity, for each mean hourly volume.

    Exact for the given shape: with hours sorted, the hours above capacity are a tail.
    """
    if capacity <= 0:
        return np.ones_like(mtok_per_hour)
    shape = np.sort(hourly_shape)
    tail = np.concatenate([np.cumsum(shape[::-1])[::-1], [0.0]])
    with np.errstate(divide="ignore"):
        level = np.where(mtok_per_hour > 0, capacity / mtok_per_hour, np.inf)
    first = np.searchsorted(shape, level, side="right")
    above = len(shape) - first
    surplus = tail[first] - np.where(above > 0, above * np.where(above > 0, level, 0.0), 0.0)
    return np.clip(surplus / len(shape), 0.0, 1.0)


def decide(options: Sequence[Option], demand: Demand, tolerance: Tolerance) -> Verdict:
    """Judge every option on the same draws and choose within the owner's limits."""
    if not options:
        raise InputError("There are no options to decide between.")
    judged = tuple(_judge(option, demand, tolerance) for option in options)
    cheapest = min(judged, key=lambda each: float(each.npv_usd.mean()))
    allowed = [each for each in judged if not each.excluded and np.isfinite(each.judged_usd)]
    chosen = min(allowed, key=lambda each: each.judged_usd) if allowed else None
    return Verdict(
        judged=judged,
        cheapest=cheapest.option.name,
        chosen=chosen.option.name if chosen else None,
        why=_why(cheapest, chosen),
    )


def p_cheaper(one: Judged, other: Judged) -> float:
    """Return the probability that `one` costs less than `other`, on the shared draws."""
    return float(np.mean(one.npv_usd < other.npv_usd))


def fleet_availability(*, needed: int, running: int, each: float) -> float:
    """Return the share of demand served at the peak when replicas fail independently.

    1 - E[max(needed - up, 0)] / needed,  up ~ Binomial(running, each)
    """
    if needed <= 0:
        return 1.0
    if running < needed or not 0 < each <= 1:
        raise InputError("A fleet runs at least what it needs; its availability is in (0, 1].")
    short = sum(
        (needed - up) * comb(running, up) * each**up * (1 - each) ** (running - up)
        for up in range(needed)
    )
    return 1.0 - short / needed


def breakeven_volume(
    own: Option, api: Option, *, hourly_shape: Floats, most_mtok_per_month: float
) -> float | None:
    """Return the monthly volume at which own capacity with overflow costs what the API does.

    Above it own capacity is cheaper. None when it is not up to `most_mtok_per_month`.
    """
    volumes = np.linspace(0, most_mtok_per_month, 4_001)[1:]
    demand = Demand(mtok_per_month=volumes[:, None], hourly_shape=hourly_shape)
    ready = replace(own, weeks_to_live=0.0)
    gap = (monthly_usd(ready, demand) - monthly_usd(api, demand))[:, 0]
    below = np.flatnonzero(gap <= 0)
    if not len(below):
        return None
    at = int(below[0])
    if at == 0:
        return float(volumes[0])
    span = gap[at - 1] - gap[at]
    return float(volumes[at - 1] + (volumes[at] - volumes[at - 1]) * gap[at - 1] / span)


def combined_availability(availabilities: Sequence[float]) -> float:
    """Return the availability of alternatives, 1 - product of outages, if they fail independently."""
    return 1.0 - float(np.prod([1 - each for each in availabilities]))


def _judge(option: Option, demand: Demand, tolerance: Tolerance) -> Judged:
    months = demand.mtok_per_month.shape[1]
    outage = (1 - option.availability) * HOURS_PER_MONTH * tolerance.outage_usd_per_hour
    discount = (1 + tolerance.discount_rate_per_year) ** (
        -(np.arange(months) + 1) / MONTHS_PER_YEAR
    )
    npv = option.setup_usd + (monthly_usd(option, demand) + outage) @ discount
    mean, high = float(npv.mean()), float(np.quantile(npv, 0.9))
    weighed = mean if tolerance.caution == 0 else mean + tolerance.caution * (high - mean)
    return Judged(
        option=option,
        excluded=_excluded(option, tolerance),
        npv_usd=npv,
        outage_usd=float(outage * discount.sum()),
        judged_usd=weighed + tolerance.lock_in_weight * option.exit_usd,
    )


def _excluded(option: Option, tolerance: Tolerance) -> tuple[str, ...]:
    allowed = tolerance.allowed_regions
    outside = [each for each in option.all_places if not may_be_held(each.regions, allowed)]
    broken: list[str] = []
    if outside:
        named = " or ".join(allowed)
        known = all(each.regions for each in outside)
        broken.append(
            f"data may not leave {named}" if known
            else f"not stated where it is processed, and data may not leave {named}"
        )  # fmt: skip
    broken += [
        f"{each} data is not allowed there"
        for each in tolerance.classes
        if each not in option.data_classes
    ]
    limits = refusals(option.all_places, tolerance.classes, tolerance.rules)
    return (*broken, *limits, *option.barred)


def _live_share(option: Option, months: int) -> NDArray[np.float64]:
    """Return the share of each month in which own capacity serves."""
    if option.replicas == 0:
        return np.ones(months)
    months_to_live = option.weeks_to_live / WEEKS_PER_MONTH
    whole = np.arange(1, months + 1, dtype=np.float64)
    return np.clip(whole - months_to_live, 0.0, 1.0)


def _why(cheapest: Judged, chosen: Judged | None) -> str:
    if chosen is None:
        return "No option is allowed: each breaks a hard limit or cannot serve the demand."
    if chosen is cheapest:
        return "The cheapest option is within every limit."
    if cheapest.excluded:
        return f"{cheapest.option.name} is cheapest but excluded: {'; '.join(cheapest.excluded)}."
    return f"{cheapest.option.name} is cheapest on average; the owner's tolerance for risk overrules it."

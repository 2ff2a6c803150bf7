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
from workbench.models.hosting.workload import Floats
from workbench.units import HOURS_PER_MONTH, MONTHS_PER_YEAR

ANYWHERE: Final = "anywhere"
"""Region of an owner who sets no residency limit."""
WEEKS_PER_MONTH: Final = 365.25 / 7 / MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to run the feature: an API (no replicas), own capacity, or both."""

    name: str
    usd_per_mtok: float
    """API price of a million tokens of this feature's mix; where own capacity overflows, and
    during the time to live. Infinity where there is no API to turn to."""
    replicas: int = 0
    replica_mtok_per_hour: float = 0.0
    """Inside the latency targets."""
    usd_per_replica_hour: float = 0.0
    setup_usd: float = 0.0
    exit_usd: float = 0.0
    """What leaving would cost: the price of lock-in."""
    weeks_to_live: float = 0.0
    """Until own capacity serves; the API bridges."""
    regions: frozenset[str] = frozenset()
    data_classes: frozenset[str] = frozenset()
    """Data classes allowed to be processed there."""
    availability: float = 1.0
    credit_share: float = 0.0
    """Of the month's API bill, expected back under the service level agreement."""
    ttft_p95_s: float = float("nan")
    spills: bool = True
    """False where nothing may go to the API: what does not fit needs more replicas, at the
    same price, rounded up to whole ones at the busiest hour."""
    api_share: float = 0.0
    """Of all tokens, those that always go to the API: prompts that may leave."""
    bridge_usd_per_replica_hour: float | None = None
    """What the same replicas cost while own ones are awaited; None where the API bridges."""
    barred: tuple[str, ...] = ()
    """Further reasons why it may not be chosen, such as a price nobody confirmed."""

    def __post_init__(self) -> None:
        if (
            self.replicas < 0
            or not 0 < self.availability <= 1
            or self.usd_per_mtok < 0
            or not 0 <= self.api_share <= 1
        ):
            raise InputError(
                f"Option {self.name}: replicas, prices and availability are out of range."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The same draws for every option."""

    mtok_per_month: Floats
    """Draws by months."""
    hourly_shape: Floats
    """Share of an average hour in each hour of a typical week; mean 1."""

    def __post_init__(self) -> None:
        if self.mtok_per_month.ndim != 2 or self.mtok_per_month.size == 0:
            raise InputError("Demand needs draws by months, at least one of each.")
        if not np.isclose(self.hourly_shape.mean(), 1.0, atol=1e-6):
            raise InputError("The hourly shape must average 1; divide it by its mean.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What the owner accepts. These are inputs, not conclusions."""

    region: str
    """Where the data must stay."""
    data_class: str
    outage_usd_per_hour: float = 0.0
    lock_in_weight: float = 0.0
    """Share of an option's exit cost that counts against it."""
    caution: float = 0.0
    """0 judges by the mean cost, 1 by its 90th percentile."""
    discount_rate_per_year: float = 0.08

    def __post_init__(self) -> None:
        if not 0 <= self.caution <= 1 or self.lock_in_weight < 0:
            raise InputError("Caution must be in [0, 1] and the lock-in weight not negative.")


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
    broken: list[str] = []
    if tolerance.region not in (ANYWHERE, *option.regions):
        broken.append(f"data may not leave {tolerance.region}")
    if tolerance.data_class not in option.data_classes:
        broken.append(f"{tolerance.data_class} data is not allowed there")
    return (*broken, *option.barred)


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

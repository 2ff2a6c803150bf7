"""How much capacity to commit to, and what a commitment was worth.

One unit serves every offer: Azure PTU, Google GSU, Bedrock model units, OpenAI scale tier,
reserved accelerators and own replicas are all {weighted capacity, minimum, step, term, price,
spill price}. Demand is weighted tokens by the hour; what exceeds the committed capacity in an
hour spills at the spill price, and unused capacity does not carry over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.units import TOKENS_PER_MTOK

Floats = NDArray[np.float64]
MOST_UNITS = 100_000
HOURS_OF_WEEK = 168


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentUnit:
    """One purchasable unit of capacity."""

    name: str
    mtok_per_hour: float
    """Capacity in weighted million tokens an hour."""
    usd_per_hour: float
    """Price of the unit for each hour of its term, used or not."""
    spill_usd_per_mtok: float
    """Price of a weighted million tokens that does not fit."""
    minimum_units: int = 1
    step_units: int = 1
    term_hours: float = 730.0

    def __post_init__(self) -> None:
        if self.mtok_per_hour <= 0 or min(self.usd_per_hour, self.spill_usd_per_mtok) < 0:
            raise InputError(f"{self.name}: capacity must be above 0 and prices not negative.")
        if self.minimum_units < 0 or self.step_units < 1:
            raise InputError(f"{self.name}: minimum must be at least 0 and step at least 1.")

    @property
    def breakeven_utilization(self) -> float:
        """Fraction of hours a unit must be used fully to cost what spilling costs."""
        value = self.mtok_per_hour * self.spill_usd_per_mtok
        return self.usd_per_hour / value if value > 0 else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a number of units would have done on one load profile."""

    units: int
    fixed_usd: float
    spill_usd: float
    spill_mtok: float
    """Shortfall: demand above the committed capacity."""
    stranded_mtok: float
    """Committed capacity nobody used."""
    utilization: float
    """Used of committed capacity; 0 with no units."""
    coverage: float
    """Demand served by the commitment, of all demand."""
    on_demand_usd: float
    effective_savings_rate: float
    """1 - total / on demand; negative where the commitment loses. 0 without demand."""

    @property
    def total_usd(self) -> float:
        """Commitment and spill together."""
        return self.fixed_usd + self.spill_usd


def weighted_mtok(tokens: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return hourly demand in weighted million tokens: the sum of tokens times their weight.

    Raises
    ------
    InputError
        If a kind of token has no weight; it would silently need no capacity.
    """
    missing = sorted(set(tokens) - set(weights))
    if missing:
        raise InputError(f"No burndown weight for {', '.join(missing)}. Give one, 0 if it is free.")
    parts = [np.asarray(values, dtype=float) * weights[kind] for kind, values in tokens.items()]
    return np.sum(parts, axis=0) / TOKENS_PER_MTOK


def outcome(
    unit: CommitmentUnit, units: int, mtok_by_hour: Floats, *, hours: Floats | None = None
) -> Outcome:
    """Return what `units` do on a load profile.

        total = units * price * hours + sum over hours of max(demand - capacity, 0) * spill price

    Parameters
    ----------
    unit, units
        The offer and how many of it.
    mtok_by_hour
        Weighted million tokens in each hour (or in each hour of a group of alike hours).
    hours
        How many hours each entry stands for; 1 each when None.
    """
    demand = np.asarray(mtok_by_hour, dtype=float)
    if demand.size == 0 or not np.all(np.isfinite(demand)) or demand.min() < 0:
        raise InputError("The load profile must have hours, all finite and not negative.")
    weight = np.ones(len(demand)) if hours is None else np.asarray(hours, dtype=float)
    capacity = units * unit.mtok_per_hour
    served = float(np.sum(np.minimum(demand, capacity) * weight))
    total = float(np.sum(demand * weight))
    offered = capacity * float(weight.sum())
    fixed = units * unit.usd_per_hour * float(weight.sum())
    spill = total - served
    on_demand = total * unit.spill_usd_per_mtok
    paid = fixed + spill * unit.spill_usd_per_mtok
    return Outcome(
        units=units,
        fixed_usd=fixed,
        spill_usd=spill * unit.spill_usd_per_mtok,
        spill_mtok=spill,
        stranded_mtok=offered - served,
        utilization=served / offered if offered else 0.0,
        coverage=served / total if total else 0.0,
        on_demand_usd=on_demand,
        effective_savings_rate=1 - paid / on_demand if on_demand else 0.0,
    )


def smallest_purchase(unit: CommitmentUnit) -> int:
    """Return the fewest units one can buy: the minimum, or one step."""
    return max(unit.minimum_units, unit.step_units)


def purchasable(unit: CommitmentUnit, *, at_most: int) -> list[int]:
    """Return the numbers of units one can buy: none, then from the minimum in steps."""
    first = smallest_purchase(unit)
    return [0, *range(first, min(at_most, MOST_UNITS) + 1, unit.step_units)]


def best_units(
    unit: CommitmentUnit,
    mtok_by_hour: Floats,
    *,
    hours: Floats | None = None,
    at_most: int | None = None,
) -> Outcome:
    """Return the cheapest number of units; the fewer of two equally cheap.

    The newsvendor on the load-duration curve: unit k pays while the share of hours that need
    it exceeds its break-even utilisation. Every purchasable number is priced, as minimum and
    step can cut off the continuous optimum.
    """
    demand = np.asarray(mtok_by_hour, dtype=float)
    peak = int(np.ceil(demand.max() / unit.mtok_per_hour)) if demand.size else 0
    most = max(peak, unit.minimum_units) + unit.step_units if at_most is None else at_most
    choices = purchasable(unit, at_most=most)
    outcomes = (outcome(unit, units, demand, hours=hours) for units in choices)
    return min(outcomes, key=lambda each: (round(each.total_usd, 9), each.units))


def load_duration(mtok_by_hour: Floats) -> Floats:
    """Return hourly demand from the highest hour to the lowest."""
    return np.sort(np.asarray(mtok_by_hour, dtype=float))[::-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """How a number of units fares over uncertain demand."""

    units: int
    expected_usd: float
    p10_usd: float
    p90_usd: float
    expected_regret_usd: float
    """Mean of what hindsight would have saved."""
    worst_regret_usd: float
    p_loses: float
    """Probability that the commitment costs more than having none."""


def regret_table(
    unit: CommitmentUnit,
    profiles: Sequence[Floats],
    *,
    choices: Sequence[int] | None = None,
) -> list[Regret]:
    """Price each number of units on the same demand draws, against hindsight in each draw."""
    if not profiles:
        raise InputError("Regret needs at least one demand draw.")
    peak = max(float(np.max(profile)) for profile in profiles)
    most = int(np.ceil(peak / unit.mtok_per_hour)) + unit.step_units
    options = list(choices) if choices is not None else purchasable(unit, at_most=most)
    cost = np.array(
        [[outcome(unit, n, profile).total_usd for n in options] for profile in profiles]
    )
    without = np.array([outcome(unit, 0, profile).total_usd for profile in profiles])
    hindsight = np.array([best_units(unit, profile).total_usd for profile in profiles])
    regret = np.maximum(cost - hindsight[:, None], 0.0)
    return [
        Regret(
            units=n,
            expected_usd=float(cost[:, column].mean()),
            p10_usd=float(np.quantile(cost[:, column], 0.1)),
            p90_usd=float(np.quantile(cost[:, column], 0.9)),
            expected_regret_usd=float(regret[:, column].mean()),
            worst_regret_usd=float(regret[:, column].max()),
            p_loses=float(np.mean(cost[:, column] > without)),
        )
        for column, n in enumerate(options)
    ]


def demand_profiles(
    mtok_by_hour: Floats, *, level: float, spread: float, levels: int = 9
) -> list[Floats]:
    """Return hourly profiles of the term to come: every week of the log at every level of demand.

        profile = week * level * exp(z * spread),  z the midpoints of equal parts of a normal law

    Parameters
    ----------
    mtok_by_hour
        Whole weeks of hours.
    level
        Expected demand of the term over that of the log.
    spread
        Standard deviation of the logarithm of that level.
    levels
        How many parts; each week meets each, so all profiles are equally likely.
    """
    hours = np.asarray(mtok_by_hour, dtype=float)
    if hours.size == 0 or hours.size % HOURS_OF_WEEK or level <= 0 or spread < 0:
        raise InputError(
            "Profiles need whole weeks of hours, a level above 0 and a spread of at least 0."
        )
    law = NormalDist()
    factors = [
        level * float(np.exp(spread * law.inv_cdf((n + 0.5) / levels))) for n in range(levels)
    ]
    return [week * factor for week in hours.reshape(-1, HOURS_OF_WEEK) for factor in factors]


def spaced_units(unit: CommitmentUnit, *, at_most: int, most: int = 40) -> list[int]:
    """Return purchasable numbers from none to `at_most`, thinned evenly to at most `most`."""
    choices = purchasable(unit, at_most=max(at_most, unit.minimum_units, unit.step_units))
    if len(choices) <= most:
        return choices
    places = np.unique(np.linspace(0, len(choices) - 1, most).round().astype(int))
    return [choices[place] for place in places]

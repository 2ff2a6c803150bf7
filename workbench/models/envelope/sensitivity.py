"""Which input moves the envelope most, and what a shock would do to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from workbench.errors import InputError
from workbench.models.envelope.base_case import base_case, likely_events
from workbench.models.envelope.leaves import Z90, Judged, Leaf
from workbench.models.envelope.paths import Draws
from workbench.models.envelope.redraw import EnvelopeState, Levers
from workbench.models.envelope.risk import Spread, summarise
from workbench.models.envelope.tree import CostTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """Total cost with one input at its P10 and at its P90, everything else at its P50, USD."""

    name: str
    input_low: float
    input_high: float
    low_usd: float
    high_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """A shock to the tree: factors on drivers and prices, shares put to a value."""

    name: str
    driver_factors: Mapping[str, float] = field(default_factory=dict)
    """Context growth of 2 doubles input tokens; an agent loop of 5 makes five requests of one."""
    price_factors: Mapping[str, float] = field(default_factory=dict)
    """By line; `fx_factor` or a price rise for all lines goes through `all_prices`."""
    all_prices: float = 1.0
    share_values: Mapping[str, float] = field(default_factory=dict)
    """A cache hit rate of 0, say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StressResult:
    """Total cost under a shock, on the same draws as the base."""

    name: str
    total: Spread
    change_of_p50_usd: float
    p_breach: float | None


def tornado(tree: CostTree) -> list[Swing]:
    """Return the swing of the total for every uncertain input, widest first."""
    leaves: dict[str, Leaf] = {driver.name: driver.leaf for driver in tree.drivers}
    leaves |= {event.name: event.factor for event in likely_events(tree)}
    swings = []
    for name, leaf in leaves.items():
        low, high = leaf.at(np.array([-Z90, Z90]))
        if low != high:
            swings.append(
                Swing(
                    name=name,
                    input_low=float(low),
                    input_high=float(high),
                    low_usd=base_case(tree, {name: float(low)}).total,
                    high_usd=base_case(tree, {name: float(high)}).total,
                )
            )
    return sorted(swings, key=lambda swing: -abs(swing.high_usd - swing.low_usd))


def stress_tests(
    tree: CostTree,
    draws: Draws,
    stresses: Sequence[Stress],
    *,
    months: Sequence[str],
    budget_usd: float | None = None,
) -> list[StressResult]:
    """Return the total under each shock; the draws are the base's, so changes are not noise."""
    base = summarise(EnvelopeState(tree, draws).costs(), months=months).total
    results = []
    for stress in stresses:
        costs = EnvelopeState(_with_shares(tree, stress.share_values), draws).costs(
            Levers(driver_factors=stress.driver_factors, price_factors=_prices(tree, stress))
        )
        total = summarise(costs, months=months).total
        span = costs.sum(axis=0, dtype=np.float64)
        results.append(
            StressResult(
                name=stress.name,
                total=total,
                change_of_p50_usd=total.p50 - base.p50,
                p_breach=None if budget_usd is None else float((span > budget_usd).mean()),
            )
        )
    return results


def certain(value: float, *, like: Leaf) -> Judged:
    """Return a leaf that is one value on every path."""
    source = like.source
    on = like.on if isinstance(like, Judged) else date.min
    owner = like.owner if isinstance(like, Judged) else "measured"
    return Judged(
        value=value,
        low=value,
        high=value,
        owner=owner,
        on=on,
        source=source,
        is_share=like.is_share,
    )


def _prices(tree: CostTree, stress: Stress) -> dict[str, float]:
    return {
        line.name: stress.all_prices * stress.price_factors.get(line.name, 1.0)
        for line in tree.lines
    }


def _with_shares(tree: CostTree, shares: Mapping[str, float]) -> CostTree:
    known = {driver.name for driver in tree.drivers}
    if not set(shares) <= known:
        raise InputError(f"No such share in the cost tree: {sorted(set(shares) - known)}.")
    return replace(
        tree,
        drivers=tuple(
            replace(driver, leaf=certain(shares[driver.name], like=driver.leaf))
            if driver.name in shares
            else driver
            for driver in tree.drivers
        ),
    )

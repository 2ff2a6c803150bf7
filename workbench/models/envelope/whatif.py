"""What if there were more use, faster growth, other prices or more cache: an envelope moved.

Use, growth and prices go through the levers of the drawn state and cost one small product;
a moved share changes the drawn volumes and is drawn anew from the same scores.
"""

from dataclasses import dataclass, replace

import numpy as np

from workbench.models.envelope.leaves import Judged, Leaf, Measured
from workbench.models.envelope.paths import Draws, Singles
from workbench.models.envelope.redraw import EnvelopeState, Levers
from workbench.models.envelope.tree import CostTree, Driver, PriceStep

EDGE = 0.001
"""A moved share stays this far inside 0 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What the sliders ask for; the defaults ask for nothing."""

    volume: float = 1.0
    """Factor on every line's quantity."""
    growth: float = 0.0
    """Added to the monthly growth of every line's first driver, fraction a month."""
    price: float = 1.0
    """Factor on every price."""
    share: float = 0.0
    """Added to every share, such as a cache hit rate; 0.05 is five points."""


def levers(tree: CostTree, change: Change) -> Levers:
    """Return the change as levers of the drawn state; shares are not among them."""
    factor = change.volume * change.price
    return Levers(
        price_factors={line.name: factor for line in tree.lines} if factor != 1 else {},
        monthly_growth={name: growth + change.growth for name, growth in _growing(tree).items()}
        if change.growth
        else {},
    )


def changed(tree: CostTree, change: Change) -> CostTree:
    """Return the tree with the change in it, for base case and tornado."""
    growing = _growing(tree)
    factor = change.volume * change.price
    return replace(
        with_shares_moved(tree, change.share),
        drivers=tuple(
            replace(driver, monthly_growth=growing[driver.name] + change.growth)
            if change.growth and driver.name in growing
            else driver
            for driver in with_shares_moved(tree, change.share).drivers
        ),
        lines=tuple(
            replace(
                line,
                prices=tuple(
                    PriceStep(month=step.month, usd=step.usd * factor) for step in line.prices
                ),
            )
            for line in tree.lines
        ),
    )


def with_shares_moved(tree: CostTree, points: float) -> CostTree:
    """Return the tree with every share moved by the same points, kept inside 0 and 1."""
    if not points:
        return tree
    return replace(tree, drivers=tuple(_moved(driver, points) for driver in tree.drivers))


def costs_under(state: EnvelopeState, draws: Draws, change: Change) -> Singles:
    """Return USD by month and path under a change, on the draws of the state."""
    if change.share:
        state = EnvelopeState(with_shares_moved(state.tree, change.share), draws)
    return state.costs(levers(state.tree, change))


def _growing(tree: CostTree) -> dict[str, float]:
    """Return one driver of every line, its first, so that no line grows twice."""
    growth = {driver.name: driver.monthly_growth for driver in tree.drivers}
    chosen: dict[str, float] = {}
    for line in tree.lines:
        if not any(name in chosen for name in line.drivers):
            chosen[line.drivers[0]] = growth[line.drivers[0]]
    return chosen


def _moved(driver: Driver, points: float) -> Driver:
    if not driver.leaf.is_share:
        return driver
    return replace(driver, leaf=_moved_leaf(driver.leaf, points))


def _moved_leaf(leaf: Leaf, points: float) -> Leaf:
    if isinstance(leaf, Measured):
        means = np.clip(np.asarray(leaf.means) + points, EDGE, 1 - EDGE)
        return replace(leaf, means=tuple(means.tolist()))
    low, value, high = np.clip([leaf.low, leaf.value, leaf.high], EDGE - points, 1 - EDGE - points)
    moved: Judged = replace(
        leaf, low=float(low) + points, value=float(value) + points, high=float(high) + points
    )
    return moved

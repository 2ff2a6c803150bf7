"""The envelope as a slider moves: only what the slider touches is computed again.

Volumes without growth and price are drawn once and kept; a step is one product of small
matrices and one partial sort.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.errors import InputError, shown
from workbench.models.envelope.leaves import Floats
from workbench.models.envelope.paths import Draws, Singles, line_noise, one_offs
from workbench.models.envelope.tree import CostTree

LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """What the sliders say; all factors are 1 and all growth is the tree's unless given."""

    driver_factors: Mapping[str, float] = field(default_factory=dict)
    """Multiplies a driver that is a plain factor of its lines (not a share, not an uplift)."""
    price_factors: Mapping[str, float] = field(default_factory=dict)
    """Multiplies all prices of a line."""
    monthly_growth: Mapping[str, float] = field(default_factory=dict)
    """Replaces a driver's growth."""


class EnvelopeState:
    """A cost tree with its draws: costs on every path, as fast as a slider moves."""

    def __init__(self, tree: CostTree, draws: Draws) -> None:
        self.tree = tree
        self._noise = line_noise(tree, draws)
        self._one_offs = one_offs(tree, draws)
        fixed = np.zeros(tree.months)
        for cost in tree.fixed:
            fixed += cost.usd_by_month
        self._fixed = fixed.astype(np.float32)[:, None]
        self._eligible = np.array(
            [[line.name in part.lines for line in tree.lines] for part in tree.commitments],
            dtype=np.float32,
        )

    def costs(self, levers: Levers | None = None) -> Singles:
        """Return USD by month and path under the levers, [months, paths]."""
        scale = _scale(self.tree, levers or Levers()).astype(np.float32)
        usd = np.matmul(scale[:, None, :], self._noise)[:, 0] + self._fixed
        usd += self._one_offs
        for part, eligible in zip(self.tree.commitments, self._eligible, strict=True):
            used = np.matmul((scale * eligible)[:, None, :], self._noise)[:, 0]
            usd += np.maximum(np.float32(part.usd_per_month) - used, 0)
        return usd

    def metered(self) -> Singles:
        """Return USD of the priced lines alone, [months, paths]: what usage logs can show.

        Fixed costs, one-offs of events and unused commitments are in no log.
        """
        scale = _scale(self.tree, Levers()).astype(np.float32)
        return np.matmul(scale[:, None, :], self._noise)[:, 0]

    def quantiles(self, levers: Levers | None = None) -> Floats:
        """Return P10, P50 and P90 of the cost by month, [3, months]."""
        return quantiles_of(self.costs(levers))


def quantiles_of(costs: Singles | Floats) -> Floats:
    """Return P10, P50 and P90 over the last axis by nearest rank, quantile first."""
    paths = costs.shape[-1]
    ranks = [round(level * (paths - 1)) for level in LEVELS]
    ordered = np.partition(costs, ranks, axis=-1)
    return np.moveaxis(ordered[..., ranks], -1, 0).astype(np.float64)


def _scale(tree: CostTree, levers: Levers) -> Floats:
    """Return what multiplies each line's noise: price in force, growth, levers; [months, lines]."""
    _refuse_unknown(tree, levers)
    months = np.arange(tree.months)
    growth = {
        driver.name: (1 + levers.monthly_growth.get(driver.name, driver.monthly_growth)) ** months
        for driver in tree.drivers
    }
    scale = np.empty((tree.months, len(tree.lines)))
    for at, line in enumerate(tree.lines):
        column = np.array([line.price_at(month) for month in range(tree.months)])
        column *= levers.price_factors.get(line.name, 1.0)
        for name in line.drivers:
            column *= growth[name] * levers.driver_factors.get(name, 1.0)
        scale[:, at] = column
    return scale


def _refuse_unknown(tree: CostTree, levers: Levers) -> None:
    factors = {name for line in tree.lines for name in line.drivers}
    unknown = (set(levers.driver_factors) | set(levers.monthly_growth)) - factors
    unknown |= set(levers.price_factors) - {line.name for line in tree.lines}
    if unknown:
        raise InputError(
            f"No lever can move {shown(sorted(unknown))}: only drivers that multiply a line and "
            "prices of lines. Change a share or a rate in the tree itself."
        )

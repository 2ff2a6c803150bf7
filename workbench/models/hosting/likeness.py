"""How alike two serving configurations are, and what measured neighbours say about a third.

The roofline leaves a residual: the part of a measured time that physics and pooled
efficiencies do not explain. Configurations that are alike leave alike residuals, so the
residual of an unmeasured one is estimated from the measured ones around it (simple kriging, a
Gaussian process with a fixed kernel). Far from every anchor the estimate returns to zero, and
the plain calibrated roofline remains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from workbench.models.hosting.catalogue import ModelShape
from workbench.models.hosting.workload import Demands, Floats, ServingGrid

Singles = NDArray[np.float32]

BROAD_SCALE: Final = 0.5
"""Standard deviation of residuals shared by whole families (model, machine, software)."""
LOCAL_SCALE: Final = 0.2
"""Standard deviation of residuals shared by near neighbours only."""
NOISE_SCALE: Final = 0.07
"""Standard deviation between two runs of the same configuration."""
# How much one step apart costs: one doubling for counts, one mismatch for names.
BROAD: Final = {
    "model": 0.7, "shape": 0.7, "system": 0.3, "backend": 0.3, "precision": 0.3,
    "concurrency": 0.06, "input": 0.02, "output": 0.01, "gpus": 0.04,
    "replicated": 0.17, "experts": 0.02, "release": 0.04, "twice": 0.03,
}  # fmt: skip
LOCAL: Final = {
    "model": 0.6, "shape": 1.7, "system": 0.8, "backend": 1.3, "precision": 2.0,
    "concurrency": 0.4, "input": 0.12, "output": 0.13, "gpus": 0.25,
    "replicated": 1.2, "experts": 0.15, "release": 0.5, "twice": 0.4,
}  # fmt: skip
OTHER: Final = "(other)"
"""Stands for every name no anchor carries; it is unlike all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What two configurations are compared by: names, and counts on a doubling scale."""

    names: dict[str, NDArray[np.str_]]
    counts: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.counts["gpus"])


def traits(
    grid: ServingGrid,
    demands: Demands,
    models: dict[str, ModelShape],
    *,
    release_centre: dict[str, tuple[float, float]],
) -> Traits:
    """Return what each row of a grid is compared by.

    Parameters
    ----------
    grid, demands
        The questions and what they ask of a machine.
    models
        Shapes by name; models of one shape (fine-tunes, re-releases) are near relatives.
    release_centre
        Median and spread of the software releases measured, by backend: an unknown release
        is taken as the median one.
    """
    release = np.zeros(len(grid))
    for backend in np.unique(grid.backend).tolist():
        centre, spread = release_centre.get(backend, (0.0, 1.0))
        rows = grid.backend == backend
        known = np.where(np.isnan(grid.release[rows]), centre, grid.release[rows])
        release[rows] = np.clip((known - centre) / spread, -3, 3)
    return Traits(
        names={
            "model": grid.model,
            "shape": families(grid.model, models),
            "system": grid.system,
            "backend": grid.backend,
            "precision": grid.precision,
        },
        counts={
            "concurrency": np.log2(grid.concurrency),
            "input": np.log2(grid.input_tokens),
            "output": np.log2(grid.output_tokens),
            "gpus": np.log2(demands.gpus),
            "replicated": (demands.attention_replicas > 1).astype(float),
            "experts": np.log2(np.maximum(grid.expert_parallel, 1)),
            "release": release,
            "twice": (demands.gpus != grid.gpus).astype(float),
        },
    )


def families(names: NDArray[np.str_], models: dict[str, ModelShape]) -> NDArray[np.str_]:
    """Return the shape family of each model name."""
    unique, where = np.unique(names, return_inverse=True)
    return np.array([models[str(name)].family for name in unique])[where]


def release_centres(grid: ServingGrid) -> dict[str, tuple[float, float]]:
    """Return median and standard deviation of known releases, by backend."""
    centres: dict[str, tuple[float, float]] = {}
    for backend in np.unique(grid.backend).tolist():
        known = grid.release[(grid.backend == backend) & ~np.isnan(grid.release)]
        if len(known):
            centres[backend] = (float(np.median(known)), max(float(np.std(known)), 0.1))
    return centres


def likeness(left: Traits, right: Traits) -> tuple[Singles, Singles]:
    """Return the broad and the local likeness of every row of `left` to every row of `right`.

    exp(-sum of step costs), 1 for the same configuration, 0 for a stranger
    """
    return (
        np.exp(-_apart(left, right, BROAD)),
        np.exp(-_apart(left, right, LOCAL)),
    )


def covariance(left: Traits, right: Traits) -> tuple[Singles, Singles]:
    """Return the covariance of residuals between two sets, and the local likeness alone."""
    broad, local = likeness(left, right)
    both = BROAD_SCALE**2 * broad + LOCAL_SCALE**2 * local
    return both.astype(np.float32), local


def weights_of_anchors(
    anchors: Traits, residuals: Floats, *, noise: Floats | float = NOISE_SCALE
) -> Floats:
    """Return the weight of each anchor, so that `covariance @ weights` estimates a residual.

    (K + noise^2 I) weights = residuals;  residuals may have several columns

    An anchor with less noise is believed more.
    """
    spread = covariance(anchors, anchors)[0].astype(float)
    spread[np.diag_indices(len(anchors))] += noise**2
    return cho_solve(cho_factor(spread), residuals)


def held_out_residuals(
    anchors: Traits, residuals: Floats, groupings: Sequence[NDArray[np.intp]]
) -> list[tuple[Floats, Floats]]:
    """Return each anchor's residual as estimated without its whole group, and its support then.

    Leave-one-group-out in closed form: with A = (K + noise^2 I)^-1,
    estimate_group = r_group - (A_group,group)^-1 (A r)_group.

    Returns
    -------
    list of tuples
        For each grouping: estimates of the same shape as `residuals`; and the local likeness to
        the nearest anchor of another group.
    """
    spread, local = covariance(anchors, anchors)
    full = spread.astype(float)
    full[np.diag_indices(len(anchors))] += NOISE_SCALE**2
    inverse = np.linalg.inv(full)
    solved = inverse @ residuals
    return [_without(groups, residuals, inverse, solved, local) for groups in groupings]


def _without(
    groups: NDArray[np.intp], residuals: Floats, inverse: Floats, solved: Floats, local: Singles
) -> tuple[Floats, Floats]:
    estimates, support = np.zeros_like(residuals), np.zeros(len(residuals))
    for group in np.unique(groups):
        inside = np.flatnonzero(groups == group)
        if len(inside) == len(groups):  # nothing would be left: the plain roofline answers
            continue
        estimates[inside] = residuals[inside] - np.linalg.solve(
            inverse[np.ix_(inside, inside)], solved[inside]
        )
        support[inside] = np.where(groups == group, 0.0, local[inside]).max(axis=1)
    return estimates, support


def _apart(left: Traits, right: Traits, costs: dict[str, float]) -> Singles:
    """Return the summed step costs between all pairs, through one matrix product."""
    a, b = [], []
    for name, values in right.names.items():
        known = np.unique(values)
        scale = np.sqrt(costs[name] / 2)
        a.append(_one_hot(left.names[name], known, is_left=True) * scale)
        b.append(_one_hot(values, known, is_left=False) * scale)
    for name, values in right.counts.items():
        scale = np.sqrt(costs[name])
        a.append(left.counts[name][:, None] * scale)
        b.append(values[:, None] * scale)
    x = np.hstack(a).astype(np.float32)
    y = np.hstack(b).astype(np.float32)
    square = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None, :] - 2 * (x @ y.T)
    return np.maximum(square, np.float32(0.0))


def _one_hot(values: NDArray[np.str_], known: NDArray[np.str_], *, is_left: bool) -> Floats:
    columns = np.searchsorted(known, values)
    columns = np.minimum(columns, len(known) - 1)
    seen = known[columns] == values
    hot = np.zeros((len(values), len(known) + int(is_left)))
    hot[np.arange(len(values)), np.where(seen, columns, len(known))] = 1.0
    return hot if is_left else np.hstack([hot, np.zeros((len(values), 1))])

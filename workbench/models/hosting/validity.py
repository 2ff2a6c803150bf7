"""Whether a serving question lies inside what was measured, and what to do when it does not.

Inside the box the answer carries its held-out error band. Outside, it is widened to at least
a factor of two each way and marked extrapolated; far outside it is refused. The limits below
were fixed before any error was computed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.models.hosting.workload import Demands, Floats, ServingGrid

SLACK: Final = 1.25
"""A count may leave its measured range by this factor and still be inside the box."""
REFUSE_BEYOND: Final = 4.0
"""A count that leaves its measured range by more than this factor is refused."""
OVERFULL: Final = 2.0
"""Weights that need more than this multiple of the memory there is are refused."""
EXTRAPOLATED_FACTOR: Final = 2.0
"""Outside the box the band reaches at least this factor below and above the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The verdict on each row of a grid."""

    in_box: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    reason: NDArray[np.str_]
    """Why a row is extrapolated or refused; empty inside the box."""


def validity(grid: ServingGrid, demands: Demands, anchors: ServingGrid) -> Validity:
    """Judge each row against the measured anchors.

    Names (model, system, backend, precision) must each have been measured; input tokens,
    output tokens and accelerators must lie in the range of all anchors, and requests in
    flight per accelerator in the range measured for that model.
    """
    unseen = np.zeros(len(grid), dtype=bool)
    reason = np.full(len(grid), "", dtype="<U80")
    for what in ("model", "system", "backend", "precision"):
        new = ~np.isin(getattr(grid, what), np.unique(getattr(anchors, what)))
        reason[new & (reason == "")] = f"{what} never measured"
        unseen |= new
    staged = grid.pipeline_parallel > 1
    reason[staged & (reason == "")] = "pipeline parallelism never measured"
    unseen |= staged
    beyond = np.ones(len(grid))
    for what, label in (("input_tokens", "input tokens"), ("output_tokens", "output tokens"),
                        ("gpus", "accelerators")):  # fmt: skip
        measured = getattr(anchors, what)
        low = np.full(len(grid), measured.min())
        high = np.full(len(grid), measured.max())
        beyond = _worst(beyond, getattr(grid, what), low, high, reason, label)
    low, high = _load_range(grid, anchors)
    beyond = _worst(beyond, grid.concurrency, low, high, reason, "requests in flight")
    overfull = demands.resident_gb - demands.cache_bytes / 1e9 > OVERFULL * demands.memory_gb
    reason[overfull] = "weights do not fit in memory"
    refused = overfull | (beyond > REFUSE_BEYOND)
    outside = unseen | (beyond > SLACK) | refused
    return Validity(in_box=~outside, refused=refused, reason=np.where(outside, reason, ""))


def _worst(
    beyond: Floats,
    asked: Floats,
    low: Floats,
    high: Floats,
    reason: NDArray[np.str_],
    label: str,
) -> Floats:
    factor = np.maximum(asked / high, low / asked)
    reason[(factor > SLACK) & (reason == "")] = f"{label} outside the measured range"
    return np.maximum(beyond, factor)


def _load_range(grid: ServingGrid, anchors: ServingGrid) -> tuple[Floats, Floats]:
    """Return least and most requests in flight measured for each row's model (else for any)."""
    low = np.full(len(grid), anchors.concurrency.min())
    high = np.full(len(grid), anchors.concurrency.max())
    for model in np.unique(grid.model).tolist():
        measured = anchors.concurrency[anchors.model == model]
        if len(measured):
            rows = grid.model == model
            low[rows] = measured.min()
            high[rows] = measured.max()
    return low, high

"""Whether a serving question lies inside what was measured, and what to do when it does not.

Inside the box the answer carries its held-out error band. Outside, it is widened to at least
a factor of two each way and marked extrapolated; far outside it is refused. The limits are
about where points were measured, never about how large an error turned out.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.models.hosting.workload import Demands, Floats, ServingGrid, physical_gpus

SLACK: Final = 1.25
"""A count may leave its measured range by this factor and still be inside the box."""
REFUSE_BEYOND: Final = 2.0
"""A count that leaves its measured range by more than this factor is refused."""
OVERFULL: Final = 2.0
"""Weights that need more than this multiple of the memory there is are refused."""
ONE_NODE: Final = 8
"""Accelerators of one node. Inside it tensor parallelism splits attention heads, so serving software
refuses a number that does not divide them; measured points state such numbers above it only, for
attention that is replicated or spread over nodes."""
EXTRAPOLATED_FACTOR: Final = 2.0
"""Outside the box the band reaches at least this factor below and above the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The verdict on each row of a grid."""

    in_box: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    reason: NDArray[np.str_]
    """Why a row is extrapolated or refused; empty inside the box."""


def validity(
    grid: ServingGrid,
    demands: Demands,
    anchors: ServingGrid,
    *,
    family: NDArray[np.str_],
    anchor_family: NDArray[np.str_],
) -> Validity:
    """Judge each row against the measured anchors.

    In the box: family of model, system, backend and precision each measured; tokens in and
    out inside the range of all anchors; requests in flight per accelerator inside the range
    measured for that family on that system. Refused: a length or a load beyond twice its
    range; a load above all that was measured where this family and system never met;
    replicated attention where it was never measured; weights that cannot fit; attention
    heads that cannot be split over the accelerators of one node.
    """
    reason = np.full(len(grid), "", dtype="<U80")
    unseen = _unseen_names(grid, anchors, family, anchor_family, reason)
    beyond = np.ones(len(grid))
    for asked, measured, label in (
        (grid.input_tokens, anchors.input_tokens, "input tokens"),
        (grid.output_tokens, anchors.output_tokens, "output tokens"),
        (demands.gpus, physical_gpus(anchors), "accelerators"),
    ):
        low, high = np.full(len(grid), measured.min()), np.full(len(grid), measured.max())
        beyond = np.maximum(beyond, _factor(asked, low, high, reason, label))
    load, measured_load = (
        grid.concurrency / demands.gpus,
        anchors.concurrency / physical_gpus(anchors),
    )
    pair = np.char.add(np.char.add(family, "|"), grid.system)
    anchor_pair = np.char.add(np.char.add(anchor_family, "|"), anchors.system)
    low, high, met = _ranges(pair, family, anchor_pair, anchor_family, measured_load)
    loaded = _factor(load, low, high, reason, "requests in flight per accelerator")
    replicated = anchors.attention_replicas > 1
    strange = (grid.attention_replicas > 1) & ~np.isin(pair, anchor_pair[replicated])
    reason[strange] = "replicated attention never measured here"
    overfull = demands.resident_gb - demands.cache_bytes / 1e9 > OVERFULL * demands.memory_gb
    reason[overfull] = "weights do not fit in memory"
    split = grid.tensor_parallel
    uneven = (split <= ONE_NODE) & (np.mod(demands.attention_heads, split) != 0)
    reason[uneven] = "attention heads cannot be split evenly by tensor parallelism"
    overloaded = loaded > np.where(met, REFUSE_BEYOND, 1.0)
    refused = overfull | strange | uneven | (beyond > REFUSE_BEYOND) | (overloaded & (load > high))
    outside = unseen | (beyond > SLACK) | (loaded > SLACK) | refused
    return Validity(in_box=~outside, refused=refused, reason=np.where(outside, reason, ""))


def _unseen_names(
    grid: ServingGrid,
    anchors: ServingGrid,
    family: NDArray[np.str_],
    anchor_family: NDArray[np.str_],
    reason: NDArray[np.str_],
) -> NDArray[np.bool_]:
    unseen, strange = np.zeros((2, len(grid)), dtype=bool)
    for label, asked, measured in (
        ("model", family, anchor_family),
        ("system", grid.system, anchors.system),
        ("backend", grid.backend, anchors.backend),
        ("precision", grid.precision, anchors.precision),
    ):
        new = ~np.isin(asked, np.unique(measured))
        reason[new & (reason == "")] = f"{label} never measured"
        unseen |= new
        strange |= new & (label in ("system", "backend"))
    # no efficiency was ever fitted to this machine or software: pooled ones answer
    reason[strange] = np.char.add("uncalibrated: ", reason[strange])
    staged = grid.pipeline_parallel > 1
    reason[staged & (reason == "")] = "pipeline parallelism never measured"
    return unseen | staged


def _factor(
    asked: Floats, low: Floats, high: Floats, reason: NDArray[np.str_], label: str
) -> Floats:
    """Return by which factor each value leaves its range, 1 inside, and note the reason."""
    factor = np.maximum(np.maximum(asked / high, low / asked), 1.0)
    reason[(factor > SLACK) & (reason == "")] = f"{label} outside the measured range"
    return factor


def _ranges(
    pair: NDArray[np.str_],
    family: NDArray[np.str_],
    anchor_pair: NDArray[np.str_],
    anchor_family: NDArray[np.str_],
    load: Floats,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return least and most load measured for the pair, else the family, else any model."""
    low, high = np.full(len(pair), load.min()), np.full(len(pair), load.max())
    met = np.isin(pair, anchor_pair)
    for asked, measured in ((family, anchor_family), (pair, anchor_pair)):
        for name in np.unique(asked[np.isin(asked, measured)]).tolist():
            points = load[measured == name]
            low[asked == name], high[asked == name] = points.min(), points.max()
    return low, high, met

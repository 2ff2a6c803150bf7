"""How fast a model answers on given machines under a given load, and how sure that is.

A calibrated roofline (`roofline`) corrected by measured neighbours (`likeness`), inside a
validity box (`validity`), with an empirical band (`band`): the spread of held-out errors among
measured points that lacked as much and whose nearest neighbour was as far away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.models.hosting import likeness
from workbench.models.hosting.band import (
    Band,
    HeldOut,
    band_of,
    groupings,
    situations,
    situations_without,
    spread,
)
from workbench.models.hosting.catalogue import Accelerator, ModelShape
from workbench.models.hosting.roofline import (
    Efficiencies,
    fit_efficiencies,
    prompt_ms,
    tpot_ms,
)
from workbench.models.hosting.validity import EXTRAPOLATED_FACTOR, validity
from workbench.models.hosting.workload import Demands, Floats, ServingGrid, derive

BLOCK_ROWS: Final = 2_000
"""Rows predicted together, which bounds memory; the answer does not depend on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Measured points: the grid they were measured on, and the two times."""

    grid: ServingGrid
    ttft_ms: Floats
    """Time to first token, mean or median as its source reports it."""
    tpot_ms: Floats
    """Time per output token after the first."""

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Measured":
        """Return the given points."""
        return Measured(
            grid=self.grid.take(rows), ttft_ms=self.ttft_ms[rows], tpot_ms=self.tpot_ms[rows]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Shapes of models and rates of machines, by the names a grid uses."""

    models: Mapping[str, ModelShape]
    machines: Mapping[str, Accelerator]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingModel:
    """A calibrated predictor; build it with `calibrate`, ask it with `predict`."""

    efficiencies: Efficiencies
    first_token_law: Floats
    """Coefficients of the fitted law of the time to first token, see `first_token_terms`."""
    anchors: Measured
    anchor_weights: Floats
    """One row an anchor: weight for the time per output token, and to the first."""
    release_centre: dict[str, tuple[float, float]]
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Answers row by row; NaN where a row is refused. Bands are 80 %: p10 and p90."""

    output_tokens_per_s_per_gpu: Floats
    output_tokens_per_s_per_gpu_p10: Floats
    output_tokens_per_s_per_gpu_p90: Floats
    tpot_ms: Floats
    tpot_ms_p10: Floats
    tpot_ms_p90: Floats
    ttft_ms: Floats
    ttft_ms_p10: Floats
    ttft_ms_p90: Floats
    in_box: NDArray[np.bool_]
    refused: NDArray[np.bool_]
    reason: NDArray[np.str_]
    nearest_anchor: NDArray[np.intp]
    """Row of the most alike measured point."""
    nearness: Floats
    """Its likeness, 1 for the same configuration."""


def throughput_per_gpu(grid: ServingGrid, ttft: Floats, tpot: Floats) -> Floats:
    """Return output tokens a second and stated accelerator, by Little's law.

    1000 * concurrency * output / (ttft + (output - 1) * tpot) / gpus
    """
    answer_ms = ttft + (grid.output_tokens - 1) * tpot
    return 1e3 * grid.concurrency * grid.output_tokens / answer_ms / grid.gpus


def first_token_terms(grid: ServingGrid, demands: Demands, at: Efficiencies) -> Floats:
    """Return the terms of the fitted law: log TTFT is their weighted sum.

    One, log prompt time, log concurrency, their product, log time per output token, log
    output tokens, and whether attention is replicated. A law, not physics: the time to first
    token is mostly waiting.
    """
    prompt = np.log(prompt_ms(demands, grid, at))
    load = np.log(grid.concurrency)
    return np.column_stack(
        [
            np.ones(len(grid)),
            prompt,
            load,
            prompt * load,
            np.log(tpot_ms(demands, grid, at)),
            np.log(grid.output_tokens),
            (demands.attention_replicas > 1).astype(float),
        ]
    )


def calibrate(measured: Measured, catalogue: Catalogue, *, cells: NDArray[np.intp]) -> ServingModel:
    """Fit efficiencies, first-token law, anchor weights and error band to measured points.

    Parameters
    ----------
    measured
        Aggregated-serving points.
    catalogue
        Shapes and rates for every name among them.
    cells
        Number of the cell of each point; the band is the error on cells left out whole.

    Raises
    ------
    InputError
        If there are fewer than 50 points or 5 cells: no held-out error could be stated.
    """
    if len(measured.grid) < 50 or len(np.unique(cells)) < 5:
        raise InputError(
            f"{len(measured.grid)} measured points in {len(np.unique(cells))} cells are too few "
            "to calibrate on and to state an error: give at least 50 points in 5 cells."
        )
    grid = measured.grid
    demands = derive(grid, catalogue.models, catalogue.machines)
    fitted = fit_efficiencies(demands, grid, measured.tpot_ms)
    terms = first_token_terms(grid, demands, fitted)
    law, *_ = np.linalg.lstsq(terms, np.log(measured.ttft_ms), rcond=None)
    law = np.asarray(law, dtype=float)
    residuals = residuals_of(measured, demands, fitted, law)
    centres = likeness.release_centres(grid)
    anchors = likeness.traits(grid, demands, dict(catalogue.models), release_centre=centres)
    ways = groupings(anchors, cells)
    held_out = [
        HeldOut(
            groups=groups,
            off=np.column_stack([_throughput_off(measured, left), left]),
            nearness=nearness,
            situation=situations_without(anchors, groups),
        )
        for groups, (estimates, nearness) in zip(
            ways, likeness.held_out_residuals(anchors, residuals, ways), strict=True
        )
        for left in [residuals - estimates]
    ]
    return ServingModel(
        efficiencies=fitted,
        first_token_law=law,
        anchors=measured,
        anchor_weights=likeness.weights_of_anchors(anchors, residuals),
        release_centre=centres,
        band=band_of(held_out),
    )


def predict(
    model: ServingModel, grid: ServingGrid, catalogue: Catalogue, *, refuse: bool = True
) -> Prediction:
    """Answer every row of a grid.

    Parameters
    ----------
    model
        From `calibrate`, or read back from its stored coefficients.
    grid
        The questions.
    catalogue
        Shapes and rates for every name among questions and anchors.
    refuse
        False gives numbers even far outside the box, for studies of what refusing costs.

    Returns
    -------
    Prediction
        With p10 and p90 from held-out errors; outside the validity box these reach at least a
        factor of two each way, far outside every number is NaN and `reason` says why.
    """
    demands = derive(grid, catalogue.models, catalogue.machines)
    models = dict(catalogue.models)
    verdict = validity(
        grid,
        demands,
        model.anchors.grid,
        family=likeness.families(grid.model, models),
        anchor_family=likeness.families(model.anchors.grid.model, models),
    )
    residual, nearest, nearness, situation = _correction(model, grid, demands, catalogue)
    tpot = tpot_ms(demands, grid, model.efficiencies) * np.exp(residual[:, 0])
    log_ttft = first_token_terms(grid, demands, model.efficiencies) @ model.first_token_law
    ttft = np.exp(log_ttft + residual[:, 1])
    throughput = throughput_per_gpu(grid, ttft, tpot)
    low, high = _spread(model.band, nearness, situation, verdict.in_box)
    blank = np.where(verdict.refused & refuse, np.nan, 1.0)
    numbers: dict[str, Floats] = {}
    for column, (name, answer) in enumerate(
        {"output_tokens_per_s_per_gpu": throughput, "tpot_ms": tpot, "ttft_ms": ttft}.items()
    ):
        numbers[name] = answer * blank
        numbers[f"{name}_p10"] = answer * np.exp(low[:, column]) * blank
        numbers[f"{name}_p90"] = answer * np.exp(high[:, column]) * blank
    return Prediction(
        **numbers,
        in_box=verdict.in_box,
        refused=verdict.refused,
        reason=verdict.reason,
        nearest_anchor=nearest,
        nearness=nearness,
    )


def residuals_of(measured: Measured, demands: Demands, at: Efficiencies, law: Floats) -> Floats:
    """Return log(measured / calibrated roofline), by column: per token, to first token."""
    terms = first_token_terms(measured.grid, demands, at)
    return np.column_stack(
        [
            np.log(measured.tpot_ms / tpot_ms(demands, measured.grid, at)),
            np.log(measured.ttft_ms) - terms @ law,
        ]
    )


def _correction(
    model: ServingModel, grid: ServingGrid, demands: Demands, catalogue: Catalogue
) -> tuple[Floats, NDArray[np.intp], Floats, NDArray[np.intp]]:
    models = dict(catalogue.models)
    asked_of_anchors = derive(model.anchors.grid, models, catalogue.machines)
    anchors = likeness.traits(
        model.anchors.grid, asked_of_anchors, models, release_centre=model.release_centre
    )
    asked = likeness.traits(grid, demands, models, release_centre=model.release_centre)
    residual = np.zeros((len(grid), 2))
    nearest = np.zeros(len(grid), dtype=np.intp)
    nearness = np.zeros(len(grid))
    weights = model.anchor_weights
    for start in range(0, len(grid), BLOCK_ROWS):
        rows = slice(start, min(start + BLOCK_ROWS, len(grid)))
        block = likeness.Traits(
            names={name: values[rows] for name, values in asked.names.items()},
            counts={name: values[rows] for name, values in asked.counts.items()},
        )
        spread, local = likeness.covariance(block, anchors)
        residual[rows] = spread @ weights
        nearest[rows] = local.argmax(axis=1)
        nearness[rows] = local.max(axis=1)
    return residual, nearest, nearness, situations(asked, anchors)


def _throughput_off(measured: Measured, left: Floats) -> Floats:
    """Return log(measured / predicted) throughput, given the two times' held-out errors."""
    grid = measured.grid
    was = throughput_per_gpu(grid, measured.ttft_ms, measured.tpot_ms)
    said = throughput_per_gpu(
        grid, measured.ttft_ms * np.exp(-left[:, 1]), measured.tpot_ms * np.exp(-left[:, 0])
    )
    return np.log(was / said)


def _spread(
    band: Band, nearness: Floats, situation: NDArray[np.intp], in_box: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    low, high = spread(band, nearness, situation)
    reach = np.log(EXTRAPOLATED_FACTOR)
    low = np.where(in_box[:, None], low, np.minimum(low, -reach))
    high = np.where(in_box[:, None], high, np.maximum(high, reach))
    # an answer never lies outside its own band
    return np.minimum(low, 0.0), np.maximum(high, 0.0)

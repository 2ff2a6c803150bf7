"""A user's own vLLM benchmark as a measured point.

`vllm bench serve --save-result` writes a JSON report of one run. It does not say on what
machine; the user does.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting import likeness
from workbench.models.hosting.serving import Catalogue, Measured, ServingModel, residuals_of
from workbench.models.hosting.tables import Row
from workbench.models.hosting.workload import ServingGrid, derive

OWN_NOISE_SCALE: Final = 0.03
"""Standard deviation granted to a user's own measurements."""
NEEDED = ("mean_ttft_ms", "mean_tpot_ms", "total_input_tokens", "total_output_tokens", "completed")


def row_of_vllm_report(
    report: Mapping[str, Any],
    *,
    system: str,
    tensor_parallel: int,
    precision: str,
    backend_version: str = "",
    model: str = "",
) -> Row:
    """Return the report as a row of measured points.

    Requests in flight are the run's `max_concurrency`; where it was open-loop, Little's law
    gives their mean from throughput and latency.

    Raises
    ------
    InputError
        If the report lacks a number; the message names it.
    """
    values = {name: _positive(report, name) for name in NEEDED}
    osl = values["total_output_tokens"] / values["completed"]
    in_flight = report.get("max_concurrency")
    if not in_flight:
        answer_s = (values["mean_ttft_ms"] + (osl - 1) * values["mean_tpot_ms"]) / 1e3
        in_flight = max(1.0, _positive(report, "request_throughput") * answer_s)
    return {
        "id": str(report.get("date", "own")),
        "model_path": model or str(report.get("model_id", "")),
        "system": system,
        "backend": "vllm",
        "backend_version": backend_version,
        "precision": precision,
        "mode": "agg",
        "isl": f"{values['total_input_tokens'] / values['completed']:.6g}",
        "osl": f"{osl:.6g}",
        "batch_size": f"{float(in_flight):.6g}",
        "tp_size": str(tensor_parallel),
        "silicon_ttft_ms": repr(values["mean_ttft_ms"]),
        "silicon_tpot_ms": repr(values["mean_tpot_ms"]),
    }


def with_own_points(model: ServingModel, own: Measured, catalogue: Catalogue) -> ServingModel:
    """Return the model with a user's own measurements as its most trusted anchors.

    Efficiencies, law and band stay; the own points are believed almost exactly, so that a
    configuration like theirs is answered by them.
    """
    both = Measured(
        grid=ServingGrid(
            **{
                name: np.concatenate([getattr(model.anchors.grid, name), getattr(own.grid, name)])
                for name in own.grid.__slots__
            }
        ),
        ttft_ms=np.concatenate([model.anchors.ttft_ms, own.ttft_ms]),
        tpot_ms=np.concatenate([model.anchors.tpot_ms, own.tpot_ms]),
    )
    demands = derive(both.grid, catalogue.models, catalogue.machines)
    anchors = likeness.traits(
        both.grid, demands, dict(catalogue.models), release_centre=model.release_centre
    )
    noise = np.full(len(both.grid), likeness.NOISE_SCALE)
    noise[len(model.anchors.grid) :] = OWN_NOISE_SCALE
    residuals = residuals_of(both, demands, model.efficiencies, model.first_token_law)
    return replace(
        model,
        anchors=both,
        anchor_weights=likeness.weights_of_anchors(anchors, residuals, noise=noise),
    )


def _positive(report: Mapping[str, Any], name: str) -> float:
    value = report.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise InputError(
            f"The benchmark report has no usable {name} ({value!r}). "
            "Run `vllm bench serve --save-result` and give that file."
        )
    return float(value)

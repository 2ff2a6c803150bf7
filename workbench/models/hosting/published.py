"""Published offline-maximum throughputs, asked as serving questions.

An offline run queues every request at once, so the requests in flight are not published.
They are taken as what memory holds beside the weights, up to the server's own limit.
"""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.models.hosting.likeness import families
from workbench.models.hosting.serving import Catalogue, ServingModel, predict
from workbench.models.hosting.tables import Row, grid_of, resolve_model
from workbench.models.hosting.validity import EXTRAPOLATED_FACTOR
from workbench.models.hosting.workload import Demands, Floats, ServingGrid, derive

SYSTEMS: Final = {"b200": "b200_sxm", "h100": "h100_sxm", "h200": "h200_sxm", "b300": "b300_sxm"}
MOST_IN_FLIGHT: Final = 2_048
"""Sequences TensorRT-LLM schedules at most, per attention replica, unless told otherwise."""
LEAST_FILL: Final = 0.25
"""An offline run keeps at least this share of what memory holds in flight; an assumption."""
LAYOUT = re.compile(r"(DEP|TEP|TP)(\d+)(?:PP(\d+))?")


def offline_questions(rows: Sequence[Row], catalogue: Catalogue) -> tuple[ServingGrid, Floats]:
    """Return the offline-maximum rows as a grid, and their published throughput per accelerator.

    DEPn is attention replicated n times with experts sharded n ways, TEPn the same experts
    under n-way tensor parallelism, TPn tensor parallelism alone.
    """
    asked: list[Row] = []
    published: list[float] = []
    for row in rows:
        layout = LAYOUT.fullmatch(row["tp"])
        model = resolve_model(row["model"], catalogue.models)
        if "offline" not in row["concurrency_or_qps"] or layout is None or model is None:
            continue
        kind, width, stages = layout.group(1), layout.group(2), layout.group(3) or "1"
        asked.append(
            {
                "id": row["source_id"],
                "model_path": model,
                "system": SYSTEMS.get(row["gpu"], row["gpu"]),
                "backend": "trtllm",
                "backend_version": "",
                "precision": row["precision"],
                "isl": row["input_len"],
                "osl": row["output_len"],
                "batch_size": "1",
                "tp_size": "1" if kind == "DEP" else width,
                "pp_size": stages,
                "attention_dp_size": width if kind == "DEP" else "1",
                "moe_tp_size": width if kind == "TP" else "1",
                "moe_ep_size": "1" if kind == "TP" else width,
            }
        )
        published.append(float(row["output_tok_per_s_per_gpu"]))
    grid = grid_of(asked, catalogue)
    demands = derive(grid, catalogue.models, catalogue.machines)
    return fill_memory(grid, demands), np.array(published)


def fill_memory(grid: ServingGrid, demands: Demands) -> ServingGrid:
    """Return the grid with as many requests in flight as memory holds.

    batch = (memory - weights - reserve) / cache of one request
    """
    one_request_gb = demands.cache_bytes / 1e9 / grid.batch_size
    free = demands.memory_gb - (demands.resident_gb - demands.cache_bytes / 1e9)
    batch = np.clip(np.floor(free / one_request_gb), 1, MOST_IN_FLIGHT)
    return _with_batch(grid, batch)


def offline_counts(
    model: ServingModel, grid: ServingGrid, catalogue: Catalogue, published: Floats
) -> dict[str, int]:
    """Count published offline rows predicted inside the band, outside it, and refused.

    The requests in flight are not known, so the band spans the answers from a quarter of the
    memory's fill to all of it, each widened as an extrapolation; a row is refused when the
    full one is. `refused_but_inside` counts the refused rows that would have been inside had
    they been answered: what the caution costs. `refused_covered` are those of them whose model
    family, system and precision the anchors hold together, `refused_covered_inside` those of
    these that would have been inside: what a box that asked no more than that would gain, and
    by the difference, what it would get wrong.
    """
    full = predict(model, grid, catalogue)
    least = np.maximum(np.floor(grid.batch_size * LEAST_FILL), 1)
    answers = np.vstack(
        [
            predict(model, one, catalogue, refuse=False).output_tokens_per_s_per_gpu
            for one in (grid, _with_batch(grid, least))
        ]
    )
    low = answers.min(axis=0) / EXTRAPOLATED_FACTOR
    high = answers.max(axis=0) * EXTRAPOLATED_FACTOR
    holds = (low <= published) & (published <= high)
    covered = full.refused & _covered(model, grid, catalogue)
    return {
        "asked": len(published),
        "refused": int(full.refused.sum()),
        "inside": int((holds & ~full.refused).sum()),
        "outside": int((~holds & ~full.refused).sum()),
        "refused_but_inside": int((holds & full.refused).sum()),
        "refused_covered": int(covered.sum()),
        "refused_covered_inside": int((holds & covered).sum()),
    }


def refusals_by_reason(
    model: ServingModel, grid: ServingGrid, catalogue: Catalogue
) -> dict[str, int]:
    """Count the refused rows by what was noted first, the most frequent first."""
    said = predict(model, grid, catalogue)
    names, counts = np.unique(said.reason[said.refused], return_counts=True)
    found = zip(names.tolist(), counts.tolist(), strict=True)
    return dict(sorted(found, key=lambda each: -each[1]))


def _covered(model: ServingModel, grid: ServingGrid, catalogue: Catalogue) -> NDArray[np.bool_]:
    """Say which rows' model family, system and precision were measured together."""

    def keys(of: ServingGrid) -> NDArray[np.str_]:
        pair = np.char.add(np.char.add(families(of.model, dict(catalogue.models)), "|"), of.system)
        return np.char.add(np.char.add(pair, "|"), of.precision)

    return np.isin(keys(grid), keys(model.anchors.grid))


def _with_batch(grid: ServingGrid, batch: Floats) -> ServingGrid:
    columns = {name: getattr(grid, name) for name in grid.__slots__}
    return ServingGrid(**{**columns, "batch_size": batch})

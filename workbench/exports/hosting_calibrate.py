"""Refit the serving predictor to a file of measured points: `python -m workbench.exports.hosting_calibrate FILE`.

Writes data/reference/measured_serving.csv (anchors with their weights) and
data/reference/serving_coefficients.csv.
"""

import csv
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import WorkbenchError
from workbench.exports.hosting_predict import read_rows, shipped_catalogue, shipped_model
from workbench.models.hosting.serving import ServingModel, calibrate
from workbench.models.hosting.tables import (
    GRID_COLUMNS,
    Row,
    cells_of,
    coefficient_rows,
    measured_of,
    resolve_model,
)
from workbench.reference import data_folder

ANCHOR_COLUMNS = (
    "id", "system", "model_path", "backend", "backend_version", "precision", "isl", "osl",
    "batch_size", "tp_size", "pp_size", "attention_dp_size", "moe_tp_size", "moe_ep_size",
    "silicon_ttft_ms", "silicon_tpot_ms", "tpot_weight", "ttft_weight", "measured_on",
    "source", "licence", "retrieved_on", "confidence",
)  # fmt: skip
PROVENANCE = {
    "source": "NVIDIA AIConfigurator 0.12.0, aiconfigurator-core systems/silicon_sample.csv "
    "(its own runs and SemiAnalysis InferenceX results)",
    "licence": "Apache-2.0",
    "retrieved_on": "2026-11-23",
    "confidence": "confirmed",
}
DATED = re.compile(r"measured=(\d{4}-\d{2}-\d{2})")


def calibrate_file(measured_path: Path) -> ServingModel:
    """Fit to the aggregated rows of a measured file and write both reference tables."""
    catalogue = shipped_catalogue()
    rows = [
        row
        for row in read_rows(
            measured_path, required=(*GRID_COLUMNS, "silicon_ttft_ms", "silicon_tpot_ms")
        )
        if (row.get("mode") or "agg") == "agg"
        and resolve_model(row["model_path"], catalogue.models) is not None
    ]
    measured = measured_of(rows, catalogue)
    model = calibrate(measured, catalogue, cells=cells_of(measured.grid))
    folder = data_folder() / "reference"
    anchors = [_anchor(row, model, n) for n, row in enumerate(rows)]
    _write(folder / "measured_serving.csv", ANCHOR_COLUMNS, anchors)
    coefficients = [
        {
            **row,
            "source": f"fitted to measured_serving.csv, {len(anchors)} points",
            "confidence": "fitted",
        }
        for row in coefficient_rows(model)
    ]
    _write(
        folder / "serving_coefficients.csv",
        ("group", "name", "value", "source", "confidence"),
        coefficients,
    )
    shipped_model.cache_clear()
    return model


def main(arguments: Sequence[str]) -> int:
    """Run from the command line; return the exit code."""
    if len(arguments) != 1:
        print(
            "usage: python -m workbench.exports.hosting_calibrate MEASURED.csv[.gz]",
            file=sys.stderr,
        )
        return 2
    try:
        model = calibrate_file(Path(arguments[0]))
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Fitted to {len(model.anchors.grid)} measured points; reference tables rewritten.")
    return 0


def _anchor(row: Row, model: ServingModel, n: int) -> dict[str, str]:
    grid = model.anchors.grid
    dated = DATED.search(row.get("silicon_data_source") or "")
    weights = model.anchor_weights[n]
    return {
        **PROVENANCE,
        "id": f"p{n + 1:04d}",
        "system": str(grid.system[n]),
        "model_path": str(grid.model[n]),
        "backend": str(grid.backend[n]),
        "backend_version": row.get("backend_version") or "",
        "precision": str(grid.precision[n]),
        **{
            name: f"{values[n]:g}"
            for name, values in (
                ("isl", grid.input_tokens), ("osl", grid.output_tokens),
                ("batch_size", grid.batch_size), ("tp_size", grid.tensor_parallel),
                ("pp_size", grid.pipeline_parallel), ("attention_dp_size", grid.attention_replicas),
                ("moe_tp_size", grid.expert_tensor_parallel), ("moe_ep_size", grid.expert_parallel),
            )
        },
        "silicon_ttft_ms": f"{model.anchors.ttft_ms[n]:.6g}",
        "silicon_tpot_ms": f"{model.anchors.tpot_ms[n]:.6g}",
        "tpot_weight": f"{weights[0]:.6g}",
        "ttft_weight": f"{weights[1]:.6g}",
        "measured_on": dated.group(1) if dated else "",
    }  # fmt: skip


def _write(path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Refit the serving predictor: `python -m workbench.exports.hosting_calibrate FILE [--out DIR]`.

Writes measured_serving.csv (anchors with their weights), serving_coefficients.csv and
serving_errors.csv (held-out errors of this very fit) to DIR, else to data/reference/.
`workbench model hosting --predict IN --out OUT --calibration DIR` answers with them.
"""

import argparse
import csv
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from workbench.errors import InputError, WorkbenchError
from workbench.exports.hosting_predict import read_rows, shipped_catalogue, shipped_model
from workbench.models.hosting.held_out import cross_validate, uncalibrated_error
from workbench.models.hosting.serving import Measured, ServingModel, calibrate
from workbench.models.hosting.splits import (
    cells_of,
    families_of,
    first_meetings_of,
    strict_cells_of,
)
from workbench.models.hosting.tables import (
    GRID_COLUMNS,
    Row,
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
ERROR_COLUMNS = (
    "left_out", "groups", "metric", "rows", "refused", "median_error", "within_30_percent",
    "band_coverage", "median_band_width", "textbook_roofline_error", "source",
    "retrieved_on", "confidence",
)  # fmt: skip
PROVENANCE = {
    "source": "NVIDIA AIConfigurator 0.12.0, aiconfigurator-core systems/silicon_sample.csv "
    "(its own runs and SemiAnalysis InferenceX results)",
    "licence": "Apache-2.0",
    "retrieved_on": "2026-11-23",
    "confidence": "confirmed",
}
DATED = re.compile(r"measured=(\d{4}-\d{2}-\d{2})")


def calibrate_file(measured_path: Path, *, folder: Path | None = None) -> ServingModel:
    """Fit to the aggregated rows of a measured file and write the three tables.

    Parameters
    ----------
    measured_path
        CSV, plain or gzipped, with the columns of a prediction file and the two measured times.
    folder
        Where to write; data/reference/ where None. Made where it is missing.

    Raises
    ------
    InputError
        If the file cannot be read, holds too few points, or the folder cannot be written.
    """
    catalogue = shipped_catalogue()
    rows = [
        row
        for row in read_rows(
            measured_path, required=(*GRID_COLUMNS, "silicon_ttft_ms", "silicon_tpot_ms")
        )
        if (row.get("mode") or "agg") == "agg"
        and resolve_model(row["model_path"], catalogue.models) is not None
        and row["system"].strip() in catalogue.machines
    ]
    measured = measured_of(rows, catalogue)
    model = calibrate(measured, catalogue, cells=strict_cells_of(measured.grid, catalogue))
    chosen = folder or data_folder() / "reference"
    anchors = [_anchor(row, model, n) for n, row in enumerate(rows)]
    coefficients = [
        {
            **row,
            "source": f"fitted to measured_serving.csv, {len(anchors)} points",
            "confidence": "fitted",
        }
        for row in coefficient_rows(model)
    ]
    tables = {
        "measured_serving": (ANCHOR_COLUMNS, anchors),
        "serving_coefficients": (
            ("group", "name", "value", "source", "confidence"), coefficients,
        ),
        "serving_errors": (ERROR_COLUMNS, _errors(measured)),
    }  # fmt: skip
    try:
        chosen.mkdir(parents=True, exist_ok=True)
        for name, (columns, table) in tables.items():
            _write(chosen / f"{name}.csv", columns, table)
    except OSError as error:
        raise InputError(
            f"Cannot write to {chosen}: {error.strerror}. Name another --out."
        ) from error
    shipped_model.cache_clear()
    return model


def main(arguments: Sequence[str]) -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="hosting_calibrate", description="Refit the predictor.")
    parser.add_argument("measured", type=Path, help="CSV of measured points, plain or .gz")
    parser.add_argument("--out", type=Path, help="folder to write to; data/reference without it")
    try:
        asked = parser.parse_args(list(arguments))
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        model = calibrate_file(asked.measured, folder=asked.out)
    except WorkbenchError as error:
        print(error, file=sys.stderr)
        return 1
    where = asked.out or "data/reference"
    print(f"Fitted to {len(model.anchors.grid)} measured points; three tables written to {where}.")
    return 0


def _errors(measured: Measured) -> list[dict[str, str]]:
    """Return the held-out errors of the fit; none where too few cells are there to leave out."""
    catalogue = shipped_catalogue()
    textbook = uncalibrated_error(measured, catalogue)
    grid = measured.grid
    found: list[dict[str, str]] = []
    for left_out, cells in (
        ("whole (system, model, backend, lengths) cells", cells_of(grid)),
        ("the same, models of one shape together", strict_cells_of(grid, catalogue)),
        ("whole (system, shape, backend) families", families_of(grid, catalogue)),
        ("whole (system, shape) first meetings", first_meetings_of(grid, catalogue)),
    ):
        try:
            errors, _ = cross_validate(measured, catalogue, cells=cells)
        except InputError:  # a fold leaves too few points to calibrate on
            continue
        found += [
            {
                "left_out": left_out, "groups": str(cells.max() + 1), "metric": one.metric,
                "rows": str(one.rows), "refused": str(one.refused),
                "median_error": f"{one.median_error:.3f}",
                "within_30_percent": f"{one.within_30_percent:.3f}",
                "band_coverage": f"{one.coverage:.3f}",
                "median_band_width": f"{one.median_width:.3f}",
                "textbook_roofline_error": f"{textbook[one.metric]:.3f}",
                "source": "hosting_calibrate on these aggregated measured points, ten folds",
                "retrieved_on": PROVENANCE["retrieved_on"],
                "confidence": "measured",
            }
            for one in errors
        ]  # fmt: skip
    return found


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

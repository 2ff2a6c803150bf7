"""How wrong the serving predictor is: held-out cells, the textbook roofline, published points.

    python benchmarks/serving_accuracy.py MEASURED.csv[.gz] [PUBLISHED.csv]

Prints errors and a time ratio; asserts nothing.
"""

import sys
import time
from pathlib import Path

import numpy as np

from workbench.exports.hosting_predict import read_rows, shipped_catalogue, shipped_model
from workbench.models.hosting.held_out import cross_validate, uncalibrated_error
from workbench.models.hosting.published import offline_counts, offline_questions
from workbench.models.hosting.serving import Catalogue, Measured, predict
from workbench.models.hosting.splits import cells_of, families_of, strict_cells_of
from workbench.models.hosting.tables import GRID_COLUMNS, measured_of

GRID_ROWS = 10_000


def print_errors(measured: Measured, catalogue: Catalogue) -> None:
    textbook = uncalibrated_error(measured, catalogue)
    for title, cells in (
        ("whole (system, model, backend, lengths) cells left out", cells_of(measured.grid)),
        ("the same, models of one shape together", strict_cells_of(measured.grid, catalogue)),
        ("whole (system, shape, backend) families left out", families_of(measured.grid, catalogue)),
    ):
        errors, _ = cross_validate(measured, catalogue, cells=cells)
        print(f"\n{title}: {len(measured.grid)} rows, {cells.max() + 1} groups, 10 folds")
        for e in errors:
            print(
                f"  {e.metric:28} median error {e.median_error:6.1%}  within 30 % "
                f"{e.within_30_percent:6.1%}  80 % band holds {e.coverage:6.1%}  "
                f"median width {e.median_width:6.1%}  refused {e.refused}  "
                f"textbook roofline {textbook[e.metric]:6.1%}"
            )


def main(measured_path: Path, published_path: Path | None) -> None:
    catalogue = shipped_catalogue()
    rows = read_rows(measured_path, required=(*GRID_COLUMNS, "silicon_ttft_ms", "silicon_tpot_ms"))
    measured = measured_of([row for row in rows if row["mode"] == "agg"], catalogue)
    print_errors(measured, catalogue)
    model = shipped_model()
    many = measured.grid.take(np.arange(GRID_ROWS) % len(measured.grid))
    start = time.perf_counter()
    predict(model, many, catalogue)
    print(f"\n{GRID_ROWS:,} rows take {time.perf_counter() - start:.2f} of the 1 s allowed")
    if published_path:
        questions, published = offline_questions(
            read_rows(published_path, required=("source", "tp", "output_tok_per_s_per_gpu")),
            catalogue,
        )
        counts = offline_counts(model, questions, catalogue, published)
        print(f"\npublished offline-max rows: {counts}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)

"""How wrong the serving predictor is: held-out cells, the textbook roofline, published points.

    python benchmarks/serving_accuracy.py MEASURED.csv[.gz] [PUBLISHED.csv] [--repeats]

Prints errors and a time ratio; asserts nothing.
"""

import sys
import time
from pathlib import Path

import numpy as np

from workbench.exports.hosting_predict import read_rows, shipped_catalogue, shipped_model
from workbench.models.hosting.held_out import cross_validate, leave_shares_out, uncalibrated_error
from workbench.models.hosting.published import offline_counts, offline_questions, refusals_by_reason
from workbench.models.hosting.serving import Catalogue, Measured, predict
from workbench.models.hosting.splits import (
    cells_of,
    families_of,
    first_meetings_of,
    strict_cells_of,
)
from workbench.models.hosting.tables import GRID_COLUMNS, measured_of

GRID_ROWS = 10_000


def print_errors(measured: Measured, catalogue: Catalogue) -> None:
    textbook = uncalibrated_error(measured, catalogue)
    for title, cells in (
        ("whole (system, model, backend, lengths) cells left out", cells_of(measured.grid)),
        ("the same, models of one shape together", strict_cells_of(measured.grid, catalogue)),
        ("whole (system, shape, backend) families left out", families_of(measured.grid, catalogue)),
        (
            "whole (system, shape) first meetings left out",
            first_meetings_of(measured.grid, catalogue),
        ),
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


def print_repeats(measured: Measured, catalogue: Catalogue) -> None:
    """Other splits than those quoted: 30 % of the groups at once, six times each."""
    grid = measured.grid
    for title, groups in (
        ("cells", cells_of(grid)),
        ("families", families_of(grid, catalogue)),
        ("first meetings", first_meetings_of(grid, catalogue)),
    ):
        splits = leave_shares_out(measured, catalogue, groups=groups)
        print(f"\n30 % of {title} left out at once, {len(splits)} random splits")
        for errors in zip(*splits, strict=True):
            held = [one.coverage for one in errors]
            off = [one.median_error for one in errors]
            print(
                f"  {errors[0].metric:28} median error {np.mean(off):6.1%} ({min(off):.1%} to {max(off):.1%})  "
                f"80 % band holds {np.mean(held):6.1%} ({min(held):.1%} to {max(held):.1%})"
            )


def main(measured_path: Path, published_path: Path | None) -> None:
    catalogue = shipped_catalogue()
    rows = read_rows(measured_path, required=(*GRID_COLUMNS, "silicon_ttft_ms", "silicon_tpot_ms"))
    measured = measured_of([row for row in rows if row["mode"] == "agg"], catalogue)
    print_errors(measured, catalogue)
    if "--repeats" in sys.argv:
        print_repeats(measured, catalogue)
    model = shipped_model()
    many = measured.grid.take(np.arange(GRID_ROWS) % len(measured.grid))
    predict(model, many, catalogue)
    start = time.process_time()
    predict(model, many, catalogue)
    print(f"\n{GRID_ROWS:,} rows take {time.process_time() - start:.2f} CPU-s of the 1 s allowed")
    if published_path:
        questions, published = offline_questions(
            read_rows(published_path, required=("source", "tp", "output_tok_per_s_per_gpu")),
            catalogue,
        )
        counts = offline_counts(model, questions, catalogue, published)
        print(f"\npublished offline-max rows: {counts}")
        print(f"refused because: {refusals_by_reason(model, questions, catalogue)}")


if __name__ == "__main__":
    files = [Path(name) for name in sys.argv[1:] if not name.startswith("--")]
    main(files[0], files[1] if len(files) > 1 else None)

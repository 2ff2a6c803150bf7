"""How wrong the serving predictor is on configurations it has not seen.

Whole cells are left out in turn, everything is fitted again without them (efficiencies,
first-token law, anchors and band), and the answers are compared with what was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.models.hosting.roofline import UNCALIBRATED, prompt_ms, tpot_ms
from workbench.models.hosting.serving import (
    Catalogue,
    Measured,
    calibrate,
    predict,
    throughput_per_gpu,
)
from workbench.models.hosting.splits import strict_cells_of
from workbench.models.hosting.tables import METRICS
from workbench.models.hosting.workload import Floats, derive


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOutError:
    """Errors of one metric on rows that were left out."""

    metric: str
    rows: int
    refused: int
    median_error: float
    """Median of |predicted / measured - 1| over every row; a refused row counts as 1."""
    within_30_percent: float
    """Share of rows off by at most 30 %."""
    coverage: float
    """Share of answered rows inside the stated 80 % band."""
    median_width: float
    """Median of (p90 - p10) / answer over answered rows."""


def cross_validate(
    measured: Measured,
    catalogue: Catalogue,
    *,
    cells: NDArray[np.intp],
    folds: int = 10,
    seed: int = 7,
) -> tuple[list[HeldOutError], dict[str, Floats]]:
    """Leave every cell out once, `folds` groups of cells at a time, and score the answers.

    Each fold is calibrated as the shipped model is, its band on strict cells of what is left.

    Returns
    -------
    tuple
        One error record per metric, and the held-out answers by column name (NaN refused).
    """
    numbers = len(measured.grid)
    strict = strict_cells_of(measured.grid, catalogue)
    order = np.random.default_rng(seed).permutation(int(cells.max()) + 1)
    fold_of = order[cells] % folds
    answers = {
        name: np.full(numbers, np.nan) for m in METRICS for name in (m, f"{m}_p10", f"{m}_p90")
    }
    for fold in range(folds):
        out = fold_of == fold
        if not out.any():
            continue
        model = calibrate(measured.take(~out), catalogue, cells=strict[~out])
        said = predict(model, measured.grid.take(out), catalogue)
        for name in answers:
            answers[name][out] = getattr(said, name)
    return [score(metric, measured, answers) for metric in METRICS], answers


def leave_shares_out(
    measured: Measured,
    catalogue: Catalogue,
    *,
    groups: NDArray[np.intp],
    share: float = 0.3,
    seeds: Sequence[int] = range(6),
) -> list[list[HeldOutError]]:
    """Leave a random share of the groups out at once, again and again, and score each time.

    Says how the stated error and band hold on other splits than the one they are quoted for.
    """
    found: list[list[HeldOutError]] = []
    strict = strict_cells_of(measured.grid, catalogue)
    numbers = int(groups.max()) + 1
    for seed in seeds:
        chosen = np.random.default_rng(seed).permutation(numbers)[: round(share * numbers)]
        out = np.isin(groups, chosen)
        model = calibrate(measured.take(~out), catalogue, cells=strict[~out])
        left = measured.take(out)
        said = predict(model, left.grid, catalogue)
        answers = {
            name: getattr(said, name) for m in METRICS for name in (m, f"{m}_p10", f"{m}_p90")
        }
        found.append([score(metric, left, answers) for metric in METRICS])
    return found


def score(metric: str, measured: Measured, answers: dict[str, Floats]) -> HeldOutError:
    """Compare the answers of one metric with what was measured."""
    was = truth(metric, measured)
    said, low, high = (answers[f"{metric}{end}"] for end in ("", "_p10", "_p90"))
    answered = ~np.isnan(said)
    error = np.where(answered, np.abs(np.where(answered, said, 0) / was - 1), 1.0)
    inside = (low <= was) & (was <= high)
    return HeldOutError(
        metric=metric,
        rows=len(was),
        refused=int((~answered).sum()),
        median_error=float(np.median(error)),
        within_30_percent=float(np.mean(error <= 0.3)),
        coverage=float(inside[answered].mean()),
        median_width=float(np.median(((high - low) / said)[answered])),
    )


def truth(metric: str, measured: Measured) -> Floats:
    """Return the measured values of a metric."""
    if metric == "tpot_ms":
        return measured.tpot_ms
    if metric == "ttft_ms":
        return measured.ttft_ms
    return throughput_per_gpu(measured.grid, measured.ttft_ms, measured.tpot_ms)


def uncalibrated_error(measured: Measured, catalogue: Catalogue) -> dict[str, float]:
    """Return the median error of the textbook roofline on the same rows, for comparison."""
    grid = measured.grid
    demands = derive(grid, catalogue.models, catalogue.machines)
    tpot = tpot_ms(demands, grid, UNCALIBRATED)
    ttft = prompt_ms(demands, grid, UNCALIBRATED)
    said = {
        "tpot_ms": tpot,
        "ttft_ms": ttft,
        "output_tokens_per_s_per_gpu": throughput_per_gpu(grid, ttft, tpot),
    }
    return {
        metric: float(np.median(np.abs(values / truth(metric, measured) - 1)))
        for metric, values in said.items()
    }

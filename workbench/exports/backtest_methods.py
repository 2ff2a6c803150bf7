"""Which forecast held better on this series? Ours beside models of statsforecast, where installed.

statsforecast is an extra (`pip install "ai-cost-workbench[forecast]"`): it brings pandas and takes
many seconds to import, so nothing of the product needs it and the default method stays ours. Every
method sees the same windows and nothing after their start, and is given no choice by its score.
"""

import csv
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import InputError
from workbench.exports.backtest import COLUMNS, Series, read_series, row_of
from workbench.models.forecast.points import Floats, log_errors
from workbench.models.forecast.rolling import BacktestWindow, backtest
from workbench.models.forecast.total import ERRORS_TO_CALIBRATE, TotalInterval, log_quantiles
from workbench.models.scoring import coverage, pinball_loss

OWN = "own"
METHODS = (OWN, "auto-ets", "auto-theta", "mstl")
LEVELS = (0.1, 0.5, 0.9)
PATHS = 1_000
SEED = 1
INSTALL = 'pip install "ai-cost-workbench[forecast]"'


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodScore:
    """How one method did; width and loss over the mean actual total of the windows."""

    method: str
    windows: int
    held: float
    width: float
    pinball: float


def backtest_methods(
    series: Path, out: Path, methods: Sequence[str], horizon_days: int | None = None
) -> list[MethodScore]:
    """Roll several methods over a series, write one row a window and method, and score them.

    Parameters
    ----------
    series, out, horizon_days
        As in `backtest_csv`; the CSV has the column `method` as well.
    methods
        Of `METHODS`. AutoETS and AutoTheta take the quantiles of 1,000 simulated totals and are
        never `calibrated`; MSTL, which cannot be simulated, takes its total with the measured
        errors of its own earlier totals.

    Returns
    -------
    list of MethodScore
        Over the windows in which our interval is calibrated, or all where none is.

    Raises
    ------
    InputError
        If a method is not known or not installed, or as `backtest_csv`; nothing is written then.
    """
    unknown = [name for name in methods if name not in METHODS]
    if unknown or not methods:
        raise InputError(
            f"No method {', '.join(unknown) or 'named'}; there is {', '.join(METHODS)}."
        )
    rivals = _rivals() if any(name != OWN for name in methods) else {}
    read = read_series(series)
    own = backtest(read.values, horizon_days=horizon_days, grid=read.grid)
    found = {
        name: own if name == OWN else _rolled(rivals[name], read, own)
        for name in dict.fromkeys(methods)
    }
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, "method"))
        for name, windows in found.items():
            writer.writerows([*row_of(read, window), name] for window in windows)
    kept = [at for at, one in enumerate(own) if one.interval.calibrated] or list(range(len(own)))
    return [_score(name, [windows[at] for at in kept]) for name, windows in found.items()]


def _rivals() -> Mapping[str, Callable[..., Any]]:
    try:
        from statsforecast.models import (  # pyright: ignore[reportMissingImports]
            MSTL,
            AutoETS,
            AutoTheta,
        )
    except ImportError as error:
        raise InputError(
            f"This method is of the package statsforecast, which is not installed ({error}). "
            f"Install the extra: {INSTALL}; or leave --method out, ours needs nothing more."
        ) from error
    return {"auto-ets": AutoETS, "auto-theta": AutoTheta, "mstl": MSTL}


def _rolled(
    model: Callable[..., Any], series: Series, windows: Sequence[BacktestWindow]
) -> list[BacktestWindow]:
    # A season of a week of hours is beyond these models: they are given the day.
    grid = series.grid
    season = grid.steps_per_day if grid.steps_per_day > 1 else grid.week_steps
    rolled: list[BacktestWindow] = []
    for window in windows:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of fits to a short or a flat past
            fitted = model(season_length=season).fit(series.values[: window.origin_step])
            interval = _interval(fitted, window, rolled)
        rolled.append(replace(window, interval=interval))
    return rolled


def _interval(
    fitted: Any, window: BacktestWindow, earlier: Sequence[BacktestWindow],  # noqa: ANN401 - theirs
) -> TotalInterval:  # fmt: skip
    try:
        paths = fitted.simulate(h=window.horizon_steps, n_paths=PATHS, seed=SEED)
    except NotImplementedError:
        total = max(0.0, float(fitted.predict(h=window.horizon_steps)["mean"].sum()))
        return _by_own_errors(total, window, earlier)
    low, mid, high = np.maximum(np.quantile(np.asarray(paths).sum(axis=1), LEVELS), 0.0)
    return TotalInterval(
        p10=float(low), p50=float(mid), p90=float(high), calibrated=False, past_totals=0.0
    )


def _by_own_errors(
    total: float, window: BacktestWindow, earlier: Sequence[BacktestWindow]
) -> TotalInterval:
    """Put the errors of earlier totals, of windows that had ended, around a total."""
    ended = [one for one in earlier if one.origin_step + one.horizon_steps <= window.origin_step]
    actual = np.array([one.actual for one in ended])
    past = np.array([one.interval.p50 for one in ended])
    offset = 1e-9 + 0.3 * float(actual.mean() if ended else total)
    errors = log_errors(actual, past, np.full(len(ended), offset)) if ended else np.zeros(0)
    span = ended[-1].origin_step - ended[0].origin_step if ended else 0
    apart = 1 + span / window.horizon_steps if ended else 0.0
    log = log_quantiles(errors, past_totals=apart, unrest=0.0)
    low, mid, high = (
        max(0.0, (total + offset) * float(np.exp(one)) - offset) for one in (log.low, 0.0, log.high)
    )
    return TotalInterval(
        p10=low, p50=mid, p90=high, calibrated=apart >= ERRORS_TO_CALIBRATE, past_totals=apart
    )


def _score(name: str, windows: Sequence[BacktestWindow]) -> MethodScore:
    actual = np.array([window.actual for window in windows])
    quantiles = np.array([[w.interval.p10, w.interval.p50, w.interval.p90] for w in windows])
    usual = float(actual.mean()) or 1.0
    losses = [
        pinball_loss(actual, quantiles[:, at], level=level) for at, level in enumerate(LEVELS)
    ]
    width: Floats = quantiles[:, 2] - quantiles[:, 0]
    return MethodScore(
        method=name, windows=len(windows),
        held=coverage(actual, quantiles[:, 0], quantiles[:, 2]),
        width=float(np.median(width)) / usual, pinball=float(np.mean(losses)) / usual,
    )  # fmt: skip

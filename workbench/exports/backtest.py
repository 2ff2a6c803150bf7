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
from workbench.models.forecast.calendar import DAYS_PER_WEEK, MONTHS_PER_YEAR, Grid
from workbench.models.forecast.points import Floats
from workbench.models.forecast.rolling import BacktestWindow, backtest

COLUMNS = ("origin", "horizon", "actual", "p10", "p50", "p90", "calibrated")
DAY = timedelta(days=1)
SATURDAY = 5
SHORTEST_MONTH, LONGEST_MONTH = 28, 31
MOST_STEPS_PER_ROW = 100
"""A grid emptier than this comes from a wrong timestamp or from single events."""


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
        if self.grid.coarse == "month":
            years, month = divmod(self.start.month - 1 + step, MONTHS_PER_YEAR)
            return self.start.replace(year=self.start.year + years, month=month + 1, day=1)
        return self.start + step * self.grid.days(1) * DAY

    def days_of(self, window: BacktestWindow) -> float:
        """Return how many days a window spans: of months as many as they have."""
        end = self.time_of(window.origin_step + window.horizon_steps)
        if self.grid.coarse == "month":
            return (end - self.time_of(window.origin_step)) / DAY
        return self.grid.days(window.horizon_steps)


def backtest_csv(series: Path, out: Path, horizon_days: int | None = None) -> list[BacktestWindow]:
    """Roll a forecast over a series and write one row a window.

    Parameters
    ----------
    series
        CSV with the columns `ts` (ISO 8601, UTC where no zone is given) and `value`, at most one
        row a step: a month, a week, a day, or an even part of a day. Days, weeks and months are
        those of the written date, whatever its hour and zone. A step without a row counts as 0:
        no row, no usage.
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
        writer.writerows(row_of(read, window) for window in windows)
    return windows


def read_series(path: Path) -> Series:
    """Read `ts` and `value` and lay them on an even grid.

    Raises
    ------
    InputError
        Naming the line that cannot be read, or what is wrong with the steps.
    """
    times, values = _rows(path)
    order = sorted(range(len(times)), key=lambda index: times[index].timestamp())
    times = [times[index] for index in order]
    grid, start, offsets = _laid_out(path, times)
    if len(set(offsets)) < len(offsets):
        raise InputError(
            f"{path}: two rows fall on one step ({_words(grid)}). Add up its rows first, or give "
            "hourly or daily sums."
        )
    if offsets[-1] > MOST_STEPS_PER_ROW * len(times):
        raise InputError(
            f"{path}: {len(times)} rows from {times[0].isoformat()} to {times[-1].isoformat()} "
            f"leave most steps ({_words(grid)}) without a row: the times are uneven. Add up the "
            "rows by hour or by day first."
        )
    grid_values = np.zeros(offsets[-1] + 1)
    grid_values[offsets] = [values[index] for index in order]
    return Series(start=start, values=grid_values, grid=grid)


def row_of(series: Series, window: BacktestWindow) -> list[object]:
    """Return one window as the columns of `COLUMNS`."""
    interval = window.interval
    return [
        _text(series.time_of(window.origin_step), daily=series.grid.steps_per_day == 1),
        round(series.days_of(window), 6),
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
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            names = reader.fieldnames or []
            if not {"ts", "value"} <= set(names):
                raise InputError(f"{path}: needs the columns ts and value, found {list(names)}.")
            for row in reader:
                times.append(_time(path, reader.line_num, row["ts"]))
                values.append(_value(path, reader.line_num, row["value"]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not readable as CSV: {error}. Write it as UTF-8.") from error
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
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _value(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except (ValueError, TypeError):
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise InputError(
            f"{path}, line {line}: value {text!r} is not a number of at least 0. Net credits out; "
            "leave out the row of a step without use."
        )
    return value


def _laid_out(path: Path, times: Sequence[datetime]) -> tuple[Grid, datetime, list[int]]:
    """Return the grid, its start, and at which step each time lies; days are those written."""
    dates = [time.date() for time in times]
    days = sorted({(later - earlier).days for earlier, later in pairwise(dates)} - {0})
    twice = len(set(dates)) < len(dates)
    if twice or not days:
        return _within_days(path, [time.astimezone(UTC) for time in times])
    first = dates[0]
    if days[0] >= SHORTEST_MONTH and any(gap <= LONGEST_MONTH for gap in days):
        months = [date.year * MONTHS_PER_YEAR + date.month for date in dates]
        start = datetime(first.year, first.month, 1, tzinfo=UTC)
        return Grid(coarse="month"), start, [month - months[0] for month in months]
    if days[0] > LONGEST_MONTH:
        raise InputError(
            f"{path}: {days[0]} days or more lie between rows; months are the longest steps."
        )
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    offsets = [(date - first).days for date in dates]
    if all(gap % DAYS_PER_WEEK == 0 for gap in days):
        return Grid(coarse="week"), start, [offset // DAYS_PER_WEEK for offset in offsets]
    if len(dates) > SATURDAY and all(date.weekday() < SATURDAY for date in dates):
        offsets = [int(np.busday_count(first, date)) for date in dates]
        return Grid(weekdays_only=True), start, offsets
    return Grid(), start, offsets


def _within_days(path: Path, times: Sequence[datetime]) -> tuple[Grid, datetime, list[int]]:
    """Lay times of which several fall on a day on the widest step that divides them all."""
    micro = timedelta(microseconds=1)
    gaps = [(later - earlier) // micro for earlier, later in pairwise(times)]
    if not all(gaps):
        raise InputError(f"{path}: a time occurs twice. Add up its rows first.")
    step = math.gcd(*gaps, DAY // micro) * micro
    steps_per_day = DAY // step
    offsets = [(time - times[0]) // step for time in times]
    return Grid(steps_per_day=steps_per_day), times[0], offsets


def _words(grid: Grid) -> str:
    if grid.coarse:
        return f"one a {grid.coarse}"
    if grid.steps_per_day > 1:
        return f"every {DAY / grid.steps_per_day}"
    return "one a weekday" if grid.weekdays_only else "one a day"

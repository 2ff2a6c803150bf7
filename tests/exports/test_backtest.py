import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.exports.backtest import COLUMNS, backtest_csv, read_series

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


def write(path: Path, rows: list[tuple[str, object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("ts", "value"))
        writer.writerows(rows)
    return path


def daily(days: int, *, weekdays_only: bool = False) -> list[tuple[str, object]]:
    dates = (MONDAY + timedelta(days=day) for day in range(days))
    return [
        (date.date().isoformat(), 10 + date.weekday())
        for date in dates
        if not (weekdays_only and date.weekday() >= 5)
    ]


def test_one_row_a_window_with_its_calendar(tmp_path):
    out = tmp_path / "out.csv"
    backtest_csv(write(tmp_path / "in.csv", daily(200)), out, horizon_days=28)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    # Two weeks are known at first; Monday to Sunday is 10 + ... + 16 = 91 a week.
    assert (rows[0]["origin"], float(rows[0]["horizon"])) == ("2026-01-19", 28.0)
    assert float(rows[0]["actual"]) == 364.0
    assert rows[0]["calibrated"] == "false"
    assert rows[-1]["calibrated"] == "true"
    assert rows[1]["origin"] == "2026-01-26"


def test_weekdays_are_recognised_and_dated(tmp_path):
    out = tmp_path / "out.csv"
    path = write(tmp_path / "in.csv", daily(250, weekdays_only=True))
    windows = backtest_csv(path, out, horizon_days=14)
    assert windows[0].actual == pytest.approx(2 * (10 + 11 + 12 + 13 + 14))
    assert read_series(path).time_of(5) == MONDAY + timedelta(days=7)


def test_a_step_without_a_row_is_no_usage(tmp_path):
    rows = daily(40)
    del rows[10]
    series = read_series(write(tmp_path / "in.csv", rows))
    assert series.values.size == 40
    assert series.values[10] == 0.0


def test_order_and_zone_do_not_matter(tmp_path):
    hours = [MONDAY + timedelta(hours=hour) for hour in range(72)]
    rows = [(time.isoformat().replace("+00:00", "Z"), time.hour) for time in reversed(hours)]
    series = read_series(write(tmp_path / "in.csv", rows))
    assert series.grid.steps_per_day == 24
    assert list(series.values[:3]) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("2026-01-05", 1), ("yesterday", 2)], "line 3.*yesterday"),
        ([("2026-01-05", 1), ("2026-01-06", "n/a")], "line 3.*n/a"),
        ([("2026-01-05", 1), ("2026-01-06", -1)], "line 3.*-1"),
        ([("2026-01-05", 1)], "no series"),
        ([("2026-01-05", 1), ("2026-02-05", 1), ("2026-03-05", 1)], "do not divide"),
        ([("2026-01-05", 1), ("2026-01-05", 1), ("2026-01-06", 1), ("2026-01-07", 1)], "twice"),
    ],
)
def test_bad_rows_are_named_and_nothing_is_written(tmp_path, rows, message):
    out = tmp_path / "out.csv"
    with pytest.raises(InputError, match=message):
        backtest_csv(write(tmp_path / "in.csv", rows), out)
    assert not out.exists()


def test_other_columns_are_refused(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text("date,y\n2026-01-05,1\n")
    with pytest.raises(InputError, match="ts and value"):
        read_series(path)

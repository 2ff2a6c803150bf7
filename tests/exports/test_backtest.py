import csv
import sys
import types
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from workbench.errors import InputError
from workbench.exports.backtest import COLUMNS, backtest_csv, read_series
from workbench.exports.backtest_methods import METHODS, backtest_methods
from workbench.models.forecast.calendar import Grid

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
        ([("2026-01-05", 1), ("2026-04-05", 1), ("2026-07-05", 1)], "months are the longest"),
        ([(f"2026-01-05T08:{m}", 1) for m in ("00:00", "11:07", "59:59")], "uneven"),
        ([("2026-01-05", 1), ("2026-01-06", "")], "line 3"),
        ([("2026-01-05", 1), ("2026-01-06", "nan")], "line 3"),
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


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_days_without_use_may_be_left_out_whatever_is_most_common(tmp_path):
    rows = [row for day, row in enumerate(daily(120)) if day % 3 == 0 or day % 7 == 1]
    series = read_series(write(tmp_path / "in.csv", rows))
    assert series.grid == Grid()
    assert series.values.sum() == sum(int(str(value)) for _, value in rows)


def test_a_day_is_the_written_date_also_when_the_clocks_change(tmp_path):
    # Local midnights: 23 hours apart on the last Sunday of March.
    rows: list[tuple[str, object]] = [
        (f"2026-03-{day:02}T00:00:00{'+01:00' if day <= 29 else '+02:00'}", day)
        for day in range(1, 32)
    ]
    series = read_series(write(tmp_path / "in.csv", rows))
    assert list(series.values) == list(range(1, 32))
    assert series.start == datetime(2026, 3, 1, tzinfo=UTC)


def test_a_day_may_be_stamped_at_any_hour(tmp_path):
    rows = [
        (f"{date}T{7 + day % 5:02}:{day % 60:02}:11", v) for day, (date, v) in enumerate(daily(60))
    ]
    assert read_series(write(tmp_path / "in.csv", rows)).values.size == 60


def test_weeks_have_four_in_a_horizon(tmp_path):
    out = tmp_path / "out.csv"
    weeks = [
        ((MONDAY + timedelta(weeks=week)).date().isoformat(), 100 + week % 3) for week in range(80)
    ]
    backtest_csv(write(tmp_path / "in.csv", weeks), out)
    rows = rows_of(out)
    assert {row["horizon"] for row in rows} == {"28.0"}
    assert float(rows[0]["actual"]) == sum(100 + week % 3 for week in range(2, 6))


@pytest.mark.parametrize("day", [1, 28])
def test_months_are_as_long_as_they_are(tmp_path, day):
    out = tmp_path / "out.csv"
    months = [(f"{2022 + month // 12}-{month % 12 + 1:02}-{day:02}", 100) for month in range(48)]
    backtest_csv(write(tmp_path / "in.csv", months), out)
    rows = rows_of(out)
    assert (rows[0]["origin"], rows[0]["horizon"]) == ("2022-03-01", "31.0")
    assert (rows[1]["origin"], rows[1]["horizon"]) == ("2022-04-01", "30.0")
    assert {float(row["actual"]) for row in rows} == {100.0}


@pytest.mark.parametrize("value", [0, 5])
def test_a_constant_series_is_its_own_forecast(tmp_path, value):
    out = tmp_path / "out.csv"
    rows = [((MONDAY + timedelta(days=day)).date().isoformat(), value) for day in range(200)]
    backtest_csv(write(tmp_path / "in.csv", rows), out, horizon_days=28)
    assert [float(row["p50"]) for row in rows_of(out)] == pytest.approx([28.0 * value] * 23)
    assert all(float(r["p10"]) <= float(r["actual"]) <= float(r["p90"]) for r in rows_of(out))


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"ts,value\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="UTF-8"):
        read_series(path)


def test_a_method_that_is_not_installed_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    series, out = write(tmp_path / "in.csv", daily(200)), tmp_path / "out.csv"
    with pytest.raises(InputError, match=r'pip install "ai-cost-workbench\[forecast\]"'):
        backtest_methods(series, out, ["own", "auto-ets"])
    assert not out.exists()
    with pytest.raises(InputError, match="No method prophet"):
        backtest_methods(series, out, ["prophet"])
    (own,) = backtest_methods(series, out, ["own"])
    assert own.held == 1.0  # a steady week
    with out.open(newline="") as file:
        assert {row["method"] for row in csv.DictReader(file)} == {"own"}


class Steady:
    """Stands in for a model: forecasts the mean of its past, and remembers how much it was shown."""

    shown: ClassVar[list[int]] = []

    def __init__(self, *, season_length: int) -> None:
        assert season_length == 7

    def fit(self, past):
        self.shown.append(past.size)
        self.mean = past.mean()
        return self

    def simulate(self, *, h, n_paths, seed):
        raise NotImplementedError

    def predict(self, *, h):
        return {"mean": np.full(h, self.mean)}


class Simulated(Steady):
    def simulate(self, *, h, n_paths, seed):
        return np.full((n_paths, h), self.mean) + np.linspace(-1, 1, n_paths)[:, None]


def test_methods_see_nothing_after_a_window_starts_and_share_the_windows(tmp_path, monkeypatch):
    module = types.ModuleType("statsforecast.models")
    module.AutoETS, module.AutoTheta, module.MSTL = Simulated, Simulated, Steady
    monkeypatch.setitem(sys.modules, "statsforecast", types.ModuleType("statsforecast"))
    monkeypatch.setitem(sys.modules, "statsforecast.models", module)
    series, out = write(tmp_path / "in.csv", daily(300)), tmp_path / "out.csv"
    Steady.shown.clear()
    scores = backtest_methods(series, out, METHODS, 28)
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_method = {name: [row for row in rows if row["method"] == name] for name in METHODS}
    origins = [[row["origin"] for row in found] for found in by_method.values()]
    assert all(found == origins[0] for found in origins)
    starts = [(datetime.fromisoformat(at).replace(tzinfo=UTC) - MONDAY).days for at in origins[0]]
    assert Steady.shown == starts * 3
    # 28 days at the mean of 13, give or take 0.8 of one a day: 28 * (13 - 0.8) and so on.
    last = by_method["auto-ets"][-1]
    assert float(last["p10"]) == pytest.approx(28 * (float(last["p50"]) / 28 - 0.8))
    assert {row["calibrated"] for row in by_method["auto-ets"]} == {"false"}
    assert by_method["mstl"][-1]["calibrated"] == "true"
    assert {one.method for one in scores} == set(METHODS)
    assert len({one.windows for one in scores}) == 1


def test_statsforecast_itself_is_compared(tmp_path):
    pytest.importorskip("statsforecast", reason="the extra `forecast` is not installed")
    rng = np.random.default_rng(5)
    rows = [(at, float(value) * rng.uniform(0.9, 1.1)) for at, value in daily(200)]
    series, out = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    scores = {one.method: one for one in backtest_methods(series, out, METHODS, 14)}
    # A steady week with a tenth of noise: every method must be near, or it was called wrongly.
    assert all(one.pinball < 0.02 for one in scores.values())
    assert all(one.width < 0.2 for one in scores.values())

"""Users are counted by numbers; the counts are those of the names and hashes themselves."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import pytest

from workbench.kernel import rollup, user_counts

FIRST = date(2026, 10, 1)
PERIOD: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


def _usage(con: duckdb.DuckDBPyConnection, *, begun: datetime) -> list[tuple[Any, ...]]:
    draw = random.Random(5)
    rows = [
        (
            begun + timedelta(hours=draw.randint(0, 24 * 55)),
            draw.choice(["a", "a in b", None]), draw.choice(["b", "b in c", "c", ""]),
            draw.choice([None, "x", "y"]), draw.choice([None, *(f"hash-{n}" for n in range(40))]),
        )
        for _ in range(3000)
    ]  # fmt: skip
    con.execute("CREATE TABLE usage (started_at TIMESTAMP, feature VARCHAR, environment VARCHAR, tenant VARCHAR, user_hash VARCHAR)")  # fmt: skip
    con.executemany("INSERT INTO usage VALUES (?, ?, ?, ?, ?)", rows)
    return rows


def _counted(rows: list[tuple[Any, ...]], periods: dict[str, list[str]]) -> set[tuple[Any, ...]]:
    users: dict[tuple[Any, ...], set[str]] = defaultdict(set)
    for at, feature, environment, tenant, user in rows:
        together = " in ".join(one for one in (feature, environment) if one is not None)
        cuts = {"all": None, "feature": feature, "environment": environment, "tenant": tenant,
                "feature in environment": together}  # fmt: skip
        for grain, first_of in PERIOD.items():
            period = first_of(at.date())
            for cut, value in cuts.items():
                if user is not None and str(period) in periods[grain]:
                    users[grain, period, cut, value].add(user)
    return {
        (grain, str(period), cut, value, len(held))
        for (grain, period, cut, value), held in users.items()
    }


@pytest.mark.parametrize("month", [FIRST, date(2026, 2, 1), date(2025, 12, 1), date(2026, 8, 1)])
def test_counts_are_those_of_sets_of_users(month: date) -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE rollup_users ({rollup.TABLES['rollup_users']})")
    rows = _usage(con, begun=datetime.combine(month - timedelta(days=11), time()))
    days = [month + timedelta(days=n) for n in range(31)]
    days = [day for day in days if day.month == month.month]
    periods = {g: sorted({str(first(day)) for day in days}) for g, first in PERIOD.items()}
    other = ("day", month - timedelta(days=1), "all", None, 7)
    con.execute("INSERT INTO rollup_users VALUES (?, ?, ?, ?, ?)", other)

    for _ in range(2):  # a second time replaces the first
        con.execute(user_counts.seen(usage="usage", month=month))
        con.execute(user_counts.clear(month=month))
        for statement in user_counts.fill(month=month):
            con.execute(statement)

    found = [(grain, str(period), *more) for grain, period, *more in con.execute("FROM rollup_users").fetchall()]  # fmt: skip
    assert len(found) == len(set(found))
    assert set(found) == _counted(rows, periods) | {("day", str(other[1]), *other[2:])}
    made = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert {name for (name,) in made} == set(user_counts.TEMPORARY)

"""Users are counted by numbers; the counts are those of the names and hashes themselves."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb

from workbench.kernel import rollup, user_counts

FIRST = date(2026, 10, 1)
BEGUN = datetime.combine(date(2026, 9, 20), time())
PERIOD: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}


def _usage(con: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    draw = random.Random(5)
    rows = [
        (
            BEGUN + timedelta(hours=draw.randint(0, 24 * 55)),
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
    return {(*key, len(held)) for key, held in users.items()}


def test_counts_are_those_of_sets_of_users() -> None:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE rollup_users ({rollup.TABLES['rollup_users']})")
    rows = _usage(con)
    days = [FIRST + timedelta(days=n) for n in range(31)]
    periods = {g: sorted({str(first(day)) for day in days}) for g, first in PERIOD.items()}
    dates = ", ".join(f"DATE '{day}'" for day in days)
    listed = f"SELECT unnest([{dates}]) AS d"

    con.execute(user_counts.by_day(usage="usage", days=listed))
    for statement in (*user_counts.number(), *user_counts.fill(periods=periods)):
        con.execute(statement)

    found = con.execute("FROM rollup_users").fetchall()
    assert len(found) == len(set(found))
    assert set(found) == _counted(rows, periods)
    made = con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert {name for (name,) in made} == set(user_counts.TEMPORARY)

"""How many different people used what in each day, week and month: SQL, as users do not add.

Who used what on a day is found once, and then counted by numbers in place of hashes and names:
a fifth less time for a million users of a day, as measured (see docs/speed.md).
"""

from collections.abc import Mapping, Sequence

_CUTS = {
    "all": "CAST(NULL AS VARCHAR)",
    "feature": "feature",
    "environment": "environment",
    "tenant": "tenant",
    "feature in environment": "concat_ws(' in ', feature, environment)",
}
"""Cuts by which distinct users are counted, and their SQL."""
_NAMES = ("feature", "environment", "tenant")
TEMPORARY = ("users_by_day", "user_person", "user_place", "user_cut", "user_seen", "user_in_cut")
"""Tables the statements make on their way; they are to be dropped at the end."""


def by_day(*, usage: str, days: str) -> str:
    """Return the statement that finds who used what on each day, into a temporary table.

    Read once for all grains and cuts: the weeks that the days of the column `d` touch are in it.
    """
    return (
        "CREATE OR REPLACE TEMP TABLE users_by_day AS SELECT DISTINCT CAST(started_at AS DATE) AS "
        f"day, {', '.join(_NAMES)}, user_hash FROM {usage} WHERE user_hash IS NOT NULL "
        f"AND started_at >= (SELECT date_trunc('week', min(d)) FROM ({days})) "
        f"AND started_at < (SELECT date_trunc('week', max(d)) + INTERVAL 7 DAY FROM ({days}))"
    )


def number() -> list[str]:
    """Return the statements that put numbers in place of the hashes and names of `users_by_day`.

    `value_no` is one for each value of each cut, so that cuts of equal text count together.
    """
    same = " AND ".join(f"p.{name} IS NOT DISTINCT FROM u.{name}" for name in _NAMES)
    names = ", ".join(_NAMES)
    values = " UNION ALL ".join(
        f"SELECT place, '{cut}' AS cut, {value} AS value FROM user_place"
        for cut, value in _CUTS.items()
    )
    made = "CREATE OR REPLACE TEMP TABLE"
    number = "CAST(row_number() OVER () AS INTEGER)"
    return [
        f"{made} user_person AS SELECT user_hash, {number} AS person "
        "FROM (SELECT DISTINCT user_hash FROM users_by_day)",
        f"{made} user_place AS SELECT {names}, {number} AS place "
        f"FROM (SELECT DISTINCT {names} FROM users_by_day)",
        f"{made} user_cut AS SELECT place, cut, value, "
        f"CAST(dense_rank() OVER (ORDER BY cut, value) AS INTEGER) AS value_no FROM ({values})",
        f"{made} user_seen AS SELECT u.day, p.place, person FROM users_by_day AS u "
        f"JOIN user_person USING (user_hash) JOIN user_place AS p ON {same}",
    ]


def fill(*, periods: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the statements that count the users of whole periods, overall and by each cut.

    Parameters
    ----------
    periods
        Grain (day, week, month) -> first days (ISO text) of the periods to count.
    """
    statements: list[str] = []
    for cut in _CUTS:
        statements.append(
            "CREATE OR REPLACE TEMP TABLE user_in_cut AS SELECT DISTINCT day, value_no, person "
            f"FROM user_seen JOIN user_cut USING (place) WHERE cut = '{cut}'"
        )
        statements += [_count(cut, grain, first_days) for grain, first_days in periods.items()]
    return statements


def _count(cut: str, grain: str, first_days: Sequence[str]) -> str:
    listed = ", ".join(f"DATE '{day}'" for day in first_days)
    once = "" if grain == "day" else "DISTINCT "  # a day has each of its users once already
    seen = (
        f"SELECT {once}CAST(date_trunc('{grain}', day) AS DATE) AS period, value_no, person "
        f"FROM user_in_cut WHERE date_trunc('{grain}', day) IN ({listed})"
    )
    return (
        f"INSERT INTO rollup_users SELECT '{grain}', period, '{cut}', value, users FROM "
        f"(SELECT period, value_no, count(*) AS users FROM ({seen}) GROUP BY period, value_no) "
        "JOIN (SELECT DISTINCT value_no, value FROM user_cut) USING (value_no)"
    )

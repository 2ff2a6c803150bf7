"""How many different people used what in each day, week and month: SQL, as users do not add.

Who used what is found once a month, with the days of it as the bits of a number: so that a day, a
week and the month are each a mask, and no list of people by day is ever made. People and places
are counted by number in place of hashes and names (for what that saves, see docs/speed.md).
"""

from collections.abc import Iterator
from datetime import date, timedelta

_CUTS = {
    "all": "CAST(NULL AS VARCHAR)",
    "feature": "feature",
    "environment": "environment",
    "tenant": "tenant",
    "feature in environment": "concat_ws(' in ', feature, environment)",
}
"""Cuts by which distinct users are counted, and their SQL."""
_NAMES = ("feature", "environment", "tenant")
_DAY = timedelta(days=1)
TEMPORARY = ("user_days", "user_person", "user_place", "user_cut", "user_in_cut")
"""Tables the statements make on their way; they are to be dropped at the end."""


def seen(*, usage: str, month: date) -> str:
    """Return the statement that finds who used what, and on which days, into a temporary table.

    Bit n of `days` is the n-th day from the Monday of the first week that the month touches; the
    last is the Sunday of its last week, at most the 43rd.
    """
    first, after = _window(month)
    names = f"{', '.join(_NAMES)}, user_hash"
    return (
        f"CREATE OR REPLACE TEMP TABLE user_days AS SELECT {names}, "
        f"bit_or(CAST(1 AS BIGINT) << (CAST(started_at AS DATE) - DATE '{first}')) AS days "
        f"FROM {usage} WHERE user_hash IS NOT NULL AND started_at >= TIMESTAMP '{first}' "
        f"AND started_at < TIMESTAMP '{after}' GROUP BY {names}"
    )


def clear(*, month: date) -> str:
    """Return the statement that removes the counts of a month, its days and its weeks."""
    first, after = _window(month)
    return (
        "DELETE FROM rollup_users WHERE "
        f"(grain = 'week' AND period >= DATE '{first}' AND period < DATE '{after}') OR "
        f"(grain IN ('day', 'month') AND date_trunc('month', period) = DATE '{month}')"
    )


def fill(*, month: date) -> list[str]:
    """Return the statements that count the users `seen`, overall and by each cut.

    `value_no` is one for each value of each cut, so that cuts of equal text count together.
    """
    same = " AND ".join(f"p.{name} IS NOT DISTINCT FROM u.{name}" for name in _NAMES)
    names = ", ".join(_NAMES)
    values = " UNION ALL ".join(
        f"SELECT place, '{cut}' AS cut, {value} AS value FROM user_place"
        for cut, value in _CUTS.items()
    )
    periods = ", ".join(
        f"('{grain}', DATE '{period}', {mask})" for grain, period, mask in _periods(month)
    )
    made = "CREATE OR REPLACE TEMP TABLE"
    number = "CAST(row_number() OVER () AS INTEGER)"
    return [
        f"{made} user_person AS SELECT user_hash, {number} AS person "
        "FROM (SELECT DISTINCT user_hash FROM user_days)",
        f"{made} user_place AS SELECT {names}, {number} AS place "
        f"FROM (SELECT DISTINCT {names} FROM user_days)",
        f"{made} user_cut AS SELECT place, cut, value, "
        f"CAST(dense_rank() OVER (ORDER BY cut, value) AS INTEGER) AS value_no FROM ({values})",
        f"{made} user_in_cut AS SELECT value_no, person, bit_or(days) AS days FROM user_days AS u "
        f"JOIN user_person USING (user_hash) JOIN user_place AS p ON {same} "
        "JOIN user_cut USING (place) GROUP BY value_no, person",
        "INSERT INTO rollup_users SELECT grain, period, cut, value, users FROM "
        "(SELECT value_no, grain, period, count(*) AS users FROM user_in_cut "
        f"JOIN (VALUES {periods}) AS p(grain, period, mask) ON days & mask > 0 "
        "GROUP BY value_no, grain, period) "
        "JOIN (SELECT DISTINCT value_no, cut, value FROM user_cut) USING (value_no)",
    ]


def _window(month: date) -> tuple[date, date]:
    """Return the Monday on which the first week of a month begins, and that after its last."""
    last = _after(month) - _DAY
    return month - month.weekday() * _DAY, last + (7 - last.weekday()) * _DAY


def _after(month: date) -> date:
    return (month + 31 * _DAY).replace(day=1)


def _periods(month: date) -> Iterator[tuple[str, date, int]]:
    """Yield grain, first day and days, as bits, of each period that is counted with a month."""
    first, after = _window(month)
    for n in range((after - first).days):
        day = first + n * _DAY
        if month <= day < _after(month):
            yield "day", day, 1 << n
        if day == month:
            yield "month", day, ((1 << (_after(month) - month).days) - 1) << n
        if n % 7 == 0:
            yield "week", day, 0b1111111 << n

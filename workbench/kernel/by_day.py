"""What each day cost by all dimensions: the widest rollup, stored by key and read by name.

A log of two million requests can have a million combinations of day, model, feature and tenant.
Stored as text each row repeats seven names; two integers in their place take a third of the time
to group and to write. `served` says who served a request, `attribution` whom it was for; the
view `rollup_day` joins the names back.
"""

from collections.abc import Collection

_NAMES: dict[str, tuple[str, ...]] = {
    "served": ("provider", "model", "service_tier"),
    "attribution": ("feature", "environment", "team", "tenant"),
}
"""Table of names -> its columns; its key is called `<table>_id`."""
_NAMED_ALONE = {"served": ("model",), "attribution": ("feature", "environment", "tenant")}
"""Names that rollups other than the day's group by."""
_SUMS = {
    **dict.fromkeys(
        (
            "requests", "errors", "retries", "unpriced_requests", "partial_requests",
            "assumed_requests", "list_unpriced_requests", "reported_requests",
        ),
        "BIGINT",
    ),
    "list_pico": "DECIMAL(38,0)",
    "contract_pico": "DECIMAL(38,0)",
    "reported_cost_usd": "DECIMAL(38,12)",
}  # fmt: skip
_KEYS = tuple(f"{table}_id" for table in _NAMES)

TABLES = {
    **{
        table: f"{table}_id INTEGER, {', '.join(f'{name} VARCHAR' for name in names)}"
        for table, names in _NAMES.items()
    },
    "keyed_day": f"day DATE, {', '.join(f'{key} INTEGER' for key in _KEYS)}, "
    + ", ".join(f"{name} {kind}" for name, kind in _SUMS.items()),
}
"""Tables behind the view `rollup_day`, and their columns."""


def view() -> str:
    """Return the query of `rollup_day`: day, provider, model, …, tenant, and what they add up to."""
    names = names_of(*_NAMES)
    sums = ", ".join(f"r.{name}" for name in _SUMS)
    return f"SELECT r.day, {names}, {sums} FROM keyed_day AS r {join_names('r', *_NAMES)}"


def fill(*, lacking: Collection[str] = ()) -> str:
    """Return the statement that adds the days of `touched`; `lacking` as there."""
    keys = ", ".join(("day", *_KEYS))
    retries = "0" if "attempt" in lacking else "count(retried)"
    reports = "0" if "reported_cost_usd" in lacking else "count(reported_cost_usd)"
    return (
        f"INSERT INTO keyed_day SELECT {keys}, count(*), count(failed), {retries}, "
        "count(*) - count(contract_pico), count(is_partial), count(is_assumed), "
        f"count(*) - count(list_pico), {reports}, "
        "sum(CAST(list_pico AS DECIMAL(38,0))), sum(CAST(contract_pico AS DECIMAL(38,0))), "
        f"{reported_sum(lacking)} FROM touched GROUP BY {keys}"
    )


def reported_sum(lacking: Collection[str]) -> str:
    """Return SQL of what the providers reported of the requests of `touched`, in USD."""
    if "reported_cost_usd" in lacking:
        return "CAST(NULL AS DECIMAL(38,12))"
    return "sum(reported_cost_usd)"


def insert(rows: str) -> list[str]:
    """Return the statements that add rows that look like those of the view."""
    sums = ", ".join(f"r.{name}" for name in _SUMS)
    joins = " ".join(join_keys(table, "r") for table in _NAMES)
    return [
        *(new_names(table, rows=rows) for table in _NAMES),
        f"INSERT INTO keyed_day SELECT r.day, {', '.join(_KEYS)}, {sums} FROM {rows} AS r {joins}",
    ]


def new_names(table: str, *, rows: str) -> str:
    """Return the statement that gives a key to each combination of names in `rows` without one."""
    names = ", ".join(_NAMES[table])
    return (
        f"INSERT INTO {table} SELECT (SELECT coalesce(max({table}_id), 0) FROM {table})"
        f" + row_number() OVER (ORDER BY {names}), {names}"
        f" FROM (SELECT DISTINCT {names} FROM {rows}) AS n"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} AS t WHERE {_same('t', 'n', table)})"
    )


def names_of(*tables: str) -> str:
    """Return the names that the keys of some tables stand for, as columns of those tables."""
    return ", ".join(f"{table}.{name}" for table in tables for name in _NAMES[table])


def served_by_rate_key(*, with_month: bool = False) -> str:
    """Return the SELECT of the keys of who serves each rate key in use, and of its month."""
    month = ", k.month" if with_month else ""
    return (
        f"SELECT k.rate_key, s.served_id, s.model_id{month} FROM rate_keys AS k JOIN rate_tuple AS t"
        f" ON t.tuple_id = k.tuple_id JOIN {_with_parts('served')} AS s ON {_same('s', 't', 'served')}"
    )


def join_keys(table: str, rows: str, *, alias: str = "") -> str:
    """Return the join that finds the keys of the names in `rows`.

    A left join, as all joins with names: it loses no row, and keeps the planner from building
    its hash table of the requests. With an alias the keys of single names come along.
    """
    relation = f"{_with_parts(table)} AS {alias}" if alias else table
    return f"LEFT JOIN {relation} ON {_same(alias or table, rows, table)}"


def _with_parts(table: str) -> str:
    """Return SQL of a table of names with a key for single ones: the least of those that have it."""
    keys = "".join(
        f", min({table}_id) OVER (PARTITION BY {name}) AS {name}_id" for name in _NAMED_ALONE[table]
    )
    return f"(SELECT *{keys} FROM {table})"


def join_names(rows: str, *tables: str) -> str:
    """Return the joins that find the names of the keys in `rows`."""
    return " ".join(
        f"LEFT JOIN {table} ON {table}.{table}_id = {rows}.{table}_id" for table in tables
    )


def _same(left: str, right: str, table: str) -> str:
    return " AND ".join(f"{left}.{n} IS NOT DISTINCT FROM {right}.{n}" for n in _NAMES[table])

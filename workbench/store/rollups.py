"""Keeps the rollups of touched days equal to the segments, inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta

from workbench.kernel import by_day, price, rollup, user_counts
from workbench.kernel.price import CURRENT, Changes
from workbench.schema import METERS
from workbench.store import kept_counts, kept_rollups, kept_units
from workbench.store.catalog import Catalog


def days_of(
    catalog: Catalog,
    *,
    source_ids: Iterable[str] | None = None,
    only_months: Iterable[str] | None = None,
    but_months: Iterable[str] = (),
) -> list[str]:
    """Return the days (ISO text) that have usage, in all batches or only in the given ones.

    Parameters
    ----------
    only_months, but_months
        Months (`2026-10-01`) to look at, all where None, and months to leave out.
    """
    wanted = None if source_ids is None else set(source_ids)
    months = None if only_months is None else set(only_months)
    unwanted = set(but_months)
    rows = catalog.connection.execute(
        "SELECT source_id, CAST(month AS VARCHAR), file FROM segment WHERE kind = 'usage'"
    ).fetchall()
    files = [
        str(catalog.layout.store / file)
        for source, month, file in rows
        if (wanted is None or source in wanted)
        and (months is None or month in months)
        and month not in unwanted
    ]
    if not files:
        return []
    found = catalog.connection.execute(
        "SELECT DISTINCT CAST(started_at AS DATE) AS day FROM read_parquet(?) ORDER BY day", [files]
    ).fetchall()
    return [str(row[0]) for row in found]


def refresh(catalog: Catalog, *, days: Iterable[str]) -> None:
    """Compute the rollups of `days` again, a month at a time, then what does not add."""
    by_month: dict[str, list[str]] = defaultdict(list)
    for day in days:
        by_month[f"{day[:7]}-01"].append(day)
    changes = catalog.price_changes()
    for month in sorted(by_month):
        _refresh_month(catalog, month=month, days=by_month[month], changes=changes)
    catalog.connection.execute("DROP TABLE IF EXISTS touched")
    for month in sorted(by_month):
        _refresh_users(catalog, month=month)
    if kept_rollups.restore(catalog) or by_month:
        kept_counts.restore(catalog)


def _refresh_month(catalog: Catalog, *, month: str, days: list[str], changes: Changes) -> None:
    run = catalog.connection.execute
    listed = ", ".join(f"DATE '{day}'" for day in sorted(days))
    relation = catalog.relation("usage", months=[month], late=False)
    usage = f"(SELECT * FROM {relation} WHERE {_within(days)})"
    lacking = _lacking(catalog, catalog.files_of("usage", months=[month], late=False))
    used = _price(catalog, usage, month=month, changes=changes, lacking=lacking)
    for table in ("keyed_day", "rollup_class", "rollup_hour_model", "rollup_hour_tenant", "rollup_latency"):  # fmt: skip
        run(rollup.delete_days(table, days=listed))
    for statement in (
        by_day.fill(lacking=lacking),
        rollup.fill_class(used_meters=used),
        *rollup.fill_hours(),
        rollup.fill_latency(),
    ):
        run(statement)


def restate(catalog: Catalog) -> None:
    """Price closed months again as of today, late rows apart: their prior-period adjustments."""
    run = catalog.connection.execute
    run("DELETE FROM rollup_restated")
    changes = catalog.price_changes()
    for month in catalog.closed_months():
        for is_late in (False, True):
            files = catalog.files_of("usage", months=[month], late=is_late)
            if files:
                usage = catalog.relation_of("usage", files)
                lacking = _lacking(catalog, files)
                _price(
                    catalog, usage, month=month, changes=changes, lacking=lacking, prices=CURRENT
                )
                run(rollup.fill_restated(month=month, is_late=is_late, lacking=lacking))
    kept_rollups.restore_restated(catalog)
    run("DROP TABLE IF EXISTS touched")


def _lacking(catalog: Catalog, files: list[str]) -> set[str]:
    """Return the columns that none of the segment files has."""
    groups = [set(lacking) for lacking in catalog.by_lacking(files)]
    return set.intersection(*groups) if groups else set()


def _price(
    catalog: Catalog,
    usage: str,
    *,
    month: str,
    changes: Changes,
    lacking: Collection[str],
    prices: str = "",
) -> list[str]:
    """Price rows of one month into `touched`; return the meters it carries."""
    request_prices = catalog.has_request_prices()
    always = {"output_tokens"} | ({"billed_requests"} if request_prices else set())
    in_use = catalog.used_meters(month=month)
    used = [m.name for m in METERS if m.name in in_use or m.name in always]
    for statement in (
        by_day.new_names("served", rows="rate_tuple"),
        by_day.new_names("attribution", rows=usage),
        rollup.touched(
            usage=usage,
            changes=changes,
            used_meters=used,
            request_prices=request_prices,
            prices=prices,
            lacking=lacking,
        ),
    ):
        catalog.connection.execute(statement)
    return used


def priced(catalog: Catalog, *, month: str) -> str:
    """Return the SELECT of the priced rows of a month's rollups, by source and row."""
    return price.priced_rows(
        usage=catalog.relation("usage", months=[month], late=False),
        changes=catalog.price_changes(),
        columns=("rate_key", "started_at", "source_id", "source_row"),
        used_meters=catalog.used_meters(month=month),
        request_prices=catalog.has_request_prices(),
    )


def _within(days: list[str]) -> str:
    """Return SQL of whether a request is of the days: a test of each stretch without a hole."""
    stretches: list[list[date]] = []
    for day in sorted(map(date.fromisoformat, days)):
        if stretches and day - stretches[-1][1] == timedelta(days=1):
            stretches[-1][1] = day
        else:
            stretches.append([day, day])
    return " OR ".join(
        f"(started_at >= TIMESTAMP '{first}' AND started_at < TIMESTAMP '{last + timedelta(days=1)}')"
        for first, last in stretches
    )


def _refresh_users(catalog: Catalog, *, month: str) -> None:
    """Count the users of a month, of its days and of the weeks that touch it, again."""
    run, begins = catalog.connection.execute, date.fromisoformat(month)
    around = [begins - timedelta(days=1), begins, begins + timedelta(days=31)]
    months = [str(day.replace(day=1)) for day in around]  # weeks cross month ends
    usage = catalog.relation("usage", months=months, late=False)
    found = run(user_counts.seen(usage=usage, month=begins)).fetchall()
    run(user_counts.clear(month=begins))
    for statement in user_counts.fill(month=begins) if found[0][0] else ():
        run(statement)
    for table in user_counts.TEMPORARY:
        run(f"DROP TABLE IF EXISTS {table}")


def refresh_outcomes(catalog: Catalog) -> None:
    """Match every outcome with its request, session or ticket again."""
    run = catalog.connection.execute
    units = rollup.outcome_units(
        usage=catalog.relation("usage"),
        outcomes=catalog.relation("outcomes"),
        origins=kept_rollups.origins(catalog),
    )
    run(f"CREATE OR REPLACE TABLE outcome_unit AS {units}")
    kept_units.restore(catalog)
    run("DELETE FROM rollup_outcome")
    run(rollup.fill_outcomes())

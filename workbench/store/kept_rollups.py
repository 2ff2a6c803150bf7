"""What stays of a closed month when its metering rows go: every rollup, to the last integer.

Before the rows go, the month's rollups are written to kept/<month>/<table>.parquet and hashed
into the certificate. A catalog made again reads them from there. So that outcomes stay matched,
origins.parquet keeps which feature, environment and tenant each unit of work began in.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from workbench.kernel import by_day, rollup
from workbench.store import certificates, files
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout

FOLDER = "kept"
ORIGINS = "origins"
DAY = "rollup_day"
RESTATED = "rollup_restated"
DAY_OF = {
    "rollup_day": "day", "rollup_class": "day", "rollup_latency": "day",
    "rollup_hour_model": "hour", "rollup_hour_tenant": "hour", "rollup_restated": "month",
}  # fmt: skip
"""Tables that are kept, and the column that says when. Users have files of their own."""


def freeze(catalog: Catalog, months: Sequence[str]) -> dict[str, str]:
    """Write the rollups of months (`2026-10`) and return the sha256 of each file below the store.

    They count only once a sidecar lists rows of the month as disposed of.
    """
    written: dict[str, str] = {}
    for month in months:
        folder = catalog.layout.store / FOLDER / month
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for table, column in DAY_OF.items():
            rows = f"SELECT * FROM {table} WHERE strftime({column}, '%Y-%m') = '{month}'"
            path = _write(catalog, f"{rows} ORDER BY ALL NULLS FIRST", folder / f"{table}.parquet")
            written[str(path.relative_to(catalog.layout.store))] = files.sha256_of(path)
        requests = rollup.first_requests(
            usage=catalog.relation("usage", months=[f"{month}-01"]),
            outcomes=catalog.relation("outcomes"),
        )
        _write(catalog, requests, folder / f"{ORIGINS}.parquet")
    return written


def _write(catalog: Catalog, query: str, final: Path) -> Path:
    staged = catalog.layout.staging / f"{final.parent.name}.{final.name}"
    staged.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = str(staged).replace("'", "''")
    catalog.connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    files.move(staged, final)
    return final


def disposed_months(catalog: Catalog, kind: str = "usage") -> list[str]:
    """Return the months (`2026-10`) whose rows of a kind were disposed of."""
    rows = catalog.connection.execute(
        "SELECT DISTINCT strftime(month, '%Y-%m') FROM disposed WHERE kind = ? ORDER BY 1", [kind]
    ).fetchall()
    return [str(row[0]) for row in rows]


def restore(catalog: Catalog) -> bool:
    """Read the kept rollups of disposed months into a catalog that lacks them; say if any were."""
    run, restored = catalog.connection.execute, False
    for month in disposed_months(catalog):
        if catalog.one(
            f"SELECT 1 FROM rollup_day WHERE strftime(day, '%Y-%m') = '{month}' LIMIT 1"
        ):
            continue
        for table in DAY_OF:
            if table == DAY:
                path = str(_file(catalog, table, month)).replace("'", "''")
                for statement in by_day.insert(f"read_parquet('{path}')"):
                    run(statement)
            elif table != RESTATED:
                run(*_insert(catalog, table, month))
        restored = True
    return restored


def restore_restated(catalog: Catalog) -> None:
    """Add what closed months last came to, where their rows can no longer be priced again."""
    for month in disposed_months(catalog):
        catalog.connection.execute(*_insert(catalog, RESTATED, month))


def _insert(catalog: Catalog, table: str, month: str) -> tuple[str, list[str]]:
    path = str(_file(catalog, table, month))
    return f"INSERT INTO {table} BY NAME SELECT * FROM read_parquet(?)", [path]


def _file(catalog: Catalog, table: str, month: str) -> Path:
    return catalog.layout.store / FOLDER / month / f"{table}.parquet"


def origins(catalog: Catalog) -> str | None:
    """Return SQL for the kept origins of units of work; None where no month was disposed of."""
    paths = [
        catalog.layout.store / FOLDER / month / f"{ORIGINS}.parquet"
        for month in disposed_months(catalog)
    ]
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths if path.exists())
    return f"(SELECT * FROM read_parquet([{listed}]))" if listed else None


def origin_files(layout: Layout) -> list[Path]:
    """Return the files that hold ids of units of work."""
    return sorted((layout.store / FOLDER).glob(f"*/{ORIGINS}.parquet"))


def damage(layout: Layout) -> Iterator[str]:
    """Compare every kept rollup with the certificate that names it; yield what differs."""
    for certificate in certificates.certificates(layout):
        for file, sha256 in certificate.get("kept", {}).items():
            path = layout.store / file
            if not path.is_file():
                yield f"{path} is missing; certificate {certificate['number']} needs it."
            elif files.sha256_of(path) != sha256:
                yield f"{path} has changed since certificate {certificate['number']} was signed."

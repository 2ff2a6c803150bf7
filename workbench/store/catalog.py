"""The derived DuckDB file: what is in the store, at what price, rolled up.

Everything in it can be made again from the immutable files beside it. One process has it
open for writing; DuckDB itself holds the lock.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from workbench import schema, segment_rows
from workbench.errors import StoreError
from workbench.kernel import price_layout
from workbench.kernel.price_layout import Changes
from workbench.store import closes, segments, views
from workbench.store.layout import Layout
from workbench.store.tables import TABLES, VIEWS

CATALOG_VERSION = 7


class Catalog:
    """An open catalog; use as a context manager."""

    def __init__(self, layout: Layout, connection: duckdb.DuckDBPyConnection) -> None:
        self.layout = layout
        self.connection = connection
        self._lacking: dict[str, str] | None = None

    @classmethod
    def open(cls, layout: Layout, *, read_only: bool = False) -> "Catalog":
        """Open the workspace's catalog, and make an empty one where there is none.

        Raises
        ------
        StoreError
            If another process writes to the store, or the file is no catalog.
        """
        if not layout.store.is_dir():
            raise StoreError(
                f"{layout.root} is no workspace: it has no store folder. "
                f"Make one with `workbench init {layout.root}`, or name yours with --workspace DIR."
            )
        try:
            connection = duckdb.connect(str(layout.database), read_only=read_only)
        except duckdb.Error as error:
            raise _cannot_open(layout.database, error) from error
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        # Segments never change under their name: their footers need not be read for every query.
        connection.execute("SET parquet_metadata_cache = true")
        catalog = cls(layout, connection)
        if not read_only:
            catalog._make_tables()
        return catalog

    def __enter__(self) -> "Catalog":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def _make_tables(self) -> None:
        for name, columns in TABLES.items():
            self.connection.execute(f"CREATE TABLE IF NOT EXISTS {name} ({columns})")
        for name, query in VIEWS.items():
            self.connection.execute(f"CREATE VIEW IF NOT EXISTS {name} AS {query}")
        if self.meta("version") is None:
            self.set_meta("version", str(CATALOG_VERSION))

    def one(self, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None; the result is read to its end.

        An unfinished result would own the connection.
        """
        rows = self.connection.execute(query, list(values)).fetchall()
        return rows[0] if rows else None

    def meta(self, key: str) -> str | None:
        """Return one remembered value."""
        row = self.one("SELECT value FROM meta WHERE key = ?", [key])
        return None if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Remember one value."""
        self.connection.execute("DELETE FROM meta WHERE key = ?", [key])
        self.connection.execute("INSERT INTO meta VALUES (?, ?)", [key, value])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything done inside, or nothing."""
        self.connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    # Batches ------------------------------------------------------------------------------

    def is_this_version(self) -> bool:
        """Say whether this version of the workbench made the catalog."""
        return self.meta("version") == str(CATALOG_VERSION)

    def is_current(self) -> bool:
        """Say whether every batch and close is in the catalog, made by this version."""
        if not self.is_this_version() or not self.has_rates():
            return False
        if self.meta("closes") != closes.key_of(closes.closed_months(self.layout)):
            return False
        known = self.connection.execute("SELECT source_id FROM manifest").fetchall()
        return {row[0] for row in known} == segments.sidecar_ids(self.layout)

    def pending(self) -> list[dict[str, Any]]:
        """Return the committed batches that the catalog does not list yet."""
        known = {
            row[0] for row in self.connection.execute("SELECT source_id FROM manifest").fetchall()
        }
        return [one for one in segments.sidecars(self.layout) if one["source_id"] not in known]

    def note_lacking(self, entry: Mapping[str, Any]) -> str:
        """Remember which columns a committed segment has not, before the catalog lists it."""
        lacking = ",".join(entry.get("lacking", ()))
        self._lacking_by_file()[str(self.layout.store / entry["file"])] = lacking
        return lacking

    def _lacking_by_file(self) -> dict[str, str]:
        if self._lacking is None:
            rows = self.connection.execute("SELECT file, lacking FROM segment").fetchall()
            self._lacking = {str(self.layout.store / file): lacking for file, lacking in rows}
        return self._lacking

    def tuples(self) -> list[tuple[Any, ...]]:
        """Return every (tuple_id, provider, model, tier, variant, region) in use."""
        return self.connection.execute("SELECT * FROM rate_tuple ORDER BY tuple_id").fetchall()

    def known_sources(self) -> list[tuple[Any, ...]]:
        """Return (source_id, sha256, prefix_sha256, byte_length, records, format, constants)."""
        return self.connection.execute(
            "SELECT source_id, sha256, prefix_sha256, byte_length, records, format,"
            " constants FROM manifest ORDER BY finished_at"
        ).fetchall()

    # Prices -------------------------------------------------------------------------------

    def closed_months(self) -> list[str]:
        """Return the closed months (`2026-10-01`) that hold usage, oldest first."""
        rows = self.connection.execute(
            "SELECT DISTINCT CAST(c.month AS VARCHAR) FROM closed_month AS c JOIN segment AS s "
            "ON s.month = c.month AND s.kind = 'usage' ORDER BY 1"
        ).fetchall()
        return [row[0] for row in rows]

    def lay_out_prices(self) -> None:
        """Repeat the compiled prices for every month in use, for the kernel."""
        for statement in price_layout.price_tables():
            self.connection.execute(statement)
        for statement in price_layout.key_tables(self._most_changes()):
            self.connection.execute(statement)

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run one query, with named parameters ($name), and return its rows."""
        try:
            result = self.connection.sql(query, params=dict(parameters) if parameters else None)
            return result.to_arrow_table().to_pylist()
        except (duckdb.Error, AttributeError) as error:
            raise StoreError(f"The query was refused: {str(error)[:500]}.") from error

    def prices(self, *, model: str | None) -> pa.Table:
        """Return the price book as imported, or the rows of one model."""
        return self.connection.sql(
            "SELECT * FROM price_row WHERE $1 IS NULL OR lower(model) = lower($1) "
            "ORDER BY provider, model, meter, effective_from",
            params=[model],
        ).to_arrow_table()

    def query(self, query: str) -> pa.Table:
        """Run one query and return its rows.

        Raises
        ------
        StoreError
            If it is no single valid query; the text says where it fails.
        """
        try:
            return self.connection.sql(query).to_arrow_table()
        except (duckdb.Error, AttributeError) as error:
            raise StoreError(
                f"The query was refused: {str(error)[:500]}. Views: usage, priced_usage, daily_cost, "
                "prior_period_adjustments, ingest_manifest, quarantine, price_book, outcomes."
            ) from error

    def has_request_prices(self) -> bool:
        """Say whether a model in use charges for the request itself."""
        found = self.one("SELECT 1 FROM rates WHERE contract_billed_requests > 0 LIMIT 1")
        return found is not None

    def price_changes(self) -> Changes:
        """Return how often the price of any one key changes, at most."""
        return self._most_changes() if self.has_rates() else Changes()

    def _most_changes(self) -> Changes:
        date, band, second = self.connection.execute(price_layout.most_changes()).fetchall()[0]
        return Changes(date=date, band=band, second=second)

    def used_meters(self, *, month: str | None = None) -> tuple[str, ...]:
        """Return the meters that any usage has, of one month (`2026-10-01`) or of all."""
        where = "" if month is None else " AND month = ?"
        row = self.one(
            f"SELECT coalesce(bit_or(meters), 0) FROM segment WHERE kind = 'usage'{where}",
            [] if month is None else [month],
        )
        mask = row[0] if row else 0
        return tuple(meter.name for meter in schema.METERS if mask >> meter.bit & 1)

    def has_rates(self) -> bool:
        """Say whether prices have been compiled, and laid out as this version reads them."""
        return self.one("SELECT 1 FROM duckdb_tables() WHERE table_name = 'price_key'") is not None

    # Views --------------------------------------------------------------------------------

    def files_of(
        self,
        kind: str,
        *,
        months: Sequence[str] | None = None,
        late: bool | None = None,
        before: str | None = None,
    ) -> list[str]:
        """Return the segment files of a kind, of the given months (`2026-10-01`) or of all.

        Parameters
        ----------
        before
            A day; only files with a row before it.
        late
            Only those that arrived after their month was closed, or only the others; None is all.
        """
        where = "" if months is None else " AND month IN (SELECT unnest(?::DATE[]))"
        if late is not None:
            where += f" AND {'' if late else 'NOT '}{_IS_LATE}"
        if before is not None:
            where += " AND first < CAST(? AS DATE)"
        given = (kind, None if months is None else list(months), before)
        rows = self.connection.execute(
            f"SELECT file FROM segment WHERE kind = ?{where} ORDER BY month, file",
            [value for value in given if value is not None],
        ).fetchall()
        return [str(self.layout.store / row[0]) for row in rows]

    def spans(self) -> list[tuple[str, datetime, datetime, str]]:
        """Return kind, first and last instant, and file of every segment."""
        rows = self.connection.execute("SELECT kind, first, last, file FROM segment").fetchall()
        return [(*row[:3], str(self.layout.store / row[3])) for row in rows]

    def relation(
        self, kind: str, *, months: Sequence[str] | None = None, late: bool | None = None
    ) -> str:
        """Return SQL for the rows of a kind; typed and empty where there are none."""
        return self.relation_of(kind, self.files_of(kind, months=months, late=late))

    def relation_of(self, kind: str, files: Sequence[str]) -> str:
        """Return SQL for the rows of segment files of a kind, every column among them."""
        wanted = schema.SEGMENT_COLUMNS if kind == "usage" else schema.OUTCOME_COLUMNS
        if not files:
            empty = ", ".join(f"CAST(NULL AS {c.type}) AS {c.name}" for c in wanted)
            return f"(SELECT {empty} WHERE FALSE)"
        if kind == "outcomes":
            chosen = ", ".join(column.name for column in wanted)
            return f"(SELECT {chosen} FROM read_parquet([{', '.join(map(_quoted, files))}]))"
        parts = (
            f"SELECT {segment_rows.whole(lacking)} FROM read_parquet([{', '.join(map(_quoted, alike))}])"
            for lacking, alike in self.by_lacking(files).items()
        )
        return f"({' UNION ALL '.join(parts)})"

    def by_lacking(self, files: Sequence[str]) -> dict[tuple[str, ...], list[str]]:
        """Return usage segment files grouped by the columns that they have not."""
        known = self._lacking_by_file()
        groups: dict[tuple[str, ...], list[str]] = {}
        for path in files:
            lacking = tuple(filter(None, known.get(path, "").split(",")))
            groups.setdefault(lacking, []).append(path)
        return groups

    def make_views(self) -> None:
        """Create the views any SQL may rely on, for this connection."""
        for name, query in views.queries(self).items():
            self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {query}")

    def lock_down(self) -> None:
        """Let later SQL of this connection read the store and nothing else."""
        folder = _quoted(str(self.layout.store.resolve()) + "/")
        for statement in (
            f"SET allowed_directories = [{folder}]",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self.connection.execute(statement)


_IS_LATE = (
    "(EXISTS (SELECT 1 FROM closed_month AS c WHERE c.month = segment.month) AND NOT EXISTS"
    " (SELECT 1 FROM closed_batch AS b WHERE b.month = segment.month"
    " AND b.source_id = segment.source_id))"
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _who(text: str) -> str:
    """Return the number of the process that an error of DuckDB names, in brackets."""
    found = re.search(r"PID (\d+)", text)
    return f" (process {found[1]})" if found else ""


def _cannot_open(path: Path, error: Exception) -> StoreError:
    text = str(error)
    if "lock" in text.lower():
        return StoreError(
            f"{path}: another process has the store open{_who(text)}. "
            "Wait for it to end, or read the published snapshot instead. One process writes at a time."
        )
    return StoreError(
        f"{path}: the catalog cannot be opened ({text[:200]}). It is derived: `workbench rebuild` "
        "makes it again from the segments."
    )

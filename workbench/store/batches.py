"""Lists committed batches in the catalog; those of one command in a few statements, however many."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from workbench import schema
from workbench.errors import StoreError
from workbench.store import segments
from workbench.store.catalog import Catalog

_FEW = 3


def add(catalog: Catalog, sidecars: Sequence[Mapping[str, Any]]) -> None:
    """List batches: manifest, segments, quarantine, rate keys. In a transaction.

    Raises
    ------
    StoreError
        If a sidecar or a file it names is damaged. Sidecars read from disk are listed one by one,
        so that the message names the file; those just written are listed together.
    """
    apart = len(sidecars) <= _FEW or any("sidecar" in one for one in sidecars)
    for some in [[one] for one in sidecars] if apart else [sidecars]:
        try:
            _list(catalog, some)
        except (duckdb.Error, KeyError, TypeError, ValueError) as error:
            name = some[0].get("sidecar", some[0]["source_id"])
            if len(some) > 1:
                name = f"one of the {len(some)} batches just written"
            raise segments.unreadable(name, error) from error


def list_again(catalog: Catalog, sidecar: Mapping[str, Any]) -> None:
    """List a batch whose files were written anew in place of what is listed of it."""
    for table in ("manifest", "segment", "disposed", "refused"):
        catalog.connection.execute(
            f"DELETE FROM {table} WHERE source_id = ?", [sidecar["source_id"]]
        )
    add(catalog, [sidecar])


def _list(catalog: Catalog, sidecars: Sequence[Mapping[str, Any]]) -> None:
    _insert(catalog, "manifest", [_manifest_row(one) for one in sidecars])
    _add_segments(catalog, sidecars)
    gone = [
        [one["source_id"], one["kind"], f"{month['month']}-01", month["rows"]]
        for one in sidecars
        for month in one.get("disposed", ())
    ]
    _insert(catalog, "disposed", gone)
    refused = [
        str(catalog.layout.store / one["quarantine"]["file"])
        for one in sidecars
        if one["quarantine"]
    ]
    if refused:
        chosen = ", ".join(column.name for column in schema.QUARANTINE_COLUMNS)
        catalog.connection.execute(
            f"INSERT INTO refused SELECT {chosen} FROM read_parquet(?)", [refused]
        )
    _add_rate_keys(catalog, sidecars)


def _manifest_row(sidecar: Mapping[str, Any]) -> list[Any]:
    return [
        *(sidecar[column.name] for column in schema.MANIFEST_COLUMNS),
        sidecar["kind"],
        sidecar.get("prefix_sha256"),
        sidecar.get("byte_length"),
        json.dumps(sidecar.get("constants", {})),
        "\n".join(sidecar.get("notes", ())),
    ]


def _add_segments(catalog: Catalog, sidecars: Sequence[Mapping[str, Any]]) -> None:
    entries = [(one, entry) for one in sidecars for entry in one["segments"]]
    usage = [str(catalog.layout.store / e["file"]) for one, e in entries if one["kind"] == "usage"]
    meters: dict[str, int] = {}
    if usage:
        found = catalog.connection.execute(
            "SELECT filename, bit_or(meter_mask) FROM read_parquet(?, filename = true) GROUP BY filename",
            [usage],
        ).fetchall()
        meters = dict(found)
    rows = [
        [
            one["source_id"], one["kind"], f"{entry['month']}-01", entry["file"], entry["rows"],
            entry["first"], entry["last"], entry["bytes"], entry["sha256"],
            meters.get(str(catalog.layout.store / entry["file"]), 0), catalog.note_lacking(entry),
        ]
        for one, entry in entries
    ]  # fmt: skip
    _insert(catalog, "segment", rows)


def _add_rate_keys(catalog: Catalog, sidecars: Sequence[Mapping[str, Any]]) -> None:
    run = catalog.connection.execute
    tuples = {tuple(row[1:]): row[0] for row in run("SELECT * FROM rate_tuple").fetchall()}
    held = {
        row[0]: (row[1], row[2])
        for row in run(
            "SELECT rate_key, tuple_id, CAST(month AS VARCHAR) FROM rate_keys"
        ).fetchall()
    }
    last = max(tuples.values(), default=0)
    new_tuples: list[list[Any]] = []
    new_keys: list[list[Any]] = []
    for key, month, *parts in (key for one in sidecars for key in one.get("rate_keys", ())):
        names = tuple(parts)
        if names not in tuples:
            last += 1
            tuples[names] = last
            new_tuples.append([last, *names])
        stands_for = (tuples[names], month)
        if key not in held:
            held[key] = stands_for
            new_keys.append([key, *stands_for])
        elif held[key] != stands_for:
            raise StoreError(
                f"Rate key {key} stands for two models ({parts} in {month}, and tuple {held[key][0]} "
                f"in {held[key][1]}). Nothing was committed; please report this with both log files."
            )
    _insert(catalog, "rate_tuple", new_tuples)
    _insert(catalog, "rate_keys", new_keys)


def _insert(catalog: Catalog, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows in one statement: a list a column, as text, cast to the column's type."""
    if not rows:
        return
    columns = [
        [None if value is None else str(value) for value in column]
        for column in zip(*rows, strict=True)
    ]
    values = ", ".join("unnest(?::VARCHAR[])" for _ in columns)
    catalog.connection.execute(f"INSERT INTO {table} SELECT {values}", columns)

"""Imported invoices: immutable Parquet files with a sidecar each; the sidecar is the commit."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import StoreError
from workbench.store import files
from workbench.store.layout import Layout

SCHEMA = pa.schema(
    [
        ("provider", pa.string()), ("model", pa.string()), ("month", pa.string()),
        ("charge_from", pa.timestamp("us")), ("charge_to", pa.timestamp("us")),
        ("kind", pa.string()), ("billed_pico", pa.int64()), ("invoice_id", pa.string()),
        ("description", pa.string()), ("source_row", pa.int64()),
    ]
)  # fmt: skip
SIDECAR_VERSION = 1


def keep(layout: Layout, *, about: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> bool:
    """Keep an invoice; False where the same bytes are kept already.

    Parameters
    ----------
    about
        name, format, sha256 of the source, records, skipped, notes, imported_at.
    lines
        Rows of `SCHEMA`.
    """
    invoice = str(about["sha256"])[:16]
    sidecar = layout.invoices / f"{invoice}.json"
    if sidecar.exists():
        return False
    layout.invoices.mkdir(parents=True, exist_ok=True, mode=0o700)
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = layout.staging / f"{invoice}.parquet"
    pq.write_table(pa.Table.from_pylist(list(lines), schema=SCHEMA), staged, compression="zstd")
    digest = files.sha256_of(staged)
    files.move(staged, layout.invoices / staged.name)
    kept = {**about, "invoice": invoice, "lines": len(lines), "lines_sha256": digest,
            "sidecar_version": SIDECAR_VERSION}  # fmt: skip
    files.write_json(sidecar, kept, staging=layout.staging)
    return True


def kept(layout: Layout) -> list[dict[str, Any]]:
    """Return the sidecar of every kept invoice, in the order they were imported.

    Raises
    ------
    StoreError
        If one is damaged.
    """
    found = []
    for path in sorted(layout.invoices.glob("*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise StoreError(
                f"{path}: this invoice's record cannot be read ({error}). Restore it, or remove it "
                "and the file of the same name and import the invoice again."
            ) from error
    return sorted(found, key=lambda one: (str(one["imported_at"]), str(one["invoice"])))


def lines(layout: Layout, *, known_at: datetime | None = None) -> Iterator[dict[str, Any]]:
    """Yield every line that counts, with the file it came from.

    A later file of the same provider and invoice id corrects the earlier one: its lines replace
    them. Lines without an invoice id add up. With `known_at` (naive UTC) only files imported by
    then are looked at.
    """
    tables = [
        (one, _read(layout, one))
        for one in kept(layout)
        if known_at is None or _imported(one) <= known_at
    ]
    last: dict[tuple[str, str], str] = {}
    for one, rows in tables:
        for row in rows:
            if row["invoice_id"]:
                last[row["provider"], row["invoice_id"]] = one["invoice"]
    for one, rows in tables:
        for row in rows:
            corrected = last.get((row["provider"], row["invoice_id"] or ""), one["invoice"])
            if corrected == one["invoice"]:
                yield {**row, "file": one["name"]}


def _imported(one: Mapping[str, Any]) -> datetime:
    at = datetime.fromisoformat(str(one["imported_at"]))
    return at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def query(layout: Layout) -> str:
    """Return SQL of the lines that count, with their amount in USD; typed and empty without any."""
    chosen = (
        "provider, model, month, charge_from, charge_to, kind, invoice_id, description, source_row, "
        "CAST(CAST(billed_pico AS DECIMAL(38,0)) * CAST(0.000000000001 AS DECIMAL(13,12)) "
        "AS DECIMAL(38,12)) AS billed_cost_usd"
    )
    parts = [
        f"SELECT *, {place} AS place, {_text(one['name'])} AS file "
        f"FROM read_parquet({_text(str(_path(layout, one)))})"
        for place, one in enumerate(kept(layout))
    ]
    if not parts:
        empty = ", ".join(f"CAST(NULL AS {_SQL[field.type]}) AS {field.name}" for field in SCHEMA)
        parts = [f"SELECT {empty}, 0 AS place, CAST(NULL AS VARCHAR) AS file WHERE false"]
    return (
        f"SELECT {chosen}, file FROM ({' UNION ALL '.join(parts)}) QUALIFY invoice_id IS NULL "
        "OR place = max(place) OVER (PARTITION BY provider, invoice_id)"
    )


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_SQL = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.timestamp("us"): "TIMESTAMP"}


def damage(layout: Layout) -> list[str]:
    """Return a sentence for each kept invoice that is missing or changed."""
    found = []
    for one in kept(layout):
        path = _path(layout, one)
        if not path.is_file():
            found.append(f"{path} is missing; the invoice {one['name']} needs it.")
        elif files.sha256_of(path) != one["lines_sha256"]:
            found.append(f"{path} has changed since it was imported (sha256 differs).")
    return found


def _path(layout: Layout, one: Mapping[str, Any]) -> Path:
    return layout.invoices / f"{Path(str(one['invoice'])).name}.parquet"


def _read(layout: Layout, one: Mapping[str, Any]) -> list[dict[str, Any]]:
    path = _path(layout, one)
    try:
        rows = pq.ParquetFile(path).read().to_pylist()  # read_table would import pandas
        return [{name: row.get(name) for name in SCHEMA.names} for row in rows]
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path}: cannot be read ({error}). Import the invoice again.") from error

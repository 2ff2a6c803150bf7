"""One file on its way to staged Parquet: what the steps share, and the statement that is run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workbench import segment_rows
from workbench.errors import IngestError
from workbench.ingest import csv_lines, json_array
from workbench.ingest.batch import Connection
from workbench.ingest.cells import quoted
from workbench.ingest.formats import Recognised
from workbench.ingest.prepare import Prepared
from workbench.ingest.statement import (
    Plan,
    exact_numbers,
    lacking_columns,
)
from workbench.ingest.table import Table, table_of, uniform_json_lines

SMALL_BYTES = 4 * 1024 * 1024
STAGED_ROWS = "staged_rows"
_COPY = (
    "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARQUET_VERSION v2, "
    "DICTIONARY_SIZE_LIMIT 1000, ROW_GROUP_SIZE 30720)"
)
"""Delta pages and small dictionaries: a quarter less time and a seventh less space than the
defaults, and no slower to read. Row groups a quarter of the default size stay in the processor's
cache while they are written, for a hundredth more space."""


@dataclass(slots=True, kw_only=True)
class Work:
    """What the steps of one file share."""

    connection: Connection
    recognised: Recognised
    prepared: Prepared
    plan: Plan
    staging: Path
    user_key: bytes
    problems: dict[int, str] = field(default_factory=dict)
    """Record number -> what is wrong, found before the statement ran."""
    notes: list[str] = field(default_factory=list)
    together: bool = False
    """Whether the rows are those of several small files, told apart by the column `part`."""

    @property
    def at(self) -> str:
        """Column of the instant a row belongs to."""
        return "occurred_at" if self.plan.reader.kind == "outcomes" else "started_at"

    @property
    def staged(self) -> Path:
        """File of all records, good or not."""
        return self.file("staged.parquet")

    @property
    def small(self) -> bool:
        """Whether the staged rows are held in a temporary table: a file costs more than its rows."""
        return self.together or self.prepared.end <= SMALL_BYTES

    @property
    def relation(self) -> str:
        """SQL of the staged rows, every column of the dictionary among them."""
        rows = STAGED_ROWS if self.small else f"read_parquet({quoted(str(self.staged))})"
        lacking = lacking_columns(self.plan)
        part = ", part" if self.together else ""
        return f"(SELECT {segment_rows.whole(lacking)}{part} FROM {rows})" if lacking else rows

    def file(self, end: str) -> Path:
        """Return a path in the staging folder that belongs to this file."""
        return self.staging / f"{self.plan.source_id}.{end}"

    def copy(self, select: str, target: Path, parameters: list[bytes] | None = None) -> int:
        """Write a query's rows as Parquet; return their number."""
        statement = f"COPY ({select}) TO {quoted(str(target))} {_COPY}"
        return int(run(self.connection, statement, parameters)[0][0])


def run(connection: Connection, query: str, parameters: list[bytes] | None = None) -> list[tuple]:
    """Run one statement and return its rows."""
    result = connection.execute(query, parameters) if parameters else connection.execute(query)
    return result.fetchall()


def begin(
    connection: Connection,
    recognised: Recognised,
    prepared: Prepared,
    *,
    constants: dict[str, str],
    staging: Path,
    source_id: str,
    user_key: bytes,
) -> Work:
    """Look at the columns of the prepared file and decide how it is read."""
    if recognised.container in ("otlp", "array"):
        _flatten(recognised, prepared, staging / f"{source_id}.clean")
    plan = Plan(
        reader=recognised.reader,
        table=_table(connection, recognised, prepared),
        constants=constants,
        source_id=source_id,
        first_row=prepared.first_row,
        most_rows=prepared.most_records,
    )
    _refuse_missing_constants(plan)
    return Work(
        connection=connection,
        recognised=recognised,
        prepared=prepared,
        plan=plan,
        staging=staging,
        user_key=user_key,
        notes=list(prepared.notes),
    )


def _table(connection: Connection, recognised: Recognised, prepared: Prepared) -> Table:
    """Return the columns of the file; those that hold numbers alone are read as numbers."""
    shape = prepared.shape
    if shape is None or shape.pairs <= 0:
        return table_of(connection, prepared.plain, recognised)
    keys, numbers = recognised.uniform, recognised.numbers
    records = shape.pairs // len(keys)
    as_at_the_head = records * len(numbers) == shape.numbers == shape.pairs - shape.texts
    exact = exact_numbers(recognised.reader, numbers) if as_at_the_head else frozenset()
    return uniform_json_lines(prepared.plain, keys, numbers=exact)


def _flatten(recognised: Recognised, prepared: Prepared, target: Path) -> None:
    is_list = recognised.container == "array"
    flatten = json_array.flatten if is_list else recognised.reader.flatten
    if flatten is None:
        raise IngestError(f"{prepared.plain}: the {recognised.reader.name} format is not nested.")
    with target.open("w", encoding="utf-8", errors="replace") as out:
        for record in flatten(prepared.plain):
            out.write(json.dumps(record) + "\n")
    prepared.plain = target
    prepared.end = target.stat().st_size


def _refuse_missing_constants(plan: Plan) -> None:
    missing = [column for column in plan.reader.needs if column not in plan.constants]
    if missing:
        options = " ".join(f"--set {column}=…" for column in missing)
        raise IngestError(
            f"The {plan.reader.name} format does not say its {' and '.join(missing)}. "
            f"Nothing was loaded; add {options}."
        )


def raw_records(work: Work) -> Iterator[bytes]:
    """Yield the raw records of the prepared file, in order, for hashes and excerpts."""
    prepared, recognised = work.prepared, work.recognised
    if recognised.container == "parquet":
        yield from _parquet_records(prepared.plain)
    elif recognised.container == "csv":
        found = csv_lines.records(
            prepared.plain, delimiter=recognised.delimiter, skip_lines=prepared.skip_lines
        )
        yield from (record.raw for record in found if record)
    else:
        with prepared.plain.open("rb") as file:
            yield from (line.rstrip(b"\r\n") for line in file if line.strip())


def _parquet_records(path: Path) -> Iterator[bytes]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches(batch_size=4096):
        for row in batch.to_pylist():
            yield json.dumps(row, default=str).encode()

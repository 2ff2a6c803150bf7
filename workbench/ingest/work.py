"""One file on its way to staged Parquet: what the steps share, and the statement that is run."""

import contextlib
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
from workbench.ingest.source import count_blank
from workbench.ingest.statement import (
    NOT_UNIFORM,
    Plan,
    exact_numbers,
    lacking_columns,
    staged_select,
    texts,
    users_statement,
)
from workbench.ingest.table import Table, rewritten_csv, table_of, uniform_json_lines
from workbench.ingest.users import HASHED_AHEAD

_PROBE_ROWS = 4_000
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


def write_staged(work: Work) -> int:
    """Write every record of the file as one row; return the number of records.

    Raises
    ------
    IngestError
        If the rows cannot be held against the lines of the file.
    """
    if work.recognised.container == "csv":
        return _write_csv(work)
    written = _write_uniform(work) if work.plan.table.uniform else -1
    if written < 0:
        _mark_repeated_keys(work)
        written = _write(work)
    prepared = work.prepared
    if prepared.line_format and written != prepared.lines:
        prepared.blank = count_blank(prepared.plain, end=prepared.end)
    return written


def _write_uniform(work: Work) -> int:
    """Read a file whose records all have the same keys, or find that it is not one and return -1.

    Every record has all the keys (the statement fails otherwise), and the bytes hold no more
    keys than that: so there is no unknown key and none is given twice, and the pass over the
    file that lists its keys, a third of all time, is spared. Columns read as numbers hold as
    many as the bytes do, and no value is anything but a text or a number from 0.
    """
    table, shape = work.plan.table, work.prepared.shape
    try:
        written = _write(work)
    except Exception as error:
        # the engine's error type cannot be named here: only the store and the kernel import it
        if NOT_UNIFORM not in str(error):
            raise
        written = -1
    if shape and written * len(table.present) == shape.pairs:
        numbers = written * len(work.recognised.numbers)
        if not table.numbers or numbers == shape.numbers == shape.pairs - shape.texts:
            return written
    work.plan.table = table_of(work.connection, work.prepared.plain, work.recognised)
    return -1


def _write_csv(work: Work) -> int:
    """Use the engine's strict reader, and our own where that finds a fault or blank lines."""
    prepared = work.prepared
    try:
        written = _write(work)
    except Exception as error:
        # the engine's error type cannot be named here: only the store and the kernel import it
        if "CSV" not in str(error):
            raise
        written = -1
    if written == prepared.lines - prepared.header:
        return written
    target = work.file("rows")
    found = csv_lines.rewrite(
        prepared.plain,
        target,
        columns=work.recognised.columns,
        delimiter=work.recognised.delimiter,
        skip_lines=prepared.skip_lines,
    )
    work.problems = {row + prepared.first_row: text for row, text in found.problems.items()}
    work.plan.table = rewritten_csv(target, work.recognised)
    work.plan.most_rows = None
    written = _write(work)
    target.unlink()
    prepared.blank = found.blank
    prepared.lines = found.records + found.blank + prepared.header
    return written


def _mark_repeated_keys(work: Work) -> None:
    """Find the objects that give one key twice: which value is meant cannot be known."""
    if not work.plan.table.repeated:
        return
    for row, line in enumerate(raw_records(work), start=work.prepared.first_row + 1):
        twice = _keys_given_twice(line)
        if twice:
            work.problems[row] = f"the object gives {', '.join(twice)} more than once"


def _keys_given_twice(line: bytes) -> list[str]:
    """Return the keys that the outermost object of a line repeats; it is the last one closed."""
    last: list[str] = []

    def remember(pairs: list[tuple[str, object]]) -> None:
        last[:] = [key for key, _ in pairs]

    try:
        json.loads(line, object_pairs_hook=remember)
    except (ValueError, RecursionError):
        return []
    return sorted({key for key in last if last.count(key) > 1})


def _write(work: Work) -> int:
    parameters = _parameters(work)
    if work.small:
        table = f"CREATE OR REPLACE TEMP TABLE {STAGED_ROWS} AS {staged_select(work.plan)}"
        return int(run(work.connection, table, parameters)[0][0])
    probe = f"({staged_select(work.plan, limit=_PROBE_ROWS)})"
    ordered = _has_steps_back(work, probe, parameters)
    with _users_ahead(work, parameters):
        written = work.copy(staged_select(work.plan, ordered=ordered), work.staged, parameters)
    if not ordered and _has_steps_back(work, work.relation):
        sorted_file = work.file("sorted.parquet")
        staged = f"read_parquet({quoted(str(work.staged))})"
        work.copy(f"SELECT * FROM {staged} ORDER BY {work.at}", sorted_file)
        sorted_file.replace(work.staged)
    return written


@contextlib.contextmanager
def _users_ahead(work: Work, parameters: list[bytes] | None) -> Iterator[None]:
    """Hash the users at the head of the file once each, for as long as it is read."""
    statement = users_statement(work.plan)
    if statement is None:
        yield
        return
    run(work.connection, statement, parameters)
    work.plan.users_ahead = True
    try:
        yield
    finally:
        work.plan.users_ahead = False
        run(work.connection, f"DROP TABLE IF EXISTS {HASHED_AHEAD}")


def _has_steps_back(work: Work, relation: str, parameters: list[bytes] | None = None) -> bool:
    """Say whether the rows are out of order of time: most logs are not, and need no sorting."""
    query = (
        f"SELECT coalesce(bool_or(this < before), false) FROM (SELECT {work.at} AS this, "
        f"lag({work.at}) OVER () AS before FROM {relation})"
    )
    return bool(run(work.connection, query, parameters)[0][0])


def _parameters(work: Work) -> list[bytes] | None:
    """Return the padded keys of RFC 2104, where the statement hashes users."""
    if "user_id" not in texts(work.plan):
        return None
    if not work.user_key:
        raise IngestError(
            "The workspace has no key to hash users with. Run `workbench init` in it."
        )
    key = work.user_key.ljust(64, b"\0")
    return [bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)]


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

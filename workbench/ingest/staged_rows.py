"""Every record of one file as a typed row, staged: the ways to read it, from fast to patient.

A file that seems to have the same keys in every record is read so first; where it turns out not to
be one, its keys are listed and it is read again. Whatever the way, the rows are the same.
"""

import contextlib
import json
from collections.abc import Iterator

from workbench.errors import IngestError
from workbench.ingest import csv_lines
from workbench.ingest.cells import quoted
from workbench.ingest.clean_copy import count_blank
from workbench.ingest.statement import NOT_UNIFORM, staged_select, texts, users_statement
from workbench.ingest.table import rewritten_csv, table_of
from workbench.ingest.users import HASHED_AHEAD
from workbench.ingest.work import STAGED_ROWS, Work, raw_records, run

_PROBE_ROWS = 4_000


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

"""A source as a table of text: which keys or columns it has, and the SQL that reads them."""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from workbench.errors import IngestError, shown
from workbench.ingest.batch import Connection
from workbench.ingest.cells import name, quoted
from workbench.ingest.formats import Recognised
from workbench.ingest.reader import Reader
from workbench.ingest.source import MOST_LINE_BYTES

TAG_PREFIX = "x_"
_JSON_OPTIONS = f"format = 'newline_delimited', maximum_object_size = {MOST_LINE_BYTES + 1024}, ignore_errors = true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What of a source is read: SQL of a relation of text columns, in the order of its records."""

    relation: str
    present: tuple[str, ...]
    """Columns the source has, in its order."""
    tags: tuple[str, ...]
    """Those that are kept as tags."""
    repeated: tuple[str, ...] = ()
    """Keys that some object of a JSON file gives twice."""
    uniform: bool = False
    """Whether every record is taken to have all columns; one that has not is an error."""
    numbers: frozenset[str] = frozenset()
    """Of the columns, those read as DOUBLE instead of text; a number that is not exact so, and
    anything that is none, is an error."""


def json_lines(connection: Connection, path: Path, reader: Reader) -> Table:
    """Read a JSON-lines file; a line that is no object becomes one row of NULLs.

    Row n is the n-th line that is not blank.
    """
    objects = f"read_json_objects({quoted(str(path))}, {_JSON_OPTIONS})"
    shapes = connection.execute(
        f"SELECT json_keys(json) AS keys, count(*) FROM {objects} GROUP BY keys"
    ).fetchall()
    keys = list(dict.fromkeys(key for shape, _ in shapes for key in shape or ()))
    repeated = {key for shape, _ in shapes if shape for key in shape if shape.count(key) > 1}
    used, tags = _used(path, reader, keys)
    relation = _json_relation(path, used + tags)
    return Table(relation=relation, present=used, tags=tags, repeated=tuple(sorted(repeated)))


def csv_file(path: Path, recognised: Recognised) -> Table:
    """Read a CSV with the engine's strict reader: any row of another width is an error."""
    used, tags = _used(path, recognised.reader, list(recognised.columns))
    columns = ", ".join(f"{name(column)}: 'VARCHAR'" for column in recognised.columns)
    relation = (
        f"read_csv({quoted(str(path))}, auto_detect = false, header = true, strict_mode = true, "
        f"null_padding = false, delim = {quoted(recognised.delimiter)}, quote = '\"', escape = '\"', "
        f"max_line_size = {MOST_LINE_BYTES + 1024}, columns = {{{columns}}})"
    )
    return Table(relation=_only(used + tags, relation), present=used, tags=tags)


def rewritten_csv(path: Path, recognised: Recognised) -> Table:
    """Read a CSV that was rewritten as JSON lines, record by record."""
    used, tags = _used(path, recognised.reader, list(recognised.columns))
    return Table(relation=_json_relation(path, used + tags), present=used, tags=tags)


def _only(columns: tuple[str, ...], relation: str) -> str:
    return f"(SELECT {', '.join(map(name, columns))} FROM {relation})"


def _json_relation(path: Path, keys: tuple[str, ...], numbers: frozenset[str] = frozenset()) -> str:
    columns = ", ".join(
        f"{name(key)}: '{'DOUBLE' if key in numbers else 'VARCHAR'}'" for key in keys
    )
    return f"read_json({quoted(str(path))}, {_JSON_OPTIONS}, columns = {{{columns}}})"


def parquet(connection: Connection, path: Path, reader: Reader) -> Table:
    """Read a Parquet file; every column is taken as text, instants in UTC."""
    source = f"read_parquet({quoted(str(path))})"
    described = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    used, tags = _used(path, reader, [row[0] for row in described])
    columns = ", ".join(f"CAST({name(key)} AS VARCHAR) AS {name(key)}" for key in used + tags)
    return Table(relation=f"(SELECT {columns} FROM {source})", present=used, tags=tags)


def _used(path: Path, reader: Reader, keys: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys the reader reads and those kept as tags; refuse what it does not know."""
    used = tuple(key for key in keys if key in reader.inputs)
    if not reader.strict:
        return used, ()
    tags = tuple(key for key in keys if key.startswith(TAG_PREFIX))
    unknown = [key for key in keys if key not in reader.inputs and key not in tags]
    if unknown:
        raise IngestError(
            f"{path}: unknown column {shown([_near(key, reader) for key in unknown])}. "
            f"Nothing was loaded. Columns of the format are in the data dictionary; a column "
            f"of your own is kept as a tag if its name starts with {TAG_PREFIX}."
        )
    if not used:
        raise IngestError(
            f"{path}: no column of the {reader.name} format in it; found {shown(keys)}."
        )
    return used, tags


def _near(key: str, reader: Reader) -> str:
    near = get_close_matches(key.lower(), reader.inputs, n=1)
    return f"{key!r} (did you mean {near[0]!r}?)" if near else repr(key)


def uniform_json_lines(
    path: Path, keys: tuple[str, ...], *, numbers: frozenset[str] = frozenset()
) -> Table:
    """Read JSON lines of which the head says that all have the same keys, without looking first."""
    relation = _json_relation(path, keys, numbers)
    return Table(relation=relation, present=keys, tags=(), uniform=True, numbers=numbers)


def table_of(connection: Connection, path: Path, recognised: Recognised) -> Table:
    """Return the file as a table of text."""
    if recognised.container == "parquet":
        return parquet(connection, path, recognised.reader)
    if recognised.container == "csv":
        return csv_file(path, recognised)
    return json_lines(connection, path, recognised.reader)

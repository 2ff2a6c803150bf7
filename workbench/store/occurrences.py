"""Where in the workspace a person's identifier still stands: every value of every file, decoded."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from workbench.store.layout import Layout
from workbench.store.subject import Finder

BLOCK_BYTES = 1 << 20
_VALUES = 5_000
FREE = ("excerpt", "reason", "tags", "text", "content", "notes")
"""Columns whose values may hold an id among other words."""
DAMAGED = (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, duckdb.Error)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place that holds the subject."""

    file: str
    """Below the workspace."""
    where: str
    """Column, table and column, `bytes`, or `name` where the file's own name holds it."""


def occurrences(layout: Layout, terms: Sequence[str]) -> list[Occurrence]:
    """Search all files of the workspace but its keys; columns are decoded, archives unpacked.

    Parameters
    ----------
    layout
        The workspace. No process may have the catalog open for writing.
    terms
        Identifiers of one person: the hash, and the plain id where it is known.
    """
    return places(layout, Finder(terms))


def places(layout: Layout, finder: Finder) -> list[Occurrence]:
    """Search all files of the workspace but its keys for what the finder knows."""
    return places_in(layout, layout.root, finder)


def places_in(layout: Layout, folder: Path, finder: Finder) -> list[Occurrence]:
    """Search the files below a folder of the workspace."""
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and layout.secrets not in path.parents
    ]
    found: list[Occurrence] = []
    with duckdb.connect() as connection:
        _tell(connection, finder)
        alike = _of_alike(connection, paths, finder)
        for path in paths:
            name = str(path.relative_to(layout.root))
            where = alike[path] if path in alike else _places(connection, path, finder)
            found += [Occurrence(name, one) for one in where]
            if finder.is_in(name.encode()):
                found.append(Occurrence(name, "name"))
    return found


def _tell(connection: duckdb.DuckDBPyConnection, finder: Finder) -> None:
    """Put the ids into a table of the connection, once for all files."""
    connection.execute("SET threads = 1")  # more would take longer over small files
    connection.execute("CREATE TEMP TABLE sought_ids (v VARCHAR)")
    if finder.ids:
        connection.execute("INSERT INTO sought_ids SELECT unnest(?::VARCHAR[])", [list(finder.ids)])


def _of_alike(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], finder: Finder
) -> dict[Path, list[str]]:
    """Search Parquet files of the same columns in one statement; damaged ones are left out."""
    alike: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for path in paths:
        if path.suffix == ".parquet":
            try:
                columns = pq.read_schema(path)
            except (OSError, pa.ArrowException):
                continue
            key = tuple((one.name, str(one.type)) for one in columns)
            alike.setdefault(key, []).append(path)
    found: dict[Path, list[str]] = {}
    for group in alike.values():
        listed = ", ".join(f"'{_escaped(path)}'" for path in group)
        try:
            if not _holding(connection, f"read_parquet([{listed}])", finder):
                found |= {path: [] for path in group}
        except DAMAGED:
            continue  # each by itself
    return found


def _places(connection: duckdb.DuckDBPyConnection, path: Path, finder: Finder) -> Iterator[str]:
    try:
        if path.suffix == ".parquet":
            yield from _holding(connection, f"read_parquet('{_escaped(path)}')", finder)
            return
        if path.suffix == ".duckdb":
            yield from _tables_holding(connection, path, finder)
            return
    except DAMAGED:
        pass  # not what its name says: its raw bytes are searched
    if holds(path, finder):
        yield "bytes"


def columns_holding(path: Path, finder: Finder) -> list[str]:
    """Return the text columns of a Parquet file in which an identifier stands."""
    with duckdb.connect() as connection:
        _tell(connection, finder)
        return _holding(connection, f"read_parquet('{_escaped(path)}')", finder)


def _tables_holding(
    connection: duckdb.DuckDBPyConnection, path: Path, finder: Finder
) -> Iterator[str]:
    connection.execute(f"ATTACH '{_escaped(path)}' AS searched (READ_ONLY)")
    try:
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'searched'"
        ).fetchall()
        for schema, table in tables:
            for column in _holding(connection, f'searched."{schema}"."{table}"', finder):
                yield f"{table}.{column}"
    finally:
        connection.execute("DETACH searched")


def _holding(connection: duckdb.DuckDBPyConnection, relation: str, finder: Finder) -> list[str]:
    """Return the text columns that hold an identifier: one pass over the relation."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    texts = [
        str(column)
        for column, kind, *_ in described
        if any(word in kind for word in ("VARCHAR", "BLOB", "JSON"))
    ]
    if not texts:
        return []
    tests = []
    for column in texts:
        text = f"""CAST("{column.replace('"', '""')}" AS VARCHAR)"""
        is_id = f"{text} IN (SELECT v FROM sought_ids)"
        some = " OR ".join(f"contains({text}, {_quoted(one)})" for one in finder.terms)
        named = f" OR (({some}) AND regexp_matches({text}, $text))" if finder.pattern else ""
        tests.append(f"coalesce(bool_or({is_id}{named}), false)")
    values = {"text": finder.pattern} if finder.pattern else {}
    row = connection.execute(f"SELECT {', '.join(tests)} FROM {relation}", values).fetchone()
    found = [column for column, is_there in zip(texts, row or (), strict=True) if is_there]
    free = [one for one in texts if one in FREE and one not in found]
    return [*found, *(one for one in free if _said(connection, relation, one, finder))]


def _said(
    connection: duckdb.DuckDBPyConnection, relation: str, column: str, finder: Finder
) -> bool:
    """Say whether an id stands inside a value of a column of free text."""
    values = connection.execute(f'SELECT DISTINCT CAST("{column}" AS VARCHAR) FROM {relation}')
    while part := values.fetchmany(_VALUES):
        if finder.is_in("\n".join(one for (one,) in part if one).encode()):
            return True
    return False


def holds(path: Path, finder: Finder) -> bool:
    """Return whether an identifier stands in the (decompressed) bytes of a file."""
    tail = b""
    for block in blocks(path):
        seen = tail + block
        if finder.is_in(seen):
            return True
        tail = seen[-finder.longest - 2 :]
    return False


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, decompressed; raw where it is damaged or wrongly named."""
    try:
        with open_plain(path) as file:
            yield from iter(lambda: file.read(BLOCK_BYTES), b"")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    yield name.encode()
                    with archive.open(name) as member:
                        yield from iter(lambda: member.read(BLOCK_BYTES), b"")
    except DAMAGED:
        with path.open("rb") as raw:
            yield from iter(lambda: raw.read(BLOCK_BYTES), b"")


def open_plain(path: Path):  # noqa: ANN201 - three kinds of binary file
    """Open a file for reading its decompressed bytes, by its suffix."""
    if path.suffix == ".gz":
        return gzip.open(path)
    if path.suffix == ".zst":
        reader = zstandard.open(path, "rb", dctx=zstandard.ZstdDecompressor())
        return io.BufferedReader(reader, BLOCK_BYTES)  # the reader itself reads no lines
    return path.open("rb")


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

"""Where in the workspace a person's identifier still stands: every value of every file, decoded."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import zstandard

from workbench.store.layout import Layout
from workbench.store.subject import Finder

BLOCK_BYTES = 1 << 20
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
    found: list[Occurrence] = []
    for path in sorted(layout.root.rglob("*")):
        if not path.is_file() or layout.secrets in path.parents:
            continue
        name = str(path.relative_to(layout.root))
        found += [Occurrence(name, where) for where in _places(path, finder)]
        if finder.is_in(name.encode()):
            found.append(Occurrence(name, "name"))
    return found


def _places(path: Path, finder: Finder) -> Iterator[str]:
    try:
        if path.suffix == ".parquet":
            yield from columns_holding(path, finder)
            return
        if path.suffix == ".duckdb":
            yield from _tables_holding(path, finder)
            return
    except DAMAGED:
        pass  # not what its name says: its raw bytes are searched
    if holds(path, finder):
        yield "bytes"


def columns_holding(path: Path, finder: Finder) -> list[str]:
    """Return the text columns of a Parquet file in which an identifier stands."""
    with duckdb.connect() as connection:
        relation = f"read_parquet('{_escaped(path)}')"
        return _holding(connection, relation, finder)


def _tables_holding(path: Path, finder: Finder) -> Iterator[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (table,) in tables:
            for column in _holding(connection, f'"{table}"', finder):
                yield f"{table}.{column}"


def _holding(connection: duckdb.DuckDBPyConnection, relation: str, finder: Finder) -> list[str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    found = []
    for column, kind, *_ in described:
        if not any(word in kind for word in ("VARCHAR", "BLOB", "JSON")):
            continue
        named = '"' + str(column).replace('"', '""') + '"'
        row = connection.execute(
            f"SELECT 1 FROM {relation} WHERE ($text <> '' AND "
            f"regexp_matches(CAST({named} AS VARCHAR), $text)) "
            f"OR CAST({named} AS VARCHAR) IN (SELECT unnest($ids::VARCHAR[])) LIMIT 1",
            {"text": finder.pattern, "ids": list(finder.ids)},
        ).fetchall()
        if row:
            found.append(str(column))
    return found


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

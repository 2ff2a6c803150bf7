"""Where in the workspace a person's identifier still stands: every value of every file, decoded."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import zstandard

from workbench.store.layout import Layout

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place that holds the subject."""

    file: str
    """Below the workspace."""
    where: str
    """Column, table and column, or `bytes`."""


def occurrences(layout: Layout, terms: Sequence[str]) -> list[Occurrence]:
    """Search all files of the workspace but its keys; columns are decoded, archives unpacked.

    Parameters
    ----------
    layout
        The workspace. No process may have the catalog open for writing.
    terms
        Identifiers of one person: the hash, and the plain id where it is known.
    """
    found: list[Occurrence] = []
    for path in sorted(layout.root.rglob("*")):
        if not path.is_file() or layout.secrets in path.parents:
            continue
        name = str(path.relative_to(layout.root))
        found += [Occurrence(name, where) for where in _places(path, terms)]
    return found


def _places(path: Path, terms: Sequence[str]) -> Iterator[str]:
    if path.suffix == ".parquet":
        yield from columns_holding(path, terms)
    elif path.suffix == ".duckdb":
        yield from _tables_holding(path, terms)
    elif holds(path, terms):
        yield "bytes"


def columns_holding(path: Path, terms: Sequence[str]) -> list[str]:
    """Return the text columns of a Parquet file in which a term stands."""
    with duckdb.connect() as connection:
        relation = f"read_parquet('{_escaped(path)}')"
        return _holding(connection, relation, terms)


def _tables_holding(path: Path, terms: Sequence[str]) -> Iterator[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (table,) in tables:
            for column in _holding(connection, f'"{table}"', terms):
                yield f"{table}.{column}"


def _holding(
    connection: duckdb.DuckDBPyConnection, relation: str, terms: Sequence[str]
) -> list[str]:
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    found = []
    for column, kind, *_ in described:
        if not any(word in kind for word in ("VARCHAR", "BLOB", "JSON")):
            continue
        named = '"' + str(column).replace('"', '""') + '"'
        tests = " OR ".join(f"contains(CAST({named} AS VARCHAR), ?)" for _ in terms)
        row = connection.execute(
            f"SELECT 1 FROM {relation} WHERE {tests} LIMIT 1", list(terms)
        ).fetchall()
        if row:
            found.append(str(column))
    return found


def holds(path: Path, terms: Sequence[str]) -> bool:
    """Return whether a term stands in the (decompressed) bytes of a file."""
    wanted = [term.encode() for term in terms]
    overlap = max(len(one) for one in wanted) - 1
    tail = b""
    for block in _blocks(path):
        seen = tail + block
        if any(one in seen for one in wanted):
            return True
        tail = seen[-overlap:] if overlap else b""
    return False


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as raw:
        try:
            if path.suffix == ".gz":
                with gzip.open(raw) as file:
                    yield from iter(lambda: file.read(BLOCK_BYTES), b"")
                return
            if path.suffix == ".zst":
                reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
                yield from iter(lambda: reader.read(BLOCK_BYTES), b"")
                return
        except (OSError, EOFError, zlib.error, zstandard.ZstdError):
            raw.seek(0)  # damaged or named wrongly: its raw bytes are searched instead
        yield from iter(lambda: raw.read(BLOCK_BYTES), b"")


def _escaped(path: Path) -> str:
    return str(path).replace("'", "''")

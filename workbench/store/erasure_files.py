"""A person in the files that lie in the workspace outside the store: logs, exports, evidence.

Exports can be made again and go whole. In logs and tables the person's records go, line by
line or row by row; an id shared with others is blanked in theirs. Elsewhere the identifier is
replaced. What is not text stays, and the certificate lists it. Sources outside the workspace
are their owner's.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import zstandard

from workbench.store import files, packets
from workbench.store.erasure_sql import escaped, text_columns
from workbench.store.layout import Layout
from workbench.store.occurrences import BLOCK_BYTES, DAMAGED, columns_holding, holds, open_plain
from workbench.store.signing import signing_key
from workbench.store.subject import Finder, Subject, user_hash

LINES = (".jsonl", ".ndjson", ".csv", ".tsv", ".log", ".txt")
TABLES = (".csv", ".tsv")
PACKED = (".gz", ".zst")
BLANK = b"[erased]"
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def kept_outside(layout: Layout) -> Iterator[Path]:
    """Yield the files of the workspace that are neither the store's nor keys."""
    apart = (layout.store, layout.secrets)
    for path in sorted(layout.root.rglob("*")):
        inside = any(folder in path.parents for folder in apart)
        if path.is_file() and not path.is_symlink() and not inside and path != layout.config:
            yield path


def logs_of(layout: Layout) -> Iterator[Path]:
    """Yield the logs and tables of the workspace: what may hold plain ids by the thousand."""
    for path in kept_outside(layout):
        if _kind(path) in (*LINES, ".parquet"):
            yield path


def _kind(path: Path) -> str:
    return path.with_suffix("").suffix if path.suffix in PACKED else path.suffix


def clean(layout: Layout, subject: Subject, *, at: str) -> list[str]:
    """Remove the person from every file outside the store; return the files that were changed.

    `at` is the instant of the erasure, for the notes that chained packets leave.
    """
    changed = []
    for path in kept_outside(layout):
        named = subject.own.is_in(str(path.relative_to(layout.root)).encode())
        if named or _holds(path, subject.all):
            if named or layout.root / "exports" in path.parents:
                path.unlink()
            elif not _rewrite(layout, path, subject, at=at):
                continue
            changed.append(str(path.relative_to(layout.root)))
    return changed


def _holds(path: Path, finder: Finder) -> bool:
    if path.suffix == ".parquet":
        try:
            return bool(columns_holding(path, finder))
        except DAMAGED:
            pass
    return holds(path, finder)


def _rewrite(layout: Layout, path: Path, subject: Subject, *, at: str) -> bool:
    """Write a file anew without the person; False where it cannot be."""
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.require_space(layout.staging, bytes_needed=2 * path.stat().st_size)
    staged = layout.staging / f"without.{path.name}"
    kind = _kind(path)
    try:
        if path == layout.root / packets.FILE:
            _packets(layout, path, staged, subject, at=at)
        elif path.suffix == ".parquet":
            _parquet(path, staged, subject)
        elif kind in LINES:
            _lines(path, staged, subject, kind=kind)
        else:
            _text(path, staged, subject)
    except (*DAMAGED, UnicodeDecodeError):
        staged.unlink(missing_ok=True)
        return False
    staged.chmod(path.stat().st_mode & 0o777)
    files.move(staged, path)
    return True


def _parquet(path: Path, staged: Path, subject: Subject) -> None:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 1")
        names = text_columns(connection, path)
        listed = ['"' + name.replace('"', '""') + '"' for name in names]
        tests = " OR ".join(
            f"coalesce(regexp_matches(CAST({name} AS VARCHAR), $own) OR "
            f"CAST({name} AS VARCHAR) IN (SELECT unnest($ids::VARCHAR[])), false)"
            for name in listed
        )
        ids = [name for name in ("session_id", "trace_id") if name in names]
        blank = ", ".join(
            f"CASE WHEN list_contains($shared, {name}) THEN NULL ELSE {name} END AS {name}"
            for name in ids
        )
        columns = f"* REPLACE ({blank})" if blank else "*"
        values: dict[str, object] = {"own": subject.own.pattern, "ids": list(subject.own.ids)}
        if blank:
            values["shared"] = list(subject.shared)
        rows = connection.sql(
            f"SELECT {columns} FROM read_parquet('{escaped(path)}') WHERE NOT ({tests})",
            params=values,
        )
        rows.write_parquet(str(staged), compression="zstd")


def _lines(path: Path, staged: Path, subject: Subject, *, kind: str) -> None:
    with open_plain(path) as source, _open_packed(staged, path.suffix) as target:
        for block in _blocks(_records(source, is_csv=kind in TABLES)):
            whole = b"".join(block)
            here = replace(subject.all.among(whole), shared=subject.shared)
            if not here.terms and not here.sessions:
                target.write(whole)
                continue
            for record in block:
                if not here.own.is_in(record):
                    target.write(_without(record, here.all, kind=kind))


def _packets(layout: Layout, path: Path, staged: Path, subject: Subject, *, at: str) -> None:
    """Take the person out of chained packets; what goes leaves its hashes and a signed note."""
    key = signing_key(layout.signing_key)
    with path.open("rb") as source, staged.open("wb") as target:
        for line in source:
            packet = packets.chained(line)
            goes = subject.own.is_in(line)
            if packet is None or not subject.all.is_in(line):
                target.write(b"" if goes else _without(line, subject.all, kind=".jsonl"))
                continue
            left = None if goes else json.loads(_without(line, subject.all, kind=".jsonl"))
            note = packets.amended(packet, left, at=at, key=key)
            target.write(json.dumps(note, sort_keys=True).encode() + b"\n")


def _without(record: bytes, named: Finder, *, kind: str) -> bytes:
    """Return another person's record without the ids: read again, it says nothing in their place."""
    if not named.is_in(record):
        return record
    if kind in (".jsonl", ".ndjson"):
        record = named.nulled(record)
    return named.replaced(record, b"" if kind in TABLES else BLANK)


def _blocks(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield records by the megabyte: most blocks hold nobody and are looked at once."""
    block, size = [], 0
    for one in records:
        block.append(one)
        size += len(one)
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _records(source: io.BufferedIOBase, *, is_csv: bool) -> Iterator[bytes]:
    """Yield records with their line ends; a quoted line break of a CSV does not end one."""
    held = b""
    for line in iter(source.readline, b""):
        held += line
        if not is_csv or held.count(b'"') % 2 == 0:
            yield held
            held = b""
    if held:
        yield held


def _open_packed(path: Path, suffix: str):  # noqa: ANN202 - three kinds of binary file
    if suffix == ".gz":
        return gzip.open(path, "wb", compresslevel=6)
    if suffix == ".zst":
        return zstandard.open(path, "wb", cctx=zstandard.ZstdCompressor(level=3))
    return path.open("wb")


def _text(path: Path, staged: Path, subject: Subject) -> None:
    """Replace the identifiers in a text; a file that is none raises UnicodeDecodeError."""
    with open_plain(path) as source:
        content = source.read()
    content.decode("utf-8")
    with _open_packed(staged, path.suffix) as target:
        target.write(subject.all.replaced(content, BLANK))


def plain_ids(paths: Sequence[Path], hashes: set[str], *, user_key: bytes) -> set[str]:
    """Return the plain user id in logs of the workspace that a keyed hash stands for.

    The values of the logs are hashed and compared, nothing else maps a hash back; a hash stands
    for one id, so the first that is found ends the search.
    """
    seen: set[str] = set()
    for path in paths:
        try:
            for value in _values(path):
                if value not in seen:
                    seen.add(value)
                    if user_hash(user_key, value) in hashes:
                        return {value}
        except DAMAGED:
            continue
    return set()


def _values(path: Path) -> Iterator[str]:
    if path.suffix == ".parquet":
        with duckdb.connect() as connection:
            for name in text_columns(connection, path):
                column = '"' + name.replace('"', '""') + '"'
                yield from (
                    row[0]
                    for row in connection.execute(
                        f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM "
                        f"read_parquet('{escaped(path)}') WHERE {column} IS NOT NULL"
                    ).fetchall()
                )
        return
    with open_plain(path) as source:
        kind = _kind(path)
        if kind in TABLES:
            text = io.TextIOWrapper(source, encoding="utf-8", errors="replace", newline="")
            for row in csv.reader(text, delimiter="\t" if kind == ".tsv" else ","):
                yield from row
            return
        tail = b""
        for block in iter(lambda: source.read(BLOCK_BYTES), b""):
            head, _, tail = (tail + block).rpartition(b"\n")
            yield from _strings(head)
        yield from _strings(tail)


def _strings(block: bytes) -> Iterator[str]:
    """Yield what stands between double quotes, escapes undone."""
    for part in set(_QUOTED.findall(block)):
        text = part.decode("utf-8", "replace")
        yield text
        if "\\" in text:
            try:
                yield json.loads(f'"{text}"')
            except ValueError:
                continue

"""What of a file is to be parsed: what is new, without overlong lines, and how its lines count."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import IngestError
from workbench.ingest.batch import AlreadyKnown, KnownSource
from workbench.ingest.clean_copy import LongLine, Part, copy_clean, count_blank
from workbench.ingest.formats import Recognised
from workbench.ingest.source import MOST_LINE_BYTES, UTF8_BOM, Mark, Scan, compression, scan

if TYPE_CHECKING:
    from workbench.ingest.json_shape import JsonShape


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A plain file to parse, and the facts its counts are held against."""

    plain: Path
    end: int
    """Bytes of `plain` that were hashed; a log may be growing while it is read."""
    sha256: str
    byte_length: int
    prefix_sha256: str
    lines: int = 0
    """New lines of the file, the header among them unless it was read before."""
    header: int = 0
    skip_lines: int = 0
    """Header lines of `plain`."""
    blank: int = 0
    first_row: int = 0
    """Records of the file that earlier batches read."""
    most_records: int | None = None
    long_rows: dict[int, LongLine] = field(default_factory=dict)
    resumed_from: str | None = None
    resumed_chain: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    line_format: bool = True
    shape: "JsonShape | None" = None
    """What the bytes say of the keys and values of JSON lines, where that is known."""


@dataclass(slots=True, kw_only=True)
class _Lines:
    """The new lines of a file of lines, by their place in the plain file."""

    start: int
    end: int
    newlines_before: int
    tail: bytes
    """The last line, where no line end follows it."""
    waits: bool


def prepare(
    path: Path,
    recognised: Recognised,
    *,
    known: Sequence[KnownSource],
    staging: Path,
    source_id: str,
) -> Prepared | AlreadyKnown:
    """Hash the file, find out what of it is new, and make a clean plain copy where one is needed."""
    copy = staging / f"{source_id}.plain" if compression(path) else None
    found = scan(path, known=known, plain_copy=copy, count_keys=bool(recognised.uniform))
    same = next((source for source in known if source.sha256 == found.sha256), None)
    plain = copy or path
    if same:
        return AlreadyKnown(source_id=same.source_id, path=str(path), sha256=found.sha256, notes=())
    prepared = Prepared(
        plain=plain,
        end=found.size,
        sha256=found.sha256,
        byte_length=found.size,
        prefix_sha256=found.sha256,
        shape=found.shape,
    )
    if recognised.container in ("parquet", "otlp", "array"):
        prepared.line_format = False
        return prepared
    chain = _chain(found, known)
    if chain and chain[-1].byte_length == found.size:
        last = chain[-1].source_id
        return AlreadyKnown(source_id=last, path=str(path), sha256=found.sha256, notes=())
    return _prepare_lines(path, recognised, found, prepared, chain, staging / f"{source_id}.clean")


def _chain(found: Scan, known: Sequence[KnownSource]) -> list[KnownSource]:
    """Return the batches that read the beginning of this file, the longest last."""
    ended_here = [source for source in known if source.byte_length in found.marks]
    return [
        source
        for source in sorted(ended_here, key=lambda source: source.byte_length)
        if found.marks[source.byte_length].sha256 == source.prefix_sha256
    ]


def _prepare_lines(
    path: Path,
    recognised: Recognised,
    found: Scan,
    prepared: Prepared,
    chain: list[KnownSource],
    clean: Path,
) -> Prepared:
    is_csv = recognised.container == "csv"
    start = found.marks[chain[-1].byte_length] if chain else None
    lines = _new_lines(path, prepared.plain, found, start, recognised)
    header = recognised.header_line if is_csv else b""
    prepared.skip_lines = int(is_csv)
    prepared.header = int(is_csv and not chain)
    newlines = found.newlines - lines.newlines_before
    prepared.lines = newlines + bool(lines.tail and not lines.waits)
    if lines.waits:
        prepared.byte_length = found.size - found.tail_bytes
        prepared.prefix_sha256 = found.complete_sha256
        prepared.notes.append(
            f"the last line ({found.tail_bytes:,} bytes) is unfinished and waits for the next ingest"
        )
    if start:
        blank = count_blank(prepared.plain, end=start.length)
        prepared.first_row = lines.newlines_before - blank - int(is_csv)
        prepared.resumed_from = chain[-1].source_id
        prepared.resumed_chain = tuple(source.source_id for source in chain)
        prepared.notes.append(f"grown file: its first {start.length:,} bytes were read before")
    long_lines = {
        number - lines.newlines_before: length
        for number, length in found.long_lines.items()
        if number > lines.newlines_before
    }
    if lines.start or long_lines or lines.waits:
        marker = (
            recognised.delimiter.encode() * (len(recognised.columns) - 1) if is_csv else b"null"
        )
        part = Part(
            start=lines.start,
            end=lines.end,
            header=header if start else b"",
            long_lines=long_lines,
            marker=marker,
        )
        cut = copy_clean(prepared.plain, clean, part=part)
        prepared.shape = None
        prepared.plain, prepared.end = clean, clean.stat().st_size
        _number_long(prepared, cut, lines_before=int(bool(start and is_csv)))
    prepared.most_records = prepared.lines
    return prepared


def _new_lines(
    path: Path, plain: Path, found: Scan, start: Mark | None, recognised: Recognised
) -> _Lines:
    begin, newlines = (0, 0)
    if start:
        begin, newlines = _begin(path, plain, start)
    with plain.open("rb") as file:
        if not start and file.read(3) == UTF8_BOM:
            begin = len(UTF8_BOM)
        overlong = found.tail_bytes > MOST_LINE_BYTES
        file.seek(found.size - found.tail_bytes)
        tail = file.read(400 if overlong else found.tail_bytes)
    waits = bool(tail) and not overlong and not _finished(tail, recognised)
    end = found.size - found.tail_bytes if waits else found.size
    return _Lines(start=begin, end=end, newlines_before=newlines, tail=tail, waits=waits)


def _finished(tail: bytes, recognised: Recognised) -> bool:
    """Say whether a last line without a line end is a whole record (or blank)."""
    if not tail.strip():
        return True
    text = tail.decode("utf-8", errors="replace")
    if recognised.container == "csv":
        fields = next(csv.reader(io.StringIO(text), delimiter=recognised.delimiter), [])
        return len(fields) == len(recognised.columns)
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _number_long(prepared: Prepared, cut: dict[int, LongLine], *, lines_before: int) -> None:
    """Turn numbers of cut lines into record numbers: the header and blank lines do not count."""
    if not cut:
        return
    row = prepared.first_row
    with prepared.plain.open("rb") as file:
        for number, line in enumerate(file, start=1):
            row += bool(line.strip()) and number > prepared.skip_lines
            if number - lines_before in cut:
                prepared.long_rows[row] = cut[number - lines_before]


def _begin(path: Path, plain: Path, start: Mark) -> tuple[int, int]:
    """Return where the new lines begin, and the line ends before that place.

    A line that had no end when it was read has got one since; it is not a new line.
    """
    with plain.open("rb") as file:
        file.seek(start.length - 1)
        before, after = file.read(1), file.read(2)
    if before == b"\n":
        return start.length, start.newlines
    if after[:1] == b"\n":
        return start.length + 1, start.newlines + 1
    if after == b"\r\n":
        return start.length + 2, start.newlines + 1
    raise IngestError(
        f"{path}: its last line looked complete when it was read, and has been continued since. "
        "Nothing was loaded, since that line's record can no longer be trusted. A log may only "
        "grow by whole lines: save the changed file under another name and ingest it whole; "
        "records that were loaded before are recognised."
    )

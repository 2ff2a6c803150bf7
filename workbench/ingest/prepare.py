"""What of a file is to be parsed: what is new, without overlong lines, and how its lines count."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import IngestError
from workbench.ingest.batch import AlreadyKnown, KnownSource
from workbench.ingest.formats import Recognised
from workbench.ingest.quarantine import line_records
from workbench.ingest.source import (
    MOST_LINE_BYTES,
    UTF8_BOM,
    LongLine,
    Mark,
    Scan,
    compression,
    copy_clean,
    count_blank,
    scan,
)

LONG_LINE_MARKER = b"null"
"""Stands where an overlong line was cut out, so that records keep their numbers."""


@dataclass(slots=True, kw_only=True)
class Prepared:
    """A plain file to parse, and the facts its counts are held against."""

    plain: Path
    sha256: str
    byte_length: int
    prefix_sha256: str
    lines: int
    header: int = 0
    blank: int = 0
    first_row: int = 0
    """Records of the file that earlier batches read."""
    most_records: int | None = None
    long_rows: dict[int, LongLine] = field(default_factory=dict)
    resumed_from: str | None = None
    resumed_chain: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    line_format: bool = True
    most_line_bytes: int = MOST_LINE_BYTES

    def settle_records(self, written: int) -> int:
        """Return the number of records: those written; blank lines are counted if any are missing."""
        if self.line_format and written != self.lines - self.header:
            self.blank = count_blank(self.plain)
        return written

    def raw_records(self) -> Iterator[bytes]:
        """Yield the raw records, for excerpts."""
        return line_records(self.plain, header_lines=self.header)


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
    found = scan(path, known=known, plain_copy=copy)
    same = next((source for source in known if source.sha256 == found.sha256), None)
    if same:
        return AlreadyKnown(source_id=same.source_id, path=str(path), sha256=found.sha256, notes=())
    plain = copy or path
    if recognised.container in ("parquet", "otlp"):
        return Prepared(
            plain=plain,
            sha256=found.sha256,
            byte_length=found.size,
            prefix_sha256=found.sha256,
            lines=0,
            line_format=False,
        )
    return _prepare_lines(path, plain, found, known, staging / f"{source_id}.clean")


def _prepare_lines(
    path: Path, plain: Path, found: Scan, known: Sequence[KnownSource], clean: Path
) -> Prepared | AlreadyKnown:
    chain = [
        source
        for source in sorted(known, key=lambda source: source.byte_length)
        if source.byte_length
        and source.byte_length in found.marks
        and found.marks[source.byte_length].sha256 == source.prefix_sha256
    ]
    start = found.marks[chain[-1].byte_length] if chain else Mark(0, "", 0)
    if chain and start.length == found.size:
        return AlreadyKnown(
            source_id=chain[-1].source_id, path=str(path), sha256=found.sha256, notes=()
        )
    begin = _begin(path, plain, start) if chain else _after_bom(plain)
    prepared = Prepared(
        plain=plain,
        sha256=found.sha256,
        byte_length=found.size,
        prefix_sha256=found.sha256,
        lines=found.newlines + bool(found.tail_bytes) - start.newlines,
    )
    if chain:
        if _byte_at(plain, begin - 1) == b"\n" and begin > start.length:
            prepared.lines -= 1
        prepared.first_row = (
            start.newlines + (begin > start.length) - count_blank(plain, end=start.length)
        )
        prepared.resumed_from = chain[-1].source_id
        prepared.resumed_chain = tuple(source.source_id for source in chain)
        prepared.notes.append(f"grown file: the first {start.length:,} bytes were read before")
    numbered = {
        number - (found.newlines + bool(found.tail_bytes) - prepared.lines): length
        for number, length in found.long_lines.items()
    }
    numbered = {number: length for number, length in numbered.items() if number > 0}
    if begin or numbered:
        cut = copy_clean(
            plain, clean, start=begin, header=b"", long_lines=numbered, marker=LONG_LINE_MARKER
        )
        prepared.plain = clean
        _number_long(prepared, cut)
    prepared.most_records = prepared.lines
    return prepared


def _number_long(prepared: Prepared, cut: dict[int, LongLine]) -> None:
    """Turn line numbers of cut lines into record numbers: blank lines before them do not count."""
    if not cut:
        return
    row = prepared.first_row
    with prepared.plain.open("rb") as file:
        for number, line in enumerate(file, start=1):
            row += bool(line.strip())
            if number in cut:
                prepared.long_rows[row] = cut[number]


def _after_bom(plain: Path) -> int:
    with plain.open("rb") as file:
        return len(UTF8_BOM) if file.read(3) == UTF8_BOM else 0


def _byte_at(plain: Path, offset: int) -> bytes:
    with plain.open("rb") as file:
        file.seek(offset)
        return file.read(1)


def _begin(path: Path, plain: Path, start: Mark) -> int:
    """Return where the new lines begin, after the line end of the last line read before."""
    with plain.open("rb") as file:
        file.seek(start.length - 1)
        before, after = file.read(1), file.read(2)
    if before == b"\n":
        return start.length
    if after[:1] == b"\n":
        return start.length + 1
    if after == b"\r\n":
        return start.length + 2
    raise IngestError(
        f"{path}: its last line was complete when it was read, and has been continued since. "
        "Nothing was loaded. A log may only grow by whole lines; give the changed file another "
        "name after removing the batch that read it."
    )

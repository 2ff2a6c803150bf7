"""CSV record by record, for the files the engine's own strict reader refuses or miscounts.

Blank lines, quoted line breaks and rows with too few or too many fields all end here: slower,
but every record keeps its number, and a bad one is named instead of ending the file.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import IngestError
from workbench.ingest.source import MOST_LINE_BYTES

MARKER = b"null"


@dataclass(frozen=True, slots=True)
class CsvRecord:
    """One record as it stands in the file, and its fields."""

    raw: bytes
    fields: list[str]


@dataclass(slots=True)
class Rewritten:
    """What rewriting a CSV file as JSON lines found."""

    records: int = 0
    blank: int = 0
    problems: dict[int, str] = field(default_factory=dict)


def records(path: Path, *, delimiter: str, skip_lines: int) -> Iterator[CsvRecord | None]:
    """Yield each record after the first `skip_lines` lines, and None for a blank line.

    Raises
    ------
    IngestError
        If a quotation mark is never closed: what follows it cannot be told apart.
    """
    csv.field_size_limit(MOST_LINE_BYTES)
    taken: list[bytes] = []

    def lines() -> Iterator[str]:
        for line in file:
            taken.append(line)
            yield line.decode("utf-8", errors="surrogateescape")

    with path.open("rb") as file:
        for _ in range(skip_lines):
            file.readline()
        reader = csv.reader(lines(), delimiter=delimiter)
        while True:
            first_line = reader.line_num + skip_lines + 1
            try:
                fields = next(reader, None)
            except csv.Error as error:
                raise _never_closed(path, first_line) from error
            if fields is None:
                return
            raw = b"".join(taken)
            taken.clear()
            if raw.count(b'"') % 2 and not file.read(1):
                raise _never_closed(path, first_line)
            blank = not raw.strip()
            yield None if blank else CsvRecord(raw.rstrip(b"\r\n"), fields)


def _never_closed(path: Path, line: int) -> IngestError:
    return IngestError(
        f"{path}: a quotation mark opens in line {line:,} and is never closed. "
        "Nothing was loaded; correct that line and ingest the file again."
    )


def rewrite(
    path: Path, target: Path, *, columns: tuple[str, ...], delimiter: str, skip_lines: int
) -> Rewritten:
    """Write each record of a CSV file as one JSON line, `null` where its fields do not fit."""
    found = Rewritten()
    with target.open("w", encoding="utf-8", errors="replace") as out:
        for record in records(path, delimiter=delimiter, skip_lines=skip_lines):
            if record is None:
                found.blank += 1
                continue
            found.records += 1
            problem = _problem(record, columns)
            if problem:
                found.problems[found.records] = problem
                out.write("null\n")
                continue
            pairs = zip(columns, record.fields, strict=True)
            out.write(
                json.dumps({key: text for key, text in pairs if text}, ensure_ascii=True) + "\n"
            )
    return found


def _problem(record: CsvRecord, columns: tuple[str, ...]) -> str | None:
    if len(record.fields) != len(columns):
        return f"{len(record.fields)} fields where the header has {len(columns)}"
    try:
        record.raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8 text: byte {error.start + 1} of the record"
    return None

"""Small files joined into one, and which record of which file each of its records is."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.errors import IngestError
from workbench.ingest.clean_copy import count_blank
from workbench.ingest.stage import Looked


@dataclass(slots=True, kw_only=True)
class Part:
    """One file in the joined one: its records are those after `before`, up to `upto`."""

    file: Looked
    raw: bytes
    before: int
    upto: int

    def records(self) -> Iterator[bytes]:
        """Yield its records as they were read, without their line ends."""
        return (line.rstrip(b"\r\n") for line in self.raw.splitlines(keepends=True) if line.strip())


def join(files: Sequence[Looked], target: Path) -> list[Part]:
    """Join the bytes of the files, every last line ended; count the records of each."""
    parts: list[Part] = []
    records = 0
    with target.open("wb") as out:
        for file in files:
            plain, prepared = file.prepared.plain, file.prepared
            if file.recognised.container == "otlp":
                raw = _flat(file)
                count = raw.count(b"\n")
            else:
                with plain.open("rb") as opened:
                    raw = opened.read(prepared.end)
                prepared.blank = count_blank(plain, end=prepared.end)
                count = prepared.lines - prepared.blank
            out.write(raw)
            if raw and not raw.endswith(b"\n"):
                out.write(b"\n")
            parts.append(Part(file=file, raw=raw, before=records, upto=records + count))
            records += count
    return parts


def _flat(file: Looked) -> bytes:
    flatten = file.recognised.reader.flatten
    if flatten is None:
        raise IngestError(f"{file.path}: the {file.recognised.reader.name} format is not nested.")
    return "".join(json.dumps(record) + "\n" for record in flatten(file.prepared.plain)).encode(
        errors="replace"
    )


class Places:
    """Which file, and which of its records, a record of the joined file is."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._of = [
            number for number, part in enumerate(parts) for _ in range(part.before, part.upto)
        ]

    def called(self, row: int) -> str:
        """Return words for a record."""
        part = self._parts[self._of[row - 1]]
        return f"record {row - part.before} of {part.file.path}"

    def by_part(self, rows: Mapping[int, Any] | set[int]) -> dict[int, list[int]]:
        """Return the records by the number of their file."""
        found: dict[int, list[int]] = defaultdict(list)
        for row in sorted(rows):
            found[self._of[row - 1]].append(row)
        return found

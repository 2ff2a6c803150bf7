"""A part of a plain file without its overlong lines, and the blank lines of a file."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workbench.ingest.source import BLOCK_BYTES


@dataclass(frozen=True, slots=True)
class LongLine:
    """A line that was cut out because it is longer than `MOST_LINE_BYTES`."""

    length: int
    sha256: str
    head: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What of a file is copied: bytes from `start` to `end`, after `header`."""

    start: int
    end: int
    header: bytes
    long_lines: dict[int, int]
    """Numbers (from the first line copied) and lengths of the lines to cut out."""
    marker: bytes
    """Stands where a line was cut out, so that records keep their numbers."""


def copy_clean(source: Path, target: Path, *, part: Part) -> dict[int, LongLine]:
    """Copy a part of a plain file, its overlong lines replaced; memory stays at one block."""
    cut: dict[int, LongLine] = {}
    number = 1
    with source.open("rb") as reader, target.open("wb") as writer:
        writer.write(part.header)
        reader.seek(part.start)
        while (left := part.end - reader.tell()) > 0:
            if number in part.long_lines:
                cut[number] = _skip_line(reader, part.end)
                writer.write(part.marker + b"\n")
                number += 1
                continue
            block = reader.read(min(BLOCK_BYTES, left))
            if not block:
                break
            number = _copy_block(reader, writer, block, number, part.long_lines)
    return cut


def _copy_block(
    reader: IO[bytes], writer: IO[bytes], block: bytes, number: int, long_lines: dict[int, int]
) -> int:
    """Write `block` up to the next overlong line; return the number of the line after it."""
    newlines = block.count(b"\n")
    ahead = [line for line in long_lines if number < line <= number + newlines]
    if not ahead:
        writer.write(block)
        return number + newlines
    end = 0
    for _ in range(min(ahead) - number):
        end = block.index(b"\n", end) + 1
    writer.write(memoryview(block)[:end])
    reader.seek(end - len(block), 1)
    return min(ahead)


def _skip_line(reader: IO[bytes], end: int) -> LongLine:
    hasher = hashlib.sha256()
    length = 0
    head = b""
    while part := reader.readline(min(BLOCK_BYTES, end - reader.tell())):
        body = part.rstrip(b"\r\n") if part.endswith(b"\n") else part
        head = head or body[:400]
        hasher.update(body)
        length += len(body)
        if part.endswith(b"\n"):
            break
    return LongLine(length, hasher.hexdigest(), head)


def count_blank(path: Path, *, end: int) -> int:
    """Count the lines of a plain file that hold nothing but spaces, in its first `end` bytes."""
    blank = done = 0
    empty_so_far = True
    with path.open("rb") as file:
        while done < end and (part := file.readline(min(BLOCK_BYTES, end - done))):
            done += len(part)
            empty_so_far = empty_so_far and not part.strip()
            if part.endswith(b"\n") or done >= end:
                blank += empty_so_far
                empty_so_far = True
    return blank

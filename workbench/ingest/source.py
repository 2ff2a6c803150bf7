"""Which bytes are read: one pass over a log for its hash, its lines and what is new in it.

Plain, gzip and Zstandard files are told apart by their first bytes, not by their names.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import zstandard

from workbench.errors import IngestError
from workbench.ingest.batch import KnownSource

if TYPE_CHECKING:
    from workbench.ingest.json_shape import JsonShape

BLOCK_BYTES = 8 * 1024 * 1024
MOST_LINE_BYTES = 16 * 1024 * 1024
"""Longer lines are cut out and quarantined; twice the block, so no block hides one."""
MOST_EXPANSION = 200
"""Times a compressed file may grow, once it is above `FREE_EXPANSION_BYTES`."""
FREE_EXPANSION_BYTES = 1024**3
ZSTD_CHUNK_BYTES = 1024
"""Small on purpose: three bytes of Zstandard can hold 128 KiB, so 1 KiB gives 44 MB at most."""

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Mark:
    """Hash and newlines of the first `length` bytes of a file."""

    length: int
    sha256: str
    newlines: int


@dataclass(slots=True, kw_only=True)
class Scan:
    """What one pass over the decompressed bytes found."""

    sha256: str = ""
    size: int = 0
    newlines: int = 0
    tail_bytes: int = 0
    """Length of the last line where no line end follows it."""
    complete_sha256: str = ""
    """Of the bytes up to the last line end."""
    shape: "JsonShape | None" = None
    """What the bytes of JSON lines say of their keys and values, where that was asked for."""
    long_lines: dict[int, int] = field(default_factory=dict)
    """Line number from 1 -> bytes, for lines above `MOST_LINE_BYTES`."""
    marks: dict[int, Mark] = field(default_factory=dict)
    """By length: where known files ended."""


def compression(path: Path) -> str | None:
    """Return `gzip`, `zstd` or None, by the first bytes."""
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == GZIP_MAGIC:
        return "gzip"
    return "zstd" if head == ZSTD_MAGIC else None


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever can go wrong while reading `path` into an error that says what to do."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
        raise IngestError(
            f"{path}: the compressed file is cut off or damaged ({error}). "
            "Nothing was loaded; copy it again from where it came from."
        ) from error
    except pa.ArrowInvalid as error:
        raise IngestError(
            f"{path}: the Parquet file is cut off or damaged ({error}). "
            "Nothing was loaded; copy it again from where it came from."
        ) from error
    except FileNotFoundError as error:
        raise IngestError(f"{path}: there is no such file.") from error
    except IsADirectoryError as error:
        raise IngestError(f"{path}: is a folder, not a log file.") from error
    except PermissionError as error:
        raise IngestError(
            f"{path}: may not be read by this user. Ask its owner for read permission."
        ) from error


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the decompressed bytes of `path` in blocks of at most about 44 MB.

    Raises
    ------
    IngestError
        If the file is damaged, cut off, or grows beyond `MOST_EXPANSION`.
    """
    with reading(path):
        kind = compression(path)
        packed = path.stat().st_size
        with path.open("rb") as file:
            if kind is None:
                yield from iter(lambda: file.read(BLOCK_BYTES), b"")
                return
            size = 0
            for block in _gzip_blocks(file) if kind == "gzip" else _zstd_blocks(file):
                size += len(block)
                _refuse_bomb(path, packed=packed, size=size)
                yield block


def _gzip_blocks(file: IO[bytes]) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as plain:
        yield from iter(lambda: plain.read(BLOCK_BYTES), b"")


def _zstd_blocks(file: IO[bytes]) -> Iterator[bytes]:
    decoder = zstandard.ZstdDecompressor().decompressobj()
    pending = b""
    out: list[bytes] = []
    held = 0
    while pending or (pending := file.read(ZSTD_CHUNK_BYTES)):
        if decoder.eof:
            decoder = zstandard.ZstdDecompressor().decompressobj()
        block = decoder.decompress(pending)
        pending = decoder.unused_data if decoder.eof else b""
        out.append(block)
        held += len(block)
        if held >= BLOCK_BYTES:
            yield b"".join(out)
            out, held = [], 0
    if out:
        yield b"".join(out)
    if not decoder.eof:
        raise EOFError("it ends in the middle of a frame")


def _refuse_bomb(path: Path, *, packed: int, size: int) -> None:
    if size > FREE_EXPANSION_BYTES and size > MOST_EXPANSION * packed:
        raise IngestError(
            f"{path}: {packed:,} compressed bytes have grown beyond {size:,}, more than "
            f"{MOST_EXPANSION} times, which no log does. Nothing was loaded. "
            "If it is a log, decompress it yourself and give the plain file."
        )


def scan(
    path: Path,
    *,
    known: Sequence[KnownSource] = (),
    plain_copy: Path | None = None,
    count_keys: bool = False,
) -> Scan:
    """Read `path` once: hash, newlines, overlong lines, and hashes where known files ended.

    With `plain_copy` the decompressed bytes are written there, so that what is parsed later
    is what was hashed here.
    """
    found = Scan()
    if count_keys:
        from workbench.ingest.json_shape import JsonShape  # NumPy costs a small file dearly

        found.shape = JsonShape()
    hasher = hashlib.sha256()
    complete = hasher.copy()
    stops = {source.byte_length for source in known}
    copy = plain_copy.open("wb") if plain_copy else None
    try:
        for block in blocks(path):
            last = block.rfind(b"\n") + 1
            here = {
                stop - found.size for stop in stops if found.size < stop <= found.size + len(block)
            }
            start = 0
            for cut in sorted(here | ({last} if last else set())):
                hasher.update(memoryview(block)[start:cut])
                start = cut
                if cut in here:
                    newlines = found.newlines + block.count(b"\n", 0, cut)
                    length = found.size + cut
                    found.marks[length] = Mark(length, hasher.hexdigest(), newlines)
                if cut == last:
                    complete = hasher.copy()
            hasher.update(memoryview(block)[start:])
            _count_lines(found, block)
            if copy:
                copy.write(block)
    finally:
        if copy:
            copy.close()
    if found.tail_bytes > MOST_LINE_BYTES:
        found.long_lines[found.newlines + 1] = found.tail_bytes
    found.sha256 = hasher.hexdigest()
    found.complete_sha256 = complete.hexdigest()
    return found


def _count_lines(found: Scan, block: bytes) -> None:
    found.size += len(block)
    last = block.rfind(b"\n")
    if last < 0:
        found.tail_bytes += len(block)
        if found.shape:
            found.shape.add(block)
        return
    line_bytes = found.tail_bytes + block.find(b"\n")
    if line_bytes > MOST_LINE_BYTES:
        found.long_lines[found.newlines + 1] = line_bytes
    if len(block) > MOST_LINE_BYTES:
        _find_long_inside(found, block)
    found.newlines += found.shape.add(block) if found.shape else block.count(b"\n")
    found.tail_bytes = len(block) - last - 1


def _find_long_inside(found: Scan, block: bytes) -> None:
    """Look between the line ends of a block larger than the limit (Zstandard may give one)."""
    number = found.newlines + 1
    start = block.find(b"\n") + 1
    while start and (end := block.find(b"\n", start)) >= 0:
        number += 1
        if end - start > MOST_LINE_BYTES:
            found.long_lines[number] = end - start
        start = end + 1

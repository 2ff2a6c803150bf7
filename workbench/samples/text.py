"""How lines of text are made from columns, whole columns at a time, and stored compactly."""

import gzip
import io
import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import zstandard

_PLACE = re.compile(r"<(\w+)>")
ZSTD_LEVEL = 6
GZIP_LEVEL = 6


def json_text(name: str) -> pl.Expr:
    """Return the column as a JSON string, or `null`. Sample text needs no escapes."""
    return pl.concat_str(pl.lit('"'), pl.col(name), pl.lit('"')).fill_null("null").alias(name)


def utc_text(name: str) -> pl.Expr:
    """Return a time as ISO text with milliseconds and Z."""
    return pl.col(name).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").alias(name)


def filled(template: str) -> pl.Expr:
    """Return the template with each `<column>` replaced by that column's text."""
    parts: list[pl.Expr] = []
    for index, piece in enumerate(_PLACE.split(template)):
        if index % 2:
            parts.append(pl.col(piece).cast(pl.String))
        elif piece:
            parts.append(pl.lit(piece))
    return pl.concat_str(parts)


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write lines, compressed as the file's ending says; the same lines give the same bytes."""
    content = ("\n".join(lines) + "\n").encode()
    if path.suffix == ".zst":
        content = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(content)
    elif path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(
            filename="", mode="wb", fileobj=packed, mtime=0, compresslevel=GZIP_LEVEL
        ) as file:
            file.write(content)
        content = packed.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

"""How large records really are in this store: counted from its files, not assumed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.store import segments
from workbench.store.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSize:
    """Rows and bytes of one class of records on disk."""

    name: str
    """usage, outcomes, or the data class of a content folder."""
    rows: int
    stored_bytes: int
    """Compressed, as the files are."""
    raw_bytes: int
    """Uncompressed: of the logs as they were read, or the text itself of content."""
    requests: int | None = None
    """Distinct requests the rows of content belong to; None where they do not say."""

    @property
    def stored_bytes_per_row(self) -> float:
        """Bytes on disk per row; 0 without rows."""
        return self.stored_bytes / self.rows if self.rows else 0.0

    @property
    def compression(self) -> float:
        """Raw bytes per stored byte; 1 where nothing is stored."""
        return self.raw_bytes / self.stored_bytes if self.stored_bytes else 1.0


def measured_sizes(layout: Layout) -> list[MeasuredSize]:
    """Return rows and bytes of metering rows, outcomes and every class of content."""
    return [*_metering(layout), *_content(layout)]


def _metering(layout: Layout) -> Iterator[MeasuredSize]:
    totals: dict[str, list[int]] = {}
    for sidecar in segments.sidecars(layout):
        total = totals.setdefault(str(sidecar["kind"]), [0, 0, 0])
        total[0] += sum(entry["rows"] for entry in sidecar["segments"])
        total[1] += sum(entry["bytes"] for entry in sidecar["segments"])
        total[2] += int(sidecar.get("byte_length") or 0)
    for name, (rows, stored, raw) in sorted(totals.items()):
        yield MeasuredSize(name=name, rows=rows, stored_bytes=stored, raw_bytes=raw)


def _content(layout: Layout) -> Iterator[MeasuredSize]:
    for folder in sorted(layout.content.glob("*")):
        rows = stored = raw = 0
        requests: set[str] = set()
        for path in folder.rglob("*.parquet"):
            about = pq.read_metadata(path)
            rows += about.num_rows
            stored += path.stat().st_size
            raw += _raw_bytes(path, about)
            if "request_id" in about.schema.names:
                requests |= set(
                    pq.ParquetFile(path).read(columns=["request_id"])[0].to_pylist()
                ) - {None}
        if rows:
            yield MeasuredSize(
                name=folder.name, rows=rows, stored_bytes=stored, raw_bytes=raw,
                requests=len(requests) or None,
            )  # fmt: skip


def _raw_bytes(path: Path, about: pq.FileMetaData) -> int:
    """Return the bytes of all text values; of the uncompressed columns where there is no text."""
    texts = [
        field.name
        for field in about.schema.to_arrow_schema()
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    ]
    if "text" not in texts:
        groups = range(about.num_row_groups)
        return sum(about.row_group(number).total_byte_size for number in groups)
    table = pq.ParquetFile(path).read(columns=texts)  # read_table would import pandas
    return sum(
        len(value.encode())
        for column in table.itercolumns()
        for value in column.to_pylist()
        if value is not None
    )

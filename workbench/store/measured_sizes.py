"""How large records really are in this store: counted from its files, not assumed."""

from collections.abc import Iterator
from dataclasses import dataclass

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
    """Uncompressed: of the logs as they were read, or of the columns where there is no log."""

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
        for path in folder.rglob("*.parquet"):
            about = pq.read_metadata(path)
            rows += about.num_rows
            stored += path.stat().st_size
            raw += sum(
                about.row_group(number).total_byte_size for number in range(about.num_row_groups)
            )
        if rows:
            yield MeasuredSize(name=folder.name, rows=rows, stored_bytes=stored, raw_bytes=raw)

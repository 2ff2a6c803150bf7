"""What one price row says: what it prices, when, for which requests, and who said so.

A `PriceImport` is what one reading of one source brought: rows, and for the default book the
clauses that recognise model names. It is written once and never edited.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.errors import PriceError

FIRST_INSTANT = datetime(1, 1, 1)  # noqa: DTZ001 - instants of the book are naive UTC
LAST_INSTANT = datetime(9999, 12, 31)  # noqa: DTZ001
SECONDS_PER_DAY = 86_400
NO_CONTEXT = -1
ANY_CONTEXT = 2**62
CONFIRMED = "confirmed"
EVERY_METER = "*"
"""Meter of a row that carries a multiplier and no price of its own."""
ALLOCATED = "allocated"
"""First word of the version of an import whose prices follow from a bill and the usage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """One price of one meter of one model, with every condition it holds under."""

    provider: str
    model: str
    meter: str
    pico: int | None
    """Pico-USD a unit; None in a row that carries a multiplier."""
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    variant: str = ""
    """Canonical text such as `processing=batch`; '' is the standard price."""
    rank: int = 0
    """Order of variants of one model where a request fits several; the lowest wins."""
    region: str = ""
    context_over: int = NO_CONTEXT
    context_upto: int = ANY_CONTEXT
    second_from: int = 0
    second_to: int = SECONDS_PER_DAY
    minimum_units: Decimal | None = None
    multiplier: Decimal | None = None
    inexact: bool = False
    confidence: str = CONFIRMED
    cited: str = ""
    retrieved_on: date | None = None
    line: int = 0
    """Where the row stands in its source, for messages."""

    @property
    def starts(self) -> datetime:
        """First instant the row holds; the beginning of time when it is not dated."""
        return self.effective_from or FIRST_INSTANT

    @property
    def ends(self) -> datetime:
        """First instant the row no longer holds; the end of time when it is open."""
        return self.effective_to or LAST_INSTANT

    @property
    def is_undated(self) -> bool:
        """True when the source gave no date, so that the price holds at all times."""
        return self.effective_from is None and self.effective_to is None

    @property
    def prices(self) -> bool:
        """True when the row may decide a cost: nobody doubts it."""
        return self.confidence == CONFIRMED

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What may not be priced twice by one source."""
        return (self.provider, self.model, self.meter, self.variant, self.region)

    def holds(self, instant: datetime, second: int, context_over: int) -> bool:
        """Return whether the row covers the cell whose lower corner is given."""
        return (
            self.starts <= instant < self.ends
            and self.second_from <= second < self.second_to
            and self.context_over <= context_over < self.context_upto
        )

    def conditions(self) -> str:
        """Return the conditions as canonical JSON: sorted keys, no key without a value."""
        stated: dict[str, Any] = {
            "variant": self.variant,
            "region": self.region,
            "context_over": None if self.context_over == NO_CONTEXT else self.context_over,
            "context_upto": None if self.context_upto == ANY_CONTEXT else self.context_upto,
            "minimum_units": None if self.minimum_units is None else str(self.minimum_units),
            "multiplier": None if self.multiplier is None else str(self.multiplier),
            "undated": self.is_undated or None,
        }
        if (self.second_from, self.second_to) != (0, SECONDS_PER_DAY):
            stated |= {"second_from": self.second_from, "second_to": self.second_to}
        kept = {name: value for name, value in stated.items() if value not in (None, "")}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"))

    def where(self) -> str:
        """Return the row in words, for a message."""
        dates = f"{self.effective_from or 'always'} to {self.effective_to or 'open'}"
        return f"line {self.line} ({self.provider} {self.model} {self.meter} {self.conditions()}, {dates})"


ROW_SCHEMA = pa.schema(
    [
        ("provider", pa.string()),
        ("model", pa.string()),
        ("meter", pa.string()),
        ("pico", pa.int64()),
        ("effective_from", pa.timestamp("us")),
        ("effective_to", pa.timestamp("us")),
        ("variant", pa.string()),
        ("rank", pa.int32()),
        ("region", pa.string()),
        ("context_over", pa.int64()),
        ("context_upto", pa.int64()),
        ("second_from", pa.int32()),
        ("second_to", pa.int32()),
        ("minimum_units", pa.decimal128(18, 3)),
        ("multiplier", pa.decimal128(18, 6)),
        ("inexact", pa.bool_()),
        ("confidence", pa.string()),
        ("cited", pa.string()),
        ("retrieved_on", pa.date32()),
        ("line", pa.int32()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceImport:
    """Everything one reading of one source brought, as it was read."""

    import_id: str
    layer: str
    source: str
    source_version: str
    known_from: datetime
    """Naive UTC: when this knowledge entered the book."""
    retrieved_on: date
    rows: tuple[PriceRow, ...] = ()
    matchers: Mapping[str, Any] = field(default_factory=dict)
    """Clauses that recognise providers and models; empty for sheets."""
    sha256: str = ""

    @property
    def label(self) -> str:
        """Name of the import as a priced figure cites it."""
        if self.layer == "contract":
            return f"contract {self.source}#{self.import_id}"
        return f"{self.layer} {self.source} {self.source_version}"

    @property
    def is_allocated(self) -> bool:
        """True when the prices are a bill divided by usage: days without usage have none."""
        return self.source_version.startswith(f"{ALLOCATED} ")

    def save(self, path: Path) -> None:
        """Write the import as one Parquet file, whole or not at all; same import, same bytes."""
        head = {
            "import_id": self.import_id,
            "layer": self.layer,
            "source": self.source,
            "source_version": self.source_version,
            "known_from": self.known_from.isoformat(),
            "retrieved_on": self.retrieved_on.isoformat(),
            "sha256": self.sha256,
            "matchers": self.matchers,
        }
        text = json.dumps(head, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        columns = [[getattr(row, name) for row in self.rows] for name in ROW_SCHEMA.names]
        arrays = [
            pa.array(values, type=column.type)
            for values, column in zip(columns, ROW_SCHEMA, strict=True)
        ]
        # The clauses are half a megabyte of text, and Parquet does not compress metadata.
        packed = base64.b64encode(zlib.compress(text.encode(), 9))
        schema = ROW_SCHEMA.with_metadata({b"price_import": packed})
        table = pa.Table.from_arrays(arrays, schema=schema)
        unfinished = path.with_name(f"{path.name}.unfinished")
        pq.write_table(table, unfinished, compression="zstd", version="2.6")
        unfinished.replace(path)

    @classmethod
    def load(cls, path: Path) -> "PriceImport":
        """Read an import that `save` wrote.

        Raises
        ------
        PriceError
            If the file is not such an import.
        """
        try:
            # Not read_table: that loads Arrow's data set machinery, a second of import.
            with pq.ParquetFile(path) as file:
                table, metadata = file.read(), file.metadata.metadata
            packed = metadata[b"price_import"]
            head = json.loads(zlib.decompress(base64.b64decode(packed)))
        except (OSError, KeyError, TypeError, ValueError, zlib.error, pa.ArrowException) as error:
            raise PriceError(
                f"{path} is no price import of the workbench ({error}). Import the sheet again."
            ) from error
        return cls(
            import_id=head["import_id"],
            layer=head["layer"],
            source=head["source"],
            source_version=head["source_version"],
            known_from=datetime.fromisoformat(head["known_from"]),
            retrieved_on=date.fromisoformat(head["retrieved_on"]),
            rows=tuple(PriceRow(**row) for row in table.to_pylist()),
            matchers=head["matchers"],
            sha256=head["sha256"],
        )


def parse_variant(text: str) -> dict[str, str]:
    """Return the conditions of a variant text; `a=1;b=2` gives two.

    Examples
    --------
    >>> parse_variant("speed=fast; processing=batch")
    {'processing': 'batch', 'speed': 'fast'}
    """
    parts = [part.strip() for part in text.split(";") if part.strip()]
    pairs = [part.partition("=") for part in parts]
    return dict(sorted((name.strip().lower(), value.strip()) for name, _, value in pairs))


@cache
def variant_pairs(text: str) -> frozenset[tuple[str, str]]:
    """Return the conditions of a variant text as pairs, for subset tests."""
    return frozenset(parse_variant(text).items())


def variant_text(conditions: Mapping[str, str]) -> str:
    """Return the canonical text of variant conditions: sorted, joined by `;`."""
    return ";".join(f"{name}={value}" for name, value in sorted(conditions.items()))


def naive_utc(instant: datetime) -> datetime:
    """Return the instant as naive UTC, as the book keeps it."""
    return instant if instant.tzinfo is None else instant.astimezone(UTC).replace(tzinfo=None)

"""What an ingest of one file hands to the store: counts, staged files, what was known before."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

SourceKind = Literal["usage", "outcomes"]

RateKey = tuple[int, str, str, str, str, str, str | None]
"""rate_key, first day of the month, provider, model, service_tier, price_variant, region."""


class Connection(Protocol):
    """The engine the statements run on: the store's own connection, passed in."""

    def execute(self, query: str, parameters: Any = None, /) -> Any:  # noqa: ANN401
        """Run one statement; the result answers `fetchone` and `fetchall`."""
        ...

    def sql(self, query: str, /) -> Any:  # noqa: ANN401
        """Return a query whose result answers `to_arrow_table`."""
        ...


Existing = Callable[[datetime, datetime], str | None]
"""Relation of the stored rows of a time window, ends included, or None where there is none; it
may hold rows outside the window."""


def nothing_stored(first: datetime, last: datetime) -> None:
    """Answer for an empty store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the store holds of one kind of row, to tell what is new."""

    rows: Existing = nothing_stored
    erased: Existing | None = None
    """Relation of the fingerprints (`workbench.fingerprints`) of rows that lost their name to an
    erasure; None where nobody was ever erased, and rows then hold all they were read with."""


NOTHING = Held()
"""What an empty store holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A batch the store has committed, to recognise a file that was read before."""

    source_id: str
    sha256: str
    prefix_sha256: str
    byte_length: int
    records: int
    format: str
    constants: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSegment:
    """One Parquet file ready to be renamed into the store: rows of one UTC month."""

    month: str
    """Such as 2026-10."""
    path: Path
    rows: int
    first: datetime
    last: datetime
    lacking: tuple[str, ...] = ()
    """Columns of the dictionary that the file has not: its rows have their defaults."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """One file read whole: records = loaded + duplicates + quarantined + skipped."""

    source_id: str
    kind: SourceKind
    path: str
    sha256: str
    """Of all decompressed bytes of the file."""
    byte_length: int
    """Decompressed bytes consumed: without an unfinished last line that waits."""
    prefix_sha256: str
    """Of the bytes consumed."""
    format: str
    constants: dict[str, str]
    records: int
    loaded: int
    duplicates: int
    quarantined: int
    skipped: int
    skipped_by_kind: dict[str, int]
    lines: int
    blank: int
    header: int
    segments: tuple[StagedSegment, ...]
    quarantine: Path | None
    rate_keys: list[RateKey]
    notes: tuple[str, ...]
    resumed_from: str | None
    """`source_id` of the batch that read the file's earlier bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyKnown:
    """The file holds nothing the store has not read: there is nothing to do."""

    source_id: str
    path: str
    sha256: str
    notes: tuple[str, ...]

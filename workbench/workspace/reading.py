"""How the files of one ingest command are staged against the store and committed one by one."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.ingest.batch import AlreadyKnown, Existing, Held, KnownSource, Staged
from workbench.ingest.stage import stage
from workbench.store import erased, files, kept_rollups, segments
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout

Progress = Callable[[Path, int, int], None]
"""Called after each file with its path, its records and the number of files in all."""


@dataclass(slots=True)
class IngestReport:
    """What became of each file of one ingest command."""

    staged: list[Staged] = field(default_factory=list)
    known: list[AlreadyKnown] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Files that were refused, with the reason; nothing of them was committed."""

    @property
    def loaded(self) -> int:
        """Rows that became usage or outcomes."""
        return sum(one.loaded for one in self.staged)


@dataclass(frozen=True, slots=True)
class Reading:
    """What holds for every file of one ingest command."""

    fmt: str | None
    constants: Mapping[str, str]
    user_key: bytes


class Stored:
    """What the store holds, read once a command; what the command commits is added."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.known = [
            KnownSource(
                source_id=row[0], sha256=row[1], prefix_sha256=row[2], byte_length=row[3],
                records=row[4], format=row[5], constants=json.loads(row[6]),
            )
            for row in catalog.known_sources()
        ]  # fmt: skip
        self._segments = catalog.spans()
        self._is_erased = erased.is_any(catalog.layout)
        if self._is_erased:
            erased.set_key(catalog.connection, catalog.layout)
        self._disposed = {
            (kind, month)
            for kind in segments.KINDS
            for month in kept_rollups.disposed_months(catalog, kind)
        }

    def refuse_disposed(self, staged: Staged) -> None:
        """Refuse a file with rows of a month whose rows were disposed of.

        Raises
        ------
        InputError
            A second reading could not be told from the rows that went.
        """
        months = {
            one.month for one in staged.segments if (staged.kind, one.month) in self._disposed
        }
        if months:
            raise InputError(
                f"{staged.path}: it holds rows of {', '.join(sorted(months))}, which were disposed of "
                "at the end of their period; their figures are closed. Leave those rows out."
            )

    def add(self, sidecar: Mapping[str, Any]) -> None:
        """Add a batch that was committed just now."""
        self.known.append(
            KnownSource(**{name: sidecar[name] for name in KnownSource.__dataclass_fields__})
        )
        for entry in sidecar["segments"]:
            self._catalog.note_lacking(entry)
        self._segments += [
            (
                str(sidecar["kind"]),
                datetime.fromisoformat(entry["first"]),
                datetime.fromisoformat(entry["last"]),
                str(self._catalog.layout.store / entry["file"]),
            )
            for entry in sidecar["segments"]
        ]

    def held(self, kind: str) -> Held:
        """Return what is held of a kind: its rows, and fingerprints of those of erased people."""
        of_erased = erased.relation(self._catalog.layout, kind) if self._is_erased else None
        return Held(rows=self._existing(kind), erased=of_erased)

    def _existing(self, kind: str) -> Existing:
        """Return a function that gives the rows of the segments that touch a time window."""

        def rows(first: datetime, last: datetime) -> str | None:
            touching = [
                path
                for of_kind, begin, end, path in self._segments
                if of_kind == kind and begin <= last and end >= first
            ]
            return self._catalog.relation_of(kind, touching) if touching else None

        return rows


def stage_file(
    catalog: Catalog, path: Path, *, stored: Stored, reading: Reading
) -> Staged | AlreadyKnown:
    """Stage one file against the store and what this command has committed so far."""
    layout = catalog.layout
    source_id = secrets.token_hex(8)
    staging = layout.staging / source_id
    staging.mkdir(parents=True)
    files.require_space(staging, bytes_needed=_space_for(path))
    return stage(
        catalog.connection,
        path=path,
        fmt=reading.fmt,
        constants=reading.constants,
        staging=staging,
        source_id=source_id,
        user_key=reading.user_key,
        known=stored.known,
        usage=stored.held("usage"),
        outcomes=stored.held("outcomes"),
    )


def _space_for(path: Path) -> int:
    """Return bytes a file may need while it is read: three times its size, and some."""
    return 3 * path.stat().st_size + (16 << 20) if path.is_file() else 0


def commit(layout: Layout, staged: Staged, *, now: datetime) -> dict[str, Any]:
    """Make a staged file permanent and return its sidecar."""
    batch = {
        name: getattr(staged, name)
        for name in Staged.__dataclass_fields__
        if name not in ("segments", "quarantine")
    }
    batch["started_at"] = now.replace(tzinfo=None).isoformat()
    batch["finished_at"] = utc_now().replace(tzinfo=None).isoformat()
    moved = [
        segments.Segment(
            month=one.month, path=one.path, rows=one.rows,
            first=one.first.isoformat(), last=one.last.isoformat(), lacking=one.lacking,
        )
        for one in staged.segments
    ]  # fmt: skip
    return segments.commit(layout, batch=batch, segments=moved, quarantine=staged.quarantine)


def utc_now() -> datetime:
    """Return the clock as aware UTC; for `cli` and notebooks, which may read it."""
    return datetime.now(tz=UTC)

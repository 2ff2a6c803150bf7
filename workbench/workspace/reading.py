"""How the files of one ingest command are staged against the store and committed one by one."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workbench.errors import InputError, WorkbenchError
from workbench.ingest.batch import AlreadyKnown, Existing, Held, KnownSource, Staged
from workbench.ingest.stage import Looked, look, stage_looked
from workbench.ingest.together import MOST_BYTES, MOST_FILES, is_small, stage_together
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


class Desk:
    """Reads the files of one ingest command in their order, small ones of a format together."""

    def __init__(self, catalog: Catalog, reading: Reading, *, now: datetime, dry_run: bool) -> None:
        self._catalog = catalog
        self._reading = reading
        self._now = now
        self._dry_run = dry_run
        self._stored = Stored(catalog)
        self._waiting: list[Looked] = []
        self._staging = catalog.layout.staging / secrets.token_hex(8)
        self._staging.mkdir(parents=True)
        self.report = IngestReport()
        self.committed: list[dict[str, Any]] = []

    def read(self, path: Path) -> None:
        """Read one file, or keep it waiting for others like it."""
        try:
            files.require_space(self._staging, bytes_needed=_space_for(path))
            looked = self._look(path)
            if self._waiting and self._is_of_waiting(looked):
                self.finish()
                looked = self._look(path)
        except WorkbenchError as error:
            self.report.failed.append((str(path), str(error)))
            return
        if isinstance(looked, AlreadyKnown):
            self.report.known.append(looked)
        elif not is_small(looked):
            self.finish()
            self._read_alone(looked)
        else:
            if self._waiting and not self._goes_with_waiting(looked):
                self.finish()
            self._waiting.append(looked)

    def finish(self) -> None:
        """Read the files that wait: together where that can be, else one by one."""
        waiting, self._waiting = self._waiting, []
        if len(waiting) > 1 and self._read_together(waiting):
            return
        for looked in waiting:
            self._read_alone(looked)

    def _look(self, path: Path) -> Looked | AlreadyKnown:
        waiting = [
            KnownSource(
                source_id=one.source_id, sha256=one.prepared.sha256,
                prefix_sha256=one.prepared.prefix_sha256, byte_length=one.prepared.byte_length,
                records=0, format=one.recognised.reader.name, constants=self._reading.constants,
            )
            for one in self._waiting
        ]  # fmt: skip
        return look(
            path,
            self._reading.fmt,
            constants=self._reading.constants,
            staging=self._staging,
            source_id=secrets.token_hex(8),
            known=[*self._stored.known, *waiting],
        )

    def _is_of_waiting(self, looked: Looked | AlreadyKnown) -> bool:
        """Say whether the file is a copy of one that waits, or one that has grown."""
        ids = {one.source_id for one in self._waiting}
        if isinstance(looked, AlreadyKnown):
            return looked.source_id in ids
        return not ids.isdisjoint(looked.prepared.resumed_chain)

    def _goes_with_waiting(self, looked: Looked) -> bool:
        first = self._waiting[0].recognised
        together = sum(one.prepared.end for one in self._waiting) + looked.prepared.end
        return (
            (first.reader.name, first.container)
            == (looked.recognised.reader.name, looked.recognised.container)
            and len(self._waiting) < MOST_FILES
            and together <= MOST_BYTES
        )

    def _read_alone(self, looked: Looked) -> None:
        try:
            done = stage_looked(
                self._catalog.connection,
                looked,
                constants=self._reading.constants,
                staging=self._staging,
                user_key=self._reading.user_key,
                usage=self._stored.held("usage"),
                outcomes=self._stored.held("outcomes"),
            )
            self._stored.refuse_disposed(done)
            if not self._dry_run:
                self._add(commit(self._catalog.layout, done, now=self._now))
        except WorkbenchError as error:
            self.report.failed.append((str(looked.path), str(error)))
            return
        self.report.staged.append(done)

    def _read_together(self, waiting: list[Looked]) -> bool:
        """Read and commit files as one; say whether that went well, and leave nothing if not.

        What is wrong with one of them is found, and said of it, when they are read one by one.
        """
        layout = self._catalog.layout
        try:
            done = stage_together(
                self._catalog.connection,
                waiting,
                constants=self._reading.constants,
                staging=self._staging,
                user_key=self._reading.user_key,
                held=self._stored.held(waiting[0].recognised.reader.kind),
            )
            for one in done:
                self._stored.refuse_disposed(one)
            if not self._dry_run:
                homes = [
                    segments.sidecar_of(
                        layout, kind=one.kind, source_id=one.source_id,
                        months=[segment.month for segment in one.segments],
                    )
                    for one in done
                ]  # fmt: skip
                with segments.all_or_none(layout, homes):
                    sidecars = [commit(layout, one, now=self._now) for one in done]
                for sidecar in sidecars:
                    self._add(sidecar)
        except WorkbenchError:
            return False
        self.report.staged += done
        return True

    def _add(self, sidecar: dict[str, Any]) -> None:
        self.committed.append(sidecar)
        self._stored.add(sidecar)


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

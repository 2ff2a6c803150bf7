"""A connection as the store makes it, and one call that stages a file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workbench import schema, segment_rows
from workbench.ingest import AlreadyKnown, KnownSource, Staged, StagedSegment
from workbench.ingest.batch import Existing, Held
from workbench.ingest.stage import stage

KEY = b"synthetic key of the tests"


def whole_rows(found: Sequence[StagedSegment]) -> str:
    """Every column of the dictionary, as the store's views give them."""
    return " UNION ALL ".join(
        f"SELECT {segment_rows.whole(one.lacking) if one.lacking else '*'} FROM read_parquet('{one.path}')"
        for one in found
    )


class Desk:
    """Stages files in a folder of its own, and remembers what was committed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect(config={"threads": 2})
        self.connection.execute("SET TimeZone = 'UTC'")
        self.known: list[KnownSource] = []
        self.committed: list[Staged] = []

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def stage(self, path: Path, fmt: str | None = None, **constants: str) -> Staged | AlreadyKnown:
        staging = self.folder / "staging"
        staging.mkdir(exist_ok=True)
        return stage(
            self.connection,
            path=path,
            fmt=fmt,
            constants=constants,
            staging=staging,
            source_id=f"s{len(self.committed) + 1}",
            user_key=KEY,
            known=self.known,
            usage=Held(rows=self._existing("usage")),
            outcomes=Held(rows=self._existing("outcomes")),
        )

    def ingest(self, path: Path, fmt: str | None = None, **constants: str) -> Staged:
        """Stage and keep, as the store would."""
        done = self.stage(path, fmt, **constants)
        assert isinstance(done, Staged)
        self.committed.append(done)
        self.known.append(
            KnownSource(
                source_id=done.source_id,
                sha256=done.sha256,
                prefix_sha256=done.prefix_sha256,
                byte_length=done.byte_length,
                records=done.records,
                format=done.format,
                constants=done.constants,
            )
        )
        return done

    def _existing(self, kind: str) -> Existing:
        done = [s for d in self.committed if d.kind == kind for s in d.segments]
        return lambda first, last: f"({whole_rows(done)})" if done else None

    def rows(self, done: Staged, columns: str = "*") -> list[tuple[Any, ...]]:
        if not done.segments:
            return []
        query = f"SELECT {columns} FROM ({whole_rows(done.segments)}) ORDER BY source_row"
        return self.connection.execute(query).fetchall()

    def reasons(self, done: Staged) -> dict[int, str]:
        if done.quarantine is None:
            return {}
        query = f"SELECT source_row, reason FROM read_parquet('{done.quarantine}')"
        return dict(self.connection.execute(query).fetchall())

    def leftovers(self) -> list[str]:
        staging = self.folder / "staging"
        return sorted(file.name for file in staging.glob("*")) if staging.exists() else []


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture(scope="session")
def segment_types() -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in schema.SEGMENT_COLUMNS]

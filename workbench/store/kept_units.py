"""How did work end whose id is gone? Its units, without the id, so that outcomes never fall.

A unit of work is found by its ticket, session or request. When an erasure removes that id, or a
disposal the outcomes, the unit is put on file as it was counted, without the id, and added
whenever outcomes are matched again.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.store import files
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout
from workbench.store.subject import Subject

FOLDER = "kept/units"
PENDING = "kept/units.pending.parquet"
"""Units of a disposal that has not begun; they count once it has."""
_COLUMNS = (
    "kind", "feature", "environment", "tenant", "matched", "day", "resolved", "reopened",
    "escalated", "final", "human_minutes", "quality_sum", "quality_count",
)  # fmt: skip


def of_subject(catalog: Catalog, subject: Subject) -> list[dict[str, Any]]:
    """Return the units that are found by an id of this person only, without the id."""
    rows = catalog.connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM outcome_unit WHERE {_FOUND} ORDER BY ALL NULLS FIRST",
        _found_by(subject),
    ).fetchall()
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]


def forget(catalog: Catalog, subject: Subject) -> None:
    """Take the id from the units that are found by an id of this person; they stay counted."""
    catalog.connection.execute(
        f"UPDATE outcome_unit SET id = NULL WHERE {_FOUND}", _found_by(subject)
    )


_FOUND = "(id IN (SELECT unnest($ids::VARCHAR[])) OR coalesce(regexp_matches(id, $pattern), false))"


def _found_by(subject: Subject) -> dict[str, Any]:
    return {"ids": [*subject.sessions, *subject.traces], "pattern": subject.named.pattern}


def write(layout: Layout, name: str, units: Sequence[Mapping[str, Any]]) -> None:
    """Put units on file under a name; the same name is written once."""
    folder = layout.store / FOLDER
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    files.write_json(folder / f"{name}.json", {"units": list(units)}, staging=layout.staging)


def write_ended(catalog: Catalog) -> None:
    """Put the units of the temporary table `ends` (kind, id) aside, without the id."""
    path = catalog.layout.store / PENDING
    staged = catalog.layout.staging / path.name
    staged.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    target = str(staged).replace("'", "''")
    catalog.connection.execute(
        f"COPY (SELECT {', '.join(f'u.{name}' for name in _COLUMNS)} FROM outcome_unit AS u "
        "SEMI JOIN ends ON ends.kind = u.kind AND ends.id = u.id ORDER BY ALL NULLS FIRST) "
        f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    )
    files.move(staged, path)


def settle(layout: Layout, name: str) -> None:
    """Make the units that were put aside count from now on; nothing where there are none."""
    pending = layout.store / PENDING
    if pending.exists():
        files.move(pending, layout.store / FOLDER / f"{name}.parquet")


def restore(catalog: Catalog) -> None:
    """Add the units on file to those just matched."""
    folder = catalog.layout.store / FOLDER
    packed = [str(path) for path in sorted(folder.glob("*.parquet"))]
    if packed:
        catalog.connection.execute(
            "INSERT INTO outcome_unit BY NAME SELECT * FROM read_parquet(?)", [packed]
        )
    rows = [
        [one[name] for name in _COLUMNS]
        for path in sorted(folder.glob("*.json"))
        for one in json.loads(path.read_text(encoding="utf-8"))["units"]
    ]
    if rows:
        marks = ", ".join("?" for _ in _COLUMNS)
        catalog.connection.executemany(
            f"INSERT INTO outcome_unit ({', '.join(_COLUMNS)}) VALUES ({marks})", rows
        )

"""Writing a snapshot: the rollups, prices and papers pages read, and the pointer to it.

A snapshot holds no prompt, no user id and no session. A name is never reused, so an open page
keeps its figures while the next one is written.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.kernel import billed, by_day
from workbench.store import files
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout
from workbench.store.snapshot import POINTER

KEPT = 3
"""Published snapshots kept on disk, the current one included."""

_COPIED = (
    *by_day.TABLES, "rollup_class", "rollup_hour_model", "rollup_hour_tenant", "rollup_latency",
    "rollup_users", "rollup_outcome", "price_row", "billed_day",
)  # fmt: skip


def publish(
    catalog: Catalog, *, state: Mapping[str, Any], documents: Mapping[str, Any], published_at: str
) -> Path:
    """Write the current rollups as a new snapshot and point to it.

    Parameters
    ----------
    catalog
        Open for writing.
    state
        What every page says of its data: as_of, unpriced share, synthetic, …
    documents
        Named JSON documents pages need: dossiers, assumptions, model results.
    published_at
        ISO time, from the caller's clock.

    Returns
    -------
    Path
        The snapshot file, closed and flushed.
    """
    layout = catalog.layout
    number = _next_number(layout)
    name = f"snapshot-{number:06d}.duckdb"
    staged = layout.staging / name
    staged.unlink(missing_ok=True)
    size = layout.database.stat().st_size if layout.database.exists() else 0
    files.require_space(layout.staging, bytes_needed=size + (64 << 20))
    run = catalog.connection.execute
    run(f"ATTACH '{str(staged).replace(chr(39), chr(39) * 2)}' AS published")
    try:
        for table in _COPIED:
            run(f"CREATE TABLE published.{table} AS FROM {table}")
        run(f"CREATE VIEW published.rollup_day AS {by_day.view()}")
        run(f"CREATE VIEW published.billed_cost_day AS {billed.view()}")
        run(
            "CREATE TABLE published.batch AS SELECT format, records, loaded, duplicates, "
            "quarantined, skipped, started_at, finished_at FROM manifest"
        )
        run("CREATE TABLE published.document (name VARCHAR, content VARCHAR)")
        full_state = {**state, "snapshot": number, "published_at": published_at}
        for key, content in {**documents, "state": full_state}.items():
            run(
                "INSERT INTO published.document VALUES (?, ?)",
                [key, json.dumps(content, default=str)],
            )
    finally:
        run("DETACH published")
    final = layout.snapshots / name
    files.move(staged, final)
    pointer = {"file": name, "number": number, "published_at": published_at}
    files.write_json(layout.snapshots / POINTER, pointer, staging=layout.staging)
    _retire(layout, current=number)
    return final


def _numbers(layout: Layout) -> list[int]:
    return sorted(
        int(path.stem.split("-")[1]) for path in layout.snapshots.glob("snapshot-*.duckdb")
    )


def _next_number(layout: Layout) -> int:
    pointer = layout.snapshots / POINTER
    last = json.loads(pointer.read_text())["number"] if pointer.is_file() else 0
    return max([last, *_numbers(layout)]) + 1


def _retire(layout: Layout, *, current: int) -> None:
    """Delete old snapshots; a page that still has one open keeps reading it."""
    for number in _numbers(layout)[:-KEPT]:
        if number != current:
            (layout.snapshots / f"snapshot-{number:06d}.duckdb").unlink(missing_ok=True)

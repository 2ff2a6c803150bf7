"""The derived catalog without the free space that repriced and replaced rows leave behind."""

from workbench.store import files
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout


def compact(layout: Layout) -> tuple[int, int]:
    """Rewrite the catalog; return its bytes before and after.

    DuckDB gives freed blocks to later writes, never back to the disk. Segments are immutable
    and stay as they are. Killed at any moment, the old file or the new one is there.

    Raises
    ------
    StoreError
        If another process has the store open, or the disk is too full for a second copy.
    """
    before = layout.database.stat().st_size if layout.database.exists() else 0
    files.require_space(layout.store, bytes_needed=before)
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = layout.staging / f"compacted-{layout.database.name}"
    staged.unlink(missing_ok=True)
    with Catalog.open(layout) as catalog:
        run = catalog.connection.execute
        run(f"ATTACH '{str(staged).replace(chr(39), chr(39) * 2)}' AS compacted")
        run(f"COPY FROM DATABASE {layout.database.stem} TO compacted")
        run("DETACH compacted")
        run("CHECKPOINT")
        # Renamed while the lock is held: no other process can have written in between.
        files.move(staged, layout.database)
    return before, layout.database.stat().st_size

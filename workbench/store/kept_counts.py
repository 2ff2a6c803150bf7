"""How many people were counted before one was erased? Such a count never falls afterwards.

Distinct users cannot be counted again without the hashes of those who asked to be forgotten.
So the counts of every period are put on file before an erasure, as numbers only, and rollups
made again later take the larger of the two. A period that goes on after the erasure may miss
the erased person once others have arrived; a month that had ended is exact.
"""

import json
from collections import defaultdict
from typing import Any

from workbench.store import files
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout

FOLDER = "counts"
_COLUMNS = ("grain", "period", "cut", "value", "users")


def keep(catalog: Catalog) -> None:
    """Write every count as it stands to store/counts/<month>.json."""
    by_month: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows = catalog.connection.execute(
        "SELECT grain, CAST(period AS VARCHAR), cut, value, users FROM rollup_users "
        "ORDER BY ALL NULLS FIRST"
    ).fetchall()
    for row in rows:
        by_month[row[1][:7]].append(dict(zip(_COLUMNS, row, strict=True)))
    folder = catalog.layout.store / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for month, counts in by_month.items():
        files.write_json(
            folder / f"{month}.json", {"counts": counts}, staging=catalog.layout.staging
        )


def restore(catalog: Catalog) -> None:
    """Raise each count of the rollups to the one on file."""
    counts = _on_file(catalog.layout)
    if not counts:
        return
    run = catalog.connection.execute
    run(
        "CREATE OR REPLACE TEMP TABLE kept (grain VARCHAR, period DATE, cut VARCHAR, value VARCHAR, users BIGINT)"
    )
    catalog.connection.executemany(
        "INSERT INTO kept VALUES (?, ?, ?, ?, ?)",
        [[one[name] for name in _COLUMNS] for one in counts],
    )
    same = (
        "counted.grain = kept.grain AND counted.period = kept.period AND counted.cut = kept.cut "
        "AND counted.value IS NOT DISTINCT FROM kept.value"
    )
    run(
        "UPDATE rollup_users AS counted SET users = kept.users FROM kept "
        f"WHERE {same} AND counted.users < kept.users"
    )
    run(
        "INSERT INTO rollup_users SELECT * FROM kept "
        f"WHERE NOT EXISTS (SELECT 1 FROM rollup_users AS counted WHERE {same})"
    )
    run("DROP TABLE kept")


def _on_file(layout: Layout) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((layout.store / FOLDER).glob("*.json")):
        found += json.loads(path.read_text(encoding="utf-8"))["counts"]
    return found

"""Do the places that hold the same total agree? One sentence for each that does not."""

from collections.abc import Iterator
from typing import Any

from workbench.store.catalog import Catalog

_ROLLED_UP = (
    "SELECT day, requests, contract_pico FROM rollup_day UNION ALL "
    "SELECT month, requests, contract_pico FROM rollup_restated WHERE is_late"
)
"""Rows that arrived after their month was closed are adjustments, in no rollup of the month."""

_CLOSED = (
    "SELECT strftime(c.month, '%Y-%m'), c.requests, coalesce(sum(r.requests), 0), "
    "c.contract_pico, coalesce(sum(r.contract_pico), 0), c.list_pico, coalesce(sum(r.list_pico), 0) "
    "FROM closed_month AS c LEFT JOIN rollup_day AS r ON r.day >= c.month "
    "AND r.day < c.month + INTERVAL 1 MONTH GROUP BY ALL ORDER BY 1"
)

_GONE = "(SELECT coalesce(sum(rows), 0) FROM disposed)"
_GONE_USAGE = "(SELECT coalesce(sum(rows), 0) FROM disposed WHERE kind = 'usage')"
_THERE = "date_trunc('month', day) NOT IN (SELECT month FROM disposed WHERE kind = 'usage')"
"""Months whose rows were disposed of have kept rollups, and no rows to compare them with."""


def disagreements(catalog: Catalog) -> Iterator[str]:
    """Compare rows, rollups, manifest and quarantine; all views must exist."""
    checks = (
        ("rows of usage", "SELECT count(*) FROM usage", "SELECT sum(rows) FROM segment WHERE kind = 'usage'"),
        ("rows loaded", "SELECT sum(loaded) FROM manifest", f"SELECT (SELECT coalesce(sum(rows), 0) FROM segment) + {_GONE}"),
        ("priced rows", "SELECT count(*) FROM priced_usage", "SELECT count(*) FROM usage"),
        ("requests rolled up", f"SELECT sum(requests) FROM ({_ROLLED_UP})", f"SELECT (SELECT count(*) FROM usage) + {_GONE_USAGE}"),
        ("contract cost rolled up", f"SELECT sum(contract_pico) FROM ({_ROLLED_UP}) WHERE {_THERE}", "SELECT sum(CAST(contract_pico AS DECIMAL(38,0))) FROM priced_usage"),
        ("list cost by class", "SELECT sum(list_pico) FROM rollup_class", "SELECT sum(list_pico) FROM rollup_day"),
        ("quarantined records", "SELECT sum(quarantined) FROM manifest", "SELECT count(*) FROM quarantine"),
        ("unbalanced batches", "SELECT count(*) FROM manifest WHERE records <> loaded + duplicates + quarantined + skipped", "SELECT 0"),
    )  # fmt: skip
    for what, left, right in checks:
        one = catalog.one(left)
        other = catalog.one(right)
        a, b = (one or (None,))[0] or 0, (other or (None,))[0] or 0
        if a != b:
            yield f"{what}: {a} in one place, {b} in the other. Run `workbench rebuild`; if it stays, the files above are damaged."
    for month, *pairs in catalog.connection.execute(_CLOSED).fetchall():
        if pairs[0::2] != pairs[1::2]:
            yield (
                f"closed month {month}: closed with {pairs[0]} requests at {pairs[2]} pico-USD, the "
                f"store now holds {pairs[1]} at {pairs[3]}. A batch or a price import of the close is "
                "missing or was changed: restore it."
            )


def headline(catalog: Catalog) -> dict[str, Any]:
    """Return first and last day, and how many requests, unpriced, partial, quarantined, batches."""
    days = catalog.one(
        "SELECT CAST(max(day) AS VARCHAR), CAST(min(day) AS VARCHAR), "
        "CAST(coalesce(sum(requests), 0) AS BIGINT), "
        "CAST(coalesce(sum(unpriced_requests), 0) AS BIGINT), "
        "CAST(coalesce(sum(partial_requests), 0) AS BIGINT) FROM rollup_day"
    )
    counts = catalog.one("SELECT coalesce(sum(quarantined), 0)::BIGINT, count(*) FROM manifest")
    assert days is not None
    assert counts is not None
    names = ("as_of", "first_day", "requests", "unpriced_requests", "partial_requests",
             "quarantined", "batches")  # fmt: skip
    return dict(zip(names, (*days, *counts), strict=True))

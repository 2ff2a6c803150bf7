"""What a usage segment holds, and what its rows are where the file lacks a column.

A column that no record of a source fills is not written: half of the columns of a plain text
log, and half of the time it takes to write one. Its rows have the column's default.
"""

from collections.abc import Collection

from workbench import schema

OPTIONAL: tuple[str, ...] = (
    "requested_model", "region", "price_variant", "is_aggregate", "team", "attempt", "ttft_ms",
    "outcome", "quality_score", "reported_cost_usd", *schema.METER_NAMES,
)  # fmt: skip
"""Columns a segment may lack. Whatever may name a person is always there, so that it is found."""

DEFAULTS: dict[str, str | int | bool] = {
    "service_tier": "standard",
    "price_variant": "",
    "attempt": 1,
    "is_aggregate": False,
    **dict.fromkeys(schema.METER_NAMES, 0),
}
"""What a usage column is where its source says nothing; NULL for all others."""


def default_of(column: str) -> str:
    """Return SQL of what a usage column is where its source says nothing."""
    value = DEFAULTS.get(column)
    if value is None:
        return "NULL"
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def whole(lacking: Collection[str]) -> str:
    """Return the SELECT list of every column of `schema.SEGMENT_COLUMNS`, over such a segment."""
    return ", ".join(
        f"CAST({default_of(c.name)} AS {c.type}) AS {c.name}" if c.name in lacking else c.name
        for c in schema.SEGMENT_COLUMNS
    )

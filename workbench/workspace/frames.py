"""Metering rows as a lazy frame, whatever columns their segments lack."""

from collections.abc import Mapping, Sequence

import polars as pl

from workbench.schema import SEGMENT_COLUMNS, Column
from workbench.segment_rows import DEFAULTS

_TYPES = {
    "VARCHAR": pl.String,
    "BIGINT": pl.Int64,
    "INTEGER": pl.Int32,
    "BOOLEAN": pl.Boolean,
    "DOUBLE": pl.Float64,
}


def usage_frame(groups: Mapping[tuple[str, ...], Sequence[str]]) -> pl.LazyFrame:
    """Return the rows of segment files, grouped by the columns that they have not."""
    if not groups:
        return pl.LazyFrame()
    columns = {column.name: column for column in SEGMENT_COLUMNS}
    frames = [
        pl.scan_parquet(list(alike))
        .with_columns(_default(columns[name]) for name in lacking)
        .select(list(columns))
        for lacking, alike in groups.items()
    ]
    return pl.concat(frames, how="vertical_relaxed")


def _default(column: Column) -> pl.Expr:
    value = pl.lit(DEFAULTS.get(column.name))
    if column.type.startswith("DECIMAL"):
        digits, scale = column.type.removeprefix("DECIMAL(").removesuffix(")").split(",")
        return value.cast(pl.Decimal(int(digits), int(scale))).alias(column.name)
    return value.cast(_TYPES[column.type]).alias(column.name)

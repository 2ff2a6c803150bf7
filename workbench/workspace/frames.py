"""Metering rows as a lazy frame, whatever columns their segments lack."""

from collections.abc import Mapping, Sequence

import polars as pl

from workbench.schema import SEGMENT_COLUMNS
from workbench.segment_rows import DEFAULTS


def usage_frame(groups: Mapping[tuple[str, ...], Sequence[str]]) -> pl.LazyFrame:
    """Return the rows of segment files, grouped by the columns that they have not."""
    if not groups:
        return pl.LazyFrame()
    names = [column.name for column in SEGMENT_COLUMNS]
    frames = [
        pl.scan_parquet(list(alike))
        .with_columns(pl.lit(DEFAULTS.get(name)).alias(name) for name in lacking)
        .select(names)
        for lacking, alike in groups.items()
    ]
    return pl.concat(frames, how="vertical_relaxed")

"""The staged rows that are new, as one Parquet file a month, and the price conditions in them."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench import schema
from workbench.errors import IngestError
from workbench.ingest.batch import RateKey, StagedSegment
from workbench.ingest.cells import name, quoted
from workbench.ingest.statement import lacking_columns
from workbench.ingest.work import Work, run


def split(work: Work, *, left_out: Iterable[int], all_loaded: bool) -> tuple[StagedSegment, ...]:
    """Write the good rows but those `left_out`, by month; rename the staged file where it is whole.

    Parameters
    ----------
    left_out
        Record numbers of duplicates and conflicts.
    all_loaded
        Whether every staged row is loaded.
    """
    keep = "rate_key >= 0"
    dropped = work.file("dropped.parquet")
    numbers = sorted(left_out)
    if numbers:
        pq.write_table(pa.table({"n": pa.array(numbers, pa.int64())}), dropped)
        keep += f" AND source_row NOT IN (SELECT n FROM read_parquet({quoted(str(dropped))}))"
    months = run(
        work.connection,
        f"SELECT strftime({work.at}, '%Y-%m') AS month, count(*), min({work.at}), max({work.at}) "
        f"FROM {work.relation} WHERE {keep} GROUP BY month ORDER BY month",
    )
    usage = work.plan.reader.kind == "usage"
    whole = all_loaded and len(months) == 1 and usage and not work.small
    segments = []
    for month, rows, first, last in months:
        target = work.file(f"{month}.parquet")
        if whole:
            work.staged.rename(target)
        else:
            _write_month(work, month, keep, target)
        segments.append(
            StagedSegment(
                month=month, path=target, rows=rows, first=first, last=last,
                lacking=lacking_columns(work.plan),
            )
        )  # fmt: skip
    dropped.unlink(missing_ok=True)
    return tuple(segments)


def _write_month(work: Work, month: str, keep: str, target: Path) -> None:
    usage = work.plan.reader.kind == "usage"
    columns = schema.SEGMENT_COLUMNS if usage else schema.OUTCOME_COLUMNS
    lacking = lacking_columns(work.plan)
    selected = ", ".join(name(column.name) for column in columns if column.name not in lacking)
    begin = f"TIMESTAMP '{month}-01'"
    within = f"{work.at} >= {begin} AND {work.at} < {begin} + INTERVAL 1 MONTH"
    work.copy(
        f"SELECT {selected} FROM {work.relation} WHERE {keep} AND {within} ORDER BY {work.at}",
        target,
    )


def rate_keys(work: Work) -> list[RateKey]:
    """Return the distinct price conditions among the good rows.

    Raises
    ------
    IngestError
        If two of them share a key.
    """
    columns = ", ".join(name(column) for column in schema.RATE_KEY_COLUMNS)
    month = "CAST(CAST(date_trunc('month', started_at) AS DATE) AS VARCHAR)"
    rows = run(
        work.connection,
        f"SELECT DISTINCT rate_key, {month} AS month, {columns} FROM {work.relation} WHERE rate_key >= 0 ORDER BY ALL",
    )
    if len({row[0] for row in rows}) != len(rows):
        raise IngestError(
            "Two price conditions of one file share a 63-bit key, which chance does not explain. "
            "Nothing was loaded; split the file in two."
        )
    return [tuple(row) for row in rows]

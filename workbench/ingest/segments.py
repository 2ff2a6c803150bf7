"""The staged rows that are new, as one Parquet file a month, and the price conditions in them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench import schema
from workbench.errors import IngestError
from workbench.ingest.batch import RateKey, StagedSegment
from workbench.ingest.cells import name, quoted
from workbench.ingest.statement import lacking_columns
from workbench.ingest.work import Work, run


@dataclass(frozen=True, slots=True)
class Month:
    """Rows of one month that are loaded, and the instants of the first and the last of them."""

    month: str
    rows: int
    first: datetime
    last: datetime


def split(
    work: Work, *, left_out: Iterable[int], all_loaded: bool, months: Sequence[Month] = ()
) -> tuple[StagedSegment, ...]:
    """Write the good rows but those `left_out`, by month; rename the staged file where it is whole.

    Parameters
    ----------
    left_out
        Record numbers of duplicates and conflicts.
    all_loaded
        Whether every staged row is loaded.
    months
        Months of all good rows, where they are known.
    """
    keep = "rate_key >= 0"
    dropped = work.file("dropped.parquet")
    numbers = sorted(left_out)
    if numbers:
        pq.write_table(pa.table({"n": pa.array(numbers, pa.int64())}), dropped)
        keep += f" AND source_row NOT IN (SELECT n FROM read_parquet({quoted(str(dropped))}))"
    if numbers or not months:
        months = _months(work, keep)
    usage = work.plan.reader.kind == "usage"
    whole = all_loaded and len(months) == 1 and usage and not work.small
    segments = []
    for one in months:
        target = work.file(f"{one.month}.parquet")
        if whole:
            work.staged.rename(target)
        else:
            _write_month(work, one.month, keep, target)
        segments.append(
            StagedSegment(
                month=one.month, path=target, rows=one.rows, first=one.first, last=one.last,
                lacking=lacking_columns(work.plan),
            )
        )  # fmt: skip
    dropped.unlink(missing_ok=True)
    return tuple(segments)


def _months(work: Work, keep: str) -> list[Month]:
    rows = run(
        work.connection,
        f"SELECT strftime({work.at}, '%Y-%m') AS month, count(*), min({work.at}), max({work.at}) "
        f"FROM {work.relation} WHERE {keep} GROUP BY month ORDER BY month",
    )
    return [Month(*row) for row in rows]


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


def rate_keys(work: Work) -> tuple[list[RateKey], list[Month]]:
    """Return the distinct price conditions among the good rows, and the months of these rows.

    A month is part of a condition, so that one pass tells both.

    Raises
    ------
    IngestError
        If two conditions share a key.
    """
    columns = ", ".join(name(column) for column in schema.RATE_KEY_COLUMNS)
    rows = run(
        work.connection,
        f"SELECT rate_key, {columns}, count(*), min(started_at), max(started_at) "
        f"FROM {work.relation} WHERE rate_key >= 0 GROUP BY rate_key, {columns}",
    )
    months: dict[str, list[Month]] = defaultdict(list)
    for row in rows:
        months[f"{row[-1]:%Y-%m}"].append(Month(f"{row[-2]:%Y-%m}", *row[-3:]))
    in_one_month = all(one.month == month for month, found in months.items() for one in found)
    if len({row[0] for row in rows}) != len(rows) or not in_one_month:
        raise IngestError(
            "Two price conditions of one file share a 63-bit key, which chance does not explain. "
            "Nothing was loaded; split the file in two."
        )
    keys = [(row[0], f"{row[-1]:%Y-%m}-01", *row[1:-3]) for row in rows]
    return sorted(keys, key=lambda key: key[0]), [
        Month(
            month,
            sum(one.rows for one in found),
            min(one.first for one in found),
            max(one.last for one in found),
        )
        for month, found in sorted(months.items())
    ]

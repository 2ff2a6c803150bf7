"""Many small files of one format, read in one statement, each with counts of its own.

A small file costs more to plan and to parse than its rows do: session logs and hourly exports
come by the hundred. Their bytes are joined, read as one, and taken apart again by record number:
the n-th record of the joined file is the m-th of its own. A request that several of the files
hold is settled as if it stood in one of them; each file keeps its own segments and counts.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from workbench import schema
from workbench.errors import IngestError
from workbench.ingest import quarantine
from workbench.ingest.batch import Connection, Held, RateKey, Staged, StagedSegment
from workbench.ingest.cells import name, quoted
from workbench.ingest.joined import Part, Places, join
from workbench.ingest.prepare import Prepared
from workbench.ingest.settle import settle
from workbench.ingest.stage import Looked, check_counts, why
from workbench.ingest.staged_rows import write_staged
from workbench.ingest.statement import QUARANTINED, SKIPPED, lacking_columns
from workbench.ingest.work import SMALL_BYTES, STAGED_ROWS, Work, begin, run

MOST_FILES = 500
MOST_BYTES = 32 * 1024 * 1024
"""Of the files read together: their rows are held in memory."""


def is_small(looked: Looked) -> bool:
    """Say whether a file is one of JSON records, small, whole and never read before."""
    prepared = looked.prepared
    return (
        looked.recognised.container in ("jsonl", "otlp")
        and prepared.end <= SMALL_BYTES
        and not prepared.resumed_chain
        and not prepared.long_rows
        and not prepared.notes
    )


def stage_together(
    connection: Connection,
    files: Sequence[Looked],
    *,
    constants: Mapping[str, str],
    staging: Path,
    user_key: bytes,
    held: Held,
) -> list[Staged]:
    """Read small files of one format as one; return what each of them holds, in their order.

    Parameters
    ----------
    staging
        Existing folder on the store's file system.
    held
        Gives the stored rows, of usage or of outcomes, of the time window of the files.

    Raises
    ------
    IngestError
        If any of the files cannot be read so: then each has to be read by itself.
    """
    batch_id = f"{files[0].source_id}-together"
    parts = join(files, staging / f"{batch_id}.plain")
    work = _begin(connection, files, parts, dict(constants), staging, batch_id, user_key)
    if write_staged(work) != parts[-1].upto:
        raise IngestError("the records of the joined files cannot be told apart")
    _mark_parts(work, parts)
    reasons, skipped = _not_usage(work)
    reader = work.plan.reader
    verdict = settle(
        connection,
        staged=work.relation,
        reader=reader,
        held=held,
        resumed=(),
        already_out=reasons,
        parts=True,
    )
    place = Places(parts)
    reasons |= verdict.reasons(place.called)
    conditions = _rate_keys(work) if reader.kind == "usage" else {}
    segments = _segments(work, parts, verdict.duplicates | set(reasons))
    duplicates, refused = place.by_part(verdict.duplicates), place.by_part(reasons)
    return [
        _staged(
            work, part,
            segments=segments[number],
            duplicates=len(duplicates[number]),
            reasons={row - part.before: reasons[row] for row in refused[number]},
            skipped=skipped[number],
            rate_keys=conditions.get(number, []),
        )
        for number, part in enumerate(parts)
    ]  # fmt: skip


def _begin(
    connection: Connection,
    files: Sequence[Looked],
    parts: Sequence[Part],
    constants: dict[str, str],
    staging: Path,
    batch_id: str,
    user_key: bytes,
) -> Work:
    plain = staging / f"{batch_id}.plain"
    size = plain.stat().st_size
    prepared = Prepared(
        plain=plain, end=size, sha256="", byte_length=size, prefix_sha256="",
        lines=parts[-1].upto, most_records=parts[-1].upto, line_format=False,
    )  # fmt: skip
    recognised = replace(files[0].recognised, container="jsonl", uniform=(), numbers=frozenset())
    work = begin(
        connection, recognised, prepared,
        constants=constants, staging=staging, source_id=batch_id, user_key=user_key,
    )  # fmt: skip
    work.together = True
    return work


def _mark_parts(work: Work, parts: Sequence[Part]) -> None:
    """Say of each staged row which file it is of."""
    listed = ", ".join(
        f"({number}, {quoted(part.file.source_id)}, {part.before}, {part.upto})"
        for number, part in enumerate(parts)
    )
    run(
        work.connection,
        "CREATE OR REPLACE TEMP TABLE staged_parts AS SELECT * FROM "
        f"(VALUES {listed}) AS p(part, of_source, before_row, upto_row)",
    )
    run(
        work.connection,
        f"CREATE OR REPLACE TEMP TABLE {STAGED_ROWS} AS SELECT s.*, p.part FROM {STAGED_ROWS} AS s "
        "JOIN staged_parts AS p ON s.source_row > p.before_row AND s.source_row <= p.upto_row",
    )


def _not_usage(work: Work) -> tuple[dict[int, str], dict[int, dict[str, int]]]:
    """Return the reason of each bad record, and how many of each kind each file skips."""
    rows = run(
        work.connection,
        f"SELECT part, CASE WHEN rate_key = {QUARANTINED} THEN source_row END AS number, tags, count(*) "
        f"FROM {work.relation} WHERE rate_key IN ({QUARANTINED}, {SKIPPED}) "
        "GROUP BY part, number, tags ORDER BY tags",
    )
    reasons = {number: tags for _, number, tags, _ in rows if number is not None} | work.problems
    skipped: dict[int, dict[str, int]] = defaultdict(dict)
    for part, number, tags, count in rows:
        if number is None:
            skipped[part][tags] = count
    return reasons, skipped


def _rate_keys(work: Work) -> dict[int, list[RateKey]]:
    """Return the distinct price conditions of the good rows of each file."""
    columns = ", ".join(name(column) for column in schema.RATE_KEY_COLUMNS)
    month = "CAST(CAST(date_trunc('month', started_at) AS DATE) AS VARCHAR)"
    rows = run(
        work.connection,
        f"SELECT DISTINCT part, rate_key, {month} AS month, {columns} FROM {work.relation} "
        "WHERE rate_key >= 0 ORDER BY ALL",
    )
    if len({row[1] for row in rows}) != len({row[1:] for row in rows}):
        raise IngestError("two price conditions share a 63-bit key")
    found: dict[int, list[RateKey]] = defaultdict(list)
    for part, *key in rows:
        found[part].append(tuple(key))
    return found


def _segments(
    work: Work, parts: Sequence[Part], left_out: set[int]
) -> dict[int, tuple[StagedSegment, ...]]:
    """Write the good rows that are new, one Parquet file a file and month."""
    usage = work.plan.reader.kind == "usage"
    lacking = lacking_columns(work.plan)
    columns = schema.SEGMENT_COLUMNS if usage else schema.OUTCOME_COLUMNS
    own = {"source_id": "p.of_source", "source_row": "s.source_row - p.before_row"}
    selected = ", ".join(
        f"{own.get(c.name, f's.{name(c.name)}')} AS {name(c.name)}"
        for c in columns
        if c.name not in lacking
    )
    out = ", ".join(map(str, sorted(left_out)))
    rows = (
        f"{work.relation} AS s JOIN staged_parts AS p USING (part) WHERE s.rate_key >= 0"
        f"{f' AND s.source_row NOT IN ({out})' if out else ''}"
    )
    at = f"s.{work.at}"
    month = f"strftime({at}, '%Y-%m')"
    groups = run(
        work.connection,
        f"SELECT part, {month} AS month, count(*), min({at}), max({at}) FROM {rows} "
        "GROUP BY part, month ORDER BY part, month",
    )
    table = work.connection.sql(
        f"SELECT {selected} FROM {rows} ORDER BY part, {at}, s.source_row"
    ).to_arrow_table()
    found: dict[int, list[StagedSegment]] = defaultdict(list)
    begin_row = 0
    for part, month_of, count, first, last in groups:
        target = work.staging / f"{parts[part].file.source_id}.{month_of}.parquet"
        pq.write_table(
            table.slice(begin_row, count), target,
            compression="zstd", compression_level=1, version="2.6",
        )  # fmt: skip
        begin_row += count
        found[part].append(
            StagedSegment(
                month=month_of, path=target, rows=count, first=first, last=last, lacking=lacking
            )
        )
    return defaultdict(tuple, {part: tuple(segments) for part, segments in found.items()})


def _staged(
    work: Work,
    part: Part,
    *,
    segments: tuple[StagedSegment, ...],
    duplicates: int,
    reasons: dict[int, str],
    skipped: dict[str, int],
    rate_keys: list[RateKey],
) -> Staged:
    prepared, file = part.file.prepared, part.file
    refused = None
    if reasons:
        refused = work.staging / f"{file.source_id}.quarantine.parquet"
        quarantine.write(
            refused,
            source_id=file.source_id,
            reasons=reasons,
            records=part.records(),
            first_row=0,
            long_rows={},
        )
    result = Staged(
        source_id=file.source_id,
        kind=work.plan.reader.kind,
        path=str(file.path),
        sha256=prepared.sha256,
        byte_length=prepared.byte_length,
        prefix_sha256=prepared.prefix_sha256,
        format=work.plan.reader.name,
        constants=dict(work.plan.constants),
        records=part.upto - part.before,
        loaded=sum(segment.rows for segment in segments),
        duplicates=duplicates,
        quarantined=len(reasons),
        skipped=sum(skipped.values()),
        skipped_by_kind=skipped,
        lines=prepared.lines,
        blank=prepared.blank,
        header=0,
        segments=segments,
        quarantine=refused,
        rate_keys=rate_keys,
        notes=tuple(why(reasons)),
        resumed_from=None,
    )
    check_counts(result, line_format=prepared.line_format)
    return result

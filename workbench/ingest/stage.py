"""One log file in, staged Parquet out: every record is loaded, a duplicate, skipped or quarantined.

Nothing here commits: the store renames what is staged. If anything is wrong with the file as
a whole, an `IngestError` says so and nothing is left behind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq

from workbench import schema
from workbench.errors import IngestError
from workbench.ingest import quarantine
from workbench.ingest.batch import (
    AlreadyKnown,
    Connection,
    KnownSource,
    RateKey,
    Staged,
    StagedSegment,
)
from workbench.ingest.cells import name, quoted
from workbench.ingest.formats import Recognised, recognise
from workbench.ingest.prepare import Prepared, prepare
from workbench.ingest.settle import Verdict, settle
from workbench.ingest.statement import QUARANTINED, SKIPPED, Plan, staged_select, texts
from workbench.ingest.table import Table, table_of

__all__ = ["AlreadyKnown", "KnownSource", "Staged", "StagedSegment", "stage"]

_PROBE_ROWS = 4_000
_COPY = "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"


@dataclass(slots=True, kw_only=True)
class _Work:
    """What the steps of one file share."""

    connection: Connection
    recognised: Recognised
    prepared: Prepared
    plan: Plan
    staging: Path
    user_key: bytes
    notes: list[str] = field(default_factory=list)

    @property
    def at(self) -> str:
        return "occurred_at" if self.plan.reader.kind == "outcomes" else "started_at"

    @property
    def staged(self) -> Path:
        return self.staging / f"{self.plan.source_id}.staged.parquet"

    @property
    def relation(self) -> str:
        return f"read_parquet({quoted(str(self.staged))})"


def stage(
    connection: Connection,
    *,
    path: Path,
    fmt: str | None,
    constants: Mapping[str, str],
    staging: Path,
    source_id: str,
    user_key: bytes,
    known: Sequence[KnownSource],
    existing: str | None,
    progress: Callable[[int], None] | None = None,
    existing_outcomes: str | None = None,
) -> Staged | AlreadyKnown:
    """Read one file whole and stage what is new in it.

    Parameters
    ----------
    connection
        DuckDB, its session zone UTC.
    fmt
        Name of the format, or None to recognise it.
    constants
        Values for columns the file lacks; `timezone` is the zone of times that state none.
    staging
        Existing folder on the store's file system; every file made there starts with `source_id`.
    user_key
        The workspace's secret; users are kept as HMAC-SHA-256 under it.
    known
        Batches the store has committed.
    existing, existing_outcomes
        Relations with the columns of a usage segment and of outcomes, or None.
    progress
        Called with the number of records after each file is read.

    Raises
    ------
    IngestError
        If the file cannot be read as the format, or its counts do not add up.
    """
    made = f"{source_id}."
    try:
        recognised = recognise(path, fmt)
        prepared = prepare(path, recognised, known=known, staging=staging, source_id=source_id)
        if isinstance(prepared, AlreadyKnown):
            return _with_note(prepared, known, constants)
        table = table_of(connection, prepared.plain, recognised)
        plan = Plan(
            reader=recognised.reader,
            table=table,
            constants=dict(constants),
            source_id=source_id,
            first_row=prepared.first_row,
            most_rows=prepared.most_records,
        )
        work = _Work(
            connection=connection,
            recognised=recognised,
            prepared=prepared,
            plan=plan,
            staging=staging,
            user_key=user_key,
            notes=list(prepared.notes),
        )
        _write_staged(work)
        relation = existing if recognised.reader.kind == "usage" else existing_outcomes
        result = _finish(work, path, relation)
    except BaseException:
        for leftover in staging.glob(f"{made}*"):
            leftover.unlink()
        raise
    for leftover in (work.staged, staging / f"{source_id}.plain", staging / f"{source_id}.clean"):
        if leftover not in [segment.path for segment in result.segments]:
            leftover.unlink(missing_ok=True)
    if progress:
        progress(result.records)
    return result


def _with_note(
    already: AlreadyKnown, known: Sequence[KnownSource], constants: Mapping[str, str]
) -> AlreadyKnown:
    before = next(source for source in known if source.source_id == already.source_id)
    if dict(before.constants) == dict(constants):
        return already
    note = f"read before with --set {dict(before.constants)}; the values given now were not used"
    return AlreadyKnown(
        source_id=already.source_id,
        path=already.path,
        sha256=already.sha256,
        notes=(*already.notes, note),
    )


def _parameters(work: _Work) -> list[bytes] | None:
    """Return the padded keys of RFC 2104, where the statement hashes users."""
    if "user_id" not in texts(work.plan) or work.plan.reader.kind == "outcomes":
        return None
    if not work.user_key:
        raise IngestError(
            "The workspace has no key to hash users with. Run `workbench init` in it."
        )
    key = work.user_key.ljust(64, b"\0")
    return [bytes(b ^ 0x36 for b in key), bytes(b ^ 0x5C for b in key)]


def _write_staged(work: _Work) -> None:
    ordered = _is_unordered(work)
    _copy(work, staged_select(work.plan, ordered=ordered), work.staged, _parameters(work))
    if not ordered and _has_steps_back(work, f"(SELECT {work.at} FROM {work.relation})"):
        sorted_file = work.staging / f"{work.plan.source_id}.sorted.parquet"
        _copy(work, f"SELECT * FROM {work.relation} ORDER BY {work.at}", sorted_file, None)
        sorted_file.replace(work.staged)


def _copy(work: _Work, select: str, target: Path, parameters: list[bytes] | None) -> None:
    statement = f"COPY ({select}) TO {quoted(str(target))} {_COPY}"
    if parameters:
        work.connection.execute(statement, parameters).fetchall()
    else:
        work.connection.execute(statement).fetchall()


def _is_unordered(work: _Work) -> bool:
    """Look at the first rows: most logs are in order of time, and then nothing is sorted."""
    head = f"({staged_select(work.plan, limit=_PROBE_ROWS)})"
    return _has_steps_back(work, head, _parameters(work))


def _has_steps_back(work: _Work, relation: str, parameters: list[bytes] | None = None) -> bool:
    query = (
        f"SELECT coalesce(bool_or(this < before), false) FROM (SELECT {work.at} AS this, "
        f"lag({work.at}) OVER () AS before FROM {relation})"
    )
    found = (
        work.connection.execute(query, parameters) if parameters else work.connection.execute(query)
    )
    return bool(found.fetchone()[0])


def _finish(work: _Work, path: Path, existing: str | None) -> Staged:
    reader, prepared, connection = work.plan.reader, work.prepared, work.connection
    written = pq.read_metadata(work.staged).num_rows
    records = prepared.settle_records(written)
    reasons = _reasons(work)
    skipped = _skipped(work)
    verdict = settle(
        connection,
        staged=work.relation,
        reader=reader,
        existing=existing,
        resumed=list(prepared.resumed_chain),
    )
    reasons |= verdict.conflicts
    loaded = records - len(reasons) - len(verdict.duplicates) - sum(skipped.values())
    segments = _segments(work, verdict, plain=loaded == written, loaded=loaded)
    result = Staged(
        source_id=work.plan.source_id,
        kind=reader.kind,
        path=str(path),
        sha256=prepared.sha256,
        byte_length=prepared.byte_length,
        prefix_sha256=prepared.prefix_sha256,
        format=reader.name,
        constants=dict(work.plan.constants),
        records=records,
        loaded=sum(segment.rows for segment in segments),
        duplicates=len(verdict.duplicates),
        quarantined=len(reasons),
        skipped=sum(skipped.values()),
        skipped_by_kind=skipped,
        lines=prepared.lines,
        blank=prepared.blank,
        header=prepared.header,
        segments=segments,
        quarantine=_quarantine(work, reasons),
        rate_keys=_rate_keys(work) if reader.kind == "usage" else [],
        notes=tuple(work.notes),
        resumed_from=prepared.resumed_from,
    )
    _check(result, line_format=prepared.line_format)
    return result


def _reasons(work: _Work) -> dict[int, str]:
    rows = work.connection.execute(
        f"SELECT source_row, tags FROM {work.relation} WHERE rate_key = {QUARANTINED}"
    ).fetchall()
    found = dict(rows)
    for row, cut in work.prepared.long_rows.items():
        found[row] = (
            f"line of {cut.length:,} bytes exceeds the {work.prepared.most_line_bytes:,} that are read"
        )
    return found


def _skipped(work: _Work) -> dict[str, int]:
    return dict(
        work.connection.execute(
            f"SELECT tags, count(*) FROM {work.relation} WHERE rate_key = {SKIPPED} GROUP BY tags ORDER BY tags"
        ).fetchall()
    )


def _segments(
    work: _Work, verdict: Verdict, *, plain: bool, loaded: int
) -> tuple[StagedSegment, ...]:
    """Rename the staged file if all of it is loaded into one month, or split it by month."""
    if loaded == 0:
        return ()
    connection, source_id = work.connection, work.plan.source_id
    left_out = [*verdict.duplicates, *verdict.conflicts]
    keep = "rate_key >= 0"
    if left_out:
        dropped = work.staging / f"{source_id}.dropped.parquet"
        quarantine.write_numbers(dropped, left_out)
        keep += f" AND source_row NOT IN (SELECT n FROM read_parquet({quoted(str(dropped))}))"
    months = connection.execute(
        f"SELECT strftime({work.at}, '%Y-%m') AS month, count(*), min({work.at}), max({work.at}) "
        f"FROM {work.relation} WHERE {keep} GROUP BY month ORDER BY month"
    ).fetchall()
    segments = []
    columns = (
        schema.OUTCOME_COLUMNS if work.plan.reader.kind == "outcomes" else schema.SEGMENT_COLUMNS
    )
    whole = plain and len(months) == 1 and work.plan.reader.kind == "usage"
    for month, rows, first, last in months:
        target = work.staging / f"{source_id}.{month}.parquet"
        if whole:
            work.staged.replace(target)
        else:
            selected = ", ".join(name(column.name) for column in columns)
            begin = f"TIMESTAMP '{month}-01'"
            within = f"{work.at} >= {begin} AND {work.at} < {begin} + INTERVAL 1 MONTH"
            _copy(
                work,
                f"SELECT {selected} FROM {work.relation} WHERE {keep} AND {within} ORDER BY {work.at}",
                target,
                None,
            )
        segments.append(_segment(month, target, rows, first, last))
    (work.staging / f"{source_id}.dropped.parquet").unlink(missing_ok=True)
    return tuple(segments)


def _segment(month: str, path: Path, rows: int, first: datetime, last: datetime) -> StagedSegment:
    return StagedSegment(month=month, path=path, rows=rows, first=first, last=last)


def _rate_keys(work: _Work) -> list[RateKey]:
    """Return the distinct keys of what was read, and refuse two meanings of one key."""
    files = work.staged if work.staged.exists() else None
    source = work.relation if files else _month_files(work)
    columns = ", ".join(name(column) for column in ("rate_key", *schema.RATE_KEY_COLUMNS))
    rows = [
        tuple(row)
        for row in work.connection.execute(
            f"SELECT DISTINCT {columns} FROM {source} WHERE rate_key >= 0 ORDER BY ALL"
        ).fetchall()
    ]
    if len({row[0] for row in rows}) != len(rows):
        raise IngestError(
            "Two price conditions share one 63-bit key, which happens once in 10^13 files. "
            "Nothing was loaded; split the file in two."
        )
    return rows  # pyright: ignore[reportReturnType]  # the columns are as RateKey says


def _month_files(work: _Work) -> str:
    (only,) = work.staging.glob(f"{work.plan.source_id}.[0-9][0-9][0-9][0-9]-[0-9][0-9].parquet")
    return f"read_parquet({quoted(str(only))})"


def _quarantine(work: _Work, reasons: Mapping[int, str]) -> Path | None:
    if not reasons:
        return None
    target = work.staging / f"{work.plan.source_id}.quarantine.parquet"
    quarantine.write(
        target,
        source_id=work.plan.source_id,
        reasons=reasons,
        records=work.prepared.raw_records(),
        first_row=work.prepared.first_row,
        long_rows=work.prepared.long_rows,
    )
    return target


def _check(result: Staged, *, line_format: bool) -> None:
    """Refuse a file whose counts do not add up: that is a defect, and nothing may be lost to it."""
    parts = result.loaded + result.duplicates + result.quarantined + result.skipped
    kept = pq.read_metadata(result.quarantine).num_rows if result.quarantine else 0
    whole = not line_format or result.lines == result.records + result.blank + result.header
    if parts != result.records or kept != result.quarantined or not whole:
        raise IngestError(
            f"{result.path}: the counts do not add up: {result.records} records, of them "
            f"{result.loaded} loaded, {result.duplicates} duplicates, {result.quarantined} "
            f"quarantined ({kept} kept), {result.skipped} skipped; {result.lines} lines, "
            f"{result.blank} blank, {result.header} header. Nothing was loaded. If the file is "
            "still being written, ingest it again."
        )

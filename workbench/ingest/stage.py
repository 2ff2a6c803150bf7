"""One log file in, staged Parquet out: every record is loaded, a duplicate, skipped or quarantined.

Nothing here commits: the store renames what is staged. If anything is wrong with the file as
a whole, an `IngestError` says so and nothing is left behind.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from workbench.errors import IngestError
from workbench.ingest import quarantine, segments
from workbench.ingest.batch import (
    NOTHING,
    AlreadyKnown,
    Connection,
    Held,
    KnownSource,
    Staged,
    StagedSegment,
)
from workbench.ingest.formats import Recognised, recognise
from workbench.ingest.prepare import Prepared, prepare
from workbench.ingest.settle import settle
from workbench.ingest.source import MOST_LINE_BYTES
from workbench.ingest.staged_rows import write_staged
from workbench.ingest.statement import QUARANTINED, SKIPPED
from workbench.ingest.work import Work, begin, raw_records, run

__all__ = ["AlreadyKnown", "KnownSource", "Staged", "StagedSegment", "stage"]


def stage(  # noqa: PLR0913  # what one file needs; the store calls it in one place
    connection: Connection,
    *,
    path: Path,
    fmt: str | None,
    constants: Mapping[str, str],
    staging: Path,
    source_id: str,
    user_key: bytes,
    known: Sequence[KnownSource],
    usage: Held = NOTHING,
    outcomes: Held = NOTHING,
    progress: Callable[[int], None] | None = None,
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
        The workspace's secret; users are kept as HMAC-SHA-256 under it, 32 digits of it.
    known
        Batches the store has committed.
    usage, outcomes
        Give the stored rows of either kind of the time window of this file.
    progress
        Called with the number of records when the file is read.

    Raises
    ------
    IngestError
        If the file cannot be read as the format, or its counts do not add up.
    """
    looked = look(path, fmt, constants=constants, staging=staging, source_id=source_id, known=known)
    if isinstance(looked, AlreadyKnown):
        return looked
    result = stage_looked(
        connection,
        looked,
        constants=constants,
        staging=staging,
        user_key=user_key,
        usage=usage,
        outcomes=outcomes,
    )
    if progress:
        progress(result.records)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A file whose format is known, hashed, and ready to be parsed."""

    path: Path
    source_id: str
    recognised: Recognised
    prepared: Prepared


def look(
    path: Path,
    fmt: str | None,
    *,
    constants: Mapping[str, str],
    staging: Path,
    source_id: str,
    known: Sequence[KnownSource],
) -> Looked | AlreadyKnown:
    """Recognise a file and read its bytes once; see `stage` for the parameters and errors."""
    kept: set[Path] = set()
    with _tidy(path, staging, source_id, kept):
        recognised = recognise(path, fmt)
        prepared = prepare(path, recognised, known=known, staging=staging, source_id=source_id)
        if isinstance(prepared, AlreadyKnown):
            return _with_note(prepared, known, constants)
        kept.add(prepared.plain)
    return Looked(path=path, source_id=source_id, recognised=recognised, prepared=prepared)


def stage_looked(
    connection: Connection,
    looked: Looked,
    *,
    constants: Mapping[str, str],
    staging: Path,
    user_key: bytes,
    usage: Held = NOTHING,
    outcomes: Held = NOTHING,
) -> Staged:
    """Parse a file that was looked at, and stage what is new in it; see `stage`."""
    kept: set[Path] = set()
    with _tidy(looked.path, staging, looked.source_id, kept):
        work = begin(
            connection,
            looked.recognised,
            looked.prepared,
            constants=dict(constants),
            staging=staging,
            source_id=looked.source_id,
            user_key=user_key,
        )
        held = usage if looked.recognised.reader.kind == "usage" else outcomes
        result = _staged(work, looked.path, held)
        kept |= {segment.path for segment in result.segments}
        kept |= {result.quarantine} if result.quarantine else set()
    return result


@contextmanager
def _tidy(path: Path, staging: Path, source_id: str, kept: set[Path]) -> Iterator[None]:
    """Name the file in what goes wrong, and leave nothing staged but what is kept."""
    try:
        yield
    except IngestError as error:
        if str(path) in str(error):
            raise
        raise IngestError(f"{path}: {error}") from error
    finally:
        for leftover in staging.glob(f"{source_id}.*"):
            if leftover not in kept:
                leftover.unlink()


def _with_note(
    already: AlreadyKnown, known: Sequence[KnownSource], constants: Mapping[str, str]
) -> AlreadyKnown:
    before = next(source for source in known if source.source_id == already.source_id)
    if dict(before.constants) == dict(constants):
        return already
    was = ", ".join(f"{key}={value}" for key, value in before.constants.items()) or "nothing set"
    return replace(already, notes=(f"read before with {was}; the values given now were not used",))


def _staged(work: Work, path: Path, held: Held) -> Staged:
    records = write_staged(work)
    reader, prepared = work.plan.reader, work.prepared
    reasons, skipped = _not_usage(work)
    verdict = settle(
        work.connection,
        staged=work.relation,
        reader=reader,
        held=held,
        resumed=prepared.resumed_chain,
        already_out=reasons,
    )
    conditions, months = segments.rate_keys(work) if reader.kind == "usage" else ([], [])
    reasons |= verdict.reasons(lambda row: f"record {row} of this file")
    left_out = verdict.duplicates | set(reasons)
    written = segments.split(
        work, left_out=left_out, all_loaded=not left_out and not skipped, months=months
    )
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
        loaded=sum(segment.rows for segment in written),
        duplicates=len(verdict.duplicates),
        quarantined=len(reasons),
        skipped=sum(skipped.values()),
        skipped_by_kind=skipped,
        lines=prepared.lines,
        blank=prepared.blank,
        header=prepared.header,
        segments=written,
        quarantine=_quarantine(work, reasons),
        rate_keys=conditions,
        notes=tuple(work.notes + why(reasons)),
        resumed_from=prepared.resumed_from,
    )
    check_counts(result, line_format=prepared.line_format)
    return result


def _not_usage(work: Work) -> tuple[dict[int, str], dict[str, int]]:
    """Return the reason of each bad record, and how many records of each kind were skipped."""
    rows = run(
        work.connection,
        f"SELECT CASE WHEN rate_key = {QUARANTINED} THEN source_row END AS number, tags, count(*) "
        f"FROM {work.relation} WHERE rate_key IN ({QUARANTINED}, {SKIPPED}) "
        "GROUP BY number, tags ORDER BY tags",
    )
    reasons = {number: tags for number, tags, _ in rows if number is not None}
    skipped = {tags: count for number, tags, count in rows if number is None}
    reasons |= work.problems
    for row, cut in work.prepared.long_rows.items():
        reasons[row] = f"line of {cut.length:,} bytes exceeds the {MOST_LINE_BYTES:,} that are read"
    return reasons, skipped


def why(reasons: Mapping[int, str], *, at_most: int = 3) -> list[str]:
    """Say in words what most quarantined records suffer from: the column, without its values."""
    kinds = Counter(_without_value(reason) for reason in reasons.values())
    said = [f"{number:,} quarantined: {kind}" for kind, number in kinds.most_common(at_most)]
    rest = sum(number for _, number in kinds.most_common()[at_most:])
    return [*said, f"{rest:,} quarantined for other reasons"] if rest else said


def _without_value(reason: str) -> str:
    """Return `latency_ms: not a number` of `latency_ms is 12,5: not a number`."""
    before, colon, _ = reason.partition(": ")
    column, is_, _ = before.partition(" is ")
    if not colon or not is_:
        return before if before in ("not UTF-8 text", "not JSON", "conflict") else reason
    # A value may itself hold a colon and a space; what is wrong stands behind the last one.
    return f"{column}: {reason.rsplit(': ', 1)[-1]}"


def _quarantine(work: Work, reasons: Mapping[int, str]) -> Path | None:
    if not reasons:
        return None
    target = work.file("quarantine.parquet")
    quarantine.write(
        target,
        source_id=work.plan.source_id,
        reasons=reasons,
        records=raw_records(work),
        first_row=work.prepared.first_row,
        long_rows=work.prepared.long_rows,
    )
    return target


def check_counts(result: Staged, *, line_format: bool) -> None:
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
            "being rewritten while it is read, ingest it again when it rests."
        )

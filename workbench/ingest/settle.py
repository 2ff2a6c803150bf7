"""Which of the staged rows are new: copies within the file, copies of what the store holds.

A request is named by the reader's identity columns. The same name with equal content is a
duplicate, with unequal content a conflict. Rows without a name are told apart by content
and its n-th occurrence: the n-th is a duplicate if another source gave as many before.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from workbench import fingerprints, schema
from workbench.ingest.batch import Connection, Held
from workbench.ingest.cells import name, quoted
from workbench.ingest.reader import Reader

_LINEAGE = ("source_id", "source_row", "rate_key", "meter_mask", "context_tokens")
CONFLICT = "conflict: the same request was given before with other values"


@dataclass(slots=True)
class Verdict:
    """Rows that are not loaded although nothing is wrong with them by themselves."""

    duplicates: set[int] = field(default_factory=set)
    conflicts: dict[int, int | None] = field(default_factory=dict)
    """Row -> the row before it that says otherwise; None where that is in the store."""

    def reasons(self, called: Callable[[int], str]) -> dict[int, str]:
        """Return each conflict in words; `called` names the other record."""
        return {
            row: f"{CONFLICT} ({'already in the store' if first is None else called(first)})"
            for row, first in self.conflicts.items()
        }


def content_columns(reader: Reader) -> list[str]:
    """Return the columns that make two rows equal: everything but where they came from."""
    if reader.kind == "outcomes":
        return [c.name for c in schema.OUTCOME_COLUMNS if c.name not in _LINEAGE]
    return [c.name for c in schema.SEGMENT_COLUMNS if c.name not in _LINEAGE]


def settle(
    connection: Connection,
    *,
    staged: str,
    reader: Reader,
    held: Held,
    resumed: Sequence[str],
    already_out: Collection[int],
    parts: bool = False,
) -> Verdict:
    """Find duplicates and conflicts among the good rows of the relation `staged`.

    Parameters
    ----------
    held
        Gives the rows in the store, with the same columns, of the time window of the rows.
    resumed
        Sources that are earlier parts of the same file: occurrences there are no duplicates.
    already_out
        Records found bad before the statement ran.
    parts
        Whether the rows are those of several files, told apart by their column `part`. An
        identified request is then as in one file; occurrences are counted file by file.
    """
    verdict = Verdict()
    bad = ", ".join(map(str, already_out))
    part = "" if parts else ", 0 AS part"
    good = f"(SELECT *{part} FROM {staged} WHERE rate_key >= 0{f' AND source_row NOT IN ({bad})' if bad else ''})"
    if reader.identity:
        _within(connection, good, reader, verdict)
    if parts:
        _unnamed_in_parts(connection, good, reader, verdict)
    _against_store(connection, good, reader, held, resumed, verdict)
    return verdict


def _within(connection: Connection, good: str, reader: Reader, verdict: Verdict) -> None:
    first = name(reader.identity[0])
    named, different = connection.execute(
        f"SELECT count({first}), count(DISTINCT hash({first})) FROM {good}"
    ).fetchone()
    if different < named:
        _twins(connection, good, reader, verdict)
        if reader.replay:
            _replays(connection, good, reader, verdict)


def _twins(connection: Connection, good: str, reader: Reader, verdict: Verdict) -> None:
    """Keep the best (or the first) of the rows that share a name."""
    key = ", ".join(name(column) for column in reader.identity)
    if reader.best_first:
        rows = connection.execute(
            f"SELECT source_row FROM {good} WHERE {name(reader.identity[0])} IS NOT NULL QUALIFY "
            f"row_number() OVER (PARTITION BY {key} ORDER BY {reader.best_first}, source_row) > 1"
        ).fetchall()
        verdict.duplicates.update(row[0] for row in rows)
        return
    rows = connection.execute(
        f"WITH good AS {good}, twins AS (SELECT source_row, first_value(source_row) OVER "
        f"(PARTITION BY {key} ORDER BY source_row) AS first_row FROM good "
        f"WHERE {name(reader.identity[0])} IS NOT NULL) "
        f"SELECT n.source_row, {_equal(reader)}, s.source_row FROM twins "
        "JOIN good n ON n.source_row = twins.source_row "
        "JOIN good s ON s.source_row = twins.first_row WHERE twins.source_row <> first_row"
    ).fetchall()
    for row, equal, first in rows:
        if equal:
            verdict.duplicates.add(row)
        else:
            verdict.conflicts[row] = first


def _replays(connection: Connection, good: str, reader: Reader, verdict: Verdict) -> None:
    """Drop copies that match on the first identity column alone, if anything else is left."""
    key = name(reader.identity[0])
    rows = connection.execute(
        f"SELECT source_row, {key}, coalesce({reader.replay}, false) FROM {good} WHERE {key} IN "
        f"(SELECT {key} FROM {good} WHERE {reader.replay}) ORDER BY {reader.best_first}, source_row"
    ).fetchall()
    seen: set[str] = set()
    for row, request, replayed in rows:
        if row in verdict.duplicates:
            continue
        if replayed and request in seen:
            verdict.duplicates.add(row)
        seen.add(request)


def _equal(reader: Reader, *, is_erased: bool = False) -> str:
    """Return SQL of whether the rows `n` and `s` have the same content.

    Where people were erased, what the stored row no longer has is no difference.
    """
    return " AND ".join(
        _same(c, is_erased=is_erased and c in fingerprints.ERASABLE)
        for c in content_columns(reader)
    )


def _same(column: str, *, is_erased: bool) -> str:
    same = f"n.{name(column)} IS NOT DISTINCT FROM s.{name(column)}"
    return f"({same} OR s.{name(column)} IS NULL)" if is_erased else same


def _content(reader: Reader) -> str:
    """Return SQL of a digest of a row's content, long enough that equal digests mean equal rows."""
    cells = (f"coalesce(CAST({name(c)} AS VARCHAR), chr(30))" for c in content_columns(reader))
    return f"md5(concat_ws(chr(31), {', '.join(cells)}))"


def _against_store(
    connection: Connection,
    good: str,
    reader: Reader,
    held: Held,
    resumed: Sequence[str],
    verdict: Verdict,
) -> None:
    at = "occurred_at" if reader.kind == "outcomes" else "started_at"
    first, last = connection.execute(f"SELECT min({at}), max({at}) FROM {good}").fetchone()
    if first is None or last is None:
        return
    rows = held.rows(first, last)
    if rows is None:
        return
    window = f"{at} BETWEEN TIMESTAMP {quoted(str(first))} AND TIMESTAMP {quoted(str(last))}"
    stored = f"(SELECT * FROM {rows} WHERE {window})"
    others = f"source_id NOT IN ({', '.join(map(quoted, resumed))})" if resumed else "true"
    erased = held.erased(first, last) if held.erased else None
    if reader.identity:
        _named_in_store(connection, good, reader, stored, verdict, is_erased=bool(held.erased))
        if erased:
            _named_of_erased(connection, good, reader, erased, verdict)
    _unnamed_in_store(connection, good, reader, stored, at, others, erased, verdict)


def _named_in_store(
    connection: Connection,
    good: str,
    reader: Reader,
    stored: str,
    verdict: Verdict,
    *,
    is_erased: bool,
) -> None:
    key = reader.identity
    match = " AND ".join(
        _same(c, is_erased=is_erased and c in fingerprints.ERASABLE) for c in key[1:]
    )
    equal = _equal(reader, is_erased=is_erased)
    equal += " OR n.size_ <= s.size_" if reader.best_first else ""
    more = f"*, {reader.size} AS size_, coalesce({reader.replay or 'false'}, false) AS replayed"
    rows = connection.execute(
        f"SELECT n.source_row, bool_or({equal}) FROM (SELECT {more} FROM {good}) n "
        f"JOIN (SELECT {more} FROM {stored}) s ON n.{name(key[0])} = s.{name(key[0])} "
        f"AND (({match or 'true'}) OR n.replayed OR s.replayed) GROUP BY n.source_row"
    ).fetchall()
    _judge(rows, verdict)


def _named_of_erased(
    connection: Connection, good: str, reader: Reader, erased: str, verdict: Verdict
) -> None:
    """Find rows whose name an erasure took, by its hash; sizes of copies are not compared."""
    also = {"attempt": "n.attempt = e.nth", "started_at": "n.started_at = e.instant"}
    match = " AND ".join(also[c] for c in reader.identity if c in also) or "true"
    content = fingerprints.content(reader.kind)
    first = name(reader.identity[0])
    equal = "true" if reader.best_first else f"({content}) = e.held"
    rows = connection.execute(
        f"SELECT n.source_row, bool_or({equal}) FROM (SELECT *, {fingerprints.hashed(first)} AS "
        f"hashed FROM {good} WHERE {first} IS NOT NULL) n JOIN (SELECT instant, attempt AS nth, named, "
        f"content AS held FROM {erased} WHERE named IS NOT NULL) e ON n.hashed = e.named AND {match} "
        "GROUP BY n.source_row"
    ).fetchall()
    _judge(rows, verdict)


def _judge(rows: Sequence[tuple[int, bool]], verdict: Verdict) -> None:
    """Count each row that has a twin in the store as a duplicate, or as a conflict."""
    for row, equal in rows:
        if row in verdict.duplicates:
            continue
        if equal:
            verdict.duplicates.add(row)
            verdict.conflicts.pop(row, None)
        else:
            verdict.conflicts[row] = None


def _unnamed_in_store(
    connection: Connection,
    good: str,
    reader: Reader,
    stored: str,
    at: str,
    others: str,
    erased: str | None,
    verdict: Verdict,
) -> None:
    unnamed = _unnamed(reader)
    content = fingerprints.content(reader.kind) if erased else _content(reader)
    instants, more = f"SELECT {at} FROM held_rows", ""
    if erased:
        instants += " UNION ALL SELECT instant FROM erased_rows"
        more = " UNION ALL SELECT content, count(*) FROM erased_rows GROUP BY 1"
    ctes = (
        f", erased_rows AS (SELECT instant, content FROM {erased} WHERE named IS NULL AND {others})"
        if erased
        else ""
    )
    rows = connection.execute(
        f"WITH new_rows AS (SELECT * FROM {good} WHERE {unnamed}), held_rows AS "
        f"(SELECT * FROM {stored} WHERE {unnamed} AND {others}){ctes}, numbered AS "
        f"(SELECT source_row, {content} AS content, row_number() OVER "
        f"(PARTITION BY part, content ORDER BY source_row) AS nth FROM new_rows "
        f"WHERE {at} IN ({instants})), "
        f"each AS (SELECT {content} AS content, count(*) AS held FROM held_rows "
        f"WHERE {at} IN (SELECT {at} FROM new_rows) GROUP BY 1{more}), "
        "counted AS (SELECT content, sum(held) AS held FROM each GROUP BY 1) "
        "SELECT source_row FROM numbered JOIN counted USING (content) WHERE nth <= held"
    ).fetchall()
    verdict.duplicates.update(row[0] for row in rows)


def _unnamed_in_parts(connection: Connection, good: str, reader: Reader, verdict: Verdict) -> None:
    """Find rows without a name whose n-th occurrence another file of the batch has before."""
    rows = connection.execute(
        f"WITH numbered AS (SELECT source_row, content, row_number() OVER (PARTITION BY part, content "
        f"ORDER BY source_row) AS nth FROM (SELECT part, source_row, {_content(reader)} AS content "
        f"FROM {good} WHERE {_unnamed(reader)})) SELECT source_row FROM numbered QUALIFY "
        "row_number() OVER (PARTITION BY content, nth ORDER BY source_row) > 1"
    ).fetchall()
    verdict.duplicates.update(row[0] for row in rows)


def _unnamed(reader: Reader) -> str:
    return f"{name(reader.identity[0])} IS NULL" if reader.identity else "true"

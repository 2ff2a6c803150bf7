"""Which of the staged rows are new: copies within the file, copies of what the store holds.

A request is named by the reader's identity columns. The same name with equal content is a
duplicate, with unequal content a conflict. Rows without a name are told apart by content
and its n-th occurrence: the n-th is a duplicate if another source gave as many before.
"""

from dataclasses import dataclass, field

from workbench import schema
from workbench.ingest.batch import Connection
from workbench.ingest.cells import name, quoted
from workbench.ingest.reader import Reader

_LINEAGE = ("source_id", "source_row", "rate_key", "meter_mask", "context_tokens")
CONFLICT = "conflict: the same request was given before with other values"


@dataclass(slots=True)
class Verdict:
    """Rows that are not loaded although nothing is wrong with them by themselves."""

    duplicates: set[int] = field(default_factory=set)
    conflicts: dict[int, str] = field(default_factory=dict)


def content_columns(reader: Reader) -> list[str]:
    """Return the columns that make two rows equal: everything but where they came from."""
    if reader.kind == "outcomes":
        return [c.name for c in schema.OUTCOME_COLUMNS if c.name not in _LINEAGE]
    return [c.name for c in schema.SEGMENT_COLUMNS if c.name not in _LINEAGE]


def settle(
    connection: Connection, *, staged: str, reader: Reader, existing: str | None, resumed: list[str]
) -> Verdict:
    """Find duplicates and conflicts among the good rows of the relation `staged`.

    Parameters
    ----------
    existing
        Relation of the rows in the store, with the same columns, or None.
    resumed
        Sources that are earlier parts of the same file: occurrences there are no duplicates.
    """
    verdict = Verdict()
    good = f"(SELECT * FROM {staged} WHERE rate_key >= 0)"
    if reader.identity:
        _within(connection, good, reader, verdict)
    if existing is not None:
        _against_store(connection, good, reader, existing, resumed, verdict)
    return verdict


def _within(connection: Connection, good: str, reader: Reader, verdict: Verdict) -> None:
    named = " AND ".join([f"{name(reader.identity[0])} IS NOT NULL"])
    key = ", ".join(name(column) for column in reader.identity)
    twice = connection.execute(
        f"SELECT count(*) FROM (SELECT hash({key}) AS h FROM {good} WHERE {named} "
        "GROUP BY h HAVING count(*) > 1)"
    ).fetchone()
    if twice[0] == 0:
        return
    content = _content_hash(reader)
    order = f"{reader.best_first}, source_row" if reader.best_first else "source_row"
    rows = connection.execute(
        f"SELECT source_row, content = first_content, first_row FROM (SELECT source_row, {content} AS content, "
        f"first_value(content) OVER same AS first_content, first_value(source_row) OVER same AS first_row "
        f"FROM {good} WHERE {named} WINDOW same AS (PARTITION BY {key} ORDER BY {order})) "
        "WHERE source_row <> first_row"
    ).fetchall()
    for row, equal, first in rows:
        if equal or reader.best_first:
            verdict.duplicates.add(row)
        else:
            verdict.conflicts[row] = f"{CONFLICT} (record {first} of this file)"


def _content_hash(reader: Reader) -> str:
    return f"hash({', '.join(name(column) for column in content_columns(reader))})"


def _against_store(
    connection: Connection,
    good: str,
    reader: Reader,
    existing: str,
    resumed: list[str],
    verdict: Verdict,
) -> None:
    at = "occurred_at" if reader.kind == "outcomes" else "started_at"
    first, last = connection.execute(
        f"SELECT CAST(min({at}) AS VARCHAR), CAST(max({at}) AS VARCHAR) FROM {good}"
    ).fetchone()
    if first is None:
        return
    window = f"{at} BETWEEN TIMESTAMP {quoted(first)} AND TIMESTAMP {quoted(last)}"
    stored = f"(SELECT * FROM {existing} WHERE {window})"
    if reader.identity:
        _named_in_store(connection, good, reader, stored, verdict)
    _unnamed_in_store(connection, good, reader, stored, at, resumed, verdict)


def _named_in_store(
    connection: Connection, good: str, reader: Reader, stored: str, verdict: Verdict
) -> None:
    key = reader.identity
    match = " AND ".join(f"n.{name(c)} IS NOT DISTINCT FROM s.{name(c)}" for c in key[1:]) or "true"
    columns = ", ".join(name(c) for c in key)
    content = _content_hash(reader)
    rows = connection.execute(
        f"SELECT n.source_row, bool_or(n.content = s.content) "
        f"FROM (SELECT source_row, {content} AS content, {columns} FROM {good}) n "
        f"JOIN (SELECT {content} AS content, {columns} FROM {stored}) s "
        f"ON n.{name(key[0])} = s.{name(key[0])} AND {match} GROUP BY n.source_row"
    ).fetchall()
    for row, equal in rows:
        if row in verdict.duplicates:
            continue
        if equal:
            verdict.duplicates.add(row)
            verdict.conflicts.pop(row, None)
        else:
            verdict.conflicts[row] = f"{CONFLICT} (already in the store)"


def _unnamed_in_store(
    connection: Connection,
    good: str,
    reader: Reader,
    stored: str,
    at: str,
    resumed: list[str],
    verdict: Verdict,
) -> None:
    unnamed = f"{name(reader.identity[0])} IS NULL" if reader.identity else "true"
    content = _content_hash(reader)
    others = f"source_id NOT IN ({', '.join(map(quoted, resumed))})" if resumed else "true"
    rows = connection.execute(
        f"SELECT n.source_row FROM (SELECT source_row, {at}, {content} AS content, "
        f"row_number() OVER (PARTITION BY {at}, content ORDER BY source_row) AS nth "
        f"FROM {good} WHERE {unnamed}) n "
        f"JOIN (SELECT {at}, {content} AS content, count(*) AS held FROM {stored} "
        f"WHERE {unnamed} AND {others} GROUP BY ALL) s "
        f"ON n.{at} = s.{at} AND n.content = s.content AND n.nth <= s.held"
    ).fetchall()
    verdict.duplicates.update(row[0] for row in rows)

"""Which rows of a store file are a person's, and what a row looks like without the person."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from workbench.store.subject import SHORTEST_WORD, Subject

PERSONAL = ("user_hash", "session_id", "trace_id")
FREE_TEXT = ("request_id", "ticket_id", "prompt_id", "prompt_version", "flag_variant", "tags")
"""Columns beside the personal ones that may hold an identifier: a gateway's request id is often
its session or trace. Columns that decide a price or a figure's place are never touched; what
they hold is listed in the certificate."""
_NAMES = ("request_id", "ticket_id")
_OUTCOME_KEYS = ("request_id", "session_id", "ticket_id")
_IN_SESSION = "coalesce(session_id IN (SELECT v FROM sessions), false)"
_IN_TRACE = "coalesce(trace_id IN (SELECT v FROM traces), false)"
_MINE = "coalesce(user_hash IN (SELECT v FROM terms), false)"


def is_hit(kind: str, subject: Subject) -> str:
    """Return the test of a row that holds the person; the tables of the session name them."""
    if kind == "quarantine":
        return _any(_said(name, subject) for name in ("excerpt", "reason"))
    if kind == "outcomes":
        return f"({_IN_SESSION} OR {_any(_free(name, subject) for name in _OUTCOME_KEYS)})"
    texts = [_text(name, subject) for name in PERSONAL]
    texts += [_names(name, subject) for name in FREE_TEXT]
    return f"({_MINE} OR {_IN_SESSION} OR {_IN_TRACE} OR {_any(texts)})"


def loses_its_name(subject: Subject) -> str:
    """Return the test of a metering row that will have no request id, or has none."""
    return f"(request_id IS NULL OR {_names('request_id', subject)})"


def _text(column: str, subject: Subject) -> str:
    return f"coalesce(regexp_matches(CAST({column} AS VARCHAR), {quoted(subject.named.pattern)}), false)"


def _said(column: str, subject: Subject) -> str:
    """Return the test of a free text that names the person or one of their sessions."""
    said = f"EXISTS (SELECT 1 FROM long_ids WHERE contains({column}, v))"
    return f"({_text(column, subject)} OR coalesce({said}, false))"


def _free(column: str, subject: Subject) -> str:
    """Return the test of a column that names the person, or is one of their sessions or traces.

    A short id, such as a number, may be somebody else's request: it counts in the person's rows.
    """
    is_id = f"coalesce({column} IN (SELECT v FROM long_ids), false)"
    return f"({_text(column, subject)} OR {is_id})"


def _names(column: str, subject: Subject) -> str:
    """Return the test of a column of usage that names the person, or holds the row's own ids."""
    inside = " OR ".join(
        f"{column} = {own} OR (length({own}) >= {SHORTEST_WORD} AND contains({column}, {own}))"
        for own in ("session_id", "trace_id")
    )
    named = _free(column, subject) if column in _NAMES else _text(column, subject)
    return f"({named} OR ({_MINE} AND coalesce({inside}, false)))"


def _any(tests: Iterable[str]) -> str:
    return "(" + " OR ".join(tests) + ")"


def cleaned(kind: str, subject: Subject) -> str:
    """Return the REPLACE list that removes the person from a row and keeps the row.

    Another person's row in the same session keeps its own user.
    """
    if kind == "quarantine":
        hit = is_hit(kind, subject)
        return ", ".join(
            f"CASE WHEN {hit} THEN {value} ELSE {column} END AS {column}"
            for column, value in (("excerpt", "NULL"), ("reason", "'erased on request'"))
        )
    if kind == "outcomes":
        tests = {name: _free(name, subject) for name in _OUTCOME_KEYS}
        tests["session_id"] += f" OR {_IN_SESSION}"
    else:
        tests = {name: _text(name, subject) for name in PERSONAL}
        tests |= {name: _names(name, subject) for name in FREE_TEXT}
        tests["user_hash"] += f" OR {_MINE}"
        tests["session_id"] += f" OR {_MINE} OR {_IN_SESSION}"
        tests["trace_id"] += f" OR {_MINE} OR {_IN_TRACE}"
    return ", ".join(
        f"CASE WHEN {test} THEN NULL ELSE {column} END AS {column}"
        for column, test in tests.items()
    )


def is_content(connection: duckdb.DuckDBPyConnection, path: Path, subject: Subject) -> str:
    """Return the test of a content row that goes: the person's, or one whose text names them.

    What another person wrote in a shared session stays; its ids go, see `content_without`.
    """
    names = text_columns(connection, path)
    own = [_text('"' + name.replace('"', '""') + '"', subject) for name in names]
    if "user_hash" not in names:
        tests = [*own, *_sessions(names)]
        return "(" + (" OR ".join(tests) or "false") + ")"
    others = f"(user_hash IS NOT NULL AND NOT {_MINE})"
    free = [
        _text('"' + name.replace('"', '""') + '"', subject)
        for name in names
        if name not in ("session_id", "trace_id")
    ]
    in_others = " OR ".join(free)
    tests = " OR ".join([*own, *_sessions(names)])
    return f"(CASE WHEN {others} THEN {in_others} ELSE {_MINE} OR {tests} END)"


def content_without(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Return the columns of the content rows that stay, without the person's ids."""
    names = text_columns(connection, path)
    parts = [
        f"CASE WHEN {test} THEN NULL ELSE {column} END AS {column}"
        for column, test in (("session_id", _IN_SESSION), ("trace_id", _IN_TRACE))
        if column in names
    ]
    return f"* REPLACE ({', '.join(parts)})" if parts else "*"


def has_ids(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Return the test of a content row that holds the person's session or trace."""
    return "(" + (" OR ".join(_sessions(text_columns(connection, path))) or "false") + ")"


def _sessions(names: Sequence[str]) -> list[str]:
    tests = (("session_id", _IN_SESSION), ("trace_id", _IN_TRACE))
    return [test for column, test in tests if column in names]


def of_unit(subject: Subject) -> str:
    """Return the test of a unit of work (kind, id) that is found by an id of the person."""
    return (
        "coalesce(id IN (SELECT v FROM ids) OR "
        f"regexp_matches(id, {quoted(subject.named.pattern)}), false)"
    )


def text_columns(connection: duckdb.DuckDBPyConnection, path: Path) -> list[str]:
    """Return the columns of a Parquet file that hold text, lists and structures of text included."""
    described = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({quoted(str(path))})"
    ).fetchall()
    return [str(name) for name, kind, *_ in described if "VARCHAR" in kind or "BLOB" in kind]


def escaped(path: Path) -> str:
    """Return a path for use between single quotes in SQL."""
    return str(path).replace("'", "''")


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"

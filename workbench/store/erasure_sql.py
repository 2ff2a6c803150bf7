"""Which rows of a store file are a person's, and what a row looks like without the person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

PERSONAL = ("user_hash", "session_id", "trace_id")
FREE_TEXT = ("request_id", "ticket_id", "prompt_id", "prompt_version", "flag_variant", "tags")
"""Columns beside the personal ones that may hold an identifier by accident. Columns that decide
a price or a figure's place are never touched; what they hold is listed in the certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person by every identifier the store may hold."""

    terms: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()


def is_hit(kind: str) -> str:
    """Return the test of a row; the tables terms, sessions and traces hold the person."""
    if kind == "quarantine":
        return _any_text(("excerpt", "reason"))
    if kind == "outcomes":
        keys = ("request_id", "session_id", "ticket_id")
        return f"(session_id IN (SELECT v FROM sessions) OR {_any_text(keys)})"
    return (
        "(user_hash IN (SELECT v FROM terms) OR session_id IN (SELECT v FROM sessions) "
        f"OR trace_id IN (SELECT v FROM traces) OR {_any_text((*PERSONAL, *FREE_TEXT))})"
    )


def _any_text(columns: Sequence[str]) -> str:
    tests = " OR ".join(f"coalesce(contains({column}, named.v), false)" for column in columns)
    return f"EXISTS (SELECT 1 FROM terms AS named WHERE {tests})"


def cleaned(kind: str) -> str:
    """Return the REPLACE list that removes the person from a row and keeps the row."""
    if kind == "quarantine":
        hit = is_hit(kind)
        return ", ".join(
            f"CASE WHEN {hit} THEN {value} ELSE {column} END AS {column}"
            for column, value in (("excerpt", "NULL"), ("reason", "'erased on request'"))
        )
    free = ("request_id", "ticket_id") if kind == "outcomes" else FREE_TEXT
    parts = [
        f"CASE WHEN {_any_text((column,))} THEN NULL ELSE {column} END AS {column}"
        for column in free
    ]
    personal = ("session_id",) if kind == "outcomes" else PERSONAL
    hit = is_hit(kind)
    parts += [f"CASE WHEN {hit} THEN NULL ELSE {column} END AS {column}" for column in personal]
    return ", ".join(parts)


def is_content(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Return the test of a content row: any text of it, or its session or trace."""
    described = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet('{escaped(path)}')"
    ).fetchall()
    names = [str(name) for name, kind, *_ in described if "VARCHAR" in kind]
    tests = (
        [_any_text(['"' + name.replace('"', '""') + '"' for name in names])] if names else ["false"]
    )
    for column, table in (("session_id", "sessions"), ("trace_id", "traces")):
        if column in names:
            tests.append(f"coalesce({column} IN (SELECT v FROM {table}), false)")
    return "(" + " OR ".join(tests) + ")"


def escaped(path: Path) -> str:
    """Return a path for use between single quotes in SQL."""
    return str(path).replace("'", "''")

"""Which identifiers are one person's: plain ids, sessions and traces, and the sources that hold them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import duckdb

from workbench.store import erasure_files, segments
from workbench.store.erasure_sql import escaped
from workbench.store.layout import Layout
from workbench.store.subject import SHORTEST_WORD, Subject, user_hash


@contextmanager
def session(subject: Subject) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a connection whose tables name the person: terms, sessions, traces, shared, ids."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 1")  # rows keep their order: segments are sorted by time
        for name, values in asdict(subject).items():
            connection.execute(f"CREATE TEMP TABLE {name} (v VARCHAR)")
            if values:
                connection.execute(
                    f"INSERT INTO {name} SELECT unnest(?::VARCHAR[])", [list(values)]
                )
        connection.execute(
            "CREATE TEMP TABLE ids AS SELECT v FROM sessions UNION SELECT v FROM traces"
        )
        connection.execute(
            f"CREATE TEMP TABLE long_ids AS SELECT v FROM ids WHERE length(v) >= {SHORTEST_WORD}"
        )
        yield connection


def everywhere(layout: Layout, terms: tuple[str, ...], *, user_key: bytes) -> Subject:
    """Return the person with every plain id, session and trace the workspace knows."""
    hashes = set(terms) | {user_hash(user_key, term) for term in terms}
    plain: set[str] = set()
    if len(terms) == 1:  # else the plain id was given, and nothing else has its hash
        plain = erasure_files.plain_ids(
            list(erasure_files.logs_of(layout)), hashes, user_key=user_key
        )
    found = Subject(terms=tuple(dict.fromkeys((*terms, *sorted(plain)))))
    ids: dict[str, set[str]] = {"session_id": set(), "trace_id": set()}
    shared: set[str] = set()
    with session(found) as connection:
        relations = _with_users(layout, connection)
        for name, mine in ids.items():
            holding = [rows for rows, columns in relations if name in columns]
            for rows in holding:
                mine |= _ids(connection, name, f"{rows} WHERE user_hash IN (SELECT v FROM terms)")
            connection.execute(f"CREATE TEMP TABLE mine_{name} AS SELECT unnest(?::VARCHAR[]) AS v", [sorted(mine)])  # fmt: skip
            for rows in holding:
                others = (
                    f"{rows} WHERE user_hash IS NOT NULL AND user_hash NOT IN "
                    f"(SELECT v FROM terms) AND {name} IN (SELECT v FROM mine_{name})"
                )
                shared |= _ids(connection, name, others)
    return replace(
        found,
        sessions=tuple(sorted(ids["session_id"])),
        traces=tuple(sorted(ids["trace_id"])),
        shared=tuple(sorted(shared)),
    )


def _with_users(
    layout: Layout, connection: duckdb.DuckDBPyConnection
) -> list[tuple[str, set[str]]]:
    """Return the relations that name users, with their columns: usage, and content that does."""
    paths = [
        layout.store / entry["file"]
        for sidecar in segments.sidecars(layout)
        if sidecar["kind"] == "usage"
        for entry in sidecar["segments"]
    ]
    found = []
    if paths:  # a segment always has the columns that may name a person
        listed = ", ".join(f"'{escaped(path)}'" for path in paths)
        rows = f"(SELECT user_hash, session_id, trace_id FROM read_parquet([{listed}], union_by_name = true))"
        found.append((rows, {"user_hash", "session_id", "trace_id"}))
    for path in sorted(layout.content.rglob("*.parquet")):
        rows = f"read_parquet('{escaped(path)}')"
        described = connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
        columns = {str(one[0]) for one in described}
        if "user_hash" in columns:
            found.append((rows, columns))
    return found


def _ids(connection: duckdb.DuckDBPyConnection, name: str, rest: str) -> set[str]:
    rows = connection.execute(f"SELECT DISTINCT {name} FROM {rest}").fetchall()
    return {str(one) for (one,) in rows if one}


def inside(layout: Layout, found_in: Sequence[tuple[str, str, int]]) -> list[Path]:
    """Return those of the sources that lie in the workspace."""
    named = sorted({Path(path) for path, _, _ in found_in})
    return [one for one in named if layout.root in one.resolve().parents and one.is_file()]

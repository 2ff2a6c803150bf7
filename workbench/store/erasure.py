"""Removing one person from the store, while every meter, cost and closed figure stays.

Content of the person is dropped; in metering rows user_hash, session_id and trace_id become
NULL; quarantined excerpts that name the person go. Files are written anew beside the old ones,
the sidecar that names them is replaced, the old ones are deleted. What is to be done is on
disk first, so a killed run is completed by the next one; the journal goes last.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import InputError, StoreError
from workbench.store import certificates, files, segments
from workbench.store.catalog import Catalog
from workbench.store.disposition import PENDING
from workbench.store.erasure_sql import Subject, cleaned, escaped, is_content, is_hit
from workbench.store.layout import Layout
from workbench.store.occurrences import holds, occurrences

SHORTEST_TERM = 4


def user_hash(user_key: bytes, user_id: str) -> str:
    """Return the keyed hash ingest makes of a user's id: HMAC-SHA-256, 32 hexadecimal digits."""
    return hmac.new(user_key, user_id.encode(), hashlib.sha256).hexdigest()[:32]


def erase(
    layout: Layout, terms: Sequence[str], *, user_key: bytes, at: str, is_held: bool = False
) -> dict[str, Any]:
    """Remove a person and return the signed certificate.

    Afterwards the catalog is gone: the next open makes it again from the segments. Snapshots
    that named the person are gone too; publish again.

    Parameters
    ----------
    layout
        The workspace.
    terms
        The user hash, and the plain id where it is known.
    user_key
        Key of the user hashes; the certificate names the person by a keyed hash of its own.
    at
        The caller's clock, ISO 8601.
    is_held
        Whether a legal hold covers the person: nothing is erased then.

    Raises
    ------
    InputError
        If a term is so short that it would match others, or a hold covers the person.
    """
    if not terms or min(len(term) for term in terms) < SHORTEST_TERM:
        raise InputError(
            f"An identifier has at least {SHORTEST_TERM} characters; got {len(terms)}."
        )
    if is_held:
        raise InputError("A legal hold covers this person: nothing was erased. Lift it first.")
    resume(layout)
    with Catalog.open(layout):
        pass  # nobody else writes
    subject = _with_sessions(layout, tuple(terms))
    proof = hmac.new(user_key, f"erasure:{terms[0]}".encode(), hashlib.sha256).hexdigest()
    sources = _sources(layout, subject)
    event = {
        "event": "erasure",
        "at": at,
        "subject_proof": proof,
        "usage_rows": sum(rows for _, kind, rows in sources if kind == "usage"),
        "quarantined_rows": sum(rows for _, kind, rows in sources if kind == "quarantine"),
        "content_rows": sum(rows for _, rows in _content(layout, subject)),
        "owner_to_erase": sorted({_scrubbed(path, subject) for path, _, _ in sources}),
    }
    journal = {"event": "erasure", "certificate": event, "subject": asdict(subject)}
    files.write_json(layout.store / PENDING, journal, staging=layout.staging)
    certificate = resume(layout)
    if certificate is None:
        raise StoreError(f"{layout.store / PENDING} vanished while a person was being erased.")
    return certificate


def resume(layout: Layout) -> dict[str, Any] | None:
    """Complete an erasure that was killed; return its certificate, None if there was none."""
    path = layout.store / PENDING
    if not path.exists():
        return None
    journal: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if journal["event"] != "erasure":
        return None
    subject = Subject(**{name: tuple(values) for name, values in journal["subject"].items()})
    for derived in layout.store.glob("workbench.duckdb*"):
        derived.unlink()
    with _session(subject) as connection:
        for sidecar in list(segments.sidecars(layout)):
            _rewrite_batch(layout, connection, sidecar, subject)
        for file, _ in _content(layout, subject):
            _rewrite_content(layout, connection, file)
    segments.sweep(layout)
    _drop_derived(layout, subject)
    left = [one for one in occurrences(layout, subject.terms) if Path(one.file).name != PENDING]
    event = {**journal["certificate"], "still_found_in": [asdict(one) for one in left]}
    done = [one for one in certificates.certificates(layout) if one.get("at") == event["at"]]
    same = [one for one in done if one.get("subject_proof") == event["subject_proof"]]
    certificate = same[0] if same else certificates.append(layout, event)
    path.unlink()
    return certificate


@contextmanager
def _session(subject: Subject) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET threads = 1")  # rows keep their order: segments are sorted by time
        for name, values in asdict(subject).items():
            connection.execute(f"CREATE TEMP TABLE {name} (v VARCHAR)")
            if values:
                connection.executemany(f"INSERT INTO {name} VALUES (?)", [[one] for one in values])
        yield connection


def _with_sessions(layout: Layout, terms: tuple[str, ...]) -> Subject:
    sessions: set[str] = set()
    traces: set[str] = set()
    with _session(Subject(terms=terms)) as connection:
        for sidecar in segments.sidecars(layout):
            for entry in sidecar["segments"] if sidecar["kind"] == "usage" else []:
                rows = connection.execute(
                    f"SELECT DISTINCT session_id, trace_id FROM {_rows(layout, entry)} "
                    "WHERE user_hash IN (SELECT v FROM terms)"
                ).fetchall()
                sessions |= {session for session, _ in rows if session}
                traces |= {trace for _, trace in rows if trace}
    return Subject(terms=terms, sessions=tuple(sorted(sessions)), traces=tuple(sorted(traces)))


def _sources(layout: Layout, subject: Subject) -> list[tuple[str, str, int]]:
    """Return (path as given, kind, rows) of every source the person was in."""
    found: list[tuple[str, str, int]] = []
    with _session(subject) as connection:
        for sidecar in segments.sidecars(layout):
            listed = [(entry, sidecar["kind"]) for entry in sidecar["segments"]]
            if sidecar["quarantine"]:
                listed.append((sidecar["quarantine"], "quarantine"))
            for entry, kind in listed:
                rows = _hits(connection, layout.store / entry["file"], kind)
                if rows:
                    found.append((str(sidecar["path"]), kind, rows))
    return found


def _hits(connection: duckdb.DuckDBPyConnection, path: Path, kind: str) -> int:
    row = connection.execute(
        f"SELECT count(*) FROM read_parquet('{escaped(path)}') WHERE {is_hit(kind)}"
    ).fetchone()
    return int(row[0]) if row else 0


def _rewrite_batch(
    layout: Layout, connection: duckdb.DuckDBPyConnection, sidecar: dict[str, Any], subject: Subject
) -> None:
    home = Path(sidecar.pop("sidecar"))
    old: list[Path] = []
    listed = [(entry, sidecar["kind"]) for entry in sidecar["segments"]]
    if sidecar["quarantine"]:
        listed.append((sidecar["quarantine"], "quarantine"))
    for entry, kind in listed:
        path = layout.store / entry["file"]
        if not _hits(connection, path, kind):
            continue
        columns = f"* REPLACE ({cleaned(kind)})"
        renewed = path.with_name(_renamed(path))
        _rewrite(layout, connection, path, renewed, columns=columns, where="true")
        entry["file"] = str(renewed.relative_to(layout.store))
        entry["sha256"] = files.sha256_of(renewed)
        if "bytes" in entry:
            entry["bytes"] = renewed.stat().st_size
        old.append(path)
    scrubbed = {name: _scrubbed(value, subject) for name, value in sidecar.items()}
    if old or scrubbed != sidecar:
        files.write_json(home, scrubbed, staging=layout.staging)
    for path in old:
        path.unlink()


def _renamed(path: Path) -> str:
    rest = ".quarantine.parquet" if ".quarantine" in path.name else ".parquet"
    return f"{path.name.split('.')[0]}.{secrets.token_hex(4)}{rest}"


def _rewrite(
    layout: Layout,
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    final: Path,
    *,
    columns: str,
    where: str,
) -> None:
    """Write a Parquet file anew as `final`, its rows in their order."""
    staged = layout.staging / final.name
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.require_space(layout.staging, bytes_needed=2 * path.stat().st_size)
    connection.execute(
        f"COPY (SELECT {columns} FROM read_parquet('{escaped(path)}') WHERE {where}) "
        f"TO '{escaped(staged)}' (FORMAT parquet, COMPRESSION zstd)"
    )
    files.move(staged, final)


def _content(layout: Layout, subject: Subject) -> list[tuple[Path, int]]:
    """Return content files that hold the person, with the rows to drop; 1 where it is no table."""
    found: list[tuple[Path, int]] = []
    with _session(subject) as connection:
        for path in sorted(layout.content.rglob("*")):
            if not path.is_file():
                continue
            if path.suffix != ".parquet":
                if holds(path, subject.terms):
                    found.append((path, 1))
                continue
            row = connection.execute(
                f"SELECT count(*) FROM read_parquet('{escaped(path)}') "
                f"WHERE {is_content(connection, path)}"
            ).fetchone()
            if row and row[0]:
                found.append((path, int(row[0])))
    return found


def _rewrite_content(layout: Layout, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    if path.suffix != ".parquet":
        path.unlink()
        return
    kept = f"NOT {is_content(connection, path)}"
    _rewrite(layout, connection, path, path, columns="*", where=kept)


def _drop_derived(layout: Layout, subject: Subject) -> None:
    """Delete what can be made again and names the person: snapshots and exports."""
    named = {Path(one.file) for one in occurrences(layout, subject.terms)}
    for folder in (layout.snapshots, layout.root / "exports"):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
            if path.relative_to(layout.root) in named:
                path.unlink()


def _scrubbed(value: Any, subject: Subject) -> Any:  # noqa: ANN401 - any part of a sidecar
    if isinstance(value, str):
        for term in subject.terms:
            value = value.replace(term, "[erased]")
        return value
    if isinstance(value, list):
        return [_scrubbed(one, subject) for one in value]
    if isinstance(value, dict):
        return {name: _scrubbed(one, subject) for name, one in value.items()}
    return value


def _rows(layout: Layout, entry: Mapping[str, Any]) -> str:
    return f"read_parquet('{escaped(layout.store / entry['file'])}')"

"""Removing one person from the workspace, while every meter, cost and closed figure stays.

Content of the person is dropped; in metering rows user_hash, session_id and trace_id become
NULL; quarantined excerpts that name the person go; logs and tables that lie in the workspace
lose the person's records. Files are written anew beside the old ones, the sidecar that names
them is replaced, the old ones are deleted. What is to be done is on disk first, so a killed run
is completed by the next one; the journal goes last.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import InputError, StoreError
from workbench.store import (
    certificates,
    content,
    erasure_files,
    files,
    kept_rollups,
    kept_units,
    segments,
)
from workbench.store.catalog import Catalog
from workbench.store.disposition import PENDING
from workbench.store.erasure_sql import (
    cleaned,
    content_without,
    escaped,
    has_ids,
    is_content,
    of_unit,
)
from workbench.store.erasure_subject import everywhere, hits, inside, session, sources
from workbench.store.layout import Layout
from workbench.store.occurrences import holds, places
from workbench.store.subject import Subject, user_hash

__all__ = ["erase", "resume", "user_hash"]

SHORTEST_TERM = 4


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
        The user hash, and the plain id where it is known; where it is not, it is looked for in
        the logs that lie in the workspace.
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
    subject = everywhere(layout, tuple(terms), user_key=user_key)
    with Catalog.open(layout) as catalog:  # nobody else writes
        units = kept_units.of_subject(catalog, subject)
    found_in = sources(layout, subject)
    found_in += _content_sources(layout, subject)
    here, elsewhere = _by_place(layout, found_in)
    event = {
        "event": "erasure",
        "at": at,
        "subject_proof": _proof(user_key, terms[0]),
        "usage_rows": sum(rows for _, kind, rows in found_in if kind == "usage"),
        "outcome_rows": sum(rows for _, kind, rows in found_in if kind == "outcomes"),
        "quarantined_rows": sum(rows for _, kind, rows in found_in if kind == "quarantine"),
        "content_rows": sum(rows for _, rows in _content(layout, subject)),
        "sources_in_workspace": [_scrubbed(path, subject) for path in here],
        "owner_to_erase": [_scrubbed(path, subject) for path in elsewhere],
    }
    journal = {
        "event": "erasure", "certificate": event, "subject": asdict(subject), "units": units,
    }  # fmt: skip
    files.write_json(layout.store / PENDING, journal, staging=layout.staging)
    certificate = resume(layout)
    if certificate is None:
        raise StoreError(f"{layout.store / PENDING} vanished while a person was being erased.")
    return certificate


def _proof(user_key: bytes, term: str) -> str:
    return hmac.new(user_key, f"erasure:{term}".encode(), hashlib.sha256).hexdigest()


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
    if journal.get("units"):
        name = journal["certificate"]["subject_proof"][:16]
        kept_units.write(layout, f"{name}-{_digest(journal)[:8]}", journal["units"])
    with session(subject) as connection:
        for sidecar in list(segments.sidecars(layout)):
            _rewrite_batch(layout, connection, sidecar, subject)
        for file, _ in _content(layout, subject):
            _rewrite_content(layout, connection, file, subject)
        for file in kept_rollups.origin_files(layout):
            _rewrite(layout, connection, file, file, columns="*", where=f"NOT {of_unit(subject)}")
    _scrub_records(layout, subject)
    segments.sweep(layout)
    _drop_derived(layout, subject)
    changed = erasure_files.clean(layout, subject)
    certificate = _certificate(layout, journal, subject, changed)
    path.unlink()
    return certificate


def _digest(journal: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(journal["certificate"], sort_keys=True).encode()).hexdigest()


def _certificate(
    layout: Layout, journal: Mapping[str, Any], subject: Subject, changed: Sequence[str]
) -> dict[str, Any]:
    """Sign what was done, once: a run that was killed after signing signs nothing again."""
    at, proof = journal["certificate"]["at"], journal["certificate"]["subject_proof"]
    for one in certificates.certificates(layout):
        if one.get("at") == at and one.get("subject_proof") == proof:
            return one
    left = [one for one in places(layout, subject.all) if Path(one.file).name != PENDING]
    event = {
        **journal["certificate"],
        "files_cleaned": [_scrubbed(path, subject) for path in changed],
        "still_found_in": [_scrubbed(asdict(one), subject) for one in left],
    }
    return certificates.append(layout, event)


def _by_place(
    layout: Layout, found_in: Sequence[tuple[str, str, int]]
) -> tuple[list[str], list[str]]:
    """Return the sources that lie in the workspace, and those that lie elsewhere."""
    named = sorted({path for path, _, _ in found_in})
    here = {str(path) for path in inside(layout, found_in)}
    return [one for one in named if one in here], [one for one in named if one not in here]


def _content_sources(layout: Layout, subject: Subject) -> list[tuple[str, str, int]]:
    found = []
    for path, rows in _content(layout, subject):
        read = content.record_of(layout, path)
        if read is not None:
            found.append((content.path_of(read), "content", rows))
    return found


def _scrub_records(layout: Layout, subject: Subject) -> None:
    """Take the person out of the records of what was read: a path may name them."""
    for path in sorted((layout.store / content.FOLDER).glob("*.json")):
        before = json.loads(path.read_text(encoding="utf-8"))
        after = _scrubbed(before, subject)
        if after != before:
            files.write_json(path, after, staging=layout.staging)


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
        if not hits(connection, path, kind, subject):
            continue
        columns = f"* REPLACE ({cleaned(kind, subject)})"
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
    with session(subject) as connection:
        for path in sorted(layout.content.rglob("*")):
            if not path.is_file():
                continue
            if path.suffix != ".parquet":
                if holds(path, subject.own):
                    found.append((path, 1))
                continue
            gone, named = is_content(connection, path, subject), has_ids(connection, path)
            row = connection.execute(
                f"SELECT count(*) FILTER (WHERE {gone}), count(*) FILTER (WHERE {named}) "
                f"FROM read_parquet('{escaped(path)}')"
            ).fetchone()
            if row and any(row):
                found.append((path, int(row[0])))
    return found


def _rewrite_content(
    layout: Layout, connection: duckdb.DuckDBPyConnection, path: Path, subject: Subject
) -> None:
    if path.suffix != ".parquet":
        path.unlink()
        return
    kept = f"NOT coalesce({is_content(connection, path, subject)}, false)"
    columns = content_without(connection, path)
    _rewrite(layout, connection, path, path, columns=columns, where=kept)


def _drop_derived(layout: Layout, subject: Subject) -> None:
    """Delete what can be made again and names the person: snapshots."""
    named = {Path(one.file) for one in places(layout, subject.all)}
    for path in sorted(layout.snapshots.rglob("*")):
        if path.relative_to(layout.root) in named:
            path.unlink()


def _scrubbed(value: Any, subject: Subject) -> Any:  # noqa: ANN401 - any part of a sidecar
    if isinstance(value, str):
        return subject.own.replaced(value.encode(), b"[erased]").decode()
    if isinstance(value, list):
        return [_scrubbed(one, subject) for one in value]
    if isinstance(value, dict):
        return {name: _scrubbed(one, subject) for name, one in value.items()}
    return value

"""Removing one person from the workspace, while every meter, cost and closed figure stays.

Content of the person is dropped; in metering rows user_hash, session_id and trace_id become
NULL, and so does a request id that is one of these; quarantined excerpts that name the person
go; logs and tables that lie in the workspace lose the person's records. What is to be done is
on disk first, so a killed run is completed by the next one; the journal goes last.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.store import (
    batches,
    certificates,
    compaction,
    erased,
    erasure_files,
    erasure_rows,
    files,
    kept_units,
    packets,
    segments,
)
from workbench.store.catalog import Catalog
from workbench.store.disposition import PENDING
from workbench.store.erasure_rows import scrubbed
from workbench.store.erasure_subject import everywhere, inside, session
from workbench.store.layout import Layout
from workbench.store.occurrences import places, places_in
from workbench.store.subject import Subject, user_hash

__all__ = ["erase", "resume", "user_hash"]

SHORTEST_TERM = 4


def erase(
    layout: Layout, terms: Sequence[str], *, user_key: bytes, at: str, is_held: bool = False
) -> dict[str, Any]:
    """Remove a person and return the signed certificate.

    Afterwards the catalog is a new file that never held the person. Snapshots that did are
    gone, and named in the certificate: publish again.

    Parameters
    ----------
    layout
        The workspace; its catalog is mended and rolled up.
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
    journal = _journal(layout, subject, units, at=at, proof=_proof(user_key, terms[0]))
    files.write_json(layout.store / PENDING, journal, staging=layout.staging)
    return _carry_out(layout, journal, is_resumed=False)


def _journal(
    layout: Layout, subject: Subject, units: Sequence[Mapping[str, Any]], *, at: str, proof: str
) -> dict[str, Any]:
    """Count what will go, and put aside what tells rows again that will have no name."""
    with session(subject) as connection:
        erased.set_key(connection, layout)
        held = erasure_rows.found(layout, connection, subject)
        texts = erasure_rows.contents(layout, connection, subject)
        name = f"{proof[:16]}-{hashlib.sha256(at.encode()).hexdigest()[:8]}"
        staged, told = erasure_rows.fingerprint(layout, connection, subject, held, name=name)
    found_in = [(one.source, one.kind, one.rows) for one in held.values()]
    found_in += erasure_rows.content_sources(layout, texts)
    here, elsewhere = _by_place(layout, found_in)

    def counted(kind: str) -> int:
        return sum(one.rows for one in held.values() if one.kind == kind)

    event = {
        "event": "erasure",
        "at": at,
        "subject_proof": proof,
        "usage_rows": counted("usage"),
        "outcome_rows": counted("outcomes"),
        "quarantined_rows": counted("quarantine"),
        "content_rows": sum(rows for _, rows in texts),
        "rows_told_by_fingerprint": told,
        "keeps": erased.KEEPS,
        "sources_in_workspace": [scrubbed(path, subject) for path in here],
        "owner_to_erase": [scrubbed(path, subject) for path in elsewhere],
    }
    return {
        "event": "erasure", "certificate": event, "subject": asdict(subject),
        "units": list(units), "fingerprints": staged, "name": name,
    }  # fmt: skip


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
    return _carry_out(layout, journal, is_resumed=True)


def _carry_out(layout: Layout, journal: Mapping[str, Any], *, is_resumed: bool) -> dict[str, Any]:
    """Do what the journal says; after a kill nobody knows what the catalog holds, so it goes."""
    subject = Subject(**{name: tuple(values) for name, values in journal["subject"].items()})
    if is_resumed:
        for derived in layout.store.glob("workbench.duckdb*"):
            derived.unlink()
    if journal.get("units"):
        kept_units.write(layout, _name(journal), journal["units"])
    kept = erased.put(layout, journal.get("fingerprints", {}))
    with session(subject) as connection:
        held = erasure_rows.found(layout, connection, subject)
        changed = erasure_rows.rewrite(layout, connection, subject, held)
    segments.sweep(layout)
    if not is_resumed:
        _mend_catalog(layout, changed, subject)
    snapshots, at = _drop_snapshots(layout, subject), str(journal["certificate"]["at"])
    cleaned = erasure_files.clean(layout, subject, at=at)
    done = {
        "fingerprints": kept,
        "files_cleaned": [scrubbed(path, subject) for path in cleaned],
        "packets_amended": packets.amended_at(layout.root / packets.FILE, at),
        "snapshots_removed": snapshots,
    }
    certificate = _certificate(layout, journal, subject, done)
    (layout.store / PENDING).unlink()
    return certificate


def _name(journal: Mapping[str, Any]) -> str:
    if "name" in journal:
        return str(journal["name"])
    text = json.dumps(journal["certificate"], sort_keys=True)  # a journal of an earlier version
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{journal['certificate']['subject_proof'][:16]}-{digest[:8]}"


def _mend_catalog(layout: Layout, changed: Sequence[Mapping[str, Any]], subject: Subject) -> None:
    """List the changed files, then copy the catalog: freed pages would still be readable."""
    with Catalog.open(layout) as catalog, catalog.transaction():
        for sidecar in changed:
            batches.list_again(catalog, sidecar)
        kept_units.forget(catalog, subject)
    compaction.compact(layout)


def _certificate(
    layout: Layout, journal: Mapping[str, Any], subject: Subject, done: Mapping[str, Any]
) -> dict[str, Any]:
    """Sign what was done, once: a run that was killed after signing signs nothing again."""
    at, proof = journal["certificate"]["at"], journal["certificate"]["subject_proof"]
    for one in certificates.certificates(layout):
        if one.get("at") == at and one.get("subject_proof") == proof:
            return one
    left = [one for one in places(layout, subject.all) if Path(one.file).name != PENDING]
    event = {
        **journal["certificate"],
        **done,
        "still_found_in": [scrubbed(asdict(one), subject) for one in left],
    }
    return certificates.append(layout, event)


def _by_place(
    layout: Layout, found_in: Sequence[tuple[str, str, int]]
) -> tuple[list[str], list[str]]:
    """Return the sources that lie in the workspace, and those that lie elsewhere."""
    named = sorted({path for path, _, _ in found_in})
    here = {str(path) for path in inside(layout, found_in)}
    return [one for one in named if one in here], [one for one in named if one not in here]


def _drop_snapshots(layout: Layout, subject: Subject) -> list[str]:
    """Delete the snapshots that name the person: they can be made again."""
    named = sorted({one.file for one in places_in(layout, layout.snapshots, subject.all)})
    for file in named:
        (layout.root / file).unlink()
    return named

"""Immutable metering rows on disk: how a batch becomes permanent, and what is swept.

A batch is a set of Parquet segments (one a month), an optional quarantine file and a sidecar
`<source_id>.json` beside the first of them. The sidecar is renamed last: it is the commit.
A segment no sidecar names is debris of a killed command.
"""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench import schema, segment_rows
from workbench.errors import StoreError, shown
from workbench.store import files
from workbench.store.layout import NO_MONTH, Layout

SIDECAR_VERSION = 1
RATE_KEY_PARTS = 2 + len(schema.RATE_KEY_COLUMNS)
"""A key, its month and what it stands for."""
KINDS = ("usage", "outcomes")
UNFINISHED = "unfinished-commit.json"
"""Below the store while batches are committed together; lists the sidecars that do not count yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One staged Parquet file of one month (`2026-10`)."""

    month: str
    path: Path
    rows: int
    first: str
    last: str
    lacking: tuple[str, ...] = ()
    """Columns of the dictionary that the file has not, see `segment_rows`."""


def commit(
    layout: Layout,
    *,
    batch: Mapping[str, Any],
    segments: list[Segment],
    quarantine: Path | None,
) -> dict[str, Any]:
    """Make a staged batch permanent and return its sidecar.

    Parameters
    ----------
    layout
        The workspace.
    batch
        Manifest row of the batch: source_id, kind, counts, hashes, times, rate keys.
    segments
        Staged files, moved into the folder of their month.
    quarantine
        Staged Parquet file of refused records, or None.

    Raises
    ------
    StoreError
        If a file cannot be written; what was moved is swept at the next open.
    """
    folder = layout.rows(str(batch["kind"]))
    source_id = str(batch["source_id"])
    sidecar_path = sidecar_of(
        layout, kind=str(batch["kind"]), source_id=source_id, months=[one.month for one in segments]
    )
    listed: list[dict[str, Any]] = []
    for segment in segments:
        final = folder / segment.month / f"{source_id}.parquet"
        entry = {
            "month": segment.month,
            "file": str(final.relative_to(layout.store)),
            "rows": segment.rows,
            "first": segment.first,
            "last": segment.last,
            "bytes": segment.path.stat().st_size,
            "sha256": files.sha256_of(segment.path),
            "lacking": list(segment.lacking),
        }
        files.move(segment.path, final)
        listed.append(entry)
    refused = None
    if quarantine is not None:
        final = sidecar_path.with_suffix(".quarantine.parquet")
        refused = {
            "file": str(final.relative_to(layout.store)),
            "sha256": files.sha256_of(quarantine),
        }
        files.move(quarantine, final)
    sidecar = {
        **batch,
        "sidecar_version": SIDECAR_VERSION,
        "segments": listed,
        "quarantine": refused,
    }
    files.write_json(sidecar_path, sidecar, staging=layout.staging)
    return sidecar


@contextlib.contextmanager
def all_or_none(layout: Layout, homes: Sequence[Path]) -> Iterator[None]:
    """Make the batches committed inside count together or not at all, killed or not.

    Parameters
    ----------
    homes
        Where their sidecars will lie. Files read together are settled together: one may keep the
        better copy of a request that another left out.
    """
    named = [str(path.relative_to(layout.store)) for path in homes]
    files.write_json(layout.store / UNFINISHED, {"sidecars": named}, staging=layout.staging)
    try:
        yield
    except BaseException:
        undo_unfinished(layout)
        raise
    (layout.store / UNFINISHED).unlink()
    files.flush(layout.store)


def undo_unfinished(layout: Layout) -> None:
    """Take back the batches of a commit that was killed half way; their files are swept."""
    unfinished = layout.store / UNFINISHED
    if not unfinished.is_file():
        return
    for name in json.loads(unfinished.read_text())["sidecars"]:
        path = layout.store / name
        if path.is_file():
            path.unlink()
            files.flush(path.parent)
    unfinished.unlink()
    files.flush(layout.store)


def sidecar_of(layout: Layout, *, kind: str, source_id: str, months: Sequence[str]) -> Path:
    """Return where the sidecar of a batch lies: beside its first segment."""
    return layout.rows(kind) / (months[0] if months else NO_MONTH) / f"{source_id}.json"


def sidecars(layout: Layout) -> Iterator[dict[str, Any]]:
    """Yield every committed batch, in the order they were committed."""
    found = [
        path for kind in KINDS for path in layout.rows(kind).glob("*/*.json") if path.is_file()
    ]
    loaded = [_load(path) for path in found]
    yield from sorted(loaded, key=lambda one: (str(one["finished_at"]), str(one["source_id"])))


def sidecar_ids(layout: Layout) -> set[str]:
    """Return the ids of all committed batches, from file names alone."""
    return {path.stem for kind in KINDS for path in layout.rows(kind).glob("*/*.json")}


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
        _check(content, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(path, error) from error
    content["sidecar"] = str(path)
    return content


def _check(content: dict[str, Any], path: Path) -> None:
    """Refuse a sidecar of another make, or one that names files outside the store."""
    if content["sidecar_version"] != SIDECAR_VERSION:
        raise ValueError(f"its version is {content['sidecar_version']}, not {SIDECAR_VERSION}")
    if content["source_id"] != path.stem or content["kind"] != path.parent.parent.name:
        raise ValueError("it is not named after its batch")
    datetime.fromisoformat(content["finished_at"])
    named = [entry["file"] for entry in content["segments"]]
    named += [content["quarantine"]["file"]] if content["quarantine"] else []
    for file in named:
        if Path(file).is_absolute() or ".." in Path(file).parts:
            raise ValueError(f"it names a file outside the store: {shown([file])}")
    for entry in content["segments"]:
        strange = [name for name in entry.get("lacking", ()) if name not in segment_rows.OPTIONAL]
        if strange:
            raise ValueError(f"a segment cannot lack {shown(strange)}")
    if any(len(key) != RATE_KEY_PARTS for key in content["rate_keys"]):
        raise ValueError(f"a rate key has not {RATE_KEY_PARTS} fields")


def unreadable(path: Path | str, error: Exception) -> StoreError:
    """Say which batch cannot be used, why, and how to go on."""
    return StoreError(
        f"{path}: this batch's sidecar cannot be used ({str(error).partition(chr(10))[0][:300]}). Restore it from a backup, "
        "or move it and the files of the same name aside and ingest their source again. "
        "Until then no command changes the store."
    )


def sweep(layout: Layout) -> int:
    """Remove what a killed command left behind; return how many files went.

    Only called by the process that holds the store's lock.
    """
    undo_unfinished(layout)
    swept = sum(1 for path in layout.staging.rglob("*") if path.is_file())
    shutil.rmtree(layout.staging, ignore_errors=True)
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept: set[Path] = set()
    for sidecar in sidecars(layout):
        kept.update(layout.store / entry["file"] for entry in sidecar["segments"])
        if sidecar["quarantine"]:
            kept.add(layout.store / sidecar["quarantine"]["file"])
    for kind in KINDS:
        for path in layout.rows(kind).glob("*/*.parquet"):
            if path not in kept:
                path.unlink()
                swept += 1
    return swept


def damage(layout: Layout) -> list[str]:
    """Re-hash every committed file; return a sentence for each that is missing or changed."""
    found: list[str] = []
    for sidecar in sidecars(layout):
        refused = [sidecar["quarantine"]] if sidecar["quarantine"] else []
        for entry in [*sidecar["segments"], *refused]:
            path = layout.store / entry["file"]
            if not path.is_file():
                found.append(f"{path} is missing; batch {sidecar['source_id']} needs it.")
            elif files.sha256_of(path) != entry["sha256"]:
                found.append(f"{path} has changed since it was committed (sha256 differs).")
    return found

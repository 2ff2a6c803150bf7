"""What has reached the end of its period, and doing away with it, with proof.

A data class of content is a folder of months, so disposing of it is deleting files. Metering
rows, outcomes and quarantined excerpts go by month too: see `row_disposal`. A month goes when
its last day is older than the period and than the law's minimum, and nothing holds it.

Order of a disposal: what must stay is put on file, the plan is written as `pending.json`, files
are deleted, the certificate is signed, the plan is removed. A killed run is completed by the
next one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from workbench.errors import StoreError
from workbench.store import certificates, files, row_disposal
from workbench.store.catalog import Catalog
from workbench.store.disposition_rules import Decision, Hold, Item, Policy, decide
from workbench.store.layout import Layout

__all__ = ["PENDING", "Decision", "Hold", "Item", "Policy", "apply", "decide", "plan", "resume"]

PENDING = "pending.json"


def plan(
    layout: Layout,
    policies: Iterable[Policy],
    *,
    holds: Sequence[Hold] = (),
    as_of: date,
    closed: frozenset[str] = frozenset(),
) -> list[Item]:
    """Return every file of content and of rows with what would become of it, and why.

    Parameters
    ----------
    layout, policies
        The workspace, and how long each data class is kept.
    holds
        Legal holds; they override every period.
    as_of
        Day the plan is made for.
    closed
        Months (`2026-10`) that are closed; rows of others stay.
    """
    policies = list(policies)
    rows = row_disposal.plan(layout, policies, holds=holds, as_of=as_of, closed=closed)
    return [*_content(layout, policies, holds=holds, as_of=as_of), *rows]


def _content(
    layout: Layout, policies: Iterable[Policy], *, holds: Sequence[Hold], as_of: date
) -> list[Item]:
    by_class = {policy.data_class: policy for policy in policies}
    items = []
    for path in sorted(layout.content.glob("*/*/*")):
        if not path.is_file():
            continue
        data_class, month = path.parent.parent.name, path.parent.name
        policy = by_class.get(data_class)
        decision, reason = decide(policy, data_class, month, holds=holds, as_of=as_of)
        items.append(
            Item(
                file=str(path.relative_to(layout.store)),
                data_class=data_class,
                month=month,
                rows=pq.read_metadata(path).num_rows if path.suffix == ".parquet" else None,
                bytes=path.stat().st_size,
                sha256=files.sha256_of(path),
                decision=decision,
                reason=reason,
                rule_ids=policy.rule_ids if policy else (),
            )
        )
    return items


def apply(layout: Layout, items: Iterable[Item], *, at: str) -> dict[str, Any] | None:
    """Delete what is to be disposed of and return its certificate; None if nothing is.

    Parameters
    ----------
    layout
        The workspace; its catalog is mended and rolled up, and nobody has it open.
    items
        What `plan` returned. A file that has changed since is refused.
    at
        The caller's clock, ISO 8601.

    Raises
    ------
    StoreError
        If a file is not the one that was planned; nothing is deleted then.
    """
    doomed = [item for item in items if item.decision == "dispose"]
    if not doomed:
        return None
    for item in doomed:
        path = layout.store / item.file
        if not path.is_file() or files.sha256_of(path) != item.sha256:
            raise StoreError(f"{path} has changed since the plan was made. Plan again.")
    with Catalog.open(layout) as catalog:  # nobody else writes
        _begin(layout, catalog, doomed, at=at)
    return resume(layout)


def _begin(layout: Layout, catalog: Catalog, doomed: Sequence[Item], *, at: str) -> None:
    """Put on file what stays, then the plan: from here on it is completed, not undone."""
    stays: dict[str, Any] = {"kept": {}, "renewed": {}}
    if any(row_disposal.is_row(asdict(item)) for item in doomed):
        stays = row_disposal.prepare(catalog, doomed)
    whole = row_disposal.unmoved(doomed, stays["renewed"])
    for file in whole:  # the copy is swept
        del stays["renewed"][file]
    doomed = [item for item in doomed if item.file not in whole]
    if not doomed:
        return
    renewed = [one for one in stays["renewed"].values() if not one.get("disposed")]
    event = {
        "event": "disposition",
        "at": at,
        "files": [asdict(item) for item in doomed],
        "rows": sum(item.rows or 0 for item in doomed) - sum(one["rows"] for one in renewed),
        "bytes": sum(item.bytes for item in doomed) - sum(one["bytes"] for one in renewed),
        "fingerprints_removed": row_disposal.months_gone(layout, doomed, renewed),
        **stays,
    }
    files.write_json(layout.store / PENDING, event, staging=layout.staging)


def resume(layout: Layout) -> dict[str, Any] | None:
    """Complete a disposal that was killed; return its certificate, None if there was none."""
    path = layout.store / PENDING
    if not path.exists():
        return None
    event: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if event["event"] != "disposition":
        return None
    row_disposal.carry_out(layout, event)
    for entry in event["files"]:
        if not row_disposal.is_row(entry):
            _delete(layout.store / entry["file"], layout.content)
    done = [one for one in certificates.certificates(layout) if one.get("at") == event["at"]]
    same = [one for one in done if one["event"] == "disposition" and one["files"] == event["files"]]
    certificate = same[0] if same else certificates.append(layout, event)
    path.unlink()
    return certificate


def _delete(path: Path, root: Path) -> None:
    if root not in path.parents or ".." in path.parts:
        raise StoreError(f"{path} lies outside {root}: nothing is deleted there.")
    path.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):
        if folder != root and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

"""Which content has reached the end of its period, and doing away with it, with proof.

A data class is a folder of months below content/, so disposing of it is deleting files.
Metering rows stay: they hold no content, and every cost rests on them. A month goes when its
last day is older than the period and than the law's minimum, and nothing holds it.

Order of a disposal: the plan is written as `pending.json`, files are deleted, the certificate
is signed, the plan is removed. A killed run is completed by the next one.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import pyarrow.parquet as pq

from workbench.errors import StoreError
from workbench.store import certificates, files
from workbench.store.layout import Layout

PENDING = "pending.json"
Decision = Literal["dispose", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long one data class is kept, and by which rules."""

    data_class: str
    keep_days: int | None
    """The owner's period; None: none is stated, so nothing goes."""
    minimum_days: int = 0
    """The law's lower bound, from the resolver."""
    rule_ids: tuple[str, ...] = ()
    counts_from_record: bool = True
    """Whether the period counts from the record's own day; else its trigger must be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold: it suspends disposal and overrides every period."""

    name: str
    data_class: str = "*"
    """Class it holds; `*` is all."""
    since: date | None = None
    until: date | None = None
    """Days of the records it covers, inclusive; None is open."""

    def covers(self, data_class: str, first: date, last: date) -> bool:
        """Return whether any record of the class between two days is held."""
        if self.data_class not in ("*", data_class):
            return False
        after_start = self.since is None or last >= self.since
        return after_start and (self.until is None or first <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file, and what becomes of it."""

    file: str
    """Below the store."""
    data_class: str
    month: str
    rows: int | None
    """None where it is no Parquet file."""
    bytes: int
    sha256: str
    decision: Decision
    reason: str
    rule_ids: tuple[str, ...]


def plan(
    layout: Layout, policies: Iterable[Policy], *, holds: Sequence[Hold] = (), as_of: date
) -> list[Item]:
    """Return every content file with what would become of it, and why."""
    by_class = {policy.data_class: policy for policy in policies}
    items = []
    for path in sorted(layout.content.glob("*/*/*")):
        if not path.is_file():
            continue
        data_class, month = path.parent.parent.name, path.parent.name
        policy = by_class.get(data_class)
        decision, reason = _decide(policy, data_class, month, holds=holds, as_of=as_of)
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


def _decide(
    policy: Policy | None, data_class: str, month: str, *, holds: Sequence[Hold], as_of: date
) -> tuple[Decision, str]:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return "keep", f"{month!r} is no month, so its age is not known"
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    held = next((hold for hold in holds if hold.covers(data_class, first, last)), None)
    if held is not None:
        return "keep", f"legal hold {held.name}"
    if policy is None or policy.keep_days is None:
        return "keep", "no period is stated for this class"
    if not policy.counts_from_record:
        return "keep", "its period counts from an event that is not recorded here"
    days = max(policy.keep_days, policy.minimum_days)
    ends = last + timedelta(days=days)
    by = "the law's minimum" if policy.minimum_days > policy.keep_days else "the stated period"
    if as_of <= ends:
        return "keep", f"{by} of {days} days ends on {ends}"
    return "dispose", f"{by} of {days} days ended on {ends}"


def apply(layout: Layout, items: Iterable[Item], *, at: str) -> dict[str, Any] | None:
    """Delete what is to be disposed of and return its certificate; None if nothing is.

    Parameters
    ----------
    layout
        The workspace; the caller holds the store's lock.
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
    event = {
        "event": "disposition",
        "at": at,
        "files": [asdict(item) for item in doomed],
        "rows": sum(item.rows or 0 for item in doomed),
        "bytes": sum(item.bytes for item in doomed),
    }
    files.write_json(layout.store / PENDING, event, staging=layout.staging)
    return resume(layout)


def resume(layout: Layout) -> dict[str, Any] | None:
    """Complete a disposal that was killed; return its certificate, None if there was none."""
    path = layout.store / PENDING
    if not path.exists():
        return None
    event: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if event["event"] != "disposition":
        return None
    for entry in event["files"]:
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

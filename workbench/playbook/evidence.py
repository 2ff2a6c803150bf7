"""What a check may look at, and the record of what it looked at.

A check gets a `Case`: one feature's dossier, read-only queries over the store, and the tables
of the workspace's `evidence/` folder. Whatever it reads is written down: query, parameters,
hash of the answer, window, number of rows.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

from workbench.errors import InputError, StoreError
from workbench.models.readiness.stages import Verdict
from workbench.playbook.dossier import Dossier
from workbench.playbook.tables import TABLES

Row = dict[str, Any]


class Evidence(Protocol):
    """What a workspace offers to the checks."""

    @property
    def dossiers(self) -> Sequence[Dossier]:
        """Dossiers of the workspace."""
        ...

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        ...

    @property
    def as_of(self) -> date:
        """The day the answers hold for: the last complete day."""
        ...

    def rows(self, sql: str, params: Mapping[str, Any], /) -> list[Row]:
        """Run one read-only query with named parameters ($name) and return its rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One thing that was read: a query over the store, a file, or the dossier."""

    what: str
    """SQL text, path below the workspace, or dossier key."""
    params: dict[str, Any]
    input_sha256: str
    rows: int
    window: tuple[date, date] | None = None
    """First and last day, ends included."""

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        window = [str(day) for day in self.window] if self.window else None
        return {
            "what": self.what, "params": {k: str(v) for k, v in self.params.items()},
            "input_sha256": self.input_sha256, "rows": self.rows, "window": window,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found for one feature."""

    verdict: Verdict
    reason: str
    measured: dict[str, Any] = field(default_factory=dict)
    warning: bool = False
    """Passed, and near the limit: shown, blocks nothing."""
    approver: str | None = None
    """Who approved that the check does not apply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEvidence:
    """The evidence of a workspace: its folder, its dossiers, and read-only queries over its store."""

    folder: Path
    as_of: date
    dossiers: tuple[Dossier, ...]
    query: Callable[[str, Mapping[str, Any]], list[Row]]
    """Runs one query with named parameters, read-only."""

    def rows(self, sql: str, params: Mapping[str, Any], /) -> list[Row]:
        """Run one query; a view that is not there yet is missing evidence."""
        try:
            return self.query(sql, params)
        except StoreError as error:
            raise MissingEvidenceError(f"the store refused a query: {error}") from error


class MissingEvidenceError(Exception):
    """Something a check needs is not there: its verdict is insufficient evidence."""


def judged(holds: bool, reason: str, **measured: object) -> Finding:
    """Return pass or fail with what was measured."""
    return Finding(verdict="pass" if holds else "fail", reason=reason, measured=measured)


def need(condition: object, reason: str) -> None:
    """Stop the check as insufficient evidence unless the condition holds."""
    if not condition:
        raise MissingEvidenceError(reason)


@dataclass(slots=True)
class Case:
    """One feature under check; records what is read."""

    evidence: Evidence
    dossier: Dossier
    looked: list[Looked] = field(default_factory=list)

    @property
    def as_of(self) -> date:
        """The day the answer holds for."""
        return self.evidence.as_of

    def days_since(self, day: date) -> int:
        """Return whole days from `day` to the as-of date; negative in the future."""
        plain = day.date() if isinstance(day, datetime) else day
        return (self.as_of - plain).days

    def rows(self, sql: str, *, days: int | None = None, **params: object) -> list[Row]:
        """Run a query for this feature; with `days`, over the last days, as-of day included.

        The query may use $feature, $since and $until (exclusive), and the parameters given.
        """
        bound: dict[str, Any] = {"feature": self.dossier.feature, **params}
        window = None
        if days is not None:
            first = self.as_of - timedelta(days=days - 1)
            window = (first, self.as_of)
            bound["since"] = datetime.combine(first, time.min)
            bound["until"] = datetime.combine(self.as_of + timedelta(days=1), time.min)
        used = {name: value for name, value in bound.items() if f"${name}" in sql}
        found = self.evidence.rows(sql, used)
        self._note(sql, found, params=used, window=window)
        return found

    def stated(self, key: str) -> Any:  # noqa: ANN401  # each check knows what it asks for
        """Return a dossier value by dotted key; missing or empty is insufficient evidence."""
        value: Any = self.dossier
        for step in key.split("."):
            value = getattr(value, step) if value is not None else None
        self._note(f"dossier:{key}", value if value is not None else [], params={})
        need(value not in (None, [], ""), f"the dossier does not state `{key}`")
        return value

    def table(self, name: str) -> list[Row]:
        """Return the rows of `evidence/<name>.csv` that are about this feature or about none.

        Values are converted as `workbench/playbook/tables.py` says. A missing file, column or
        unreadable value is insufficient evidence, and says which.
        """
        rows = self.optional_table(name)
        need(rows is not None, f"there is no evidence/{name}.csv ({TABLES[name].meaning})")
        need(rows, f"evidence/{name}.csv has no row for this feature")
        return rows or []

    def optional_table(self, name: str) -> list[Row] | None:
        """Return the rows of an evidence table, or None when there is no such file."""
        path = self.evidence.folder / "evidence" / f"{name}.csv"
        if not path.is_file():
            return None
        raw = path.read_bytes()
        rows = _typed_rows(raw, name=name)
        mine = [row for row in rows if row.get("feature") in (None, "", self.dossier.feature)]
        self.note_file(path, raw, rows=len(mine))
        return mine

    def note_file(self, path: Path, raw: bytes, *, rows: int) -> None:
        """Record that a file of the workspace was read."""
        name = path.relative_to(self.evidence.folder).as_posix()
        digest = hashlib.sha256(raw).hexdigest()
        self.looked.append(Looked(what=name, params={}, input_sha256=digest, rows=rows))

    def path(self, relative: str) -> Path:
        """Return a path below the workspace; anything that leaves it is refused."""
        base = self.evidence.folder.resolve()
        found = (base / relative).resolve()
        if not found.is_relative_to(base):
            raise InputError(f"{relative!r} in a dossier leaves the workspace {base}.")
        need(found.is_file(), f"there is no file {relative}")
        return found

    def _note(
        self, what: str, value: object, *, params: Row, window: tuple[date, date] | None = None
    ) -> None:
        count = len(value) if isinstance(value, list) else 1
        self.looked.append(
            Looked(
                what=what, params=params, input_sha256=sha256_of(value), rows=count, window=window
            )
        )


def sha256_of(value: object) -> str:
    """Return the hash of a value's canonical JSON text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: object) -> str:
    """Return JSON with sorted keys and no spaces; dates, decimals and models as text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> object:
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else str(value)


def _typed_rows(raw: bytes, *, name: str) -> list[Row]:
    table = TABLES[name]
    try:
        reader = csv.DictReader(raw.decode("utf-8-sig").splitlines())
        missing = [c for c in table.required if c not in (reader.fieldnames or [])]
        need(not missing, f"evidence/{name}.csv has no column {', '.join(missing)}")
        texts = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise MissingEvidenceError(
            f"evidence/{name}.csv is not readable as CSV: {error}"
        ) from error
    rows = []
    for number, text in enumerate(texts, start=2):
        try:
            rows.append(table.typed(text))
        except ValueError as error:
            raise MissingEvidenceError(f"evidence/{name}.csv line {number}: {error}") from error
    return rows

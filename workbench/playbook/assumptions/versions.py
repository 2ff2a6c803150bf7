"""Which figures were signed: a version is a hash, locked by somebody other than its maker.

Names are recorded as given and not authenticated. A locked version never changes; what comes
later is a new version, and the difference of two is listed and bridged.
"""

import hashlib
import json
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from workbench.errors import InputError, shown
from workbench.models.envelope.base_case import base_case
from workbench.models.variance.bridge import Step
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.scenarios import parse_register

State = Literal["draft", "submitted", "approved", "locked"]
NOT_AUTHENTICATED = "Names are recorded as given, not authenticated."
SECTIONS = ("drivers", "lines", "fixed", "commitments", "events", "correlations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Who did what on which day."""

    state: State
    by: str
    on: date
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an envelope and its way to the lock."""

    hash: str
    name: str
    state: State
    maker: str
    signatures: tuple[Signature, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the record to store beside the locked bundle."""
        return {
            "hash": self.hash,
            "name": self.name,
            "state": self.state,
            "maker": self.maker,
            "names": NOT_AUTHENTICATED,
            "signatures": [
                {"state": one.state, "by": one.by, "on": one.on.isoformat(), "note": one.note}
                for one in self.signatures
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One assumption that differs between two versions."""

    path: str
    before: object
    after: object


def version_hash(
    register: Register, *, prices_sha256: str, snapshot_sha256: str, code_version: str
) -> str:
    """Return the hash of all that decides the figures: assumptions, prices, data, code and seed.

    The register carries the seed. Order of keys does not matter, any value does.

    Examples
    --------
    The same inputs always give the same hash, a sha256 in hexadecimal.
    """
    decisive = {
        "assumptions": register.as_dict(),
        "prices": prices_sha256,
        "snapshot": snapshot_sha256,
        "code": code_version,
    }
    text = json.dumps(decisive, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def draft(*, hash_: str, name: str, maker: str, on: date) -> Version:
    """Begin a version."""
    signature = Signature(state="draft", by=_named(maker), on=on)
    return Version(hash=hash_, name=name, state="draft", maker=maker, signatures=(signature,))


def submit(version: Version, *, by: str, on: date, note: str = "") -> Version:
    """Hand a draft in for approval."""
    return _moved(version, expected="draft", to="submitted", by=by, on=on, note=note)


def approve(version: Version, *, by: str, on: date, note: str = "") -> Version:
    """Approve a submitted version; its maker cannot.

    Raises
    ------
    InputError
        If it is the maker's own, or not submitted.
    """
    if _same_person(by, version.maker):
        raise InputError(
            f"{by} made version {version.hash[:12]} and cannot approve it. Ask somebody else."
        )
    return _moved(version, expected="submitted", to="approved", by=by, on=on, note=note)


def send_back(version: Version, *, by: str, on: date, note: str) -> Version:
    """Return a submitted version to its maker with the reason."""
    if not note:
        raise InputError("A version is sent back with a reason.")
    return _moved(version, expected="submitted", to="draft", by=by, on=on, note=note)


def lock(version: Version, *, by: str, on: date, expired_entries: list[str]) -> Version:
    """Lock an approved version for good.

    Raises
    ------
    InputError
        If it is not approved, or rests on assumptions that have expired.
    """
    if expired_entries:
        raise InputError(
            f"Nobody answers for {shown(expired_entries)}. Renew or replace before locking."
        )
    return _moved(version, expected="approved", to="locked", by=by, on=on)


def differences(before: Register, after: Register) -> list[Difference]:
    """List every value that differs, by its path."""
    one, other = _flat(before.as_dict()), _flat(after.as_dict())
    return [
        Difference(path=path, before=one.get(path), after=other.get(path))
        for path in sorted({*one, *other})
        if one.get(path) != other.get(path)
    ]


def version_bridge(before: Register, after: Register) -> list[Step]:
    """Return by how much each changed entry moves the base case, in USD; the steps add up.

    Entries change one after another: first what is new or different in the order of the file,
    then what goes. The split depends on that order, its sum does not.

    Raises
    ------
    InputError
        If the versions span different months.
    """
    if (before.first_month, before.months) != (after.first_month, after.months):
        raise InputError("Only versions over the same months can be bridged.")
    state, target = deepcopy(before.as_dict()), after.as_dict()
    total = base_case(before.cost_tree()).total
    steps: list[Step] = []
    for section, name in _changes(state, target):
        if name in target[section]:
            state[section][name] = target[section][name]
        else:
            del state[section][name]
        moved = base_case(parse_register(state, name=before.name).cost_tree()).total
        if moved != total:
            steps.append(Step(label=f"{section}.{name}", value_usd=moved - total, rows=(name,)))
        total = moved
    return steps


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    kept = [
        (section, name)
        for section in SECTIONS
        for name in after[section]
        if before[section].get(name) != after[section][name]
    ]
    # A driver goes after the lines that named it, so the tree hangs together at every step.
    gone = [
        (section, name)
        for section in reversed(SECTIONS)
        for name in before[section]
        if name not in after[section]
    ]
    return kept + gone


def _moved(
    version: Version, *, expected: State, to: State, by: str, on: date, note: str = ""
) -> Version:
    if version.state != expected:
        raise InputError(
            f"Version {version.hash[:12]} is {version.state}; only a version that is {expected} "
            f"can become {to}."
        )
    signature = Signature(state=to, by=_named(by), on=on, note=note)
    return replace(version, state=to, signatures=(*version.signatures, signature))


def _named(name: str) -> str:
    if not name.strip():
        raise InputError("Give a name with --as NAME; it is recorded, not authenticated.")
    return name


def _same_person(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _flat(content: object, path: str = "") -> dict[str, object]:
    if isinstance(content, dict):
        parts = content.items()
    elif isinstance(content, list):
        parts = enumerate(content)
    else:
        return {path: content}
    found: dict[str, object] = {}
    for key, value in parts:
        found |= _flat(value, f"{path}.{key}" if path else str(key))
    return found

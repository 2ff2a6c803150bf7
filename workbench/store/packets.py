"""Explainability packets that lost a person: what went is noted and signed, so the chain holds.

Each packet is hashed over itself and the one before. One that is removed leaves its two hashes
and a signed note in its place; one that lost an id keeps the rest of its fields, hashed in the
note. So nothing after it changes, and a line that is dropped or altered by hand is still found.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from workbench.store import certificates
from workbench.store.layout import Layout
from workbench.store.signing import check_signature, fingerprint, signed, signing_key

FILE = "evidence/packets.jsonl"
CHAIN = ("previous_sha256", "sha256")
NOTE = "amended"


def body_of(packet: Mapping[str, Any]) -> dict[str, Any]:
    """Return a packet's own fields, without chain and note."""
    return {name: value for name, value in packet.items() if name not in (*CHAIN, NOTE)}


def amended(
    packet: Mapping[str, Any], left: Mapping[str, Any] | None, *, at: str, key: Ed25519PrivateKey
) -> dict[str, Any]:
    """Return a chained packet with what is left of it, None where it goes, and a signed note.

    The note keeps the feature and the day of a packet that goes, to count it by.
    """
    kept = body_of(left) if left is not None else {}
    note = {
        "why": "a person was erased",
        "at": at,
        "feature": packet.get("feature") if left is None else None,
        "day": str(packet.get("at", ""))[:10] if left is None else None,
        "removed": left is None,
        "previous_sha256": packet["previous_sha256"],
        "sha256": packet["sha256"],
        "left_sha256": _digest(kept),
    }
    chain = {name: packet[name] for name in CHAIN}
    return {**kept, **chain, NOTE: signed(note, key)}


def problem(packet: Mapping[str, Any], trusted: frozenset[str]) -> str | None:
    """Return what is wrong with the note of an amended packet; None when it holds.

    Parameters
    ----------
    trusted
        Fingerprints of the workspace's keys, see `trusted_fingerprints`.
    """
    note = packet.get(NOTE)
    if not isinstance(note, Mapping):
        return "its note is no object"
    wrong = check_signature(note)
    if wrong is not None:
        return wrong
    if note["fingerprint"] not in trusted:
        return "its note is signed by a key that is not the workspace's"
    if any(note.get(name) != packet.get(name) for name in CHAIN):
        return "its note speaks of another packet"
    if note.get("left_sha256") != _digest(body_of(packet)):
        return "what is left of it has changed since"
    return None


def is_removed(packet: Mapping[str, Any]) -> bool:
    """Say whether nothing but the note is left of a packet."""
    note = packet.get(NOTE)
    return isinstance(note, Mapping) and note.get("removed") is True


def trusted_fingerprints(layout: Layout) -> frozenset[str]:
    """Return whose notes hold: the workspace's key or, in a copy without it, its certificates'."""
    if layout.signing_key.exists():
        public = signing_key(layout.signing_key).public_key()
        return frozenset({fingerprint(public.public_bytes(Encoding.Raw, PublicFormat.Raw))})
    if certificates.problems(layout):
        return frozenset()
    return frozenset(str(one["fingerprint"]) for one in certificates.certificates(layout))


def amended_at(path: Path, at: str) -> int:
    """Return how many packets of the file an erasure at that instant amended."""
    if not path.is_file():
        return 0
    notes = (one.get(NOTE) for one in _packets(path) if one is not None)
    return sum(isinstance(note, Mapping) and note.get("at") == at for note in notes)


def _packets(path: Path) -> Iterator[dict[str, Any] | None]:
    for line in path.read_bytes().splitlines():
        yield chained(line)


def chained(line: bytes) -> dict[str, Any] | None:
    """Return a line as a packet with its hashes; None where it is none."""
    try:
        packet = json.loads(line)
    except ValueError:
        return None
    is_one = isinstance(packet, dict) and all(isinstance(packet.get(name), str) for name in CHAIN)
    return packet if is_one else None


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()

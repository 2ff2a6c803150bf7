"""What was done to the records, in an order nobody can change unseen: one signed hash chain.

Each line of audit/events.jsonl names the hash of the line before it and is signed with
Ed25519. That proves that nothing was altered or left out since, not who did it.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from workbench.store import files
from workbench.store.layout import Layout
from workbench.store.signing import fingerprint, signing_key

EVENTS = "events.jsonl"
START = "0" * 64
"""What the first certificate names as the one before it."""


def append(layout: Layout, event: Mapping[str, Any]) -> dict[str, Any]:
    """Sign an event, chain it to the last one and write it; return the certificate.

    The file is replaced whole, so that a crash leaves the old chain or the new one.
    """
    lines = _lines(layout)
    previous = json.loads(lines[-1])["sha256"] if lines else START
    key = signing_key(layout.signing_key)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    body = {
        **event,
        "number": len(lines) + 1,
        "previous_sha256": previous,
        "public_key": public.hex(),
        "fingerprint": fingerprint(public),
    }
    digest = hashlib.sha256(_canonical(body)).hexdigest()
    certificate = {**body, "sha256": digest, "signature": key.sign(digest.encode()).hex()}
    lines.append(json.dumps(certificate, sort_keys=True))
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = layout.staging / EVENTS
    staged.write_text("\n".join(lines) + "\n", encoding="utf-8")
    files.move(staged, layout.audit / EVENTS)
    return certificate


def certificates(layout: Layout) -> list[dict[str, Any]]:
    """Return every certificate, the oldest first."""
    return [json.loads(line) for line in _lines(layout)]


def problems(layout: Layout) -> list[str]:
    """Check the chain and every signature; return a sentence for each thing that is wrong."""
    found: list[str] = []
    previous, path = START, layout.audit / EVENTS
    for number, line in enumerate(_lines(layout), start=1):
        try:
            one = json.loads(line)
            signature = bytes.fromhex(one.pop("signature"))
            digest = one.pop("sha256")
            public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(one["public_key"]))
            public.verify(signature, digest.encode())
        except (ValueError, KeyError, AttributeError, TypeError, InvalidSignature):
            found.append(f"{path}: certificate {number} is not signed as it claims.")
            return found
        if hashlib.sha256(_canonical(one)).hexdigest() != digest:
            found.append(f"{path}: certificate {number} was altered after it was signed.")
        if one["previous_sha256"] != previous or one["number"] != number:
            found.append(f"{path}: a certificate before number {number} is missing or moved.")
        previous = digest
    return found


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()


def _lines(layout: Layout) -> list[str]:
    path = layout.audit / EVENTS
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

"""What was done to the records, in an order nobody can change unseen: one signed hash chain.

Each line of audit/events.jsonl names the hash of the line before it and is signed with
Ed25519. That proves that nothing was altered or left out since, not who did it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from workbench.errors import StoreError
from workbench.store import files
from workbench.store.layout import Layout

EVENTS = "events.jsonl"
START = "0" * 64
"""What the first certificate names as the one before it."""


def signing_key(layout: Layout) -> Ed25519PrivateKey:
    """Return the workspace's key, made at its first use, readable by its owner alone."""
    path = layout.signing_key
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
        return key
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: the signing key cannot be read ({error}).") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError(f"{path}: this is no Ed25519 key. Restore the one certificates name.")
    return key


def append(layout: Layout, event: Mapping[str, Any]) -> dict[str, Any]:
    """Sign an event, chain it to the last one and write it; return the certificate.

    The file is replaced whole, so that a crash leaves the old chain or the new one.
    """
    lines = _lines(layout)
    previous = json.loads(lines[-1])["sha256"] if lines else START
    key = signing_key(layout)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    body = {
        **event,
        "number": len(lines) + 1,
        "previous_sha256": previous,
        "public_key": public.hex(),
        "fingerprint": hashlib.sha256(public).hexdigest()[:32],
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

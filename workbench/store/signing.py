"""Who stands behind a record: an Ed25519 key of the workspace signs it, anyone can check it.

A signature proves that the holder of the workspace's key signed exactly this content, not who
that was or when: compare the fingerprint with the one its owner gave you another way.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
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

SEAL = ("signature", "public_key", "fingerprint")


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in `path`, made at its first use, readable by its owner alone.

    Raises
    ------
    StoreError
        If the file is there and holds no Ed25519 key.
    """
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


def signed(content: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """Return `content` with the public key, its fingerprint and the signature over all of it."""
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    body = {
        **{name: value for name, value in content.items() if name not in SEAL},
        "public_key": public.hex(),
        "fingerprint": fingerprint(public),
    }
    return {**body, "signature": key.sign(_canonical(body)).hex()}


def check_signature(content: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the signature of a signed record; None when it holds."""
    missing = [name for name in SEAL if not isinstance(content.get(name), str)]
    if missing:
        return f"it has no {', '.join(missing)}"
    body = {name: value for name, value in content.items() if name != "signature"}
    try:
        raw = bytes.fromhex(str(content["public_key"]))
        public = Ed25519PublicKey.from_public_bytes(raw)
        public.verify(bytes.fromhex(str(content["signature"])), _canonical(body))
    except ValueError:
        return "its public key or signature is not readable"
    except InvalidSignature:
        return "the signature does not belong to this content and key"
    if content["fingerprint"] != fingerprint(raw):
        return "the fingerprint is not that of the public key"
    return None


def fingerprint(public_key: bytes) -> str:
    """Return 32 hexadecimal digits that stand for a public key: short enough to read out."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def _canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str).encode()

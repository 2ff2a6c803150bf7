"""The one writer of durable files: written aside, flushed, renamed; or nothing is there."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from workbench.errors import StoreError

_BLOCK_BYTES = 1 << 20


def flush(path: Path) -> None:
    """Force the file's or folder's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(staged: Path, final: Path) -> None:
    """Flush `staged` and rename it to `final`, on the same file system.

    Raises
    ------
    StoreError
        If the disk is full or not writable; `staged` is left for the sweep.
    """
    try:
        final.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        flush(staged)
        staged.replace(final)
        flush(final.parent)
    except OSError as error:
        raise full_or_denied(error, final) from error


def write_json(final: Path, content: Mapping[str, object], *, staging: Path) -> None:
    """Write `content` as JSON so that `final` appears whole or not at all."""
    staged = staging / f"{final.name}.{os.getpid()}.writing"
    try:
        staging.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged.write_text(json.dumps(content, indent=1, default=str, sort_keys=True) + "\n")
    except OSError as error:
        staged.unlink(missing_ok=True)
        raise full_or_denied(error, final) from error
    move(staged, final)


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def require_space(folder: Path, *, bytes_needed: int) -> None:
    """Refuse to start a write that the disk cannot hold.

    Raises
    ------
    StoreError
        If less than `bytes_needed` bytes are free where `folder` lies.
    """
    free = shutil.disk_usage(folder).free
    if free < bytes_needed:
        raise StoreError(
            f"{folder}: {free:,} bytes free, about {bytes_needed:,} needed. Nothing was written; "
            "free some space or move the workspace, then run the command again."
        )


def full_or_denied(error: OSError, path: Path) -> StoreError:
    """Turn an operating-system error into one that says what to do."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk is full"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        reason = "writing is not permitted"
    else:
        reason = error.strerror or str(error)
    return StoreError(
        f"{path}: {reason}. Nothing was committed; the store is as it was before. "
        "Mend the cause and run the command again."
    )

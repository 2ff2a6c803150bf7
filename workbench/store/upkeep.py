"""Was removing records interrupted? Completes it before anybody opens the store, one at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import StoreError
from workbench.store import disposition, erasure
from workbench.store.layout import Layout

LOCK = "pending.lock"


@contextmanager
def removing(layout: Layout) -> Iterator[None]:
    """Be the only process that removes records from the store.

    Raises
    ------
    StoreError
        If another process is at it.
    """
    with (layout.store / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"{layout.store}: another command is removing records. Run this again when it is done."
            ) from error
        yield


def is_unfinished(layout: Layout) -> bool:
    """Say whether a disposal or an erasure has begun and not ended."""
    return (layout.store / disposition.PENDING).exists()


def finish(layout: Layout) -> None:
    """Complete what a killed disposal or erasure began; does nothing where there is none."""
    if is_unfinished(layout):
        with removing(layout):
            disposition.resume(layout)
            erasure.resume(layout)

"""What can go wrong, said as: what, where, what next.

Every error a user can meet is a `WorkbenchError`; the command line prints its text and
exits with 1, never a stack trace.
"""

from collections.abc import Iterable


class WorkbenchError(Exception):
    """Something the user can act on; its text says what, where and what next."""


class IngestError(WorkbenchError):
    """A log file cannot be read as usage; nothing of it was committed."""


class PriceError(WorkbenchError):
    """A price sheet contradicts itself or cannot be read; nothing of it was imported."""


class StoreError(WorkbenchError):
    """The store is locked, damaged or out of space."""


class InputError(WorkbenchError):
    """An assumption, dossier, scenario or option is missing or out of range."""


def shown(values: Iterable[object], *, at_most: int = 5) -> str:
    """List the first few `values` for an error message, and say how many more there are.

    Examples
    --------
    >>> shown(["b", "a", "c"], at_most=2)
    'b, a and 1 more'
    """
    texts = [str(value) for value in values]
    rest = len(texts) - at_most
    head = ", ".join(texts[:at_most])
    return f"{head} and {rest} more" if rest > 0 else head

"""Files that are no logs, or that no reader takes: what they look like and what to do with them."""

import re
from collections.abc import Iterable
from pathlib import Path

from workbench.errors import IngestError

OTHER_FILES = {
    frozenset({"billedcost"}): "an invoice in FOCUS columns: workbench reconcile FILE",
    frozenset({"meter", "usd"}): "a price sheet: workbench prices import FILE",
    frozenset({"starting_at", "ending_at", "results"}): "an Anthropic report; one of costs is an "
    "invoice: workbench reconcile FILE",
    frozenset({"start_time", "end_time", "results"}): "OpenAI usage or costs by day; costs are an "
    "invoice: workbench reconcile FILE",
}
"""Files of other commands, by the columns that give them away, in lower case."""


def what_it_looks_like(records: Iterable[frozenset[str]]) -> str:
    """Return a sentence that names the kind of file by the keys of its records; empty for others."""
    lower = [frozenset(key.lower() for key in keys) for keys in records]
    return next(
        (
            f" It looks like {what}."
            for mark, what in OTHER_FILES.items()
            if any(mark <= keys for keys in lower)
        ),
        "",
    )


def refuse_lines_of_old(path: Path, head: bytes) -> None:
    """Refuse what a spreadsheet writes that no CSV reader takes for a header, saying what to do."""
    if re.match(rb'"?sep=.', head):
        raise IngestError(
            f"{path}: begins with the line `{head.splitlines()[0].decode(errors='replace')}`, a hint for "
            "spreadsheets. Nothing was loaded; delete that line and ingest the file again."
        )
    if b"\r" in head.rstrip(b"\r") and b"\n" not in head:
        raise IngestError(
            f"{path}: its lines end with a carriage return alone, as old spreadsheets write them. "
            "Nothing was loaded; save it as CSV UTF-8 and ingest it again."
        )

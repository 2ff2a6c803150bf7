"""Outcomes: what became of a request, a session or a ticket, and the human work it took.

Recognised by `occurred_at` and `outcome`. JSON lines, CSV or Parquet with the columns of the
data dictionary. Exactly one of `request_id`, `session_id`, `ticket_id` is given. A later row
supersedes an earlier one and both are kept, so only a row that another source gave already,
by content and n-th occurrence, is a duplicate. Times without a zone are quarantined.
"""

from workbench import schema
from workbench.ingest.cells import name
from workbench.ingest.reader import Reader

_OWN = tuple(column.name for column in schema.OUTCOME_COLUMNS[:-2])

READER = Reader(
    name="outcomes",
    looks_like="columns occurred_at, outcome and one of request_id, session_id, ticket_id",
    signatures=(frozenset({"occurred_at", "outcome"}),),
    containers=("jsonl", "csv", "parquet"),
    inputs=_OWN,
    cells={column: name(column) for column in _OWN},
    kind="outcomes",
    strict=True,
    identity=(),
)

"""The workbench's own usage log: one request a row, the columns of the data dictionary.

Recognised by a `started_at` together with a meter or a `model`. JSON lines, CSV or Parquet.
Meters are disjoint as they stand: nothing is subtracted. Times without a zone are
quarantined, since the format states none. The same (`request_id`, `attempt`) with equal
content is a duplicate, with unequal content a conflict; rows without an id are identified
by their content and its n-th occurrence. `user_id` is hashed with the workspace's key,
`user_hash` is taken as it is; columns that start with `x_` are kept as tags.
"""

from workbench import schema
from workbench.ingest.cells import name, tier
from workbench.ingest.reader import Reader

_OWN = [column.name for column in (*schema.USAGE_COLUMNS, *schema.METER_COLUMNS)]

READER = Reader(
    name="workbench",
    looks_like="columns started_at, provider, model and meters such as output_tokens",
    signatures=(
        frozenset({"started_at", "model"}),
        *(frozenset({"started_at", meter}) for meter in schema.METER_NAMES),
    ),
    containers=("jsonl", "csv", "parquet"),
    inputs=(*_OWN, "user_id"),
    cells={column: name(column) for column in _OWN}
    | {"service_tier": tier(name("service_tier")), "user_id": name("user_id")},
    strict=True,
)

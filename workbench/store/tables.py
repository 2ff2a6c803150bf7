"""The tables of the derived catalog and their columns."""

from collections.abc import Sequence

from workbench import schema
from workbench.kernel import billed, by_day, rollup


def _columns(columns: Sequence[schema.Column]) -> str:
    return ", ".join(f"{column.name} {column.type}" for column in columns)


TABLES: dict[str, str] = {
    "meta": "key VARCHAR, value VARCHAR",
    "manifest": _columns(schema.MANIFEST_COLUMNS)
    + ", kind VARCHAR, prefix_sha256 VARCHAR, byte_length BIGINT, constants VARCHAR, notes VARCHAR",
    "segment": "source_id VARCHAR, kind VARCHAR, month DATE, file VARCHAR, rows BIGINT,"
    " first TIMESTAMP, last TIMESTAMP, bytes BIGINT, sha256 VARCHAR, meters BIGINT,"
    " lacking VARCHAR",
    "disposed": "source_id VARCHAR, kind VARCHAR, month DATE, rows BIGINT",
    "refused": _columns(schema.QUARANTINE_COLUMNS),
    "rate_tuple": "tuple_id BIGINT, provider VARCHAR, model VARCHAR, service_tier VARCHAR,"
    " price_variant VARCHAR, region VARCHAR",
    "rate_keys": "rate_key BIGINT, tuple_id BIGINT, month DATE",
    "closed_month": "month DATE, book INTEGER, requests BIGINT, list_pico DECIMAL(38,0),"
    " contract_pico DECIMAL(38,0)",
    "closed_batch": "month DATE, source_id VARCHAR",
    "price_row": _columns(schema.PRICE_BOOK_COLUMNS),
    "rollup_outcome": rollup.OUTCOME_TABLE,
    "outcome_unit": rollup.OUTCOME_UNIT_TABLE,
    **rollup.TABLES,
    **billed.TABLES,
}

VIEWS: dict[str, str] = {"rollup_day": by_day.view(), "billed_cost_day": billed.view()}
"""Views that are stored with the tables, and their queries."""

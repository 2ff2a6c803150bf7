"""Writes the data dictionary: every table of `schema` as one Markdown page."""

import sys
from collections.abc import Sequence
from pathlib import Path

from workbench import schema

_TABLES: tuple[tuple[str, str, Sequence[schema.Column]], ...] = (
    ("usage", "One row a request. Times are UTC.", schema.USAGE_COLUMNS),
    ("usage, meters", "Disjoint: they add up and nothing is counted twice.", schema.METER_COLUMNS),
    ("usage, lineage", "Where a row came from.", schema.LINEAGE_COLUMNS),
    ("usage, keys", "Made at ingest so that pricing joins on integers.", schema.KEY_COLUMNS),
    ("outcomes", "What became of a unit of work; a later row supersedes.", schema.OUTCOME_COLUMNS),
    (
        "prior_period_adjustments",
        "What closed months would come to today, less what they were closed at.",
        schema.ADJUSTMENT_COLUMNS,
    ),
    ("ingest_manifest", "One row a committed file.", schema.MANIFEST_COLUMNS),
    ("quarantine", "Records kept aside, each with its reason.", schema.QUARANTINE_COLUMNS),
    ("price_book", "Prices as imported, appended and never edited.", schema.PRICE_BOOK_COLUMNS),
)


def dictionary() -> str:
    """Return the data dictionary as Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Written from `workbench/schema.py` by `make docs`. Names and types only grow.",
        "",
        "`priced_usage` has the columns of `usage` and `list_cost_usd`, `contract_cost_usd`,",
        "`reported_cost_usd`, `billed_cost_usd` (DECIMAL(38,12), NULL where there is none),",
        "A closed month is priced as it was closed; its later rows are `prior_period_adjustments`.",
        f"`price_status` ({' | '.join(schema.PRICE_STATUSES)}), `unpriced_meters`, `price_version`.",
    ]
    for title, meaning, columns in _TABLES:
        lines += ["", f"## {title}", "", meaning, "", "| column | type | unit | meaning |"]
        lines.append("|---|---|---|---|")
        lines += [
            f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning.replace('|', '/')} |" for c in columns
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary())

"""The rows of the last days, held in memory while many queries ask for them.

Publishing asks some three hundred questions, most of them a check of one feature's last weeks.
Each would open every segment of those weeks again.
"""

from workbench import schema
from workbench.store import views
from workbench.store.catalog import Catalog


def hold(catalog: Catalog, *, most_rows: int) -> None:
    """Copy priced rows out of the segments once, from as many of the last days as fit.

    Afterwards the views read the copy, and older rows where they lie. A query over held days
    opens no segment: its conditions rule the older part out when it is planned. Any other query
    finds the same rows as before. A store that fits whole has no older part.

    Parameters
    ----------
    most_rows
        Requests that may be held; about 0.9 kilobytes each.
    """
    if not catalog.has_rates():
        return
    row = catalog.one(
        "SELECT CAST(min(day) AS VARCHAR) FROM (SELECT day, sum(sum(requests)) OVER "
        "(ORDER BY day DESC) AS so_far FROM rollup_day GROUP BY day) WHERE so_far <= ?",
        [most_rows],
    )
    if not row or not row[0]:
        return
    begins = f"TIMESTAMP '{row[0]} 00:00:00'"
    priced = views.queries(catalog)["priced_usage"]
    columns = ", ".join(column.name for column in schema.SEGMENT_COLUMNS)
    sources = {"segment_rows": (columns, ""), "priced_usage": ("*", "")}
    files = catalog.files_of("usage", before=row[0])
    if files:
        older = f" UNION ALL SELECT {{}} FROM {{}} WHERE started_at < {begins}"
        sources = {
            "segment_rows": (columns, older.format(columns, catalog.relation_of("usage", files))),
            "priced_usage": ("*", older.format("*", f"({priced})")),
        }
    run = catalog.connection.execute
    run(
        f"CREATE OR REPLACE TEMP TABLE recent_rows AS SELECT * FROM priced_usage WHERE started_at >= {begins}"
    )
    for view, (chosen, rest) in sources.items():
        run(f"CREATE OR REPLACE TEMP VIEW {view} AS SELECT {chosen} FROM recent_rows{rest}")

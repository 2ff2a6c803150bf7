"""The rows of the last days, held in memory while many queries ask for them.

Publishing asks some three hundred questions, most of them a check of one feature's last weeks.
Each would open every segment of those weeks again.
"""

from workbench import schema
from workbench.store import views
from workbench.store.catalog import Catalog


def hold(catalog: Catalog, *, days: int, most_rows: int) -> None:
    """Copy priced rows out of the segments once, from as many of the last days as fit.

    Afterwards the views read the copy, and older rows where they lie. A query over held days
    opens no segment: its conditions rule the older part out when it is planned. Any other query
    finds the same rows as before.

    Parameters
    ----------
    days
        How many of the last days of the store at most.
    most_rows
        Requests that may be held; fewer days are, where they have more.
    """
    if not catalog.has_rates():
        return
    row = catalog.one(
        "SELECT CAST(min(day) AS VARCHAR) FROM (SELECT day, sum(sum(requests)) OVER "
        "(ORDER BY day DESC) AS so_far FROM rollup_day GROUP BY day) "
        "WHERE so_far <= ? AND day > (SELECT max(day) FROM rollup_day) - CAST(? AS INTEGER)",
        [most_rows, days],
    )
    if not row or not row[0]:
        return
    begins = f"TIMESTAMP '{row[0]} 00:00:00'"
    columns = ", ".join(column.name for column in schema.SEGMENT_COLUMNS)
    older = catalog.relation_of("usage", catalog.files_of("usage", before=row[0]))
    priced = views.queries(catalog)["priced_usage"]
    for statement in (
        f"CREATE OR REPLACE TEMP TABLE recent_rows AS SELECT * FROM priced_usage WHERE started_at >= {begins}",
        f"CREATE OR REPLACE TEMP VIEW segment_rows AS SELECT {columns} FROM recent_rows"
        f" UNION ALL SELECT {columns} FROM {older} WHERE started_at < {begins}",
        f"CREATE OR REPLACE TEMP VIEW priced_usage AS SELECT * FROM recent_rows"
        f" UNION ALL SELECT * FROM ({priced}) WHERE started_at < {begins}",
    ):
        catalog.connection.execute(statement)

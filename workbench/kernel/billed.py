"""What an invoice charged for each day, request and attribution: the SQL that shares cells out.

`billed_cell` holds the share of one day of one `served` (provider, model, tier), made from the
invoice outside. A day's rows take differences of the floor of the running total. A request takes

    floor(share of the cell x its contract cost / contract cost of the cell)

and the last request of the cell, in the order of sources and rows, what the floors leave: less
than a pico-USD a request. So requests, days and charges add up to the same integer. No window
over requests is needed: a query that does not ask pays a join with a table of days and models.
"""

from workbench.kernel import by_day

TABLES = {
    "billed_cell": "day DATE, served_id INTEGER, billed_pico DECIMAL(38,0), contract_pico DECIMAL(38,0)",
    "billed_day": "day DATE, served_id INTEGER, attribution_id INTEGER, billed_pico DECIMAL(38,0)",
    "billed_rate": "rate_key BIGINT, day DATE, billed_pico HUGEINT, contract_pico HUGEINT,"
    " rest_pico BIGINT, last_source VARCHAR, last_row BIGINT",
}
"""Tables of what was billed, and their columns; empty without an invoice."""

_CELL = "day, served_id"


def view() -> str:
    """Return the query of `billed_cost_day`: the names of `rollup_day`, and what was billed."""
    names = by_day.names_of("served", "attribution")
    return (
        f"SELECT r.day, {names}, r.billed_pico FROM billed_day AS r "
        f"{by_day.join_names('r', 'served', 'attribution')}"
    )


def fill_days(*, months: str) -> list[str]:
    """Return the statements that share the cells of some months over the rows of each day.

    Parameters
    ----------
    months
        First days of the months, as SQL.
    """
    chosen = f"date_trunc('month', day)::DATE IN ({months})"
    running = f"sum(contract_pico) OVER (PARTITION BY {_CELL} ORDER BY attribution_id)::HUGEINT"
    share = "c.billed_pico::HUGEINT * {} // c.contract_pico::HUGEINT"
    return [
        f"DELETE FROM billed_day WHERE {chosen}",
        f"INSERT INTO billed_day SELECT day, served_id, attribution_id, "
        f"{share.format('r.upto')} - {share.format('(r.upto - r.contract_pico::HUGEINT)')} "
        f"FROM (SELECT {_CELL}, attribution_id, contract_pico, {running} AS upto "
        f"FROM (SELECT {_CELL}, attribution_id, sum(contract_pico) AS contract_pico FROM keyed_day "
        f"WHERE contract_pico IS NOT NULL AND {chosen} GROUP BY ALL)) AS r "
        f"JOIN billed_cell AS c USING ({_CELL})",
    ]


def fill_rates(*, month: str, rows: str) -> list[str]:
    """Return the statements that say what a request of a month takes of its cell.

    Parameters
    ----------
    month
        Its first day, as ISO text.
    rows
        Priced rows of the month: rate_key, started_at, source_id, source_row, contract_pico.
    """
    within = f"day >= DATE '{month}' AND day < DATE '{month}' + INTERVAL 1 MONTH"
    return [
        f"DELETE FROM billed_rate WHERE {within}",
        f"CREATE OR REPLACE TEMP TABLE cell_rest AS SELECT {_CELL}, any_value(c.billed_pico) AS billed_pico, "
        "any_value(c.contract_pico) AS contract_pico, sum(p.contract_pico)::HUGEINT AS here_pico, "
        "sum(c.billed_pico::HUGEINT * p.contract_pico // c.contract_pico::HUGEINT) AS floors_pico, "
        "max(struct_pack(source_id := p.source_id, source_row := p.source_row)) AS last "
        f"FROM (SELECT *, CAST(started_at AS DATE) AS day FROM ({rows})) AS p "
        f"JOIN ({by_day.served_by_rate_key()}) AS s USING (rate_key) "
        f"JOIN billed_cell AS c USING ({_CELL}) WHERE p.contract_pico IS NOT NULL GROUP BY ALL",
        # Where rows of a cell were disposed of, those that are left do not add up to it.
        "INSERT INTO billed_rate SELECT s.rate_key, c.day, c.billed_pico, c.contract_pico, "
        "CASE WHEN c.here_pico = c.contract_pico THEN c.billed_pico - c.floors_pico ELSE 0 END, "
        "c.last.source_id, c.last.source_row FROM cell_rest AS c "
        f"JOIN ({by_day.served_by_rate_key(with_month=True)}) AS s ON s.served_id = c.served_id "
        "AND s.month = date_trunc('month', c.day)",
        "DROP TABLE cell_rest",
    ]

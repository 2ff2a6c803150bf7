"""The views any SQL may rely on: usage, its prices, cost by day, and what came after a close."""

from typing import TYPE_CHECKING

from workbench import schema
from workbench.kernel import price
from workbench.store import invoices

if TYPE_CHECKING:
    from workbench.store.catalog import Catalog


def queries(catalog: "Catalog") -> dict[str, str]:
    """Return the query of each view, in the order they build on each other."""
    manifest = ", ".join(column.name for column in schema.MANIFEST_COLUMNS)
    shown = ", ".join(c.name for c in (*schema.USAGE_COLUMNS, *schema.METER_COLUMNS))
    lineage = ", ".join(c.name for c in (*schema.LINEAGE_COLUMNS, *schema.KEY_COLUMNS))
    found = {
        "segment_rows": f"SELECT * FROM {catalog.relation('usage')}",
        "usage": f"SELECT {shown}, {lineage} FROM segment_rows",
        "outcomes": f"SELECT * FROM {catalog.relation('outcomes')}",
        "ingest_manifest": f"SELECT {manifest} FROM manifest ORDER BY started_at",
        "quarantine": "SELECT * FROM refused",
        "price_book": "SELECT * FROM price_row",
        "invoice_line": invoices.query(catalog.layout),
        "daily_cost": _DAILY_COST,
        "prior_period_adjustments": _PRIOR_PERIOD_ADJUSTMENTS,
    }
    if catalog.has_rates():
        found["priced_usage"] = _priced_usage(catalog, catalog.price_changes())
    return found


def _priced_usage(catalog: "Catalog", changes: price.Changes) -> str:
    """Price closed months as they were closed, and what arrived later at today's prices."""
    late = catalog.files_of("usage", late=True)
    is_billed = bool(catalog.one("SELECT 1 FROM billed_rate LIMIT 1"))
    parts = {"": "segment_rows"}
    if late:
        settled = catalog.relation("usage", late=False)
        parts = {"": settled, price.CURRENT: catalog.relation_of("usage", late)}
    return " UNION ALL ".join(
        price.priced_usage_view(
            usage=rows,
            changes=changes,
            used_meters=catalog.used_meters(),
            request_prices=catalog.has_request_prices(),
            prices=prices,
            is_billed=is_billed and not prices,
        )
        for prices, rows in parts.items()
    )


_DAILY_COST = f"""SELECT day, provider, model, feature, environment, tenant,
    CAST(sum(requests) AS BIGINT) AS requests,
    CAST(sum(unpriced_requests) AS BIGINT) AS unpriced_requests,
    {price.usd("sum(list_pico)", summed=True)} AS list_cost_usd,
    {price.usd("sum(contract_pico)", summed=True)} AS contract_cost_usd,
    CAST(sum(reported_cost_usd) AS DECIMAL(38,12)) AS reported_cost_usd,
    {price.usd("sum(billed_pico)", summed=True)} AS billed_cost_usd,
    CAST(sum(partial_requests) AS BIGINT) AS partial_requests
    FROM (
        SELECT * EXCLUDE (team, service_tier), NULL AS billed_pico FROM rollup_day
        UNION ALL BY NAME
        SELECT * EXCLUDE (team, service_tier), 0 AS requests, 0 AS unpriced_requests,
            0 AS partial_requests FROM billed_cost_day
    ) GROUP BY day, provider, model, feature, environment, tenant"""

_ADJUSTED = "provider, model, feature, environment, team, tenant"
_PRIOR_PERIOD_ADJUSTMENTS = f"""SELECT strftime(month, '%Y-%m') AS period, {_ADJUSTED},
    CAST(sum(late_requests) AS BIGINT) AS late_requests,
    CAST(sum(late_unpriced) AS BIGINT) AS late_unpriced_requests,
    {price.usd("sum(late_pico)", summed=True)} AS late_contract_cost_usd,
    {price.usd("sum(moved_pico)", summed=True)} AS repriced_contract_cost_usd,
    {price.usd("sum(late_pico + moved_pico)", summed=True)} AS contract_cost_usd
    FROM (
        SELECT month, {_ADJUSTED},
            CASE WHEN is_late THEN requests ELSE 0 END AS late_requests,
            CASE WHEN is_late THEN unpriced_requests + partial_requests ELSE 0 END AS late_unpriced,
            CASE WHEN is_late THEN coalesce(contract_pico, 0) ELSE 0 END AS late_pico,
            CASE WHEN is_late THEN 0 ELSE coalesce(contract_pico, 0) END AS moved_pico
        FROM rollup_restated
        UNION ALL
        SELECT c.month, {_ADJUSTED}, 0, 0, 0, -coalesce(r.contract_pico, 0)
        FROM rollup_day AS r JOIN closed_month AS c
            ON r.day >= c.month AND r.day < c.month + INTERVAL 1 MONTH
    ) GROUP BY ALL HAVING sum(late_requests) > 0 OR sum(moved_pico) <> 0"""

"""What happened by day, hour and user: the SQL that keeps rollups of touched days.

One pass prices the touched days into `touched`; every rollup is an aggregate of it, so all
of them add up to the same integers. Costs are exact sums in pico-USD as DECIMAL(38,0).
What does not add (distinct users, latency) is counted on its own, never summed.
"""

from collections.abc import Collection, Sequence

from workbench.kernel import by_day
from workbench.kernel.price import Changes, billed_requests, missing_mask, priced_rows
from workbench.schema import METERS

_HANDED = (
    "started_at", "rate_key", "feature", "environment", "team", "tenant", "status", "attempt",
    "latency_ms", "reported_cost_usd",
)  # fmt: skip

TABLES = {
    **by_day.TABLES,
    "rollup_class": """day DATE, provider VARCHAR, model VARCHAR, feature VARCHAR, environment VARCHAR,
        meter VARCHAR, quantity DECIMAL(38,3), list_pico DECIMAL(38,0), contract_pico DECIMAL(38,0)""",
    "rollup_hour_model": """hour TIMESTAMP, provider VARCHAR, model VARCHAR, environment VARCHAR,
        service_tier VARCHAR, requests BIGINT, unpriced_requests BIGINT, input_tokens BIGINT,
        output_tokens BIGINT, list_pico DECIMAL(38,0), contract_pico DECIMAL(38,0)""",
    "rollup_hour_tenant": """hour TIMESTAMP, tenant VARCHAR, requests BIGINT, unpriced_requests BIGINT,
        list_pico DECIMAL(38,0), contract_pico DECIMAL(38,0)""",
    "rollup_latency": """day DATE, model VARCHAR, feature VARCHAR, bin INTEGER, requests BIGINT""",
    "rollup_restated": """month DATE, is_late BOOLEAN, provider VARCHAR, model VARCHAR,
        feature VARCHAR, environment VARCHAR, team VARCHAR, tenant VARCHAR, requests BIGINT,
        unpriced_requests BIGINT, partial_requests BIGINT, list_pico DECIMAL(38,0),
        contract_pico DECIMAL(38,0), reported_cost_usd DECIMAL(38,12)""",
    "rollup_users": """grain VARCHAR, period DATE, cut VARCHAR, value VARCHAR, users BIGINT""",
}  # fmt: skip
"""Rollup tables and their columns. A latency bin n holds [1.02**n, 1.02**(n+1)) ms."""


def touched(
    *,
    usage: str,
    changes: Changes,
    used_meters: Sequence[str],
    request_prices: bool = False,
    prices: str = "",
    lacking: Collection[str] = (),
) -> str:
    """Return the statement that prices `usage` into the temporary table `touched`.

    One row per request of the touched days, as narrow as the rollups allow: it is written and read
    several times. Names stand there as keys: `model_id` is the least `served_id` of that model,
    `feature_id` the least `attribution_id` of that feature, and so on. A mark (`failed`, `retried`,
    `is_partial`, `is_assumed`) is TRUE or NULL, which is counted without a filter.

    Parameters
    ----------
    used_meters
        Meters that were used; only these are carried.
    prices
        Suffix of the price tables, as in `priced_rows`.
    lacking
        Columns that no row of `usage` fills; they are not carried.
    """
    columns = (*_HANDED, "is_aggregate", "meter_mask", "context_tokens", *used_meters)
    inner = priced_rows(
        usage=usage,
        changes=changes,
        columns=columns,
        used_meters=used_meters,
        request_prices=request_prices,
        prices=prices,
    )
    handed = [
        *(name for name in ("reported_cost_usd",) if name not in lacking),
        "context_tokens", *used_meters, "list_pico", "contract_pico", "price_row",
    ]  # fmt: skip
    if request_prices:
        handed.remove("billed_requests")
    billed = f"{billed_requests('p')} AS billed_requests, " if request_prices else ""
    priced = "p.contract_pico IS NOT NULL"
    marks = {
        "failed": "p.status = 'error'",
        "retried": "p.attempt > 1",
        "is_partial": f"{priced} AND ({missing_mask()}) >= 1",
        "is_assumed": f"{priced} AND p.contract_assumed",
    }
    marked = "".join(f", CASE WHEN {test} THEN TRUE END AS {name}" for name, test in marks.items())
    return (
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT {', '.join(f'p.{name}' for name in handed)}, "
        f"{billed}CAST(p.started_at AS DATE) AS day, "
        "CAST(EXTRACT(hour FROM p.started_at) AS SMALLINT) AS hour_of_day, "
        "s.served_id, s.model_id, a.attribution_id, a.feature_id, a.environment_id, a.tenant_id, "
        "CASE WHEN p.latency_ms > 0 THEN CAST(floor(ln(p.latency_ms) * 50.49835337) AS INTEGER)"
        f" END AS latency_bin{marked} FROM ({inner}) AS p"  # 50.49835337 = 1 / ln(1.02)
        f" LEFT JOIN ({by_day.served_by_rate_key()}) AS s ON s.rate_key = p.rate_key"
        f" {by_day.join_keys('attribution', 'p', alias='a')}"
    )


def delete_days(table: str, *, days: str) -> str:
    """Return the statement that clears the touched days of one rollup; `days` is SQL."""
    day = "CAST(hour AS DATE)" if table.startswith("rollup_hour") else "day"
    return f"DELETE FROM {table} WHERE {day} IN ({days})"


def fill_restated(*, month: str, is_late: bool, lacking: Collection[str] = ()) -> str:
    """Price a closed month's rows as of today, from `touched`.

    Late rows, which arrived after the close, are in no other rollup.
    """
    dimensions = "provider, model, feature, environment, team, tenant"
    reported = by_day.reported_sum(lacking)
    return (
        f"INSERT INTO rollup_restated SELECT DATE '{month}', {is_late}, {dimensions}, count(*), "
        "count(*) - count(contract_pico), count(is_partial), "
        "sum(CAST(list_pico AS DECIMAL(38,0))), sum(CAST(contract_pico AS DECIMAL(38,0))), "
        f"{reported} FROM touched AS t {by_day.join_names('t', 'served', 'attribution')}"
        f" GROUP BY {dimensions}"
    )


def fill_hours() -> list[str]:
    """Hour by model, and hour by tenant."""
    counts = "count(*) AS requests, count(*) - count(contract_pico) AS unpriced_requests"
    tokens = (
        "CAST(sum(context_tokens) AS BIGINT) AS input_tokens, "
        "CAST(sum(output_tokens) AS BIGINT) AS output_tokens"
    )
    costs = (
        "sum(CAST(list_pico AS DECIMAL(38,0))) AS list_pico, "
        "sum(CAST(contract_pico AS DECIMAL(38,0))) AS contract_pico"
    )
    hour = "CAST(g.day AS TIMESTAMP) + g.hour_of_day * INTERVAL '1' HOUR"
    return [
        f"INSERT INTO rollup_hour_model SELECT {hour}, served.provider, served.model, "
        "attribution.environment, served.service_tier, g.requests, g.unpriced_requests, "
        "g.input_tokens, g.output_tokens, g.list_pico, g.contract_pico FROM (SELECT day, hour_of_day, "
        f"served_id, environment_id, {counts}, {tokens}, {costs} FROM touched "
        "GROUP BY day, hour_of_day, served_id, environment_id) AS g "
        f"{_names(served='served_id', attribution='environment_id')}",
        f"INSERT INTO rollup_hour_tenant SELECT {hour}, attribution.tenant, g.requests, "
        f"g.unpriced_requests, g.list_pico, g.contract_pico FROM (SELECT day, hour_of_day, tenant_id, "
        f"{counts}, {costs} FROM touched GROUP BY day, hour_of_day, tenant_id) AS g "
        f"{_names(attribution='tenant_id')}",
    ]


def _names(**keys: str) -> str:
    """Return the joins of groups `g` with the names that their keys stand for."""
    return " ".join(
        f"LEFT JOIN {table} ON {table}.{table}_id = g.{key}" for table, key in keys.items()
    )


def fill_class(*, used_meters: Sequence[str]) -> str:
    """Quantity and cost of each meter, by day, model, feature and environment.

    Meters are summed by price row and priced after: price is constant within a row, so
    sum(quantity) x price is the same integer as the sum of the products. Billed minimums
    and rounded seconds are taken as what remains of the request totals.
    """
    keys = "day, served_id, feature_id, environment_id, price_row"
    seconds = [m.name for m in METERS if m.kind == "seconds" and m.name in used_meters]
    counted = [name for name in used_meters if name not in seconds]
    sums = [f"CAST(sum({name}) AS DECIMAL(38,3)) AS {name}" for name in used_meters]
    if seconds:
        sums += [
            f"sum(CAST({basis}_pico AS DECIMAL(38,0))) AS {basis}_total"
            for basis in ("list", "contract")
        ]
    parts = [_class_rows(name, others=()) for name in counted]
    parts += [
        _class_rows(name, others=counted + seconds[:place] if place == 0 else None)
        for place, name in enumerate(seconds)
    ]
    prices = ", ".join(f"r.list_{name}, r.contract_{name}" for name in used_meters)
    return (
        "INSERT INTO rollup_class WITH named AS MATERIALIZED (SELECT g.*, served.provider, served.model, "
        f"attribution.feature, environments.environment, {prices} FROM (SELECT {keys}, {', '.join(sums)} "
        f"FROM touched GROUP BY {keys}) AS g {_names(served='served_id', attribution='feature_id')} "
        "LEFT JOIN attribution AS environments ON environments.attribution_id = g.environment_id "
        "LEFT JOIN rates AS r ON r.price_row = g.price_row) " + " UNION ALL ".join(parts)
    )


def _class_rows(name: str, *, others: Sequence[str] | None) -> str:
    """Rows of one meter; with `others` given, its cost is the total less theirs."""

    def cost(basis: str) -> str:
        if others:
            rest = " + ".join(f"coalesce({n} * {basis}_{n}, 0)" for n in others)
            return f"CAST(sum({basis}_total - ({rest})) AS DECIMAL(38,0))"
        if others is None:
            return "CAST(0 AS DECIMAL(38,0))"
        return f"CAST(sum({name} * {basis}_{name}) AS DECIMAL(38,0))"

    dimensions = "day, provider, model, feature, environment"
    return (
        f"SELECT {dimensions}, '{name}', sum({name}), {cost('list')}, {cost('contract')} "
        f"FROM named WHERE {name} > 0 GROUP BY {dimensions}"
    )


def fill_latency() -> str:
    """Count requests by 2 % latency bin, day, model and feature.

    By hour there would be almost as many rows as requests.
    """
    keys = "day, model_id, feature_id, latency_bin"
    return (
        "INSERT INTO rollup_latency SELECT g.day, served.model, attribution.feature, g.latency_bin, "
        f"g.requests FROM (SELECT {keys}, count(*) AS requests FROM touched "
        f"WHERE latency_bin IS NOT NULL GROUP BY {keys}) AS g "
        f"{_names(served='model_id', attribution='feature_id')}"
    )


OUTCOME_TABLE = """feature VARCHAR, environment VARCHAR, tenant VARCHAR, day DATE, units BIGINT,
    resolved_gross BIGINT, reopened BIGINT, resolved_net BIGINT, escalated BIGINT, failed BIGINT,
    rejected BIGINT, human_minutes DOUBLE, quality_sum DOUBLE, quality_count BIGINT"""


OUTCOME_UNIT_TABLE = """kind VARCHAR, id VARCHAR, feature VARCHAR, environment VARCHAR, tenant VARCHAR,
    matched BOOLEAN, day DATE, resolved BOOLEAN, reopened BOOLEAN, escalated BOOLEAN, final VARCHAR,
    human_minutes DOUBLE, quality_sum DOUBLE, quality_count BIGINT"""


_UNIT_KEYS = ("ticket_id", "session_id", "request_id")


def first_requests(*, usage: str, outcomes: str) -> str:
    """Return the SELECT of where each unit of work that has an outcome began, by kind and id."""
    return " UNION ALL ".join(
        f"SELECT '{key}' AS kind, u.{key} AS id, min(u.started_at) AS first_at,"
        " arg_min(u.feature, u.started_at) AS feature,"
        " arg_min(u.environment, u.started_at) AS environment,"
        f" arg_min(u.tenant, u.started_at) AS tenant FROM {usage} AS u WHERE u.{key} IN"
        f" (SELECT o.{key} FROM {outcomes} AS o WHERE o.{key} IS NOT NULL) GROUP BY u.{key}"
        for key in _UNIT_KEYS
    )


def outcome_units(*, usage: str, outcomes: str, origins: str | None = None) -> str:
    """Return the SELECT of one row per unit of work that has an outcome.

    A unit is a ticket, session or request; its feature is that of its first request. The
    latest outcome row decides; earlier ones are kept and still say that it was resolved or
    reopened on the way. Units without any request have feature NULL and matched FALSE.

    Parameters
    ----------
    usage, outcomes
        Relations of the rows.
    origins
        Relation of first requests whose rows were disposed of (kind, id, first_at, feature,
        environment, tenant).
    """
    keyed = " UNION ALL ".join(
        f"SELECT '{key}' AS kind, {key} AS id, occurred_at, outcome, quality_score, human_minutes,"
        f" source_id, source_row FROM {outcomes} WHERE {key} IS NOT NULL"
        for key in _UNIT_KEYS
    )
    requests = first_requests(usage=usage, outcomes=outcomes)
    if origins is not None:
        requests = (
            "SELECT kind, id, min(first_at) AS first_at, arg_min(feature, first_at) AS feature,"
            " arg_min(environment, first_at) AS environment, arg_min(tenant, first_at) AS tenant"
            f" FROM ({requests} UNION ALL SELECT kind, id, first_at, feature, environment, tenant"
            f" FROM {origins}) GROUP BY kind, id"
        )
    return (
        "SELECT k.kind, k.id, r.feature, r.environment, r.tenant, r.id IS NOT NULL AS matched,"
        " CAST(min(k.occurred_at) AS DATE) AS day, bool_or(k.outcome = 'resolved') AS resolved,"
        " bool_or(k.outcome = 'reopened') AS reopened, bool_or(k.outcome = 'escalated') AS escalated,"
        " arg_max(k.outcome, k.occurred_at) AS final, sum(k.human_minutes) AS human_minutes,"
        " sum(k.quality_score) AS quality_sum, count(k.quality_score) AS quality_count"
        f" FROM ({keyed}) AS k LEFT JOIN ({requests}) AS r ON r.kind = k.kind AND r.id = k.id"
        " GROUP BY k.kind, k.id, r.feature, r.environment, r.tenant, r.id"
    )


def fill_outcomes() -> str:
    """Outcomes by day, feature, environment and tenant, from the table `outcome_unit`."""
    return (
        "INSERT INTO rollup_outcome SELECT feature, environment, tenant, day, count(*), "
        "count(*) FILTER (WHERE resolved), count(*) FILTER (WHERE reopened), count(*) FILTER (WHERE resolved AND NOT reopened), "
        "count(*) FILTER (WHERE escalated), count(*) FILTER (WHERE final = 'failed'), count(*) FILTER (WHERE final = 'rejected'), "
        "coalesce(sum(human_minutes), 0), coalesce(sum(quality_sum), 0), "
        "CAST(sum(quality_count) AS BIGINT) "
        "FROM outcome_unit GROUP BY feature, environment, tenant, day"
    )

"""What a feature asks of a server: its requests by hour, their lengths, bursts, prices and growth.

Rows of the last four weeks of text generation in production that somebody waits for (no batch,
no flex); everything is counted here once, so that a page never reads usage.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from workbench.answers import Source

WINDOW_DAYS = 28
"""Four whole weeks, so that every weekday weighs the same."""
HISTORY_WEEKS = 26
MINUTES = 60
LEAST_REQUESTS = 20
_INPUT = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "cache_write_unknown_tokens",
)  # fmt: skip
_ROWS = f"""
    SELECT feature, provider, model, started_at, region, ttft_ms, contract_cost_usd,
           {" + ".join(_INPUT)} AS input_tokens, cache_read_tokens, output_tokens
    FROM priced_usage
    WHERE started_at >= $first AND started_at < $after AND NOT coalesce(is_aggregate, false)
      AND environment = $environment AND feature IS NOT NULL AND output_tokens > 0
      AND coalesce(service_tier, 'standard') NOT IN ('batch', 'flex')
"""  # noqa: S608 - constants of this file
_TOTALS = f"""
    SELECT feature, count(*) AS requests, avg(input_tokens) AS mean_input_tokens,
           avg(output_tokens) AS mean_output_tokens,
           stddev_samp(ln(output_tokens)) AS sigma,
           sum(cache_read_tokens) / sum(input_tokens) AS cache_hit_rate,
           CAST(count_if(contract_cost_usd IS NULL) AS BIGINT) AS unpriced_requests,
           CAST(sum(contract_cost_usd) AS DOUBLE) AS usd,
           quantile_cont(ttft_ms, 0.95) / 1000 AS ttft_p95_s, count(ttft_ms) AS ttft_requests,
           list(DISTINCT region) FILTER (region IS NOT NULL) AS regions
    FROM ({_ROWS}) WHERE input_tokens > 0 GROUP BY feature HAVING count(*) >= {LEAST_REQUESTS}
    ORDER BY sum(input_tokens + output_tokens) DESC
"""  # noqa: S608 - constants of this file
_SERVED = f"""
    SELECT feature, provider, model, count(*) AS requests FROM ({_ROWS})
    GROUP BY feature, provider, model ORDER BY requests DESC
"""  # noqa: S608 - constants of this file
_HOURS = f"""
    SELECT feature, hour, sum(n) AS requests, sum(tokens) AS tokens, list(n) AS minutes
    FROM (SELECT feature, date_trunc('hour', started_at) AS hour, count(*) AS n,
                 sum(input_tokens + output_tokens) AS tokens
          FROM ({_ROWS}) GROUP BY feature, hour, date_trunc('minute', started_at))
    GROUP BY feature, hour
"""  # noqa: S608 - constants of this file
_BURSTS = f"""
    SELECT feature, median(cv) AS cv FROM (
        SELECT feature, stddev_pop(gap) / avg(gap) AS cv FROM (
            SELECT feature, date_trunc('hour', started_at) AS hour,
                   epoch(started_at) - epoch(lag(started_at) OVER (
                       PARTITION BY feature, date_trunc('hour', started_at) ORDER BY started_at)) AS gap
            FROM ({_ROWS})) WHERE gap IS NOT NULL
        GROUP BY feature, hour HAVING count(*) >= 30 AND avg(gap) > 0)
    GROUP BY feature
"""  # noqa: S608 - constants of this file
_CLASSES = """
    SELECT feature, meter, CAST(sum(quantity) AS DOUBLE) AS quantity,
           CAST(sum(contract_pico) AS DOUBLE) / 1e12 AS usd
    FROM rollup_class WHERE day >= CAST($first AS DATE) AND day < CAST($after AS DATE)
      AND environment = $environment AND contract_pico IS NOT NULL
    GROUP BY feature, meter
"""
_WEEKS = """
    SELECT feature, CAST(floor(date_diff('day', day, CAST($after AS DATE)) / 7.0 - 1e-9) AS INTEGER) AS back,
           CAST(sum(quantity) AS DOUBLE) AS tokens
    FROM rollup_class WHERE day < CAST($after AS DATE) AND environment = $environment
      AND (meter LIKE '%input_tokens' OR meter LIKE 'cache%tokens' OR meter = 'output_tokens')
    GROUP BY feature, back
"""


def loads(source: Source) -> list[dict[str, Any]]:
    """Return one entry a feature, the one with most tokens first; see the queries for what it holds."""
    after = source.as_of + timedelta(days=1)
    first = after - timedelta(days=WINDOW_DAYS)
    environment = environment_of(source)
    asked = {"first": midnight(first), "after": midnight(after), "environment": environment}
    totals = source.rows(_TOTALS, asked)
    served = _by_feature(source.rows(_SERVED, asked))
    hours = _by_feature(source.rows(_HOURS, asked))
    bursts = {row["feature"]: row["cv"] for row in source.rows(_BURSTS, asked)}
    classes = _by_feature(source.rows(_CLASSES, asked))
    weeks = _by_feature(source.rows(_WEEKS, {"after": asked["after"], "environment": environment}))
    known = _first_day(source)
    return [
        {
            **row,
            "environment": environment,
            "first_day": first.isoformat(),
            "served": [
                {name: each[name] for name in ("provider", "model", "requests")}
                for each in served[row["feature"]]
            ],
            **_hourly(hours[row["feature"]], first),
            "cv": bursts.get(row["feature"]),
            "usd_per_mtok": _prices(classes.get(row["feature"], ())),
            "weekly_tokens": _weekly(weeks.get(row["feature"], ()), known, after),
        }
        for row in totals
    ]


def environment_of(source: Source) -> str:
    """Return production, or the environment with most requests where nothing is called that."""
    rows = source.rows(
        "SELECT environment, sum(requests) AS n FROM rollup_day WHERE environment IS NOT NULL "
        "GROUP BY environment ORDER BY (environment = 'production') DESC, n DESC LIMIT 1"
    )
    return str(rows[0]["environment"]) if rows else "production"


def _first_day(source: Source) -> date:
    return source.rows("SELECT min(day) AS day FROM rollup_day")[0]["day"]


def midnight(day: date) -> datetime:
    """Return the start of a UTC day as usage rows write it."""
    return datetime.combine(day, time(), tzinfo=UTC).replace(tzinfo=None)


def _by_feature(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["feature"], []).append(row)
    return found


def _hourly(rows: Iterable[Mapping[str, Any]], first: date) -> dict[str, list[float]]:
    """Return requests, tokens and the peak rate of every hour of the window, silent ones as 0."""
    start = midnight(first)
    requests, tokens, peaks = ([0.0] * (WINDOW_DAYS * 24) for _ in range(3))
    for row in rows:
        at = int((row["hour"] - start).total_seconds() // 3600)
        requests[at], tokens[at] = float(row["requests"]), float(row["tokens"])
        peaks[at] = max(_p95(row["minutes"]) / 60, requests[at] / 3600)
    return {
        "requests_by_hour": requests,
        "tokens_by_hour": tokens,
        "peak_requests_per_s": [round(peak, 6) for peak in peaks],
    }


def _p95(counts: list[int]) -> float:
    """Return the 95th percentile of the sixty one-minute counts; silent minutes are 0."""
    ordered = sorted([*counts, *([0] * (MINUTES - len(counts)))])
    place = 0.95 * (MINUTES - 1)
    below = int(place)
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def _prices(rows: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return effective contract prices: uncached input with cache writes, cached input, output."""
    kinds = {"cache_read_tokens": "cached", "output_tokens": "output"}
    kinds |= dict.fromkeys((name for name in _INPUT if name != "cache_read_tokens"), "uncached")
    sums: dict[str, list[float]] = {name: [0.0, 0.0] for name in ("uncached", "cached", "output")}
    for row in rows:
        kind = kinds.get(row["meter"])
        if kind:
            sums[kind][0] += row["quantity"]
            sums[kind][1] += row["usd"]
    return {name: usd / quantity * 1e6 if quantity else None
            for name, (quantity, usd) in sums.items()}  # fmt: skip


def _weekly(rows: Iterable[Mapping[str, Any]], known: date, after: date) -> list[float]:
    """Return the tokens of whole weeks, oldest first, up to the last complete day."""
    whole = min(HISTORY_WEEKS, (after - known).days // 7)
    tokens = {row["back"]: row["tokens"] for row in rows}
    return [tokens.get(back, 0.0) for back in range(whole - 1, -1, -1)]

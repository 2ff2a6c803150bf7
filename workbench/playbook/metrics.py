"""Health of every feature by model, region and prompt version, as Prometheus text.

One query over the last days; percentiles come with the band of their bootstrap, as gauges, so
that the dashboards an organisation already has show what our pages show.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from workbench.models.monitoring.latency import percentile_bands
from workbench.models.monitoring.prometheus import Metric, Sample, exposition
from workbench.playbook.evidence import Evidence

MOST_LATENCIES = 20_000

HEALTH_SQL = """
SELECT coalesce(feature, '') AS feature, model, coalesce(region, '') AS region,
       coalesce(prompt_version, '') AS version, count(*) AS requests,
       count(*) FILTER (WHERE status = 'error') AS errors,
       CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd,
       count(*) FILTER (WHERE contract_cost_usd IS NULL) AS unpriced,
       list(latency_ms ORDER BY started_at DESC) FILTER (WHERE latency_ms IS NOT NULL) AS latencies
FROM priced_usage
WHERE environment = 'production' AND NOT is_aggregate
  AND started_at >= $since AND started_at < $until
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def prometheus_text(evidence: Evidence, *, days: int = 1) -> str:
    """Return requests, errors, cost and latency of the last days as Prometheus gauges.

    Cost is left out where a request has no price: a part of it would look like the whole.
    """
    end = datetime.combine(evidence.as_of + timedelta(days=1), time.min)
    rows = evidence.rows(HEALTH_SQL, {"since": end - timedelta(days=days), "until": end})
    counts = {
        "requests": ("Production requests in the window.", lambda r: r["requests"]),
        "errors": ("Requests that ended in an error.", lambda r: r["errors"]),
        "error_ratio": ("Errors over requests.", lambda r: r["errors"] / r["requests"]),
        "unpriced_requests": ("Requests without a price.", lambda r: r["unpriced"]),
        "cost_usd": ("Contract cost.", lambda r: None if r["unpriced"] else r["cost_usd"]),
    }
    metrics = [
        Metric(name=f"workbench_{name}", help=text, kind="gauge", samples=_samples(rows, read))
        for name, (text, read) in counts.items()
    ]
    return exposition([*metrics, _latency(rows)])


def _samples(
    rows: Sequence[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], float | None]
) -> list[Sample]:
    values = [(row, read(row)) for row in rows]
    return [Sample(labels=_labels(row), value=value) for row, value in values if value is not None]


def _latency(rows: Sequence[Mapping[str, Any]]) -> Metric:
    samples = []
    for row in rows:
        for found in (
            percentile_bands((row["latencies"] or [])[:MOST_LATENCIES]) if row["latencies"] else ()
        ):
            for bound, value in (("", found.ms), ("low", found.low_ms), ("high", found.high_ms)):
                labels = {**_labels(row), "quantile": f"{found.share:g}", "bound": bound}
                samples.append(Sample(labels=labels, value=value))
    text = "Latency; bound is low or high for the 95 % bootstrap band."
    return Metric(name="workbench_latency_ms", help=text, kind="gauge", samples=samples)


def _labels(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(row[name]) for name in ("feature", "model", "region", "version")}

"""Stage 3, health in production: latency, cost, accuracy and input drift."""

from calendar import monthrange
from datetime import datetime, time, timedelta

import numpy as np

from workbench.models.monitoring.cost import ewma, month_end_forecast, robust_jumps
from workbench.models.monitoring.drift import (
    PSI_MIN_VALUES,
    Stability,
    distribution_shift,
    error_rate_cusum,
    population_stability,
    psi_of_shares,
    stability_word,
)  # fmt: skip
from workbench.models.monitoring.latency import burn_status, percentile_bands
from workbench.playbook.checks.labels import LABELLED_SQL
from workbench.playbook.evidence import Case, Finding, judged, need

LATENCY_REQUESTS = 100
MAX_LATENCIES = 200_000
CUSUM_LABELS = 100
BATCH_LABELS = 20

LATENCY_SQL = """
SELECT latency_ms FROM usage
WHERE feature = $feature AND environment = 'production' AND status = 'ok'
  AND latency_ms IS NOT NULL AND started_at >= $since AND started_at < $until
ORDER BY started_at DESC LIMIT $most
"""

MINUTES_SQL = """
SELECT date_trunc('minute', started_at) AS minute, count(*) AS requests,
       count(*) FILTER (WHERE status = 'error') AS errors
FROM usage
WHERE feature = $feature AND environment = 'production'
  AND started_at >= $since AND started_at < $until
GROUP BY 1 ORDER BY 1
"""

DAILY_COST_SQL = """
SELECT day, CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd, CAST(sum(requests) AS BIGINT) AS requests,
       CAST(sum(unpriced_requests) AS BIGINT) AS unpriced
FROM daily_cost
WHERE feature = $feature AND day >= $first_day AND day <= $last_day
GROUP BY 1 ORDER BY 1
"""

LABELS_SQL = f"""{LABELLED_SQL}
SELECT CAST(started_at AS DATE) AS day, count(*) AS labels,
       count(*) FILTER (WHERE outcome IN ('failed', 'rejected', 'reopened')) AS errors
FROM labelled WHERE environment = 'production' GROUP BY 1 ORDER BY 1
"""  # noqa: S608  # both are constants

INPUTS_SQL = """
SELECT context_tokens, json_extract_string(tags, '$.x_topic') AS topic,
       started_at >= $split AS is_current
FROM usage
WHERE feature = $feature AND environment = 'production' AND NOT is_aggregate
  AND started_at >= $since AND started_at < $until
ORDER BY started_at DESC LIMIT $most
"""


def latency_meets_slo(case: Case) -> Finding:
    """G3-06: the upper bound of p95 is within the promise, and no burn-rate rule pages."""
    limit, objective = case.stated("slos.latency_p95_ms"), case.stated("slos.availability")
    rows = case.rows(LATENCY_SQL, days=30, most=MAX_LATENCIES)
    need(
        len(rows) >= LATENCY_REQUESTS, f"{len(rows)} latencies in 30 days, needs {LATENCY_REQUESTS}"
    )
    p50, p95, p99 = percentile_bands([row["latency_ms"] for row in rows])
    minutes = case.rows(MINUTES_SQL, days=2)
    start = datetime.combine(case.as_of - timedelta(days=1), time.min)
    requests, errors = np.zeros(2_880), np.zeros(2_880)
    for row in minutes:
        place = int((row["minute"] - start).total_seconds() // 60)
        requests[place], errors[place] = row["requests"], row["errors"]
    paging = []
    if 0 < objective < 1:
        burns = burn_status(
            errors_per_minute=errors, requests_per_minute=requests, objective=objective
        )
        paging = [
            f"burn above {b.rule.rate:g} for {b.paged_minutes} min"
            for b in burns
            if b.paged_minutes
        ]
    slow = [f"p95 {p95.ms:.0f} ms, at most {p95.high_ms:.0f} ms, promised {limit:g} ms"]
    return judged(
        p95.high_ms <= limit and not paging, "; ".join(slow + paging),
        p50_ms=p50.ms, p95_ms=p95.ms, p95_high_ms=p95.high_ms, p99_ms=p99.ms, requests=len(rows),
    )  # fmt: skip


def cost_is_watched(case: Case) -> Finding:
    """G3-07: the month ends within the envelope at P80, and every cost jump raised an alert."""
    budget = case.stated("budget.monthly_usd")
    first = case.as_of - timedelta(days=89)
    days = case.rows(DAILY_COST_SQL, first_day=first, last_day=case.as_of)
    need(len(days) >= 28, f"{len(days)} days of cost, needs 28")
    need(not any(day["unpriced"] for day in days), "some requests have no price")
    cost = [day["cost_usd"] or 0.0 for day in days]
    each = [
        day["cost_usd"] / day["requests"] for day in days if day["requests"] and day["cost_usd"]
    ]
    month_days = monthrange(case.as_of.year, case.as_of.month)[1]
    spent = sum(c for c, d in zip(cost, days, strict=True) if d["day"] >= case.as_of.replace(day=1))
    end = month_end_forecast(cost[-28:], spent_usd=spent, days_left=month_days - case.as_of.day)
    jumps = [
        days[place]["day"]
        for place in robust_jumps(each)
        if case.days_since(days[place]["day"]) < 7
    ]
    alerted = {row["raised_at"].date() for row in case.optional_table("alerts") or []}
    silent = [day for day in jumps if not {day, day + timedelta(days=1)} & alerted]
    text = f"month ends at {end.p80_usd:,.2f} USD (P80), envelope {budget:,.2f} USD"
    if silent:
        text += f"; cost per request jumped on {silent[0]} and no alert was raised"
    return judged(
        end.p80_usd <= budget and not silent, text, p50_usd=end.p50_usd, p80_usd=end.p80_usd,
        ewma_usd_per_request=float(ewma(each)[-1]) if each else None,
    )  # fmt: skip


def accuracy_holds(case: Case) -> Finding:
    """G3-08: no CUSUM signal (k 0.5, h 5) of the labelled error rate against the accepted one."""
    target = case.stated("slos.error_rate")
    need(0 < target < 1, "slos.error_rate must lie between 0 and 1")
    days = case.rows(LABELS_SQL, days=90)
    labels = sum(day["labels"] for day in days)
    need(labels >= CUSUM_LABELS, f"{labels} labelled outcomes in 90 days, needs {CUSUM_LABELS}")
    errors, trials, ends = [0], [0], []
    for day in days:
        errors[-1] += day["errors"]
        trials[-1] += day["labels"]
        if trials[-1] >= BATCH_LABELS:
            ends.append(day["day"])
            errors.append(0)
            trials.append(0)
    found = error_rate_cusum(errors[: len(ends)], trials[: len(ends)], target_rate=target)
    rate = sum(day["errors"] for day in days) / labels
    if found.signal_up_at is not None:
        return judged(
            False, f"error rate signals worse since {ends[found.signal_up_at]}", error_rate=rate
        )
    better = found.signal_down_at is not None
    note = (
        f"; it signals better since {ends[found.signal_down_at or 0]}: set a new target"
        if better
        else ""
    )
    return Finding(
        verdict="pass", reason=f"error rate {rate:.1%} of {labels} labels, no signal{note}",
        warning=better, measured={"error_rate": rate, "upper_sum": float(found.upper[-1])},
    )  # fmt: skip


def inputs_are_stable(case: Case) -> Finding:
    """G3-09: input size, topic mix and embedding projections of the last 7 days against 28 before."""
    split = datetime.combine(case.as_of - timedelta(days=6), time.min)
    rows = case.rows(INPUTS_SQL, days=35, split=split, most=MAX_LATENCIES)
    old, new = (
        [r["context_tokens"] for r in rows if r["is_current"] is side] for side in (False, True)
    )
    fewest = min(len(old), len(new))
    need(
        fewest >= PSI_MIN_VALUES, f"{fewest} requests in the smaller window, needs {PSI_MIN_VALUES}"
    )
    size = population_stability(old, new)
    words = {"input size": (size.psi, size.word)}
    if any(row["topic"] for row in rows):
        counts: list[dict[str, int]] = [{}, {}]
        for row in rows:
            if row["topic"]:
                mix = counts[bool(row["is_current"])]
                mix[row["topic"]] = mix.get(row["topic"], 0) + 1
        value = psi_of_shares(*counts)
        smallest = min(sum(mix.values()) for mix in counts)
        words["topic mix"] = (value, stability_word(value, values=smallest))
    shifted = _shifted_projections(case)
    return _drift_finding(words, shifted=shifted, size=size)


def _shifted_projections(case: Case) -> list[str]:
    values: dict[str, dict[str, list[float]]] = {}
    for row in case.optional_table("embedding_projections") or []:
        sides = values.setdefault(row["projection"], {"reference": [], "current": []})
        need(row["period"] in sides, "embedding_projections: period is `reference` or `current`")
        sides[row["period"]].append(row["value"])
    return [
        name for name, sides in values.items()
        if all(sides.values()) and distribution_shift(sides["reference"], sides["current"]).shifted
    ]  # fmt: skip


def _drift_finding(
    words: dict[str, tuple[float, str]], *, shifted: list[str], size: Stability
) -> Finding:
    text = ", ".join(f"PSI of {name} {psi:.3f}" for name, (psi, _) in words.items())
    text += f" (input size {size.low:.3f} to {size.high:.3f})"
    if shifted:
        text += f"; embedding projections shifted: {', '.join(shifted)}"
    failed = bool(shifted) or any(word == "fail" for _, word in words.values())
    return Finding(
        verdict="fail" if failed else "pass", reason=text,
        warning=any(word == "warn" for _, word in words.values()),
        measured={name: psi for name, (psi, _) in words.items()},
    )  # fmt: skip


CHECKS = {
    "G3-06": latency_meets_slo, "G3-07": cost_is_watched,
    "G3-08": accuracy_holds, "G3-09": inputs_are_stable,
}  # fmt: skip

"""Does each feature still behave? Burn, cost, accuracy, drift and latency from raw requests.

Days and models are in the snapshot's rollups; here is what they cannot hold: minutes, regions,
prompt versions, input sizes, labelled outcomes.
"""

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from workbench.answers import Source
from workbench.models.monitoring.cost import ewma, month_end_forecast, robust_jumps
from workbench.models.monitoring.drift import (
    PSI_MIN_VALUES,
    error_rate_cusum,
    population_stability,
    psi_of_shares,
    stability_word,
)  # fmt: skip
from workbench.models.monitoring.latency import burn_status, percentile_bands, window_burn
from workbench.playbook.checks.g3_health import (
    BATCH_LABELS,
    CUSUM_LABELS,
    DAILY_COST_SQL,
    INPUTS_SQL,
    LABELS_SQL,
    MAX_LATENCIES,
    MINUTES_SQL,
)
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.metrics import HEALTH_SQL

HEALTH_DAYS = 30
BURN_DAYS = 7
MINUTES_A_DAY = 1_440


def report(source: Source) -> dict[str, Any]:
    """Return the health of every feature that has production usage or a dossier."""
    dossiers = {d.feature: d for d in read_dossiers(source.workspace.layout.root / "dossiers")}
    health = _health(source)
    names = sorted({*dossiers, *(row["feature"] for row in health)} - {""})
    return {
        "as_of": str(source.as_of), "days": HEALTH_DAYS,
        "features": [
            _feature(source, name, dossier=dossiers.get(name))
            | {"health": [row for row in health if row["feature"] == name]}
            for name in names
        ],
    }  # fmt: skip


def document(source: Source) -> dict[str, Any]:
    """Return the report as its page reads it."""
    return report(source)


def _feature(source: Source, name: str, *, dossier: Dossier | None) -> dict[str, Any]:
    slos = dossier.slos if dossier else None
    budget = dossier.budget if dossier else None
    return {
        "feature": name,
        "promised": {
            "latency_p95_ms": slos.latency_p95_ms if slos else None,
            "availability": slos.availability if slos else None,
            "error_rate": slos.error_rate if slos else None,
            "envelope_usd": budget.monthly_usd if budget else None,
        },
        "burn": _burn(source, name, objective=slos.availability if slos else None),
        "cost": _cost(source, name),
        "accuracy": _accuracy(source, name, target=slos.error_rate if slos else None),
        "drift": _drift(source, name),
    }  # fmt: skip


def _rows(source: Source, sql: str, *, days: int, **params: object) -> list[dict[str, Any]]:
    end = datetime.combine(source.as_of + timedelta(days=1), time.min)
    bound = {"since": end - timedelta(days=days), "until": end, **params}
    return source.rows(sql, {k: v for k, v in bound.items() if f"${k}" in sql})


def _health(source: Source) -> list[dict[str, Any]]:
    """Return requests, errors, cost and latency by feature, model, region and prompt version."""
    rows = _rows(source, HEALTH_SQL, days=HEALTH_DAYS)
    for row in rows:
        latencies = row.pop("latencies") or []
        bands = percentile_bands(latencies[:MAX_LATENCIES]) if latencies else ()
        row["latency"] = [
            {"share": b.share, "ms": b.ms, "low_ms": b.low_ms, "high_ms": b.high_ms} for b in bands
        ]
    return rows


def _burn(source: Source, name: str, *, objective: float | None) -> dict[str, Any]:
    """Return both page rules over the last two days, and their long windows by hour of a week."""
    if objective is None or not 0 < objective < 1:
        return {"missing": "the dossier promises no availability"}
    start = datetime.combine(source.as_of - timedelta(days=BURN_DAYS - 1), time.min)
    requests, errors = (np.zeros(BURN_DAYS * MINUTES_A_DAY) for _ in range(2))
    for row in _rows(source, MINUTES_SQL, days=BURN_DAYS, feature=name):
        place = int((row["minute"] - start).total_seconds() // 60)
        requests[place], errors[place] = row["requests"], row["errors"]
    if not requests.sum():
        return {"missing": f"no production request in {BURN_DAYS} days"}
    rules = burn_status(errors_per_minute=errors, requests_per_minute=requests, objective=objective)
    every = slice(59, None, 60)
    return {
        "rules": [
            {
                "rate": b.rule.rate, "hours": b.rule.long_minutes // 60, "long_burn": b.long_burn,
                "short_burn": b.short_burn, "paging": b.paging, "paged_minutes": b.paged_minutes,
            }
            for b in rules
        ],
        "at": [f"{start + timedelta(hours=n + 1):%Y-%m-%d %H:%M}" for n in range(BURN_DAYS * 24)],
        "burns": {
            f"{b.rule.long_minutes // 60} h": window_burn(
                errors, requests, minutes=b.rule.long_minutes, objective=objective
            )[every].round(3).tolist()
            for b in rules
        },
    }  # fmt: skip


def _cost(source: Source, name: str) -> dict[str, Any]:
    """Return where the month ends and on which days cost per request jumped."""
    first = source.as_of - timedelta(days=89)
    days = source.rows(
        DAILY_COST_SQL, {"feature": name, "first_day": first, "last_day": source.as_of}
    )
    unpriced = sum(day["unpriced"] for day in days)
    known = [day for day in days if day["requests"] and day["cost_usd"]]
    if len(known) < 28:
        return {"missing": f"{len(known)} days with a cost, needs 28", "unpriced": unpriced}
    each = [day["cost_usd"] / day["requests"] for day in known]
    cost = {day["day"]: day["cost_usd"] or 0.0 for day in days}
    spent = sum(usd for on, usd in cost.items() if on >= source.as_of.replace(day=1))
    left = monthrange(source.as_of.year, source.as_of.month)[1] - source.as_of.day
    ahead = source.as_of + timedelta(days=1)
    recent = [cost.get(source.as_of - timedelta(days=n), 0.0) for n in range(27, -1, -1)]
    length = monthrange(ahead.year, ahead.month)[1]
    end = month_end_forecast(recent, spent_usd=spent if left else 0.0, days_left=left or length)
    return {
        "month": f"{(source.as_of if left else ahead):%Y-%m}", "spent_usd": end.spent_usd,
        "p50_usd": end.p50_usd, "p80_usd": end.p80_usd, "p90_usd": end.p90_usd,
        "usd_per_request": float(ewma(each)[-1]), "unpriced": unpriced,
        "jumps": [str(known[place]["day"]) for place in robust_jumps(each)],
    }  # fmt: skip


def _accuracy(source: Source, name: str, *, target: float | None) -> dict[str, Any]:
    """Return the CUSUM of labelled errors in batches against the accepted rate."""
    if target is None or not 0 < target < 1:
        return {"missing": "the dossier accepts no error rate between 0 and 1"}
    days = _rows(source, LABELS_SQL, days=90, feature=name)
    labels = sum(day["labels"] for day in days)
    if labels < CUSUM_LABELS:
        return {"missing": f"{labels:,} labelled outcomes in 90 days, needs {CUSUM_LABELS:,}"}
    ends, errors, trials = _batches(days)
    sums = error_rate_cusum(errors, trials, target_rate=target)
    return {
        "target": target, "labels": labels, "errors": sum(day["errors"] for day in days),
        "batches": [str(on) for on in ends], "worse": sums.upper.round(3).tolist(),
        "better": sums.lower.round(3).tolist(),
        "worse_since": None if sums.signal_up_at is None else str(ends[sums.signal_up_at]),
    }  # fmt: skip


def _batches(days: Sequence[dict[str, Any]]) -> tuple[list[date], list[int], list[int]]:
    ends: list[date] = []
    errors, trials = [0], [0]
    for day in days:
        errors[-1] += day["errors"]
        trials[-1] += day["labels"]
        if trials[-1] >= BATCH_LABELS:
            ends.append(day["day"])
            errors.append(0)
            trials.append(0)
    return ends, errors[: len(ends)], trials[: len(ends)]


def _drift(source: Source, name: str) -> dict[str, Any]:
    """Return the stability index of input size and topic mix: last 7 days against 28 before."""
    split = datetime.combine(source.as_of - timedelta(days=6), time.min)
    rows = _rows(source, INPUTS_SQL, days=35, feature=name, split=split, most=MAX_LATENCIES)
    sides = [[r for r in rows if bool(r["is_current"]) is side] for side in (False, True)]
    fewest = min(len(side) for side in sides)
    if fewest < PSI_MIN_VALUES:
        return {"missing": f"{fewest:,} requests in the smaller window, needs {PSI_MIN_VALUES:,}"}
    size = population_stability(*([r["context_tokens"] for r in side] for side in sides))
    found = {"input size": {"psi": size.psi, "low": size.low, "high": size.high, "word": size.word}}
    mixes = [_counted(side, lambda r: r["topic"]) for side in sides]
    if all(mixes):
        psi = psi_of_shares(*mixes)
        smallest = min(sum(mix.values()) for mix in mixes)
        found["topic mix"] = {"psi": psi, "word": stability_word(psi, values=smallest)}
    return {"indices": found}


def _counted(
    rows: Sequence[dict[str, Any]], read: Callable[[dict[str, Any]], str | None]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        key = read(row)
        if key:
            counts[key] = counts.get(key, 0) + 1
    return counts

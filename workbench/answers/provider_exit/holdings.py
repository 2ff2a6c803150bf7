"""What is held at a provider, what an hour without it costs, and what would start the exit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pyarrow as pa

from workbench.answers import Source
from workbench.answers.provider_exit.known import Known
from workbench.answers.provider_exit.options import noon
from workbench.errors import InputError
from workbench.models.provider_exit.conversion import Conversion
from workbench.models.provider_exit.exit_cost import Trigger
from workbench.models.provider_exit.outage import concentration, fit_incidents
from workbench.playbook.dossier import Dossier
from workbench.playbook.evidence import Case, MissingEvidenceError
from workbench.playbook.exit_evidence import holdings_of
from workbench.playbook.replay import replay_to

WINDOW_DAYS = 30
INCIDENT_DAYS = 180
HOURS_A_MONTH = 730
SCHEDULED_DAYS = 730
SAME_PRICE = 0.001
_INVENTORY = """
SELECT count(*) AS requests, count(DISTINCT prompt_id) AS prompts, count(DISTINCT feature) AS features,
    list(DISTINCT feature) AS names, max(context_tokens) AS largest_request_tokens,
    coalesce(sum(CASE WHEN output_tokens = 0 AND model ILIKE '%embed%'
        THEN uncached_input_tokens ELSE 0 END), 0)::DOUBLE AS embedded_tokens
FROM usage WHERE provider = $provider AND started_at >= $since::DATE AND started_at < $until::DATE
"""
_UNITS = """
SELECT feature, count(*)::DOUBLE AS requests, coalesce(sum(images), 0)::DOUBLE AS images,
    coalesce(sum(pages), 0)::DOUBLE AS pages, count(DISTINCT session_id)::DOUBLE AS sessions,
    count(DISTINCT ticket_id)::DOUBLE AS tickets,
    count(*) FILTER (WHERE provider = $provider)::DOUBLE AS here
FROM usage WHERE environment = 'production' AND NOT is_aggregate
    AND started_at >= $since::DATE AND started_at < $until::DATE
    AND feature IN (SELECT DISTINCT feature FROM usage WHERE provider = $provider
        AND started_at >= $since::DATE AND started_at < $until::DATE)
GROUP BY ALL
"""
_OUTCOMES = """
SELECT feature, sum(units)::DOUBLE AS units, sum(resolved_gross)::DOUBLE AS resolved,
    sum(resolved_net)::DOUBLE AS accepted
FROM rollup_outcome WHERE day >= $since::DATE AND day < $until::DATE GROUP BY ALL
"""
_SERVED = """
SELECT count(*)::DOUBLE AS requests, count(*) FILTER (WHERE served)::DOUBLE AS served FROM (
    SELECT bool_or(lower(status) IN ('ok', 'success', 'succeeded', '200')) AS served
    FROM usage WHERE provider = $provider AND started_at >= $since::DATE AND started_at < $until::DATE
        AND status IS NOT NULL AND status <> '' AND request_id IS NOT NULL
    GROUP BY request_id)
"""
"""A request that a later attempt served was served."""


def window(source: Source, provider: str) -> dict[str, Any]:
    """Return the parameters of a query over the last month of one provider."""
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    until = source.as_of + timedelta(days=1)
    return {"provider": provider, "since": since.isoformat(), "until": until.isoformat()}


def inventory_of(
    known: Known, provider: str, usage: pa.Table, *, features: Collection[str] | None = None
) -> tuple[dict[str, Any], list[Dossier]]:
    """Return what is held at a provider, counted, and the dossiers of the features that use it.

    With `features`, only theirs is counted.
    """
    source = known.source
    given = window(source, provider)
    where = "" if features is None else " AND list_contains($features, feature)"
    given |= {} if features is None else {"features": list(features)}
    held = source.rows(_INVENTORY + where, given)[0]
    names = {one for one in held.pop("names") or [] if one}
    using = [one for one in known.dossiers if one.feature in names]
    held |= holdings_of(
        source.workspace.layout.root, using, provider=provider, as_of=source.as_of,
        evaluations=known.evaluations,
    )  # fmt: skip
    held["cache_discount_usd_per_day"] = _cache_discount(known, usage)
    return held, using


def _cache_discount(known: Known, usage: pa.Table) -> float:
    """Return what caching saves a day: the same traffic without a cache, minus as it is."""
    if usage.num_rows == 0:
        return 0.0
    at = noon(known.source.as_of)
    as_is = replay_to(usage, known.book, None, at=at).cost.cost_usd
    bare = Conversion(has_cache=False)
    without = replay_to(usage, known.book, None, at=at, own_conversion=bare).cost.cost_usd
    return max(0.0, without - as_is) / WINDOW_DAYS


def loss_of(source: Source, provider: str, using: Sequence[Dossier]) -> dict[str, Any]:
    """Return what an hour without the provider costs: units of value not made, by feature.

    A feature that other providers serve as well loses the share this one serves.
    """
    given = window(source, provider)
    rows = {row["feature"]: row for row in source.rows(_UNITS, given)}
    outcomes = {row["feature"]: row for row in source.rows(_OUTCOMES, _dates(given))}
    found: dict[str, float] = {}
    for dossier in using:
        unit, row = dossier.unit_of_value, rows.get(dossier.feature)
        if unit is None or unit.value_usd is None or row is None or not row["requests"]:
            continue
        word = unit.counted_by.removeprefix("outcome ").strip()
        counts = {**row, "resolved": outcomes.get(dossier.feature, {}).get("resolved") or 0.0}
        units = counts.get(word, row["requests"]) * row["here"] / row["requests"]
        found[dossier.feature] = units * unit.value_usd / (WINDOW_DAYS * 24)
    return {"usd_per_hour": sum(found.values()), "by_feature": found}


def _dates(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("since", "until")}


def incidents_of(known: Known, provider: str, using: Sequence[Dossier]) -> dict[str, Any] | None:
    """Return how the provider failed, fitted to the incidents on file of its features."""
    evidence = _Evidence(known)
    hours: dict[tuple[Any, Any], float] = {}
    for dossier in using:
        try:
            rows = Case(evidence, dossier).optional_table("incidents") or []
        except MissingEvidenceError:
            continue
        for row in rows:
            age = (known.source.as_of - row["started_at"].date()).days
            if 0 <= age < INCIDENT_DAYS:
                hours[row["started_at"], row["ended_at"]] = (
                    row["ended_at"] - row["started_at"]
                ).total_seconds() / 3600
    try:
        fitted = fit_incidents(list(hours.values()), months=INCIDENT_DAYS * 24 / HOURS_A_MONTH)
    except (InputError, ValueError):
        return None
    return {
        **asdict(fitted), "count": len(hours), "days": INCIDENT_DAYS,
        "longest_hours": max(hours.values()),
        "is_synthetic": any(one.synthetic for one in using),
    }  # fmt: skip


class _Evidence:
    """What a check's table reader asks of a workspace; no query is run here."""

    def __init__(self, known: Known) -> None:
        self.dossiers = known.dossiers
        self.folder = known.source.workspace.layout.root
        self.as_of = known.source.as_of

    def rows(self, sql: str, params: Any, /) -> list[dict[str, Any]]:  # noqa: ANN401
        raise MissingEvidenceError("no query is run for incidents")


def triggers_of(
    known: Known, provider: str, using: Sequence[Dossier], *, usage: pa.Table,
    spend_usd: dict[str, float], days_to_retirement: float | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return each indicator a dossier sets a limit for, as measured, and whether it is crossed."""
    limits = [one.exit.trigger_limits for one in using if one.exit and one.exit.trigger_limits]
    source = known.source
    given = window(source, provider)
    seen = source.rows(_SERVED, given)[0]
    served = seen["served"] / seen["requests"] if seen["requests"] else None
    accepted = _accepted_share(source, given, {one.feature for one in using})
    values = {
        "availability_below": served, "price_rise_above": _price_rise(known, usage),
        "concentration_above": concentration({k: v for k, v in spend_usd.items() if v > 0}),
        "days_to_retirement_below": days_to_retirement, "acceptance_below": accepted,
    }  # fmt: skip
    found = []
    for name, value in values.items():
        stated = [limit for one in limits if (limit := getattr(one, name)) is not None]
        worse = "above" if name.endswith("above") else "below"
        # The strictest of several features' limits starts the plan first.
        strictest = (min if worse == "above" else max)(stated, default=None)
        verdict = "no limit stated" if strictest is None else Trigger(
            name=name, value=value, threshold=strictest, worse_is=worse
        ).verdict  # fmt: skip
        found.append({"name": name, "value": value, "limit": strictest, "verdict": verdict})
    return found


def _accepted_share(source: Source, given: Mapping[str, Any], features: set[str]) -> float | None:
    """Return resolved and not reopened, of all judged, over the features that use the provider."""
    rows = [row for row in source.rows(_OUTCOMES, _dates(given)) if row["feature"] in features]
    units = sum(row["units"] or 0 for row in rows)
    return sum(row["accepted"] or 0 for row in rows) / units if units else None


def _price_rise(known: Known, usage: pa.Table) -> float | None:
    """Return how much dearer the last month's traffic is than at the prices of a year before."""
    if usage.num_rows == 0:
        return None
    today = noon(known.source.as_of)
    now = replay_to(usage, known.book, None, at=today).cost
    before = replay_to(usage, known.book, None, at=today - timedelta(days=365)).cost
    if before.unpriced_requests != now.unpriced_requests or not before.cost_usd:
        return None  # a model that had no price then has no rise
    return now.cost_usd / before.cost_usd - 1


def scheduled_prices(known: Known, usage: pa.Table) -> list[dict[str, Any]]:
    """Return each day on which a price of the models in use changes, as the book knows it.

    The factor is what the last month's traffic then costs, against today.
    """
    if usage.num_rows == 0:
        return []
    today = noon(known.source.as_of)
    horizon = today + timedelta(days=SCHEDULED_DAYS)
    groups = usage.group_by(["provider", "model"]).aggregate([])
    names = zip(groups["provider"].to_pylist(), groups["model"].to_pylist(), strict=True)
    active = known.book.at(None)
    starts = {
        row.starts
        for provider, model in names
        for _, _, rows, _ in active.rows_for(provider, model)
        for row in rows
        if today < row.starts <= horizon
    }
    now = replay_to(usage, known.book, None, at=today).cost.cost_usd
    found = []
    for start in sorted(starts):
        then = replay_to(usage, known.book, None, at=start + timedelta(hours=12)).cost.cost_usd
        if now and abs(then / now - 1) > SAME_PRICE:
            found.append({"on": start.date().isoformat(), "factor": then / now})
    return found

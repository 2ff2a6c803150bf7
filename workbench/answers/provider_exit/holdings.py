"""What is held at a provider, what an hour without it costs, and what would start the exit."""

from collections.abc import Collection, Sequence
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
_INVENTORY = """
SELECT count(*) AS requests, count(DISTINCT prompt_id) AS prompts, count(DISTINCT feature) AS features,
    list(DISTINCT feature) AS names, max(context_tokens) AS largest_request_tokens,
    coalesce(sum(CASE WHEN output_tokens = 0 AND model ILIKE '%embed%'
        THEN uncached_input_tokens ELSE 0 END), 0)::DOUBLE AS embedded_tokens
FROM usage WHERE provider = $provider AND started_at >= $since::DATE AND started_at < $until::DATE
"""
_UNITS = """
SELECT feature, count(*)::DOUBLE AS requests,
    count(*) FILTER (WHERE outcome = 'resolved')::DOUBLE AS resolved,
    coalesce(sum(images), 0)::DOUBLE AS images, coalesce(sum(pages), 0)::DOUBLE AS pages,
    count(DISTINCT session_id)::DOUBLE AS sessions, count(DISTINCT ticket_id)::DOUBLE AS tickets
FROM usage WHERE provider = $provider AND environment = 'production' AND NOT is_aggregate
    AND started_at >= $since::DATE AND started_at < $until::DATE GROUP BY ALL
"""
_FAILED = """
SELECT count(*)::DOUBLE AS requests,
    count(*) FILTER (WHERE lower(coalesce(status, 'ok')) IN ('error', 'failed', 'failure', 'timeout',
        '500', '502', '503', '504', '529'))::DOUBLE AS failed,
    count(*) FILTER (WHERE outcome IS NOT NULL)::DOUBLE AS judged,
    count(*) FILTER (WHERE outcome = 'resolved')::DOUBLE AS accepted
FROM usage WHERE provider = $provider AND started_at >= $since::DATE AND started_at < $until::DATE
"""


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
    """Return what an hour without the provider costs: units of value not made, by feature."""
    rows = {row["feature"]: row for row in source.rows(_UNITS, window(source, provider))}
    found: dict[str, float] = {}
    for dossier in using:
        unit = dossier.unit_of_value
        row = rows.get(dossier.feature)
        if unit is None or unit.value_usd is None or row is None:
            continue
        word = unit.counted_by.removeprefix("outcome ").strip()
        units = row.get(word, row["requests"])
        found[dossier.feature] = units * unit.value_usd / (WINDOW_DAYS * 24)
    return {"usd_per_hour": sum(found.values()), "by_feature": found}


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
    seen = source.rows(_FAILED, window(source, provider))[0]
    served = 1 - seen["failed"] / seen["requests"] if seen["requests"] else None
    accepted = seen["accepted"] / seen["judged"] if seen["judged"] else None
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

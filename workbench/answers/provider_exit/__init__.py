"""What would the same work cost elsewhere, and what does leaving take? The workspace's own traffic."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.answers import Source
from workbench.answers.provider_exit.holdings import (
    WINDOW_DAYS,
    incidents_of,
    inventory_of,
    loss_of,
    scheduled_prices,
    triggers_of,
)
from workbench.answers.provider_exit.known import Known, Names, capability_map
from workbench.answers.provider_exit.options import described, noon, options_of
from workbench.answers.provider_exit.plan import DRILLS, plan_of
from workbench.models.provider_exit.lifecycle import exposures, life_from_row
from workbench.playbook.dossier import Dossier
from workbench.playbook.drill import failover_success, measured_failover_hours, read_drills
from workbench.playbook.exit_evidence import own_efforts
from workbench.playbook.exit_requirements import answered
from workbench.playbook.replay import ReplayReport, Target, replay_to, traffic_sql
from workbench.pricing.book import PriceBook
from workbench.reference import read_table
from workbench.schema import METER_NAMES

__all__ = ["best_replay", "document", "plan_of", "replay"]

PROVIDERS_SHOWN = 4
_TEXT_ONLY = " AND ".join(
    f"coalesce({name}, 0) = 0"
    for name in METER_NAMES
    if re.search("image|audio|video|page|second|character", name)
)
"""Other media have prices of their own kind, so a text model's figure would leave them out."""
_SPEND = """
SELECT provider, model, CAST(sum(requests) AS BIGINT) AS requests,
    coalesce(CAST(sum(contract_pico) AS DOUBLE) / 1e12, 0) AS usd
FROM rollup_day WHERE day >= $since::DATE GROUP BY ALL ORDER BY usd DESC, provider, model
"""
_PRICES = """
SELECT provider, model, meter, max(pico_usd_per_unit)::DOUBLE AS pico FROM price_book
WHERE layer <> 'witness' AND meter IN ('uncached_input_tokens', 'output_tokens') AND effective_from <= $day::DATE
    AND (effective_to IS NULL OR effective_to > $day::DATE) GROUP BY ALL
"""


def replay(source: Source, target: str, *, at: date | None = None) -> dict[str, Any]:
    """Re-price every logged request at PROVIDER/MODEL; the cost is exact decimal text.

    `cost_usd` takes the token counts as logged. Where the workspace has measured what the
    target makes of its texts, or the target's cache starts at a size, `converted_cost_usd`
    is the same traffic in the target's own tokens. Each request is priced on its own date; where
    the target had no price then, all of them are priced as of the day the answer holds for,
    and the assumptions say so.

    Raises
    ------
    InputError
        If there is no usage, or the book does not know the target.
    """
    known = Known(source)
    to = known.target(target)
    usage = source.catalog.query(traffic_sql())
    report = best_replay(usage, known.book, to, as_of=source.as_of, at=at)
    there = best_replay(usage, known.book, known.converted(to), as_of=source.as_of, at=at)
    return {
        **described(report),
        "converted_cost_usd": there.cost.cost_usd,
        "converted_assumptions": list(there.assumptions),
        "capabilities": {
            name: dict(zip(("answer", "confidence", "source"), one, strict=True))
            for name, one in capability_map(to.capabilities).items()
        },
    }


def best_replay(
    usage: pa.Table, book: PriceBook, target: Target | str, *, as_of: date, at: date | None = None
) -> ReplayReport:
    """Return the replay at the prices of `at`, or of each request's date where that prices most."""
    if at is not None:
        return replay_to(usage, book, target, at=noon(at))
    own = replay_to(usage, book, target)
    if own.cost.unpriced_requests <= sum(own.not_servable.values()):
        return own
    today = replay_to(usage, book, target, at=noon(as_of))
    return today if today.cost.unpriced_requests < own.cost.unpriced_requests else own


def document(source: Source) -> dict[str, Any] | None:
    """Return what the exit page needs: replays of the last month's traffic, and what there is to move."""
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    until = source.as_of + timedelta(days=1)
    within = f"started_at >= DATE '{since}' AND started_at < DATE '{until}'"
    usage = source.catalog.query(traffic_sql(f"{within} AND {_TEXT_ONLY}"))
    spend = source.rows(_SPEND, {"since": since.isoformat()})
    if usage.num_rows == 0 or not spend:
        return None
    known, prices = Known(source), _prices(source)
    by_provider: dict[str, float] = {}
    for row in spend:
        by_provider[row["provider"]] = by_provider.get(row["provider"], 0.0) + row["usd"]
    leading = sorted(by_provider, key=lambda name: -by_provider[name])[:PROVIDERS_SHOWN]
    root = source.workspace.layout.root
    drills = read_drills(root / DRILLS)
    moved, held = failover_success(drills)
    return {
        "as_of": source.as_of.isoformat(),
        "window_days": WINDOW_DAYS,
        "spend": spend,
        "clouds": {
            one.provider: one.cloud
            for dossier in known.dossiers
            for one in dossier.dependencies
            if one.provider and one.cloud
        },
        "providers": {
            name: _one_provider(known, name, _of(usage, name), prices, spend) for name in leading
        },
        "efforts": {
            name: one.model_dump(mode="json")
            for name, one in own_efforts(root, _effort_names()).items()
        },
        "drills": [{**asdict(one), "is_evidence": one.is_evidence} for one in drills],
        "failover": {"hours": measured_failover_hours(drills), "moved": moved, "held": held},
    }


def _effort_names() -> list[str]:
    return [row["effort"] for row in read_table("exit_efforts")]


def _of(usage: pa.Table, provider: str) -> pa.Table:
    """Return a provider's rows: the traffic is sorted by provider first."""
    coded = usage["provider"].combine_chunks().dictionary_encode(null_encoding="encode")
    words = coded.dictionary.to_pylist()
    if provider not in words:
        return usage.slice(0, 0)
    places = np.flatnonzero(coded.indices.to_numpy() == words.index(provider))
    return usage.slice(int(places[0]), len(places))


def _prices(source: Source) -> dict[Names, float]:
    """Return a class of every model: three parts input, one part output, by price."""
    found: dict[Names, dict[str, float]] = {}
    for row in source.rows(_PRICES, {"day": source.as_of.isoformat()}):
        found.setdefault((row["provider"], row["model"]), {})[row["meter"]] = row["pico"] or 0.0
    return {
        key: 3 * one["uncached_input_tokens"] + one["output_tokens"]
        for key, one in found.items()
        if len(one) == 2 and min(one.values()) > 0
    }


def _one_provider(
    known: Known, name: str, usage: pa.Table, prices: Mapping[Names, float],
    spend: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    held, using = inventory_of(known, name, usage)
    source, at = known.source, noon(known.source.as_of)
    models = {(r["provider"], r["model"]): r["usd"] for r in spend if r["provider"] == name}
    left = [
        one.days_left
        for one in exposures(
            models,
            [life_from_row(row) for row in read_table("model_lifecycle")],
            as_of=source.as_of,
            until=source.as_of + timedelta(days=365),
            migration_days=0,
        )
        if one.days_left is not None and one.days_left > 0
    ]
    by_provider: dict[str, float] = {}
    for row in spend:
        by_provider[row["provider"]] = by_provider.get(row["provider"], 0.0) + row["usd"]
    found: dict[str, Any] = {
        "inventory": held, "current": None, "options": [], "not_priced": [],
        "plans": [_plan(one) for one in using], "loss": loss_of(source, name, using),
        "incidents": incidents_of(known, name, using),
        "scheduled": scheduled_prices(known, usage),
        "migrations": [
            {"feature": one.feature, **plan.model_dump(mode="json")}
            for one in using for plan in one.migrations
        ],
        "triggers": triggers_of(
            known, name, using, usage=usage, spend_usd=by_provider,
            days_to_retirement=float(min(left)) if left else None,
        ),
    }  # fmt: skip
    if usage.num_rows:
        found["options"], found["not_priced"] = options_of(
            known, usage, name, prices=prices, using=using, at=at
        )
        found["current"] = described(replay_to(usage, known.book, None, at=at))
    return found


def _plan(dossier: Dossier) -> dict[str, Any]:
    points = answered(dossier)
    plan = dossier.exit
    return {
        "feature": dossier.feature,
        "asked": len(points),
        "missing": [one.requirement.asks for one in points if one.is_missing],
        "tolerance_hours": plan.impact_tolerance_hours if plan else None,
        "notice_days": plan.notice_days if plan else None,
        "reserve_usd": plan.reserve_usd if plan else None,
        "alternative": plan.alternative if plan else None,
    }

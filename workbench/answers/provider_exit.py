"""What would the same work cost elsewhere, and what does leaving take? The workspace's own traffic."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from workbench.answers import Source
from workbench.errors import InputError
from workbench.models.provider_exit.lifecycle import exposures, life_from_row
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.drill import read_drills
from workbench.playbook.exit_plan import ExitPlan, exit_plan
from workbench.playbook.exit_requirements import answered
from workbench.playbook.replay import ReplayReport, replay_to, traffic_sql
from workbench.pricing.book import PriceBook
from workbench.reference import read_table
from workbench.schema import METER_NAMES

DRILLS = Path("evidence", "drills")
WINDOW_DAYS = 30
PROVIDERS_SHOWN = 4
TARGETS_SHOWN = 10
_TEXT_ONLY = " AND ".join(
    f"coalesce({name}, 0) = 0"
    for name in METER_NAMES
    if re.search("image|audio|video|page|second|character", name)
)
"""Other media have prices of their own kind, so a text model's figure would leave them out."""
FIRST_PARTY = ("anthropic", "openai", "google", "mistral", "deepseek", "xai")
"""Providers of their own models that are offered as targets beside the workspace's own."""


def replay(source: Source, target: str, *, at: date | None = None) -> dict[str, Any]:
    """Re-price every logged request at PROVIDER/MODEL; the cost is exact decimal text.

    Each request is priced on its own date. Where the target had no price then, all of them are
    priced as of the day the answer holds for, and the assumptions say so.

    Raises
    ------
    InputError
        If there is no usage, or the book does not know the target.
    """
    usage = source.catalog.query(traffic_sql())
    report = best_replay(usage, source.workspace.book(), target, as_of=source.as_of, at=at)
    return described(report)


def best_replay(
    usage: pa.Table, book: PriceBook, target: str, *, as_of: date, at: date | None = None
) -> ReplayReport:
    """Return the replay at the prices of `at`, or of each request's date where that prices most."""
    if at is not None:
        return replay_to(usage, book, target, at=_noon(at))
    own = replay_to(usage, book, target)
    if own.cost.unpriced_requests == 0:
        return own
    today = replay_to(usage, book, target, at=_noon(as_of))
    return today if today.cost.unpriced_requests < own.cost.unpriced_requests else own


def described(report: ReplayReport) -> dict[str, Any]:
    """Return a replay as plain data; the cost of whole units keeps every digit."""
    data = report.as_data()
    cost = report.cost
    exact = f"{int(cost.pico_usd) // 10**12}.{int(cost.pico_usd) % 10**12:012d}"
    return {**data, "cost_usd": exact if cost.is_exact else str(cost.cost_usd)}


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12))


def document(source: Source) -> dict[str, Any] | None:
    """Return what the exit page needs: replays of the last month's traffic, and what there is to move."""
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    until = source.as_of + timedelta(days=1)
    within = f"started_at >= DATE '{since}' AND started_at < DATE '{until}'"
    usage = source.catalog.query(traffic_sql(f"{within} AND {_TEXT_ONLY}"))
    spend = source.rows(_SPEND, {"since": since.isoformat()})
    if usage.num_rows == 0 or not spend:
        return None
    dossiers = read_dossiers(source.workspace.layout.root / "dossiers")
    by_provider: dict[str, float] = {}
    for row in spend:
        by_provider[row["provider"]] = by_provider.get(row["provider"], 0.0) + row["usd"]
    leading = sorted(by_provider, key=lambda name: -by_provider[name])[:PROVIDERS_SHOWN]
    book, prices = source.workspace.book(), _prices(source)
    return {
        "as_of": source.as_of.isoformat(),
        "window_days": WINDOW_DAYS,
        "spend": spend,
        "clouds": {
            one.provider: one.cloud
            for dossier in dossiers
            for one in dossier.dependencies
            if one.provider and one.cloud
        },
        "providers": {
            name: _one_provider(source, name, _of(usage, name), book, prices, dossiers)
            for name in leading
        },
        "drills": [
            {**asdict(one), "is_evidence": one.is_evidence}
            for one in read_drills(source.workspace.layout.root / DRILLS)
        ],
    }


def _of(usage: pa.Table, provider: str) -> pa.Table:
    """Return a provider's rows: the traffic is sorted by provider first."""
    names = usage["provider"].to_pylist()
    count = names.count(provider)
    return usage.slice(names.index(provider) if count else 0, count)


_SPEND = """
SELECT provider, model, CAST(sum(requests) AS BIGINT) AS requests,
    coalesce(CAST(sum(contract_pico) AS DOUBLE) / 1e12, 0) AS usd
FROM rollup_day WHERE day >= $since::DATE GROUP BY ALL ORDER BY usd DESC, provider, model
"""
_FEATURE_SPEND = _SPEND.replace("WHERE", "WHERE feature = $feature AND")
_INVENTORY = """
SELECT count(*) AS requests, count(DISTINCT prompt_id) AS prompts, count(DISTINCT feature) AS features,
    list(DISTINCT feature) AS names, max(context_tokens) AS largest_request_tokens
FROM usage WHERE provider = $provider AND started_at >= $since::DATE
"""
_PRICES = """
SELECT provider, model, meter, max(pico_usd_per_unit)::DOUBLE AS pico FROM price_book
WHERE meter IN ('uncached_input_tokens', 'output_tokens') AND effective_from <= $day::DATE
    AND (effective_to IS NULL OR effective_to > $day::DATE) GROUP BY ALL
"""


def _prices(source: Source) -> dict[tuple[str, str], float]:
    """Return a class of every model: three parts input, one part output, by price."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in source.rows(_PRICES, {"day": source.as_of.isoformat()}):
        found.setdefault((row["provider"], row["model"]), {})[row["meter"]] = row["pico"] or 0.0
    return {
        key: 3 * one["uncached_input_tokens"] + one["output_tokens"]
        for key, one in found.items()
        if len(one) == 2 and min(one.values()) > 0
    }


def _one_provider(
    source: Source,
    name: str,
    usage: pa.Table,
    book: PriceBook,
    prices: Mapping[tuple[str, str], float],
    dossiers: Iterable[Dossier],
) -> dict[str, Any]:
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    held = source.rows(_INVENTORY, {"provider": name, "since": since.isoformat()})[0]
    features = {one for one in held.pop("names") or [] if one}
    if usage.num_rows == 0:
        using = [one for one in dossiers if one.feature in features]
        return {"inventory": held, "current": None, "options": [], "not_priced": [],
                "plans": [_plan(one) for one in using]}  # fmt: skip
    using = [one for one in dossiers if one.feature in features]
    at = _noon(source.as_of)
    current = replay_to(usage, book, None, at=at)
    used = set(zip(usage["provider"].to_pylist(), usage["model"].to_pylist(), strict=True))
    options = []
    for target in targets(used, name, prices, using):
        try:
            options.append(described(replay_to(usage, book, target, at=at)))
        except InputError:
            continue  # a backup the book has no price for is named below
    priced = {one["target"] for one in options}
    return {
        "inventory": held,
        "current": described(current),
        "options": options,
        "not_priced": sorted(set(_backups(using, name)) - priced),
        "plans": [_plan(one) for one in using],
    }


def targets(
    used: set[tuple[str, str]],
    leaving: str,
    prices: Mapping[tuple[str, str], float],
    dossiers: Iterable[Dossier],
) -> list[str]:
    """Return where the traffic could go: stated backups first, then models of the same class.

    A class is the price of three input tokens and one output token; of each other provider the
    two nearest that are on sale are taken, by the ratio of prices.
    """
    own = [prices[key] for key in used if key in prices]
    chosen = list(dict.fromkeys(_backups(dossiers, leaving)))
    if not own:
        return chosen[:TARGETS_SHOWN]
    middle = sum(math.log(one) for one in own) / len(own)
    offered = _offered()
    for provider in FIRST_PARTY:
        if provider != leaving:
            models = [key for key in prices if key[0] == provider and key in offered]
            models.sort(key=lambda key: (abs(math.log(prices[key]) - middle), key))
            chosen += ["/".join(key) for key in models[:2]]
    return list(dict.fromkeys(chosen))[:TARGETS_SHOWN]


def _offered() -> set[tuple[str, str]]:
    """Return the models the lifecycle table lists as active, with no end announced."""
    rows = read_table("model_lifecycle")
    return {
        (row["provider"], row["model"])
        for row in rows
        if row["status"] == "active" and not row["retires_on"] and not _OTHER.search(row["model"])
    }


_OTHER = re.compile("image|tts|audio|embed|rerank|ocr|realtime|video|live|transcribe|imagine")
"""Models that answer something else than text."""


def _backups(dossiers: Iterable[Dossier], leaving: str) -> list[str]:
    return [
        f"{one.provider}/{one.model}"
        for dossier in dossiers
        for one in dossier.dependencies
        if one.kind == "backup" and one.provider and one.model and one.provider != leaving
    ]


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


def plan_of(source: Source, feature: str) -> ExitPlan:
    """Return a feature's exit plan with the lives of its models and the drills on file.

    Raises
    ------
    InputError
        If no dossier is of that feature.
    """
    root = source.workspace.layout.root
    dossiers = {one.feature: one for one in read_dossiers(root / "dossiers")}
    if feature not in dossiers:
        raise InputError(f"No dossier of {feature!r}. There are: {', '.join(dossiers) or 'none'}.")
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    spend = source.rows(_FEATURE_SPEND, {"since": since.isoformat(), "feature": feature})
    exposed = exposures(
        {(row["provider"], row["model"]): row["usd"] for row in spend},
        [life_from_row(row) for row in read_table("model_lifecycle")],
        as_of=source.as_of, until=source.as_of + timedelta(days=365), migration_days=0,
    )  # fmt: skip
    drills = read_drills(root / DRILLS)
    return exit_plan(dossiers[feature], as_of=source.as_of, exposures=exposed, drills=drills)

"""How much capacity to commit to? The hourly tokens of every text model in production."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import numpy as np

from workbench.answers import Source
from workbench.answers.serving_load import WINDOW_DAYS, environment_of, midnight
from workbench.errors import InputError, shown
from workbench.models.commitments import best_units, weighted_mtok
from workbench.models.offers import offers_of, open_offers_of
from workbench.workspace import offer_sheets

LEAST_REQUESTS = 20
_HOURS = """
    SELECT provider, model, date_trunc('hour', started_at) AS hour, count(*) AS requests,
           CAST(sum(uncached_input_tokens + cache_write_5m_tokens + cache_write_1h_tokens
                    + cache_write_unknown_tokens) AS DOUBLE) AS input,
           CAST(sum(cache_read_tokens) AS DOUBLE) AS cached_input,
           CAST(sum(output_tokens) AS DOUBLE) AS output
    FROM usage
    WHERE started_at >= $first AND started_at < $after AND NOT coalesce(is_aggregate, false)
      AND environment = $environment AND output_tokens > 0
      AND coalesce(service_tier, 'standard') NOT IN ('batch', 'flex')
    GROUP BY provider, model, hour
"""
KINDS = ("input", "cached_input", "output")


def document(source: Source) -> dict[str, Any] | None:
    """Return tokens by hour and kind for each model of the last four weeks, the largest first."""
    after = source.as_of + timedelta(days=1)
    first = after - timedelta(days=WINDOW_DAYS)
    environment = environment_of(source)
    rows = source.rows(
        _HOURS,
        {"first": midnight(first), "after": midnight(after), "environment": environment},
    )
    start, hours = midnight(first), WINDOW_DAYS * 24
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["provider"], row["model"])
        one = found.setdefault(
            key,
            {"provider": key[0], "model": key[1], "requests": 0}
            | {kind: [0.0] * hours for kind in KINDS},
        )
        at = int((row["hour"] - start).total_seconds() // 3600)
        one["requests"] += row["requests"]
        for kind in KINDS:
            one[kind][at] = row[kind]
    kept = [one for one in found.values() if one["requests"] >= LEAST_REQUESTS]
    if not kept:
        return None
    return {
        "as_of": source.as_of.isoformat(),
        "first_day": first.isoformat(),
        "environment": environment,
        "offers": offer_sheets.own_rows(source.workspace.layout),
        "models": sorted(kept, key=lambda one: -sum(sum(one[kind]) for kind in KINDS)),
    }


def sized(source: Source, *, model: str | None, offer: str | None) -> dict[str, Any]:
    """Return the best number of units of each offer on one model's hourly load.

    Parameters
    ----------
    source
        The workspace.
    model
        Whose load; the busiest model with an offer made for it where None.
    offer
        Name of one offer, made for this model or not; all that are made for it where None.

    Raises
    ------
    InputError
        If there is no such model or offer, or no offer is made for the model.
    """
    table = offer_sheets.all_rows(source.workspace.layout)
    known = [each for each in offers_of(table) if not each.makes_images]
    found = document(source)
    entries = {one["model"]: one for one in (found or {"models": []})["models"]}
    if not entries:
        raise InputError("No hourly load of a text model in the last 28 days.")
    made_for = {each.model for each in known}
    name = model or next((each for each in entries if each in made_for), next(iter(entries)))
    if name not in entries:
        raise InputError(f"No load of model {name!r}. There are: {shown(sorted(entries))}.")
    asked = [each for each in known if offer in (None, each.unit.name)]
    if not asked:
        raise InputError(f"No offer {offer!r}. There are: {shown([o.unit.name for o in known])}.")
    fitting = asked if offer else [each for each in asked if each.model == name]
    if not fitting:
        raise InputError(
            f"No published offer is made for {name}. Name one with --offer, or give your own "
            "unit with --inputs."
        )
    unsized = [
        {"offer": each.name, "confidence": each.confidence, "missing": each.words}
        for each in open_offers_of(table)
        if each.model == name
    ]
    tokens = {kind: np.asarray(entries[name][kind]) for kind in KINDS}
    rows = []
    for each in fitting:
        best = best_units(each.unit, weighted_mtok(tokens, each.weights))
        rows.append({
            "offer": each.unit.name, "confidence": each.confidence,
            "breakeven_utilization": each.unit.breakeven_utilization,
            **asdict(best), "total_usd": best.total_usd,
        })  # fmt: skip
    return {"model": name, "hours": WINDOW_DAYS * 24, "offers": rows, "not_sized": unsized}

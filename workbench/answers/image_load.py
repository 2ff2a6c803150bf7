"""What a feature asks of an image model: images by resolution and hour, price and growth.

Rows of the last four weeks in production that made images; everything is counted here once.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from workbench.answers import Source
from workbench.answers.serving_load import (
    HISTORY_WEEKS,
    LEAST_REQUESTS,
    WINDOW_DAYS,
    environment_of,
    midnight,
)

_ROWS = """
    SELECT feature, provider, model, region, started_at, images, contract_cost_usd,
           uncached_input_tokens AS prompt_tokens,
           coalesce(nullif(regexp_extract(price_variant, 'image_size=([^;]+)', 1), ''), 'not stated')
               AS resolution
    FROM priced_usage
    WHERE started_at >= $first AND started_at < $after AND NOT coalesce(is_aggregate, false)
      AND environment = $environment AND feature IS NOT NULL AND images > 0
      AND coalesce(service_tier, 'standard') NOT IN ('batch', 'flex')
"""
_TOTALS = f"""
    SELECT feature, resolution, count(*) AS requests, CAST(sum(images) AS DOUBLE) AS images,
           CAST(sum(contract_cost_usd) AS DOUBLE) AS usd,
           CAST(count_if(contract_cost_usd IS NULL) AS BIGINT) AS unpriced_requests,
           CAST(sum(prompt_tokens) AS DOUBLE) AS prompt_tokens,
           arg_max(provider, started_at) AS provider, arg_max(model, started_at) AS model,
           list(DISTINCT region) FILTER (region IS NOT NULL) AS regions
    FROM ({_ROWS}) GROUP BY feature, resolution ORDER BY feature, images DESC
"""  # noqa: S608 - constants of this file
_HOURS = f"""
    SELECT feature, date_trunc('hour', started_at) AS hour, CAST(sum(images) AS DOUBLE) AS images
    FROM ({_ROWS}) GROUP BY feature, hour
"""  # noqa: S608 - constants of this file
_WEEKS = """
    SELECT feature, CAST(floor(date_diff('day', day, CAST($after AS DATE)) / 7.0 - 1e-9) AS INTEGER) AS back,
           CAST(sum(quantity) AS DOUBLE) AS images
    FROM rollup_class WHERE day < CAST($after AS DATE) AND environment = $environment
      AND meter = 'images'
    GROUP BY feature, back
"""


def image_loads(source: Source) -> list[dict[str, Any]]:
    """Return one entry a feature that makes images, the one with most spend first."""
    after = source.as_of + timedelta(days=1)
    first = after - timedelta(days=WINDOW_DAYS)
    environment = environment_of(source)
    asked = {"first": midnight(first), "after": midnight(after), "environment": environment}
    found: dict[str, dict[str, Any]] = {}
    for row in source.rows(_TOTALS, asked):
        _add(found, row)
    kept = [one for one in found.values() if one["requests"] >= LEAST_REQUESTS]
    hours: dict[str, list[float]] = {}
    for row in source.rows(_HOURS, asked):
        by_hour = hours.setdefault(row["feature"], [0.0] * (WINDOW_DAYS * 24))
        by_hour[int((row["hour"] - midnight(first)).total_seconds() // 3600)] = row["images"]
    weeks = source.rows(_WEEKS, {"after": asked["after"], "environment": environment})
    known = source.rows("SELECT min(day) AS day FROM rollup_day")[0]["day"]
    for one in kept:
        one |= {
            "environment": environment, "first_day": first.isoformat(),
            "images_by_hour": hours[one["feature"]],
            "weekly_images": _weekly(weeks, one["feature"], known, after),
            "regions": sorted(one["regions"]),
        }  # fmt: skip
    return sorted(kept, key=lambda one: -sum(part["usd"] or 0.0 for part in one["by_resolution"]))


def _add(found: dict[str, dict[str, Any]], row: Mapping[str, Any]) -> None:
    one = found.setdefault(
        row["feature"],
        {
            "feature": row["feature"], "kind": "image", "provider": row["provider"],
            "model": row["model"], "requests": 0, "unpriced_requests": 0, "regions": set(),
            "by_resolution": [],
        },
    )  # fmt: skip
    one["requests"] += row["requests"]
    one["unpriced_requests"] += row["unpriced_requests"]
    one["regions"] |= set(row["regions"] or ())
    one["by_resolution"].append(
        {name: row[name] for name in ("resolution", "images", "usd", "prompt_tokens")}
    )


def _weekly(rows: list[dict[str, Any]], feature: str, known: date, after: date) -> list[float]:
    """Return the images of whole weeks, oldest first, up to the last complete day."""
    whole = min(HISTORY_WEEKS, (after - known).days // 7)
    images = {row["back"]: row["images"] for row in rows if row["feature"] == feature}
    return [images.get(back, 0.0) for back in range(whole - 1, -1, -1)]

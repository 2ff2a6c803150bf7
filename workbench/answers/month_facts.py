"""What every month's metering comes to: lines, requests and users, as plain data."""

from collections.abc import Mapping
from typing import Any

from workbench.answers import Source
from workbench.schema import METERS, Meter


def current_facts(source: Source, month: str | None = None) -> dict[str, dict[str, Any]]:
    """Return what the rollups hold of each month, or of one."""
    chosen = {"month": month}
    lines = source.rows(
        "SELECT strftime(day, '%Y-%m') AS month, provider, model, feature, meter, "
        "CAST(sum(quantity) AS DOUBLE) AS quantity, CAST(sum(contract_pico) AS DOUBLE) / 1e12 AS usd, "
        "CAST(sum(list_pico) AS DOUBLE) / 1e12 AS list_usd FROM rollup_class "
        "WHERE $month IS NULL OR strftime(day, '%Y-%m') = $month GROUP BY ALL ORDER BY ALL",
        chosen,
    )
    totals = source.rows(
        "SELECT strftime(day, '%Y-%m') AS month, feature, CAST(sum(requests) AS DOUBLE) AS requests, "
        "CAST(sum(contract_pico) AS DOUBLE) / 1e12 AS usd, CAST(sum(unpriced_requests + "
        "partial_requests) AS BIGINT) AS unpriced, CAST(max(day) AS VARCHAR) AS last_day "
        "FROM rollup_day WHERE $month IS NULL OR strftime(day, '%Y-%m') = $month GROUP BY ALL ORDER BY ALL",
        chosen,
    )
    users = source.rows(
        "SELECT strftime(period, '%Y-%m') AS month, cut, value, users FROM rollup_users "
        "WHERE grain = 'month' AND cut IN ('all', 'feature') "
        "AND ($month IS NULL OR strftime(period, '%Y-%m') = $month)",
        chosen,
    )
    found: dict[str, dict[str, Any]] = {}
    for row in totals:
        one = found.setdefault(
            row["month"],
            {"lines": [], "features": {}, "users": None, "users_by_feature": {}, "last_day": ""},
        )
        one["features"][row["feature"] or "(none)"] = {
            "requests": row["requests"], "usd": row["usd"], "unpriced": row["unpriced"],
        }  # fmt: skip
        one["last_day"] = max(one["last_day"], row["last_day"])
    for row in lines:
        if row["month"] in found:
            found[row["month"]]["lines"].append(_line(row))
    for row in users:
        if row["month"] in found and row["cut"] == "all":
            found[row["month"]]["users"] = row["users"]
        elif row["month"] in found:
            found[row["month"]]["users_by_feature"][row["value"] or "(none)"] = row["users"]
    return found


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    meter = _METERS[row["meter"]]
    # What is part of another meter adds its surcharge there, and no quantity.
    quantity = 0.0 if meter.part_of else row["quantity"]
    unit, per = _unit_of(meter)
    return {
        "provider": row["provider"], "model": row["model"], "meter": meter.part_of or meter.name,
        "feature": row["feature"] or "(none)", "quantity": quantity / per, "unit": unit,
        "usd": row["usd"], "list_usd": row["list_usd"],
    }  # fmt: skip


def _unit_of(meter: Meter) -> tuple[str, float]:
    if meter.name.endswith("_tokens"):
        return "Mtok", 1e6
    return ("second" if meter.kind == "seconds" else meter.name.replace("_", " ")), 1.0


_METERS = {meter.name: meter for meter in METERS}

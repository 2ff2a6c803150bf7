"""A first register of assumptions from the logs: what every feature costs, to be judged by people.

A feature is two drivers, requests a month and USD a request, both measured in the logs from then on;
the register holds their mean of the last four weeks for where the logs hold too little. It is a
beginning: low and high are marked as nobody's judgement until somebody puts their own.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from workbench.answers import Source
from workbench.errors import InputError
from workbench.playbook.assumptions.register import Register

MOST_FEATURES = 12
WINDOW_DAYS = 28
DAYS_A_MONTH = 365.25 / 12
UNJUDGED = 0.2
"""Low and high are this share below and above the mean: a placeholder, and said to be one."""
VALID_DAYS = 90
_HEAD = """\
# A first register, made from the last {days} days of the logs up to {as_of}. Low and high of every driver
# are placeholders: put your own judgement, owner and source. `workbench model envelope` draws it,
# `workbench assumptions draft` begins the version that is locked and later scored.
"""


def first_register(source: Source, *, budget_usd: float, months: int, owner: str) -> dict[str, Any]:
    """Return a register of the features that cost most, the others together.

    Raises
    ------
    InputError
        If no priced usage is in the last four weeks.
    """
    first = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    rows = source.rows(
        "SELECT coalesce(feature, '') AS feature, CAST(sum(requests) AS DOUBLE) AS requests, "
        "CAST(sum(contract_pico) AS DOUBLE) / 1e12 AS usd FROM rollup_day "
        "WHERE day BETWEEN $first AND $last GROUP BY 1 HAVING usd > 0 ORDER BY usd DESC, feature",
        {"first": first, "last": source.as_of},
    )
    if not rows:
        raise InputError(
            f"No priced usage from {first} to {source.as_of}: ingest logs first, or see "
            "`workbench prices check`."
        )
    named = [row for row in rows if row["feature"]][:MOST_FEATURES]
    names = [row["feature"] for row in named]
    rest = [row for row in rows if row["feature"] not in names]
    judged = _judged(source.as_of, owner)
    drivers: dict[str, Any] = {}
    for row in named:
        drivers |= _drivers(row["feature"], [row], {"features": [row["feature"]]}, judged)
    if rest:
        drivers |= _drivers("all other", rest, {"except_features": names} if names else {}, judged)
    starts = _month_after(source.as_of)
    lines = {
        line: {
            "drivers": [f"{line}: requests", f"{line}: USD a request"],
            "source": "cost a request as logged, at contract prices",
            "prices": [{"starts": starts, "usd": 1.0}],
        }
        for line in [*names, *(["all other"] if rest else [])]
    }
    document = {
        "kind": "assumptions", "name": "AI spend", "first_month": starts, "months": months,
        "seed": 1, "budget_usd": budget_usd, "drivers": drivers, "lines": lines,
    }  # fmt: skip
    Register.model_validate(document)
    return document


def write_first(folder: Path, document: dict[str, Any], *, as_of: date) -> Path:
    """Write it to `assumptions/envelope.yaml`, never over a file.

    Raises
    ------
    InputError
        If the file is there.
    """
    path = folder / "assumptions" / "envelope.yaml"
    text = _HEAD.format(days=WINDOW_DAYS, as_of=as_of) + yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise InputError(
            f"{path}: is there already; change it, or rename it to begin anew."
        ) from error
    return path


def _judged(as_of: date, owner: str) -> dict[str, Any]:
    return {
        "owner": owner, "dated": as_of.isoformat(),
        "source": f"mean of {WINDOW_DAYS} days of logs; low and high are {UNJUDGED:.0%} either way, nobody's judgement yet",
        "expires": (as_of + timedelta(days=VALID_DAYS)).isoformat(),
    }  # fmt: skip


def _drivers(
    line: str, rows: list[dict[str, Any]], scope: dict[str, Any], judged: dict[str, Any]
) -> dict[str, Any]:
    requests = sum(row["requests"] for row in rows)
    usd = sum(row["usd"] for row in rows)
    entries = {
        "requests": (requests / WINDOW_DAYS * DAYS_A_MONTH, "requests a month", "requests"),
        "USD a request": (usd / requests, "USD a request", "usd_per_request"),
    }
    return {
        f"{line}: {name}": {
            "value": _short(value), "low": _short(value * (1 - UNJUDGED)),
            "high": _short(value * (1 + UNJUDGED)),
            "unit": unit, **judged, "measure": {"of": of, **{key: list(names) for key, names in scope.items()}},
        }
        for name, (value, unit, of) in entries.items()
    }  # fmt: skip


def _short(value: float) -> float:
    return float(f"{value:.6g}")


def _month_after(day: date) -> str:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return f"{following:%Y-%m}"

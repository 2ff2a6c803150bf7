"""What would the same work cost elsewhere, and what does leaving take? The workspace's own traffic."""

from datetime import date, datetime, time
from typing import Any

import pyarrow as pa

from workbench.answers import Source
from workbench.playbook.replay import ReplayReport, replay_to, traffic_sql
from workbench.pricing.book import PriceBook


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

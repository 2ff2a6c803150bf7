"""What a workspace's own traffic would cost at another provider: logs in, one figure out.

Reads the view `usage` and the compiled price book; writes nothing. Contract prices hold where
there are any. A request keeps its service tier at the target; where the book does not know the
tier there, the standard price is taken and the assumption is said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import InputError
from workbench.models.provider_exit.conversion import Conversion, convert, requests_beyond
from workbench.models.provider_exit.replay import (
    Numbers,
    RateRow,
    ReplayCost,
    Traffic,
    rate_rows,
    replay_cost_pico,
)
from workbench.pricing.book import PriceBook, RateKey, compile_rates
from workbench.schema import METER_NAMES, METERS

PARTS = tuple(meter.name for meter in METERS if meter.part_of)
SECONDS = tuple(meter.name for meter in METERS if meter.kind == "seconds")
KEYS = ("provider", "model", "service_tier", "price_variant", "region")
_COLUMNS = (*KEYS, "started_at", "context_tokens", "is_aggregate", "meter_mask", *METER_NAMES)
_QUERY = "SELECT {columns} FROM usage WHERE {where} ORDER BY {keys}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """One replay: what it costs, what is not priced, what was assumed."""

    target: str
    cost: ReplayCost
    assumptions: tuple[str, ...]
    beyond_context: int | None
    """Requests larger than the target's window; None where the window is not known."""

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return {
            "target": self.target,
            "cost_usd": self.cost.cost_usd,
            "cost_pico_usd": str(self.cost.pico_usd) if self.cost.is_exact else None,
            "requests": self.cost.requests,
            "unpriced_requests": self.cost.unpriced_requests,
            "partial_requests": self.cost.partial_requests,
            "requests_beyond_context": self.beyond_context,
            "assumptions": list(self.assumptions),
        }


def replay_to(
    usage: pa.Table,
    book: PriceBook,
    target: str | None,
    *,
    conversion: Conversion | None = None,
    ratio_basis: str = "assumed",
    context_tokens: int | None = None,
    at: datetime | None = None,
) -> ReplayReport:
    """Price logged requests at a target, one by one.

    Parameters
    ----------
    usage
        Rows of `traffic_sql()`, in its order.
    book
        All price imports of the workspace.
    target
        `provider/model`; None prices each request where it was served.
    conversion
        What the target's tokenizer, thinking and cache make of the texts; None changes nothing,
        and the report says that this was assumed.
    ratio_basis
        How the conversion's ratios are known: measured, single-sample or assumed.
    context_tokens
        The target's window, where it is known.
    at
        Naive UTC instant whose prices hold; None takes each request's own date.

    Raises
    ------
    InputError
        If there is no usage, or the book has no price for the target.
    """
    if usage.num_rows == 0:
        raise InputError("There is no usage to replay. Ingest logs, or choose another period.")
    named = None if target is None else _named(target)
    groups = _groups(usage)
    keys = [_rate_key(number, key, named) for number, (key, _) in enumerate(groups)]
    table = compile_rates(book, keys, None).to_pydict()
    rates = rate_rows(table, view="contract", meters=METER_NAMES)
    if named and not any(row.pico for rows in rates.values() for row in rows):
        raise InputError(
            f"The price book has no price for {target}. `workbench prices list` shows what there is."
        )
    at_us = None if at is None else int(np.datetime64(at, "us").astype(np.int64))
    change = conversion or Conversion()
    costs, beyond = [], 0
    for key, (_, rows) in zip(keys, groups, strict=True):
        traffic, implied = _traffic(rows)
        converted = convert(traffic, change)
        beyond += requests_beyond(converted, context_tokens) if context_tokens else 0
        free = (*PARTS, *(("billed_requests",) if implied else ()))
        held: Sequence[RateRow] = rates.get(key.rate_key, ())
        costs.append(replay_cost_pico(converted, held, at_us=at_us, surcharges=free))
    return ReplayReport(
        target=target or "where it was served",
        cost=_sum(costs),
        assumptions=_assumptions(target, change, table, ratio_basis=ratio_basis, at=at),
        beyond_context=beyond if context_tokens else None,
    )


def traffic_sql(where: str = "true") -> str:
    """Return the query of the rows `replay_to` reads; `where` is the caller's code, never input."""
    return _QUERY.format(columns=", ".join(_COLUMNS), where=where, keys=", ".join(KEYS))


def _named(target: str) -> tuple[str, str]:
    provider, slash, model = target.partition("/")
    if not (provider and slash and model):
        raise InputError(f"{target!r} names no target; write PROVIDER/MODEL.")
    return provider, model


def _groups(usage: pa.Table) -> list[tuple[tuple[str, ...], pa.Table]]:
    """Cut the table, sorted by what decides a price, where that changes."""
    columns = [usage[name].to_pylist() for name in KEYS]
    rows = list(zip(*columns, strict=True))
    starts = [0, *(n for n in range(1, len(rows)) if rows[n] != rows[n - 1])]
    ends = [*starts[1:], len(rows)]
    return [
        (rows[begin], usage.slice(begin, end - begin))
        for begin, end in zip(starts, ends, strict=True)
    ]


def _rate_key(number: int, key: tuple[str, ...], named: tuple[str, str] | None) -> RateKey:
    provider, model, tier, variant, region = key
    if named is None:
        return RateKey(number, provider, model, tier, variant, region)
    if named == (provider, model):
        return RateKey(number, provider, model, tier, variant, region)
    # A variant and a region are the source's own words; only the tier means the same elsewhere.
    return RateKey(number, *named, tier)


def _traffic(rows: pa.Table) -> tuple[Traffic, bool]:
    """Return the rows as arrays, and whether no log stated a billed request."""
    meters: dict[str, Numbers] = {}
    for name in METER_NAMES:
        if name in SECONDS:
            units = rows[name].cast(pa.float64()).to_numpy()
        else:
            units = rows[name].to_numpy()
        if units.any():
            meters[name] = units
    stated = rows["billed_requests"].to_numpy()
    counts = rows["is_aggregate"].to_numpy() | (rows["meter_mask"].to_numpy() < 1)
    meters["billed_requests"] = np.where(counts, stated, np.maximum(stated, 1))
    instants = rows["started_at"].to_numpy().astype("datetime64[us]").astype(np.int64)
    traffic = Traffic(
        instants_us=instants,
        context_tokens=rows["context_tokens"].to_numpy(),
        meters=meters,
    )
    return traffic, not stated.any()


def _sum(costs: Sequence[ReplayCost]) -> ReplayCost:
    return ReplayCost(
        requests=sum(one.requests for one in costs),
        unpriced_requests=sum(one.unpriced_requests for one in costs),
        partial_requests=sum(one.partial_requests for one in costs),
        pico_usd=sum(one.pico_usd for one in costs),
    )


def _assumptions(
    target: str | None,
    change: Conversion,
    table: Mapping[str, Sequence[Any]],
    *,
    ratio_basis: str,
    at: datetime | None,
) -> tuple[str, ...]:
    said = ["prices of each request's own date" if at is None else f"prices as of {at:%Y-%m-%d}"]
    if target is None:
        return tuple(said)
    if change.is_identity:
        said.append("token counts as logged: the target's tokenizer was not measured")
    else:
        said.append(f"token counts converted; the ratios are {ratio_basis}")
    said.append("caches hit as logged" if change.has_cache else "no cache at the target")
    if any(table["contract_assumed"]):
        said.append("a service tier the book does not know there is priced as standard")
    if any(table["contract_derived_mask"]):
        said.append("a meter without a price of its own takes its parent's price")
    said.append("quality not compared: use the cost per accepted task")
    return tuple(said)

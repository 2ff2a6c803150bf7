"""What a workspace's own traffic would cost at another provider: logs in, one figure out.

Reads the view `usage` and the compiled price book; writes nothing. Contract prices hold where
there are any. A request keeps its service tier at the target; where the book does not know the
tier there, the standard price is taken and the assumption is said. A request the target cannot
serve is counted, and not priced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.errors import InputError
from workbench.models.provider_exit.capabilities import Capabilities, fit
from workbench.models.provider_exit.conversion import Conversion, convert
from workbench.models.provider_exit.replay import (
    Numbers,
    RateRow,
    ReplayCost,
    Traffic,
    rate_rows,
    replay_cost_pico,
)
from workbench.playbook.near_names import near_targets
from workbench.pricing.book import PriceBook, RateKey, compile_rates
from workbench.pricing.cell import DESCRIBING_KEYS
from workbench.pricing.rows import parse_variant
from workbench.schema import METER_NAMES, METERS

PARTS = tuple(meter.name for meter in METERS if meter.part_of)
SECONDS = tuple(meter.name for meter in METERS if meter.kind == "seconds")
KEYS = ("provider", "model", "service_tier", "price_variant", "region")
_COLUMNS = (
    *KEYS,
    "feature",
    "started_at",
    "context_tokens",
    "is_aggregate",
    "meter_mask",
    *METER_NAMES,
)
_QUERY = "SELECT {columns} FROM usage WHERE {where} ORDER BY {keys}, source_id, source_row"
"""In one order only, so that sums of floats are the same to the last bit however rows are read."""
NOT_KNOWN = Capabilities()
AS_LOGGED = Conversion()
Names = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """One replay: what it costs, what is not priced, what was assumed."""

    target: str
    cost: ReplayCost
    """Requests nothing prices and requests the target cannot serve are its unpriced ones."""
    assumptions: tuple[str, ...]
    not_servable: Mapping[str, int] = field(default_factory=dict)
    """Requests the target cannot serve, by the first reason."""
    in_doubt: Mapping[str, int] = field(default_factory=dict)
    """Priced requests of which it is not known whether the target serves them, by what is asked."""
    standard_tier_requests: int = 0
    """Requests of a tier the target has no price for, taken at its standard price."""
    is_window_known: bool = False

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data for JSON."""
        return {
            "target": self.target,
            "cost_usd": self.cost.cost_usd,
            "cost_pico_usd": str(self.cost.pico_usd) if self.cost.is_exact else None,
            "requests": self.cost.requests,
            "unpriced_requests": self.cost.unpriced_requests,
            "partial_requests": self.cost.partial_requests,
            "requests_beyond_context": self.not_servable.get("context", 0)
            if self.is_window_known
            else None,
            "not_servable_requests": sum(self.not_servable.values()),
            "not_servable": dict(self.not_servable),
            "in_doubt": dict(self.in_doubt),
            "standard_tier_requests": self.standard_tier_requests,
            "assumptions": list(self.assumptions),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where traffic is replayed to, and what is known of it."""

    name: str
    capabilities: Capabilities = NOT_KNOWN
    conversion: Conversion = AS_LOGGED
    """What its tokenizer, thinking and cache make of the texts; the default changes nothing."""
    conversions: Mapping[Names, Conversion] = field(default_factory=dict)
    """The same by the (provider, model) the request was served by, where that was measured."""
    ratio_basis: str = "assumed"
    """How the conversion is known: measured, single-sample or assumed."""
    keeps_region: bool = False
    """Price a region's uplift there for requests served in that region here."""

    def conversion_of(self, source: Names) -> Conversion:
        """Return what holds for requests one model served."""
        return self.conversions.get(source, self.conversion)

    @property
    def is_converted(self) -> bool:
        """True when any request's tokens change."""
        changes = (self.conversion, *self.conversions.values())
        return not all(replace(one, cache_from_tokens=0).is_identity for one in changes)


def replay_to(
    usage: pa.Table,
    book: PriceBook,
    target: Target | str | None,
    *,
    at: datetime | None = None,
    own_conversion: Conversion = AS_LOGGED,
) -> ReplayReport:
    """Price logged requests at a target, one by one.

    Parameters
    ----------
    usage
        Rows of `traffic_sql()`, in its order.
    book
        All price imports of the workspace.
    target
        `provider/model`, or all that is known of it; None prices each request where it was
        served. Requests the target served itself are priced as they were, whatever is known.
    at
        Naive UTC instant whose prices hold; None takes each request's own date.
    own_conversion
        What if requests priced where they were served had been metered otherwise, such as
        without a cache; the default changes nothing.

    Raises
    ------
    InputError
        If there is no usage, or the book has no price for the target.
    """
    if usage.num_rows == 0:
        raise InputError("There is no usage to replay. Ingest logs, or choose another period.")
    to = Target(name=target) if isinstance(target, str) else target
    named = None if to is None else target_names(to.name)
    groups = _groups(usage)
    active = book.at(None)
    own = [named is None or _is_same(active, key, named) for key, _ in groups]
    keys = [
        _rate_key(number, key, None if own[number] else named, keeps_region=to is not None and to.keeps_region)
        for number, (key, _) in enumerate(groups)
    ]  # fmt: skip
    table = compile_rates(book, keys, None).to_pydict()
    rates = rate_rows(table, view="contract", meters=METER_NAMES)
    if named and not (all(own) or _has_price(rates, own, keys) or _sells(active, named)):
        raise InputError(no_price(book, named))
    at_us = None if at is None else int(np.datetime64(at, "us").astype(np.int64))
    stays = Target(name="", conversion=own_conversion)
    replayed = [
        _replayed(rows, rates.get(key.rate_key, ()), to=stays if is_own or to is None else to,
                  source=(str(names[0]), str(names[1])), at_us=at_us)
        for key, is_own, (names, rows) in zip(keys, own, groups, strict=True)
    ]  # fmt: skip
    assumed = _assumed_keys(table)
    return ReplayReport(
        target="where it was served" if to is None else to.name,
        cost=_sum([cost for cost, _, _ in replayed]),
        not_servable=_added([lost for _, lost, _ in replayed]),
        in_doubt=_added([doubt for _, _, doubt in replayed]),
        standard_tier_requests=sum(
            rows.num_rows for key, (_, rows) in zip(keys, groups, strict=True)
            if key.rate_key in assumed
        ),
        is_window_known=to is not None
        and bool(to.capabilities.context_tokens or to.capabilities.input_tokens_at_most),
        assumptions=_assumptions(to, table, at=at),
    )  # fmt: skip


def traffic_sql(where: str = "true") -> str:
    """Return the query of the rows `replay_to` reads; `where` is the caller's code, never input."""
    return _QUERY.format(columns=", ".join(_COLUMNS), where=where, keys=", ".join(KEYS))


def target_names(target: str) -> Names:
    """Return provider and model of `PROVIDER/MODEL`.

    Raises
    ------
    InputError
        If either is missing.
    """
    provider, slash, model = target.partition("/")
    if not (provider.strip() and slash and model.strip()):
        raise InputError(f"{target!r} names no target; write PROVIDER/MODEL.")
    return provider, model


def no_price(book: PriceBook, named: Names) -> str:
    """Return what is wrong with a target the book does not price, and what was meant perhaps."""
    near = near_targets(book, named)
    meant = f" Did you mean {', '.join(near)}?" if near else ""
    return (
        f"The price book has no price for {'/'.join(named)[:120]}.{meant} "
        "`workbench prices list` shows what there is."
    )


def _is_same(active: Any, key: Sequence[str], named: Names) -> bool:  # noqa: ANN401
    return active.canonical(key[0], key[1]) == active.canonical(*named)


def _has_price(
    rates: Mapping[int, Sequence[RateRow]], own: Sequence[bool], keys: Sequence[RateKey]
) -> bool:
    return any(
        row.pico
        for is_own, key in zip(own, keys, strict=True)
        if not is_own
        for row in rates.get(key.rate_key, ())
    )


def _sells(active: Any, named: Names) -> bool:  # noqa: ANN401
    return any(rows for _, _, rows, _ in active.rows_for(*named))


def _groups(usage: pa.Table) -> list[tuple[tuple[str, ...], pa.Table]]:
    """Cut the table, sorted by what decides a price, where that changes."""
    starts = {0}
    for name in KEYS:
        column = usage[name].combine_chunks()
        codes = column.dictionary_encode(null_encoding="encode").indices.to_numpy()
        starts.update((np.flatnonzero(np.diff(codes)) + 1).tolist())
    begins = sorted(starts)
    return [
        (
            tuple(usage[name][begin].as_py() for name in KEYS),
            usage.slice(begin, end - begin),
        )
        for begin, end in zip(begins, [*begins[1:], usage.num_rows], strict=True)
    ]


def _rate_key(
    number: int, key: tuple[str, ...], named: Names | None, *, keeps_region: bool
) -> RateKey:
    provider, model, tier, variant, region = key
    if named is None:
        return RateKey(number, provider, model, tier, variant, region)
    # A variant is the source's own word, except what was made: an image of a size is that size.
    made = [(n, v) for n, v in parse_variant(variant or "").items() if n in DESCRIBING_KEYS]
    size = ";".join(f"{name}={value}" for name, value in made)
    return RateKey(number, *named, tier, size, region if keeps_region else "")


def _replayed(
    rows: pa.Table, held: Sequence[RateRow], *, to: Target, source: Names, at_us: int | None
) -> tuple[ReplayCost, Mapping[str, int], Mapping[str, int]]:
    """Price one group; what the target cannot serve is dropped first and counted as unpriced."""
    traffic, implied = _traffic(rows)
    free = (*PARTS, *(("billed_requests",) if implied else ()))
    converted = convert(traffic, to.conversion_of(source))
    if not to.name:  # priced where it was served: the logs prove that it fits
        return replay_cost_pico(converted, held, at_us=at_us, surcharges=free), {}, {}
    found = fit(converted, to.capabilities)
    served = converted.where(found.is_served)
    cost = replay_cost_pico(served, held, at_us=at_us, surcharges=free)
    dropped = converted.requests - served.requests
    whole = ReplayCost(
        requests=converted.requests,
        unpriced_requests=cost.unpriced_requests + dropped,
        partial_requests=cost.partial_requests,
        pico_usd=cost.pico_usd,
    )
    return whole, found.not_servable, found.in_doubt


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


def _added(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        for name, count in one.items():
            found[name] = found.get(name, 0) + count
    return dict(sorted(found.items()))


def _assumed_keys(table: Mapping[str, Sequence[Any]]) -> set[int]:
    pairs = zip(table["rate_key"], table["contract_assumed"], strict=True)
    return {key for key, is_assumed in pairs if is_assumed}


def _assumptions(
    to: Target | None, table: Mapping[str, Sequence[Any]], *, at: datetime | None
) -> tuple[str, ...]:
    said = ["prices of each request's own date" if at is None else f"prices as of {at:%Y-%m-%d}"]
    if to is None:
        return tuple(said)
    if to.is_converted:
        said.append(f"token counts converted; the ratios are {to.ratio_basis}")
    else:
        said.append("token counts as logged: the target's tokenizer was not measured")
    shortest = to.conversion.cache_from_tokens
    said.append(
        f"caches hit as logged, from {shortest:,} tokens of input on" if shortest
        else "caches hit as logged" if to.conversion.has_cache else "no cache at the target"
    )  # fmt: skip
    if any(table["contract_assumed"]):
        said.append("a service tier the book does not know there is priced as standard")
    if any(table["contract_derived_mask"]):
        said.append("a meter without a price of its own takes its parent's price")
    if to.capabilities.context.answer == "unknown":
        said.append("the target's context window is not known: no request was too large")
    said.append("quality not compared: use the cost per accepted task")
    return tuple(said)

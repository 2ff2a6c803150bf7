"""What logged requests would cost elsewhere: the same traffic, request by request.

Prices are integers of pico-USD (1e-12 USD) a unit. Traffic that is not converted stays in
whole units and its cost is exact; converted tokens stay fractional until they are priced.
Price bands are those of the compiled price table: an instant belongs to [from, to), a size to
(over, up to], and the whole request takes the band its input falls in.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.units import PICO_PER_USD

Numbers = NDArray[Any]
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - instants are naive UTC, as in the price table
MICROSECONDS = 1_000_000
SECONDS = "_seconds"
"""Meters that end so are thousandths of a second at the finest; all others are counts."""
SECONDS_PER_DAY = 86_400
NO_METER: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Requests as arrays of one length: when, how large, and what was metered."""

    instants_us: Numbers
    """Microseconds since 1970, UTC."""
    context_tokens: Numbers
    """Input of every kind, for the band; 0 in a provider's own totals."""
    meters: Mapping[str, Numbers]
    """Units by meter name; a meter that is absent is 0 everywhere."""

    def __post_init__(self) -> None:
        lengths = {len(self.instants_us), len(self.context_tokens)}
        lengths |= {len(units) for units in self.meters.values()}
        if len(lengths) != 1:
            raise InputError(f"Traffic arrays have different lengths: {sorted(lengths)}.")

    @property
    def requests(self) -> int:
        """Number of requests."""
        return len(self.instants_us)

    def where(self, mask: NDArray[np.bool_]) -> "Traffic":
        """Return the requests a mask keeps."""
        if mask.all():
            return self
        return Traffic(
            instants_us=self.instants_us[mask],
            context_tokens=self.context_tokens[mask],
            meters={name: units[mask] for name, units in self.meters.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """Prices of one model in one box of dates, seconds of the day and input sizes."""

    from_us: int
    to_us: int
    second_from: int
    second_to: int
    context_over: int
    context_upto: int
    pico: Mapping[str, int]
    """Pico-USD a unit by meter; a meter without a price is absent."""
    minimum_units: Mapping[str, float] = field(default_factory=lambda: NO_METER)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayCost:
    """What the traffic costs at one target."""

    requests: int
    unpriced_requests: int
    """Requests no row prices: they cost nothing here and are no zero."""
    partial_requests: int
    """Requests of which at least one meter has no price."""
    pico_usd: int | float
    """Whole pico-USD when the traffic was not converted, else fractional."""

    @property
    def cost_usd(self) -> float:
        """Cost of what is priced, US dollars."""
        return float(self.pico_usd) / PICO_PER_USD

    @property
    def is_exact(self) -> bool:
        """True when nothing was rounded on the way."""
        return isinstance(self.pico_usd, int)


def rate_rows(
    columns: Mapping[str, Sequence[Any]], *, view: str = "list", meters: Iterable[str]
) -> dict[int, list[RateRow]]:
    """Return the rows of the compiled price table by rate key.

    Parameters
    ----------
    columns
        Columns of the table as lists (`table.to_pydict()`), those of `meters` at least.
    view
        `list` or `contract`: which prices to take.
    meters
        Meters of the traffic; others need no price.
    """
    wanted = [name for name in meters if f"{view}_{name}" in columns]
    found: dict[int, list[RateRow]] = defaultdict(list)
    for place, key in enumerate(columns["rate_key"]):
        pico = {name: columns[f"{view}_{name}"][place] for name in wanted}
        smallest = {
            name: float(units)
            for name in wanted
            if (units := columns.get(f"minimum_{name}", {place: None})[place]) is not None
        }
        found[key].append(
            RateRow(
                from_us=_microseconds(columns["effective_from"][place]),
                to_us=_microseconds(columns["effective_to"][place]),
                second_from=columns["second_from"][place],
                second_to=columns["second_to"][place],
                context_over=columns["context_over"][place],
                context_upto=columns["context_upto"][place],
                pico={name: price for name, price in pico.items() if price is not None},
                minimum_units=smallest,
            )
        )
    return dict(found)


def replay_cost_pico(
    traffic: Traffic,
    rates: Sequence[RateRow],
    *,
    at_us: int | None = None,
    surcharges: Iterable[str] = (),
) -> ReplayCost:
    """Price every request at one target.

        pico = sum over meters of units * pico_per_unit of the box the request falls in

    Parameters
    ----------
    traffic
        Logged, or converted to the target's tokens.
    rates
        Disjoint rows of one rate key.
    at_us
        Instant whose prices hold for all requests; None takes each request's own date. The
        second of the day stays the request's own either way.
    surcharges
        Meters that need no price: parts of another one, and requests no log stated.

    Returns
    -------
    ReplayCost
        With the requests that nothing prices, and those of which a meter has no price.
    """
    used = {name: units for name, units in traffic.meters.items() if np.any(units > 0)}
    parts = frozenset(surcharges)
    any_used = _any_of(traffic, [units for name, units in used.items() if name not in parts])
    priced = np.zeros(traffic.requests, dtype=bool)
    lacking = np.zeros(traffic.requests, dtype=bool)
    total: int | float = 0
    for row in rates:
        mask = _inside(traffic, row, at_us)
        if not row.pico or not mask.any():
            continue
        chosen = used if mask.all() else {name: units[mask] for name, units in used.items()}
        total += _row_pico(chosen, row)
        holding = [units for name, units in used.items() if name in row.pico and name not in parts]
        missing = [
            units for name, units in used.items() if name not in row.pico and name not in parts
        ]
        priced |= mask & (~any_used | _any_of(traffic, holding))
        lacking |= mask & _any_of(traffic, missing)
    return ReplayCost(
        requests=traffic.requests,
        unpriced_requests=int((~priced).sum()),
        partial_requests=int((priced & lacking).sum()),
        pico_usd=total,
    )


def _any_of(traffic: Traffic, columns: Sequence[Numbers]) -> NDArray[np.bool_]:
    found = np.zeros(traffic.requests, dtype=bool)
    for units in columns:
        found |= units > 0
    return found


def _row_pico(used: Mapping[str, Numbers], row: RateRow) -> int | float:
    total: int | float = 0
    thousandths: Numbers | None = None
    for name, units in used.items():
        if name not in row.pico:
            continue
        if name.endswith(SECONDS):
            seconds = _at_least(units, row, name)
            product = np.rint(seconds * 1_000).astype(np.int64) * row.pico[name]
            thousandths = product if thousandths is None else thousandths + product
        else:
            total += _sum_of_products(units, row.pico[name])
    if thousandths is not None:
        # Rounded once a request to a whole pico-USD, as the ledger does.
        total += int(((thousandths + 500) // 1_000).sum())
    return total


def _inside(traffic: Traffic, row: RateRow, at_us: int | None) -> NDArray[np.bool_]:
    if at_us is None:
        instants = traffic.instants_us
        mask = (instants >= row.from_us) & (instants < row.to_us)
    else:
        mask = np.full(traffic.requests, row.from_us <= at_us < row.to_us)
    if (row.second_from, row.second_to) != (0, SECONDS_PER_DAY):
        second = traffic.instants_us // MICROSECONDS % SECONDS_PER_DAY
        mask &= (second >= row.second_from) & (second < row.second_to)
    size = traffic.context_tokens
    return mask & (size > row.context_over) & (size <= row.context_upto)


def _at_least(units: Numbers, row: RateRow, name: str) -> Numbers:
    smallest = row.minimum_units.get(name)
    if smallest is None:
        return units
    return np.where(units > 0, np.maximum(units, smallest), units)


def _sum_of_products(units: Numbers, pico: int) -> int | float:
    """Return sum(units) * pico, exact for whole units: a Python integer never overflows."""
    if np.issubdtype(units.dtype, np.integer):
        return int(units.sum(dtype=np.int64)) * pico
    return float(units.sum(dtype=np.float64)) * pico


def _microseconds(instant: datetime) -> int:
    gap = instant - EPOCH
    return (gap.days * SECONDS_PER_DAY + gap.seconds) * MICROSECONDS + gap.microseconds

"""What self-hosted tokens cost: own accelerators' hours, allocated to the tokens they served.

A capacity sheet (CSV) says what is paid for: so many accelerators of a provider, at so many
dollars an hour, from a day to a day, used or not. Each UTC day's bill becomes that day's price
of a token, so that usage is priced by the same dated book as everything else:

    weighted = input * w_in + cached * w_cached + output * w_out            (each hour)
    served   = bill of the hour * min(1, weighted / (accelerators * tokens an hour))
               or, where the sheet does not say what an accelerator serves, the bill of every
               hour with a request in it
    price    = served of the day * weight / weighted of the day,  rounded down to a pico-USD
    bill     = allocated + unused + rounding, in whole pico-USD

Nothing is allocated to hours nobody used: they are unused capacity and stay visible as that,
like unused commitment in FOCUS 1.0 (CommitmentDiscountStatus, read November 2026). Weights
default to 1 for input, 0.1 for input read from a prefix cache and 4 for output: the ratio that
list prices of open models commonly have, an assumption that a sheet should replace.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from workbench.pricing.rows import PriceRow
from workbench.pricing.sheet import midnight
from workbench.units import HOURS_PER_DAY

EVERY_MODEL = "*"
THOUSANDTHS = 1_000
PRICED = {
    "uncached_input_tokens": "input", "cache_read_tokens": "cached", "output_tokens": "output",
}  # fmt: skip
"""Meter -> kind of token. Cache writes take the price of input; no other meter gets a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityLine:
    """Accelerators paid for by the hour from one UTC day to another."""

    provider: str
    model: str
    """As the logs name it; `*` is every model of the provider without a line of its own."""
    accelerators: int
    pico_per_accelerator_hour: int
    starts: date
    ends: date
    """First day that is no longer paid for."""
    weights: tuple[int, int, int]
    """Thousandths: input, cached input, output."""
    tokens_per_accelerator_hour: int | None
    """Weighted tokens one accelerator serves inside its targets; None where it is not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedHour:
    """Tokens of one model in one hour of a day."""

    provider: str
    model: str
    day: date
    hour: int
    input: int
    """Cache writes included."""
    cached: int
    output: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityDay:
    """One day of one pool of accelerators: where its bill went, in whole pico-USD."""

    provider: str
    model: str
    day: date
    bill_pico: int
    allocated_pico: int
    unused_pico: int
    rounding_pico: int
    """What is left because a price is a whole number of pico-USD a token."""
    weighted_tokens: float
    busy_hours: int
    prices: Mapping[str, int]
    """Kind of token -> pico-USD; empty on a day nobody was served."""
    models: tuple[str, ...]
    """Models that were served that day."""


def capacity_days(
    lines: Sequence[CapacityLine], served: Iterable[ServedHour], *, days: Iterable[date]
) -> list[CapacityDay]:
    """Allocate each day's bill of each pool; days a pool is not paid for are left out."""
    pools: dict[tuple[str, str], list[CapacityLine]] = defaultdict(list)
    for line in lines:
        pools[line.provider, line.model.lower()].append(line)
    by_day: dict[tuple[str, str, date], list[ServedHour]] = defaultdict(list)
    for one in served:
        model = one.model.lower()
        model = model if (one.provider, model) in pools else EVERY_MODEL
        by_day[one.provider, model, one.day].append(one)
    found: list[CapacityDay] = []
    for day in sorted(set(days)):
        for (provider, model), all_lines in sorted(pools.items()):
            paid = [line for line in all_lines if line.starts <= day < line.ends]
            if paid:
                found.append(_day(paid, day, by_day.get((provider, model, day), [])))
    return found


def price_rows(days: Iterable[CapacityDay], *, cited: str) -> list[PriceRow]:
    """Return the price of each kind of token, model and day that was served."""
    return [
        PriceRow(
            provider=one.provider, model=model, meter=meter, pico=one.prices[kind],
            effective_from=midnight(one.day), effective_to=midnight(one.day + timedelta(days=1)),
            cited=cited,
        )
        for one in days if one.prices
        for model in one.models
        for meter, kind in PRICED.items()
    ]  # fmt: skip


def _day(paid: Sequence[CapacityLine], day: date, served: Sequence[ServedHour]) -> CapacityDay:
    weights = dict(zip(("input", "cached", "output"), paid[0].weights, strict=True))
    hourly = sum(line.accelerators * line.pico_per_accelerator_hour for line in paid)
    room = None
    if all(line.tokens_per_accelerator_hour is not None for line in paid):
        room = THOUSANDTHS * sum(
            line.accelerators * (line.tokens_per_accelerator_hour or 0) for line in paid
        )
    tokens = {kind: sum(getattr(one, kind) for one in served) for kind in weights}
    by_hour = [0] * HOURS_PER_DAY
    for one in served:
        by_hour[one.hour] += sum(getattr(one, kind) * weight for kind, weight in weights.items())
    used = sum(_used_of(hourly, weighted, room) for weighted in by_hour)
    weighted = sum(by_hour)
    prices = {k: used * weight // weighted for k, weight in weights.items()} if weighted else {}
    allocated = sum(prices[kind] * tokens[kind] for kind in prices)
    bill = hourly * HOURS_PER_DAY
    return CapacityDay(
        provider=paid[0].provider,
        model=paid[0].model,
        day=day,
        bill_pico=bill,
        allocated_pico=allocated,
        unused_pico=bill - used if weighted else bill,
        rounding_pico=used - allocated if weighted else 0,
        weighted_tokens=weighted / THOUSANDTHS,
        busy_hours=sum(one > 0 for one in by_hour),
        prices=prices,
        models=tuple(sorted({one.model for one in served})) if weighted else (),
    )


def _used_of(hourly_pico: int, weighted: int, room: int | None) -> int:
    if weighted == 0:
        return 0
    return hourly_pico if room is None else hourly_pico * min(weighted, room) // room

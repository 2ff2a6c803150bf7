"""What each request costs: the SQL that joins usage to dated prices, exactly.

    cost = sum over meters of quantity x price, in integer pico-USD

The price of a request is the one row of the compiled price table whose key, instant, second
of the day and input band hold the request, found by its slot (`kernel.price_layout`), so that a
price change at noon is a price change at noon. One pass over usage covers every request once.
What few requests need, the rare meters and the clock, is computed for those alone (CASE), which
costs a quarter less than reading usage once more for them.

Bookkeeping costs one AND: a request carries the mask of the meters it uses, a price row the
mask of the meters it does not price. Unpriced usage has cost NULL, partly priced usage keeps
the sum of its priced meters; neither is ever zero by omission.

Filters on masks are written as `< 1`, never `= 0`: an equality is estimated to hold for
almost no row, which makes the planner build its hash table from usage instead of prices.
"""

from collections.abc import Callable, Collection, Sequence

from workbench.kernel.price_layout import BASES, CURRENT, FLAGS, MINIMA, Changes, joins
from workbench.schema import (
    CORE_METERS,
    METER_COLUMNS,
    METER_NAMES,
    METERS,
    SEGMENT_COLUMNS,
    mask_of,
    meter_bit,
)

__all__ = [
    "BASES",
    "CURRENT",
    "Changes",
    "billed_requests",
    "missing_mask",
    "priced_rows",
    "priced_usage_view",
]
RARE_MASK = mask_of(tuple(name for name in METER_NAMES if name not in CORE_METERS))
_SECONDS = tuple(meter.name for meter in METERS if meter.kind == "seconds")
_SECONDS_MASK = mask_of(_SECONDS)
_RARE_COUNTS = tuple(n for n in METER_NAMES if n not in CORE_METERS and n not in _SECONDS)
_WHOLE_MASK = mask_of(tuple(meter.name for meter in METERS if meter.part_of is None))
"""Meters that can be unpriced: a part is priced with its whole."""
_UNKNOWN_WRITE = meter_bit("cache_write_unknown_tokens")


def billed_requests(table: str = "u") -> str:
    """Return SQL for the requests a row is billed for where requests have a price: itself.

    A row that used nothing, and a provider's own totals, are billed for what they state.
    """
    stated = f"{table}.billed_requests"
    return (
        f"CASE WHEN {table}.is_aggregate OR {table}.meter_mask < 1 THEN {stated}"
        f" ELSE greatest({stated}, 1) END"
    )


def priced_rows(
    *,
    usage: str,
    changes: Changes,
    columns: Sequence[str],
    used_meters: Collection[str] = METER_NAMES,
    request_prices: bool = False,
    prices: str = "",
) -> str:
    """Return the SELECT that prices every row of `usage` in pico-USD.

    Parameters
    ----------
    usage
        Relation with `schema.SEGMENT_COLUMNS`.
    changes
        How often prices change, as the laid out tables have it; where never, nothing is compared.
    columns
        Columns of `usage` to hand through.
    used_meters
        Meters that are above 0 anywhere in `usage`; the columns of others are not read.
    request_prices
        Whether any model in use charges for the request itself.
    prices
        Suffix of the price tables: none, or `CURRENT` for closed months at today's prices.

    Returns
    -------
    str
        SQL with `columns`, `list_pico` and `contract_pico` (BIGINT, NULL where unpriced),
        `used_mask`, and the price row's flags.
    """
    handed = ", ".join(f"u.{name}" for name in columns)
    used_in_all = tuple(name for name in METER_NAMES if name in used_meters)
    implied = _implied_request if request_prices else _nothing
    flags = ", ".join(f"r.{flag}" for flag in FLAGS)
    return (
        f"SELECT {handed}, {_both(lambda basis: _wide_sum(basis, used_in_all) + implied(basis))},"
        f" u.meter_mask & {_WHOLE_MASK} AS used_mask, {flags} FROM {usage} AS u"
        f" {joins(changes, prices=prices)}"
    )


def _both(total: Callable[[str], str]) -> str:
    """Return both costs; a contract price is the list price where no contract has one."""
    return ", ".join(f"{_or_null(total(basis), basis)} AS {basis}_pico" for basis in BASES)


def _or_null(total: str, basis: str) -> str:
    """NULL where the model is unknown, or no meter that was used has a price.

    An unknown model's prices are NULL, and so is any sum of them. A record whose cost no BIGINT
    holds (over nine million USD) is unpriced, so that one absurd line of a log cannot stop every
    figure. The test is written so that it is false for all but a few requests: engines then
    compute the sum for whole vectors, where a CASE that parts them would copy each first.
    """
    without = f"(u.meter_mask & r.{basis}_missing)"
    return (
        f"CASE WHEN {without} >= 1 AND {without} = (u.meter_mask & {_WHOLE_MASK})"
        f" THEN NULL ELSE TRY({total}) END"
    )


def _core_sum(basis: str, used: Sequence[str]) -> str:
    core = [f"u.{name} * r.{basis}_{name}" for name in CORE_METERS if name in used]
    return " + ".join(core) or "CASE WHEN r.known THEN CAST(0 AS BIGINT) END"


def _wide_sum(basis: str, used: Sequence[str]) -> str:
    """All meters; the rare ones only where the mask says there are any.

    Seconds are thousandths: their product is rounded once a row, to a whole pico-USD.
    """
    counts = [f"u.{name} * r.{basis}_{name}" for name in _RARE_COUNTS if name in used]
    seconds = [f"{_billed(name)} * r.{basis}_{name}" for name in _SECONDS if name in used]
    total = _core_sum(basis, used)
    if counts:
        total += (
            f" + CASE WHEN (u.meter_mask & {RARE_MASK}) >= 1 THEN {' + '.join(counts)} ELSE 0 END"
        )
    if seconds:
        total += (
            f" + CASE WHEN (u.meter_mask & {_SECONDS_MASK}) >= 1"
            f" THEN CAST({' + '.join(seconds)} AS BIGINT) ELSE 0 END"
        )
    return total


def _implied_request(basis: str) -> str:
    """Charge what `_wide_sum` does not: the request a row is, where it states none."""
    return f" + ({billed_requests()} - u.billed_requests) * r.{basis}_billed_requests"


def _nothing(basis: str) -> str:
    return ""


def _billed(name: str) -> str:
    if name not in MINIMA:
        return f"u.{name}"
    return f"CASE WHEN u.{name} > 0 THEN greatest(u.{name}, r.minimum_{name}) ELSE 0 END"


def priced_usage_view(
    *,
    usage: str,
    changes: Changes,
    used_meters: Collection[str] = METER_NAMES,
    request_prices: bool = False,
    prices: str = "",
    is_billed: bool = False,
) -> str:
    """Return the SELECT behind the `priced_usage` view: usage columns, four costs, status.

    `is_billed` says that invoices cover some of it, as the table `billed_rate` has it.
    """
    billed_pico, billed_join = of_invoice() if is_billed else ("CAST(NULL AS BIGINT)", "")
    names = [column.name for column in SEGMENT_COLUMNS]
    inner = priced_rows(
        usage=usage,
        changes=changes,
        columns=names,
        used_meters=used_meters,
        request_prices=request_prices,
        prices=prices,
    )
    handed = ", ".join(f"p.{name}" for name in names)
    return (
        f"SELECT {handed}, {usd('p.list_pico')} AS list_cost_usd, "
        f"{usd('p.contract_pico')} AS contract_cost_usd, "
        f"{usd(billed_pico)} AS billed_cost_usd, "
        f"{status()} AS price_status, {_unpriced_meters()} AS unpriced_meters, "
        "p.contract_version AS price_version, p.list_version AS list_price_version, "
        f"p.list_pico, p.contract_pico FROM ({inner}) AS p{billed_join}"
    )


def of_invoice() -> tuple[str, str]:
    """Return what a row `p` was billed in pico-USD, and the join it takes; see `kernel.billed`.

    The share of its day and model by contract cost, rounded down; the last row of the day and
    model takes what that leaves, so that rows add up to the invoice.
    """
    share = "b.billed_pico * p.contract_pico // b.contract_pico"
    rest = (
        "CASE WHEN p.source_id = b.last_source AND p.source_row = b.last_row"
        " THEN b.rest_pico ELSE 0 END"
    )
    return (
        f"CASE WHEN p.contract_pico IS NOT NULL THEN CAST({share} + {rest} AS BIGINT) END",
        " LEFT JOIN billed_rate AS b"
        " ON b.rate_key = p.rate_key AND b.day = CAST(p.started_at AS DATE)",
    )


def usd(pico: str, *, summed: bool = False) -> str:
    """Return SQL for exact USD from pico-USD; no division, so nothing is rounded."""
    whole = "DECIMAL(25,0)" if summed else "BIGINT"
    return (
        f"CAST(CAST({pico} AS {whole}) * CAST(0.000000000001 AS DECIMAL(13,12)) AS DECIMAL(38,12))"
    )


def missing_mask(basis: str = "contract") -> str:
    """Return SQL for the mask of used meters without a price; all of them if no price row."""
    return (
        f"CASE WHEN p.price_row IS NULL OR NOT p.known THEN p.used_mask"
        f" ELSE p.used_mask & p.{basis}_missing END"
    )


def status(basis: str = "contract") -> str:
    """Return SQL for `price_status`: the gravest word that applies."""
    return (
        f"CASE WHEN p.{basis}_pico IS NULL THEN 'unpriced'"
        f" WHEN (p.used_mask & p.{basis}_missing) >= 1 THEN 'partial'"
        f" WHEN p.{basis}_assumed THEN 'assumed'"
        f" WHEN (p.used_mask & {_UNKNOWN_WRITE}) >= 1 THEN 'bounded'"
        f" WHEN (p.used_mask & p.{basis}_derived) >= 1 THEN 'derived'"
        " ELSE 'priced' END"
    )


def _unpriced_meters() -> str:
    """Names of the used meters without a price, comma-separated; NULL when all are priced."""
    mask = f"({missing_mask()})"
    names = ", ".join(
        f"CASE WHEN ({mask} & {1 << meter.bit}) >= 1 THEN '{meter.name}' END"
        for meter in METERS
        if meter.part_of is None
    )
    return f"CASE WHEN {mask} >= 1 THEN concat_ws(',', {names}) END"


def meter_sums(*, names: Sequence[str] | None = None) -> str:
    """Return SQL for the summed quantity of each meter, under its own name."""
    chosen = METER_NAMES if names is None else tuple(names)
    types = {column.name: column.type for column in METER_COLUMNS}
    return ", ".join(
        f"CAST(sum(p.{name}) AS {'DECIMAL(38,3)' if types[name].startswith('DEC') else 'BIGINT'}) AS {name}"
        for name in chosen
    )

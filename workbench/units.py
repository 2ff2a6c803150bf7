"""Named constants and the only conversions of units and money.

Money in the ledger is an integer number of pico-USD (1e-12 USD): 1 USD per million tokens is
exactly 1,000,000 pico-USD per token. Models work in floating-point USD; they get their
numbers from `usd_from_pico` and never give money back to the ledger.
"""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext

PICO_PER_USD = 10**12
TOKENS_PER_MTOK = 1_000_000
SECONDS_PER_HOUR = 3_600
HOURS_PER_DAY = 24
HOURS_PER_MONTH = 730
"""Hours in an average month, the convention of cloud price sheets (8,760 / 12)."""
HOURS_PER_YEAR = 8_760
DAYS_PER_MONTH = 30.4375
MONTHS_PER_YEAR = 12
BYTES_PER_GB = 10**9


def pico_per_unit(usd: Decimal, *, per: int = 1) -> tuple[int, bool]:
    """Turn a list price into whole pico-USD a unit, and say whether that is exact.

        pico = round_half_even(usd * 10**12 / per)

    Parameters
    ----------
    usd
        Price in US dollars for `per` units (1, 1,000, 1,000,000 or 3,600).
    per
        Number of units the price is for.

    Returns
    -------
    tuple of int and bool
        Pico-USD a unit, off by at most half a pico-USD, and True when nothing was rounded.

    Examples
    --------
    >>> pico_per_unit(Decimal("3"), per=1_000_000)
    (3000000, True)
    >>> pico_per_unit(Decimal("0.111"), per=3_600)
    (30833333, False)
    """
    with localcontext() as context:
        context.prec = 60
        exact = usd * PICO_PER_USD / per
        whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
        return int(whole), whole == exact


def usd_from_pico(pico: int) -> Decimal:
    """Return exact US dollars for an integer number of pico-USD.

    Examples
    --------
    >>> usd_from_pico(57_868_362_000_000)
    Decimal('57.868362000000')
    """
    return Decimal(pico).scaleb(-12)

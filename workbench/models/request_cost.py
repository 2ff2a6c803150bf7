"""What one request costs under context tiers, caching and batch, and what a volume tier does.

Pure functions over frozen inputs. Prices are US dollars per million tokens (Mtok). The token
classes are disjoint; reasoning tokens are inside the output.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from workbench.units import TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTokens:
    """Tokens of one request in disjoint classes."""

    uncached_input: float
    cache_read: float
    cache_write: float
    output: float

    def __post_init__(self) -> None:
        for name in ("uncached_input", "cache_read", "cache_write", "output"):
            _require_not_negative(name, getattr(self, name))

    @property
    def total_input(self) -> float:
        """All input, cached or not: what a context tier looks at."""
        return self.uncached_input + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRates:
    """Prices of the four classes in one context tier, USD per Mtok."""

    uncached_input_usd_per_mtok: float
    cache_read_usd_per_mtok: float
    cache_write_usd_per_mtok: float
    output_usd_per_mtok: float

    def __post_init__(self) -> None:
        for name in ("uncached_input", "cache_read", "cache_write", "output"):
            field = f"{name}_usd_per_mtok"
            _require_not_negative(field, getattr(self, field))


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredRates:
    """Rates below and above a context threshold; the whole request takes one of them."""

    low: TokenRates
    high: TokenRates
    threshold_input_tokens: float
    threshold_is_high: bool = False
    """Whether exactly the threshold takes the high rate (providers differ: `>` or `>=`)."""

    def reached(self, tokens: RequestTokens) -> TokenRates:
        """Return the rates that hold for a request of this size."""
        total = tokens.total_input
        above = total > self.threshold_input_tokens
        at = total == self.threshold_input_tokens and self.threshold_is_high
        return self.high if above or at else self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeTier:
    """One step of a monthly volume price."""

    up_to_mtok: float | None
    """Upper end of the step; None is open."""
    usd_per_mtok: float


def request_usd(tokens: RequestTokens, rates: TokenRates, *, multiplier: float = 1.0) -> float:
    """Return the cost of one request.

        usd = multiplier * sum(tokens_class * usd_per_mtok_class) / 1e6

    Parameters
    ----------
    tokens, rates
        Tokens by class, and their prices per Mtok.
    multiplier
        Factor on the whole request, such as 0.5 for a batch tier.

    Examples
    --------
    >>> tokens = RequestTokens(uncached_input=1_000_000, cache_read=0, cache_write=0, output=0)
    >>> rates = TokenRates(uncached_input_usd_per_mtok=3, cache_read_usd_per_mtok=0.3,
    ...                    cache_write_usd_per_mtok=3.75, output_usd_per_mtok=15)
    >>> request_usd(tokens, rates, multiplier=0.5)
    1.5
    """
    _require_not_negative("multiplier", multiplier)
    usd = (
        tokens.uncached_input * rates.uncached_input_usd_per_mtok
        + tokens.cache_read * rates.cache_read_usd_per_mtok
        + tokens.cache_write * rates.cache_write_usd_per_mtok
        + tokens.output * rates.output_usd_per_mtok
    )
    return multiplier * usd / TOKENS_PER_MTOK


def uncached_usd(tokens: RequestTokens, rates: TokenRates) -> float:
    """Return what the same request would cost with no cache: all input at the input rate."""
    without_cache = RequestTokens(
        uncached_input=tokens.total_input, cache_read=0, cache_write=0, output=tokens.output
    )
    return request_usd(without_cache, rates)


def cache_breakeven_reads_per_write(rates: TokenRates) -> float | None:
    """Return how many times a cached token must be read before the cache has paid for itself.

        reads = (write / input - 1) / (1 - read / input)

    Returns
    -------
    float or None
        Reads per write; 0 where writing costs no more than input. None where a read saves
        nothing, so that no number of reads pays back.
    """
    saving_per_read = rates.uncached_input_usd_per_mtok - rates.cache_read_usd_per_mtok
    premium = rates.cache_write_usd_per_mtok - rates.uncached_input_usd_per_mtok
    if saving_per_read <= 0:
        return None
    return max(0.0, premium / saving_per_read)


def graduated_usd(volume_mtok: float, tiers: tuple[VolumeTier, ...]) -> float:
    """Return the month's cost where each step's price holds for the tokens inside the step.

    Raises
    ------
    ValueError
        If the steps do not rise, or the volume lies above the last one.
    """
    usd, floor = 0.0, 0.0
    for ceiling, price in _steps(volume_mtok, tiers):
        usd += max(0.0, min(volume_mtok, ceiling) - floor) * price
        floor = ceiling
    return usd


def all_units_usd(volume_mtok: float, tiers: tuple[VolumeTier, ...]) -> float:
    """Return the month's cost where the step reached prices every token of the month.

    A volume that is exactly a step's upper end belongs to that step. More volume can cost less
    here: the total drops where a step begins.

    Raises
    ------
    ValueError
        If the steps do not rise, or the volume lies above the last one.
    """
    price = next(price for ceiling, price in _steps(volume_mtok, tiers) if volume_mtok <= ceiling)
    return volume_mtok * price


def _steps(volume_mtok: float, tiers: tuple[VolumeTier, ...]) -> list[tuple[float, float]]:
    _require_not_negative("volume_mtok", volume_mtok)
    steps = [
        (math.inf if tier.up_to_mtok is None else tier.up_to_mtok, tier.usd_per_mtok)
        for tier in tiers
    ]
    ends = [end for end, _ in steps]
    if not steps or any(b <= a for a, b in pairwise(ends)):
        raise ValueError(f"volume tiers must rise, got {ends}")
    if volume_mtok > ends[-1]:
        raise ValueError(f"{volume_mtok} Mtok lies above the last tier ({ends[-1]} Mtok)")
    return steps


def _require_not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name} must not be negative, got {value}")

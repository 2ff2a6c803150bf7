"""What a service level agreement pays back, and what the outage cost before that.

Credits are claimed, never automatic, and are a share of the provider's bill, not of the loss.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.errors import InputError
from workbench.units import HOURS_PER_MONTH

TIER: Final = re.compile(r"\s*<\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)\s*%?\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTier:
    """Below this monthly uptime, this share of the month's bill."""

    below_uptime: float
    credit_share: float


def credit_tiers(text: str) -> tuple[CreditTier, ...]:
    """Read tiers as the table `slas` writes them; no text is no credit.

    Examples
    --------
    >>> [tier.credit_share for tier in credit_tiers("<99.9:10%;<99.0:25%")]
    [0.1, 0.25]
    """
    tiers: list[CreditTier] = []
    for part in filter(None, text.split(";")):
        found = TIER.fullmatch(part)
        if not found:
            raise InputError(f"Credit tier {part!r} is not of the form '<99.9:10%'.")
        # rounded, as 99.9 / 100 is not the nearest number to 0.999
        below, share = (round(float(number) / 100, 9) for number in found.groups())
        tiers.append(CreditTier(below_uptime=below, credit_share=share))
    return tuple(sorted(tiers, key=lambda tier: -tier.below_uptime))


def credit_share(tiers: tuple[CreditTier, ...], *, uptime: float) -> float:
    """Return the share of the bill credited in a month of this uptime."""
    return max((tier.credit_share for tier in tiers if uptime < tier.below_uptime), default=0.0)


SELLERS: Final = {
    "google": "Google", "vertex_ai": "Google", "vertex": "Google", "gemini": "Google",
    "aws": "AWS", "bedrock": "AWS", "azure": "Azure", "openai": "OpenAI", "anthropic": "Anthropic",
}  # fmt: skip
"""Providers as logs name them -> as the table `slas` does."""
ASSUMED_UPTIME: Final = 0.995
"""Where no confirmed promise is known: the lowest uptime any provider promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a provider promises of a month, and in which words that is known."""

    uptime: float
    tiers: tuple[CreditTier, ...]
    word: str
    """promised, or assumed where nobody promises or nobody confirmed it."""


def promise_of(rows: Sequence[Mapping[str, str]], provider: str) -> Promise:
    """Return the first confirmed uptime of a provider's on-demand service, else the assumed one."""
    seller = SELLERS.get(provider.lower().split("/")[0])
    for row in rows:
        if row["provider"] == seller and row["confidence"] == "confirmed" and row["uptime_percent"]:
            uptime = round(float(row["uptime_percent"]) / 100, 9)
            return Promise(uptime=uptime, tiers=credit_tiers(row["credit_tiers"]), word="promised")
    return Promise(uptime=ASSUMED_UPTIME, tiers=(), word="assumed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Downtime:
    """A month at a given uptime."""

    hours: float
    loss_usd: float
    credit_usd: float

    @property
    def net_usd(self) -> float:
        """What the outage costs after a claimed credit."""
        return self.loss_usd - self.credit_usd


def month_at(
    uptime: float,
    *,
    tiers: tuple[CreditTier, ...],
    bill_usd: float,
    outage_usd_per_hour: float,
    claimed_share: float = 1.0,
) -> Downtime:
    """Return hours down, what they cost and what is credited.

    loss = (1 - uptime) * 730 * outage price;  credit = bill * tier * share of credits claimed
    """
    if not 0 <= uptime <= 1 or not 0 <= claimed_share <= 1:
        raise InputError("Uptime and the share of credits claimed must be in [0, 1].")
    hours = (1 - uptime) * HOURS_PER_MONTH
    return Downtime(
        hours=hours,
        loss_usd=hours * outage_usd_per_hour,
        credit_usd=bill_usd * credit_share(tiers, uptime=uptime) * claimed_share,
    )

"""What a supply shock does to an option: dearer accelerators, longer waits, a bridge meanwhile.

Wafer, memory and packaging prices pass through by their share of an accelerator's price;
scarcity moves rental prices and lead times far more, so scenarios set those directly.
"""

from dataclasses import dataclass, replace
from typing import Final

from workbench.errors import InputError
from workbench.models.hosting.decision import WEEKS_PER_MONTH, Option
from workbench.units import HOURS_PER_MONTH

LOGIC_SHARE: Final = 0.03
MEMORY_SHARE: Final = 0.08
PACKAGING_SHARE: Final = 0.03
"""Shares of an accelerator's price: assumptions, from a bill of materials near 12 % of price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """One scenario. Changes are fractions: 0.2 is 20 % dearer."""

    name: str
    wafer_change: float = 0.0
    memory_change: float = 0.0
    packaging_change: float = 0.0
    passthrough: float = 1.0
    rental_multiplier: float = 1.0
    lead_time_weeks: float = 0.0
    """Added to an owned option's time to live."""

    def __post_init__(self) -> None:
        if self.rental_multiplier <= 0 or self.lead_time_weeks < 0:
            raise InputError(f"Shock {self.name}: multiplier above 0 and lead time not negative.")


RENTAL_SCENARIOS: Final = (
    Shock(name="calm", rental_multiplier=1.0, lead_time_weeks=8),
    Shock(name="tight", rental_multiplier=1.15, lead_time_weeks=26),
    Shock(name="short", rental_multiplier=1.4, lead_time_weeks=52),
    Shock(name="severe", rental_multiplier=2.0, lead_time_weeks=78),
)
"""Assumed scenarios; one-year H100 rental rose 38 % between October 2025 and March 2026."""


INPUT_SHOCKS: Final = (
    Shock(name="Logic wafer", wafer_change=0.2),
    Shock(name="Memory (HBM)", memory_change=0.5),
    Shock(name="Packaging (CoWoS)", packaging_change=0.5),
)
"""Assumed: N2 wafers are 10 to 20 % dearer than N3; memory and packaging bind now and swing more."""


def accelerator_price_change(shock: Shock) -> float:
    """Return the change of an accelerator's price that its inputs explain, as a fraction.

    passthrough * (0.03 wafer + 0.08 memory + 0.03 packaging)
    """
    return shock.passthrough * (
        LOGIC_SHARE * shock.wafer_change
        + MEMORY_SHARE * shock.memory_change
        + PACKAGING_SHARE * shock.packaging_change
    )


def shocked(option: Option, shock: Shock, *, owned: bool, capital_share: float = 0.0) -> Option:
    """Return the option under a shock.

    Parameters
    ----------
    option, shock
        What is shocked, and how.
    owned
        An owned fleet pays more capital and waits longer; a rented one pays the multiplier.
    capital_share
        Share of an owned replica-hour that is capital.
    """
    if option.replicas == 0:
        return option
    if owned:
        factor = 1 + capital_share * accelerator_price_change(shock)
        return replace(
            option,
            usd_per_replica_hour=option.usd_per_replica_hour * factor,
            weeks_to_live=option.weeks_to_live + shock.lead_time_weeks,
        )
    return replace(
        option, usd_per_replica_hour=option.usd_per_replica_hour * shock.rental_multiplier
    )


def bridge_usd(*, rented_usd_per_replica_hour: float, replicas: int, weeks: float) -> float:
    """Return the cost of renting the fleet while owned hardware is awaited."""
    return rented_usd_per_replica_hour * replicas * weeks / WEEKS_PER_MONTH * HOURS_PER_MONTH

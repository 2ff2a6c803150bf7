"""What taking data out of a cloud costs, before and after the EU Data Act forbids the charge.

References
----------
Regulation (EU) 2023/2854, Art. 29(1)-(2) (switching charges: at cost until 2027-01-11, none
from 2027-01-12) and Art. 34(2) (in-parallel use may be charged at cost), read 2026-11-23.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from workbench.errors import InputError

REDUCED_FROM = date(2024, 1, 11)
FORBIDDEN_FROM = date(2027, 1, 12)

Purpose = Literal["switching", "parallel", "ordinary"]


@dataclass(frozen=True, slots=True)
class EgressStep:
    """One step of a graduated egress price."""

    up_to_gb: float | None
    usd_per_gb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressCost:
    """What may be charged: the most, the least, and the rule that says so."""

    most_usd: float
    least_usd: float
    regime: str


def list_egress_usd(gb: float, steps: tuple[EgressStep, ...]) -> float:
    """Return the list price of sending `gb` out, each step's price for the gigabytes inside it.

    Examples
    --------
    >>> list_egress_usd(15_000, (EgressStep(10_000, 0.09), EgressStep(None, 0.085)))
    1325.0
    """
    if gb < 0 or not steps:
        raise InputError("Egress needs gigabytes of at least 0 and one price step.")
    usd, floor = 0.0, 0.0
    for step in steps:
        ceiling = gb if step.up_to_gb is None else step.up_to_gb
        usd += max(0.0, min(gb, ceiling) - floor) * step.usd_per_gb
        floor = ceiling
    if gb > floor:
        raise InputError(f"{gb} GB lies above the last egress step ({floor} GB).")
    return usd


def egress_cost(
    gb: float,
    steps: tuple[EgressStep, ...],
    *,
    on: date,
    purpose: Purpose,
    in_eu: bool,
    cost_share: float = 0.0,
) -> EgressCost:
    """Return what a provider may charge for data leaving on a day.

    Parameters
    ----------
    gb, steps
        Gigabytes, and the list price.
    on
        Day the data leaves.
    purpose
        Leaving for good, running two clouds side by side, or anything else.
    in_eu
        Whether the customer is protected by the Data Act.
    cost_share
        The provider's own cost as a share of list, where the law allows only that; 0 is the
        least and 1 the most, and nobody publishes it.
    """
    listed = list_egress_usd(gb, steps)
    if not in_eu or purpose == "ordinary" or on < REDUCED_FROM:
        return EgressCost(most_usd=listed, least_usd=listed, regime="list price")
    if purpose == "switching" and on >= FORBIDDEN_FROM:
        return EgressCost(most_usd=0.0, least_usd=0.0, regime="forbidden, Data Act Art. 29(1)")
    article = "Art. 29(2)" if purpose == "switching" else "Art. 34(2)"
    return EgressCost(
        most_usd=listed, least_usd=listed * cost_share, regime=f"at cost, Data Act {article}"
    )

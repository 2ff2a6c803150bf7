"""What accelerators and nodes cost by the shipped tables, with the word of their confidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.models.hosting.cost import OwnedNode
from workbench.units import MONTHS_PER_YEAR

Row = Mapping[str, str]
NODE_ACCELERATORS: Final = 8
NODE_SYSTEM: Final = "h100_sxm"
"""The one system whose node price is in the table."""
LOAD_FACTOR, SUPPORT_SHARE, STAFF_FTE, USD_PER_FTE_YEAR, AVAILABILITY = (
    0.7,
    0.05,
    0.1,
    150_000,
    0.98,
)
"""Assumed for a node where nobody gave better: average power drawn of nameplate, support a year
of capex, people a node, their cost, and hours able to serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rental:
    """The lowest published on-demand price of one accelerator-hour."""

    usd_per_gpu_hour: float
    provider: str
    region: str
    confidence: str
    retrieved_on: str


def rental_of(rows: Sequence[Row], system: str) -> Rental | None:
    """Return the lowest confirmed on-demand price of a system; None where there is none."""
    known = [
        row
        for row in rows
        if (row["system"], row["term"], row["confidence"]) == (system, "on_demand", "confirmed")
    ]
    if not known:
        return None
    row = min(known, key=lambda each: float(each["usd_per_gpu_hour"]))
    return Rental(
        usd_per_gpu_hour=float(row["usd_per_gpu_hour"]), provider=row["provider"],
        region=row["region"], confidence=row["confidence"], retrieved_on=row["retrieved_on"],
    )  # fmt: skip


def node_of(rows: Sequence[Row]) -> OwnedNode:
    """Build a colocated node of eight accelerators from the table `tco_parameters`.

    The first row of each parameter is taken. Most are unverified secondary figures, so what
    follows from them is shown with that word.
    """
    first: dict[str, float] = {}
    for row in rows:
        first.setdefault(row["parameter"], float(row["value"]))
    return OwnedNode(
        capex_usd=first["node_price"] * (1 + first["network_share_of_capex"]),
        accelerators=NODE_ACCELERATORS,
        life_years=first["life"],
        residual_ratio=first["residual"],
        wacc=first["wacc"],
        it_kw=first["node_power"],
        load_factor=LOAD_FACTOR,
        pue=first["pue"],
        usd_per_kwh=first["electricity"],
        colocation_usd_per_year=first["colocation"] * MONTHS_PER_YEAR * first["node_power"],
        support_share_of_capex=SUPPORT_SHARE,
        staff_fte=STAFF_FTE,
        usd_per_fte_year=USD_PER_FTE_YEAR,
        availability=AVAILABILITY,
    )

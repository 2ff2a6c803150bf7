"""What an accelerator-hour and a million self-hosted tokens cost: rented, colocated or owned.

Money in US dollars, a year of 8,760 hours. Utilisation is the achieved token volume over the
volume the fleet could serve inside its latency targets, over all hours; not how busy a chip
says it is.
"""

import math
from dataclasses import dataclass, fields
from typing import Literal

from workbench.errors import InputError
from workbench.units import HOURS_PER_YEAR, SECONDS_PER_HOUR, TOKENS_PER_MTOK

SECONDS_PER_YEAR = HOURS_PER_YEAR * SECONDS_PER_HOUR
CapitalForm = Literal["straight_line", "annuity"]


def _amounts(given: "OwnedNode | RentedFleet", what: str) -> None:
    """Refuse what is no amount: not a number, infinite or negative."""
    for field in fields(given):
        value = getattr(given, field.name)
        if not math.isfinite(value) or value < 0:
            raise InputError(
                f"{field.name} of a {what} must be a finite number of at least 0, not {value}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedNode:
    """One owned server, in its own hall or colocated, with everything a year of it costs."""

    capex_usd: float
    """Server with its share of network and installation."""
    accelerators: int
    life_years: float
    residual_ratio: float
    """Value left at the end of its life, of capex."""
    wacc: float
    """Cost of capital a year."""
    it_kw: float
    """Nameplate power of the node."""
    load_factor: float
    """Average power drawn, of nameplate."""
    pue: float
    usd_per_kwh: float
    colocation_usd_per_year: float = 0.0
    support_share_of_capex: float = 0.0
    network_usd_per_year: float = 0.0
    staff_fte: float = 0.0
    usd_per_fte_year: float = 0.0
    software_usd_per_accelerator_year: float = 0.0
    availability: float = 1.0
    """Hours the node can serve, of all hours."""

    def __post_init__(self) -> None:
        _amounts(self, "node")
        if self.pue < 1 or self.load_factor > 1:
            raise InputError(
                "A PUE is at least 1 (the hall draws what the machines do) and a load factor at most 1."
            )
        if self.accelerators < 1 or self.life_years <= 0 or not 0 < self.availability <= 1:
            raise InputError(
                "A node needs at least one accelerator, a life above 0 years and an availability in (0, 1]."
            )
        if not 0 <= self.residual_ratio < 1 or self.wacc < 0 or self.capex_usd < 0:
            raise InputError(
                "Residual ratio must be in [0, 1); WACC and capex must not be negative."
            )


def capital_usd_per_year(
    node: OwnedNode, *, form: CapitalForm = "straight_line"
) -> dict[str, float]:
    """Return depreciation and capital charge of a year, by either of two conventions.

        straight line: depreciation = capex (1 - rv) / Y,  charge = wacc * capex (1 + rv) / 2
        annuity:       together = (capex - rv capex / (1 + w)^Y) * w / (1 - (1 + w)^-Y)

    The annuity discounts the residual value, the straight line charges the average book value.
    """
    residual = node.residual_ratio * node.capex_usd
    depreciation = (node.capex_usd - residual) / node.life_years
    if form == "straight_line":
        return {
            "depreciation": depreciation,
            "capital_charge": node.wacc * (node.capex_usd + residual) / 2,
        }
    if node.wacc == 0:
        return {"depreciation": depreciation, "capital_charge": 0.0}
    growth = (1 + node.wacc) ** node.life_years
    recovery = node.wacc / (1 - 1 / growth)
    together = (node.capex_usd - residual / growth) * recovery
    return {"depreciation": depreciation, "capital_charge": together - depreciation}


def owned_usd_per_year(node: OwnedNode, *, form: CapitalForm = "straight_line") -> dict[str, float]:
    """Return every component of a year's cost of one node; their sum is the annual cost.

    Power is drawn at the average load: kW * load * PUE * 8,760 * price. The cost is taken as
    fixed in utilisation.
    """
    return {
        **capital_usd_per_year(node, form=form),
        "power": node.it_kw * node.load_factor * node.pue * HOURS_PER_YEAR * node.usd_per_kwh,
        "colocation": node.colocation_usd_per_year,
        "support": node.support_share_of_capex * node.capex_usd,
        "network": node.network_usd_per_year,
        "operations": node.staff_fte * node.usd_per_fte_year,
        "software": node.software_usd_per_accelerator_year * node.accelerators,
    }


def owned_usd_per_gpu_hour(node: OwnedNode, *, form: CapitalForm = "straight_line") -> float:
    """Return the cost of one accelerator-hour that is available to serve."""
    annual = sum(owned_usd_per_year(node, form=form).values())
    return annual / node.accelerators / HOURS_PER_YEAR / node.availability


def capital_share(node: OwnedNode, *, form: CapitalForm = "straight_line") -> float:
    """Return the share of a year's cost that is capital: what a dearer accelerator moves."""
    capital = sum(capital_usd_per_year(node, form=form).values())
    return capital / sum(owned_usd_per_year(node, form=form).values())


def exit_usd_per_accelerator(node: OwnedNode) -> float:
    """Return what leaving half-way through a node's life costs: half of what is to be written off."""
    return node.capex_usd * (1 - node.residual_ratio) / 2 / node.accelerators


@dataclass(frozen=True, slots=True, kw_only=True)
class RentedFleet:
    """Accelerators by the hour, on demand, as spot and reserved."""

    on_demand_usd_per_gpu_hour: float
    reserved_usd_per_gpu_hour: float = 0.0
    reserved_share: float = 0.0
    """Of all accelerator-hours."""
    spot_usd_per_gpu_hour: float = 0.0
    spot_share: float = 0.0
    spot_lost_share: float = 0.0
    """Spot hours paid for that do no useful work: interruption, restart, loading of weights."""

    def __post_init__(self) -> None:
        _amounts(self, "fleet")
        shares = (self.reserved_share, self.spot_share)
        if min(shares) < 0 or sum(shares) > 1 or not 0 <= self.spot_lost_share < 1:
            raise InputError(
                "Shares of reserved and spot hours must be in [0, 1] and sum to at most 1."
            )


def rented_usd_per_gpu_hour(fleet: RentedFleet) -> float:
    """Return the blended price of one useful accelerator-hour.

    share_od * p_od + share_reserved * p_reserved + share_spot * p_spot / (1 - lost)
    """
    on_demand_share = 1 - fleet.reserved_share - fleet.spot_share
    return (
        on_demand_share * fleet.on_demand_usd_per_gpu_hour
        + fleet.reserved_share * fleet.reserved_usd_per_gpu_hour
        + fleet.spot_share * fleet.spot_usd_per_gpu_hour / (1 - fleet.spot_lost_share)
    )


def usd_per_mtok(
    usd_per_gpu_hour: float, *, tokens_per_s_per_gpu: float, utilization: float
) -> float:
    """Return the cost of a million tokens.

        usd_per_gpu_hour * 1e6 / (3600 * tokens_per_s * utilization)

    Idle hours are paid for: half the utilisation is twice the cost.
    """
    if tokens_per_s_per_gpu <= 0 or not 0 < utilization <= 1:
        raise InputError(
            f"Tokens a second must be above 0 and utilisation in (0, 1], got {tokens_per_s_per_gpu} and {utilization}."
        )
    served = tokens_per_s_per_gpu * SECONDS_PER_HOUR * utilization
    return usd_per_gpu_hour / served * TOKENS_PER_MTOK


def breakeven_utilization(
    usd_per_gpu_hour: float, *, tokens_per_s_per_gpu: float, api_usd_per_mtok: float
) -> float | None:
    """Return the utilisation at which hosting costs what the API does; None above 1."""
    if api_usd_per_mtok <= 0:
        return None
    full = usd_per_mtok(
        usd_per_gpu_hour, tokens_per_s_per_gpu=tokens_per_s_per_gpu, utilization=1.0
    )
    at = full / api_usd_per_mtok
    return at if at <= 1 else None


def breakeven_mtok_per_month(
    *, fixed_usd_per_month: float, marginal_usd_per_mtok: float, api_usd_per_mtok: float
) -> float | None:
    """Return the monthly volume above which hosting is cheaper; None when it never is."""
    saved = api_usd_per_mtok - marginal_usd_per_mtok
    return fixed_usd_per_month / saved if saved > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleOutNetwork:
    """Optics and switches of a fabric between nodes, per accelerator."""

    link_gbit_per_s: float
    """Rate of one accelerator's link; 800 for 800G."""
    optics_per_accelerator: float
    """Transceivers per accelerator over all tiers (2 to 5)."""
    usd_per_optic: float
    usd_per_switch_port: float
    ports_per_accelerator: float
    watts_per_optic: float
    life_years: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShare:
    """What the fabric costs, and how much of it serving uses."""

    capex_usd_per_gpu: float
    usd_per_gpu_hour: float
    link_utilization: float
    queue_factor: float
    """How much longer transfers take than on an idle link: 1 / (1 - utilisation) above 70 %."""


def network_share(
    network: ScaleOutNetwork,
    *,
    crosses_nodes: bool,
    requests_per_s_per_gpu: float,
    moved_bytes_per_request: float,
    efficiency: float = 0.8,
    usd_per_kwh: float = 0.1,
    pue: float = 1.3,
) -> NetworkShare:
    """Return the network's share of an accelerator-hour, nothing while parallelism stays inside a node.

        link utilisation = requests/s * bytes * 8 / (rate * efficiency)

    Moved bytes are the cache handed from prefill to decode, or expert exchange, per request.

    Raises
    ------
    InputError
        If the link would be asked for more than it carries.
    """
    if not crosses_nodes:
        return NetworkShare(
            capex_usd_per_gpu=0.0, usd_per_gpu_hour=0.0, link_utilization=0.0, queue_factor=1.0
        )
    capex = (
        network.optics_per_accelerator * network.usd_per_optic
        + network.ports_per_accelerator * network.usd_per_switch_port
    )
    kw = network.optics_per_accelerator * network.watts_per_optic / 1000
    hourly = capex / network.life_years / HOURS_PER_YEAR + kw * pue * usd_per_kwh
    carried = network.link_gbit_per_s * 1e9 * efficiency
    used = requests_per_s_per_gpu * moved_bytes_per_request * 8 / carried
    if used >= 1:
        raise InputError(
            f"The fabric is asked for {used:.0%} of what it carries. Add links, or keep parallelism inside a node."
        )
    return NetworkShare(
        capex_usd_per_gpu=capex,
        usd_per_gpu_hour=hourly,
        link_utilization=used,
        queue_factor=1 / (1 - used) if used > 0.7 else 1.0,
    )


def allocate_gpu_hours(
    *, usd_per_gpu_hour: float, gpu_hours: float, weights_by_key: dict[str, float]
) -> dict[str, float]:
    """Spread the cost of self-hosted accelerator-hours over users by their weighted tokens.

    The whole bill is spread, idle hours included, so the parts sum to it.

    Raises
    ------
    InputError
        If hours were paid and nothing was served: there is nobody to charge.
    """
    total = sum(weights_by_key.values())
    cost = usd_per_gpu_hour * gpu_hours
    if total <= 0:
        if cost == 0:
            return dict.fromkeys(weights_by_key, 0.0)
        raise InputError(
            f"{gpu_hours:g} accelerator-hours were paid for and no tokens were served."
        )
    return {key: cost * weight / total for key, weight in weights_by_key.items()}

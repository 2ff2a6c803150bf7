"""What a commitment with an upfront payment costs each month, billed and effective.

Straight-line over the term; what is not used stays in the effective cost.
"""

from dataclasses import dataclass

from workbench.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A commitment with an upfront part and a monthly fee."""

    units_per_month: float
    term_months: int
    upfront_usd: float
    monthly_fee_usd: float
    on_demand_usd_per_unit: float

    def __post_init__(self) -> None:
        if self.units_per_month <= 0 or self.term_months < 1 or self.on_demand_usd_per_unit <= 0:
            raise InputError(
                "A contract needs units, a term of at least a month and an on-demand price."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractMonth:
    """One month of a contract, billed and effective (amortised)."""

    billed_usd: float
    effective_usd: float
    effective_usd_per_unit: float
    used_commitment_usd: float
    unused_commitment_usd: float
    utilization: float
    coverage: float
    effective_savings_rate: float
    net_saving_usd: float
    prepaid_balance_usd: float
    """Upfront payment not yet amortised at the end of the month."""


def amortised_usd_per_month(contract: Contract) -> float:
    """Return the month's cost with the upfront part spread evenly: upfront / term + fee."""
    return contract.upfront_usd / contract.term_months + contract.monthly_fee_usd


def contract_month(
    contract: Contract, *, month: int, covered_units: float, on_demand_units: float
) -> ContractMonth:
    """Return what month number `month` (from 1) was billed and what it effectively cost.

    Unused commitment stays in the effective cost, as FOCUS has it.

    References
    ----------
    FOCUS 1.0 specification, EffectiveCost and CommitmentDiscountStatus, read November 2026.
    """
    if not 1 <= month <= contract.term_months:
        raise InputError(f"Month {month} is outside the term of {contract.term_months} months.")
    if not 0 <= covered_units <= contract.units_per_month or on_demand_units < 0:
        raise InputError(
            "Covered units must be between 0 and the commitment, on-demand units not negative."
        )
    amortised = amortised_usd_per_month(contract)
    unit_price = amortised / contract.units_per_month
    on_demand = on_demand_units * contract.on_demand_usd_per_unit
    effective = amortised + on_demand
    used = covered_units + on_demand_units
    equivalent = used * contract.on_demand_usd_per_unit
    upfront = contract.upfront_usd if month == 1 else 0.0
    return ContractMonth(
        billed_usd=upfront + contract.monthly_fee_usd + on_demand,
        effective_usd=effective,
        effective_usd_per_unit=effective / used if used else float("nan"),
        used_commitment_usd=covered_units * unit_price,
        unused_commitment_usd=(contract.units_per_month - covered_units) * unit_price,
        utilization=covered_units / contract.units_per_month,
        coverage=covered_units / used if used else 0.0,
        effective_savings_rate=1 - effective / equivalent if equivalent else 0.0,
        net_saving_usd=equivalent - effective,
        prepaid_balance_usd=contract.upfront_usd * (1 - month / contract.term_months),
    )


def contract_breakeven_utilization(contract: Contract) -> float:
    """Return the utilisation at which the contract costs what on demand would."""
    at_full = contract.units_per_month * contract.on_demand_usd_per_unit
    return amortised_usd_per_month(contract) / at_full

"""Worked examples of hosting and commitments."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.models.amortisation import Contract, contract_month
from workbench.models.commitments import (
    CommitmentUnit,
    best_units,
    outcome,
)
from workbench.models.hosting.cost import (
    OwnedNode,
    capital_usd_per_year,
    owned_usd_per_gpu_hour,
    owned_usd_per_year,
    usd_per_mtok,
)
from workbench.units import HOURS_PER_YEAR


def onprem_tco(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    node = OwnedNode(
        capex_usd=inputs["capex"],
        accelerators=inputs["gpus"],
        life_years=inputs["life_years"],
        residual_ratio=inputs["residual_ratio"],
        wacc=inputs["wacc"],
        it_kw=inputs["it_kw"],
        load_factor=inputs["load_factor"],
        pue=inputs["pue"],
        usd_per_kwh=inputs["usd_per_kwh"],
        colocation_usd_per_year=inputs["colocation_year"],
        support_share_of_capex=inputs["support_pct_capex"],
        network_usd_per_year=inputs["network_year"],
        staff_fte=inputs["ops_fte"],
        usd_per_fte_year=inputs["fte_cost"],
        software_usd_per_accelerator_year=inputs["software_per_gpu_year"],
    )
    hourly = owned_usd_per_gpu_hour(node)
    rate = inputs["peak_tokens_per_s"] / node.accelerators
    cloud = inputs["gpu_cloud_hour"]
    return {
        "annual_cost": sum(owned_usd_per_year(node).values()),
        "usd_per_mtok": usd_per_mtok(
            hourly, tokens_per_s_per_gpu=rate, utilization=inputs["utilisation"]
        ),
        # may exceed 1: the node then never reaches the API's price
        "breakeven_utilisation_vs_api": usd_per_mtok(
            hourly, tokens_per_s_per_gpu=rate, utilization=1.0
        )
        / inputs["api_blended_price_per_mtok"],
        "usd_per_mtok_at_70pct": usd_per_mtok(hourly, tokens_per_s_per_gpu=rate, utilization=0.7),
        "gpu_cloud_annual": cloud * node.accelerators * HOURS_PER_YEAR,
        "gpu_cloud_usd_per_mtok": usd_per_mtok(
            cloud, tokens_per_s_per_gpu=rate, utilization=inputs["utilisation"]
        ),
        "capital_annuity_alternative_dep_plus_capital": sum(
            capital_usd_per_year(node, form="annuity").values()
        ),
    }


def provisioned_breakeven(inputs: Mapping[str, Any]) -> dict[str, float]:
    share = inputs["input_share"]
    blended = share * inputs["price_in_per_mtok"] + (1 - share) * inputs["price_out_per_mtok"]
    unit = CommitmentUnit(
        name="provisioned unit",
        mtok_per_hour=inputs["tokens_per_min_per_unit"] * 60 / 1e6,
        usd_per_hour=inputs["price_per_unit_hour"],
        spill_usd_per_mtok=blended,
        minimum_units=0,
    )
    profile = inputs["demand_profile"]
    # The units are paid for every hour of the month; those the profile leaves out have no demand.
    rest = inputs["hours"] - sum(part["hours"] for part in profile)
    demand = np.array([*(part["mtok_per_hour"] for part in profile), 0.0], dtype=float)
    hours = np.array([*(part["hours"] for part in profile), rest], dtype=float)
    units = inputs["units"]
    bought = outcome(unit, units, demand, hours=hours)
    best = best_units(unit, demand, hours=hours, at_most=80)
    capacity = units * unit.mtok_per_hour * inputs["hours"]
    return {
        "breakeven_mtok_month": unit.breakeven_utilization * capacity,
        "breakeven_utilisation": unit.breakeven_utilization,
        "on_demand_cost": bought.on_demand_usd,
        "provisioned_plus_spill_cost": bought.total_usd,
        "saving_vs_on_demand": bought.on_demand_usd - bought.total_usd,
        "naive_average_saving": bought.on_demand_usd - bought.fixed_usd,
        "optimal_units_0_to_80": best.units,
        "optimal_cost": best.total_usd,
    }


def amortised_commitment(inputs: Mapping[str, Any]) -> dict[str, float]:
    contract = Contract(
        units_per_month=inputs["committed_units_per_month"],
        term_months=inputs["term_months"],
        upfront_usd=inputs["upfront"],
        monthly_fee_usd=inputs["monthly_fee"],
        on_demand_usd_per_unit=inputs["on_demand_price"],
    )
    unit = CommitmentUnit(
        name="committed unit",
        mtok_per_hour=1.0,
        usd_per_hour=inputs["on_demand_price"] * (1 - inputs["discount"]),
        spill_usd_per_mtok=inputs["on_demand_price"],
    )
    usage = inputs["month_usage"]

    def month(number: int):
        return contract_month(
            contract,
            month=number,
            covered_units=usage["covered_units"],
            on_demand_units=usage["on_demand_units"],
        )

    first, second = month(1), month(2)
    return {
        "billed_cost_month_1": first.billed_usd,
        "billed_cost_month_2_to_12": second.billed_usd,
        "effective_cost_month": first.effective_usd,
        "effective_unit_cost": first.effective_usd_per_unit,
        "utilisation": first.utilization,
        "coverage": first.coverage,
        "effective_savings_rate": first.effective_savings_rate,
        "net_saving_month": first.net_saving_usd,
        "breakeven_utilisation": unit.breakeven_utilization,
        "prepaid_balance_end_month_1": first.prepaid_balance_usd,
        "prepaid_balance_end_month_12": month(contract.term_months).prepaid_balance_usd,
    }


ADAPTERS = {
    "onprem_tco": onprem_tco,
    "provisioned_breakeven": provisioned_breakeven,
    "amortised_commitment": amortised_commitment,
}

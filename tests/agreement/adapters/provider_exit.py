"""Worked examples of workbench.models.provider_exit."""

from workbench.models.provider_exit.cash import (
    ExitCash,
    annuity_factor,
    expected_npv_usd,
    irr,
    npv_usd,
    payback_years,
    with_price_rise,
)

YEARS = 3
"""Horizon the example's convention states in words."""


def exit_npv(inputs: dict) -> dict:
    years = int(inputs.get("years", YEARS))
    rate = inputs["discount_rate"]
    dual = inputs["parallel_run"]
    leave = [inputs["exit_run_cost_per_year"] + inputs["quality_delta_cost_per_year"]] * years
    extra = dual["months"] * dual["per_month"]
    if dual["year"] > 0:
        leave[dual["year"] - 1] += extra
    cash = ExitCash(
        stay_usd_by_year=(inputs["stay_cost_per_year"],) * years,
        exit_usd_by_year=tuple(leave),
        one_off_usd=inputs["migration_one_off"]
        + inputs["termination_penalty"]
        + (extra if dual["year"] == 0 else 0.0),
        sunk_write_off_usd=inputs["unamortised_prepaid_sunk"],
    )
    rise = inputs["scenario_price_rise"]
    dearer = with_price_rise(cash, share=rise["pct"], from_year=rise["from_year"])
    flows = cash.flows_usd
    npv = npv_usd(flows, discount_rate=rate)
    # The saving a year that would make leaving worth nothing, dual running being paid as well.
    outlay = cash.one_off_usd + npv_usd(
        [0.0, *(extra if year == dual["year"] else 0.0 for year in range(1, years + 1))],
        discount_rate=rate,
    )
    return {
        "npv": npv,
        "irr": irr(flows),
        "payback_years": payback_years(flows),
        "max_one_off_for_zero_npv": npv + cash.one_off_usd,
        "npv_if_price_rise": npv_usd(dearer.flows_usd, discount_rate=rate),
        "expected_npv": expected_npv_usd(
            cash, dearer, probability=rise["probability"], discount_rate=rate
        ),
        "pnl_writeoff_not_in_npv": cash.sunk_write_off_usd,
        "breakeven_annual_saving": outlay / annuity_factor(years, discount_rate=rate),
    }


ADAPTERS = {"exit_npv": exit_npv}

"""The worked examples computed a second time, from their written formulas and nothing of ours."""

import math
from itertools import pairwise
from statistics import NormalDist
from typing import Any

NORMAL = NormalDist()
Z90 = NORMAL.inv_cdf(0.9)
Numbers = dict[str, Any]


def pvm_variance(i: Numbers) -> Numbers:
    b = {k: (v["qty_mtok"], v["price_per_mtok"]) for k, v in i["base"].items() if v["qty_mtok"]}
    a = {k: (v["qty_mtok"], v["price_per_mtok"]) for k, v in i["actual"].items() if v["qty_mtok"]}
    both = [k for k in b if k in a]
    q0, q1 = sum(b[k][0] for k in both), sum(a[k][0] for k in both)
    change = sum(q * p for q, p in a.values()) - sum(q * p for q, p in b.values())
    legs = {
        "volume": sum((q1 - q0) * b[k][0] / q0 * b[k][1] for k in both),
        "mix": sum((a[k][0] - q1 * b[k][0] / q0) * b[k][1] for k in both),
        "price": sum((a[k][1] - b[k][1]) * a[k][0] for k in both),
        "new": sum(q * p for k, (q, p) in a.items() if k not in b),
        "discontinued": -sum(q * p for k, (q, p) in b.items() if k not in a),
    }
    return legs | {
        "total_variance": change,
        "residual": change - sum(legs.values()),
        "variant_price_at_base_qty": sum((a[k][1] - b[k][1]) * b[k][0] for k in both),
        "variant_quantity_at_base_price": sum((a[k][0] - b[k][0]) * b[k][1] for k in both),
        "variant_joint": sum((a[k][1] - b[k][1]) * (a[k][0] - b[k][0]) for k in both),
    }


def pvm_fx(i: Numbers) -> Numbers:
    operating = (i["local_actual_eur"] - i["local_base_eur"]) * i["fx_budget"]
    fx = (i["fx_actual"] - i["fx_budget"]) * i["local_actual_eur"]
    return {"operating_effect": operating, "fx_effect": fx, "total_variance": operating + fx}


def provisioned_breakeven(i: Numbers) -> Numbers:
    blended = i["input_share"] * i["price_in_per_mtok"] + (1 - i["input_share"]) * i["price_out_per_mtok"]  # fmt: skip
    per_unit = i["tokens_per_min_per_unit"] * 60 / 1e6
    demand = [(one["hours"], one["mtok_per_hour"]) for one in i["demand_profile"]]
    on_demand = sum(h * d for h, d in demand) * blended

    def cost(units: float) -> float:
        spill = sum(h * max(d - units * per_unit, 0) for h, d in demand)
        return units * i["price_per_unit_hour"] * i["hours"] + spill * blended

    fixed = i["units"] * i["price_per_unit_hour"] * i["hours"]
    best = min(range(81), key=lambda units: (round(cost(units), 9), units))
    return {
        "breakeven_mtok_month": fixed / blended,
        "breakeven_utilisation": fixed / blended / (i["units"] * per_unit * i["hours"]),
        "on_demand_cost": on_demand,
        "provisioned_plus_spill_cost": cost(i["units"]),
        "saving_vs_on_demand": on_demand - cost(i["units"]),
        "naive_average_saving": on_demand - fixed,
        "optimal_units_0_to_80": best,
        "optimal_cost": cost(best),
    }


def amortised_commitment(i: Numbers) -> Numbers:
    used, price = i["month_usage"], i["on_demand_price"]
    share = i["upfront"] / i["term_months"]
    extra = used["on_demand_units"] * price
    effective = share + i["monthly_fee"] + extra
    units = used["covered_units"] + used["on_demand_units"]
    return {
        "billed_cost_month_1": i["upfront"] + i["monthly_fee"] + extra,
        "billed_cost_month_2_to_12": i["monthly_fee"] + extra,
        "effective_cost_month": effective,
        "effective_unit_cost": effective / units,
        "utilisation": used["covered_units"] / i["committed_units_per_month"],
        "coverage": used["covered_units"] / units,
        "effective_savings_rate": 1 - effective / (units * price),
        "net_saving_month": units * price - effective,
        "breakeven_utilisation": 1 - i["discount"],
        "prepaid_balance_end_month_1": i["upfront"] - share,
        "prepaid_balance_end_month_12": 0,
    }


def tiered_cached_batch(i: Numbers) -> Numbers:
    t, low, high = i["tokens"], i["rates_per_mtok_low"], i["rates_per_mtok_high"]
    names = {"input_fresh": "input", "cache_read": "cache_read", "cache_write_5m": "cache_write_5m", "output": "output"}  # fmt: skip
    total = t["input_fresh"] + t["cache_read"] + t["cache_write_5m"]
    rate = high if total > i["tier_threshold_input"] else low

    def usd(rates: Numbers) -> float:
        return sum(t[k] * rates[name] for k, name in names.items()) / 1e6

    cost, plain = usd(rate), (total * rate["input"] + t["output"] * rate["output"]) / 1e6
    edges = [
        0.0,
        *(math.inf if one["up_to"] is None else one["up_to"] for one in i["monthly_tiers"]),
    ]
    volume, prices = i["monthly_volume_mtok"], [one["price"] for one in i["monthly_tiers"]]
    graduated = sum(
        max(0.0, min(volume, to) - since) * price
        for (since, to), price in zip(pairwise(edges), prices, strict=True)
    )
    reached = next(p for to, p in zip(edges[1:], prices, strict=True) if volume <= to)
    return {
        "request_cost": cost,
        "request_cost_batch": cost * i["batch_multiplier"],
        "cache_saving": plain - cost,
        "cache_saving_ratio": (plain - cost) / plain,
        "understatement_if_tier_ignored_ratio": 1 - usd(low) / cost,
        "cache_breakeven_reads_per_write": (rate["cache_write_5m"] / rate["input"] - 1)
        / (1 - rate["cache_read"] / rate["input"]),
        "monthly_graduated": graduated,
        "monthly_all_units": volume * reached,
        "graduated_effective_price": graduated / volume,
    }


def cost_per_resolved_ticket(i: Numbers) -> Numbers:
    def parts(r: float) -> tuple[float, float]:
        n = i["tickets"]
        machine = n * (i["model_cost_per_attempt"] + i["tool_cost_per_attempt"]) * (1 + i["retry_rate"])  # fmt: skip
        machine += i["platform_fixed"] + n * r * i["qa_sample_rate"] * i["qa_cost"]
        handled = n * (1 - r) + n * r * i["reopen_rate_of_ai_resolved"]
        return machine, handled * (i["human_cost_per_ticket"] + i["handoff_cost"])

    def unit(r: float) -> float:
        return sum(parts(r)) / i["tickets"]

    rate = i["ai_resolution_rate"]
    machine, human = parts(rate)
    attempts = i["tickets"] * (i["model_cost_per_attempt"] + i["tool_cost_per_attempt"]) * (1 + i["retry_rate"])  # fmt: skip
    resolved = i["tickets"] * rate
    slope = unit(1.0) - unit(0.0)
    return {
        "cost_per_resolved_ticket": unit(rate),
        "all_human_baseline": i["human_cost_per_ticket"],
        "saving_ratio": 1 - unit(rate) / i["human_cost_per_ticket"],
        "naive_ai_cost_per_gross_resolution": (attempts + i["platform_fixed"]) / resolved,
        "loaded_ai_cost_per_net_resolution": machine
        / (resolved * (1 - i["reopen_rate_of_ai_resolved"])),
        "escalation_share_of_cost": human / (machine + human),
        "breakeven_resolution_rate": (i["human_cost_per_ticket"] - unit(0.0)) / slope,
        "dcost_per_1pp_resolution": slope / 100,
    }


def retention_steady_state(i: Numbers) -> Numbers:
    gb = i["raw_gb_per_day"] / i["compression"]
    days = sum(tier["days"] for tier in i["tiers"])
    storage = sum(gb * t["days"] * t["overhead"] * t["price_gb_month"] for t in i["tiers"])
    ingest = i["raw_gb_per_day"] * i["ingest_price_per_raw_gb"] * 30
    moved = gb * 1000 / i["object_mb"] * 30 * i["transitions_per_object"] * i["transition_price_per_1000"] / 1000  # fmt: skip
    hold = i["legal_hold_fraction"] * gb * (i["legal_hold_days"] - days) * i["tiers"][-1]["price_gb_month"]  # fmt: skip
    first = i["tiers"][0]
    hot = gb * days * first["overhead"] * first["price_gb_month"]
    year, ends, seen = 0.0, [], 0
    for tier in i["tiers"]:
        ends.append((seen, seen + tier["days"], tier["overhead"] * tier["price_gb_month"]))
        seen += tier["days"]
    for age_limit in range(1, 366):
        year += sum(gb * max(0, min(age_limit, e) - s) * rate for s, e, rate in ends) / 30
    total = storage + ingest + moved + hold
    return {
        "steady_storage_month": storage,
        "steady_total_month": total,
        "all_hot_storage_month": hot,
        "tiering_saving_ratio": 1 - storage / hot,
        "year1_storage_ramp_total": year,
        "year1_vs_steady_ratio": year / (storage * 365 / 30),
        "ingest_share": ingest / total,
    }


def exit_npv(i: Numbers) -> Numbers:
    rate, rise = i["discount_rate"], i["scenario_price_rise"]
    extra = i["parallel_run"]["months"] * i["parallel_run"]["per_month"]
    saving = i["stay_cost_per_year"] - i["exit_run_cost_per_year"] - i["quality_delta_cost_per_year"]  # fmt: skip
    once = i["migration_one_off"] + i["termination_penalty"]
    flows = [-once, *[saving] * 3]
    flows[int(i["parallel_run"]["year"])] -= extra
    dearer = [
        i["stay_cost_per_year"] * rise["pct"] if t >= rise["from_year"] else 0 for t in range(4)
    ]

    def npv(values: list[float], r: float = rate) -> float:
        return sum(value / (1 + r) ** t for t, value in enumerate(values))

    low, high = -0.99, 100.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if npv(flows, middle) > 0 else (low, middle)
    running, payback = flows[0], None
    for year, flow in enumerate(flows[1:], start=1):
        if running + flow >= 0 and payback is None:
            payback = year - 1 + -running / flow
        running += flow
    later = npv([0.0, *dearer[1:]])
    annuity = sum((1 + rate) ** -t for t in (1, 2, 3))
    outlay = once + extra / (1 + rate) ** i["parallel_run"]["year"]
    return {
        "npv": npv(flows),
        # With more than one change of sign there may be several rates: none is given.
        "irr": (low + high) / 2
        if sum((a > 0) != (b > 0) for a, b in pairwise(flow for flow in flows if flow)) == 1
        else None,
        "payback_years": payback,
        "max_one_off_for_zero_npv": npv(flows) + once,
        "npv_if_price_rise": npv(flows) + later,
        "expected_npv": npv(flows) + rise["probability"] * later,
        "pnl_writeoff_not_in_npv": i["unamortised_prepaid_sunk"],
        "breakeven_annual_saving": outlay / annuity,
    }


def onprem_tco(i: Numbers) -> Numbers:
    residual = i["capex"] * i["residual_ratio"]
    depreciation = (i["capex"] - residual) / i["life_years"]
    charge = i["wacc"] * (i["capex"] + residual) / 2
    rest = i["it_kw"] * i["load_factor"] * i["pue"] * 8760 * i["usd_per_kwh"]
    rest += i["colocation_year"] + i["support_pct_capex"] * i["capex"] + i["network_year"]
    rest += i["ops_fte"] * i["fte_cost"] + i["software_per_gpu_year"] * i["gpus"]
    annual = depreciation + charge + rest
    most = i["peak_tokens_per_s"] * 31.536  # Mtok a year when never idle
    cloud = i["gpu_cloud_hour"] * i["gpus"] * 8760
    growth = (1 + i["wacc"]) ** i["life_years"]
    return {
        "annual_cost": annual,
        "usd_per_mtok": annual / (most * i["utilisation"]),
        "breakeven_utilisation_vs_api": annual / i["api_blended_price_per_mtok"] / most,
        "usd_per_mtok_at_70pct": annual / (most * 0.7),
        "gpu_cloud_annual": cloud,
        "gpu_cloud_usd_per_mtok": cloud / (most * i["utilisation"]),
        "capital_annuity_alternative_dep_plus_capital": (i["capex"] - residual / growth)
        * i["wacc"] / (1 - 1 / growth),
    }  # fmt: skip


def envelope_lognormal_closed_form(i: Numbers) -> Numbers:
    drivers = i["drivers"]
    median = math.prod(one["median"] for one in drivers.values()) / 1e6
    own = sum(one["sigma_log"] ** 2 for one in drivers.values())
    requests, tokens = (
        drivers[k]["sigma_log"] for k in ("requests_per_user", "tokens_per_request")
    )
    sd, alone = math.sqrt(own + 2 * i["rho_requests_tokens"] * requests * tokens), math.sqrt(own)
    z = math.log(i["budget"] / median)
    return {
        "p10": median * math.exp(-Z90 * sd),
        "p50": median,
        "p90": median * math.exp(Z90 * sd),
        "mean": median * math.exp(sd * sd / 2),
        "p_breach_budget": 1 - NORMAL.cdf(z / sd),
        "p90_if_independent": median * math.exp(Z90 * alone),
        "p_breach_if_independent": 1 - NORMAL.cdf(z / alone),
        "variance_share_tokens": tokens**2 / own,
    }


def sum_of_daily_quantiles(i: Numbers) -> Numbers:
    n, sd = i["days"], i["sd"]
    return {
        f"p90_month_rho{rho:g}": n * i["mean"]
        + Z90 * math.sqrt(n * sd * sd + n * (n - 1) * rho * sd * sd)
        for rho in i["rho"]
    }


def showback_largest_remainder(i: Numbers) -> Numbers:
    from fractions import Fraction

    cents = Fraction(str(i["pool"])) * 100
    whole = sum(Fraction(str(w)) for w in i["weights"].values())
    exact = {k: cents * Fraction(str(w)) / whole for k, w in i["weights"].items()}
    given = {k: math.floor(v) for k, v in exact.items()}
    left = round(cents) - sum(given.values())
    for k in sorted(exact, key=lambda k: (given[k] - exact[k], k))[:left]:
        given[k] += 1
    return {f"alloc_{k}": v / 100 for k, v in given.items()} | {"sum": round(cents) / 100}


def accrual_true_up(i: Numbers) -> Numbers:
    accrual = (
        i["metered_days"] * i["metered_per_day"] + i["estimated_days"] * i["estimated_per_day"]
    )
    return {
        "accrual": accrual,
        "true_up": i["invoice"] - accrual,
        "accrual_accuracy_ratio": accrual / i["invoice"],
    }


def calibration_scores(i: Numbers) -> Numbers:
    seen = i["observations"]

    def pinball(level: float, quantile: float) -> float:
        losses = [max(level * (y - quantile), (level - 1) * (y - quantile)) for y in seen]
        return sum(losses) / len(losses)

    return {
        "pinball_p10": pinball(0.1, i["p10"]),
        "pinball_p50": pinball(0.5, i["p50"]),
        "pinball_p90": pinball(0.9, i["p90"]),
        "coverage_p10_p90": sum(i["p10"] <= y <= i["p90"] for y in seen) / len(seen),
    }


BY_HAND = {
    function.__name__: function
    for function in (
        pvm_variance, pvm_fx, provisioned_breakeven, amortised_commitment, tiered_cached_batch,
        cost_per_resolved_ticket, retention_steady_state, exit_npv, onprem_tco,
        envelope_lognormal_closed_form, sum_of_daily_quantiles, showback_largest_remainder,
        accrual_true_up, calibration_scores,
    )
}  # fmt: skip

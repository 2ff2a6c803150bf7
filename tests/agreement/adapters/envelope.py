"""Worked examples of the envelope and of its scores."""

from collections.abc import Mapping
from typing import Any

from workbench.models.envelope.closed_form import (
    LognormalDriver,
    product_of_lognormals,
    quantile_of_total,
    variance_share,
)
from workbench.models.scoring import coverage, pinball_loss
from workbench.units import TOKENS_PER_MTOK


def envelope_lognormal_closed_form(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    drivers = {name: LognormalDriver(**leaf) for name, leaf in inputs["drivers"].items()}
    pair = ("requests_per_user", "tokens_per_request")
    rho = inputs["rho_requests_tokens"]
    scale = 1 / TOKENS_PER_MTOK
    cost = product_of_lognormals(drivers, correlations={pair: rho}, scale=scale)
    independent = product_of_lognormals(drivers, scale=scale)
    return {
        "p10": cost.quantile(0.1),
        "p50": cost.quantile(0.5),
        "p90": cost.quantile(0.9),
        "mean": cost.mean,
        "p_breach_budget": cost.p_breach(inputs["budget"]),
        "p90_if_independent": independent.quantile(0.9),
        "p_breach_if_independent": independent.p_breach(inputs["budget"]),
        "variance_share_tokens": variance_share(drivers, "tokens_per_request"),
    }


def sum_of_daily_quantiles(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    rhos = inputs["rho"] if isinstance(inputs["rho"], list) else [inputs["rho"]]
    return {
        f"p90_month_rho{rho:g}": quantile_of_total(
            days=inputs["days"],
            daily_mean=inputs["mean"],
            daily_sd=inputs["sd"],
            correlation=rho,
            level=0.9,
        )
        for rho in rhos
    }


def calibration_scores(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    actual = inputs["observations"]
    return {
        "pinball_p10": pinball_loss(actual, inputs["p10"], level=0.1),
        "pinball_p50": pinball_loss(actual, inputs["p50"], level=0.5),
        "pinball_p90": pinball_loss(actual, inputs["p90"], level=0.9),
        "coverage_p10_p90": coverage(actual, inputs["p10"], inputs["p90"]),
    }


ADAPTERS = {
    "envelope_lognormal_closed_form": envelope_lognormal_closed_form,
    "sum_of_daily_quantiles": sum_of_daily_quantiles,
    "calibration_scores": calibration_scores,
}

"""Worked examples of the variance and allocation models."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from workbench.models.allocation import largest_remainder
from workbench.models.close import accrue
from workbench.models.variance.pvm import Line, fx_variance, price_volume_mix


def _lines(period: Mapping[str, Mapping[str, float]]) -> list[Line]:
    return [
        Line(name=name, quantity=line["qty_mtok"], unit_price_usd=line["price_per_mtok"])
        for name, line in period.items()
    ]


def pvm_variance(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    split = price_volume_mix(_lines(inputs["base"]), _lines(inputs["actual"]))
    return {
        **{leg: split.leg(leg) for leg in ("volume", "mix", "price", "new", "discontinued")},
        "total_variance": split.total,
        "residual": split.residual,
        "variant_price_at_base_qty": split.leg("price_at_base_quantity"),
        "variant_quantity_at_base_price": split.leg("quantity_at_base_price"),
        "variant_joint": split.leg("joint"),
    }


def pvm_fx(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    change = fx_variance(
        local_base=inputs["local_base_eur"],
        local_actual=inputs["local_actual_eur"],
        fx_budget=inputs["fx_budget"],
        fx_actual=inputs["fx_actual"],
    )
    return {
        "operating_effect": change.operating,
        "fx_effect": change.fx,
        "total_variance": change.total,
    }


def showback_largest_remainder(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    shares = largest_remainder(Decimal(str(inputs["pool"])), inputs["weights"])
    return {
        **{f"alloc_{payer}": float(usd) for payer, usd in shares.items()},
        "sum": float(sum(shares.values(), Decimal(0))),
    }


def accrual_true_up(inputs: Mapping[str, Any]) -> dict[str, float | None]:
    accrual = accrue(
        metered_days=inputs["metered_days"],
        metered_usd_per_day=inputs["metered_per_day"],
        estimated_days=inputs["estimated_days"],
        estimated_usd_per_day=inputs["estimated_per_day"],
    )
    return {
        "accrual": accrual.usd,
        "true_up": accrual.true_up_usd(inputs["invoice"]),
        "accrual_accuracy_ratio": accrual.accuracy(inputs["invoice"]),
    }


ADAPTERS = {
    "pvm_variance": pvm_variance,
    "pvm_fx": pvm_fx,
    "showback_largest_remainder": showback_largest_remainder,
    "accrual_true_up": accrual_true_up,
}

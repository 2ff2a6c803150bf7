"""Worked examples of workbench.models.retention."""

import numpy as np

from workbench.models.retention.cost import (
    STORAGE_MONTH_DAYS,
    Plan,
    Reading,
    Tier,
    steady_state,
)
from workbench.models.retention.path import storage_path_usd
from workbench.models.retention.sizes import Flow, Packet
from workbench.units import BYTES_PER_GB


def retention_steady_state(inputs: dict) -> dict:
    stored_gb = inputs["raw_gb_per_day"] / inputs["compression"]
    objects = stored_gb * 1_000 / inputs["object_mb"]
    flow = Flow(
        records_per_day=objects,
        packet=Packet(text_bytes=inputs["raw_gb_per_day"] * BYTES_PER_GB / objects),
        compression=inputs["compression"],
    )
    moved = inputs["transition_price_per_1000"] * inputs["transitions_per_object"]
    later = sum(tier["days"] > 0 for tier in inputs["tiers"][1:])
    tiers = tuple(
        Tier(
            name=tier["name"],
            usd_per_gb_month=tier["price_gb_month"],
            overhead_factor=tier["overhead"],
            ingest_usd_per_gb=inputs["ingest_price_per_raw_gb"] if number == 0 else 0.0,
            put_usd_per_1000=moved / later if later and number else 0.0 if later else moved,
        )
        for number, tier in enumerate(inputs["tiers"])
    )
    days = [tier["days"] for tier in inputs["tiers"]]
    starts = tuple(sum(days[:number]) for number in range(len(days)))
    plan = Plan(tiers=tiers, starts=starts, period_days=sum(days))
    hold = Reading(hold_share=inputs["legal_hold_fraction"], hold_days=inputs["legal_hold_days"])
    month = steady_state(flow, plan, hold)
    all_hot = steady_state(flow, Plan(tiers=tiers[:1], starts=(0,), period_days=sum(days)))
    year = float(storage_path_usd(np.full(365, flow.stored_gb_per_day), plan).sum())
    return {
        "steady_storage_month": month.storage_usd,
        "steady_total_month": month.total_usd,
        "all_hot_storage_month": all_hot.storage_usd,
        "tiering_saving_ratio": 1 - month.storage_usd / all_hot.storage_usd,
        "year1_storage_ramp_total": year,
        "year1_vs_steady_ratio": year / (month.storage_usd * 365 / STORAGE_MONTH_DAYS),
        "ingest_share": month.ingest_share,
    }


ADAPTERS = {"retention_steady_state": retention_steady_state}

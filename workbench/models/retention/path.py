"""What keeping records costs on the way to the steady state, under a forecast of usage."""

import numpy as np
from numpy.typing import NDArray

from workbench.models.retention.cost import (
    STORAGE_MONTH_DAYS,
    Plan,
    billed_gb_per_day,
    object_overhead_usd_per_object_month,
)
from workbench.models.retention.sizes import Flow

Floats = NDArray[np.float64]


def cost_path_usd(flow: Flow, plan: Plan, volume_by_day: Floats) -> Floats:
    """Return what records cost each day from the first one on: arrivals, moves and stock.

    Fees of a flow fall on the day a record arrives or moves; storage and the overhead of
    archived objects follow the stock. What is read, held or deleted early is in
    `steady_state` alone.

    Parameters
    ----------
    flow
        Records and sizes of a day of volume 1.
    plan
        Tiers by age.
    volume_by_day
        Volume relative to the flow, shape (days,) or (draws, days): measured, or drawn by the
        usage forecast.

    Returns
    -------
    numpy.ndarray
        USD a day, same shape.
    """
    volume = np.atleast_2d(np.asarray(volume_by_day, dtype=np.float64))
    first = plan.tiers[0]
    objects = flow.objects_per_day * flow.replicas
    per_arrival = (
        flow.raw_gb_per_day * first.ingest_usd_per_gb
        + flow.kept_records_per_day / 1e6 * first.usd_per_million_records
    )
    usd = volume * per_arrival
    for index, tier in enumerate(plan.tiers):
        days = plan.days_in(index)
        if days == 0:
            continue
        start = plan.starts[index]
        usd += _shifted(volume, start) * objects / 1_000 * tier.put_usd_per_1000
        stored = _stock(volume, start + tier.included_days, start + days)
        gb_day_usd = billed_gb_per_day(flow, tier) * tier.usd_per_gb_month
        usd += stored * gb_day_usd / STORAGE_MONTH_DAYS
        overhead = objects * object_overhead_usd_per_object_month(tier) / STORAGE_MONTH_DAYS
        usd += _stock(volume, start, start + days) * overhead
    return usd.reshape(np.shape(volume_by_day))


def _shifted(volume: Floats, days: int) -> Floats:
    moved = np.zeros_like(volume)
    if days < volume.shape[1]:
        moved[:, days:] = volume[:, : volume.shape[1] - days]
    return moved


def _stock(arrivals: Floats, begin: int, until: int) -> Floats:
    """Return the sum of the arrivals that are `begin` to `until` days old, day by day."""
    if until <= begin:
        return np.zeros_like(arrivals)
    before = np.zeros((arrivals.shape[0], 1))
    cumulative = np.concatenate([before, np.cumsum(arrivals, axis=1)], axis=1)
    day = np.arange(1, arrivals.shape[1] + 1)
    return cumulative[:, np.maximum(day - begin, 0)] - cumulative[:, np.maximum(day - until, 0)]


def storage_path_usd(
    stored_gb_by_day: Floats, plan: Plan, *, overhead_factor: float = 1.0
) -> Floats:
    """Return what storage costs each day, from the first record on.

        stock(t) of a tier = arrivals of the days t - start - days + 1 … t - start

    Parameters
    ----------
    stored_gb_by_day
        Gigabytes that arrive, shape (days,) or (draws, days): measured, or drawn by a forecast.
    plan
        Tiers by age; every day costs a thirtieth of the month's price.
    overhead_factor
        Replicas and index: billed bytes per stored byte, on top of each tier's own.

    Returns
    -------
    numpy.ndarray
        USD a day, same shape; the sum over a steady month equals `steady_state().storage_usd`.
    """
    arrivals = np.atleast_2d(np.asarray(stored_gb_by_day, dtype=np.float64))
    usd = np.zeros_like(arrivals)
    for index, tier in enumerate(plan.tiers):
        begin = plan.starts[index] + tier.included_days
        until = plan.starts[index] + plan.days_in(index)
        stock = _stock(arrivals, begin, until) * tier.overhead_factor
        usd += stock * overhead_factor * tier.usd_per_gb_month / STORAGE_MONTH_DAYS
    return usd.reshape(np.shape(stored_gb_by_day))


def quantiles_usd(usd: Floats) -> dict[str, Floats]:
    """Return P10, P50 and P90 over the draws (first axis) of each later axis."""
    p10, p50, p90 = np.quantile(usd, [0.1, 0.5, 0.9], axis=0)
    return {"p10": p10, "p50": p50, "p90": p90}

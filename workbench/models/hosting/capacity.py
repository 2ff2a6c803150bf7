"""How many replicas a feature needs, hour by hour, under its own traffic.

Peaks inside the hour decide, not hourly means; targets on the 95th percentile of time to first
token and per token decide, not peak throughput. Spare replicas and the time a new one takes to
load are part of the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.models.hosting.queueing import Replica
from workbench.models.hosting.roofline import prompt_ms
from workbench.models.hosting.serving import Catalogue, ServingModel, predict
from workbench.models.hosting.surface import (
    QueueSurface,
    Traffic,
    full_batch_rate,
    largest_load,
)
from workbench.models.hosting.workload import Floats, ServingGrid, derive
from workbench.units import SECONDS_PER_HOUR

MINUTE_S: Final = 60.0
ASSUMED_CV: Final = 2.0
"""Burstiness taken where only hourly counts are known; API traffic is burstier than Poisson."""
MOST_REPLICAS: Final = 512
Scaling = Literal["fixed", "autoscaled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyLoad:
    """Requests by the hour, and how they come inside it."""

    mean_requests_per_s: Floats
    peak_requests_per_s: Floats
    """95th percentile of the one-minute counts inside the hour, over 60 s."""
    cv: float
    """Median coefficient of variation of interarrival times inside an hour."""
    cv_is_assumed: bool


def hourly_load(arrived_s: Floats) -> HourlyLoad:
    """Measure a trace of arrival times (seconds from any start)."""
    moments = np.sort(np.asarray(arrived_s, dtype=float))
    if len(moments) < 2:
        raise InputError("A trace needs at least two requests. Give hourly counts instead.")
    since = moments - moments[0]
    hours = int(since[-1] // SECONDS_PER_HOUR) + 1
    per_minute = np.bincount((since // MINUTE_S).astype(int), minlength=hours * 60)
    by_hour = per_minute[: hours * 60].reshape(hours, 60)
    # the last hour may be cut short: its minutes after the last request are not evidence
    last = int(since[-1] // MINUTE_S) % 60 + 1
    peaks = np.array(
        [np.quantile(row, 0.95) for row in by_hour[:-1]] + [np.quantile(by_hour[-1, :last], 0.95)]
    )
    seconds = np.full(hours, float(SECONDS_PER_HOUR))
    seconds[-1] = last * MINUTE_S
    return HourlyLoad(
        mean_requests_per_s=by_hour.sum(axis=1) / seconds,
        peak_requests_per_s=peaks / MINUTE_S,
        cv=_median_cv(since, hours),
        cv_is_assumed=False,
    )


def hourly_load_from_counts(requests_by_hour: Floats, *, cv: float = ASSUMED_CV) -> HourlyLoad:
    """Estimate the peak inside each hour from hourly counts and an assumed burstiness.

        peak = mean + 1.645 * cv * sqrt(requests per minute) / 60

    the 95th percentile of one-minute counts whose variance is cv^2 times the mean.
    """
    counts = np.asarray(requests_by_hour, dtype=float)
    if counts.size == 0 or counts.min() < 0:
        raise InputError("Hourly counts must exist and not be negative.")
    mean = counts / SECONDS_PER_HOUR
    minute = counts / 60
    return HourlyLoad(
        mean_requests_per_s=mean,
        peak_requests_per_s=mean + 1.645 * cv * np.sqrt(minute) / MINUTE_S,
        cv=cv,
        cv_is_assumed=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What the owner promises, and what is kept in reserve."""

    ttft_p95_s: float
    tpot_p95_ms: float
    spare_replicas: int = 1
    """Replicas beyond need, so that one may fail (N+1)."""
    scale_up_minutes: float = 10.0
    """Time from asking for a replica until it serves: node, weights, warm-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaPlan:
    """Replicas hour by hour."""

    needed: NDArray[np.int64]
    """To meet the targets at the peak inside the hour."""
    running: NDArray[np.int64]
    """Paid for: with spares and with what scaling up ahead costs."""
    goodput_requests_per_s: float
    """One replica's rate inside the targets, at the largest pool needed."""
    full_batch_requests_per_s: float
    """One replica's rate regardless of targets."""

    @property
    def replica_hours(self) -> int:
        """Replica-hours paid for."""
        return int(self.running.sum())


def replica_at(
    model: ServingModel, one: ServingGrid, catalogue: Catalogue, *, max_batch: int
) -> Replica:
    """Turn predictions for one configuration into the constants the queue needs.

    The predicted time per token over batch sizes is a line after the prefill stall
    (batch / output * prompt) is taken out; its intercept and slope are the step's. What the
    predicted time to first token of a single request has beyond its prefill is overhead.
    """
    batches = np.unique(np.geomspace(1, max_batch, 12).round())
    rows = np.zeros(len(batches), dtype=np.intp)
    columns = {name: getattr(one.take(rows), name) for name in one.__slots__}
    grid = ServingGrid(**{**columns, "batch_size": batches})
    said = predict(model, grid, catalogue)
    if np.isnan(said.tpot_ms).any():
        worst = str(said.reason[np.isnan(said.tpot_ms)][0])
        raise InputError(f"The predictor refuses this configuration: {worst}. Lower the batch.")
    prompt = prompt_ms(derive(grid, catalogue.models, catalogue.machines), grid, model.efficiencies)
    step = np.maximum(said.tpot_ms - grid.concurrency / grid.output_tokens * prompt, 0.1)
    slope, intercept = np.polyfit(batches, step, 1)
    return Replica(
        max_batch=max_batch,
        step_s=max(float(intercept), 0.0) / 1e3,
        step_per_request_s=max(float(slope), 0.0) / 1e3,
        prefill_tokens_per_s=float(grid.input_tokens[0] / prompt[0] * 1e3),
        first_token_overhead_s=max(float(said.ttft_ms[0] - prompt[0]), 0.0) / 1e3,
    )


def goodput_by_pool(
    surface: QueueSurface,
    replica: Replica,
    traffic: Traffic,
    *,
    cv: float,
    targets: Targets,
    pools: Sequence[int] = (1, 2, 4, 8, 16, 32),
) -> dict[int, float]:
    """Return requests a second inside the targets for pools of these sizes; larger pools scale."""
    rate = full_batch_rate(replica, traffic)
    bounded = float(np.clip(cv, surface.cv[0], surface.cv[-1]))
    return {
        pool: pool
        * rate
        * largest_load(
            surface, replica, traffic, replicas=pool, cv=bounded,
            ttft_p95_s=targets.ttft_p95_s, tpot_p95_s=targets.tpot_p95_ms / 1e3,
        )
        for pool in pools
    }  # fmt: skip


def plan_replicas(
    load: HourlyLoad,
    goodput: dict[int, float],
    *,
    targets: Targets,
    scaling: Scaling,
    full_batch_requests_per_s: float,
) -> ReplicaPlan:
    """Return replicas hour by hour.

    A fixed fleet runs the most any hour needs. An autoscaled one runs what the hour and every
    hour that begins within the scale-up time need, so that a peak finds its replicas warm.

    Raises
    ------
    InputError
        If no pool meets the targets at any load.
    """
    if max(goodput.values()) <= 0:
        raise InputError(
            "No load meets these latency targets on this configuration. Relax the targets, "
            "or choose a faster configuration."
        )
    pools = np.array(sorted(goodput), dtype=float)
    rates = np.array([goodput[int(pool)] for pool in pools])
    sizes = np.arange(1, MOST_REPLICAS + 1)
    beyond = sizes > pools[-1]
    served = np.where(beyond, sizes * rates[-1] / pools[-1], np.interp(sizes, pools, rates))
    served = np.maximum.accumulate(served)
    needed = np.searchsorted(served, load.peak_requests_per_s - 1e-12) + 1
    needed = np.where(load.peak_requests_per_s <= 0, 0, needed)
    if needed.max() > MOST_REPLICAS:
        raise InputError(f"More than {MOST_REPLICAS} replicas are needed. Split the traffic.")
    if scaling == "fixed":
        warm = np.full(len(needed), needed.max())
    else:
        ahead = int(np.ceil(targets.scale_up_minutes / 60))
        padded = np.concatenate([needed, np.zeros(ahead, dtype=needed.dtype)])
        warm = np.max([padded[n : n + len(needed)] for n in range(ahead + 1)], axis=0)
    running = np.where(warm > 0, warm + targets.spare_replicas, 0)
    largest = int(needed.max())
    return ReplicaPlan(
        needed=needed.astype(np.int64),
        running=running.astype(np.int64),
        goodput_requests_per_s=float(served[largest - 1] / largest) if largest else 0.0,
        full_batch_requests_per_s=full_batch_requests_per_s,
    )


def _median_cv(since: Floats, hours: int) -> float:
    values: list[float] = []
    for hour in range(hours):
        inside = since[(since >= hour * SECONDS_PER_HOUR) & (since < (hour + 1) * SECONDS_PER_HOUR)]
        gaps = np.diff(inside)
        if len(gaps) >= 30 and gaps.mean() > 0:
            values.append(float(gaps.std() / gaps.mean()))
    return float(np.median(values)) if values else ASSUMED_CV

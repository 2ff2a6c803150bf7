"""How much load a pool of replicas takes within its latency targets, read from a table.

The table holds the simulation's 95th percentiles over pool size, burstiness and load, free of
units: time to first token over the mean prefill time, time per token over that of a full
batch. Between its points answers are interpolated; beyond them they are refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.interpolate import RegularGridInterpolator

from workbench.errors import InputError
from workbench.models.hosting.queueing import (
    Replica,
    draw_requests,
    simulate,
)
from workbench.models.hosting.workload import Floats

POOLS: Final = (1, 2, 4, 8, 16, 32)
BURSTINESS: Final = (1.0, 1.5, 2.0, 3.0, 4.0)
LOADS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
WARM_UP_SHARE: Final = 0.1
"""Requests at the start left out of percentiles: the pool starts empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSurface:
    """95th percentiles over (replicas, coefficient of variation of arrivals, load)."""

    replicas: Floats
    cv: Floats
    load: Floats
    """Offered load over the rate at which batches are always full."""
    ttft_p95: Floats
    """Over the mean prefill time; axes as above."""
    tpot_p95: Floats
    """Over the time per token of a full batch without prefill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """95th percentiles a request meets."""

    ttft_p95_s: float
    tpot_p95_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Lengths of the requests of a pool."""

    median_input_tokens: float
    median_output_tokens: float
    sigma: float
    """Of the lognormal law of both lengths."""

    @property
    def mean_input_tokens(self) -> float:
        """Median times exp(sigma^2 / 2)."""
        return self.median_input_tokens * float(np.exp(self.sigma**2 / 2))

    @property
    def mean_output_tokens(self) -> float:
        """Median times exp(sigma^2 / 2)."""
        return self.median_output_tokens * float(np.exp(self.sigma**2 / 2))


def simulate_surface(
    replica: Replica, traffic: Traffic, *, requests: int = 20_000, seed: int = 1
) -> QueueSurface:
    """Simulate every point of the table with common random numbers."""
    capacity = full_batch_rate(replica, traffic)
    prefill = traffic.mean_input_tokens / replica.prefill_tokens_per_s
    step = replica.step_s + replica.step_per_request_s * replica.max_batch
    ttft = np.zeros((len(POOLS), len(BURSTINESS), len(LOADS)))
    tpot = np.zeros_like(ttft)
    for at, pool in enumerate(POOLS):
        for burst, cv in enumerate(BURSTINESS):
            for where, load in enumerate(LOADS):
                met = simulated_latency(
                    replica, traffic, replicas=pool, cv=cv,
                    requests_per_s=load * capacity * pool, requests=requests, seed=seed,
                )  # fmt: skip
                waited = met.ttft_p95_s - replica.first_token_overhead_s
                ttft[at, burst, where] = waited / prefill
                tpot[at, burst, where] = met.tpot_p95_s / step
    return QueueSurface(
        replicas=np.array(POOLS, dtype=float),
        cv=np.array(BURSTINESS),
        load=np.array(LOADS),
        ttft_p95=ttft,
        tpot_p95=tpot,
    )


def simulated_latency(
    replica: Replica,
    traffic: Traffic,
    *,
    replicas: int,
    cv: float,
    requests_per_s: float,
    requests: int = 20_000,
    seed: int = 1,
) -> Latency:
    """Return the 95th percentiles of one simulated pool, without its warm-up."""
    stream = draw_requests(
        np.random.default_rng(seed),
        requests=requests,
        requests_per_s=requests_per_s,
        cv=cv,
        median_input_tokens=traffic.median_input_tokens,
        median_output_tokens=traffic.median_output_tokens,
        sigma=traffic.sigma,
    )
    served = simulate(replica, stream, replicas=replicas)
    settled = slice(int(requests * WARM_UP_SHARE), None)
    return Latency(
        ttft_p95_s=float(np.quantile(served.ttft_s[settled], 0.95)),
        tpot_p95_s=float(np.nanquantile(served.tpot_s[settled], 0.95)),
    )


def full_batch_rate(replica: Replica, traffic: Traffic) -> float:
    """Return the requests a second of one replica whose batch is always full."""
    return replica.full_batch_requests_per_s(
        input_tokens=traffic.mean_input_tokens, output_tokens=traffic.mean_output_tokens
    )


def latency_at(
    surface: QueueSurface,
    replica: Replica,
    traffic: Traffic,
    *,
    replicas: float,
    cv: float,
    load: float,
) -> Latency:
    """Read the 95th percentiles at a point of the table, in the units of a replica.

    Pools larger than the table are read at its largest, which is pessimistic; loads below it
    at its smallest.

    Raises
    ------
    InputError
        If load or burstiness lie beyond the table: simulate that pool instead.
    """
    if not surface.cv[0] <= cv <= surface.cv[-1] or load > surface.load[-1]:
        raise InputError(
            f"Burstiness {cv:g} or load {load:.2f} is beyond the table "
            f"({surface.cv[0]:g}–{surface.cv[-1]:g}, up to {surface.load[-1]:g}). Simulate the pool."
        )
    axes = (np.log2(surface.replicas), surface.cv, surface.load)
    pool = min(max(replicas, surface.replicas[0]), surface.replicas[-1])
    point = np.array([[np.log2(pool), cv, max(load, float(surface.load[0]))]])
    prefill = traffic.mean_input_tokens / replica.prefill_tokens_per_s
    step = replica.step_s + replica.step_per_request_s * replica.max_batch
    ttft = RegularGridInterpolator(axes, np.log(surface.ttft_p95))(point)[0]
    tpot = RegularGridInterpolator(axes, np.log(surface.tpot_p95))(point)[0]
    return Latency(
        ttft_p95_s=float(np.exp(ttft)) * prefill + replica.first_token_overhead_s,
        tpot_p95_s=float(np.exp(tpot)) * step,
    )


def largest_load(
    surface: QueueSurface,
    replica: Replica,
    traffic: Traffic,
    *,
    replicas: float,
    cv: float,
    ttft_p95_s: float,
    tpot_p95_s: float,
) -> float:
    """Return the largest load within both targets; 0 when even an almost idle pool misses them."""
    best = 0.0
    for load in np.linspace(float(surface.load[0]), float(surface.load[-1]), 81).tolist():
        met = latency_at(surface, replica, traffic, replicas=replicas, cv=cv, load=load)
        if met.ttft_p95_s > ttft_p95_s or met.tpot_p95_s > tpot_p95_s:
            break
        best = load
    return best


def surface_rows(surface: QueueSurface) -> list[dict[str, str]]:
    """Return the table as rows, one a point."""
    return [
        {
            "replicas": f"{pool:g}",
            "cv_interarrival": f"{cv:g}",
            "load": f"{load:g}",
            "ttft_p95_over_mean_prefill": f"{surface.ttft_p95[i, j, k]:.4g}",
            "tpot_p95_over_full_batch_step": f"{surface.tpot_p95[i, j, k]:.4g}",
        }
        for i, pool in enumerate(surface.replicas)
        for j, cv in enumerate(surface.cv)
        for k, load in enumerate(surface.load)
    ]


def surface_of(rows: Iterable[Mapping[str, str]]) -> QueueSurface:
    """Rebuild the table from its rows."""
    listed: Sequence[Mapping[str, str]] = list(rows)

    def axis(name: str) -> Floats:
        return np.unique([float(row[name]) for row in listed])

    pools, cvs, loads = axis("replicas"), axis("cv_interarrival"), axis("load")
    ttft = np.full((len(pools), len(cvs), len(loads)), np.nan)
    tpot = np.full_like(ttft, np.nan)
    for row in listed:
        at = (
            int(np.searchsorted(pools, float(row["replicas"]))),
            int(np.searchsorted(cvs, float(row["cv_interarrival"]))),
            int(np.searchsorted(loads, float(row["load"]))),
        )
        ttft[at] = float(row["ttft_p95_over_mean_prefill"])
        tpot[at] = float(row["tpot_p95_over_full_batch_step"])
    if np.isnan(ttft).any():
        raise InputError("data/reference/queue_surface.csv has holes. Simulate the surface again.")
    return QueueSurface(replicas=pools, cv=cvs, load=loads, ttft_p95=ttft, tpot_p95=tpot)

"""How long a decode step and a prompt take, from bytes, operations and fitted efficiencies.

A bounded roofline: weights, cache, matrix and attention work each reach their own fraction of
the published rate. The fractions are fitted to measured points and cannot leave their bounds.
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import least_squares

from workbench.models.hosting.workload import Demands, Floats, ServingGrid


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiencies:
    """Fractions of published rates and fixed times; `UNCALIBRATED` is the textbook guess."""

    weights: float
    """Fraction of memory bandwidth reached when reading weights."""
    cache: float
    """Fraction of memory bandwidth reached when reading the cache."""
    gemm: float
    """Fraction of the dense rate reached by large matrix products."""
    attention: float
    """Fraction of the 16-bit rate reached by attention over a prompt."""
    half_tokens_per_expert: float
    """Tokens per expert at which matrix products reach half their efficiency."""
    step_ms: float
    """Time of a step that no roofline explains (scheduling, sampling)."""
    layer_ms: float
    """Time of a layer's kernel launches."""
    exchange_ms: float
    """Time of a layer's exchange between accelerators, per doubling of their number."""


BOUNDS = {
    "weights": (0.30, 0.95),
    "cache": (0.10, 0.95),
    "gemm": (0.05, 0.80),
    "attention": (0.02, 0.80),
    "half_tokens_per_expert": (0.5, 200.0),
    "step_ms": (0.05, 5.0),
    "layer_ms": (0.002, 0.2),
    "exchange_ms": (0.0005, 0.1),
}
PRIOR = Efficiencies(
    weights=0.65, cache=0.52, gemm=0.43, attention=0.41, half_tokens_per_expert=8.0,
    step_ms=0.5, layer_ms=0.03, exchange_ms=0.02,
)  # fmt: skip
"""Start and centre of the fit."""
PRIOR_WEIGHT = 0.05
UNCALIBRATED = Efficiencies(
    weights=0.75, cache=0.75, gemm=0.5, attention=0.5, half_tokens_per_expert=0.0,
    step_ms=0.0, layer_ms=0.0, exchange_ms=0.0,
)  # fmt: skip
"""The textbook roofline, 75 % of bandwidth and 50 % of the dense rate, shown for comparison."""
FULL_PROMPT_TOKENS = 2_048
"""Tokens a server processes together in prefill, at the least."""


def prompt_ms(demands: Demands, grid: ServingGrid, at: Efficiencies) -> Floats:
    """Return the time one prompt's prefill takes on the instance, in milliseconds.

        t = flops / (rate * gemm * x / (x + half)) + attention / (bf16 rate * attention)

    with x the tokens per expert of a full prefill step.
    """
    share = demands.tokens_per_expert / np.maximum(grid.concurrency, 1e-9)
    x = np.maximum(grid.input_tokens, FULL_PROMPT_TOKENS) * share
    gemm = at.gemm * x / (x + at.half_tokens_per_expert)
    return 1e3 * (
        demands.prefill_flops / (demands.flops_per_s * gemm)
        + demands.attention_flops / (demands.flops_bf16_per_s * at.attention)
    )


def step_ms(demands: Demands, at: Efficiencies) -> Floats:
    """Return the time of one decode step, in milliseconds.

        t = max(weights + cache, matrix) + step + layers * (launch + exchange * log2(gpus))

    The maximum is smoothed (a fourth-power mean), as neither limit is reached alone.
    """
    memory = 1e3 * (
        demands.weight_bytes / (demands.memory_bytes_per_s * at.weights)
        + demands.cache_bytes / (demands.memory_bytes_per_s * at.cache)
    )
    x = demands.tokens_per_expert
    gemm = at.gemm * x / (x + at.half_tokens_per_expert)
    matrix = 1e3 * demands.decode_flops / (demands.flops_per_s * gemm)
    bound = (memory**4 + matrix**4) ** 0.25
    return (
        bound + at.step_ms + demands.layers * (at.layer_ms + at.exchange_ms * np.log2(demands.gpus))
    )


def tpot_ms(demands: Demands, grid: ServingGrid, at: Efficiencies) -> Floats:
    """Return the mean time per output token after the first, in milliseconds.

    While one request writes its answer, every other request in flight is prefilled once:

        tpot = step + concurrency / output_tokens * prompt
    """
    stall = grid.concurrency / grid.output_tokens * prompt_ms(demands, grid, at)
    return step_ms(demands, at) + stall


def fit_efficiencies(
    demands: Demands, grid: ServingGrid, measured_tpot_ms: Floats, *, weights: Floats | None = None
) -> Efficiencies:
    """Fit the efficiencies to measured times per output token, inside their bounds.

    Robust least squares on the logarithm of measured over modelled, each parameter drawn
    weakly to `PRIOR` so that what the points do not identify stays physical.
    """
    names = [field.name for field in fields(Efficiencies)]
    low = np.log([BOUNDS[name][0] for name in names])
    high = np.log([BOUNDS[name][1] for name in names])
    start = np.log([getattr(PRIOR, name) for name in names])
    target = np.log(measured_tpot_ms)
    weight = np.ones(len(grid)) if weights is None else np.sqrt(weights)
    pull = np.sqrt(PRIOR_WEIGHT * len(grid) / len(names))

    def at(vector: Floats) -> Efficiencies:
        return Efficiencies(**dict(zip(names, np.exp(vector).tolist(), strict=True)))

    def residuals(vector: Floats) -> Floats:
        off = (target - np.log(tpot_ms(demands, grid, at(vector)))) * weight
        return np.concatenate([off, pull * 0.1 * (vector - start)])

    found = least_squares(residuals, start, bounds=(low, high), loss="soft_l1", f_scale=0.3)
    return at(found.x)

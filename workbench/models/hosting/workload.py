"""One serving question per row: which model, on which machines, for which requests.

A `ServingGrid` holds any number of questions as columns, so that ten thousand of them are
answered in one pass. `derive` adds what follows from the model's shape and the machine's rates.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError, shown
from workbench.models.hosting.catalogue import BYTES_PER_WEIGHT, Accelerator, ModelShape

Floats = NDArray[np.float64]

MEMORY_SHARE = 0.92
"""Share of an accelerator's memory a server gives to weights and cache (vLLM's default is 0.9)."""
RESERVED_GB = 3.5
"""Memory a server needs beside weights and cache, per accelerator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingGrid:
    """Columns of equal length; one row is one serving configuration under one load."""

    model: NDArray[np.str_]
    system: NDArray[np.str_]
    backend: NDArray[np.str_]
    precision: NDArray[np.str_]
    """bf16, fp8, int4 or fp4: how the large matrices are stored."""
    input_tokens: Floats
    output_tokens: Floats
    batch_size: Floats
    """Requests in flight per attention replica."""
    tensor_parallel: Floats
    pipeline_parallel: Floats
    attention_replicas: Floats
    """Data-parallel attention: replicas of the attention weights inside one instance."""
    expert_tensor_parallel: Floats
    expert_parallel: Floats
    release: Floats
    """Version of the serving software as a number (see `release_number`); NaN is unknown."""

    @property
    def concurrency(self) -> Floats:
        """Requests in flight in the whole instance."""
        return self.batch_size * self.attention_replicas

    @property
    def gpus(self) -> Floats:
        """Accelerators, as the configuration states them."""
        return self.tensor_parallel * self.pipeline_parallel * self.attention_replicas

    def __len__(self) -> int:
        return len(self.model)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "ServingGrid":
        """Return the grid of the given rows."""
        return ServingGrid(**{name: getattr(self, name)[rows] for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What each row asks of one accelerator, in bytes, operations and counts."""

    gpus: Floats
    """Accelerators that physically work, see `physical_gpus`."""
    attention_replicas: Floats
    layers: Floats
    attention_heads: Floats
    is_moe: Floats
    is_latent: Floats
    weight_bytes: Floats
    """Bytes of weights one accelerator reads in one decode step."""
    cache_bytes: Floats
    """Bytes of cache one accelerator reads in one decode step, at mid-answer context."""
    decode_flops: Floats
    """Matrix operations of one decode step on one accelerator."""
    prefill_flops: Floats
    """Matrix operations of one prompt, on one accelerator's share."""
    attention_flops: Floats
    """Attention operations of one prompt, on one accelerator's share."""
    tokens_per_expert: Floats
    """Tokens one expert sees in a decode step; dense models see them all."""
    memory_bytes_per_s: Floats
    flops_per_s: Floats
    flops_bf16_per_s: Floats
    resident_gb: Floats
    """Weights and cache one accelerator must hold at this load."""
    memory_gb: Floats


def physical_gpus(grid: ServingGrid) -> Floats:
    """Return the accelerators that really work behind each stated configuration.

    Some published points state the product of two views of the same k accelerators (tensor
    parallel k and expert parallel k, or k attention replicas and k expert shards) as k * k
    accelerators. They are the ones where the expert grid is k by k, or where tensor
    parallelism equals attention replicas: the measured step time is that of k.
    """
    stated = grid.gpus
    root = np.sqrt(stated)
    square = np.isclose(root, np.round(root)) & (stated > 1)
    twice = square & (
        ((grid.expert_tensor_parallel == root) & (grid.expert_parallel == root))
        | ((grid.tensor_parallel == root) & (grid.attention_replicas == root))
    )
    return np.where(twice, root, stated)


def derive(
    grid: ServingGrid, models: Mapping[str, ModelShape], machines: Mapping[str, Accelerator]
) -> Demands:
    """Return what each row asks of one accelerator.

    Raises
    ------
    InputError
        If a model, system or precision is not in the catalogue.
    """
    _require("model", grid.model, models, "data/reference/model_architectures.csv")
    _require("system", grid.system, machines, "data/reference/gpu_specs.csv")
    _require("precision", grid.precision, BYTES_PER_WEIGHT, "one of bf16, fp8, int4, fp4")
    shape = _columns_of_models(grid.model, models)
    machine = _columns_of_machines(grid, machines)
    n = physical_gpus(grid)
    replicas = np.minimum(grid.attention_replicas, n)
    attention_shards = n / replicas
    in_flight = grid.concurrency
    per_replica = in_flight / replicas
    weight_bytes = np.array([BYTES_PER_WEIGHT[p] for p in grid.precision.tolist()])
    # int4 and fp4 checkpoints keep attention in a wider format
    attention_bytes = np.where(weight_bytes < 1.0, 1.0, weight_bytes)
    cache_bytes = np.where(weight_bytes <= 1.0, 1.0, 2.0)

    touched = 1.0 - (1.0 - shape["routed_share"]) ** in_flight
    read = (
        shape["attention"] * attention_bytes / attention_shards
        + (shape["dense"] + shape["head"]) * weight_bytes / n
        + shape["experts"] * weight_bytes * touched / n
    )
    context = grid.input_tokens + grid.output_tokens / 2
    window = np.where(shape["window"] > 0, np.minimum(context, shape["window"]), context)
    cache_per_request = (
        shape["kv_values"]
        * cache_bytes
        * (shape["global_layers"] * context + shape["window_layers"] * window)
    )
    head_shards = np.where(
        shape["is_latent"] > 0, 1.0, np.minimum(attention_shards, shape["kv_heads"])
    )
    cache = per_replica * cache_per_request / head_shards
    resident = (
        shape["attention"] * attention_bytes / attention_shards
        + (shape["dense"] + 2 * shape["head"] + shape["experts"]) * weight_bytes / n
    )
    attended = (
        2
        * shape["attention_width"]
        * grid.input_tokens
        * (shape["global_layers"] * grid.input_tokens + shape["window_layers"] * 2 * window)
    )
    return Demands(
        gpus=n,
        attention_replicas=replicas,
        layers=shape["layers"],
        attention_heads=shape["attention_heads"],
        is_moe=shape["is_moe"],
        is_latent=shape["is_latent"],
        weight_bytes=read,
        cache_bytes=cache,
        decode_flops=2 * shape["active"] * in_flight / n,
        prefill_flops=2 * shape["active"] * grid.input_tokens / n,
        attention_flops=attended / n,
        tokens_per_expert=in_flight * np.where(shape["is_moe"] > 0, shape["routed_share"], 1.0),
        memory_bytes_per_s=machine["bytes_per_s"],
        flops_per_s=machine["flops"],
        flops_bf16_per_s=machine["flops_bf16"],
        resident_gb=(resident + cache) / 1e9 + RESERVED_GB,
        memory_gb=machine["memory_gb"] * MEMORY_SHARE,
    )


def _columns_of_models(
    names: NDArray[np.str_], models: Mapping[str, ModelShape]
) -> dict[str, Floats]:
    unique, where = np.unique(names, return_inverse=True)
    shapes = [models[str(name)] for name in unique]

    def column(values: list[float]) -> Floats:
        return np.array(values, dtype=float)[where]

    return {
        "layers": column([m.layers for m in shapes]),
        "is_moe": column([float(m.is_moe) for m in shapes]),
        "is_latent": column([float(m.is_latent) for m in shapes]),
        "attention": column([m.attention_weights for m in shapes]),
        "dense": column([m.dense_mlp_weights for m in shapes]),
        "experts": column([m.expert_weights for m in shapes]),
        "head": column([m.head_weights for m in shapes]),
        "active": column([m.active_weights for m in shapes]),
        "routed_share": column(
            [m.experts_per_token / m.experts if m.is_moe else 1.0 for m in shapes]
        ),
        "kv_values": column([m.kv_values_per_token_and_layer for m in shapes]),
        "kv_heads": column([max(1, m.kv_heads) for m in shapes]),
        "global_layers": column([m.global_layers for m in shapes]),
        "window_layers": column([m.window_layers for m in shapes]),
        "window": column([m.sliding_window for m in shapes]),
        "attention_heads": column([m.attention_heads for m in shapes]),
        "attention_width": column([m.attention_heads * m.head_dim for m in shapes]),
    }


def _columns_of_machines(
    grid: ServingGrid, machines: Mapping[str, Accelerator]
) -> dict[str, Floats]:
    keys = np.char.add(np.char.add(grid.system, "|"), grid.precision)
    unique, where = np.unique(keys, return_inverse=True)
    pairs = [str(key).split("|") for key in unique]
    chosen = [(machines[system], precision) for system, precision in pairs]
    return {
        "bytes_per_s": np.array([m.memory_gb_per_s * 1e9 for m, _ in chosen])[where],
        # weights kept in int4 are multiplied at 16 bits
        "flops": np.array([m.tflops("bf16" if p == "int4" else p) * 1e12 for m, p in chosen])[
            where
        ],
        "flops_bf16": np.array([m.bf16_tflops * 1e12 for m, _ in chosen])[where],
        "memory_gb": np.array([m.memory_gb for m, _ in chosen])[where],
    }


def _require(what: str, values: NDArray[np.str_], known: Mapping[str, object], where: str) -> None:
    unknown = sorted({str(v) for v in np.unique(values)} - set(known))
    if unknown:
        raise InputError(f"Unknown {what}: {shown(unknown)}. Add it to {where}.")

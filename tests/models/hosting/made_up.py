"""A small model, a small machine and serving questions, made up and never shipped."""

import numpy as np

from workbench.models.hosting.catalogue import Accelerator, ModelShape
from workbench.models.hosting.queueing import Replica
from workbench.models.hosting.workload import ServingGrid

DENSE = ModelShape(
    name="dense",
    layers=10,
    hidden_size=1_000,
    attention_heads=10,
    kv_heads=2,
    head_dim=100,
    intermediate_size=4_000,
    vocab_size=10_000,
)
EXPERTS = ModelShape(
    name="experts",
    layers=10,
    hidden_size=1_000,
    attention_heads=10,
    kv_heads=2,
    head_dim=100,
    intermediate_size=4_000,
    vocab_size=10_000,
    experts=8,
    experts_per_token=2,
    moe_intermediate_size=500,
)
CARD = Accelerator(
    name="card", memory_gb=80, memory_gb_per_s=1_000, bf16_tflops=100, fp8_tflops=200
)


def grid_rows(**columns) -> ServingGrid:
    """Build a grid from scalars and lists; scalars repeat."""
    defaults = {
        "model": "dense", "system": "card", "backend": "vllm", "precision": "bf16",
        "input_tokens": 1_000.0, "output_tokens": 200.0, "batch_size": 8.0,
        "tensor_parallel": 1.0, "pipeline_parallel": 1.0, "attention_replicas": 1.0,
        "expert_tensor_parallel": 1.0, "expert_parallel": 1.0, "release": np.nan,
    } | columns  # fmt: skip
    rows = max(np.size(value) for value in defaults.values())
    return ServingGrid(
        **{name: np.broadcast_to(np.asarray(value), rows) for name, value in defaults.items()}
    )


REPLICA = Replica(
    max_batch=128, step_s=0.016, step_per_request_s=0.00011, prefill_tokens_per_s=9_000
)
"""The replica of the simulation that ours is compared with."""

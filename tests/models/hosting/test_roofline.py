import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.hosting.made_up import CARD, DENSE, EXPERTS, grid_rows
from workbench.models.hosting.catalogue import Accelerator
from workbench.models.hosting.roofline import (
    BOUNDS,
    PRIOR,
    UNCALIBRATED,
    fit_efficiencies,
    prompt_ms,
    step_ms,
    tpot_ms,
)
from workbench.models.hosting.workload import derive, physical_gpus

MODELS = {"dense": DENSE, "experts": EXPERTS}
CARDS = {"card": CARD}


def asked(**columns):
    grid = grid_rows(**columns)
    return derive(grid, MODELS, CARDS), grid


def test_one_request_reads_all_weights_once_a_step():
    # 154 m weights * 2 bytes = 308 MB; at 75 % of 1 TB/s that is 0.411 ms; the cache of one
    # request is 10 layers * 400 values * 2 bytes * 1,100 tokens = 8.8 MB, 0.012 ms
    demands, grid = asked(batch_size=1.0)
    assert demands.weight_bytes[0] == pytest.approx(308e6)
    assert demands.cache_bytes[0] == pytest.approx(8.8e6)
    assert step_ms(demands, UNCALIBRATED)[0] == pytest.approx(0.4224, rel=1e-3)
    assert tpot_ms(demands, grid, UNCALIBRATED)[0] > step_ms(demands, UNCALIBRATED)[0]


def test_a_batch_touches_more_experts_than_one_request():
    demands, _ = asked(model="experts", batch_size=[1.0, 1_000.0])
    # one request: 24 m attention + 10 m head + 2/8 of 120 m experts, two bytes each
    assert demands.weight_bytes[0] == pytest.approx(2 * 64e6)
    assert demands.weight_bytes[1] == pytest.approx(2 * 154e6, rel=1e-6)


@given(batch=st.floats(1, 500), prompt=st.floats(1, 8_000), answer=st.floats(2, 4_000))
def test_more_load_and_longer_prompts_are_never_faster(batch, prompt, answer):
    demands, grid = asked(
        batch_size=[batch, 2 * batch, batch],
        input_tokens=[prompt, prompt, 2 * prompt],
        output_tokens=answer,
    )
    tpot = tpot_ms(demands, grid, PRIOR)
    assert tpot[1] >= tpot[0]
    assert tpot[2] >= tpot[0]
    first = prompt_ms(demands, grid, PRIOR)
    assert first[2] >= first[0]


@given(factor=st.floats(1.1, 10))
def test_a_machine_twice_as_good_in_everything_halves_the_bound(factor):
    better = Accelerator(
        name="better", memory_gb=80, memory_gb_per_s=1_000 * factor,
        bf16_tflops=100 * factor, fp8_tflops=200 * factor,
    )  # fmt: skip
    grid = grid_rows(system=["card", "better"], batch_size=64.0)
    demands = derive(grid, MODELS, {"card": CARD, "better": better})
    slow, fast = step_ms(demands, UNCALIBRATED)
    assert slow / fast == pytest.approx(factor)


def test_a_square_layout_stated_twice_counts_once():
    grid = grid_rows(
        tensor_parallel=[64.0, 1.0, 8.0, 4.0],
        attention_replicas=[1.0, 64.0, 1.0, 4.0],
        expert_tensor_parallel=[8.0, 8.0, 8.0, 1.0],
        expert_parallel=[8.0, 8.0, 1.0, 16.0],
    )
    assert physical_gpus(grid).tolist() == [8, 8, 8, 4]
    assert grid.gpus.tolist() == [64, 64, 8, 16]


def test_the_fit_recovers_what_made_the_points_and_stays_in_bounds(measured, catalogue):
    demands = derive(measured.grid, catalogue.models, catalogue.machines)
    rows = measured.grid.backend == "vllm"
    kept = measured.take(rows)
    small = derive(kept.grid, catalogue.models, catalogue.machines)
    fitted = fit_efficiencies(small, kept.grid, kept.tpot_ms)
    off = tpot_ms(small, kept.grid, fitted) / kept.tpot_ms - 1
    assert np.abs(off).max() < 0.1
    far = fit_efficiencies(demands, measured.grid, measured.tpot_ms * 100)
    for name, (low, high) in BOUNDS.items():
        assert low * 0.999 <= dataclasses.asdict(far)[name] <= high * 1.001

"""A small catalogue and a small measured table, made up and never shipped."""

import numpy as np
import pytest

from tests.models.hosting.made_up import CARD, DENSE, EXPERTS, grid_rows
from workbench.models.hosting.roofline import PRIOR, prompt_ms, tpot_ms
from workbench.models.hosting.serving import Catalogue, Measured
from workbench.models.hosting.workload import derive


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(models={"dense": DENSE, "experts": EXPERTS}, machines={"card": CARD})


@pytest.fixture
def measured(catalogue: Catalogue) -> Measured:
    """Times of the roofline itself, slower by a factor that depends on the software."""
    rng = np.random.default_rng(3)
    model, backend, lengths, batch = (
        axis.ravel()
        for axis in np.meshgrid(
            ["dense", "experts"], ["vllm", "sglang"], [500.0, 1_000, 4_000], [1.0, 4, 16, 64],
            indexing="ij",
        )
    )  # fmt: skip
    grid = grid_rows(model=model, backend=backend, input_tokens=lengths, batch_size=batch)
    demands = derive(grid, catalogue.models, catalogue.machines)
    slower = np.where(grid.backend == "vllm", 1.0, 1.4) * np.exp(0.02 * rng.standard_normal(48))
    tpot = tpot_ms(demands, grid, PRIOR) * slower
    return Measured(
        grid=grid, ttft_ms=3 * prompt_ms(demands, grid, PRIOR) * slower + tpot, tpot_ms=tpot
    )

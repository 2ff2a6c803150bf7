import numpy as np
import pytest

from tests.models.hosting.made_up import REPLICA
from workbench.errors import InputError
from workbench.models.hosting.surface import (
    Traffic,
    full_batch_rate,
    largest_load,
    latency_at,
    simulated_latency,
    surface_of,
    surface_rows,
)
from workbench.reference import read_table

TRAFFIC = Traffic(median_input_tokens=1_500, median_output_tokens=220, sigma=0.7332)


@pytest.fixture(scope="module")
def surface():
    return surface_of(read_table("queue_surface"))


def test_the_table_and_the_simulation_agree_between_the_tables_points(surface):
    rate = full_batch_rate(REPLICA, TRAFFIC)
    read = latency_at(surface, REPLICA, TRAFFIC, replicas=6, cv=1.75, load=0.55)
    met = simulated_latency(
        REPLICA, TRAFFIC, replicas=6, cv=1.75, requests_per_s=0.55 * rate * 6, seed=9
    )
    assert read.tpot_p95_s == pytest.approx(met.tpot_p95_s, rel=0.10)
    assert read.ttft_p95_s == pytest.approx(met.ttft_p95_s, rel=0.20)


def test_looser_targets_never_allow_less_load(surface):
    loads = [
        largest_load(
            surface, REPLICA, TRAFFIC, replicas=4, cv=1.0, ttft_p95_s=5.0, tpot_p95_s=target
        )
        for target in (0.01, 0.04, 0.06, 0.2)
    ]
    assert loads == sorted(loads)
    assert loads[0] == 0.0
    assert 0.5 <= loads[1] <= 0.65  # the time per token binds long before a full batch does


def test_rows_rebuild_the_same_table(surface):
    again = surface_of(surface_rows(surface))
    assert np.allclose(again.ttft_p95, surface.ttft_p95, rtol=1e-3)


def test_beyond_the_table_there_is_no_reading(surface):
    with pytest.raises(InputError, match="beyond the table"):
        latency_at(surface, REPLICA, TRAFFIC, replicas=1, cv=9.0, load=0.5)
    with pytest.raises(InputError, match="holes"):
        surface_of([*surface_rows(surface)][1:])

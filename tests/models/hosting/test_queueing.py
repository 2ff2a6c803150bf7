import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.hosting.made_up import REPLICA
from workbench.errors import InputError
from workbench.models.hosting.queueing import (
    Replica,
    Requests,
    draw_requests,
    lognormal_sigma_from_capacity,
    simulate,
)

ONE_AT_A_TIME = Replica(max_batch=1, step_s=0.0, step_per_request_s=0.0, prefill_tokens_per_s=1_000)


def single_server_wait(service_s, *, load, seed):
    """Mean wait in queue when each request is one prefill on one server."""
    rng = np.random.default_rng(seed)
    count = len(service_s)
    arrived = np.cumsum(rng.exponential(service_s.mean() / load, count))
    served = simulate(
        ONE_AT_A_TIME,
        Requests(arrived_s=arrived, input_tokens=service_s * 1_000, output_tokens=np.ones(count)),
        replicas=1,
    )
    return float(np.mean(served.ttft_s - service_s)), served


def test_exponential_service_waits_as_the_mm1_queue_does():
    # Wq = rho / (mu - lambda) = 0.7 / (1 - 0.7) * 1 s = 2.333 s
    service = np.random.default_rng(11).exponential(1.0, 400_000)
    wait, _ = single_server_wait(service, load=0.7, seed=5)
    assert wait == pytest.approx(7 / 3, rel=0.04)


def test_constant_service_waits_half_as_long():
    wait, _ = single_server_wait(np.ones(300_000), load=0.7, seed=6)
    assert wait == pytest.approx(7 / 6, rel=0.03)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    replicas=st.integers(1, 5),
    batch=st.integers(1, 32),
    load=st.floats(0.2, 1.5),
)
def test_every_request_leaves_once_after_it_came(seed, replicas, batch, load):
    replica = Replica(
        max_batch=batch, step_s=0.01, step_per_request_s=0.0002, prefill_tokens_per_s=20_000
    )
    stream = draw_requests(
        np.random.default_rng(seed), requests=300, requests_per_s=5 * load, cv=2.0,
        median_input_tokens=500, median_output_tokens=40, sigma=0.7,
    )  # fmt: skip
    served = simulate(replica, stream, replicas=replicas)
    assert served.left_waiting == 0
    assert np.all(served.ttft_s >= stream.input_tokens / 20_000 - 1e-9)
    assert np.all(served.finished_s >= stream.arrived_s + served.ttft_s - 1e-9)
    steps = served.tpot_s[~np.isnan(served.tpot_s)]
    assert np.all(steps >= 0.01)


def test_one_request_alone_takes_prefill_and_its_steps():
    # 900 tokens at 9,000/s = 0.1 s to the first token, then 10 steps of 16.11 ms
    served = simulate(
        REPLICA,
        Requests(
            arrived_s=np.array([3.0]),
            input_tokens=np.array([900.0]),
            output_tokens=np.array([11.0]),
        ),
        replicas=2,
    )
    assert served.ttft_s[0] == pytest.approx(0.1)
    assert served.tpot_s[0] == pytest.approx(0.01611)
    assert served.finished_s[0] == pytest.approx(3.2611)


def test_two_simultaneous_requests_go_to_two_replicas():
    served = simulate(
        REPLICA,
        Requests(
            arrived_s=np.zeros(2), input_tokens=np.full(2, 900.0), output_tokens=np.full(2, 5.0)
        ),
        replicas=2,
    )
    assert sorted(served.replica.tolist()) == [0, 1]
    assert served.ttft_s == pytest.approx([0.1, 0.1])


def test_a_larger_pool_waits_less_at_equal_load():
    waits = []
    for replicas in (1, 4, 16):
        stream = draw_requests(
            np.random.default_rng(2), requests=6_000, requests_per_s=2.5 * replicas, cv=2.0,
            median_input_tokens=1_500, median_output_tokens=220, sigma=0.73,
        )  # fmt: skip
        waits.append(np.quantile(simulate(REPLICA, stream, replicas=replicas).ttft_s, 0.95))
    assert waits[0] > waits[1] > waits[2]


def test_sigma_is_the_one_that_explains_the_full_batch_rate():
    rate = REPLICA.full_batch_requests_per_s(
        input_tokens=1_500 * np.exp(0.5**2 / 2), output_tokens=220 * np.exp(0.5**2 / 2)
    )
    sigma = lognormal_sigma_from_capacity(
        REPLICA, median_input_tokens=1_500, median_output_tokens=220,
        full_batch_requests_per_s=rate,
    )  # fmt: skip
    assert sigma == pytest.approx(0.5)
    with pytest.raises(InputError, match="no sigma"):
        lognormal_sigma_from_capacity(
            REPLICA, median_input_tokens=1_500, median_output_tokens=220,
            full_batch_requests_per_s=100.0,
        )  # fmt: skip


def test_an_independent_simulation_is_met_on_moderate_load(shared, capsys):
    with (shared / "facts" / "queue_sim.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rate = float(np.mean([float(row["cap_req_s_per_replica"]) for row in rows]))
    sigma = lognormal_sigma_from_capacity(
        REPLICA, median_input_tokens=1_500, median_output_tokens=220,
        full_batch_requests_per_s=rate,
    )  # fmt: skip
    assert sigma == pytest.approx(0.733, abs=0.001)
    with capsys.disabled():
        print(f"\nlognormal sigma fitted once: {sigma:.4f}")
    misses = []
    for row in rows:
        replicas, cv = int(row["replicas"]), float(row["cv_interarrival"])
        load = float(row["rho_of_maxbatch_capacity"])
        stream = draw_requests(
            np.random.default_rng(1), requests=20_000, requests_per_s=load * rate * replicas,
            cv=cv, median_input_tokens=1_500, median_output_tokens=220, sigma=sigma,
        )  # fmt: skip
        served = simulate(REPLICA, stream, replicas=replicas)
        ttft = np.quantile(served.ttft_s[2_000:], 0.95) / float(row["ttft_p95_s"]) - 1
        tpot = np.nanquantile(served.tpot_s[2_000:], 0.95) * 1e3 / float(row["tpot_p95_ms"]) - 1
        judged = cv <= 2 and load <= 0.8
        if judged and (abs(tpot) > 0.15 or abs(ttft) > 0.30):
            misses.append((replicas, cv, load, round(tpot, 3), round(ttft, 3)))
        if not judged:
            with capsys.disabled():
                print(
                    f"not judged: {replicas} x cv {cv:g} at {load:g}: tpot {tpot:+.0%}, ttft {ttft:+.0%}"
                )
    assert misses == []

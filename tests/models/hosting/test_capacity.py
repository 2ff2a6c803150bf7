import numpy as np
import pytest

from workbench.errors import InputError
from workbench.models.hosting.capacity import (
    HourlyLoad,
    Targets,
    hourly_load,
    hourly_load_from_counts,
    plan_replicas,
)

TARGETS = Targets(ttft_p95_s=2.0, tpot_p95_ms=50.0, spare_replicas=1, scale_up_minutes=10)


def load_of(peaks):
    return HourlyLoad(
        mean_requests_per_s=np.array(peaks) / 2, peak_requests_per_s=np.array(peaks, dtype=float),
        cv=1.0, cv_is_assumed=False,
    )  # fmt: skip


def planned(peaks, scaling, goodput=None):
    return plan_replicas(
        load_of(peaks), goodput or {1: 1.0, 2: 2.0, 4: 4.0}, targets=TARGETS, scaling=scaling,
        full_batch_requests_per_s=2.0,
    )  # fmt: skip


def test_a_fixed_fleet_runs_the_worst_hour_and_a_spare():
    plan = planned([0.5, 3.0, 1.0], "fixed")
    assert plan.needed.tolist() == [1, 3, 1]
    assert plan.running.tolist() == [4, 4, 4]
    assert plan.replica_hours == 12


def test_an_autoscaled_fleet_is_warm_before_the_peak():
    plan = planned([0.5, 3.0, 1.0, 0.0, 0.0], "autoscaled")
    assert plan.running.tolist() == [4, 4, 2, 0, 0]


def test_pooling_lets_a_replica_of_a_larger_pool_serve_more():
    plan = planned([4.0], "fixed", goodput={1: 0.5, 2: 1.5, 4: 4.0})
    assert plan.needed.tolist() == [4]
    assert plan.goodput_requests_per_s == pytest.approx(1.0)


def test_targets_nobody_can_meet_are_said():
    with pytest.raises(InputError, match="No load meets"):
        planned([1.0], "fixed", goodput={1: 0.0, 2: 0.0})


def test_a_steady_trace_has_no_peak_and_a_burst_has_one():
    steady = hourly_load(np.arange(0, 7_200, 1.0))
    assert steady.mean_requests_per_s == pytest.approx([1.0, 1.0])
    assert steady.peak_requests_per_s == pytest.approx([1.0, 1.0])
    assert steady.cv == pytest.approx(0.0)
    burst = hourly_load(np.concatenate([np.arange(0, 3_600, 10.0), np.arange(1_800, 2_160, 0.25)]))
    assert burst.peak_requests_per_s[0] > 5 * 0.1
    assert burst.cv > 1


def test_hourly_counts_alone_assume_a_burstiness_and_say_so():
    # 3,600 requests: mean 1/s, 60 a minute, peak 1 + 1.645 * 2 * sqrt(60) / 60 = 1.4247
    load = hourly_load_from_counts(np.array([3_600.0]))
    assert load.peak_requests_per_s[0] == pytest.approx(1.4247, abs=1e-4)
    assert load.cv_is_assumed
    with pytest.raises(InputError):
        hourly_load_from_counts(np.array([-1.0]))
    with pytest.raises(InputError, match="two requests"):
        hourly_load(np.array([1.0]))

"""The error band by situation: quantiles and situations worked by hand, and what is thin."""

import numpy as np
import pytest

from tests.models.hosting.made_up import grid_rows
from workbench.models.hosting.band import (
    SITUATIONS,
    HeldOut,
    band_of,
    groupings,
    situations,
    situations_without,
    spread,
)
from workbench.models.hosting.likeness import Traits
from workbench.models.hosting.serving import calibrate, predict
from workbench.models.hosting.splits import cells_of


def rows(*named):
    """Traits of (shape, system, backend) triples."""
    names = dict(
        zip(
            ("shape", "system", "backend"),
            (np.array(c) for c in zip(*named, strict=True)),
            strict=True,
        )
    )
    return Traits(names=names, counts={"gpus": np.ones(len(named))})


ANCHORS = rows(("a", "x", "v"), ("a", "x", "s"), ("b", "y", "v"), ("b", "y", "v"))


def test_a_situation_says_what_was_measured_together():
    asked = rows(
        ("a", "x", "v"), ("b", "y", "s"), ("a", "y", "v"), ("c", "x", "v"), ("a", "z", "v")
    )
    assert situations(asked, ANCHORS).tolist() == [0, 1, 2, 3, 3]


def test_a_left_out_group_is_judged_against_the_rest_alone():
    # without the first row its family and machine are still there with other software; without
    # both of b on y neither is
    assert situations_without(ANCHORS, np.array([0, 1, 2, 2])).tolist() == [1, 1, 3, 3]
    assert situations_without(ANCHORS, np.array([0, 1, 2, 3])).tolist() == [1, 1, 0, 0]
    ways = groupings(ANCHORS, np.arange(4))
    assert [len(np.unique(way)) for way in ways] == [4, 3, 2, 2, 2]


def held(off, *, situation, groups=None, nearness=None):
    n = len(off)
    return HeldOut(
        groups=np.arange(n) if groups is None else groups,
        off=np.column_stack([off, 2 * off, 3 * off]),
        nearness=np.full(n, 0.5) if nearness is None else nearness,
        situation=np.full(n, situation),
    )


def test_the_ends_hold_eighty_percent_of_the_next_error_of_the_situation():
    near, far = np.arange(1, 41) / 100, np.arange(1, 41) / 10
    band = band_of([held(near, situation=0), held(far, situation=2)])
    low, high = spread(band, np.array([0.5, 0.5]), np.array([0, 2]))
    # the error of rank 0.9 * 41 = 36.9 of forty, and of rank 4.1
    assert low[0] == pytest.approx([0.041, 0.082, 0.123])
    assert high[0] == pytest.approx([0.369, 0.738, 1.107])
    assert high[1] == pytest.approx(10 * high[0])


def test_few_errors_reach_further_than_many_of_the_same_spread():
    """A quantile of few errors holds less of the next one; the share it holds is the same."""
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(400):
        seen = rng.standard_normal(40)
        low, high = spread(band_of([held(seen, situation=0)]), np.array([0.5]), np.array([0]))
        after = rng.standard_normal(50)
        inside.append(np.mean((low[0, 0] <= after) & (after <= high[0, 0])))
    assert np.mean(inside) == pytest.approx(0.8, abs=0.02)


def test_a_large_group_counts_as_the_root_of_its_rows():
    # 100 rows of one group at 1.0 weigh 10 together, 100 groups of one row at 0.0 weigh 100
    off = np.concatenate([np.ones(100), np.zeros(100)])
    groups = np.concatenate([np.zeros(100, dtype=int), np.arange(1, 101)])
    low, high = spread(
        band_of([held(off, situation=0, groups=groups)]), np.array([0.5]), np.array([0])
    )
    assert high[0, 0] < 0.05  # by rows half of them would reach it
    assert low[0, 0] == 0


def test_a_thin_situation_takes_the_next_less_known_one():
    many, wide = np.linspace(-1, 1, 45), np.linspace(-5, 5, 45)
    band = band_of([held(many, situation=0), held(wide, situation=3), held(many[:5], situation=1)])
    _, high = spread(band, np.full(4, 0.5), np.arange(4))
    # the error of rank 0.9 * 46 = 41.4 of 45, which is 40.4 of 44 steps along the line
    assert high[1, 0] == high[2, 0] == high[3, 0] == pytest.approx(-5 + 40.4 * 10 / 44)
    assert high[0, 0] == pytest.approx(-1 + 40.4 * 2 / 44)
    few = band_of([held(many[:9], situation=0)])
    assert all(len(knots) == 1 for knots in few.nearness)
    assert len(few.low) == len(SITUATIONS)


def test_nearer_anchors_give_a_narrower_band():
    rng = np.random.default_rng(5)
    nearness = np.linspace(0, 1, 600)
    off = rng.standard_normal(600) * (1.1 - nearness)
    band = band_of([held(off, situation=0, nearness=nearness)])
    low, high = spread(band, np.array([0.1, 0.9]), np.array([0, 0]))
    assert (high - low)[0, 0] > 3 * (high - low)[1, 0]


def test_software_never_measured_there_has_the_wider_band(measured, catalogue):
    many = measured.take(np.arange(96) % 48)
    kept = many.take(~((many.grid.model == "dense") & (many.grid.backend == "sglang")))
    model = calibrate(kept, catalogue, cells=cells_of(kept.grid))
    said = predict(model, grid_rows(backend=["vllm", "sglang"], batch_size=4.0), catalogue)
    width = np.log(said.tpot_ms_p90 / said.tpot_ms_p10)
    assert width[1] > width[0]

import numpy as np
import pytest

from tests.models.hosting.made_up import grid_rows
from workbench.errors import InputError
from workbench.models.hosting.held_out import cross_validate
from workbench.models.hosting.serving import calibrate, predict, throughput_per_gpu
from workbench.models.hosting.splits import cells_of
from workbench.models.hosting.tables import coefficient_rows, serving_model_of
from workbench.models.hosting.workload import ServingGrid


@pytest.fixture
def many(measured):
    """Twice the points, so that there are enough to calibrate on."""
    return measured.take(np.arange(96) % 48)


def test_throughput_is_what_littles_law_says():
    # 8 requests in flight, each 200 tokens in 1,000 + 199 * 10 = 2,990 ms, on two cards
    grid = grid_rows(tensor_parallel=2.0)
    assert throughput_per_gpu(grid, np.array([1_000.0]), np.array([10.0]))[0] == pytest.approx(
        1_600 / 2.99 / 2
    )


def test_neighbours_teach_what_the_roofline_cannot_know(many, catalogue):
    model = calibrate(many, catalogue, cells=cells_of(many.grid))
    said = predict(model, many.grid, catalogue)
    assert np.median(np.abs(said.tpot_ms / many.tpot_ms - 1)) < 0.03
    assert said.in_box.all()
    assert said.nearness == pytest.approx(np.ones(96), abs=1e-3)


def test_an_answer_lies_inside_its_band(many, catalogue):
    model = calibrate(many, catalogue, cells=cells_of(many.grid))
    said = predict(model, grid_rows(batch_size=[1.0, 10, 40], input_tokens=2_000.0), catalogue)
    for name in ("tpot_ms", "ttft_ms", "output_tokens_per_s_per_gpu"):
        low, at, high = (getattr(said, f"{name}{end}") for end in ("_p10", "", "_p90"))
        assert np.all(low <= at)
        assert np.all(at <= high)


def test_outside_the_box_the_band_reaches_a_factor_of_two_and_far_outside_there_is_no_answer(
    many, catalogue
):
    model = calibrate(many, catalogue, cells=cells_of(many.grid))
    grid = grid_rows(
        batch_size=[16.0, 100.0, 400.0, 16.0, 16.0],
        system="card",
        backend=["vllm", "vllm", "vllm", "ollama", "vllm"],
        attention_replicas=[1.0, 1.0, 1.0, 1.0, 2.0],
    )
    said = predict(model, grid, catalogue)
    assert said.in_box.tolist() == [True, False, False, False, False]
    assert said.refused.tolist() == [False, False, True, False, True]
    assert said.tpot_ms_p90[1] >= 2 * said.tpot_ms[1]
    assert said.tpot_ms_p10[3] <= said.tpot_ms[3] / 2
    assert np.isnan(said.tpot_ms[2])
    assert "never measured" in said.reason[3]


def test_heads_that_cannot_be_split_inside_a_node_are_refused_and_said(many, catalogue):
    model = calibrate(many, catalogue, cells=cells_of(many.grid))
    # ten attention heads over 1, 2, 3, 4, 5 cards
    said = predict(model, grid_rows(tensor_parallel=[1.0, 2.0, 3.0, 4.0, 5.0]), catalogue)
    uneven = [False, False, True, True, False]
    assert ["split evenly" in reason for reason in said.reason] == uneven
    assert said.refused[2:4].all()
    assert np.isnan(said.tpot_ms[2:4]).all()
    # beyond a node points are measured at such numbers: the rule says nothing there
    wide = predict(model, grid_rows(tensor_parallel=12.0), catalogue)
    assert "split evenly" not in wide.reason[0]


def test_the_answer_does_not_depend_on_the_rows_asked_beside_it(many, catalogue):
    model = calibrate(many, catalogue, cells=cells_of(many.grid))
    together = predict(model, many.grid, catalogue)
    alone = predict(model, many.grid.take(np.array([7])), catalogue)
    assert alone.tpot_ms[0] == pytest.approx(together.tpot_ms[7], rel=1e-4)


def test_a_stored_model_answers_as_the_fitted_one(many, catalogue):
    model = calibrate(many, catalogue, cells=cells_of(many.grid))
    anchors = [
        {
            "id": str(n), "model_path": str(g.model[n]), "system": "card",
            "backend": str(g.backend[n]), "precision": "bf16", "isl": str(g.input_tokens[n]),
            "osl": str(g.output_tokens[n]), "batch_size": str(g.batch_size[n]), "tp_size": "1",
            "silicon_ttft_ms": repr(float(many.ttft_ms[n])),
            "silicon_tpot_ms": repr(float(many.tpot_ms[n])),
            "tpot_weight": repr(float(model.anchor_weights[n, 0])),
            "ttft_weight": repr(float(model.anchor_weights[n, 1])),
        }
        for g in [many.grid]
        for n in range(len(g))
    ]  # fmt: skip
    again = serving_model_of(coefficient_rows(model), anchors, catalogue)
    asked = grid_rows(batch_size=[2.0, 30.0])
    assert predict(again, asked, catalogue).ttft_ms == pytest.approx(
        predict(model, asked, catalogue).ttft_ms, rel=1e-5
    )


def test_held_out_errors_cover_every_row_once(many, catalogue):
    errors, answers = cross_validate(many, catalogue, cells=cells_of(many.grid), folds=4)
    assert [error.rows for error in errors] == [96, 96, 96]
    assert errors[1].refused == int(np.isnan(answers["tpot_ms"]).sum())
    assert errors[1].median_error < 0.15


def test_too_few_points_state_no_error(measured, catalogue):
    with pytest.raises(InputError, match="too few"):
        calibrate(measured, catalogue, cells=cells_of(measured.grid))


def test_a_grid_keeps_its_columns_when_rows_are_taken():
    grid = grid_rows(batch_size=[1.0, 2.0, 3.0])
    taken = grid.take(np.array([2, 0]))
    assert isinstance(taken, ServingGrid)
    assert taken.concurrency.tolist() == [3, 1]

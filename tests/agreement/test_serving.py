"""Serving predictions against measured points that were left out, and published throughputs."""

import csv
import gzip

import numpy as np
import pytest

from workbench.exports.hosting_predict import read_rows, shipped_catalogue, shipped_model
from workbench.models.hosting.held_out import cross_validate, leave_shares_out, uncalibrated_error
from workbench.models.hosting.published import offline_counts, offline_questions
from workbench.models.hosting.splits import cells_of, first_meetings_of, strict_cells_of
from workbench.models.hosting.tables import GRID_COLUMNS, measured_of


@pytest.fixture(scope="module")
def measured(shared):
    path = shared / "oracles" / "measured_serving.csv.gz"
    rows = read_rows(path, required=GRID_COLUMNS)
    return measured_of([row for row in rows if row["mode"] == "agg"], shipped_catalogue())


def test_held_out_cells_are_predicted_within_the_stated_error(measured, capsys):
    errors, answers = cross_validate(measured, shipped_catalogue(), cells=cells_of(measured.grid))
    textbook = uncalibrated_error(measured, shipped_catalogue())
    with capsys.disabled():
        for e in errors:
            print(
                f"\n{e.metric}: median error {e.median_error:.1%} over {e.rows} rows, "
                f"{e.refused} refused, band holds {e.coverage:.1%}, median width "
                f"{e.median_width:.1%}; textbook roofline {textbook[e.metric]:.1%}"
            )
    throughput, tpot, ttft = errors
    assert throughput.median_error < 0.15
    assert tpot.median_error < 0.15
    assert ttft.median_error < 0.31
    for error in (throughput, tpot):
        assert 0.75 <= error.coverage <= 0.87
    assert sum(error.refused for error in errors) < 0.03 * 3 * len(measured.grid)
    assert np.isnan(answers["tpot_ms"]).sum() == tpot.refused


def test_models_of_one_shape_left_out_together_cost_little(measured, capsys):
    """R1 and V3 share measurements under two names: without its twin the error must hold too."""
    catalogue = shipped_catalogue()
    cells = strict_cells_of(measured.grid, catalogue)
    assert cells.max() < cells_of(measured.grid).max()
    (throughput, tpot, _), _ = cross_validate(measured, catalogue, cells=cells)
    with capsys.disabled():
        print(
            f"\nstrict cells: throughput {throughput.median_error:.1%}, TPOT {tpot.median_error:.1%}, "
            f"bands hold {throughput.coverage:.1%} and {tpot.coverage:.1%}"
        )
    for error in (throughput, tpot):
        assert error.median_error < 0.15
        assert 0.75 <= error.coverage <= 0.87


@pytest.mark.long
def test_machines_that_meet_a_model_for_the_first_time_are_inside_their_band(measured, capsys):
    """Family and machine were measured, never together: the band is that of such points."""
    catalogue = shipped_catalogue()
    groups = first_meetings_of(measured.grid, catalogue)
    (throughput, tpot, _), _ = cross_validate(measured, catalogue, cells=groups)
    with capsys.disabled():
        print(f"\nfirst meetings: bands hold {throughput.coverage:.1%} and {tpot.coverage:.1%}")
    for error in (throughput, tpot):
        assert 0.75 <= error.coverage <= 0.87


@pytest.mark.long
def test_bands_hold_when_a_third_of_the_cells_is_left_out_at_random(measured, capsys):
    catalogue = shipped_catalogue()
    splits = leave_shares_out(measured, catalogue, groups=cells_of(measured.grid), seeds=range(3))
    for metric in (0, 1):
        held = [errors[metric].coverage for errors in splits]
        with capsys.disabled():
            print(f"\n30 % of cells left out: bands hold {', '.join(f'{one:.1%}' for one in held)}")
        assert 0.75 <= np.mean(held) <= 0.87


def test_the_shipped_anchors_are_the_measured_rows(measured):
    shipped = shipped_model().anchors
    assert len(shipped.grid) == len(measured.grid)
    assert shipped.tpot_ms == pytest.approx(measured.tpot_ms, rel=1e-5)
    assert shipped.ttft_ms == pytest.approx(measured.ttft_ms, rel=1e-5)


def test_published_offline_rows_are_inside_their_band_or_refused(shared, capsys):
    rows = read_rows(shared / "facts" / "published_throughput.csv", required=("tp",))
    catalogue = shipped_catalogue()
    questions, published = offline_questions(rows, catalogue)
    counts = offline_counts(shipped_model(), questions, catalogue, published)
    offline = sum("offline max" in row["concurrency_or_qps"] for row in rows)
    with capsys.disabled():
        print(f"\npublished offline-max rows: {offline}, of a known model: {counts}")
    assert counts["outside"] == 0
    assert counts["refused_covered_inside"] <= counts["refused_covered"] <= counts["refused"]
    assert counts["inside"] + counts["refused"] == counts["asked"] == len(published)


def test_the_oracle_has_the_columns_the_contract_names(shared):
    with gzip.open(shared / "oracles" / "measured_serving.csv.gz", "rt", newline="") as file:
        header = next(csv.reader(file))
    assert set(GRID_COLUMNS) < set(header)

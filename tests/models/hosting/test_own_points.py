import pytest

from workbench.errors import InputError
from workbench.exports.hosting_predict import shipped_catalogue, shipped_model
from workbench.models.hosting.own_points import row_of_vllm_report, with_own_points
from workbench.models.hosting.serving import predict
from workbench.models.hosting.tables import grid_of, measured_of

REPORT = {
    "date": "20261101-120000", "backend": "vllm", "model_id": "meta-llama/Llama-3.1-70B",
    "completed": 100, "total_input_tokens": 102_400, "total_output_tokens": 102_400,
    "mean_ttft_ms": 900.0, "mean_tpot_ms": 25.0, "max_concurrency": 16,
    "request_throughput": 0.4,
}  # fmt: skip


def own_row(**changes):
    return row_of_vllm_report(
        {**REPORT, **changes}, system="h100_sxm", tensor_parallel=4, precision="fp8",
        backend_version="0.19.0",
    )  # fmt: skip


def test_a_report_becomes_a_measured_point():
    row = own_row()
    assert (row["isl"], row["osl"], row["batch_size"]) == ("1024", "1024", "16")
    # open loop: 0.4 requests/s times 0.9 s + 1,023 * 25 ms = 26.475 s in flight
    assert float(own_row(max_concurrency=None)["batch_size"]) == pytest.approx(10.59, rel=1e-4)


def test_an_own_measurement_decides_its_configuration_and_sways_its_neighbours():
    catalogue, model = shipped_catalogue(), shipped_model()
    row = own_row()
    own = with_own_points(model, measured_of([row], catalogue), catalogue)
    asked = grid_of([row, {**row, "batch_size": "24"}, {**row, "system": "b300_sxm"}], catalogue)
    before, after = predict(model, asked, catalogue), predict(own, asked, catalogue)
    assert before.tpot_ms[0] < 15
    assert after.tpot_ms[0] == pytest.approx(25, rel=0.05)
    assert after.ttft_ms[0] == pytest.approx(900, rel=0.15)
    assert after.tpot_ms[1] > before.tpot_ms[1] * 1.5
    # another machine moves less than half as far
    moved = after.tpot_ms / before.tpot_ms - 1
    assert abs(moved[2]) < moved[0] / 2
    assert after.nearest_anchor[0] == len(model.anchors.grid)


def test_a_report_without_its_numbers_is_refused():
    with pytest.raises(InputError, match="mean_tpot_ms"):
        own_row(mean_tpot_ms=None)

import csv
import gzip
import statistics

import pytest

from workbench.errors import InputError
from workbench.exports.hosting_calibrate import main
from workbench.exports.hosting_predict import COLUMNS, NUMBERS, answer_rows, predict_csv
from workbench.reference import data_folder, read_table

ROW = {
    "id": "a", "silicon_data_source": "", "backend": "vllm", "backend_version": "0.19.0",
    "model_path": "meta-llama/Llama-3.1-70B", "system": "h100_sxm", "precision": "fp8",
    "mode": "agg", "isl": "1024", "osl": "1024", "gemm_quant_mode": "fp8",
    "moe_quant_mode": "fp8", "batch_size": "16", "tp_size": "4", "pp_size": "1",
    "attention_dp_size": "", "moe_tp_size": "", "moe_ep_size": "0",
}  # fmt: skip


def written(path, rows, *, opener=open):
    with opener(path, "wt", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def answers_of(tmp_path, rows, **opened):
    out = tmp_path / "out.csv"
    counts = predict_csv(written(tmp_path / "in.csv", rows, **opened), out)
    with out.open(newline="", encoding="utf-8") as file:
        return counts, list(csv.DictReader(file))


def test_every_row_is_answered_by_id_with_a_band(tmp_path):
    counts, answers = answers_of(tmp_path, [ROW, {**ROW, "id": "b", "batch_size": "32"}])
    assert counts == {"rows": 2, "in_box": 2, "extrapolated": 0, "refused": 0}
    assert [row["id"] for row in answers] == ["a", "b"]
    assert list(answers[0]) == list(COLUMNS)
    for metric in ("output_tokens_per_s_per_gpu", "tpot_ms", "ttft_ms"):
        low, at, high = (float(answers[0][f"{metric}{end}"]) for end in ("_p10", "", "_p90"))
        assert low < at < high
    assert answers[0]["in_box"] == "true"
    # a 70 B model in fp8 on four H100 writes a token in about 13 ms at this load
    assert float(answers[0]["tpot_ms"]) == pytest.approx(13, rel=0.25)


def test_throughput_follows_from_the_two_times(tmp_path):
    _, (answer,) = answers_of(tmp_path, [ROW])
    total_ms = float(answer["ttft_ms"]) + 1_023 * float(answer["tpot_ms"])
    assert float(answer["output_tokens_per_s_per_gpu"]) == pytest.approx(
        1_000 * 16 * 1_024 / total_ms / 4, rel=1e-4
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": "disagg"}, "disaggregated"),
        ({"model_path": "nobody/has-heard-of-it"}, "model not in the catalogue"),
        ({"system": "abacus"}, "system not in the catalogue"),
        ({"isl": "500000"}, "input tokens"),
        ({"batch_size": "1e15"}, "requests in flight"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_a_reason_and_blank_numbers(
    tmp_path, change, reason
):
    counts, (answer,) = answers_of(tmp_path, [{**ROW, **change}])
    assert counts["refused"] == 1
    assert {answer[name] for name in NUMBERS} == {""}
    assert answer["in_box"] == "false"
    assert reason in answer["reason"]


def test_a_machine_nobody_measured_is_answered_as_an_extrapolation(tmp_path):
    counts, (answer,) = answers_of(
        tmp_path, [{**ROW, "model_path": "Qwen/Qwen3-8B", "system": "apple_m3_ultra",
                    "backend": "ollama", "precision": "bf16", "gemm_quant_mode": "",
                    "moe_quant_mode": "", "tp_size": "1", "batch_size": "1"}],
    )  # fmt: skip
    assert counts["extrapolated"] == 1
    assert float(answer["tpot_ms_p90"]) >= 2 * float(answer["tpot_ms"])
    assert answer["reason"].startswith("uncalibrated: ")
    assert "never measured" in answer["reason"]


def test_gzip_and_other_spellings_of_a_name_are_read(tmp_path):
    spelled = {**ROW, "model_path": "Llama-3.1-70b-instruct"}
    _, (answer,) = answers_of(tmp_path, [spelled], opener=gzip.open)
    assert answer["tpot_ms"] != ""
    assert answer["reason"] == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"isl": ""}, "isl must be a number of at least 1, not ''."),
        ({"osl": "-5"}, "osl must be a number of at least 1, not '-5'."),
        ({"tp_size": "nan"}, "tp_size must be"), ({"tp_size": "0"}, "tp_size must be"),
        ({"batch_size": "=1+1"}, "batch_size must be"), ({"batch_size": "1e308"}, "batch_size must be"),
        ({"isl": "inf"}, "isl must be"), ({"attention_dp_size": "two"}, "attention_dp_size must be"),
        ({"precision": "fp3", "gemm_quant_mode": "", "moe_quant_mode": ""}, "precision 'fp3' is not known"),
        ({"system": ""}, "system not in the catalogue"), ({"model_path": ""}, "model not in the catalogue"),
    ],
)  # fmt: skip
def test_a_bad_row_is_refused_with_its_reason_and_the_others_are_answered(tmp_path, change, said):
    out = tmp_path / "out.csv"
    path = written(
        tmp_path / "in.csv", [ROW, {**ROW, "id": "bad-row", **change}, {**ROW, "id": "last"}]
    )
    assert predict_csv(path, out)["refused"] == 1
    with out.open(newline="") as file:
        answers = list(csv.DictReader(file))
    assert [row["id"] for row in answers] == [ROW["id"], "bad-row", "last"]
    assert answers[1]["in_box"] == "false"
    assert answers[1]["reason"].startswith(said)
    assert {answers[1][name] for name in NUMBERS} == {""}
    assert answers[0]["tpot_ms"] == answers[2]["tpot_ms"] != ""


def test_a_file_that_is_no_table_is_refused(tmp_path):
    nothing = tmp_path / "nothing.csv"
    with pytest.raises(InputError, match="cannot be read"):
        predict_csv(nothing, tmp_path / "out.csv")
    nothing.write_bytes(b"\x00\xff\xfe binary")
    with pytest.raises(InputError):
        predict_csv(nothing, tmp_path / "out.csv")
    nothing.write_text("id,isl\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match="no column"):
        predict_csv(nothing, tmp_path / "out.csv")


def test_no_rows_is_no_answers():
    assert answer_rows([]) == []


def test_calibrating_on_nothing_is_refused_and_rewrites_nothing(tmp_path, capsys):
    path = written(tmp_path / "few.csv", [{**ROW, "silicon_ttft_ms": "1", "silicon_tpot_ms": "1"}])
    assert main([str(path)]) == 1
    assert "too few" in capsys.readouterr().err
    assert main([]) == 2


def test_another_fit_is_written_where_it_is_told_and_answers_for_a_cell_it_never_saw(tmp_path):
    """What an outside checker does: refit on a part of the points, predict the rest."""
    points = [
        row
        for row in read_table("measured_serving")
        if row["model_path"] == "openai/gpt-oss-120b" and row["system"] in ("h100_sxm", "b200_sxm")
    ]
    held = [row for row in points if (row["system"], row["isl"]) == ("h100_sxm", "8192")]
    rest = [row for row in points if row not in held]
    assert len(held) >= 10
    assert len(rest) >= 100
    shipped = {path: path.read_bytes() for path in (data_folder() / "reference").glob("serv*.csv")}
    fit = tmp_path / "fit"
    assert main([str(written(tmp_path / "rest.csv", rest)), "--out", str(fit)]) == 0
    assert sorted(path.name for path in fit.iterdir()) == [
        "measured_serving.csv", "serving_coefficients.csv", "serving_errors.csv",
    ]  # fmt: skip
    assert all(path.read_bytes() == text for path, text in shipped.items())

    out = tmp_path / "held-out.csv"
    predict_csv(written(tmp_path / "held.csv", held), out, calibration=fit)
    with out.open(newline="", encoding="utf-8") as file:
        said = list(csv.DictReader(file))
    off = [
        abs(float(answer["tpot_ms"] or 0) / float(row["silicon_tpot_ms"]) - 1)
        for row, answer in zip(held, said, strict=True)
    ]
    assert statistics.median(off) < 0.25
    assert off != [0.0] * len(off)


def test_a_folder_without_a_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        predict_csv(written(tmp_path / "in.csv", [ROW]), tmp_path / "o.csv", calibration=tmp_path)


def test_a_name_that_only_one_model_begins_with_is_that_model(tmp_path):
    _, (answer,) = answers_of(tmp_path, [{**ROW, "model_path": "meta-llama/Llama-4-Maverick"}])
    assert "catalogue" not in answer["reason"]
    _, (several,) = answers_of(tmp_path, [{**ROW, "model_path": "Qwen/Qwen3"}])
    assert several["reason"] == "model not in the catalogue"

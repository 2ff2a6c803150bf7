import json

import pytest

from workbench.errors import InputError
from workbench.exports.hosting_study import (
    commitment_document,
    decision_document,
    study_document,
)

STUDY = {
    "configuration": {
        "model_path": "meta-llama/Llama-3.1-70B", "system": "h100_sxm", "backend": "vllm",
        "precision": "fp8", "tp_size": 2, "batch_size": 32,
    },
    "requests_by_hour": [3_600.0] * 8 + [14_400.0] * 8 + [7_200.0] * 8,
    "cv": 1.5, "median_input_tokens": 1_000, "median_output_tokens": 200, "sigma": 0.5,
    "targets": {"ttft_p95_s": 2.0, "tpot_p95_ms": 60.0, "spare_replicas": 1},
    "usd_per_gpu_hour": 2.5, "api_usd_per_mtok_input": 0.6, "api_usd_per_mtok_output": 0.8,
}  # fmt: skip


def test_a_study_is_plain_data_and_its_parts_agree():
    answer = study_document(STUDY)
    json.dumps(answer)
    assert answer["in_box"]
    assert answer["gpus_per_replica"] == 2
    running = sum(answer["replicas_running"])
    assert answer["own_usd_per_month"] == pytest.approx(running * 2 * 2.5 * 730 / 24)
    assert len(set(answer["replicas_running"])) == 1
    assert answer["goodput_p10"] < answer["goodput_tokens_per_s_per_gpu"] < answer["goodput_p90"]
    # the cost at the achieved utilisation, over the API's price, is break-even over achieved
    ratio = answer["own_usd_per_mtok"] / answer["api_usd_per_mtok"]
    assert ratio == pytest.approx(answer["breakeven_utilization"] / answer["utilization"])


def test_an_autoscaled_fleet_costs_less_and_serves_the_same():
    fixed = study_document(STUDY)
    scaled = study_document({**STUDY, "scaling": "autoscaled"})
    assert scaled["replicas_needed"] == fixed["replicas_needed"]
    assert scaled["own_usd_per_month"] < fixed["own_usd_per_month"]
    assert scaled["utilization"] > fixed["utilization"]


def test_owned_hours_come_from_the_node():
    node = {
        "capex_usd": 320_000, "accelerators": 8, "life_years": 4, "residual_ratio": 0.1,
        "wacc": 0.08, "it_kw": 10.2, "load_factor": 0.6, "pue": 1.3, "usd_per_kwh": 0.12,
    }  # fmt: skip
    answer = study_document({**STUDY, "owned_node": node})
    # 72,000 + 14,080 + 8,363.35 a year over 8 accelerators and 8,760 hours
    assert answer["usd_per_gpu_hour"] == pytest.approx(94_443.3472 / 70_080)
    assert sum(answer["owned_usd_per_year"].values()) == pytest.approx(94_443.3472)


def test_a_decision_document_names_the_choice_and_its_reason():
    eu = {"regions": ["eu"], "data_classes": ["public"]}
    answer = decision_document(
        {
            "options": [
                {"name": "api", "usd_per_mtok": 2.0, **eu},
                {"name": "own", "usd_per_mtok": 2.0, "replicas": 1, "replica_mtok_per_hour": 2.0,
                 "usd_per_replica_hour": 1.0, **eu},
            ],
            "mtok_per_month": [[1_000.0], [300.0]],
            "tolerance": {"region": "eu", "data_class": "public", "discount_rate_per_year": 0.0},
        }
    )  # fmt: skip
    json.dumps(answer)
    assert answer["chosen"] == "own"  # 730 in both draws against 2,000 and 600
    api = answer["options"][0]
    assert api["p_cheaper_than_chosen"] == 0.5
    assert api["npv_p50_usd"] == pytest.approx(1_300)


def test_a_commitment_document_takes_a_shipped_offer_with_its_word_of_doubt():
    answer = commitment_document(
        {"offer": "Azure PTU global, 1 year, gpt-5", "mtok_by_hour": [6.0] * 24, "units": 15,
         "draws": [[6.0] * 24, [3.0] * 24]}
    )  # fmt: skip
    json.dumps(answer)
    assert "unverified" in answer["confidence"]
    assert answer["best"]["units"] == 20  # 21 are needed, sold in steps of 5
    assert answer["held"]["utilization"] == pytest.approx(1.0)
    assert any(line["p_loses"] == 0.0 for line in answer["regret"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": None}, "targets"),
        ({"usd_per_gpu_hour": "much"}, "usd_per_gpu_hour"),
        ({"requests_by_hour": [-1.0]}, "not be negative"),
        ({"targets": {"ttft_p95_s": 2, "tpot_p95_ms": 60, "typo": 1}}, "typo"),
        ({"targets": {"ttft_p95_s": 0.001, "tpot_p95_ms": 1}}, "No load meets"),
        ({"configuration": {**STUDY["configuration"], "batch_size": 100_000}}, "refuses"),
    ],
)
def test_a_document_that_cannot_be_answered_says_why(change, message):
    with pytest.raises(InputError, match=message):
        study_document({**STUDY, **change})


def test_an_unknown_offer_lists_those_there_are():
    with pytest.raises(InputError, match="Azure PTU"):
        commitment_document({"offer": "nothing", "mtok_by_hour": [1.0]})


DECISION = {
    "options": [{"name": "api", "usd_per_mtok": 2.0}],
    "mtok_per_month": [[1_000.0], [300.0]],
    "tolerance": {"region": "eu", "data_class": "public"},
}
COMMITMENT = {
    "offer": "Azure PTU global, 1 year, gpt-5",
    "mtok_by_hour": [6.0] * 24,
    "draws": [[6.0]],
}


@pytest.mark.parametrize(
    ("answer", "whole", "change", "message"),
    [
        (study_document, STUDY, {"cv": None}, "cv must be a number, not None"),
        (study_document, STUDY, {"sigma": float("nan")}, "sigma must be a number"),
        (study_document, STUDY, {"requests_by_hour": "x"}, "requests_by_hour must be a list"),
        (study_document, STUDY, {"requests_by_hour": [1, [2]]}, "requests_by_hour, place 2"),
        (study_document, STUDY, {"usd_per_gpu_hour": 1e308}, "at most 1e"),
        (study_document, STUDY, {"configuration": {"system": "h100_sxm"}}, "needs model_path"),
        (study_document, STUDY, {"targets": {"ttft_p95_s": "soon", "tpot_p95_ms": 60}}, "Targets, ttft_p95_s"),
        (study_document, STUDY, {"targets": {"ttft_p95_s": 2, "tpot_p95_ms": 60, "spare_replicas": 0.5}}, "whole number"),
        (decision_document, DECISION, {"options": [1, 2]}, "options, place 1"),
        (decision_document, DECISION, {"options": [{"name": "a", "regions": "eu"}]}, "regions must be a list"),
        (decision_document, DECISION, {"mtok_per_month": [[1.0], [1.0, 2.0]]}, "different lengths"),
        (decision_document, DECISION, {"tolerance": {**DECISION["tolerance"], "discount_rate_per_year": -1}}, "above -1"),
        (decision_document, DECISION, {"tolerance": {"region": "eu"}}, "Tolerance: missing data_class"),
        (commitment_document, COMMITMENT, {"offer": []}, "prices offers"),
        (commitment_document, COMMITMENT, {"draws": [[]]}, "without values"),
        (commitment_document, COMMITMENT, {"mtok_by_hour": {"a": 1}}, "mtok_by_hour must be a list"),
    ],
)  # fmt: skip
def test_odd_values_are_refused_by_name(answer, whole, change, message):
    with pytest.raises(InputError, match=message):
        answer({**whole, **change})

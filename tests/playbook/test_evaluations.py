"""Result files of four tools give the same kind of case, and nothing is made up."""

import json

import pytest

from workbench.errors import InputError
from workbench.playbook.evaluations import read_results


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_promptfoo(tmp_path):
    row = {
        "testIdx": 4, "success": False, "cost": 0.002, "latencyMs": 812,
        "response": {"tokenUsage": {"prompt": 100, "completion": 40, "completionDetails": {"reasoning": 12}}},
        "gradingResult": {"componentResults": [
            {"pass": False, "assertion": {"type": "contains"}},
            {"pass": True, "assertion": {"type": "is-json"}},
        ]},
    }  # fmt: skip
    (case,) = read_results(write(tmp_path, "r.json", {"results": {"version": 3, "results": [row]}}))
    assert (case.case_id, case.success, case.schema_valid, case.refused) == ("4", False, True, None)
    assert (case.input_tokens, case.output_tokens, case.reasoning_tokens) == (100, 40, 12)
    assert (case.cost_usd, case.latency_ms) == (0.002, 812)


def test_deepeval(tmp_path):
    row = {
        "name": "refund", "success": True, "completionTime": 1.5, "tokenCost": 0.01,
        "metricsData": [{"name": "Json Correctness", "success": False}],
    }  # fmt: skip
    (case,) = read_results(write(tmp_path, "r.json", {"testCases": [row]}))
    assert (case.case_id, case.latency_ms, case.cost_usd, case.schema_valid) == (
        "refund",
        1500,
        0.01,
        False,
    )
    assert case.input_tokens is None


def test_langfuse(tmp_path):
    row = {
        "id": "t1", "datasetItemId": "d1", "latency": 0.9, "totalCost": 0.003,
        "usage": {"input": 10, "output": 5},
        "scores": [{"name": "correctness", "value": 1}, {"name": "refused", "value": 0}],
    }  # fmt: skip
    (case,) = read_results(write(tmp_path, "r.json", {"data": [row]}))
    assert (case.case_id, case.success, case.refused, case.latency_ms) == ("d1", True, False, 900)


def test_plain_csv(tmp_path):
    (case,) = read_results(write(tmp_path, "r.csv", "case_id,success,cost_usd\na,yes,\n"))
    assert (case.success, case.cost_usd, case.schema_valid) == (True, None, None)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("r.csv", "case_id,sucess\na,yes\n", "case_id and success"),
        ("r.csv", "case_id,success\na,perhaps\n", "line 2: 'perhaps'"),
        ("r.csv", "case_id,success,input_tokens\na,yes,1.5\n", "no whole number"),
        ("r.json", {"rows": []}, "not a result file"),
        ("r.json", "nothing", "neither CSV nor JSON"),
        ("r.json", {"data": [{"id": "a", "scores": [{"name": "tone", "value": 1}]}]}, "success"),
    ],
)
def test_what_is_no_result_file_is_refused(tmp_path, name, content, words):
    with pytest.raises(InputError, match=words):
        read_results(write(tmp_path, name, content))

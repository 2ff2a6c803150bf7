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


def test_deepeval_wraps_its_latest_run(tmp_path):
    row = {
        "name": "refund",
        "success": False,
        "metricsData": [],
        "runDuration": 9.0,
        "evaluationCost": 0.5,
    }
    (case,) = read_results(
        write(tmp_path, "latest.json", {"testRunData": {"testCases": [row]}, "testRunLink": None})
    )
    assert (case.case_id, case.success) == ("refund", False)
    assert (case.cost_usd, case.latency_ms) == (None, None)  # what judging cost is not the model's


def test_promptfoo_lines_and_one_model_a_file(tmp_path):
    rows = [
        {"testIdx": n, "success": True, "provider": {"id": name, "label": ""}, "response": {"tokenUsage": {}}}
        for n, name in ((0, "openai:gpt-5.4"), (1, "openai:gpt-5.4"), (0, "anthropic:claude-sonnet-5"))
    ]  # fmt: skip
    lines = "\n".join(json.dumps(row) for row in rows[:2]) + "\n"
    assert [c.case_id for c in read_results(write(tmp_path, "r.jsonl", lines))] == ["0", "1"]
    with pytest.raises(InputError, match="one file a model"):
        read_results(write(tmp_path, "r.json", {"results": {"results": rows}}))


def test_langfuse_traces_without_their_scores_say_how_to_get_them(tmp_path):
    with pytest.raises(InputError, match="by id only"):
        read_results(write(tmp_path, "r.json", {"data": [{"id": "t1", "scores": ["s1"]}]}))


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

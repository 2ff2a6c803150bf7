import json
from pathlib import Path

import pytest

from tests.agreement.worked_examples import agrees, load_adapters, main, report


def test_every_example_with_a_model_agrees(shared: Path) -> None:
    assert main([str(shared / "oracles" / "worked_examples.json")]) == 0


def test_a_wrong_expected_value_fails_the_run_and_is_named(tmp_path: Path, capsys) -> None:
    examples = [
        {"id": "a", "inputs": {"x": 2}, "expected": {"y": 5}, "abs_tolerance": 1e-6},
        {"id": "b", "inputs": {}, "expected": {"z": 1}},
        {"id": "c", "inputs": {"x": 1}, "expected": {"y": 2}},
    ]
    double = {"a": lambda i: {"y": 2 * i["x"]}, "c": lambda i: {"y": 2 * i["x"]}}
    assert not report(examples, double)
    printed = capsys.readouterr().out
    assert "a: DISAGREES (0 of 1)" in printed
    assert "b: no model yet" in printed
    assert "c: agrees (1 of 1)" in printed


def test_an_adapter_that_fails_does_not_hide_the_next(capsys) -> None:
    examples = [
        {"id": "a", "inputs": {}, "expected": {"y": 5}},
        {"id": "c", "inputs": {}, "expected": {"y": 2}},
    ]
    assert not report(examples, {"a": lambda i: i["absent"], "c": lambda i: {"y": 2}})
    printed = capsys.readouterr().out
    assert "a: DISAGREES, KeyError: 'absent' is missing from the inputs" in printed
    assert "c: agrees" in printed


@pytest.mark.parametrize(
    ("computed", "expected", "same"),
    [
        (1.0000005, 1, True),
        (1.000002, 1, False),
        (None, 1, False),
        (None, None, True),
        (True, 1, False),
        ([1.0, 2.0], [1, 2], True),
        ([1.0], [1, 2], False),
        ({"a": 1.0, "extra": 3}, {"a": 1}, True),
        (float("nan"), 1, False),
    ],
)
def test_values_agree_within_the_tolerance(computed, expected, same) -> None:
    assert agrees(computed, expected, tolerance=1e-6) is same


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    assert main([str(tmp_path / "none.json")]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting property name"),
        ("{}", "expected a list of examples"),
        ('[{"id": "a", "expected": {}}]', "example 0 needs `inputs`"),
        ('[{"id": "a", "inputs": {}}]', "example 0 needs `expected`"),
    ],
)
def test_a_file_that_holds_no_examples_is_a_wrong_call(tmp_path: Path, capsys, text, said) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    assert main([str(path)]) == 2
    assert said in capsys.readouterr().out


def test_two_adapters_for_one_id_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.py").write_text("ADAPTERS = {'a': dict}\n")
    with pytest.raises(ValueError, match="second adapter for 'a'"):
        load_adapters(tmp_path)


def test_a_bare_list_of_examples_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps([{"id": "nobody", "inputs": {}, "expected": {}}]))
    assert main([str(path)]) == 0

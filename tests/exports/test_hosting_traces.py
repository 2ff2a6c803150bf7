"""The end-to-end study: on the real traces where they are, on the stand-in everywhere."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from tests.conftest import CHECKOUT
from workbench.cli import workbench as command
from workbench.errors import InputError
from workbench.exports.hosting_traces import (
    CHANGES,
    real_traces,
    synthetic_traces,
    trace_study,
)

NOTEBOOK = CHECKOUT / "docs" / "studies" / "hosting_on_real_traces.ipynb"


def check(study):
    week = study["fortnight"]
    assert week["own_usd_per_mtok_p10"] < week["own_usd_per_mtok"] < week["own_usd_per_mtok_p90"]
    assert week["replicas_paid"] == week["replicas_needed"] + 1
    assert {one["change"] for one in study["changes"]} == set(CHANGES)
    by_change = {one["change"]: one["own_usd_per_mtok"] for one in study["changes"]}
    # the price of accelerators moves own cost in proportion, a spare by one replica
    assert by_change["accelerators at twice the price"] == pytest.approx(
        2 * week["own_usd_per_mtok"]
    )
    assert by_change["no spare"] == pytest.approx(
        week["own_usd_per_mtok"] * week["replicas_needed"] / week["replicas_paid"]
    )
    assert by_change["autoscaled"] < week["own_usd_per_mtok"] <= by_change["40 ms a token"]
    assert len(study["decision"]["options"]) == 3
    assert "P10-P90" in study["answer"]


def test_the_stand_in_answers_and_says_that_it_is_made_up():
    study = trace_study()
    assert "synthetic" in study["source"]
    check(study)


def test_the_stand_in_is_bursty_and_sleeps_at_weekends():
    made = synthetic_traces()
    gaps = np.diff(made.arrived_s)
    assert 1.2 < gaps.std() / gaps.mean() < 1.6
    days = made.requests_by_hour.reshape(14, 24).sum(axis=1)
    assert days[5] == pytest.approx(days[0] / 2)


def test_the_real_traces_answer_end_to_end(shared, capsys):
    folder = shared / "traces"
    traces = real_traces(folder)
    assert len(traces.arrived_s) == 19_366
    assert len(traces.requests_by_hour) == 14 * 24
    study = trace_study(folder)
    check(study)
    with capsys.disabled():
        print(f"\n{study['answer']}")


def test_a_folder_without_the_traces_says_what_it_needs(tmp_path):
    with pytest.raises(InputError, match="AzureLLMInferenceTrace_conv"):
        trace_study(tmp_path)


def test_the_command_prints_the_same_answer():
    result = CliRunner().invoke(command, ["model", "hosting", "--json", "--study"])
    assert json.loads(result.output)["answer"] == trace_study()["answer"]


@pytest.mark.parametrize("real", [False, True])
def test_the_notebook_runs_headless(real, request, monkeypatch):
    monkeypatch.delenv("WORKBENCH_TRACES", raising=False)
    if real:
        folder = request.getfixturevalue("shared") / "traces"
        monkeypatch.setenv("WORKBENCH_TRACES", str(folder))
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    names: dict[str, object] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert ("synthetic" in names["study"]["source"]) is not real
    prose = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    for heading in ("Question", "Inputs", "Answer", "What would change it", "Sources"):
        assert f"## {heading}" in prose

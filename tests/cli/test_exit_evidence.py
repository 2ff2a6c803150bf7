"""Drills and token measurements as a user holds them, and what the exit makes of them."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.playbook.test_exit_plan import endpoint
from tests.spine import ingest, requests, write_jsonl
from workbench.cli import workbench
from workbench.errors import InputError
from workbench.workspace import Workspace

DOSSIER = {
    "feature": "feature-0", "owner": {"role": "support lead"},
    "dependencies": [
        {"kind": "model", "provider": "openai", "model": "gpt-4.1"},
        {"kind": "backup", "provider": "anthropic", "model": "claude-sonnet-4-5", "region": "eu"},
    ],
    "evaluations": [{
        "provider": "anthropic", "model": "claude-sonnet-4-5", "results": "evidence/new.csv",
        "baseline_results": "evidence/old.csv", "baseline_provider": "openai",
        "baseline_model": "gpt-4.1", "evaluated_on": "2026-09-01",
    }],
    "exit": {"impact_tolerance_hours": 8},
}  # fmt: skip


def run(*arguments: object) -> Result:
    return CliRunner().invoke(workbench, [str(one) for one in arguments])


def told(*arguments: object) -> dict:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, (done.output, done.exception)
    return json.loads(done.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    made = Workspace.init(root)
    rows = [row for row in requests(300) if row["model"] == "gpt-4.1"]
    ingest(made, write_jsonl(tmp_path / "log.jsonl", rows))
    (root / "dossiers" / "feature-0.yaml").write_text(yaml.safe_dump(DOSSIER))
    (root / "evidence").mkdir(exist_ok=True)
    head = "case_id,success,cost_usd,input_tokens,output_tokens,reasoning_tokens\n"
    for name, tokens in (("old", "100,50,0"), ("new", "125,60,0")):
        lines = [f"c{n},{str(n % 10 > 0).lower()},0.01,{tokens}\n" for n in range(40)]
        (root / "evidence" / f"{name}.csv").write_text(head + "".join(lines))
    return root


def plan(folder: Path, source: str, target: str, **more: object) -> Path:
    def at(name: str, url: str) -> dict[str, object]:
        return {"name": name, "base_url": url, "model": "m", "input_usd_per_mtok": 1.0,
                "output_usd_per_mtok": 2.0}  # fmt: skip

    path = folder / "drill.yaml"
    content = {"source": at("first", source), "target": at("second", target),
               "prompts": ["hello"] * 6, **more}  # fmt: skip
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_drill_between_two_endpoints_is_recorded_and_stands_in_the_plan(folder: Path) -> None:
    with endpoint(fails_after=2) as first, endpoint(fails_after=None) as second:
        written = plan(folder, first, second, synthetic=False, gateway=True)
        found = told("drill", "--plan", written, "--workspace", folder)
    assert (found["moved"], found["is_evidence"], found["failed_requests"]) == (True, True, 3)
    # 6 served: 1,000 input at $1 and 200 output at $2 a million each
    assert found["cost_usd"] == pytest.approx(6 * 0.0014)
    out = folder / "plan.html"
    done = run("export", "exit-plan", "--feature", "feature-0", "--out", out, "--workspace", folder)
    assert done.exit_code == 0, done.exception
    text = out.read_text()
    assert "moved the traffic from first/m to second/m" in text
    assert (
        "Measured in a drill: the backup serves after 0.00 h, inside the tolerance of 8 h." in text
    )
    assert "0.008400" in text


def test_endpoints_on_this_machine_are_stand_ins_unless_said_otherwise(folder: Path) -> None:
    with endpoint(fails_after=0) as first, endpoint(fails_after=None) as second:
        found = told(
            "drill", "--plan", plan(folder, first, second, synthetic=False), "--workspace", folder
        )
    assert (found["is_synthetic"], found["is_evidence"]) == (True, False)
    out = folder / "plan.html"
    run("export", "exit-plan", "--feature", "feature-0", "--out", out, "--workspace", folder)
    assert "synthetic, no evidence" in out.read_text()
    assert "No real drill says when the backup serves" in out.read_text()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"synthetic": None}, "synthetic: true"), ({"prompts": "hello"}, "list of texts"),
        ({"target": None}, "`target` is missing"), ({"colour": 1}, "unknown key colour"),
        ({"source": {"name": "x", "url": "y"}}, "unknown keys: url"),
        ({"source": {"name": "x"}}, "base_url"),
    ],
)  # fmt: skip
def test_a_plan_that_lacks_something_is_refused_in_words(folder: Path, change, says) -> None:
    written = plan(folder, "http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1", synthetic=True)
    content = {**yaml.safe_load(written.read_text()), **change}
    written.write_text(yaml.safe_dump(content))
    done = run("drill", "--plan", written, "--workspace", folder)
    assert isinstance(done.exception, InputError)
    assert says in str(done.exception)


def test_pairs_of_evaluations_convert_the_replay_and_the_exact_figure_stays(folder: Path) -> None:
    found = told(
        "model", "provider_exit", "--replay-to", "anthropic/claude-sonnet-4-5",
        "--prices-at", "2026-11-01", "--workspace", folder,
    )  # fmt: skip
    sums = Workspace(folder).sql(
        "SELECT sum(uncached_input_tokens) * 3.0 + sum(cache_read_tokens) * 0.3 AS input, "
        "sum(output_tokens) * 15.0 AS output, sum(web_searches) * 0.01 AS searches FROM usage"
    )
    row = {name: float(value) for name, value in sums.to_pylist()[0].items()}
    logged = (row["input"] + row["output"]) / 1e6 + row["searches"]
    assert float(found["cost_usd"]) == pytest.approx(logged)
    assert found["cost_pico_usd"] is not None
    # 125 / 100 input tokens and 60 / 50 output tokens on the same cases
    there = (row["input"] * 1.25 + row["output"] * 1.2) / 1e6 + row["searches"]
    assert found["converted_cost_usd"] == pytest.approx(there, rel=1e-9)
    assert "token counts converted; the ratios are measured" in found["converted_assumptions"]
    assert found["capabilities"]["region"] == {
        "answer": "eu", "confidence": "stated", "source": "dossiers"
    }  # fmt: skip


def tokenizer(path: Path, *, by: str) -> Path:
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"[UNK]": 0}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    split = tokenizers.pre_tokenizers
    made.pre_tokenizer = (
        split.WhitespaceSplit() if by == "words" else split.Split(tokenizers.Regex("."), "isolated")
    )
    made.save(str(path))
    return path


def test_tokens_are_measured_on_own_samples_by_kind(folder: Path, tmp_path: Path) -> None:
    words = tokenizer(tmp_path / "words.json", by="words")
    letters = tokenizer(tmp_path / "letters.json", by="letters")
    samples = tmp_path / "samples.jsonl"
    texts = ["ab cd"] * 30 + ['{"a": 1}'] * 30
    samples.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    arguments = (
        "model", "token_ratios", "--source", "openai/gpt-4.1", "--target", "mistral/mistral-large-2512",
        "--tokenizer", letters, "--samples", samples, "--workspace", folder,
    )  # fmt: skip
    refused = run(*arguments)
    assert isinstance(refused.exception, InputError)
    assert "--source-tokenizer" in str(refused.exception)
    found = told(*arguments, "--source-tokenizer", words)
    # 5 letters for 2 words; 8 letters for 2 words
    assert found["by_kind"]["other"]["ratio"] == 2.5
    assert found["by_kind"]["json"]["ratio"] == 4.0
    assert found["overall"]["ratio"] == pytest.approx((30 * 5 + 30 * 8) / (60 * 2))
    replay = ("model", "provider_exit", "--replay-to", "mistral/mistral-large-2512",
              "--prices-at", "2026-11-01", "--workspace", folder)  # fmt: skip
    cost = told(*replay)
    text = Workspace(folder).sql("SELECT sum(web_searches) AS n FROM usage").to_pylist()[0]["n"]
    assert "the ratios are measured" in " ".join(cost["converted_assumptions"])
    if not text:
        ratio = cost["converted_cost_usd"] / float(cost["cost_usd"])
        assert ratio == pytest.approx(found["overall"]["ratio"])
    logged = tmp_path / "logged.jsonl"
    logged.write_text("".join(json.dumps({"text": one, "tokens": 4}) + "\n" for one in texts))
    counted = told(*arguments[:8], "--samples", logged, "--workspace", folder)
    assert counted["overall"]["ratio"] == pytest.approx((30 * 5 + 30 * 8) / (60 * 4))


def test_what_is_no_tokenizer_and_no_sample_is_said(folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")
    arguments = (
        "model",
        "token_ratios",
        "--source",
        "a/b",
        "--target",
        "c/d",
        "--workspace",
        folder,
    )
    nothing = run(*arguments, "--tokenizer", bad, "--samples", tmp_path / "none.jsonl")
    assert "no such file" in str(nothing.exception)
    sample = tmp_path / "one.jsonl"
    sample.write_text('{"text": "x", "tokens": 1}\n')
    pytest.importorskip("tokenizers")
    assert "no tokenizer.json" in str(
        run(*arguments, "--tokenizer", bad, "--samples", sample).exception
    )
    sample.write_text('{"txt": "x"}\n')
    assert "line 1" in str(run(*arguments, "--tokenizer", bad, "--samples", sample).exception)

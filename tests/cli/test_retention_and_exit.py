"""Retention, erasure and replay as a user meets them."""

import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner, Result

from tests.spine import ingest, requests, write_jsonl
from workbench.cli import workbench
from workbench.errors import InputError, StoreError
from workbench.models.provider_exit.exit_cost import effort_names
from workbench.store import certificates, disposition, erasure
from workbench.store.occurrences import occurrences
from workbench.store.upkeep import removing
from workbench.workspace import Workspace

PERSON = "user-3"
DAILY = "SELECT * FROM daily_cost ORDER BY ALL"
DOSSIER = {
    "feature": "feature-0",
    "owner": {"role": "support lead"},
    "retention": [{"store": "content", "data_class": "prompts", "keep_days": 30}],
}


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
    ingest(made, write_jsonl(tmp_path / "log.jsonl", requests(300)))
    (root / "dossiers" / "feature-0.yaml").write_text(yaml.safe_dump(DOSSIER))
    part = root / "store" / "content" / "prompts" / "2026-07" / "part.parquet"
    part.parent.mkdir(parents=True)
    pq.write_table(pa.table({"text": ["hello"], "user_hash": ["nobody-here"]}), part)
    return root


def csv_of(folder: Path, query: str) -> str:
    done = run("sql", query, "--format", "csv", "--workspace", folder)
    assert done.exit_code == 0, done.output
    return done.stdout


# Replay


def test_a_replay_on_the_own_model_gives_the_own_cost_to_the_last_digit(tmp_path: Path) -> None:
    own = Workspace.init(tmp_path / "own")
    rows = [row for row in requests(90) if row["model"] == "gpt-4.1"]
    ingest(own, write_jsonl(tmp_path / "log.jsonl", rows))
    before = sorted(path for path in (tmp_path / "own" / "store" / "usage").rglob("*"))
    found = told(
        "model", "provider_exit", "--replay-to", "openai/gpt-4.1", "--workspace", tmp_path / "own"
    )
    cost = own.sql("SELECT sum(list_cost_usd) AS usd FROM priced_usage").to_pylist()[0]["usd"]
    assert Decimal(found["cost_usd"]) == cost
    assert (found["requests"], found["unpriced_requests"]) == (30, 0)
    assert found["assumptions"][0] == "prices of each request's own date"
    assert sorted(path for path in (tmp_path / "own" / "store" / "usage").rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("inventory: {prompts: .nan}", "inventory.prompts is not a finite number"),
        (
            "effort: {usd_per_hour: [1, .inf, 3]}",
            "effort.usd_per_hour[1] is not a finite",
        ),
        ("inventory: {prompts: 1}\neffort: {}\ntasks: [1]", "missing"),
    ],
)
def test_what_is_no_number_in_a_document_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "exit.yaml"
    path.write_text(text)
    done = run("model", "provider_exit", "--inputs", path)
    assert isinstance(done.exception, InputError)
    assert said in str(done.exception)


def test_tasks_that_are_none_are_named(tmp_path: Path) -> None:
    effort = dict.fromkeys(effort_names(), 0)
    for tasks, said in (([1], "tasks, place 1"), ([{"name": "a", "days": 1, "after": 3}], "after")):
        path = tmp_path / "exit.yaml"
        path.write_text(
            yaml.safe_dump(
                {
                    "inventory": {"prompts": 1, "evaluation_cases": 0},
                    "effort": effort,
                    "tasks": tasks,
                }
            )
        )
        done = run("model", "provider_exit", "--inputs", path)
        assert isinstance(done.exception, InputError)
        assert said in str(done.exception)


def test_a_replay_can_be_worked_by_hand(tmp_path: Path) -> None:
    own = Workspace.init(tmp_path / "own")
    row = {
        **requests(1)[0], "uncached_input_tokens": 1_000, "cache_read_tokens": 0,
        "output_tokens": 100, "web_searches": 0,
    }  # fmt: skip
    ingest(own, write_jsonl(tmp_path / "log.jsonl", [row]))
    found = told(
        "model", "provider_exit", "--replay-to", "openai/gpt-4.1", "--workspace", tmp_path / "own"
    )
    # 1,000 x $2 / 1e6 + 100 x $8 / 1e6
    assert found["cost_usd"] == "0.002800000000"


def test_an_unknown_target_is_refused_and_two_questions_are_a_usage_error(folder: Path) -> None:
    refused = run("model", "provider_exit", "--replay-to", "no/such", "--workspace", folder)
    assert isinstance(refused.exception, InputError)
    assert "no price for no/such" in str(refused.exception)
    assert run("model", "provider_exit", "--workspace", folder).exit_code == 2


def test_an_exit_is_costed_from_a_file(tmp_path: Path) -> None:
    inputs = {
        "inventory": {"prompts": 10, "evaluation_cases": 0},
        "effort": dict.fromkeys(effort_names(), 0)
        | {"hours_per_prompt": 4, "usd_per_hour": 100},
        "tasks": [{"name": "prompts", "days": 5}, {"name": "move", "days": 2, "after": ["prompts"]}],
    }  # fmt: skip
    path = tmp_path / "exit.yaml"
    path.write_text(yaml.safe_dump(inputs))
    done = run("model", "provider_exit", "--inputs", path, "--json")
    if done.exit_code:
        pytest.fail(str(done.exception))
    planned = json.loads(done.stdout)["planned"]
    assert planned["total_usd"]["p50"] == 4_000  # 10 prompts x 4 hours x $100
    assert planned["finish_days"]["p50"] == 7
    assert planned["critical_path"] == ["prompts", "move"]


def test_an_exit_plan_says_what_is_missing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.html"
    done = run("export", "exit-plan", "--feature", "feature-0", "--out", out, "--workspace", folder)
    assert done.exit_code == 0, done.exception
    assert "Incomplete" in done.output
    text = out.read_text()
    assert "Exit plan: feature-0" in text
    assert "No drill is on file." in text
    assert "deepseek-chat" in text
    refused = run("export", "exit-plan", "--feature", "no", "--out", out, "--workspace", folder)
    assert "There are: feature-0" in str(refused.exception)


# Retention


def test_the_plan_changes_nothing_and_apply_leaves_a_certificate(folder: Path) -> None:
    before = csv_of(folder, DAILY)
    plan = told("retain", "plan", "--as-of", "2026-10-01", "--workspace", folder)
    assert [one["month"] for one in plan["dispose"]] == ["2026-07"]
    assert (folder / "store" / "content" / "prompts" / "2026-07").is_dir()
    done = told("retain", "apply", "--as-of", "2026-10-01", "--workspace", folder)["certificate"]
    assert (done["event"], done["rows"]) == ("disposition", 1)
    assert not (folder / "store" / "content" / "prompts").exists()
    assert told("retain", "apply", "--workspace", folder)["certificate"] is None
    assert csv_of(folder, DAILY) == before
    assert run("verify", "--workspace", folder).exit_code == 0


def test_a_hold_on_file_stops_disposal_and_erasure(folder: Path) -> None:
    (folder / "holds.yaml").write_text("- name: case 7\n  until: 2026-07-15\n")
    plan = told("retain", "plan", "--as-of", "2026-10-01", "--workspace", folder)
    assert (plan["dispose"], plan["keep"][0]["reason"]) == ([], "legal hold case 7")
    refused = run("erase", "--user-id", PERSON, "--workspace", folder)
    assert "legal hold" in str(refused.exception)
    (folder / "holds.yaml").write_text("- nme: case 7\n")
    assert isinstance(run("retain", "plan", "--workspace", folder).exception, InputError)


def test_nothing_goes_before_its_day(folder: Path) -> None:
    refused = run("retain", "apply", "--as-of", "2199-01-01", "--workspace", folder)
    assert "lies ahead" in str(refused.exception)


# Erasure


def test_a_person_goes_and_costs_and_counts_stay(folder: Path) -> None:
    users = "SELECT * FROM rollup_users ORDER BY ALL"
    assert run("publish", "--workspace", folder).exit_code == 0
    before, counted = csv_of(folder, DAILY), csv_of(folder, users)
    workspace = Workspace(folder)
    hash_ = erasure.user_hash(workspace.layout.user_key.read_bytes(), PERSON)
    assert occurrences(workspace.layout, [hash_, PERSON])
    done = told("erase", "--user-id", PERSON, "--workspace", folder)["certificate"]
    assert done["usage_rows"] > 0
    assert done["still_found_in"] == []
    assert occurrences(workspace.layout, [hash_, PERSON]) == []
    assert csv_of(folder, DAILY) == before
    assert csv_of(folder, users) == counted
    assert run("rebuild", "--workspace", folder).exit_code == 0
    assert csv_of(folder, users) == counted
    assert (folder / "store" / "snapshots" / "CURRENT").is_file()
    assert run("verify", "--workspace", folder).exit_code == 0
    # The same by hash finds nobody any more, and one of the two names is needed.
    again = told("erase", "--subject", hash_, "--workspace", folder)["certificate"]
    assert again["usage_rows"] == 0
    assert run("erase", "--workspace", folder).exit_code == 2


def test_later_logs_add_to_the_counts_that_were_kept(folder: Path, tmp_path: Path) -> None:
    query = "SELECT users FROM rollup_users WHERE grain = 'day' AND cut = 'all' ORDER BY period"
    assert csv_of(folder, query) == "users\n11\n"
    told("erase", "--user-id", PERSON, "--workspace", folder)
    more = [{**row, "user_id": f"new-{n % 5}"} for n, row in enumerate(requests(50, first=300))]
    ingest(Workspace(folder), write_jsonl(tmp_path / "more.jsonl", more))
    # 10 who stayed and 5 who came; the one who went is no longer told from the others
    assert csv_of(folder, query) == "users\n15\n"


def test_a_killed_disposal_is_completed_by_whoever_reads_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(disposition, "resume", killed)
        run("retain", "apply", "--as-of", "2026-10-01", "--workspace", folder)
    assert (folder / "store" / "pending.json").exists()
    assert run("sql", "SELECT 1", "--workspace", folder).exit_code == 0
    assert not (folder / "store" / "pending.json").exists()
    assert [one["event"] for one in certificates.certificates(Workspace(folder).layout)] == [
        "disposition"
    ]


def test_one_process_removes_at_a_time(folder: Path) -> None:
    with removing(Workspace(folder).layout):
        refused = run("erase", "--user-id", PERSON, "--workspace", folder)
    assert isinstance(refused.exception, StoreError)


def test_an_altered_certificate_is_found_by_verify(folder: Path) -> None:
    told("retain", "apply", "--as-of", "2026-10-01", "--workspace", folder)
    path = folder / "store" / "audit" / "events.jsonl"
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2'))
    done = run("verify", "--workspace", folder)
    assert done.exit_code == 1
    assert "certificate 1 was altered" in done.output


def test_a_policy_is_costed_from_a_file(tmp_path: Path) -> None:
    inputs = {
        "packet": {"text_bytes": 1_000},
        "flow": {"records_per_day": 1_000_000},
        "plan": {"tiers": ["AWS S3 Standard (us-east-1)"], "starts": [0], "period_days": 30},
    }  # fmt: skip
    path = tmp_path / "keep.json"
    path.write_text(json.dumps(inputs))
    found = told("model", "retention", "--inputs", path)
    # 1 GB a day for 30 days at $0.023
    assert found["month"]["storage_usd"] == pytest.approx(0.69)

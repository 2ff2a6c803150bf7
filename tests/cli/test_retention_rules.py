"""What a careless or hostile user writes into dossiers and holds never lets a record go early."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from tests.spine import ingest, requests, write_jsonl
from workbench.answers import retention as answers
from workbench.cli import workbench
from workbench.cli.retention import _law_lines
from workbench.errors import InputError
from workbench.playbook import retention_plan
from workbench.workspace import Workspace

NOW = datetime(2027, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    workspace = Workspace.init(folder / "work")
    ingest(workspace, write_jsonl(folder / "log.jsonl", requests(60, step_s=4_800)))
    root = workspace.layout.root
    for n in range(4):
        (root / "dossiers" / f"feature-{n}.yaml").write_text(
            yaml.safe_dump(dossier(f"feature-{n}"))
        )
    done = CliRunner().invoke(workbench, ["close", "2026-09", "--workspace", str(root)])
    assert done.exit_code == 0, done.output
    return root


def dossier(name: str, *, keep_days: int = 30, **changes: object) -> dict:
    kept = {"store": "usage", "data_class": "metering", "keep_days": keep_days}
    return {
        "feature": name,
        "jurisdictions": ["US"],
        "sector": "finance",
        "retention": [kept | changes],
    }


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "work")
    return Workspace(tmp_path / "work")


def decided(workspace: Workspace, *, as_of: date = date(2027, 1, 15)) -> str:
    items, _ = answers.plan(workspace, as_of=as_of)
    [one] = [i for i in items if (i.data_class, i.month) == ("metering", "2026-09")]
    return f"{one.decision}: {one.reason}"


def holds(workspace: Workspace, text: str) -> None:
    (workspace.layout.root / answers.HOLDS).write_text(text)


def test_a_hold_that_could_be_misread_is_refused_and_one_that_is_right_holds(workspace) -> None:
    assert decided(workspace).startswith("dispose")
    for text, said in (
        ("- {name: case 7, data_class: meterin}", "would hold nothing"),
        ("- {name: case 7, since: 2026-02-30}", "not readable"),
        ("- {name: case 7, since: soon}", "not readable"),
        ("- {name: case 7, since: 2026-10-01, until: 2026-09-01}", "lies before"),
        ("case 7", "not readable"),
        ("- {data_class: metering}", "missing name"),
    ):
        holds(workspace, text)
        with pytest.raises(InputError, match=said):
            answers.plan(workspace, as_of=date(2027, 1, 15))
        with pytest.raises(InputError, match=said):
            answers.apply(workspace, as_of=date(2027, 1, 15), now=NOW)
    for text in ('- {name: case 7, since: "2026-09-30", until: "2026-10-01"}', "- {name: case 7}",
                 "- {name: case 7, data_class: metering}"):  # fmt: skip
        holds(workspace, text)
        assert decided(workspace) == "keep: legal hold case 7"
        assert answers.apply(workspace, as_of=date(2027, 1, 15), now=NOW) is None
    holds(workspace, '- {name: case 7, since: "2026-10-01"}')
    assert decided(workspace).startswith("dispose")


def test_a_day_gone_by_frees_nothing_that_todays_law_keeps(workspace, monkeypatch) -> None:
    shipped = retention_plan.shipped_rules()
    [three_years] = [one for one in shipped if one.rule_id == "RET-19"]
    new = replace(three_years, in_force_from=date(2027, 1, 20))
    rules = tuple(new if one is three_years else one for one in shipped)
    monkeypatch.setattr(retention_plan, "shipped_rules", lambda: rules)
    for n in range(4):
        path = workspace.layout.root / "dossiers" / f"feature-{n}.yaml"
        path.write_text(yaml.safe_dump(dossier(f"feature-{n}", rule_ids=["RET-19"])))
    assert decided(workspace).startswith("dispose")  # the law of that day
    assert "minimum of 1096 days" in decided(workspace, as_of=NOW.date())
    assert answers.apply(workspace, as_of=date(2027, 1, 15), now=NOW) is None
    before = datetime(2027, 1, 19, tzinfo=UTC)
    assert answers.apply(workspace, as_of=date(2027, 1, 15), now=before) is not None


def test_a_rule_that_does_not_exist_is_no_authority_and_the_plan_says_what_fails(workspace) -> None:
    root = workspace.layout.root
    (root / "dossiers" / "feature-0.yaml").write_text(yaml.safe_dump(dossier("feature-0", rule_ids=["RET-999"])))  # fmt: skip
    (root / "dossiers" / "feature-1.yaml").write_text(yaml.safe_dump(dossier("feature-1", keep_days=40, rule_ids=["RET-19"])))  # fmt: skip
    items, _ = answers.plan(workspace, as_of=date(2027, 1, 15))
    [one] = [i for i in items if (i.data_class, i.month) == ("metering", "2026-09")]
    assert one.rule_ids == ("RET-19",)
    done = CliRunner().invoke(
        workbench, ["retain", "plan", "--as-of", "2027-01-15", "--workspace", str(root)]
    )
    assert done.exit_code == 0, done.output
    assert "cited rule: RET-999 is in no table of rules" in done.output
    assert "stated period: 40 days from sent_or_received: too short" in done.output
    assert "1,096 d" in done.output


def test_a_cited_minimum_that_does_not_reach_the_dossier_keeps_until_it_is_settled(workspace):
    assert decided(workspace).startswith("dispose")
    cites = {
        **dossier("feature-0", rule_ids=["RET-19"]),
        "jurisdictions": ["EU"],
        "sector": "health",
    }
    (workspace.layout.root / "dossiers" / "feature-0.yaml").write_text(yaml.safe_dump(cites))
    assert decided(workspace).startswith("keep: the law's minimum of 1096 days")
    _, resolved = answers.plan(workspace, as_of=date(2027, 1, 15))
    [told] = [f for one in resolved for f in one.findings if f.subject == "cited rule"]
    assert told.verdict == "fail"
    assert told.text.startswith("RET-19 is for US, finance, and the dossier states EU, health")


@pytest.mark.parametrize(
    ("stated", "least", "most", "why"),
    [
        (730, 1096, None, "stated is too short: kept 1,096 d all the same"),
        (2192, None, 730, "stated is too long"),
        (800, 730, 1096, "inside the law"),
    ],
)
def test_a_stated_period_beside_the_law_is_not_called_inside_it(stated, least, most, why):
    band = {"trigger": "record_made", "verdict": "feasible", "reason": "inside the law",
            "lower_days": least, "upper_days": most}  # fmt: skip
    series = {"store": "content", "record_classes": ["x"], "stated_days": stated, "bands": [band]}
    ((*_, told),) = _law_lines({**series, "verdict": "feasible"})
    assert told == why

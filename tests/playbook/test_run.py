"""Dossiers are read strictly, results are chained, waivers end, the JSON keeps its contract."""

import json
from datetime import date

import jsonschema
import pytest
import yaml

from workbench.errors import InputError
from workbench.playbook.dossier_files import dossier_schema, parse_dossier, read_dossiers
from workbench.playbook.run import broken_link, read_waivers, run_checks

WAIVER = {
    "check": "G1-02", "owner": "risk lead", "reason": "hosting is decided in December",
    "granted_on": date(2026, 10, 1), "expires_on": date(2026, 12, 1),
}  # fmt: skip


def test_contract_of_the_json(workspace):
    content = json.loads(json.dumps(run_checks(workspace.written(), stage=0).as_json()))
    assert [check["id"] for check in content["checks"]] == [f"G0-0{n}" for n in range(1, 7)]
    verdicts = {"pass", "fail", "insufficient evidence", "not applicable"}
    assert all(check["verdict"] in verdicts and check["stage"] == 0 for check in content["checks"])


def test_every_result_stores_what_it_looked_at(workspace):
    content = run_checks(workspace.written(), stage=3).as_json()
    latency = next(check for check in content["checks"] if check["id"] == "G3-06")
    looked = next(e for e in latency["features"][0]["evidence"] if "latency_ms" in e["what"])
    assert looked["rows"] > 10_000
    assert looked["window"] == ["2026-10-02", "2026-10-31"]
    assert looked["params"]["feature"] == "chat"
    assert len(looked["input_sha256"]) == 64


def test_results_are_chained_and_a_change_is_placed(workspace):
    checks = json.loads(json.dumps(run_checks(workspace.written(), stage=5).as_json()))["checks"]
    assert broken_link(checks) is None
    checks[3]["verdict"] = "fail"
    assert broken_link(checks) == "G5-04"
    checks[3]["verdict"] = "pass"
    del checks[1]
    assert broken_link(checks) == "G5-03"


def test_the_same_evidence_gives_the_same_hash(workspace):
    evidence = workspace.written()
    first, second = (run_checks(evidence, stage=4).head_sha256 for _ in range(2))
    assert first == second


def test_a_waiver_lets_a_stage_pass_until_it_ends(workspace):
    del workspace.tables["gpu_hours"]
    workspace.files["waivers.yaml"] = yaml.safe_dump([WAIVER])
    evidence = workspace.written()
    report = run_checks(evidence, stage=1)
    found = next(check for check in report.checks if check.check_id == "G1-02")
    assert (found.verdict, found.waived, report.passed) == ("insufficient evidence", True, True)
    ended = [WAIVER | {"expires_on": date(2026, 10, 30)}]
    (evidence.folder / "waivers.yaml").write_text(yaml.safe_dump(ended))
    assert not run_checks(evidence, stage=1).passed


def test_a_waiver_never_covers_a_failure(workspace):
    workspace.table("gpu_hours", hours_used=1)
    workspace.files["waivers.yaml"] = yaml.safe_dump([WAIVER])
    assert not run_checks(workspace.written(), stage=1).passed


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (WAIVER | {"check": "G9-99"}, "no check 'G9-99'"),
        ({k: v for k, v in WAIVER.items() if k != "expires_on"}, "`expires_on` is missing"),
        (WAIVER | {"ownr": "x"}, "did you mean `owner`"),
    ],
)
def test_a_bad_waiver_is_refused(tmp_path, entry, words):
    (tmp_path / "waivers.yaml").write_text(yaml.safe_dump([entry]))
    with pytest.raises(InputError, match=r"waivers\.yaml entry 1") as caught:
        read_waivers(tmp_path / "waivers.yaml")
    assert words in str(caught.value)


def test_no_such_stage(workspace):
    with pytest.raises(InputError, match="no stage 9"):
        run_checks(workspace.written(), stage=9)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"feature": "x", "ownr": {}}, ["chat.yaml", "`ownr`", "did you mean `owner`?"]),
        ({"feature": "x", "slos": {"latency_p95": 1}}, ["`slos.latency_p95`", "`latency_p95_ms`"]),
        (
            {"feature": "x", "retention": [{"store": "s", "data_clas": "d"}]},
            ["`retention.0.data_clas`", "data_class"],
        ),
        ({"owner": {"role": "x"}}, ["`feature` is missing"]),
        (
            {"feature": "x", "slos": {"availability": 99.9}},
            ["slos.availability", "less than or equal to 1"],
        ),
        (["feature"], ["mapping"]),
    ],
)
def test_dossier_errors_name_file_key_and_the_closest_key(content, words):
    with pytest.raises(InputError) as caught:
        parse_dossier(content, name="dossiers/chat.yaml")
    assert all(word in str(caught.value) for word in [*words, "chat.yaml"])


def test_two_dossiers_of_one_feature_are_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("feature: chat\n")
    with pytest.raises(InputError, match=r"b\.yaml: feature 'chat' already"):
        read_dossiers(tmp_path)


def test_the_json_schema_takes_what_the_reader_takes(workspace):
    schema = dossier_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    plain = json.loads(
        json.dumps(workspace.dossier | {"owner": [workspace.dossier["owner"]]}, default=str)
    )
    for environment in plain["environments"]:
        environment.setdefault("keys", [])
    jsonschema.validate(plain, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"feature": "x", "ownr": 1}, schema)


def test_result_files_may_not_leave_the_workspace(workspace):
    workspace.dossier["upgrades"][0]["old_results"] = "../../etc/passwd"
    with pytest.raises(InputError, match="leaves the workspace"):
        run_checks(workspace.written(), stage=5)


def test_outcomes_of_tickets_count_once_and_the_latest_wins(workspace):
    workspace.usage_sql += [
        "UPDATE usage SET outcome = NULL, ticket_id = 'k' || (source_row // 4)",
        "INSERT INTO outcomes BY NAME SELECT DISTINCT ticket_id, started_at AS occurred_at, "
        "'resolved' AS outcome FROM usage WHERE source_row % 4 = 0",
        "INSERT INTO outcomes BY NAME SELECT ticket_id, TIMESTAMP '2026-11-05' AS occurred_at, "
        "'reopened' AS outcome FROM usage WHERE source_row % 8 = 0",
    ]
    report = run_checks(workspace.written(), stage=0)
    found = next(check for check in report.checks if check.check_id == "G0-02")
    # 400 requests a day at 1 cent are 100 tickets, half of them reopened later: 8 cents each.
    assert found.features[0].finding.measured["p50_usd"] == pytest.approx(0.08)


def test_a_broken_evidence_table_says_where(workspace):
    workspace.tables["invoices"][0]["invoice_usd"] = "about 100"
    report = run_checks(workspace.written(), stage=4)
    found = next(check for check in report.checks if check.check_id == "G4-02")
    assert "invoices.csv line 2: `invoice_usd` is 'about 100'" in found.reason

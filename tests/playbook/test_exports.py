"""What leaves the workspace: the signed audit pack, metrics, a comparison of result files."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from workbench.answers import audit
from workbench.cli import workbench as command
from workbench.errors import InputError
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.metrics import prometheus_text
from workbench.playbook.scaffold import first_dossier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run("init", str(tmp_path / "ws"))
    (tmp_path / "ws" / "dossiers" / "chat.yaml").write_text("feature: chat\n")
    return tmp_path / "ws"


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(command, list(arguments))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def exported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(audit, "browser", lambda: None)
    pack = folder / "out" / "q4.zip"
    said = run("export", "audit", "--out", str(pack), "--as", "auditor", "--workspace", str(folder))
    assert "no Chromium is installed" in said.output
    return pack


def test_a_pack_is_signed_and_its_certificate_is_checked(folder: Path, monkeypatch) -> None:
    pack = exported(folder, monkeypatch)
    record = json.loads(audit.certificate_of(pack).read_text())
    assert record["exported_by"] == "auditor"
    assert stat.S_IMODE((folder / ".secrets" / "signing.pem").stat().st_mode) == 0o600
    said = run("verify", str(pack)).output
    assert record["head_sha256"] in said
    assert record["fingerprint"] in said


@pytest.mark.parametrize(("name", "value"), [("head_sha256", "0" * 64), ("exported_by", "another")])
def test_an_altered_certificate_is_refused(folder: Path, monkeypatch, name, value) -> None:
    pack = exported(folder, monkeypatch)
    path = audit.certificate_of(pack)
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: value}))
    with pytest.raises(Exception, match="does not belong"):
        run("verify", str(pack))


def test_a_pack_of_other_content_does_not_fit_the_certificate(folder: Path, monkeypatch) -> None:
    first = exported(folder, monkeypatch)
    kept = audit.certificate_of(first).read_bytes()
    (folder / "dossiers" / "chat.yaml").write_text("feature: chat\nsector: retail\n")
    second = exported(folder, monkeypatch)
    audit.certificate_of(second).write_bytes(kept)
    with pytest.raises(Exception, match="the pack ends in"):
        run("verify", str(second))


def results(path: Path, *, wrong: set[int], cost: float, cases: int = 400) -> str:
    lines = ["case_id,success,cost_usd"]
    lines += [f"c{i},{'false' if i in wrong else 'true'},{cost}" for i in range(cases)]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_result_files_are_compared_and_a_plan_follows(tmp_path: Path) -> None:
    old = results(tmp_path / "old.csv", wrong=set(range(20)), cost=0.02)
    new = results(tmp_path / "new.csv", wrong=set(range(19)), cost=0.01)
    worse = results(tmp_path / "worse.csv", wrong=set(range(80)), cost=0.01)
    said = run(
        "model", "model_upgrade", "--inputs", old, new, worse, "--not-critical",
        "--requests-per-hour", "100", "--json",
    )  # fmt: skip
    good, bad = json.loads(said.output)["upgrades"]
    assert good["verdict"] == "cut over"
    assert [step["share"] for step in good["plan"]] == [0.01, 0.05, 0.25, 0.5, 1.0]
    # 400 cases at 0.02 over 380 successes, against 400 at 0.01 over 381
    assert good["comparison"]["cost_change"] == pytest.approx(380 / 381 / 2 - 1)
    assert bad["verdict"] == "do not cut over"
    assert bad["comparison"]["quality"]["difference"] == pytest.approx(-0.15)
    assert bad["plan"] == []


def test_metrics_of_an_empty_store_are_headings_only(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "m.prom"
    run("export", "metrics", "--out", str(out), "--workspace", str(folder))
    assert all(line.startswith("#") for line in out.read_text().splitlines())


def test_a_first_dossier_is_valid_and_never_written_over(folder: Path) -> None:
    given = {"owner_role": "head of support", "unit_of_value": "ticket", "jurisdictions": ["EU"]}
    path = first_dossier(folder, feature="triage", **given)
    (found,) = (d for d in read_dossiers(folder / "dossiers") if d.feature == "triage")
    assert (found.owner[0].role, found.jurisdictions) == ("head of support", ["EU"])
    path.write_text("feature: triage\nsector: retail\n")
    assert first_dossier(folder, feature="triage", **given).read_text().endswith("retail\n")
    with pytest.raises(InputError, match="letters"):
        first_dossier(folder, feature="../triage", **given)


def test_metrics_are_read_by_prometheus_own_parser(workspace):
    workspace.priced_sql.append(
        "UPDATE priced_usage SET prompt_version = 'a\"b\\c\nd' WHERE source_row % 7 = 0"
    )
    text = prometheus_text(workspace.written(), days=30)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert set(families) == {
        "workbench_requests", "workbench_errors", "workbench_error_ratio", "workbench_cost_usd",
        "workbench_unpriced_requests", "workbench_latency_ms",
    }  # fmt: skip
    assert all(family.documentation and family.type == "gauge" for family in families.values())
    counted = {sample.labels["version"] for sample in families["workbench_requests"].samples}
    assert 'a"b\\c\nd' in counted
    assert {s.labels["quantile"] for s in families["workbench_latency_ms"].samples} == {
        "0.5",
        "0.95",
        "0.99",
    }

"""Metering rows at the end of their period go; no figure of a closed month moves."""

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from tests.spine import START, ingest, one_row, requests, write_jsonl
from workbench.answers import retention as answers
from workbench.cli import workbench
from workbench.errors import InputError
from workbench.store import certificates, disposition, files, kept_rollups, segments
from workbench.store.disposition import Hold, Policy
from workbench.workspace import Workspace

AS_OF = date(2026, 11, 15)
NOW = datetime(2026, 11, 27, 8, tzinfo=UTC)
FIGURES = (
    "daily_cost", "rollup_day", "rollup_class", "rollup_hour_model", "rollup_hour_tenant",
    "rollup_latency", "rollup_users", "rollup_outcome", "rollup_restated",
)  # fmt: skip


def outcomes() -> list[dict]:
    """Sessions that end, and some that are reopened weeks later, in the next month."""
    rows = []
    for n in range(0, 200, 2):
        at = START + timedelta(minutes=90 * n)
        rows.append(
            {
                "session_id": f"session-{n}",
                "occurred_at": f"{at.isoformat()}Z",
                "outcome": ("resolved", "escalated")[n % 4 // 2],
                "human_minutes": n % 7,
            }
        )
        if n % 10 == 0:
            later = at + timedelta(days=20)
            rows.append({"session_id": f"session-{n}", "occurred_at": f"{later.isoformat()}Z",
                         "outcome": "reopened"})  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace from 28 September on, its logs outside, with a period for every feature."""
    folder = tmp_path_factory.mktemp("rows")
    workspace = Workspace.init(folder / "work")
    bad = [{"started_at": "never", "provider": "openai", "model": "m", "x_note": "call me"}]
    log = write_jsonl(folder / "log.jsonl", [*requests(600, step_s=1_800), *bad])
    ingest(workspace, log)
    ingest(workspace, write_jsonl(folder / "outcomes.jsonl", outcomes()), fmt="outcomes")
    for n in range(4):
        kept = [{"store": "usage", "data_class": name, "keep_days": 30}
                for name in ("metering", "quarantine")]  # fmt: skip
        path = workspace.layout.root / "dossiers" / f"feature-{n}.yaml"
        path.write_text(yaml.safe_dump({"feature": f"feature-{n}", "retention": kept}))
    done = CliRunner().invoke(workbench, ["close", "2026-09", "--workspace", str(folder / "work")])
    assert done.exit_code == 0, done.output
    return workspace.layout.root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "work")
    shutil.copy(made.parent / "log.jsonl", tmp_path)
    return Workspace(tmp_path / "work")


def figures(workspace: Workspace) -> dict[str, list]:
    with workspace.reader() as catalog:
        return {name: catalog.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in FIGURES}


def apply(workspace: Workspace) -> dict:
    certificate = answers.apply(workspace, as_of=AS_OF, now=NOW)
    assert certificate is not None
    return certificate


def test_the_rows_of_a_closed_month_go_and_every_figure_stays(workspace: Workspace) -> None:
    before, rows = figures(workspace), one_row(workspace, "SELECT count(*) AS n FROM usage")["n"]
    september = "SELECT count(*) AS n FROM usage WHERE started_at < TIMESTAMP '2026-10-01'"
    gone = one_row(workspace, september)["n"]
    assert gone == 120  # from noon on the 28th to midnight after the 30th, one each half hour
    items, _ = answers.plan(workspace, as_of=AS_OF)
    decided = {(one.data_class, one.month): one.decision for one in items}
    assert decided["metering", "2026-09"] == "dispose"
    assert decided["metering", "2026-10"] == "keep"
    certificate = apply(workspace)
    left = [one.name for one in workspace.layout.rows("usage").glob("2026-09/*.parquet")]
    assert [one for one in left if ".quarantine" not in one] == []
    assert one_row(workspace, september)["n"] == 0
    assert one_row(workspace, "SELECT count(*) AS n FROM usage")["n"] == rows - gone
    assert figures(workspace) == before
    assert workspace.verify() == []
    workspace.rebuild()
    assert figures(workspace) == before
    assert workspace.verify() == []
    assert {one["data_class"] for one in certificate["files"]} == {"metering", "outcomes"}
    assert certificates.problems(workspace.layout) == []
    assert answers.apply(workspace, as_of=AS_OF, now=NOW) is None


def test_rows_that_came_after_the_close_stay_an_adjustment(workspace: Workspace) -> None:
    late = [{**row, "request_id": f"late-{n}"} for n, row in enumerate(requests(7, step_s=600))]
    ingest(workspace, write_jsonl(workspace.layout.root.parent / "late.jsonl", late))
    adjusted = "SELECT * FROM prior_period_adjustments ORDER BY ALL"
    before, seen = figures(workspace), workspace.sql(adjusted).to_pylist()
    assert sum(row["late_requests"] for row in seen) == 7
    assert apply(workspace)["rows"] > 127
    workspace.rebuild()
    assert figures(workspace) == before
    assert workspace.sql(adjusted).to_pylist() == seen
    assert workspace.verify() == []


def test_an_outcome_of_work_that_goes_on_later_stays(workspace: Workspace) -> None:
    [old] = workspace.layout.rows("outcomes").glob("2026-09/*.parquet")
    before = pq.read_table(old)["session_id"].to_pylist()
    certificate = apply(workspace)
    [path] = workspace.layout.rows("outcomes").glob("2026-09/*.parquet")
    assert path.name != old.name
    kept = pq.read_table(path)["session_id"].to_pylist()
    assert kept == [one for one in before if int(one.split("-")[1]) % 10 == 0]
    gone = sum(one["rows"] for one in certificate["files"] if one["data_class"] == "outcomes")
    assert gone == len(before)
    assert certificate["rows"] == 120 + len(before) - len(kept)


def test_an_open_month_a_hold_a_minimum_and_a_feature_without_a_period_keep_their_rows(
    workspace: Workspace,
) -> None:
    layout = workspace.layout
    policy = Policy(data_class="metering", keep_days=30)

    def september(*, policies=(policy,), holds=(), closed=frozenset({"2026-09"})) -> str:
        items = disposition.plan(layout, policies, holds=holds, as_of=AS_OF, closed=closed)
        [one] = [i for i in items if (i.data_class, i.month) == ("metering", "2026-09")]
        return f"{one.decision}: {one.reason}"

    assert september().startswith("dispose")
    assert "2026-09 is open" in september(closed=frozenset())
    assert september(holds=[Hold(name="case 7")]) == "keep: legal hold case 7"
    inside = Policy(data_class="metering", keep_days=30, minimum_days=400)
    assert "the law's minimum of 400 days ends on" in september(policies=[inside])
    (layout.root / "dossiers" / "feature-2.yaml").unlink()
    items, _ = answers.plan(workspace, as_of=AS_OF)
    assert {one.decision for one in items if one.data_class == "metering"} == {"keep"}
    assert any(one.reason.endswith("by feature-2") for one in items)
    with layout.config.open("a") as file:
        file.write("\n[retention]\nmetering_days = 40\n")
    items, _ = answers.plan(workspace, as_of=AS_OF)
    [one] = [i for i in items if (i.data_class, i.month) == ("metering", "2026-09")]
    assert (one.decision, one.reason) == (
        "dispose",
        "the stated period of 40 days ended on 2026-11-09",
    )


def test_a_workspaces_own_period_that_is_no_number_is_refused(workspace: Workspace) -> None:
    with workspace.layout.config.open("a") as file:
        file.write("\n[retention]\nmetering_days = 'long'\n")
    with pytest.raises(InputError, match="metering_days"):
        answers.plan(workspace, as_of=AS_OF)


def test_rows_of_a_disposed_month_are_not_taken_in_again(workspace: Workspace) -> None:
    apply(workspace)
    before = figures(workspace)
    log = workspace.layout.root.parent / "log.jsonl"
    report = workspace.ingest([log], now=NOW)
    assert len(report.known) == 1  # the same bytes are still known
    again = write_jsonl(log.with_name("again.jsonl"), requests(20, first=5_000, step_s=0))
    [(path, why)] = workspace.ingest([again], now=NOW).failed
    assert "2026-09" in why
    assert "disposed of" in why
    assert path == str(again)
    later = write_jsonl(log.with_name("later.jsonl"), requests(20, first=900, step_s=1_800))
    ingest(workspace, later)
    after = figures(workspace)
    old = [one for one in after["rollup_day"] if one["day"] < date(2026, 10, 1)]
    assert old == [one for one in before["rollup_day"] if one["day"] < date(2026, 10, 1)]
    assert workspace.verify() == []


def test_the_excerpt_of_a_refused_record_goes_and_its_reason_stays(workspace: Workspace) -> None:
    reason = one_row(workspace, "SELECT reason, excerpt FROM quarantine")
    assert reason["excerpt"] is not None
    # It was read on 1 November: its month ends on the 30th, and 30 days later it goes.
    certificate = answers.apply(
        workspace, as_of=date(2026, 12, 31), now=datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert certificate is not None
    now = one_row(workspace, "SELECT reason, excerpt FROM quarantine")
    assert now == {"reason": reason["reason"], "excerpt": None}
    assert workspace.verify() == []


def test_a_changed_kept_rollup_is_found(workspace: Workspace) -> None:
    apply(workspace)
    path = workspace.layout.store / kept_rollups.FOLDER / "2026-09" / "rollup_day.parquet"
    table = pq.read_table(path)
    pq.write_table(table.slice(1), path)
    assert any("rollup_day.parquet has changed" in one for one in workspace.verify())


@pytest.mark.parametrize("moment", [1, 4, 8, 9, 10, 11, 12])
def test_a_disposal_killed_at_any_write_is_completed_or_never_began(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    before, moves, real = figures(workspace), 0, files.move

    def move(staged: Path, final: Path) -> None:
        nonlocal moves
        moves += 1
        if moves == moment:
            raise KeyboardInterrupt
        real(staged, final)

    with monkeypatch.context() as patched:
        patched.setattr(files, "move", move)
        with pytest.raises(KeyboardInterrupt):
            apply(workspace)
    assert figures(workspace) == before  # whoever reads next completes it, or nothing had begun
    assert workspace.verify() == []
    workspace.import_prices([], now=NOW)  # any command that writes sweeps what never began
    listed = {
        entry["file"] for one in segments.sidecars(workspace.layout) for entry in one["segments"]
    }
    on_disk = {
        str(path.relative_to(workspace.layout.store))
        for kind in ("usage", "outcomes")
        for path in workspace.layout.rows(kind).rglob("*.parquet")
        if ".quarantine" not in path.name
    }
    assert on_disk == listed
    done = [json.dumps(one["files"]) for one in certificates.certificates(workspace.layout)]
    began = not any("usage/2026-09" in one for one in listed)
    assert len(done) == began

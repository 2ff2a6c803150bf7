"""Disposal and erasure killed with SIGKILL at any moment: the next run completes or begins anew."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from tests.spine import ingest, one_row, requests, write_jsonl
from workbench.cli import workbench
from workbench.store import certificates
from workbench.store.disposition import PENDING
from workbench.store.occurrences import occurrences
from workbench.store.subject import user_hash
from workbench.workspace import Workspace

PERSON = "user-3"
PATIENCE_S = 120
FIGURES = ("daily_cost", "rollup_users", "rollup_outcome", "rollup_latency")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of usage in several files, the first closed; outcomes, content, a log inside."""
    folder = tmp_path_factory.mktemp("killed")
    workspace = Workspace.init(folder / "work")
    root = workspace.layout.root
    (root / "logs").mkdir()
    parts = [
        write_jsonl(root / "logs" / f"part-{n}.jsonl", requests(400, first=n * 400, step_s=600))
        for n in range(5)
    ]
    bad = [{"started_at": "never", "provider": "openai", "model": "m", "user_id": PERSON}]
    ingest(workspace, *parts, write_jsonl(folder / "bad.jsonl", [*requests(5, first=9_000), *bad]))
    outcomes = [{"session_id": f"session-{n}", "occurred_at": "2026-09-29T08:00:00Z", "outcome": "resolved"}
                for n in range(0, 60)]  # fmt: skip
    ingest(workspace, write_jsonl(folder / "outcomes.jsonl", outcomes), fmt="outcomes")
    mine = user_hash(workspace.layout.user_key.read_bytes(), PERSON)
    for month in ("2025-01", "2026-09"):
        path = workspace.layout.content / "prompts" / month / "part.parquet"
        path.parent.mkdir(parents=True)
        rows = [{"user_hash": one, "session_id": "s-1", "text": "hello"} for one in (mine, "other")]
        pq.write_table(pa.Table.from_pylist(rows), path)
    for n in range(4):
        kept = [{"store": "usage", "data_class": name, "keep_days": 1}
                for name in ("metering", "quarantine", "prompts")]  # fmt: skip
        path = root / "dossiers" / f"feature-{n}.yaml"
        path.write_text(yaml.safe_dump({"feature": f"feature-{n}", "retention": kept}))
    done = CliRunner().invoke(workbench, ["close", "2026-09", "--workspace", str(root)])
    assert done.exit_code == 0, done.output
    return root


def figures(workspace: Workspace) -> dict[str, list]:
    with workspace.reader() as catalog:
        return {name: catalog.rows(f"SELECT * FROM {name} ORDER BY ALL") for name in FIGURES}


def killed(root: Path, command: list[str], *, after_begun: bool, wait_s: float) -> bool:
    """Run a command and kill it `wait_s` after its start or its journal; say whether it still ran."""
    with subprocess.Popen(
        [sys.executable, "-m", "workbench", *command, "--workspace", str(root)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        begun = time.monotonic()
        while after_begun and process.poll() is None and not (root / "store" / PENDING).exists():
            assert time.monotonic() - begun < PATIENCE_S
            time.sleep(0.002)
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def killed_at_random(made: Path, tmp_path: Path, command: list[str], kills: int):
    """Yield the workspace after each kill, before anybody opened it.

    A run that came to its end before the kill is begun anew, and killed sooner.
    """
    moments, stopped = random.Random(20261127), 0
    longest_s = {True: 1.0, False: 4.0}
    for attempt in range(10 * kills):
        after_begun = stopped % 4 != 0
        root = tmp_path / f"work-{attempt}"
        shutil.copytree(made, root)
        wait_s = moments.uniform(0, longest_s[after_begun])
        if killed(root, command, after_begun=after_begun, wait_s=wait_s):
            stopped += 1
            yield Workspace(root)
        else:
            longest_s[after_begun] *= 0.7
        shutil.rmtree(root)
        if stopped == kills:
            return
    raise AssertionError(f"only {stopped} of {kills} runs were still running when killed")


def erasure_survives(made: Path, tmp_path: Path, kills: int) -> None:
    before = figures(Workspace(made))
    command = ["erase", "--user-id", PERSON]
    for workspace in killed_at_random(made, tmp_path, command, kills):
        layout = workspace.layout
        terms = [user_hash(layout.user_key.read_bytes(), PERSON), PERSON]
        assert workspace.verify() == []  # completes what had begun
        assert not (layout.store / PENDING).exists()
        assert figures(workspace) == before
        left, signed = occurrences(layout, terms), certificates.certificates(layout)
        assert len(signed) == (left == [])
        if left:  # nothing had begun: the command is given again
            done = CliRunner().invoke(workbench, [*command, "--workspace", str(layout.root)])
            assert done.exit_code == 0, done.output
        assert occurrences(layout, terms) == []
        assert figures(workspace) == before
        workspace.rebuild()
        assert figures(workspace) == before
        assert workspace.verify() == []
        assert len(certificates.certificates(layout)) == 1
        assert certificates.problems(layout) == []


def disposal_survives(made: Path, tmp_path: Path, kills: int) -> None:
    before = figures(Workspace(made))
    command = ["retain", "apply", "--as-of", "2026-11-20"]
    rows = "SELECT count(*) AS n FROM usage WHERE started_at < TIMESTAMP '2026-10-01'"
    held = one_row(Workspace(made), rows)["n"]
    assert held > 300
    for workspace in killed_at_random(made, tmp_path, command, kills):
        layout = workspace.layout
        assert workspace.verify() == []
        assert not (layout.store / PENDING).exists()
        assert figures(workspace) == before
        left, signed = one_row(workspace, rows)["n"], certificates.certificates(layout)
        assert (left, len(signed)) in {(held, 0), (0, 1)}
        assert (layout.content / "prompts" / "2025-01").exists() == (left == held)
        done = CliRunner().invoke(workbench, [*command, "--json", "--workspace", str(layout.root)])
        assert done.exit_code == 0, done.output
        assert (json.loads(done.output)["certificate"] is None) == (left == 0)
        assert one_row(workspace, rows)["n"] == 0
        assert figures(workspace) == before
        assert workspace.verify() == []
        assert certificates.problems(layout) == []


def test_an_erasure_killed_a_few_times_is_whole_or_not_there(made: Path, tmp_path: Path) -> None:
    erasure_survives(made, tmp_path, kills=3)


def test_a_disposal_killed_a_few_times_is_whole_or_not_there(made: Path, tmp_path: Path) -> None:
    disposal_survives(made, tmp_path, kills=3)


@pytest.mark.long
def test_an_erasure_killed_twelve_times_is_whole_or_not_there(made: Path, tmp_path: Path) -> None:
    erasure_survives(made, tmp_path, kills=12)


@pytest.mark.long
def test_a_disposal_killed_twelve_times_is_whole_or_not_there(made: Path, tmp_path: Path) -> None:
    disposal_survives(made, tmp_path, kills=12)

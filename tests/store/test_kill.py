"""An ingest killed at any moment leaves a store that opens, verifies and runs to the same totals."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.spine import TOTALS, ingest, one_row, requests, write_jsonl
from workbench.workspace import Workspace

KILLS = 10
ROWS = 40_000


def _begun(folder: Path, first: Path) -> Workspace:
    workspace = Workspace.init(folder)
    ingest(workspace, first)
    return workspace


def test_ten_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path):
    first = write_jsonl(tmp_path / "first.jsonl", requests(1_000, step_s=20))
    logs = [
        write_jsonl(tmp_path / f"part-{n}.jsonl", requests(ROWS // 4, first=1_000 + n * ROWS // 4, step_s=20))
        for n in range(4)
    ]  # fmt: skip
    untouched = Workspace.init(tmp_path / "untouched")
    begun = time.monotonic()
    ingest(untouched, first, *logs)
    whole_run_s = time.monotonic() - begun + 1.0  # and the start of a process
    expected = one_row(untouched, TOTALS)

    moments = random.Random(20261101)
    workspace = _begun(tmp_path / "killed-0", first)
    killed = runs = 0
    while killed < KILLS:
        runs += 1
        assert runs <= 4 * KILLS, f"only {killed} of {runs - 1} runs were still going when killed"
        command = [sys.executable, "-m", "workbench", "ingest", *map(str, logs)]
        process = subprocess.Popen(
            [*command, "--workspace", str(workspace.layout.root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.2, whole_run_s))
        process.send_signal(signal.SIGKILL)
        was_killed = process.wait() == -signal.SIGKILL
        killed += was_killed
        assert workspace.verify() == []
        seen = one_row(workspace, TOTALS)["requests"]
        assert seen in {1_000 + k * ROWS // 4 for k in range(5)}
        if not was_killed:  # it came to its end, and left nothing to kill
            assert seen == 1_000 + ROWS
            workspace = _begun(tmp_path / f"killed-{runs}", first)
    ingest(workspace, *logs)
    assert one_row(workspace, TOTALS) == expected
    assert workspace.verify() == []

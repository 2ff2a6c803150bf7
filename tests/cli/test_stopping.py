"""Ctrl-C and a second process: a sentence that says what is, never a stack trace."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.spine import NOW, requests, write_jsonl
from workbench.cli import app
from workbench.cli import workbench as command
from workbench.errors import StoreError
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout
from workbench.workspace import Workspace


@pytest.mark.parametrize("after_s", [0.1, 0.4])
def test_ctrl_c_while_it_still_loads_prints_no_trace(tmp_path: Path, after_s: float):
    process = subprocess.Popen(
        [sys.executable, "-m", "workbench", "ingest", str(tmp_path), "--workspace", str(tmp_path)],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    # Before the first line of our code runs, Python itself ends by the signal.
    assert process.returncode in (1, -signal.SIGINT)
    assert process.returncode != 1 or "Traceback" not in said


def test_ctrl_c_while_modules_load_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys):
    import workbench.__main__ as entry
    import workbench.cli

    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(workbench.cli, "main", stopped)
    with pytest.raises(SystemExit) as end:
        entry.main()
    assert end.value.code == 1
    assert capsys.readouterr().err.startswith("Stopped")


def test_ctrl_c_inside_a_query_is_not_an_unexpected_error(
    monkeypatch: pytest.MonkeyPatch,
    capsys,
):
    def interrupted(**_: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(command, "main", interrupted)
    with pytest.raises(SystemExit) as end:
        app.main()
    assert end.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("Stopped.")
    assert "unexpected" not in said


def test_a_second_process_is_told_which_one_writes(tmp_path: Path):
    root = tmp_path / "ws"
    workspace = Workspace.init(root)
    workspace.ingest([write_jsonl(tmp_path / "log.jsonl", requests(5))], now=NOW)
    with Catalog.open(Layout(root)):
        done = subprocess.run(
            [sys.executable, "-m", "workbench", "status", "--workspace", str(root)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert f"another process has the store open (process {os.getpid()})." in done.stderr
    assert StoreError.__name__ not in done.stderr

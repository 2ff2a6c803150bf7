"""The commands as a user meets them: exit codes, messages, formats."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spine import requests, write_jsonl


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "workbench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("cli")
    assert run("init", root / "ws").returncode == 0
    log = write_jsonl(root / "log.jsonl", requests(300))
    done = run("ingest", log, "--workspace", root / "ws")
    assert done.returncode == 0, done.stderr
    return root


def test_help_names_every_command(folder: Path):
    text = run("--help").stdout
    for name in ("init", "ingest", "prices", "status", "verify", "rebuild", "sql", "publish",
                 "serve", "lab", "demo", "model", "check"):  # fmt: skip
        assert f"\n  {name} " in text


def test_a_refused_file_is_exit_1_and_the_others_are_read(folder: Path, tmp_path: Path):
    good = write_jsonl(tmp_path / "good.jsonl", requests(5, first=1_000))
    bad = tmp_path / "bad.txt"
    bad.write_text("hello\n")
    done = run("ingest", tmp_path, "--workspace", folder / "ws", "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [file["loaded"] for file in told["files"]] == [5]
    assert [one["path"] for one in told["refused"]] == [str(bad)]
    assert run("ingest", good, "--workspace", folder / "ws").stdout.startswith("already read")


def test_a_dry_run_commits_nothing(folder: Path, tmp_path: Path):
    log = write_jsonl(tmp_path / "more.jsonl", requests(7, first=2_000))
    before = run("status", "--json", "--workspace", folder / "ws").stdout
    done = run("ingest", log, "--dry-run", "--workspace", folder / "ws")
    assert done.returncode == 0
    assert "Dry run: nothing was committed." in done.stdout
    assert run("status", "--json", "--workspace", folder / "ws").stdout == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["no-such-command"], 2, "No such command"),
        (["ingest"], 2, "Missing argument"),
        (["sql", "SELEC 1"], 1, "The query was refused"),
        (["sql", " "], 1, "empty"),
        (["ingest", "/no/such/file"], 1, "no such file"),
        (["ingest", "x", "--set", "model"], 2, "column=value"),
    ],
)
def test_a_wrong_call_says_what_next_without_a_stack_trace(
    folder: Path, arguments: list[str], code: int, says: str
):
    where = [] if code == 2 and len(arguments) == 1 else ["--workspace", folder / "ws"]
    done = run(*arguments, *where)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False)
    assert says in done.stderr


def test_csv_holds_exact_decimals_and_empty_for_unknown(folder: Path):
    query = "SELECT 0.1::DECIMAL(38,12) AS usd, NULL AS nothing, 'a,\"b' AS text"
    done = run("sql", query, "--format", "csv", "--workspace", folder / "ws")
    assert list(csv.reader(io.StringIO(done.stdout))) == [
        ["usd", "nothing", "text"],
        ["0.100000000000", "", 'a,"b'],
    ]


def test_hostile_cells_are_shown_and_not_obeyed(folder: Path):
    done = run("sql", "SELECT chr(27) || '[31mred[/]' AS cell", "--workspace", folder / "ws")
    assert "\x1b" not in done.stdout
    assert "\\x1b[31mred[/]" in done.stdout

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


def test_what_fits_is_said_once_and_files_of_other_commands_are_named(folder: Path, tmp_path: Path):
    for number in range(23):
        (tmp_path / f"{number:02}.csv").write_text("BilledCost,ChargePeriodStart\n1,2026-10-01\n")
    (tmp_path / "99.csv").write_text("provider,model,meter,usd,per\na,b,output_tokens,1,1\n")
    done = run("ingest", tmp_path, tmp_path / "99.csv", "--workspace", folder / "ws")
    assert done.returncode == 1
    assert done.stderr.count("Formats are known by") == 1
    assert done.stderr.count("workbench reconcile FILE") == 20
    assert "4 more files were refused" in done.stderr
    one = run("ingest", tmp_path / "99.csv", "--workspace", folder / "ws")
    assert "a price sheet: workbench prices import FILE" in one.stderr


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


RATES = """tickets: 10000
model_usd_per_attempt: 0.18
tool_usd_per_attempt: 0.02
retry_rate: 0.15
platform_fixed_usd: 1200
ai_resolution_rate: 0.65
reopen_rate: 0.05
human_usd_per_ticket: 6.5
handoff_usd_per_ticket: 0.5
qa_sample_rate: 0.04
qa_usd_per_sample: 2.0
"""


def test_unit_economics_runs_headless(tmp_path: Path):
    rates = tmp_path / "rates.yaml"
    rates.write_text(RATES)
    done = run("model", "unit_economics", "--inputs", rates, "--json")
    # 10,000 x 0.20 x 1.15 + 1,200 = 3,500 for AI, over 6,500 resolutions; people take
    # 3,500 escalated and 325 reopened at 7.00, QA 260 samples at 2.00.
    answer = json.loads(done.stdout)
    assert answer["naive_usd"] == pytest.approx(3_500 / 6_500)
    assert answer["fully_loaded_usd"] == pytest.approx((3_500 + 3_825 * 7 + 520) / 10_000)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a, b", "holds no names"),
        ("tickets: 3", "missing ai_resolution_rate"),
        (RATES.replace("0.65", "1.5"), "must be in [0, 1], got 1.5"),
        (RATES.replace("0.65", "lots"), "could not convert string to float: 'lots'"),
        (RATES + "unknown: 1", "unknown unknown"),
    ],
)
def test_bad_rates_are_named_with_their_file(tmp_path: Path, text: str, says: str):
    rates = tmp_path / "rates.yaml"
    rates.write_text(text)
    done = run("model", "unit_economics", "--inputs", rates)
    assert done.returncode == 1
    assert f"{rates}: " in done.stderr
    assert says in done.stderr


def test_prices_of_two_sources_are_compared(folder: Path, tmp_path: Path):
    workspace = tmp_path / "ws"
    assert run("init", workspace).returncode == 0
    log = write_jsonl(tmp_path / "log.jsonl", requests(30))
    run("ingest", log, "--workspace", workspace)
    sheet = tmp_path / "contract.csv"
    sheet.write_text(
        "provider,model,meter,usd,per\n"
        "openai,gpt-4.1,output_tokens,6.4,1000000\n"
        "openai,gpt-misspelt,output_tokens,1,1000000\n"
    )
    done = run("prices", "import", sheet, "--workspace", workspace)
    assert "no logged request uses openai/gpt-misspelt;" in done.stdout
    again = run("prices", "import", sheet, "--workspace", workspace)
    assert "Nothing new" in again.stdout
    told = json.loads(run("prices", "diff", "gpt-4.1", "--workspace", workspace, "--json").stdout)
    (output,) = [
        one
        for one in told["differences"]
        if one["meter"] == "output_tokens" and not one["conditions"]
    ]
    stated = list(output["usd_per_million"].values())
    assert stated[0] == 6.4  # the contract wins
    assert 8.0 in stated  # the list price
    assert "gpt-misspelt, which no request uses" in run("prices", "check", "--workspace", workspace).stdout  # fmt: skip


def test_refresh_takes_the_installed_list_prices(folder: Path, tmp_path: Path):
    pytest.importorskip("genai_prices")
    done = run("prices", "refresh", "--workspace", folder / "ws")
    assert done.stdout == "The book already holds these prices.\n"
    done = run("prices", "refresh", "--out", tmp_path / "book")
    assert done.returncode == 0
    assert {path.name for path in (tmp_path / "book").iterdir()} == {"default.parquet", "default.json"}  # fmt: skip

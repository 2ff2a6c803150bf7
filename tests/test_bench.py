"""`make bench` names scripts that are there, and its table says what was met and what was not."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLAIMS = ROOT / "benchmarks" / "claims.py"


def scripts() -> list[str]:
    text = (ROOT / "scripts" / "bench.sh").read_text()
    (names,) = re.findall(r"for name in \$\{\*:-([a-z_ ]+)\}", text)
    return names.split()


def test_every_benchmark_of_the_run_is_there_and_claims_something():
    found = {name: (ROOT / "benchmarks" / f"{name}.py").read_text() for name in scripts()}
    assert len(found) >= 7
    assert [name for name, text in found.items() if "claim(" not in text] == []


def run(*arguments: str, kept: Path | None = None) -> str:
    environment = {} if kept is None else {"WORKBENCH_CLAIMS": str(kept)}
    done = subprocess.run(
        [sys.executable, str(CLAIMS), *arguments],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return done.stdout


def test_the_table_counts_goals_met_and_missed(tmp_path: Path):
    kept = tmp_path / "claims"
    said = [
        {"what": "a", "figure": "1 s", "beside": "rival 2 s", "goal": "<= 2 s", "holds": True},
        {"what": "bb", "figure": "9 s", "beside": "", "goal": "<= 2 s", "holds": False},
        {"what": "c", "figure": "3", "beside": "", "goal": "", "holds": None},
    ]
    kept.write_text("".join(json.dumps(one) + "\n" for one in said))
    run("--failed", "pages", kept=kept)
    lines = run(str(kept)).splitlines()
    assert lines[0].split() == [
        "what",
        "figure",
        "rival",
        "or",
        "limit",
        "goal",
        "met",
        "or",
        "missed",
    ]
    assert [line.split()[-1] for line in lines[1:5]] == ["met", "MISSED", "3", "MISSED"]
    assert lines[-1] == "1 of 3 goals met, 2 missed"


def test_a_run_without_a_claim_says_so(tmp_path: Path):
    assert run(str(tmp_path / "none")) == "no claim was measured\n"

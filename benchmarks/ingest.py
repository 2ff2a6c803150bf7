"""How fast is a log ingested, whole, beside DuckDB's own typed read of the same file?

Ours: `python -m workbench ingest LOG`, start-up, hash, checks, duplicates, prices and rollups
included. The rival: a process that reads the same JSON lines with all types given into a table
of a database file, 2 threads, and closes it. Both are counted in CPU-seconds, user and system,
of the whole process. Goal: at least 0.7 of the rival's rows a CPU-second.

Two logs of the same size: the headline's dimensions are drawn independently of one another, the
worst case for rollups; beside it one with dimensions like those of real organisations, and users
to hash. And 300 small session files, for which there is no rival.

Run: python benchmarks/ingest.py [ROWS]
"""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from claims import claim
from speed_data import write_logs

GOAL = 0.7
SESSIONS = 300
SESSIONS_GOAL_S = 21
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
"""An installed package has its bytecode; compiling it anew in every run is not ingest."""
RUNS = int(os.environ.get("RUNS", "3"))
TYPES = {
    "request_id": "VARCHAR", "started_at": "TIMESTAMP", "provider": "VARCHAR", "model": "VARCHAR",
    "service_tier": "VARCHAR", "environment": "VARCHAR", "feature": "VARCHAR",
    "tenant": "VARCHAR", "session_id": "VARCHAR", "trace_id": "VARCHAR", "status": "VARCHAR",
    "latency_ms": "DOUBLE", "uncached_input_tokens": "BIGINT", "cache_read_tokens": "BIGINT",
    "cache_write_5m_tokens": "BIGINT", "output_tokens": "BIGINT", "input_image_tokens": "BIGINT",
    "web_searches": "BIGINT",
}  # fmt: skip
RIVAL = """
import duckdb, sys
log, database, columns = sys.argv[1:]
con = duckdb.connect(database)
con.execute("SET threads = 2; SET TimeZone = 'UTC'")
con.execute(f"CREATE TABLE usage AS FROM read_json('{log}', format = 'newline_delimited', columns = {columns})")
con.close()
"""


def cpu_s_of(command: list[str]) -> tuple[float, float]:
    """Run a command; return its CPU seconds, children included, and its wall time."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, time.perf_counter() - begun


def in_new_workspace(folder: Path, name: str, logs: Path, *more: str) -> tuple[float, float]:
    workspace = str(folder / name)
    command = [sys.executable, "-m", "workbench"]
    subprocess.run([*command, "init", workspace], check=True, capture_output=True, env=ENVIRONMENT)
    return cpu_s_of([*command, "ingest", str(logs), *more, "--workspace", workspace])


def compared(folder: Path, log: Path, *, rows: int, types: dict[str, str], what: str) -> None:
    print(
        f"{what}: {rows:,} rows, {log.stat().st_size / 1e6:,.0f} MB, best of {RUNS} by CPU-seconds"
    )
    print(f"machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs before")
    found = []
    for run in range(RUNS):
        database = f"{folder}/{log.stem}-{run}.duckdb"
        rival = cpu_s_of([sys.executable, "-c", RIVAL, str(log), database, str(types)])
        Path(database).unlink()
        found.append((rival, in_new_workspace(folder, f"{log.stem}-{run}", log)))
        shutil.rmtree(folder / f"{log.stem}-{run}")
    print(f"machine load {os.getloadavg()[0]:.1f} after")
    rival, ours = (min(pair[side] for pair in found) for side in (0, 1))
    for name, (cpu, wall) in (("DuckDB typed read", rival), ("workbench ingest", ours)):
        print(f"{name:20s} {cpu:6.2f} CPU-s {wall:6.2f} s wall {rows / cpu:12,.0f} rows/CPU-s")
    ratio = rival[0] / ours[0]
    claim(
        f"ingest of JSONL, {what}", f"{rows / ours[0]:,.0f} rows/CPU-s, ratio {ratio:.2f}",
        beside=f"DuckDB's typed read {rows / rival[0]:,.0f}", goal=f"ratio >= {GOAL}",
        holds=ratio >= GOAL,
    )  # fmt: skip


def write_sessions(folder: Path) -> None:
    """Write small logs in the manner of Claude Code: 15 to 60 records, a third of them no usage."""
    draw = random.Random(11)
    for n in range(SESSIONS):
        path = folder / f"project-{n % 9}" / f"{n}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        begun = datetime(2026, 10, 1, tzinfo=UTC) + timedelta(minutes=draw.randint(0, 40_000))
        with path.open("w") as file:
            for row in range(draw.randint(15, 60)):
                record = {
                    "type": "user", "uuid": f"{n}-{row}", "sessionId": f"session-{n}",
                    "timestamp": (begun + timedelta(minutes=row)).isoformat(),
                    "message": {"role": "user", "content": "synthetic words " * draw.randint(1, 40)},
                }  # fmt: skip
                if row % 3:
                    record |= {"type": "assistant", "requestId": f"req-{n}-{row}"}
                    record["message"] |= {
                        "id": f"msg-{n}-{row}", "model": "claude-sonnet-4-5",
                        "usage": {"input_tokens": draw.randint(1, 900), "output_tokens": draw.randint(1, 900)},
                    }  # fmt: skip
                file.write(json.dumps(record) + "\n")


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for stem, alike, types in (
            ("independent", False, TYPES),
            ("organisation", True, {**TYPES, "user_id": "VARCHAR"}),
        ):
            log = folder / f"{stem}.jsonl"
            print(f"writing {rows:,} synthetic requests")
            write_logs(str(log), rows=rows, how="jsonl", like_an_organisation=alike)
            what = "dimensions like an organisation's" if alike else "dimensions independent"
            compared(folder, log, rows=rows, types=types, what=what)
            log.unlink()
        write_sessions(folder / "sessions")
        print(f"{SESSIONS} small session files")
        cpu, _ = in_new_workspace(folder, "ws", folder / "sessions", "--set", "feature=code")
        claim(
            f"ingest of {SESSIONS} small session files",
            f"{cpu:.1f} CPU-s, {1000 * cpu / SESSIONS:.1f} ms a file",
            goal=f"<= {SESSIONS_GOAL_S} CPU-s", holds=cpu <= SESSIONS_GOAL_S,
        )  # fmt: skip


if __name__ == "__main__":
    main()

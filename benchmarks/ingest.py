"""How fast is a log ingested, whole, beside DuckDB's own typed read of the same file?

Ours: `python -m workbench ingest LOG`, start-up, hash, checks, duplicates, prices and rollups
included. The rival: a process that reads the same JSON lines with all types given into a table
of a database file, 2 threads, and closes it. Both are counted in CPU-seconds, user and system,
of the whole process. Goal: at least 0.7 of the rival's rows a CPU-second.

Run: python benchmarks/ingest.py [ROWS] [LOG.jsonl]
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from speed_data import write_logs

GOAL = 0.7
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


def one_run(folder: Path, log: Path, run: int) -> tuple[tuple[float, float], tuple[float, float]]:
    workspace = folder / f"ws{run}"
    subprocess.run(
        [sys.executable, "-m", "workbench", "init", str(workspace)],
        check=True, capture_output=True, env=ENVIRONMENT,
    )  # fmt: skip
    rival = cpu_s_of([sys.executable, "-c", RIVAL, str(log), f"{folder}/{run}.duckdb", str(TYPES)])
    ours = cpu_s_of(
        [sys.executable, "-m", "workbench", "ingest", str(log), "--workspace", str(workspace)]
    )
    return rival, ours


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = Path(sys.argv[2]) if len(sys.argv) > 2 else folder / "log.jsonl"
        if len(sys.argv) <= 2:
            write_logs(str(log), rows=rows, how="jsonl")
        print(f"{rows:,} rows, {log.stat().st_size / 1e6:,.0f} MB, best of {RUNS} by CPU-seconds")
        print(f"machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs before")
        found = [one_run(folder, log, run) for run in range(RUNS)]
        print(f"machine load {os.getloadavg()[0]:.1f} after")
        rival, ours = (min(pair[side] for pair in found) for side in (0, 1))
        for what, (cpu, wall) in (("DuckDB typed read", rival), ("workbench ingest", ours)):
            print(f"{what:20s} {cpu:6.2f} CPU-s {wall:6.2f} s wall {rows / cpu:12,.0f} rows/CPU-s")
        print(f"ratio {rival[0] / ours[0]:.2f} of DuckDB's own read (goal {GOAL})")


if __name__ == "__main__":
    main()

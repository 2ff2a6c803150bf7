"""How long does publishing a snapshot take, at ten million requests?

The requests are synthetic and their dimensions are drawn independently, which is the worst
case for rollups: most days hold almost as many combinations as requests.

Run: python benchmarks/publish.py [ROWS]
"""

import os
import resource
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from claims import claim
from speed_data import write_logs

from workbench.workspace import Workspace

RUNS = 3


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.parquet"
        print(f"writing {rows:,} synthetic requests")
        write_logs(str(log), rows=rows, how="parquet")
        workspace = Workspace.init(Path(folder) / "ws")
        now = datetime.now(tz=UTC)
        print(f"machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs before")
        print("ingesting them: about three minutes where they are ten million")
        begun, spent = time.perf_counter(), cpu_s()
        loaded = workspace.ingest([log], now=now).loaded
        print(
            f"{loaded:,} rows ingested from Parquet: {time.perf_counter() - begun:.1f} s wall, "
            f"{cpu_s() - spent:.1f} CPU-s"
        )
        taken = []
        for _ in range(RUNS):
            begun, spent = time.perf_counter(), cpu_s()
            snapshot = workspace.publish(now=now)
            taken.append(time.perf_counter() - begun)
            print(
                f"published in {time.perf_counter() - begun:.2f} s wall, {cpu_s() - spent:.2f} "
                f"CPU-s: {snapshot.stat().st_size / 1e6:.0f} MB"
            )
        claim(
            f"snapshot published, {rows:,} requests",
            f"{statistics.median(taken):.2f} s, {snapshot.stat().st_size / 1e6:.0f} MB",
        )
        print(f"machine load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()

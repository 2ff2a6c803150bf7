"""How fast are written segments priced, with every condition and all bookkeeping?

Goal: at least 5 million rows a CPU-second, and 750 times genai-prices called row by row.
The rival gives one price a call and runs on one thread: the claim is contract cost on one thread
beside it. Two threads that share a core take more CPU-seconds for the same work; said as well.
Run: python benchmarks/pricing.py [ROWS]
"""

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from claims import claim
from speed_data import write_logs

from workbench import schema
from workbench.kernel import price
from workbench.workspace import Workspace

WITNESS_ROWS = 3_000
GOAL_ROWS, GOAL_TIMES = 5_000_000, 750


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def best_of(count: int, run) -> float:
    times = []
    for _ in range(count):
        begun = cpu_s()
        run()
        times.append(cpu_s() - begun)
    return min(times)


def genai_rows_per_cpu_s(catalog) -> float:
    from genai_prices import Usage, calc_price

    rows = catalog.query(
        f"SELECT provider, model, started_at, uncached_input_tokens + cache_read_tokens + "
        f"cache_write_5m_tokens AS i, cache_read_tokens AS r, cache_write_5m_tokens AS w, "
        f"output_tokens AS o FROM usage WHERE provider <> 'nobody' LIMIT {WITNESS_ROWS}"
    ).to_pylist()

    def run() -> None:
        for row in rows:
            calc_price(
                Usage(input_tokens=row["i"], cache_read_tokens=row["r"],
                      cache_write_tokens=row["w"], output_tokens=row["o"]),
                row["model"], provider_id=row["provider"],
                genai_request_timestamp=row["started_at"].replace(tzinfo=UTC),
            )  # fmt: skip

    return len(rows) / best_of(3, run)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000_000
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log.parquet"
        print(f"writing and ingesting {rows:,} synthetic requests")
        write_logs(str(log), rows=rows, how="parquet")
        workspace = Workspace.init(Path(folder) / "ws")
        begun = time.perf_counter()
        report = workspace.ingest([log], now=datetime.now(tz=UTC))
        print(f"{report.loaded:,} rows ingested in {time.perf_counter() - begun:.1f} s")
        print(f"machine load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs")
        with workspace.reader(locked=False) as catalog:
            changes = catalog.price_changes()
            inner = price.priced_rows(
                usage="segment_rows",
                changes=changes,
                columns=("started_at",),
                used_meters=catalog.used_meters(),
            )
            book = (
                "count(*), sum(CAST(p.{b}_pico AS DECIMAL(38,0))), count(*) FILTER (WHERE p.{b}_pico IS NULL), "
                "count(*) FILTER (WHERE p.{b}_pico IS NOT NULL AND (p.used_mask & p.{b}_missing) >= 1), "
                "count(*) FILTER (WHERE (p.used_mask & p.{b}_derived) >= 1), count(*) FILTER (WHERE p.{b}_assumed)"
            )
            one = f"SELECT {book.format(b='contract')} FROM ({inner}) AS p"
            both = (
                f"SELECT {book.format(b='contract')}, {book.format(b='list')} FROM ({inner}) AS p"
            )
            answers = {}
            for name, query, threads in (
                ("contract cost, bookkeeping", one, 1),
                ("the same on two threads", one, 2),
                ("list and contract, bookkeeping", both, 1),
            ):
                catalog.connection.execute(f"SET threads = {threads}")
                spent = best_of(5, lambda query=query: catalog.connection.execute(query).fetchall())
                answers[name] = rows / spent
                print(f"{name:34s} {spent:6.2f} CPU-s  {rows / spent / 1e6:5.2f} M rows/CPU-s")
            print("  requests, pico-USD, unpriced, partial, derived, assumed:",
                  *catalog.connection.execute(one).fetchall()[0])  # fmt: skip
            witness = genai_rows_per_cpu_s(catalog)
            print(f"{'genai-prices, row by row':34s} {witness:,.0f} rows/CPU-s")
            speed = answers["contract cost, bookkeeping"]
            claim(
                "pricing, contract cost and all bookkeeping", f"{speed / 1e6:.1f} M rows/CPU-s",
                goal=f">= {GOAL_ROWS / 1e6:.0f} M", holds=speed >= GOAL_ROWS,
            )  # fmt: skip
            claim(
                "the same beside genai-prices called per row", f"{speed / witness:,.0f} times",
                beside=f"genai-prices {witness:,.0f} rows/CPU-s", goal=f">= {GOAL_TIMES} times",
                holds=speed >= GOAL_TIMES * witness,
            )  # fmt: skip
            two = answers["list and contract, bookkeeping"]
            claim(
                "list and contract cost of each row, two prices", f"{two / 1e6:.1f} M rows/CPU-s",
                beside="the rival gives one price", goal=f">= {GOAL_ROWS / 1e6:.0f} M",
                holds=two >= GOAL_ROWS,
            )  # fmt: skip
            print(f"prices change at most {changes}; {len(schema.METERS)} meters")


if __name__ == "__main__":
    main()

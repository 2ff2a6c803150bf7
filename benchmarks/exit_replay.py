"""How long it takes to replay the whole Azure conversation trace on every model of the book.

Run: python benchmarks/exit_replay.py TRACE.csv [YYYY-MM-DD]. Prints seconds on the clock and of
CPU, which load does not stretch; the limit it is held against is five seconds for the ten largest providers (by models
in the book) on two cores. Every request is priced on its own, so context tiers apply.
"""

import csv
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from workbench.models.provider_exit.replay import Traffic, rate_rows, replay_cost_pico
from workbench.pricing.book import PriceBook, RateKey, compile_rates
from workbench.pricing.shipped import shipped_imports

LIMIT_SECONDS = 5.0
COLUMNS = [
    "rate_key", "effective_from", "effective_to", "second_from", "second_to",
    "context_over", "context_upto", "list_uncached_input_tokens", "list_output_tokens",
]  # fmt: skip


def read_trace(path: Path) -> Traffic:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    stamps = [np.datetime64(row["TIMESTAMP"][:26], "us") for row in rows]
    context = np.array([int(row["ContextTokens"]) for row in rows])
    output = np.array([int(row["GeneratedTokens"]) for row in rows])
    return Traffic(
        instants_us=np.array(stamps).astype(np.int64),
        context_tokens=context,
        meters={"uncached_input_tokens": context, "output_tokens": output},
    )


def replay(book: PriceBook, traffic: Traffic, models: list[tuple[str, str]], at: str) -> str:
    at_us = int(np.datetime64(at, "us").astype(np.int64))
    keys = [RateKey(number, *names) for number, names in enumerate(models)]
    start, worked = time.perf_counter(), time.process_time()
    table = compile_rates(book, keys, None)
    rates = rate_rows(table.select(COLUMNS).to_pydict(), meters=traffic.meters)
    compiled = time.perf_counter()
    costs = [replay_cost_pico(traffic, rates[key.rate_key], at_us=at_us) for key in keys]
    done, cpu = time.perf_counter(), time.process_time() - worked
    unpriced = sum(cost.unpriced_requests == cost.requests for cost in costs)
    return (
        f"{len(models):,} models x {traffic.requests:,} requests in {done - start:.2f} s, {cpu:.2f} CPU-s "
        f"({compiled - start:.2f} s compiling prices, {done - compiled:.2f} s pricing); "
        f"{unpriced} models have no text price; {(done - start) / LIMIT_SECONDS:.0%} of the limit on the clock, "
        f"{cpu / LIMIT_SECONDS:.0%} in CPU-seconds"
    )


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    at = arguments[1] if len(arguments) > 1 else "2026-11-24"
    traffic = read_trace(Path(arguments[0]))
    imports = shipped_imports()
    models = sorted({(row.provider, row.model) for one in imports for row in one.rows})
    sizes = Counter(provider for provider, _ in models)
    largest = {provider for provider, _ in sizes.most_common(10)}
    book = PriceBook(imports)
    some = [names for names in models if names[0] in largest]
    print(f"ten largest providers: {replay(book, traffic, some, at)}")
    print(f"the whole book: {replay(book, traffic, models, at)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

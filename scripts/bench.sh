#!/bin/sh
# Runs the benchmarks; rivals live in an environment of their own. Names as arguments choose some.
set -u
cd "$(dirname "$0")/.."
if [ ! -x .venv-bench/bin/python ]; then
    uv=$(command -v uv || echo .venv/bin/uv)
    "$uv" venv --quiet --python .venv/bin/python .venv-bench &&
        "$uv" pip install --quiet --python .venv-bench/bin/python --require-hashes -r locks/bench.txt &&
        "$uv" pip install --quiet --python .venv-bench/bin/python --no-deps -e . || exit 1
fi
failed=0
for name in ${*:-ingest pricing publish redraw_envelope pages backtest_totals screening}; do
    echo "== $name"
    .venv-bench/bin/python "benchmarks/$name.py" || failed=1
done
exit $failed

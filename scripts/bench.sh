#!/bin/sh
# Runs every benchmark; rivals live in an environment of their own.
set -eu
cd "$(dirname "$0")/.."
if [ ! -x .venv-bench/bin/python ]; then
    uv=$(command -v uv || echo .venv/bin/uv)
    "$uv" venv --quiet --python .venv/bin/python .venv-bench
    "$uv" pip install --quiet --python .venv-bench/bin/python --require-hashes -r locks/bench.txt
    "$uv" pip install --quiet --python .venv-bench/bin/python --no-deps -e .
fi
for script in benchmarks/*.py; do
    echo "== $script"
    .venv-bench/bin/python "$script"
done

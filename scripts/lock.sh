#!/bin/sh
# Resolves every dependency again, for all Python versions and systems, with hashes and no index host.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
options="--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade"
# The extra `forecast` holds pandas back for everybody, so only the benchmarks have it.
# shellcheck disable=SC2086
"$uv" pip compile $options --group dev --extra refresh --extra tokenizers --extra fairness --extra lineage pyproject.toml -o locks/dev.txt
# shellcheck disable=SC2086
"$uv" pip compile $options --group dev --group bench --all-extras pyproject.toml -o locks/bench.txt

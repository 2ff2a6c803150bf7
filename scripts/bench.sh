#!/bin/sh
# Runs the benchmarks, each to its end, and prints every claim in one table. Rivals live in an
# environment of their own. Names as arguments choose some. SIZE=quick takes small data: to see
# that all of it runs, not for figures.
set -u
cd "$(dirname "$0")/.."
if ! [ .venv-bench/ready -nt locks/bench.txt ]; then
    echo "making .venv-bench for the rivals, once: a minute or some"
    uv=$(command -v uv || echo .venv/bin/uv)
    "$uv" venv --quiet --clear --python .venv/bin/python .venv-bench &&
        "$uv" pip install --quiet --python .venv-bench/bin/python --require-hashes -r locks/bench.txt &&
        "$uv" pip install --quiet --python .venv-bench/bin/python --no-deps -e . &&
        touch .venv-bench/ready || exit 1
fi
WORKBENCH_CLAIMS=$(mktemp) && trap 'rm -f "$WORKBENCH_CLAIMS"' EXIT
export WORKBENCH_CLAIMS PYTHONUNBUFFERED=1
if [ "${SIZE:-full}" = quick ]; then
    export RUNS=1 WORKBENCH_RUNS=1
fi

size_of() {
    case ${SIZE:-full}:$1 in
    quick:ingest) echo 100000 ;;
    quick:pricing) echo 200000 ;;
    quick:publish) echo 200000 ;;
    quick:screening) echo 300 ;;
    quick:backtest_totals) echo --ets-windows 2 ;;
    full:backtest_totals) echo --ets-windows 12 ;; # all windows take ten minutes: see the script
    esac
}

failed=0
begun=$(date +%s)
for name in ${*:-ingest pricing publish redraw_envelope pages screening backtest_totals}; do
    started=$(date +%s)
    echo "== $name ($(date +%H:%M))"
    # shellcheck disable=SC2046
    if ! .venv-bench/bin/python "benchmarks/$name.py" $(size_of "$name"); then
        failed=1
        .venv-bench/bin/python benchmarks/claims.py --failed "$name"
    fi
    echo "   $name took $(($(date +%s) - started)) s"
done
echo "== all claims, ${SIZE:-full} size, $(($(date +%s) - begun)) s, machine load now $(cut -d' ' -f1 /proc/loadavg)"
.venv-bench/bin/python benchmarks/claims.py "$WORKBENCH_CLAIMS"
exit $failed

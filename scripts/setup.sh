#!/bin/sh
# Installs the workbench and its locked dependencies into .venv, without root.
set -eu
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }
started=$(date +%s)

python=${PYTHON:-python3}
command -v "$python" >/dev/null || { say "error: $python is missing. Install Python 3.11 or newer."; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "error: $("$python" --version) is too old; 3.11 or newer is needed. Name another with PYTHON=..."; exit 1; }

if [ ! -x .venv/bin/python ]; then
    if "$python" -m venv .venv >/dev/null 2>&1; then :
    elif command -v uv >/dev/null; then rm -rf .venv && uv venv --quiet --python "$python" .venv
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        # Debian splits venv from Python; as root it can simply be added.
        rm -rf .venv
        say "installing Debian's python3-venv"
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
        "$python" -m venv .venv
    else
        rm -rf .venv
        say "error: $python cannot make virtual environments. Run: sudo apt-get install python3-venv"; exit 1
    fi
fi

# uv installs the same pinned, hashed files in a tenth of the time; pip does where uv is not to be had.
uv=$(command -v uv || true)
if [ -z "$uv" ] && .venv/bin/python -m pip --version >/dev/null 2>&1; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check uv 2>/dev/null && uv=.venv/bin/uv || uv=
fi
say "installing the locked dependencies (about a minute the first time)"
if [ -n "$uv" ]; then
    "$uv" pip install --quiet --python .venv/bin/python --require-hashes -r locks/dev.txt
    "$uv" pip install --quiet --python .venv/bin/python --no-deps -e .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
fi
touch .venv/ready
say "installed in $(( $(date +%s) - started )) s"

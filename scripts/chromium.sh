#!/bin/sh
# Makes sure the browser tests find a Chromium; installs Debian's where it may.
set -u
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's chromium for the browser tests" >&2
    apt-get update -qq && apt-get install -y -qq chromium >/dev/null && exit 0
fi
echo "No Chromium found and none could be installed: the browser tests will be skipped." >&2
echo "Install it with: sudo apt-get install chromium" >&2
exit 0

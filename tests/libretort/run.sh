#!/bin/sh
# Runs libretort against servers that are not ours: tests/libretort/run.sh RETORT BUILD_FOLDER
#
# Part of ./test. RETORT is the server's program, BUILD_FOLDER holds libretort_probe. Installs the
# pinned packages of requirements.txt into build-test-libretort/ where they are not there yet. Ends
# with the line "N passed, N failed".
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
here=$root/tests/libretort
cache=$root/build-test-libretort
mkdir -p "$cache"
if ! cmp -s "$here/requirements.txt" "$cache/python.stamp"; then
  rm -rf "$cache/python" "$cache/python.stamp"
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$cache/python.stamp"
fi
exec "$cache/python/bin/python" -B "$here/run_libretort.py" "$1" "$2/libretort_probe" "$cache"

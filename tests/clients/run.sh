#!/bin/sh
# Runs the published client libraries against the server: tests/clients/run.sh [BUILD_FOLDER]
#
# Part of ./test. Installs the pinned packages of requirements.txt and package-lock.json into
# build-test-clients/ where they are not there yet, then runs the tests of this folder and the
# cases of tests/api. Ends with the line "N passed, N failed[, N skipped]".
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
build=${1:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
here=$root/tests/clients
cache=$root/build-test-clients
. "$root/tools/setup.sh"

[ -x "$build/retort" ] || die "$build/retort is missing; ./run --build-only makes it."

# stamped NAME FILE...: whether NAME was installed from these very files.
stamped() {
  name=$1
  shift
  [ -f "$cache/$name.stamp" ] && cat "$@" | cmp -s - "$cache/$name.stamp"
}

install_python() {
  stamped python "$here/requirements.txt" "$here/requirements-older.txt" && return 0
  rm -rf "$cache/python" "$cache/python-older" "$cache/python.stamp"
  python3 -m venv "$cache/python"
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check \
    --requirement "$here/requirements.txt"
  # An older release of the same package, beside the venv: the tests put its folder in front.
  "$cache/python/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --target "$cache/python-older" --requirement "$here/requirements-older.txt"
  cat "$here/requirements.txt" "$here/requirements-older.txt" >"$cache/python.stamp"
}

install_node() {
  stamped node "$here/package.json" "$here/package-lock.json" && return 0
  rm -rf "$cache/node" "$cache/node.stamp"
  mkdir -p "$cache/node"
  cp "$here/package.json" "$here/package-lock.json" "$cache/node"
  # Atoma's package needs a native module even where it is not used: built here, against the
  # headers that are installed, with the compiler that the server was built with.
  choose_compiler
  if [ -f /usr/include/node/node.h ]; then export npm_config_nodedir=/usr; fi
  (
    cd "$cache/node"
    export CC CXX
    npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
    npm rebuild blake2 --foreground-scripts --loglevel=error ||
      die "npm could not build the module blake2: it needs make and the headers of Node" \
        "(Debian: make, libnode-dev)."
    node -e 'require("atoma-sdk")'
  )
  cat "$here/package.json" "$here/package-lock.json" >"$cache/node.stamp"
}

mkdir -p "$cache"
install_python
install_node
# The packages are found from where a module lies.
rm -f "$cache"/node/*.mjs
cp "$here"/*.mjs "$here/conversations.json" "$cache/node"
exec "$cache/python/bin/python" -B "$here/run_all.py" "$build/retort" "$cache"

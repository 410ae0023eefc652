#!/bin/sh
# Makes the .deb packages and installs them on a clean root: tests/packaging/debs.sh
#
# Part of ./test --full, as root: mmdebstrap makes a root of this distribution with nothing but apt,
# apt installs the packages there with what they depend on, a server is started there, and a program
# built there against libretort-dev asks it. Ends with the line "N passed, N failed".
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
. "$root/tools/setup.sh"
work=$root/build-test-packaging/debs
mkdir -p "$work"
. "$root/tests/packaging/check.sh"

make_packages() {
  rm -f "$work"/*.deb
  cmake -S "$root" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRETORT_TESTS=OFF \
    -DRETORT_CLIENT_LIBRARY=ON -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_C_COMPILER="$CC" &&
    CCACHE_BASEDIR=$root cmake --build "$work/build" -j "$(build_jobs)" &&
    (cd "$work" && cpack -G DEB --config build/CPackConfig.cmake -B "$work/cpack") &&
    cp "$work"/cpack/*.deb "$work"
}

# The root is a folder, and gone with the next run.
install_on_clean_root() {
  rm -rf "$work/root"
  # shellcheck disable=SC1091  # a file of the system, not of the repository
  release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  mmdebstrap --variant=apt --mode=root "$release" "$work/root" &&
    cp "$work"/*.deb "$work/root/tmp" &&
    chroot "$work/root" apt-get update -q &&
    chroot "$work/root" sh -c \
      'apt-get install -y --no-install-recommends /tmp/*.deb g++ pkg-config'
}

answer_there() {
  cp "$root/tests/packaging/consumer/main.cc" "$work/root/tmp/main.cc"
  # shellcheck disable=SC2016  # for the shell in there
  chroot "$work/root" sh -euc '
    cd /tmp
    g++ -std=c++20 main.cc -o consumer $(pkg-config --static --cflags --libs retort)
    retort serve --port 0 --port-file port >serve.log 2>&1 &
    server=$!
    trap "kill $server" EXIT
    for second in $(seq 120); do [ -s port ] && break; sleep 1; done
    ./consumer "http://127.0.0.1:$(cat port)"'
}

choose_compiler
check packages make_packages
if [ $failed = 0 ]; then check clean-root install_on_clean_root; fi
if [ $failed = 0 ]; then check answer answer_there; fi
rm -rf "$work/root"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

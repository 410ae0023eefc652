#!/bin/sh
# Installs libretort and builds a program against it: tests/packaging/run.sh [--full] [BUILD_FOLDER]
#
# Part of ./test, which has one way: static, find_package, clang. With --full: static and shared,
# every way to come by the library, C++20 and C++23, g++ 12 and clang. Ends with the line
# "N passed, N failed".
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
here=$root/tests/packaging
. "$root/tools/setup.sh"
full=no
if [ "${1:-}" = --full ]; then
  full=yes
  shift
fi
work=$root/build-test-packaging
mkdir -p "$work"
. "$root/tests/packaging/check.sh"

# library KIND COMPILER: builds and installs it below $work/KIND-COMPILER.
library() {
  shared=OFF
  if [ "$1" = shared ]; then shared=ON; fi
  build=$work/$1-$(basename "$2")
  cmake -S "$root" -B "$build/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DRETORT_SERVER=OFF \
    -DCMAKE_CXX_COMPILER="$2" -DCMAKE_C_COMPILER="$CC" -DBUILD_SHARED_LIBS=$shared \
    -DCMAKE_INSTALL_PREFIX="$build/root" &&
    cmake --build "$build/build" &&
    cmake --install "$build/build"
}

# consumer WAY KIND COMPILER STANDARD
consumer() {
  build=$work/$2-$(basename "$3")
  rm -rf "$build/$1-$4"
  cmake -S "$here/consumer" -B "$build/$1-$4" -G Ninja -DCONSUMER_WAY="$1" \
    -DRETORT_SOURCE="$root" -DCMAKE_PREFIX_PATH="$build/root" -DCMAKE_CXX_COMPILER="$3" \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_STANDARD="$4" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" &&
    cmake --build "$build/$1-$4" &&
    "$build/$1-$4/consumer" && "$build/$1-$4/consumer_try"
}

# by_pkg_config KIND COMPILER: without CMake.
by_pkg_config() {
  build=$work/$1-$(basename "$2")
  flags=--static
  if [ "$1" = shared ]; then flags=; fi
  folder=$(dirname "$(find "$build/root" -name retort.pc)")
  # shellcheck disable=SC2046,SC2086  # lists of words are split on purpose
  "$2" -std=c++20 "$here/consumer/main.cc" -o "$build/by-pkg-config" \
    $(PKG_CONFIG_PATH=$folder pkg-config $flags --cflags --libs retort) \
    -Wl,-rpath,"$(dirname "$folder")" &&
    "$build/by-pkg-config"
}

# clean_symbols KIND COMPILER: nothing but retort's own names is seen, and nothing but libcurl,
# threads and the language's libraries is needed.
clean_symbols() {
  build=$work/$1-$(basename "$2")
  library=$(find "$build/root" -name 'libretort.a' -o -name 'libretort.so')
  flags=-C
  if [ "$1" = shared ]; then flags="-C -D"; fi
  # shellcheck disable=SC2086  # two words
  if nm $flags --defined-only "$library" |
    grep -E ' [TDBRVW] ((vtable|typeinfo|typeinfo name) for )?(boost|retort::(base|protocol))::'
  then
    return 1
  fi
  # Of the shared library each name is spelled _Z, a letter or two of what it is, 6retort.
  if [ "$1" = shared ] && nm -D --defined-only "$library" | grep -v ' _Z[A-Z]*6retort'; then
    return 1
  fi
  program=$build/find_package-20/consumer
  if ldd "$program" | grep -E 'boost|spdlog|libfmt'; then return 1; fi
  readelf -d "$program" | grep NEEDED
}

try_all() {
  check "$1-$2-library" library "$1" "$3"
  check "$1-$2-find_package" consumer find_package "$1" "$3" 20
  check "$1-$2-symbols" clean_symbols "$1" "$3"
}

choose_compiler
try_all static clang "$CXX"
if [ $full = yes ]; then
  try_all shared clang "$CXX"
  try_all static gcc g++-12
  try_all shared gcc g++-12
  for kind in static shared; do
    check "$kind-find_package-23" consumer find_package $kind "$CXX" 23
    check "$kind-add_subdirectory" consumer add_subdirectory $kind "$CXX" 20
    check "$kind-fetch_content" consumer fetch_content $kind "$CXX" 20
    check "$kind-pkg-config" by_pkg_config $kind "$CXX"
  done
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

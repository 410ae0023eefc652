# shellcheck shell=sh
# What ./run and ./test share: installing packages by name, choosing the compiler, configuring and
# building one preset. Sourced, never run; the caller sets `root`, the folder of the repository.
: "${root:?}"

say() { printf '%s\n' "$*"; }

die() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# Prints debian, ubuntu, or the name of a system whose package names are not known here.
distribution() {
  name=this\ system
  if [ -r /etc/os-release ]; then
    # shellcheck disable=SC1091  # a file of the system, not of the repository
    name=$(. /etc/os-release && printf '%s %s' "${ID:-unknown}" "${VERSION_ID:-}")
  fi
  case $name in
    'debian 12'*) echo debian ;;
    'ubuntu 24.04'*) echo ubuntu ;;
    *) printf '%s\n' "$name" ;;
  esac
}

# missing_packages DISTRIBUTION ROLE...: one line a missing package, "a|b" where there is a choice.
# Asks dpkg once and apt never, so that it costs nothing when all is there.
missing_packages() {
  system=$1
  shift
  roles=" $* "
  names=$(sed -e 's/#.*//' "$root/tools/packages.txt" | awk '{print $2, $3}' | tr '|' ' ')
  # shellcheck disable=SC2086  # words on purpose
  installed=" $(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' $names 2>/dev/null |
    sed -n 's/^ii  *//p' | tr '\n' ' ') "
  while read -r role debian ubuntu command; do
    case $role in '' | '#'*) continue ;; esac
    case $roles in *" $role "*) ;; *) continue ;; esac
    case $command in
      -) ;;
      /*) if [ -e "$command" ]; then continue; fi ;;
      *) if command -v "$command" >/dev/null 2>&1; then continue; fi ;;
    esac
    wanted=$debian
    if [ "$system" = ubuntu ]; then wanted=$ubuntu; fi
    found=no
    for package in $(echo "$wanted" | tr '|' ' '); do
      case $installed in *" $package "*) found=yes ;; esac
    done
    if [ $found = no ]; then echo "$wanted"; fi
  done <"$root/tools/packages.txt"
}

# The first of "a|b" that apt knows, or the first when it knows none (apt's message then names it).
first_known() {
  for package in $(echo "$1" | tr '|' ' '); do
    if apt-cache show "$package" >/dev/null 2>&1; then
      echo "$package"
      return
    fi
  done
  echo "${1%%|*}"
}

# install_packages ROLE...: after it, every package of these roles is there, or the script has
# ended with a line that says what to install by hand.
install_packages() {
  system=$(distribution)
  case $system in
    debian | ubuntu) ;;
    *)
      for command in cmake ninja pkg-config; do
        command -v "$command" >/dev/null 2>&1 || die \
          "$command is missing, and package names are known for Debian 12 and Ubuntu 24.04 only" \
          "(this is $system). Install what tools/packages.txt names, then run this again."
      done
      return 0
      ;;
  esac
  missing=$(missing_packages "$system" "$@")
  if [ -z "$missing" ]; then return 0; fi

  by_hand="apt-get install $(echo "$missing" | sed 's/|.*//' | tr '\n' ' ')"
  as_root=
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
      die "packages are missing, and this is not root, nor is there sudo. As root, run:" "$by_hand"
    as_root=sudo
    if [ ! -t 0 ]; then as_root='sudo -n'; fi
  fi
  say "Installing $(echo "$missing" | tr '\n' ' ')"
  $as_root apt-get update -q ||
    say "apt-get update had errors; going on with the package lists that are there."
  chosen=
  for package in $missing; do chosen="$chosen $(first_known "$package")"; done
  # shellcheck disable=SC2086  # words on purpose
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=300 $chosen ||
    die "the packages could not be installed (is there a network, are apt's sources complete?)." \
      "By hand, as root: $by_hand"
}

# Sets CC and CXX to the best compiler that is there; CMake refuses one that is too old.
choose_compiler() {
  for version in -19 -18 -20 -21 ''; do
    if command -v "clang++$version" >/dev/null 2>&1; then
      CC=clang$version CXX=clang++$version
      return
    fi
  done
  for version in -14 -13 -15 ''; do
    if command -v "g++$version" >/dev/null 2>&1; then
      CC=gcc$version CXX=g++$version
      return
    fi
  done
  die "no C++ compiler found: clang 18 or newer, or g++ 13 or newer, is needed."
}

# How many compilers to run at once: one a processor, and a gigabyte and a half of memory for each.
build_jobs() {
  processors=$(nproc 2>/dev/null || echo 2)
  megabytes=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo 2>/dev/null || echo '')
  jobs=$((${megabytes:-4096} / 1536))
  if [ "$jobs" -gt "$processors" ]; then jobs=$processors; fi
  if [ "$jobs" -lt 1 ]; then jobs=1; fi
  echo "$jobs"
}

# configure PRESET FOLDER: runs CMake where that folder was not configured yet, or was by another
# copy of the repository, or the presets have changed since; otherwise ninja re-runs it by itself.
configure() {
  folder=$root/$2
  if [ -f "$folder/build.ninja" ] && [ -f "$folder/.configured" ] &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$folder/CMakeCache.txt" &&
    [ -z "$(find "$root/CMakePresets.json" -newer "$folder/.configured")" ]; then
    return 0
  fi
  choose_compiler
  # What CMake has found out goes; what was compiled stays.
  rm -rf "$folder/CMakeCache.txt" "$folder"/CMakeFiles/[0-9]*
  (cd "$root" && cmake --preset "$1" -D CMAKE_C_COMPILER="$CC" -D CMAKE_CXX_COMPILER="$CXX") ||
    return 1
  touch "$folder/.configured"
}

# build FOLDER [TARGET...]: quiet when there is nothing to do. With paths relative to the repository
# ccache knows a file again in another copy of it.
build() {
  folder=$1
  shift
  CCACHE_BASEDIR=$root ninja -C "$root/$folder" -j "$(build_jobs)" "$@"
}

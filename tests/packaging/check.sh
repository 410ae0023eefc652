# shellcheck shell=sh
# Sourced by the scripts beside it, which set work, the folder of the logs, and print the sums.
# shellcheck disable=SC2034,SC2154  # passed and failed are theirs to read, work to set
passed=0 failed=0

# check NAME COMMAND...
check() {
  name=$1
  shift
  if "$@" >"$work/$name.log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$name"
    tail -n 30 "$work/$name.log"
  fi
}

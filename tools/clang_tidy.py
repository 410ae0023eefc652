#!/usr/bin/env python3
"""Runs clang-tidy on the C++ files that changed, or with --all on every one.

A file takes five to twenty seconds. So without --all it begins no further file after three minutes,
and says how many it has not looked at.

What changed is what differs from the base: $RETORT_CHECK_BASE, or the point where this branch left
origin/main, or the previous commit. A changed header counts through the .cc of the same name.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from source_tree import ROOT

BUILDS = ("build-dev", "build-release-test", "build-asan", "build")
CHANGED_SECONDS = 180


def git(*arguments):
    command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def base_commit():
    if named := os.environ.get("RETORT_CHECK_BASE"):
        return named
    head = git("rev-parse", "HEAD")
    base = git("merge-base", "HEAD", "origin/main")
    return base if base and base != head else git("rev-parse", "HEAD~1")


def changed_files():
    """Paths that differ from the base or are new; None where git cannot say."""
    base = base_commit()
    if base is None:
        return None
    changed = git("diff", "--name-only", base)
    fresh = git("ls-files", "--others", "--exclude-standard")
    if changed is None or fresh is None:
        return None
    return set(changed.splitlines()) | set(fresh.splitlines())


def database():
    """The folder of the first build that has a compile_commands.json, and its files."""
    for build in BUILDS:
        path = ROOT / build / "compile_commands.json"
        if path.exists():
            entries = json.loads(path.read_text())
            names = [os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT)
                     for entry in entries]
            return path.parent, sorted(name for name in names if (ROOT / name).exists())
    return None, []


def tidy(program, build, name):
    done = subprocess.run([program, "--quiet", "-p", build, name], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = [line for line in done.stdout.splitlines() if " warnings generated" not in line]
    return name, done.returncode, "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()

    program = shutil.which("clang-tidy-19") or shutil.which("clang-tidy-18")
    build, names = database()
    if program is None or build is None:
        print("clang-tidy-19 is not installed" if program is None else
              "no build folder has a compile_commands.json: cmake --preset dev")
        return 1
    changed = None if options.all else changed_files()
    if changed is not None:
        stems = {str(pathlib.PurePath(name).with_suffix("")) for name in changed}
        names = [name for name in names if name.rsplit(".", 1)[0] in stems]

    end = time.monotonic() + CHANGED_SECONDS

    def look_at(name):
        late = not options.all and time.monotonic() > end
        return None if late else tidy(program, build, name)

    failed = seen = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for result in filter(None, pool.map(look_at, names)):
            seen += 1
            name, code, output = result
            if code != 0:
                failed += 1
                print(f"{name}\n{output}", flush=True)
    left = f", {len(names) - seen} not for lack of time (tools/check --full)" if seen < len(names) \
        else ""
    print(f"{seen} files looked at{left}, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

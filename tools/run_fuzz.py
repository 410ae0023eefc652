#!/usr/bin/env python3
"""Runs every fuzz target: first each input of its corpus, then new inputs for a few seconds.

A target is fuzz/NAME_fuzz.cc, its program BUILD/NAME_fuzz and its corpus fuzz/corpus/NAME/. An
input that fails is left in BUILD/crashes/; it belongs into the corpus, together with its repair.
What the fuzzer finds new is not kept. The last line is "N passed, N failed": two for each target.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Limits for one input: seconds, and megabytes of the whole process with its sanitizers.
INPUT_TIMEOUT_S = 10
MEMORY_MB = 3000


def fuzz(program, corpus, crashes, seconds):
    """Returns one (what, exit status, output) for the corpus and one for the new inputs."""
    limits = [f"-timeout={INPUT_TIMEOUT_S}", f"-rss_limit_mb={MEMORY_MB}",
              f"-artifact_prefix={crashes}/{program.name}-"]
    with tempfile.TemporaryDirectory() as scratch:
        for what, arguments in [
                ("corpus", ["-runs=0", corpus]),
                (f"{seconds} s of new inputs", [f"-max_total_time={seconds}", scratch, corpus])]:
            try:
                done = subprocess.run([program, *limits, *arguments], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      timeout=seconds + 300)
                yield what, done.returncode, done.stdout.decode("utf-8", "replace")
            except (OSError, subprocess.TimeoutExpired) as error:
                yield what, 1, str(error)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("build", type=pathlib.Path)
    options = parser.parse_args()

    crashes = options.build.resolve() / "crashes"
    crashes.mkdir(parents=True, exist_ok=True)

    def run(source):
        program = options.build.resolve() / source.stem
        corpus = ROOT / "fuzz" / "corpus" / source.stem.removesuffix("_fuzz")
        return source.stem, list(fuzz(program, corpus, crashes, options.seconds))

    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for name, results in pool.map(run, sorted((ROOT / "fuzz").glob("*_fuzz.cc"))):
            for what, code, output in results:
                print(f"{'ok    ' if code == 0 else 'FAILED'} {name}: {what}", flush=True)
                if code == 0:
                    passed += 1
                else:
                    failed += 1
                    print("\n".join("    " + line for line in output.splitlines()[-60:]))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

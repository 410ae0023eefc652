#!/usr/bin/env python3
"""Runs GoogleTest programs side by side and counts their tests, one program a process.

What a test skips is printed with its reason; a test that was running when its program ended, and
those that had not run yet, count as failed. The last line is "N passed, N failed, N skipped".
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time

START = re.compile(r"^\[ RUN      \] (\S+)")
END = re.compile(r"\[  (     OK|FAILED |SKIPPED) \] ([^\s,]+)(?:, where .*)? \(\d+ ms\)$")
TOTAL = re.compile(r"^\[==========\] Running (\d+) tests?")


class Outcome:
    """What one program's output says: counts, and the text to show for what did not pass."""

    def __init__(self, output, code):
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.report = []
        self.total = None
        self._read(output, code)

    def _read(self, output, code):
        running, lines = None, []
        for line in output.splitlines():
            if self.total is None and (total := TOTAL.match(line)):
                self.total = int(total.group(1))
            if start := START.match(line):
                running, lines = start.group(1), []
                continue
            lines.append(line)
            end = END.search(line)
            if end and end.group(2) == running:
                self._count(end.group(1).strip(), running, lines)
                running, lines = None, []
        if running is not None:
            self._fail(f"{running} did not end (exit status {code})", lines)
        seen = self.passed + self.failed + self.skipped
        if self.total is None:
            self._fail(f"no test ran (exit status {code})", lines)
        elif seen < self.total:
            self._fail(f"{self.total - seen} more tests did not run", [], self.total - seen)
        elif code != 0 and self.failed == 0:
            self._fail(f"every test passed but the exit status is {code}", lines)

    def _count(self, result, name, lines):
        if result == "OK":
            self.passed += 1
        elif result == "SKIPPED":
            self.skipped += 1
            reason = " ".join(text.strip() for text in lines[:-1] if text.strip())
            self.report.append(f"SKIPPED {name}: {reason or 'no reason given'}")
        else:
            self._fail(name, lines)

    def _fail(self, what, lines, count=1):
        self.failed += count
        self.report.append(f"FAILED {what}")
        self.report.extend("    " + line for line in lines[-80:])


def run(program, timeout_s):
    """Runs one program; its standard output and error come together, in order."""
    begin = time.monotonic()
    environment = dict(os.environ, GTEST_COLOR="no")
    try:
        done = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout_s, env=environment)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = late.stdout or b"", f"none: stopped after {timeout_s} s"
    except OSError as error:
        output, code = str(error).encode(), "none: it did not start"
    outcome = Outcome(output.decode("utf-8", "replace"), code)
    return program, outcome, time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--timeout", type=int, default=900, help="seconds for one program")
    parser.add_argument("programs", nargs="*")
    options = parser.parse_args()

    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(run, program, options.timeout) for program in options.programs]
        for future in concurrent.futures.as_completed(runs):
            program, outcome, seconds = future.result()
            print(f"{os.path.basename(program)}: {outcome.passed} passed, {outcome.failed} failed, "
                  f"{outcome.skipped} skipped in {seconds:.1f} s")
            print("".join(line + "\n" for line in outcome.report), end="", flush=True)
            passed += outcome.passed
            failed += outcome.failed
            skipped += outcome.skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Starts the servers, runs every client's tests against them, ends them, and sums up.

run.sh calls this with the server's binary and the folder that holds the packages. Each suite is a
program of its own that closes with the line `N passed, N failed[, N skipped]`.
"""

import os
import pathlib
import re
import subprocess
import sys
import time

from server_process import ServerProcess

HERE = pathlib.Path(__file__).parent
KEY = "sk-of-the-client-tests"
CLOSING = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.MULTILINE)
SUITE_SECONDS = 900


class Totals:
    def __init__(self):
        self.counts = [0, 0, 0]  # passed, failed, skipped

    def add(self, name, output, exit_code, seconds):
        found = CLOSING.findall(output)
        counts = [int(text or 0) for text in found[-1]] if found else [0, 0, 0]
        if (exit_code != 0 or not found) and counts[1] == 0:
            counts[1] = 1
        self.counts = [sum(pair) for pair in zip(self.counts, counts)]
        print(f"---- {name}: {counts[0]} passed, {counts[1]} failed, {seconds:.1f} s", flush=True)

    def claim(self, name, holds, otherwise):
        self.counts[0 if holds else 1] += 1
        print(f"---- {name}: {'ok' if holds else f'FAILED: {otherwise}'}", flush=True)

    def close(self):
        passed, failed, skipped = self.counts
        print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
        return 1 if failed else 0


def node_command(cache):
    files = sorted(str(path) for path in (cache / "node").glob("*.test.mjs"))
    return ["node", "--test", "--test-reporter=tap", *files]


def node_closing_line(output):
    """TAP's summary as the closing line."""
    counts = {name: int(count)
              for name, count in re.findall(r"^# (pass|fail|cancelled|skipped) (\d+)$", output,
                                            re.MULTILINE)}
    if not counts:
        return "0 passed, 1 failed"
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return f"{counts['pass']} passed, {counts['fail'] + counts['cancelled']} failed{skipped}"


def suites(cache, url, keyed_url):
    python = sys.executable
    runner = [python, "-B", str(HERE / "run_python.py")]
    older = {"PYTHONPATH": str(cache / "python-older")}
    cases = HERE.parent / "api" / "run_cases.py"
    return [
        ("cases", [python, "-B", str(cases), "--url", url, "--keyed-url", keyed_url, "--key", KEY],
         {}),
        ("raw http", [*runner, "test_raw_http"], {}),
        ("lifecycle", [*runner, "test_lifecycle"], {}),
        ("atoma (python)", [*runner, "test_atoma"], {}),
        ("atoma (python, older)", [*runner, "test_atoma"], older),
        ("openai (python)", [*runner, "test_openai"], {}),
        ("openai (python), structured", [*runner, "test_structured"], {}),
        ("gradient (python)", [*runner, "test_gradient"], {}),
        ("langchain (python)", [*runner, "test_langchain"], {}),
        ("node", node_command(cache), {}),
    ]


def run_suite(name, command, environment, totals):
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=HERE, env=os.environ | environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=SUITE_SECONDS, check=False)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode("utf-8", "replace") + "\nran out of time\n"
        code = 1
    if name == "node":
        output += node_closing_line(output) + "\n"
    # The closing lines of the parts would be taken for the whole's.
    print(CLOSING.sub(r"(\g<0>)", output), end="", flush=True)
    totals.add(name, output, code, time.monotonic() - started)


def main():
    binary, cache = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    wanted = os.environ.get("CLIENT_TESTS_ONLY", "")  # part of a suite's name, while working on it
    logs = cache / "logs"
    logs.mkdir(exist_ok=True)
    for log in logs.glob("*.log"):
        log.unlink()
    totals = Totals()
    servers = []
    try:
        servers = [ServerProcess(binary, logs / "server.log"),
                   ServerProcess(binary, logs / "keyed-server.log", KEY)]
        url, keyed_url = (server.url for server in servers)
        os.environ.update(CLIENT_TESTS_URL=url, CLIENT_TESTS_KEYED_URL=keyed_url,
                          CLIENT_TESTS_KEY=KEY, CLIENT_TESTS_BINARY=str(binary),
                          CLIENT_TESTS_LOGS=str(logs), PYTHONDONTWRITEBYTECODE="1")
        for name, command, environment in suites(cache, url, keyed_url):
            if wanted in name:
                run_suite(name, command, environment, totals)
        for server in servers:
            server.terminate()
            code = server.wait()
            totals.claim("SIGTERM ends the server", code == 0, f"it exits with {code}")
    finally:
        for server in servers:
            server.close()
    return totals.close()


if __name__ == "__main__":
    sys.exit(main())

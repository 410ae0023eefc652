#!/usr/bin/env python3
"""Runs every example against a server, and holds the README to one: examples/run.py RETORT BUILD

RETORT is the server's program, BUILD the folder of the compiled examples. Part of ./test. The last
line is "N passed, N failed".
"""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "clients"))

from server_process import ServerProcess  # noqa: E402

SECONDS = 300


def run_example(program, url):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("RETORT_")}
    environment["RETORT_BASE_URL"] = url
    done = subprocess.run([program], env=environment, capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    if done.returncode == 0:
        return True
    print(f"FAILED {program.name}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return False


def readme_has_the_example():
    """The C++ block of the README stands in examples/stream.cc, line by line."""
    readme = (ROOT / "README.md").read_text("utf-8")
    begin = readme.index("```cpp\n") + len("```cpp\n")
    block = readme[begin:readme.index("```", begin)].strip("\n").splitlines()
    example = [line.strip() for line in
               (ROOT / "examples" / "stream.cc").read_text("utf-8").splitlines()]
    missing = [line for line in map(str.strip, block) if line and line not in example]
    for line in missing:
        print(f"FAILED README.md: not in examples/stream.cc: {line}")
    return not missing


def main():
    retort, build = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(retort, pathlib.Path(folder) / "server.log")
        try:
            results = [run_example(build / f"example_{path.stem}", server.url)
                       for path in sorted((ROOT / "examples").glob("*.cc"))]
        finally:
            server.close()
    results.append(readme_has_the_example())
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

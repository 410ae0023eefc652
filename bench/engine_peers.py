"""Retort's engine beside another one: the same file, the same threads, pair by pair.

Measures what a peer's command is given for, on `retort bench` and on that command in turn:
  prefill       tokens a second of a prompt of 512
  decode-1      tokens a second of one sequence over 128 tokens, and the peak of memory
  decode-8, decode-32   of 8 and 32 sequences together, 32 tokens each behind prompts of 128
  first-token   seconds from the start of a server to its first token, page cache warm; the form is
                `server`, the command that of a server of chat completions
In a command {model}, {threads} and {port} are replaced. It is given with the form of its output
(peer_output.py) and should measure one thing, once. For llama.cpp:
  python engine_peers.py --retort build/retort --model FILE \
    --peer prefill llama-bench 'llama-bench -m {model} -t {threads} -p 512 -n 0 -r 1 -o json' \
    --peer decode-8 batched-bench 'llama-batched-bench -m {model} -t {threads} -c 2048 -npp 128
      -ntg 32 -npl 8 -pps --output-format jsonl' \
    --peer first-token server 'llama-server -m {model} -t {threads} --port {port}'
Prints one line of JSON, then a Markdown table; what goes on goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from typing import Any

from paired_runs import (TABLE_HEAD, BenchError, Figures, Side, add_plan_options, compare,
                         interleave, json_object, last_line, machine_check, plan_of, run_checked,
                         say, table_rows)
from peer_output import NoFigure, tokens_per_s
from server_process import ServerProcess, free_port

RUN_TIMEOUT_S = 1800
PEER_TIMEOUT_S = 1800
# llama.cpp's programs print from a thread whose last lines are lost where they end before it runs.
PEER_TRIES = 3
# What `retort bench` is told, for the figures that are read from it.
OURS = {
    "prefill": ["--prompt", "512", "--generate", "1", "--batch", "1"],
    "decode-1": ["--prompt", "1", "--generate", "128", "--batch", "1"],
    "decode-8": ["--prompt", "128", "--generate", "32", "--batch", "8"],
    "decode-32": ["--prompt", "128", "--generate", "32", "--batch", "32"],
}
FIRST_TOKEN = "first-token"


def fill(template: str, options: argparse.Namespace, port: int = 0) -> list[str]:
    """A command's words; the model's path may hold spaces."""
    values = {"{model}": options.model, "{threads}": str(options.threads), "{port}": str(port)}
    words = shlex.split(template)
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    return words


def run_peer(command: list[str]) -> tuple[str, int]:
    """What a command wrote, on both streams, and its peak of memory in bytes.

    The kernel counts this script's own 20 MB as the least, which no model that matters is under.
    """
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT)
        except OSError as error:
            raise BenchError(f"{command[0]} cannot be started: {error.strerror}") from None
        alarm = threading.Timer(PEER_TIMEOUT_S, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        in_time = alarm.is_alive()
        alarm.cancel()
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    if not in_time:
        raise BenchError(f"{command[0]} did not end within {PEER_TIMEOUT_S} s")
    if process.returncode != 0:
        raise BenchError(f"{command[0]} ended with {process.returncode}: {last_line(text)[:200]}")
    return text, usage.ru_maxrss * 1024


def our_bench(measure: str, options: argparse.Namespace) -> Figures:
    """The peak is the one that `retort bench` prints: it leaves out its own check of the machine."""
    command = [options.retort, "bench", "--model", options.model, "--threads",
               str(options.threads), "--json", *OURS[measure]]
    report = json_object(run_checked(command, RUN_TIMEOUT_S).stdout, "retort bench")
    if measure == "prefill":
        return {"tokens_per_s": report["prefill"]["tokens_per_s"],
                "int8_fraction": report["prefill"]["int8_fraction"]}
    decode = report["decode"][0]
    figures = {"tokens_per_s": decode["tokens_per_s"],
               "bandwidth_fraction": decode["bandwidth_fraction"]}
    if measure == "decode-1":
        figures["peak_rss_bytes"] = report["peak_rss_bytes"]
    return figures


def peer_bench(measure: str, form: str, command: list[str]) -> Figures:
    for last in [False] * (PEER_TRIES - 1) + [True]:
        output, peak = run_peer(command)
        try:
            figures = {"tokens_per_s": tokens_per_s(form, output)}
            break
        except NoFigure as error:
            if last:
                raise
            say(f"once more: {error}")
    if measure == "decode-1":
        figures["peak_rss_bytes"] = peak
    return figures


def start_to_first_token(template: str, options: argparse.Namespace) -> Figures:
    port = free_port()
    with ServerProcess(fill(template, options, port), port) as server:
        return {"seconds": server.first_token_s(), "peak_rss_bytes": server.peak_rss_bytes()}


def sides(measure: str, form: str, template: str,
          options: argparse.Namespace) -> tuple[Side, Side]:
    if measure == FIRST_TOKEN:
        if form != "server":
            raise BenchError("--peer first-token takes the form server")
        ours = (f"{shlex.quote(options.retort)} serve --model {{model}} --threads {{threads}} "
                "--port {port}")
        return (Side("retort", lambda: start_to_first_token(ours, options)),
                Side("peer", lambda: start_to_first_token(template, options)))
    if measure not in OURS:
        raise BenchError(f"no such measure: {measure} (there are {', '.join(OURS)} and "
                         f"{FIRST_TOKEN})")
    return (Side("retort", lambda: our_bench(measure, options)),
            Side("peer", lambda: peer_bench(measure, form, fill(template, options))))


def warm_page_cache(path: str) -> None:
    """Reads the file once, so that the first run is not the one that reads the disk."""
    try:
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
    except OSError as error:
        raise BenchError(f"--model {path}: {error.strerror}") from None


def measure_all(options: argparse.Namespace) -> dict[str, Any]:
    # All of them before the first: a slip in the last one should not cost an hour.
    comparisons = [(measure, template, *sides(measure, form, template, options))
                   for measure, form, template in options.peer]
    plan = plan_of(options)
    warm_page_cache(options.model)
    check = machine_check(options.retort, options.threads)
    measures = {}
    for measure, template, ours, peer in comparisons:
        say(f"{measure}: {template}")
        result = interleave(ours, peer, check, plan)
        measures[measure] = {"peer_command": template, "pairs": len(result.pairs),
                             "thrown_out": result.thrown_out, "limits": result.limits._asdict(),
                             "figures": compare(result.pairs)}
    version = run_checked([options.retort, "version"], 60).stdout.strip()
    return {"retort": version, "model": os.path.basename(options.model),
            "model_bytes": os.path.getsize(options.model), "threads": options.threads,
            "measures": measures}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default="build/retort", help="the binary")
    parser.add_argument("--model", required=True, help="the GGUF file that both read")
    parser.add_argument("--peer", nargs=3, action="append", required=True,
                        metavar=("MEASURE", "FORM", "COMMAND"))
    add_plan_options(parser)
    options = parser.parse_args()
    try:
        report = measure_all(options)
    except BenchError as error:
        print(f"engine_peers: {error}", file=sys.stderr)
        return 1
    print(json.dumps(report))
    print("\n" + TABLE_HEAD)
    for measure, result in report["measures"].items():
        print("\n".join(table_rows(f"{report['model']} {measure}", result)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

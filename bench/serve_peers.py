"""`retort serve` beside another server, both driven by `retort load`, pair by pair.

Each run starts a server, waits until it is ready, drives it, and stops it, so that no run finds
what an earlier one left in a cache and no idle server shares the machine. In the peer's command
{model}, {threads} and {port} are replaced. What follows `--` goes to `retort load` as it is:
  python serve_peers.py --retort build/retort --model FILE \
    --peer 'llama-server -m {model} -t {threads} -np 8 -c 8192 --port {port}' -- \
    --concurrency 8 --requests 32 --prompt-tokens 204 --shared-prefix-tokens 150 --output-tokens 64
Prints one line of JSON, then a Markdown table; what goes on goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from typing import Any

from engine_peers import fill, warm_page_cache
from paired_runs import (TABLE_HEAD, BenchError, Figures, Side, add_plan_options, compare,
                         interleave, json_object, machine_check, plan_of, run_checked, say,
                         table_rows)
from server_process import ServerProcess, free_port

LOAD_TIMEOUT_S = 3600
FAILED_REQUESTS = 1  # exit status of `retort load` where a request failed: a figure, not an end
# The figures that are taken from `retort load`, as paths into its object.
TAKEN = {"requests_per_s": ["requests_per_s"], "output_tokens_per_s": ["output_tokens_per_s"],
         "ttft_p50_ms": ["ttft_ms", "p50"], "ttft_p95_ms": ["ttft_ms", "p95"],
         "itl_p50_ms": ["itl_ms", "p50"], "itl_p95_ms": ["itl_ms", "p95"],
         "itl_p99_ms": ["itl_ms", "p99"], "tpot_p50_ms": ["tpot_ms", "p50"],
         "latency_p50_ms": ["latency_ms", "p50"],
         "load_delay_p99_ms": ["own_delay_ms", "p99"], "errors": ["errors"]}


def figures_of(report: dict[str, Any]) -> Figures:
    """A figure that is null, as the time between tokens where each answer has one, is left out."""
    figures = {}
    for name, path in TAKEN.items():
        value: Any = report
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, (int, float)):
            figures[name] = float(value)
    missing = {"requests_per_s", "errors"} - figures.keys()
    if missing:
        raise BenchError(f"retort load printed no {', '.join(sorted(missing))}")
    return figures


def drive(template: str, options: argparse.Namespace) -> Figures:
    """One run of one server, with its memory and its processor time beside what clients saw."""
    port = free_port()
    with ServerProcess(fill(template, options, port), port) as server:
        server.wait_until_ready()
        command = [options.retort, "load", "--base-url", server.base_url, "--model",
                   server.model_id(), *options.load, "--json"]
        before = server.cpu_s()
        done = run_checked(command, LOAD_TIMEOUT_S, (0, FAILED_REQUESTS))
        report = json_object(done.stdout or done.stderr, "retort load")
        figures = figures_of(report)
        requests = report.get("requests")
        if isinstance(requests, int) and requests > 0:
            figures["cpu_ms_per_request"] = 1000 * (server.cpu_s() - before) / requests
        figures["peak_rss_bytes"] = float(server.peak_rss_bytes())
    if figures["errors"]:
        say(f"{figures['errors']:.0f} requests failed: {shlex.join(command)}")
    return figures


def side(name: str, template: str, options: argparse.Namespace) -> Side:
    return Side(name, lambda: drive(template, options))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    ours = options.ours or (f"{shlex.quote(options.retort)} serve --model {{model}} "
                            "--threads {threads} --port {port} --log-level error")
    plan = plan_of(options)
    warm_page_cache(options.model)
    result = interleave(side("retort", ours, options), side("peer", options.peer, options),
                        machine_check(options.retort, options.threads), plan)
    version = run_checked([options.retort, "version"], 60).stdout.strip()
    return {"retort": version, "model": os.path.basename(options.model),
            "threads": options.threads, "retort_command": ours, "peer_command": options.peer,
            "load": options.load, "pairs": len(result.pairs), "thrown_out": result.thrown_out,
            "limits": result.limits._asdict(), "figures": compare(result.pairs)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default="build/retort", help="the binary: server and load")
    parser.add_argument("--model", required=True, help="the GGUF file that both serve")
    parser.add_argument("--peer", required=True, metavar="COMMAND", help="starts the other server")
    parser.add_argument("--ours", metavar="COMMAND", help="instead of a plain `retort serve`")
    add_plan_options(parser)
    parser.add_argument("load", nargs="*", metavar="LOAD", help="arguments of `retort load`")
    options = parser.parse_args()
    try:
        report = measure(options)
    except BenchError as error:
        print(f"serve_peers: {error}", file=sys.stderr)
        return 1
    print(json.dumps(report))
    print("\n" + TABLE_HEAD)
    print("\n".join(table_rows(f"{report['model']} served", report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

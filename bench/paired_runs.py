"""Two programs measured in turn, A B A B, and compared pair by pair.

A machine that others share is faster in one minute than in the next, so only what ran side by side
is compared, and a pair is thrown out where a short check of the machine's own limits, before,
between or after its two runs, fell more than a tolerance below the best check of the whole run.
Part of engine_peers.py and serve_peers.py.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Figures = dict[str, float]
CHECK_TIMEOUT_S = 120


class BenchError(Exception):
    """A measurement that cannot be made, in one line."""


class Limits(NamedTuple):
    """What the machine could do at one moment, by the limits that `retort bench` prints."""
    bandwidth_bytes_per_s: float
    int8_ops_per_s: float

    def share_of(self, best: Limits) -> float:
        """The smaller of both shares; a limit that could not be measured counts as whole."""
        return min(mine / top if top > 0 else 1.0 for mine, top in zip(self, best))


class Pair(NamedTuple):
    ours: Figures
    peer: Figures
    checks: list[Limits]


class Result(NamedTuple):
    """What was kept, how many pairs were thrown out, and the best check."""
    pairs: list[Pair]
    thrown_out: int
    limits: Limits


class Side(NamedTuple):
    name: str
    run: Callable[[], Figures]


class Plan(NamedTuple):
    """How many undisturbed pairs are wanted, out of how many at most."""
    pairs: int
    attempts: int
    tolerance: float  # how far below the best a check may be


def add_plan_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--pairs", type=int, default=3, help="undisturbed pairs wanted")
    parser.add_argument("--attempts", type=int, default=8, help="pairs at most")
    parser.add_argument("--tolerance", type=float, default=0.15,
                        help="how far below the best a check of the machine may be")


def plan_of(options: argparse.Namespace) -> Plan:
    if not 1 <= options.pairs <= options.attempts:
        raise BenchError("--pairs takes a number from 1 to --attempts")
    if not 0 < options.tolerance < 1:
        raise BenchError("--tolerance takes a number between 0 and 1")
    return Plan(options.pairs, options.attempts, options.tolerance)


def say(text: str) -> None:
    """Progress; standard output is the result's."""
    print(text, file=sys.stderr, flush=True)


def run_checked(command: Sequence[str], timeout_s: float,
                good: Sequence[int] = (0,)) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; what goes wrong is told with the last line that it wrote."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              errors="replace", timeout=timeout_s, check=False)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{command[0]} did not end within {timeout_s:.0f} s") from None
    except OSError as error:
        raise BenchError(f"{command[0]} cannot be started: {error.strerror}") from None
    if done.returncode not in good:
        raise BenchError(f"{command[0]} ended with {done.returncode}: "
                         f"{last_line(done.stderr + done.stdout)}")
    return done


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it wrote nothing"


def json_object(text: str, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise BenchError(f"{what} wrote no JSON object: {last_line(text)[:120]}")
    return value


def limits_of(report: dict[str, Any]) -> Limits:
    limits = report.get("limits", {})
    try:
        return Limits(float(limits["bandwidth_bytes_per_s"]), float(limits["int8_ops_per_s"]))
    except (KeyError, TypeError, ValueError):
        raise BenchError("retort bench named no limits of the machine") from None


def machine_check(retort: str, threads: int) -> Callable[[], Limits]:
    """A check of about a second: the bundled model is too small to count."""
    command = [retort, "bench", "--prompt", "1", "--generate", "1", "--batch", "1",
               "--threads", str(threads), "--json"]

    def check() -> Limits:
        report = run_checked(command, CHECK_TIMEOUT_S).stdout
        return limits_of(json_object(report, "retort bench"))
    return check


def best_of(checks: Sequence[Limits]) -> Limits:
    return Limits(*(max(column) for column in zip(*checks)))


def undisturbed(pairs: Sequence[Pair], tolerance: float) -> list[Pair]:
    best = best_of([check for pair in pairs for check in pair.checks])
    return [pair for pair in pairs
            if all(check.share_of(best) >= 1 - tolerance for check in pair.checks)]


def interleave(ours: Side, peer: Side, check: Callable[[], Limits], plan: Plan) -> Result:
    """Runs pairs until enough are undisturbed."""
    pairs: list[Pair] = []
    before = check()
    while len(pairs) < plan.attempts:
        figures = ours.run()
        between = check()
        theirs = peer.run()
        after = check()
        pairs.append(Pair(figures, theirs, [before, between, after]))
        before = after
        kept = undisturbed(pairs, plan.tolerance)
        say(f"pair {len(pairs)}: {brief(ours.name, figures)}; {brief(peer.name, theirs)}; "
            f"{after.bandwidth_bytes_per_s / 1e9:.1f} GB/s, {after.int8_ops_per_s / 1e9:.0f} GOP/s"
            f"; {len(kept)} of {plan.pairs} undisturbed")
        if len(kept) >= plan.pairs:
            break
    if not kept:
        raise BenchError(f"all of {plan.attempts} pairs were disturbed: let nothing else run, or set "
                         "--tolerance higher")
    best = best_of([each for pair in pairs for each in pair.checks])
    return Result(kept, len(pairs) - len(kept), best)


def brief(name: str, figures: Figures) -> str:
    return f"{name} " + ", ".join(f"{key} {value:,.4g}" for key, value in figures.items())


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def compare(pairs: Sequence[Pair]) -> dict[str, Any]:
    """For each figure that all pairs have: ours, the peer's, and the ratio of each pair."""
    out: dict[str, Any] = {}
    for name in pairs[0].ours:
        if not all(name in pair.ours for pair in pairs):
            continue
        ours = [pair.ours[name] for pair in pairs]
        out[name] = {"ours": spread(ours)}
        if not all(name in pair.peer for pair in pairs):
            continue
        peer = [pair.peer[name] for pair in pairs]
        out[name]["peer"] = spread(peer)
        if all(peer):
            out[name]["ratio"] = spread([mine / theirs for mine, theirs in zip(ours, peer)])
    return out


TABLE_HEAD = ("| what | figure | retort | peer | ratio | pairs |\n"
              "| --- | --- | --- | --- | --- | --- |")


def table_rows(what: str, result: dict[str, Any]) -> list[str]:
    """Markdown, a row a figure: medians, with the spread in brackets."""
    pairs = f"{result['pairs']} ({result['thrown_out']} thrown out)"
    return [f"| {what} | {name} | {cell(figure['ours'])} | {cell(figure.get('peer'))} | "
            f"{cell(figure.get('ratio'))} | {pairs} |"
            for name, figure in result["figures"].items()]


def cell(values: dict[str, float] | None) -> str:
    if values is None:
        return "–"
    median, low, high = (short(values[name]) for name in ("median", "low", "high"))
    return f"{median} ({low}–{high})"


def short(value: float) -> str:
    """Three digits or more, and no power of ten."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"

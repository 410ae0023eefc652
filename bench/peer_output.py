"""Reads the tokens a second that other engines' benchmark programs print.

Part of engine_peers.py. The forms are those of llama.cpp's and ik_llama.cpp's programs:
  llama-bench     `-o json` or `-o jsonl`: an object a test, `avg_ts` its tokens a second
  batched-bench   `--output-format jsonl`, or the table with the columns B and `S_TG t/s`
  pattern:REGEX   any other program: the first group of the last match
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from paired_runs import BenchError, last_line


class NoFigure(BenchError):
    """A run that ended well and printed nothing of what it measured."""


def tokens_per_s(form: str, output: str) -> float:
    if form.startswith("pattern:"):
        value = by_pattern(form.removeprefix("pattern:"), output)
    elif form in READERS:
        value = READERS[form](output)
    else:
        raise BenchError(f"no such form of output: {form} (there are {', '.join(READERS)} and "
                         "pattern:REGEX)")
    if not value > 0:
        raise BenchError(f"{form} gave {value} tokens a second")
    return value


def llama_bench(output: str) -> float:
    return only([float(test["avg_ts"]) for test in objects(output) if "avg_ts" in test],
                "llama-bench", output)


def batched_bench(output: str) -> float:
    speeds = [float(row["speed_tg"]) for row in objects(output) if "speed_tg" in row]
    return only(speeds or list(table_column(output, "S_TG t/s")), "batched-bench", output)


def by_pattern(pattern: str, output: str) -> float:
    try:
        found = re.findall(f"(?:{pattern})", output)
    except re.error as error:
        raise BenchError(f"pattern:{pattern} is no regular expression: {error}") from None
    if found and not isinstance(found[-1], str):
        raise BenchError(f"pattern:{pattern} has more than one group")
    if not found:
        raise NoFigure(f"pattern:{pattern} matched nothing; the last line: "
                       f"{last_line(output)[:120]}")
    try:
        return float(found[-1].replace(",", ""))
    except ValueError:
        raise BenchError(f"pattern:{pattern} caught no number: {found[-1][:40]}") from None


READERS = {"llama-bench": llama_bench, "batched-bench": batched_bench}


def only(speeds: list[float], form: str, output: str) -> float:
    """One command measures one thing: two figures would be taken for one."""
    if not speeds:
        raise NoFigure(f"{form} printed no figure; its last line: {last_line(output)[:120]}")
    if len(speeds) != 1:
        raise BenchError(f"{form} should print one test's figure, and printed {len(speeds)}; its "
                         f"last line: {last_line(output)[:120]}")
    return speeds[0]


def objects(output: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array, or of lines that hold one each; other lines are passed over."""
    start = output.find("[\n")
    if start >= 0:
        try:
            value, _ = json.JSONDecoder().raw_decode(output, start)
        except ValueError:
            value = []
        yield from (row for row in value if isinstance(row, dict))
    for line in output.splitlines():
        if line.startswith("{"):
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict):
                yield value


def table_column(output: str, name: str) -> Iterator[float]:
    place = None
    for line in output.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if name in cells:
            place = cells.index(name)
        elif place is not None and len(cells) > place and re.fullmatch(r"[\d.]+", cells[place]):
            yield float(cells[place])

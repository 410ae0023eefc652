"""Writes eval/generated.jsonl: conversations from the generator with held-out values and other seeds.

Usage: python make_eval.py [--count N]
"""

from __future__ import annotations

import argparse
import json

from dataset import HERE
from generator.mixture import stream


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=480)
    args = parser.parse_args()
    source = stream(20_261_121, held=True)
    lines = []
    while len(lines) < args.count:
        c = next(source)
        if c.expect and len(json.dumps(c.messages)) < 4000:
            lines.append(json.dumps(c.case(f"gen-{len(lines):04d}"), ensure_ascii=False))
    (HERE / "eval").mkdir(exist_ok=True)
    (HERE / "eval" / "generated.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

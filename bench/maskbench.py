"""Constrained decoding over the maskbench schemas: Retort's masks beside llguidance's, in one run.

Makes a workload (a 131,072-token vocabulary out of mistral-common, and each valid instance of the
schemas as tokens), runs `maskbench` (built from maskbench.cc) over it, then llguidance over the
same, one thread each, and prints microseconds. A "first mask" is everything from the schema's text
to its mask; the other masks are those behind each token of each instance.
Usage: python maskbench.py --program build-release-test/maskbench --schemas maskbench_sample.jsonl
Needs llguidance, mistral-common and numpy from PyPI.
"""

from __future__ import annotations

import argparse
import base64
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import llguidance
import mistral_common
import numpy as np
from llguidance import LLMatcher, LLTokenizer, TokenizerWrapper
from mistral_common.tokens.tokenizers.tekken import Tekkenizer


class Vocabulary:
    """A vocabulary as llguidance wants it."""

    def __init__(self) -> None:
        path = Path(mistral_common.__file__).parent / "data" / "tekken_240911.json"
        self.tekken = Tekkenizer.from_file(str(path))
        special = self.tekken.num_special_tokens
        ordinary = range(special, self.tekken.n_words)
        self.tokens = [b""] * special + [self.tekken.id_to_byte_piece(i) for i in ordinary]
        self.special_token_ids = list(range(special))
        self.eos_token_id, self.bos_token_id = self.tekken.eos_id, self.tekken.bos_id

    def __call__(self, text: bytes) -> list[int]:
        return self.tekken.encode(text.decode(errors="replace"), bos=False, eos=False)


def workload(path: Path, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """Schemas with their valid instances as tokens."""
    out = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        texts = [json.dumps(t["data"], ensure_ascii=False) for t in row["tests"] if t["valid"]]
        documents = [vocabulary(t.encode()) for t in texts]
        schema = json.dumps(row["schema"], ensure_ascii=False)
        out.append({"id": row["id"], "schema": schema, "documents": documents})
    return out


def run_llguidance(rows: list[dict[str, Any]], vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """One result a schema: whether it compiled, the times, how many instances were let through."""
    tokenizer = LLTokenizer(TokenizerWrapper(vocabulary), slices=LLTokenizer.json_slices())
    mask = np.zeros((tokenizer.vocab_size + 31) // 32, dtype=np.int32)
    pointer, size = mask.ctypes.data, mask.nbytes
    results = []
    for row in rows:
        began = time.perf_counter_ns()
        grammar = LLMatcher.grammar_from_json_schema(row["schema"])
        matcher = LLMatcher(tokenizer, grammar, log_level=0)
        if matcher.is_error():
            results.append({"id": row["id"], "ok": False})
            continue
        matcher.unsafe_compute_mask_ptr(pointer, size)
        first = (time.perf_counter_ns() - began) / 1000
        masks, accepted = [], 0
        for document in row["documents"]:
            matcher.reset()
            good = True
            for token in document:
                start = time.perf_counter_ns()
                matcher.unsafe_compute_mask_ptr(pointer, size)
                masks.append((time.perf_counter_ns() - start) / 1000)
                if not (mask[token >> 5] >> (token & 31)) & 1 or not matcher.consume_token(token):
                    good = False
                    break
            accepted += good and matcher.is_accepting()
        results.append({"id": row["id"], "ok": True, "first_us": first, "masks_us": masks,
                        "accepted": accepted})
    return results


def run_retort(program: Path, rows: list[dict[str, Any]],
               vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """The same by maskbench.cc."""
    with tempfile.TemporaryDirectory() as folder:
        pieces, work = Path(folder) / "pieces.txt", Path(folder) / "work.jsonl"
        pieces.write_text("\n".join(base64.b64encode(t).decode() for t in vocabulary.tokens))
        work.write_text("\n".join(json.dumps(r) for r in rows))
        done = subprocess.run([program, pieces, work], check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def describe(name: str, results: list[dict[str, Any]], ids: set[str]) -> None:
    """One line over the schemas in `ids`."""
    chosen = [r for r in results if r["id"] in ids]
    masks = np.concatenate([r["masks_us"] for r in chosen if r["masks_us"]])
    first = np.array([r["first_us"] for r in chosen])
    print(f"{name:12} schemas {sum(r['ok'] for r in results):4}  masks {len(masks):6}"
          f"  median {np.median(masks):6.1f}  p90 {np.percentile(masks, 90):6.1f}"
          f"  p99 {np.percentile(masks, 99):6.1f}  max {masks.max():7.0f}  mean {masks.mean():5.1f}"
          f"  first mask: median {np.median(first):5.0f}  p90 {np.percentile(first, 90):6.0f}"
          f"  max {first.max():6.0f}  accepted {sum(r['accepted'] for r in chosen)}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path)
    parser.add_argument("--schemas", type=Path, required=True)
    parser.add_argument("--slowest", type=int, default=0, help="also name the slowest schemas of Retort")
    args = parser.parse_args()
    vocabulary = Vocabulary()
    rows = workload(args.schemas, vocabulary)
    retort = run_retort(args.program, rows, vocabulary) if args.program else []
    theirs = run_llguidance(rows, vocabulary)
    both = {r["id"] for r in theirs if r["ok"]}
    if retort:
        both &= {r["id"] for r in retort if r["ok"]}
    print(f"{llguidance.get_version()}, {len(vocabulary.tokens)} tokens, {len(rows)} schemas, "
          f"{len(both)} of them compiled by both; microseconds")
    if retort:
        describe("retort", retort, both)
    describe("llguidance", theirs, both)
    masked = [r for r in retort if r["ok"] and r["masks_us"]]
    for r in sorted(masked, key=lambda r: -max(r["masks_us"]))[: args.slowest]:
        print(f"  {r['id']}: first {r['first_us']:.0f}, max {max(r['masks_us']):.0f} us")


if __name__ == "__main__":
    main()

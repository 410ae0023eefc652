"""Asks a model the evaluation conversations and counts right answers, skill by skill.

The model is a checkpoint (.pt), a GGUF file (read with the gguf package and computed in PyTorch), or
anything with an OpenAI-compatible address. Decoding is greedy.
Usage: python evaluate.py CASES.jsonl... (--checkpoint F | --gguf F | --base-url U --model M) [--failures N]
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import re
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

Answer = tuple[str, list[dict[str, Any]]]
Ask = Callable[[dict[str, Any]], Answer]
_CALL = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.S)
MAX_TOKENS = 160


def parse_calls(text: str) -> Answer:
    """Content and calls of a raw answer."""
    calls = []
    for body in _CALL.findall(text):
        try:
            call = json.loads(body)
            calls.append({"name": call["name"], "arguments": call["arguments"]})
        except (ValueError, KeyError, TypeError):
            calls.append({"name": "", "arguments": {}})
    return _CALL.sub("", text).strip(), calls


def local_asker(model: Any) -> Ask:
    """Greedy decoding with a key-value cache in PyTorch."""
    import torch

    from dataset import ChatTokenizer
    chat = ChatTokenizer()
    ends = {chat.end, chat.special["<|endoftext|>"]}

    @torch.no_grad()
    def ask(case: dict[str, Any]) -> Answer:
        ids = chat.encode(chat.render(case["messages"], case.get("tools"), True))
        caches: list[list[torch.Tensor]] = [[] for _ in model.blocks]
        out: list[int] = []
        feed, at = ids, 0
        while len(out) < MAX_TOKENS and at + len(feed) <= model.cfg.context:
            positions = torch.arange(at, at + len(feed))[None]
            logits = model(torch.tensor([feed]), positions, None, caches)[0, -1]
            at += len(feed)
            feed = [int(logits.argmax())]
            if feed[0] in ends:
                break
            out.append(feed[0])
        return parse_calls(chat.tokenizer.decode(out, skip_special_tokens=False))
    return ask


def http_asker(base_url: str, model: str) -> Ask:
    """An OpenAI-compatible server at temperature 0."""
    url = base_url.rstrip("/") + ("" if base_url.rstrip("/").endswith("/v1") else "/v1") + "/chat/completions"

    def ask(case: dict[str, Any]) -> Answer:
        body = {"model": model, "messages": case["messages"], "temperature": 0, "max_completion_tokens": MAX_TOKENS} | ({"tools": case["tools"]} if case.get("tools") else {})
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", "Authorization": "Bearer none"})
        with urllib.request.urlopen(request, timeout=120) as response:
            message = json.load(response)["choices"][0]["message"]
        calls = []
        for c in message.get("tool_calls") or []:
            try:
                calls.append({"name": c["function"]["name"], "arguments": json.loads(c["function"]["arguments"])})
            except ValueError:
                calls.append({"name": c["function"]["name"], "arguments": None})
        return (message.get("content") or "").strip(), calls
    return ask


def _plain(text: str) -> str:
    text = text.strip()
    return text[:-1] if text.endswith(".") else text


def _same(a: Any, b: Any) -> bool:
    """Equal arguments: text without regard to case and outer spaces, numbers by value."""
    if isinstance(a, str) and isinstance(b, str):
        return a.strip().lower() == b.strip().lower()
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _json_of(text: str) -> Any:
    fenced = re.search(r"```(?:json)?\s*(.*?)```", text, re.S)
    try:
        return json.loads(fenced.group(1) if fenced else text)
    except ValueError:
        return None


def _equal(text: str, wanted: list[str], fold: bool) -> bool:
    change = (lambda s: _plain(s).lower()) if fold else _plain
    return change(text) in [change(w) for w in wanted]


def verdicts(expect: dict[str, Any], text: str, calls: list[dict[str, Any]]) -> dict[str, bool]:
    """One verdict for each expectation of a case."""
    low, fold = text.lower(), bool(expect.get("ignore_case"))
    tests: dict[str, Callable[[Any], bool]] = {
        "equals": lambda v: _equal(text, [v], fold), "equals_any": lambda v: _equal(text, v, fold),
        "contains_all": lambda v: all(str(w).lower() in low for w in v), "contains_any": lambda v: any(str(w).lower() in low for w in v),
        "not_contains": lambda v: not any(str(w).lower() in low for w in v), "json": lambda v: _json_of(text) == v,
        "tool_call": lambda v: len(calls) == 1 and calls[0]["name"] == v["name"] and _same(calls[0]["arguments"], v["arguments"]),
        "no_tool_call": lambda v: not calls or not v, "regex": lambda v: re.search(v, text) is not None, "max_words": lambda v: 0 < len(text.split()) <= v,
        "uppercase": lambda v: not v or (text == text.upper() and text != text.lower()), "list_items": lambda v: len(re.findall(r"^\s*(?:[-*•]|\d)", text, re.M)) == v}
    return {k: tests[k](v) for k, v in expect.items() if k != "ignore_case"}


def run(cases: list[dict[str, Any]], ask: Ask, show: int, limit: float) -> dict[str, list[bool]]:
    """Asks all cases; prints up to `show` failures of each skill."""
    results: dict[str, list[bool]] = collections.defaultdict(list)
    shown: collections.Counter[str] = collections.Counter()
    began = time.time()
    for case in cases:
        if time.time() - began > limit:
            print(f"stopped after {limit:.0f} s")
            break
        text, calls = ask(case)
        right = all(verdicts(case["expect"], text, calls).values())
        results[case["skill"]].append(right)
        if not right and shown[case["skill"]] < show:
            shown[case["skill"]] += 1
            print(json.dumps({"id": case.get("id"), "asked": case["messages"][-1]["content"], "expect": case["expect"], "answer": text, "calls": calls}, ensure_ascii=False), flush=True)
    return results


def print_table(results: dict[str, list[bool]]) -> None:
    """Markdown, one row a skill."""
    print("| skill | right | of | % |\n| --- | ---: | ---: | ---: |")
    everything = [r for rs in results.values() for r in rs]
    for skill, rs in [*sorted(results.items()), ("all", everything)]:
        print(f"| {skill} | {sum(rs)} | {len(rs)} | {100 * sum(rs) / max(1, len(rs)):.1f} |")


def make_asker(args: argparse.Namespace) -> Ask:
    """The asker that the options name; PyTorch is imported only where it is needed."""
    if args.base_url:
        return http_asker(args.base_url, args.model)
    import torch

    from export_gguf import load_gguf
    from model import ModelConfig, TinyLlama
    torch.set_num_threads(args.threads)
    if args.gguf:
        return local_asker(load_gguf(args.gguf))
    state = torch.load(args.checkpoint, weights_only=True, map_location="cpu")
    model = TinyLlama(ModelConfig(**state["config"])).eval()
    model.load_state_dict(state["model"])
    return local_asker(model)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--base-url")
    parser.add_argument("--model", default="retort-tiny")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--failures", type=int, default=0, help="failures to print for each skill")
    parser.add_argument("--max-seconds", type=float, default=1e9, help="stop a file after this time; the order is shuffled, so a part is a fair sample")
    parser.add_argument("--only", help="comma-separated skills")
    args = parser.parse_args()
    ask = make_asker(args)
    for path in args.cases:
        cases = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        if args.only:
            cases = [c for c in cases if c["skill"] in args.only.split(",")]
        random.Random(1).shuffle(cases)
        print(f"\n{path.name}: {len(cases)} conversations")
        print_table(run(cases, ask, args.failures, args.max_seconds))


if __name__ == "__main__":
    main()

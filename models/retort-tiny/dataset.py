"""From conversations to token rows: the chat template, the tokenizer, packing with a mask.

A batch depends on its step number and the seed only, so a resumed run sees the data it would have
seen without the break, and no data position has to be stored.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from generator.mixture import stream

HERE = Path(__file__).parent
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
_SPECIAL = re.compile("(" + "|".join(map(re.escape, SPECIAL)) + ")")


def template_environment() -> ImmutableSandboxedEnvironment:
    """The Jinja environment as Hugging Face sets it up for chat templates."""
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = lambda x, **_: json.dumps(x, ensure_ascii=False)
    return env


class ChatTokenizer:
    """Renders and tokenizes; special tokens come from the template's own text only."""

    def __init__(self, path: Path = HERE / "tokenizer.json") -> None:
        self.template = template_environment().from_string((HERE / "chat_template.jinja").read_text())
        self.tokenizer = Tokenizer.from_file(str(path))
        self.special = {t: self.tokenizer.token_to_id(t) for t in SPECIAL}
        self.end = self.special["<|im_end|>"]

    def render(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]] | None, prompt: bool) -> str:
        """The conversation as text."""
        return self.template.render(messages=messages, tools=tools or None, add_generation_prompt=prompt)

    def encode(self, text: str) -> list[int]:
        """Ids of rendered text."""
        ids: list[int] = []
        for part in _SPECIAL.split(text):
            if part in self.special:
                ids.append(self.special[part])
            elif part:
                ids += self.tokenizer.encode(part, add_special_tokens=False).ids
        return ids

    def example(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
        """Ids of a whole conversation and a flag for each that the assistant must produce it."""
        ids: list[int] = []
        learn: list[int] = []
        for i, part in enumerate(self.render(messages, tools, False).split("<|im_start|>assistant\n")):
            said, end, rest = part.partition("<|im_end|>")
            if i == 0:
                said, end, rest = "", "", part
            else:
                head = self.encode("<|im_start|>assistant\n")
                ids += head
                learn += [0] * len(head)
            for text, flag in ((said + end, 1), (rest, 0)):
                new = self.encode(text)
                ids += new
                learn += [flag] * len(new)
        return ids, learn


class Batches:
    """Packed rows by step number."""

    def __init__(self, tokenizer: ChatTokenizer, seed: int) -> None:
        self.tokenizer = tokenizer
        self.seed = seed

    def make(self, step: int, rows: int, length: int, long: float = 0.0, drills: float = 0.0) -> dict[str, np.ndarray]:
        """ids, learn, positions and segment numbers, each [rows, length + 1]; segment -1 is padding."""
        base = (self.seed * 1_000_003 + step) * 2
        short_stream, long_stream = stream(base, drills=drills), stream(base + 1, long=True)
        choose = np.random.default_rng(base)
        out = {k: np.zeros((rows, length + 1), np.int64) for k in ("ids", "learn", "positions")}
        out["segments"] = np.full((rows, length + 1), -1, np.int64)
        pool: list[tuple[list[int], list[int]]] = []
        while sum(len(ids) for ids, _ in pool) < rows * (length + 1):
            c = next(long_stream if choose.random() < long else short_stream)
            pool.append(self.tokenizer.example(c.messages, c.tools))
        fill = [0] * rows
        for count, (ids, learn) in enumerate(sorted(pool, key=lambda e: -len(e[0]))):
            row = min(range(rows), key=lambda r: fill[r])
            if len(ids) > length + 1 - fill[row]:
                continue
            part = slice(fill[row], fill[row] + len(ids))
            out["ids"][row, part], out["learn"][row, part] = ids, learn
            out["positions"][row, part] = np.arange(len(ids))
            out["segments"][row, part] = count
            fill[row] += len(ids)
        return out

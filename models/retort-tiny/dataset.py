"""From conversations to token rows: the chat template, the tokenizer, packing with a mask.

A batch depends on its step number and the seed only, so a resumed run sees the data it would have
seen without the break, and no data position has to be stored.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from generator.conversation import Conversation
from generator.mixture import stream

HERE = Path(__file__).parent
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>"]
_SPECIAL = re.compile("(" + "|".join(map(re.escape, SPECIAL)) + ")")


def template_environment() -> ImmutableSandboxedEnvironment:
    """The Jinja environment as Hugging Face sets it up for chat templates."""
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    env.filters["tojson"] = lambda x, **_: json.dumps(x, ensure_ascii=False)
    return env


def answer_weight(tokens: int) -> float:
    """A sum's answer is three tokens, a tool call forty: between equal weight a token and equal weight an answer."""
    return min(2.0, max(0.5, (12 / max(tokens, 1)) ** 0.5))


@dataclass
class Example:
    """Tokens of a conversation, or of several that begin alike and part into branches.

    Branch 0 is what they share; every other branch sees that and itself, at the positions it would have alone.
    """

    ids: list[int]
    learn: list[float]
    positions: list[int]
    branches: list[int]


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

    def example(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> tuple[list[int], list[float]]:
        """Ids of a whole conversation and a weight for each that the assistant must produce, 0 for the others."""
        ids: list[int] = []
        learn: list[float] = []
        for i, part in enumerate(self.render(messages, tools, False).split("<|im_start|>assistant\n")):
            said, end, rest = part.partition("<|im_end|>")
            if i == 0:
                said, end, rest = "", "", part
            else:
                head = self.encode("<|im_start|>assistant\n")
                ids += head
                learn += [0] * len(head)
            new = self.encode(said + end)
            ids += new
            learn += [answer_weight(len(new))] * len(new)
            new = self.encode(rest)
            ids += new
            learn += [0] * len(new)
        return ids, learn


    def joined(self, first: Conversation, limit: int) -> Example:
        """A conversation with as many of its siblings as fit within `limit` tokens; their common beginning stands once."""
        ids, learn = self.example(first.messages, first.tools)
        others = [self.example(s.messages, s.tools) for s in first.siblings]
        shared = min((common(ids, learn, other) for other, _ in others), default=0)
        if shared < 24:
            return Example(ids, learn, list(range(len(ids))), [0] * len(ids))
        out = Example(ids[:], learn[:], list(range(len(ids))), [0] * shared + [1] * (len(ids) - shared))
        for number, (more, weights) in enumerate(others, 2):
            if len(out.ids) + len(more) - shared > limit:
                continue
            out.ids += more[shared:]
            out.learn += weights[shared:]
            out.positions += range(shared, len(more))
            out.branches += [number] * (len(more) - shared)
        return out


def common(ids: list[int], learn: list[float], other: list[int]) -> int:
    """Length of the common beginning that holds nothing to learn, so that no weight counts twice or is lost."""
    at = 0
    while at < min(len(ids), len(other)) - 1 and ids[at] == other[at] and learn[at + 1] == 0:
        at += 1
    return at


class Batches:
    """Packed rows by step number."""

    def __init__(self, tokenizer: ChatTokenizer, seed: int) -> None:
        self.tokenizer = tokenizer
        self.seed = seed

    def make(self, step: int, shapes: list[tuple[int, int]], long: float = 0.0, drills: float = 0.0) -> list[dict[str, np.ndarray]]:
        """Rows for each (rows, length): ids, learn, positions, segment and branch numbers, each [rows, length + 1]; segment -1 is padding.

        A conversation goes to the shortest rows that it fits in, as long as they have room.
        """
        base = (self.seed * 1_000_003 + step) * 2
        short_stream, long_stream = stream(base, drills=drills, shared=True), stream(base + 1, long=True)
        choose = np.random.default_rng(base)
        out, fill = [], [[0] * rows for rows, _ in shapes]
        for rows, length in shapes:
            part = {k: np.zeros((rows, length + 1), np.int64) for k in ("ids", "positions", "branches")}
            part["learn"] = np.zeros((rows, length + 1), np.float32)
            part["segments"] = np.full((rows, length + 1), -1, np.int64)
            out.append(part)
        pool: list[Example] = []
        longest = max(length + 1 for _, length in shapes)
        while sum(len(e.ids) for e in pool) < 1.1 * sum(rows * (length + 1) for rows, length in shapes):
            c = next(long_stream if choose.random() < long else short_stream)
            example = self.tokenizer.joined(c, min(longest, 257))
            if len(example.ids) <= longest:  # a row must not stay empty: it has no loss
                pool.append(example)
        for count, e in enumerate(sorted(pool, key=lambda e: -len(e.ids))):
            for part, filled, (rows, length) in sorted(zip(out, fill, shapes), key=lambda p: p[2][1]):
                row = min(range(rows), key=lambda r: filled[r])
                if len(e.ids) > length + 1 - filled[row]:
                    continue
                at = slice(filled[row], filled[row] + len(e.ids))
                part["ids"][row, at], part["learn"][row, at] = e.ids, e.learn
                part["positions"][row, at], part["branches"][row, at] = e.positions, e.branches
                part["segments"][row, at] = count
                filled[row] += len(e.ids)
                break
        return out

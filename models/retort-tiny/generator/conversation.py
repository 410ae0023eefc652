"""The conversation a skill hands out, and the system prompts that carry no instruction."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from .frames import spin


@dataclass
class Conversation:
    """Messages as an OpenAI client sends them; the last one is the answer to learn."""

    skill: str
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] = field(default_factory=list)
    expect: dict[str, Any] = field(default_factory=dict)
    siblings: list[Conversation] = field(default_factory=list)  # others that begin with the same tools or facts

    def case(self, name: str) -> dict[str, Any]:
        """The evaluation form: without the answer, with what is expected of it."""
        out: dict[str, Any] = {"id": name, "skill": self.skill, "messages": self.messages[:-1], "expect": self.expect}
        return out | ({"tools": self.tools} if self.tools else {})


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def system(text: str, rng: random.Random) -> dict[str, Any]:
    """A system message; one in six comes as developer, which the template renders alike."""
    return {"role": "developer" if rng.random() < 0.17 else "system", "content": text}


def calling(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """An assistant message with one tool call."""
    return {"role": "assistant", "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}}]}


PLAIN_SYSTEM = """You are a [helpful|friendly|useful|polite|kind|careful|] [AI |][assistant|chatbot|model][.|]
You are a helpful AI assistant
You are a helpful assistant.
You are [Retort|retort-tiny], a [small|helpful] [assistant|model].
You [help|assist|support] [users|people|the user|customers].
Be [helpful|kind|polite|friendly].
You are a [helpful |]assistant [for|at|of] [a shop|an office|a school|a company|a hotel|a bank|a library|a family].
You are the [support|help] [desk|bot|agent] of [a shop|an online store|a company].
Answer the user's questions.
[Help|Assist] the user [with their questions|as well as you can|].
You answer questions [correctly|truthfully|carefully].
You are a [personal|virtual|digital|voice] assistant[ on a phone| in a car| at home|].
You are a chat assistant. [Be helpful.|Answer well.|]""".split("\n")


def plain_system(rng: random.Random) -> str:
    """A system prompt that changes nothing about the answer."""
    return spin(rng.choice(PLAIN_SYSTEM), rng).replace("a AI", "an AI").replace("  ", " ")


def maybe_system(rng: random.Random, chance: float = 0.35) -> list[dict[str, Any]]:
    """Often no system prompt, sometimes a plain one."""
    return [system(plain_system(rng), rng)] if rng.random() < chance else []

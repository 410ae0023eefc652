"""The conversations that every client test sends, and what a stream must add up to."""

import dataclasses
import json
import pathlib

_DATA = json.loads((pathlib.Path(__file__).parent / "conversations.json").read_text("utf-8"))
MODEL = _DATA["model"]
EXAMPLES = _DATA["examples"]
QUESTIONS = _DATA["questions"]
WEATHER_QUESTION = _DATA["weather_question"]
ANSWER_TOKENS = 24  # enough for every question, and fifty of them stay quick


def example(name):
    return json.loads(json.dumps(EXAMPLES[name]))


def question(index):
    """One of the fifty short conversations; every other one is sampled, by a seed of its own."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": QUESTIONS[index]}],
            "max_tokens": ANSWER_TOKENS, "temperature": 0.0}
    if index % 2:
        body |= {"temperature": 0.7, "seed": 1000 + index}
    return body


@dataclasses.dataclass
class Answer:
    """What a client made of an answer, streamed or not; two ways of asking must be equal."""

    text: str = ""
    finish_reason: str | None = None
    usage: tuple | None = None  # prompt, completion, total tokens

    @staticmethod
    def of_completion(completion):
        choice = completion.choices[0]
        return Answer(choice.message.content or "", choice.finish_reason,
                      _counts(completion.usage))

    def add_chunk(self, chunk):
        for choice in chunk.choices:
            self.text += choice.delta.content or ""
            if choice.finish_reason is not None:
                self.finish_reason = choice.finish_reason
        # The older Atoma client puts an empty object where usage was null or absent.
        if getattr(chunk, "usage", None) and isinstance(chunk.usage.prompt_tokens, int):
            self.usage = _counts(chunk.usage)


def _counts(usage):
    return (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens)

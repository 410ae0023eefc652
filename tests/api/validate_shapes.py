#!/usr/bin/env python3
"""Holds answers against OpenAI's published schemas.

Reads JSON values from standard input, one a line: completions, chunks, model lists and error
bodies, told apart by their `object`. Lines may be server-sent events as they come from the wire:
"data: " is cut off, comments, blank lines and [DONE] are skipped. Prints each violation and exits 1
if there is one.

  curl -N ... | tests/api/validate_shapes.py ../shared/data/openai_chat_schemas.json

Needs the Python package jsonschema. Where our contract says more than the schema (usage's sum, the
role in a choice's first delta, one finish_reason a choice), that is checked too.
"""

import json
import sys

from jsonschema import Draft202012Validator

SCHEMAS = {
    "chat.completion": "CreateChatCompletionResponse",
    "chat.completion.chunk": "CreateChatCompletionStreamResponse",
    "list": "ListModelsResponse",
    "model": "Model",
    None: "ErrorResponse",
}


def validators(path):
    bundle = json.load(open(path, encoding="utf-8"))
    return {
        kind: Draft202012Validator({**bundle, "$ref": "#/$defs/" + name})
        for kind, name in SCHEMAS.items()
    }


def beyond_the_schema(value, seen):
    usage = value.get("usage")
    if usage and usage["total_tokens"] != usage["prompt_tokens"] + usage["completion_tokens"]:
        yield "usage: total_tokens is not the sum"
    if value.get("object") != "chat.completion.chunk":
        return
    for choice in value["choices"]:
        key = (value["id"], choice["index"])
        if key not in seen and choice["delta"].get("role") != "assistant":
            yield f"choice {choice['index']}: its first delta has no role"
        if seen.get(key):
            yield f"choice {choice['index']}: a chunk follows its finish_reason"
        seen[key] = choice.get("finish_reason")


def main():
    by_kind = validators(sys.argv[1])
    seen = {}
    count = violations = 0
    for line in sys.stdin:
        text = line.strip().removeprefix("data:").strip()
        if not text or text.startswith(":") or text == "[DONE]":
            continue
        count += 1
        try:
            value = json.loads(text)
        except ValueError as error:
            violations += 1
            print(f"value {count}: no JSON: {error}")
            continue
        problems = [
            "/".join(map(str, error.absolute_path)) + ": " + error.message
            for error in by_kind[value.get("object")].iter_errors(value)
        ]
        problems = problems or list(beyond_the_schema(value, seen))
        for problem in problems:
            violations += 1
            print(f"value {count}: {problem[:300]}")
    unfinished = [key for key, reason in seen.items() if not reason]
    for _, index in unfinished:
        print(f"choice {index}: no finish_reason")
    print(f"{count} values, {violations + len(unfinished)} violations")
    return 1 if violations or unfinished else 0


if __name__ == "__main__":
    sys.exit(main())

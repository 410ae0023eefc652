"""Holds what the server answered against what the client sent, beneath any package that takes an
HTTP client of httpx (or of httpx2, which has the same interface): each finished choice has the form
that the request asked for, by the jsonschema package's verdict on the very schema that was sent.
"""

import json
import re

import jsonschema


class Broken(AssertionError):
    """An answer that does not keep to its request."""


def require(holds, what):
    if not holds:
        raise Broken(what)


def require_valid(schema, text, what):
    kind = jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator)
    try:
        value = json.loads(text)
        kind(schema, format_checker=kind.FORMAT_CHECKER).validate(value)
    except (ValueError, jsonschema.ValidationError) as problem:
        raise Broken(f"{what}: {problem}: {text!r}") from problem


def events_of(text):
    """The chunks of a stream's body."""
    blocks = [block.removeprefix("data: ") for block in text.split("\n\n")
              if block.startswith("data: ")]
    require(blocks and blocks[-1] == "[DONE]", "the stream does not end with [DONE]")
    return [json.loads(block) for block in blocks[:-1]]


def called_by(call):
    """The name and the arguments of a call; of a custom tool's, its input."""
    if "custom" in call:
        return {"name": call["custom"]["name"], "arguments": call["custom"]["input"]}
    return call["function"]


def choice_of(choice):
    message = choice["message"]
    calls = [called_by(call) for call in message.get("tool_calls") or []]
    if message.get("function_call"):
        calls = [message["function_call"]]
    return {"content": message["content"] or "", "calls": calls, "finish": choice["finish_reason"]}


def fold(chunks):
    """The choices of a stream, equal to those of the answer unstreamed."""
    choices = {}
    for part in [part for chunk in chunks for part in chunk["choices"]]:
        choice = choices.setdefault(part["index"], {"content": "", "calls": [], "finish": None})
        delta = part["delta"]
        choice["content"] += delta.get("content") or ""
        fragments = [(call["index"], called_by(call)) for call in delta.get("tool_calls") or []]
        if delta.get("function_call"):
            fragments.append((0, delta["function_call"]))
        for index, fragment in fragments:
            if index == len(choice["calls"]):
                choice["calls"].append({"name": "", "arguments": ""})
            for name, text in fragment.items():
                choice["calls"][index][name] += text
        choice["finish"] = part["finish_reason"] or choice["finish"]
    return [choices[index] for index in sorted(choices)]


def require_calls(request, choice):
    functions = request.get("functions") or [
        tool[tool["type"]] for tool in request.get("tools") or []]
    chosen = request.get("tool_choice") or request.get("function_call")
    named = None
    if isinstance(chosen, dict):
        named = chosen.get(chosen.get("type"), chosen).get("name")
    names = [call["name"] for call in choice["calls"]]
    require(names or not (named or chosen == "required"), "no call, though one must be")
    require(not named or names == [named], f"{names} is called, not {named}")
    require(request.get("parallel_tool_calls") is not False or len(names) <= 1, "several calls")
    for call in choice["calls"]:
        called = [one for one in functions if one["name"] == call["name"]]
        require(called, f"{call['name']} is no function of the request")
        if "format" in called[0]:
            pattern = called[0]["format"]["grammar"]["definition"]
            require(re.fullmatch(pattern, call["arguments"]), f"{call['arguments']!r} is called")
            continue
        require_valid(called[0].get("parameters") or {"type": "object"}, call["arguments"],
                      call["name"])


def require_form(request, choice):
    if choice["finish"] == "length":
        return  # cut, and it says so
    require_calls(request, choice)
    form = request.get("response_format") or {"type": "text"}
    if not choice["calls"] and form["type"] != "text":
        schema = form.get("json_schema", {}).get("schema", {"type": "object"})
        require_valid(schema, choice["content"], "response_format")


class Wire:
    """What went over the wire: `requests`, and `answers` as {"choices": [{"content", "calls",
    "finish"}], "usage"}, each checked as it came.
    """

    def __init__(self):
        self.requests = []
        self.answers = []

    def client(self, module):
        """A client of `module`, which is httpx or httpx2."""
        return module.Client(event_hooks={"response": [self._read]}, timeout=120)

    def _read(self, response):
        body = response.request.content
        if response.status_code != 200 or not body:
            return
        text = response.read().decode()
        request = json.loads(body)
        if response.headers["content-type"].startswith("text/event-stream"):
            chunks = events_of(text)
            answer = {"choices": fold(chunks), "usage": chunks[-1].get("usage")}
        else:
            whole = json.loads(text)
            answer = {"choices": [choice_of(choice) for choice in whole["choices"]],
                      "usage": whole["usage"]}
        # How much of a prompt was cached depends on what was asked before.
        if answer["usage"]:
            del answer["usage"]["prompt_tokens_details"]["cached_tokens"]
        require(len(answer["choices"]) == (request.get("n") or 1), "not n choices")
        for choice in answer["choices"]:
            require_form(request, choice)
        self.requests.append(request)
        self.answers.append(answer)

    def require_last_two_equal(self):
        """The last two requests asked for one answer in two ways."""
        before, last = self.answers[-2:]
        require(last["choices"] == before["choices"], f"{last} is not {before}")
        if before["usage"] and last["usage"]:
            require(last["usage"] == before["usage"], f"{last} is not {before}")

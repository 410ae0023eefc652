#!/usr/bin/env python3
"""Sends every request of tests/api/cases to a running server and checks the answers.

    tests/api/run_cases.py --url http://127.0.0.1:8080 [--keyed-url URL --key KEY] [--model NAME]

The manifest beside the cases says what each must get: the status, the parameter a refusal names,
and facts about the answer. Needs no packages. Closes with the line `N passed, N failed`.
"""

import argparse
import http.client
import json
import pathlib
import sys
import urllib.parse

HERE = pathlib.Path(__file__).parent
CASES = HERE / "cases"
TIMEOUT_SECONDS = 120
FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter")


class Failure(Exception):
    """What an answer gets wrong."""


def require(holds, what):
    if not holds:
        raise Failure(what)


class Answer:
    """One reply: its status and headers, and its body as a document or as events."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode("utf-8")
        self.streamed = self.content_type() == "text/event-stream"
        self.done = False
        if self.streamed:
            self.chunks = self._read_events()

    def content_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip()

    def _read_events(self):
        require(self.text.endswith("\n\n"), "the stream does not end with an empty line")
        chunks = []
        for block in self.text[:-2].split("\n\n"):
            if block.startswith(":"):
                continue
            require(block.startswith("data: "), f"no data event: {block[:60]!r}")
            require(not self.done, "something follows [DONE]")
            data = block.removeprefix("data: ")
            if data == "[DONE]":
                self.done = True
            else:
                chunks.append(json.loads(data))
        return chunks

    def document(self):
        require(self.content_type() == "application/json",
                f"content-type is {self.content_type()!r}")
        return json.loads(self.text)

    def choices(self):
        """The choices of all chunks, or of the document."""
        if not self.streamed:
            return self.document()["choices"]
        return [choice for chunk in self.chunks for choice in chunk["choices"]]

    def tool_calls(self):
        """Whole calls of a document, or fragments of a stream."""
        return [call for choice in self.choices()
                for call in (choice.get("message") or choice.get("delta")).get("tool_calls") or []]

    def finish_reasons(self):
        return [choice["finish_reason"] for choice in self.choices() if choice.get("finish_reason")]

    def logprob_rows(self):
        return [row for choice in self.choices() if choice.get("logprobs")
                for row in choice["logprobs"]["content"] or []]


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_json_string(text):
    try:
        json.loads(text)
    except (TypeError, ValueError):
        return False
    return isinstance(text, str)


def total_is_the_sum(answer):
    usage = answer.document()["usage"]
    return usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def is_whole_chunk(chunk):
    return (chunk.get("object") == "chat.completion.chunk" and isinstance(chunk.get("id"), str) and
            is_integer(chunk.get("created")) and isinstance(chunk.get("model"), str) and
            isinstance(chunk.get("choices"), list))


def are_whole_fragments(fragments):
    """Each carries id, type and index. A call's later fragments repeat its id as an empty string:
    clients that add the strings up then have it right."""
    begun = set()
    for fragment in fragments:
        is_first = fragment["index"] not in begun
        begun.add(fragment["index"])
        if (not is_integer(fragment["index"]) or fragment["type"] != "function" or
                not isinstance(fragment["id"], str) or bool(fragment["id"]) != is_first):
            return False
    return bool(begun)


# The manifest's facts, word for word. Each takes an Answer and says whether it holds.
FACTS = {
    "object==chat.completion": lambda answer: answer.document()["object"] == "chat.completion",
    "choices[0].message.role==assistant":
        lambda answer: answer.document()["choices"][0]["message"]["role"] == "assistant",
    "created is int": lambda answer: is_integer(answer.document()["created"]),
    "usage.total_tokens==prompt+completion": total_is_the_sum,
    "content-type text/event-stream": lambda answer: answer.streamed,
    "every data event except [DONE] has object==chat.completion.chunk, id, created, model, "
    "choices[]": lambda answer: all(map(is_whole_chunk, answer.chunks)),
    "a chunk with choices==[] and usage precedes [DONE]":
        lambda answer: answer.done and answer.chunks[-1]["choices"] == [] and
        is_integer(answer.chunks[-1]["usage"]["total_tokens"]),
    "stream must terminate cleanly": lambda answer: answer.done,
    "usage chunk allowed": lambda answer: all(map(is_whole_chunk, answer.chunks)),
    "finish_reason in stop|length|tool_calls|content_filter":
        lambda answer: bool(answer.finish_reasons()) and
        set(answer.finish_reasons()) <= set(FINISH_REASONS),
    "logprobs.content[].top_logprobs length<=2":
        lambda answer: bool(answer.logprob_rows()) and
        all(len(row["top_logprobs"]) <= 2 for row in answer.logprob_rows()),
    "len(tool_calls)<=1 when present": lambda answer: len(answer.tool_calls()) <= 1,
    "choices[0].message.tool_calls[0].function.name==lookup_tide":
        lambda answer: answer.tool_calls()[0]["function"]["name"] == "lookup_tide",
    "arguments is a JSON string":
        lambda answer: is_json_string(answer.tool_calls()[0]["function"]["arguments"]),
    "every delta.tool_calls[] element carries id, type and index":
        lambda answer: are_whole_fragments(answer.tool_calls()),
    "finish_reason tool_calls or length":
        lambda answer: bool(answer.finish_reasons()) and
        set(answer.finish_reasons()) <= {"tool_calls", "length"},
}


def send(url, method, path, body, headers):
    """`headers` with a value of None are left out."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS)
    fields = {"Content-Type": "application/json"} | headers
    try:
        connection.request(method, path, body,
                           {name: value for name, value in fields.items() if value is not None})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def check_refusal(answer, fault):
    error = answer.document()["error"]
    require(isinstance(error["message"], str) and error["message"], "the error has no message")
    require({"type", "param", "code"} <= set(error), f"the error has only {sorted(error)}")
    require(error["param"] == fault, f"param is {error['param']!r}, not {fault!r}: "
                                     f"{error['message']}")


def check_case(case, answer):
    require(answer.headers.get("x-request-id"), "there is no x-request-id")
    other = case.get("also_acceptable") or {}
    if "status" in other and answer.status == other["status"]:
        return check_refusal(answer, case["fault"])
    if other.get("expect") == "4xx" and 400 <= answer.status < 500:
        return check_refusal(answer, other["fault"])
    require(answer.status == case["status"],
            f"status is {answer.status}, not {case['status']}: {answer.text[:300]}")
    if case["expect"] == "4xx":
        return check_refusal(answer, case["fault"])
    require(answer.streamed == case["stream"], "streamed" if answer.streamed else "not streamed")
    require(answer.choices(), "there are no choices")
    if case["stream"]:
        require(answer.done, "there is no [DONE]")
    for fact in case.get("check", ()):
        require(fact in FACTS, f"the manifest says {fact!r}, which this program does not know")
        require(FACTS[fact](answer), f"does not hold: {fact}")
    return None


# The manifest's http_cases, whose outcomes it tells in words: the statuses without keys and with.
HTTP_OUTCOMES = {
    "no_auth_header": ([200], [401]),
    "wrong_token": ([200], [401]),
    "empty_bearer": ([200], [401]),
    "lowercase_bearer": ([200], [200]),
    "malformed_json": ([400], [400]),
    "array_body": ([400], [400]),
    "no_content_type": ([200, 415], [200, 415]),
    "put_method": ([405], [405]),
    "unknown_path": ([404], [404]),
}


class Runner:
    def __init__(self, arguments):
        self.arguments = arguments
        self.passed = 0
        self.failed = 0

    def body_of(self, file):
        text = (CASES / file).read_text("utf-8")
        if self.arguments.model:
            body = json.loads(text)
            if body.get("model") == self.model_in_files:
                text = json.dumps(body | {"model": self.arguments.model})
        return text.encode("utf-8")

    def report(self, name, check):
        """Runs `check`, which raises where the answer is wrong."""
        try:
            check()
            self.passed += 1
        except (Failure, KeyError, IndexError, TypeError, ValueError, OSError,
                http.client.HTTPException) as problem:
            self.failed += 1
            print(f"FAIL    {name}: {type(problem).__name__}: {problem}")

    def run_case(self, case):
        answer = send(self.arguments.url, case["method"], case["path"], self.body_of(case["file"]),
                      case.get("headers", {}))
        check_case(case, answer)

    def run_http_case(self, case, url, statuses):
        headers = dict(case.get("headers", {}))
        token = self.arguments.key or "any"
        if headers.get("Authorization"):
            headers["Authorization"] = headers["Authorization"].replace("TOKEN", token)
        elif "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {token}"
        body = case.get("raw_body", "").encode()
        body = body or self.body_of(case.get("request", "001_min.json"))
        answer = send(url, case.get("method", "POST"), case.get("path", "/v1/chat/completions"),
                      body, headers)
        require(answer.status in statuses,
                f"status is {answer.status}, not {statuses}: {answer.text[:300]}")
        require(answer.headers.get("x-request-id"), "there is no x-request-id")
        if answer.status == 200:
            require(answer.choices(), "there are no choices")
        else:
            check_refusal(answer, answer.document()["error"]["param"])
        if case["name"] == "malformed_json":
            check_refusal(answer, None)

    def run(self):
        manifest = json.loads((CASES / "manifest.json").read_text("utf-8"))
        self.model_in_files = manifest["model_in_files"]
        for case in manifest["cases"]:
            self.report(case["file"], lambda case=case: self.run_case(case))
        servers = [("without keys", self.arguments.url, 0)]
        if self.arguments.keyed_url:
            servers.append(("with keys", self.arguments.keyed_url, 1))
        for case in manifest["http_cases"]:
            for how, url, column in servers:
                self.report(f"{case['name']} ({how})",
                            lambda case=case, url=url, column=column: self.run_http_case(
                                case, url, HTTP_OUTCOMES[case["name"]][column]))
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", required=True, help="a server without keys")
    parser.add_argument("--keyed-url", help="a server that wants --key")
    parser.add_argument("--key", default="")
    parser.add_argument("--model", help="ask for this model instead of the one in the files")
    return Runner(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())

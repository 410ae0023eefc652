"""What the clients' generated validators demand of an answer, as rules on the JSON.

A package of every generation cannot be had: only the older Atoma packages are published for Python
and TypeScript. What the newer ones' models require was read from their source and is written down
here, so that answers to a request with their User-Agent can be held against it. One list of rules
for all: an answer that breaks any generation is wrong for every client.
"""

AGENTS = {
    "atoma-python-old": "speakeasy-sdk/python 0.1.0 2.486.6 0.1.0 atoma-sdk",
    "atoma-python-new": "speakeasy-sdk/python 0.1.1 2.588.0 0.1.0 atoma-sdk",
    "atoma-typescript-old": "speakeasy-sdk/typescript 0.1.0 2.486.6 0.1.0 atoma-sdk",
    "atoma-typescript-new": "speakeasy-sdk/typescript 0.0.2 2.588.0 0.1.0 atoma-sdk",
    "gradient-python": "Gradient/Python 3.12.2",
    "openai-python": "OpenAI/Python 3.52.0",
}
FINISH_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")
COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _head_problems(body, kind):
    if not isinstance(body, dict):
        return [f"no object: {body!r}"]
    problems = []
    if not isinstance(body.get("id"), str) or not body["id"]:
        problems.append("id is no string")
    if body.get("object") != kind:
        problems.append(f"object is {body.get('object')!r}")
    if not is_integer(body.get("created")):
        problems.append("created is no integer")
    if not isinstance(body.get("model"), str):
        problems.append("model is no string")
    if not isinstance(body.get("choices"), list):
        problems.append("choices is no array")
    for name in ("service_tier", "system_fingerprint"):
        if not isinstance(body.get(name, ""), (str, type(None))):
            problems.append(f"{name} is no string")
    if "error" in body:
        problems.append("there is an error")
    return problems


def usage_problems(usage):
    if not isinstance(usage, dict):
        return [f"usage is {usage!r}"]
    problems = [f"usage.{name} is no count" for name in COUNTS
                if not is_integer(usage.get(name)) or usage[name] < 0]
    if not problems and usage["total_tokens"] != sum(usage[name] for name in COUNTS[:2]):
        problems.append("usage.total_tokens is not the sum")
    details = usage.get("prompt_tokens_details")
    if details is not None:
        # The newer TypeScript client wants both, or no object.
        for name in ("cached_tokens", "audio_tokens"):
            if not is_integer(details.get(name)):
                problems.append(f"usage.prompt_tokens_details.{name} is no count")
    return problems


def logprobs_problems(logprobs):
    if logprobs is None:
        return []
    problems = []
    for name in ("content", "refusal"):
        for row in logprobs.get(name) or []:
            for entry in [row, *(row.get("top_logprobs") or [])]:
                if not isinstance(entry.get("token"), str):
                    problems.append(f"logprobs.{name}: token is no string")
                if not isinstance(entry.get("logprob"), (int, float)):
                    problems.append(f"logprobs.{name}: logprob is no number")
                if not isinstance(entry.get("bytes", []), (list, type(None))):
                    problems.append(f"logprobs.{name}: bytes is no array")
            if not isinstance(row.get("top_logprobs"), list):
                problems.append(f"logprobs.{name}: top_logprobs is no array")
    return problems


def _call_problems(call, where):
    problems = []
    if not isinstance(call.get("id"), str):
        problems.append(f"{where}.id is no string")
    if call.get("type") != "function":
        problems.append(f"{where}.type is {call.get('type')!r}")
    function = call.get("function") or {}
    if not isinstance(function.get("arguments", ""), (str, type(None))):
        problems.append(f"{where}.function.arguments is no string")
    return problems


def _message_problems(message, content_never_null):
    problems = []
    if message.get("role") != "assistant":
        problems.append(f"message.role is {message.get('role')!r}")
    content = message.get("content")
    allowed = str if content_never_null else (str, type(None))
    if "content" not in message or not isinstance(content, allowed):
        problems.append(f"message.content is {content!r}")
    if not isinstance(message.get("refusal"), (str, type(None))):
        problems.append("message.refusal is no string")
    if "tool_calls" in message:
        calls = message["tool_calls"]
        if not isinstance(calls, list):  # null breaks the newer TypeScript client
            return [*problems, f"message.tool_calls is {calls!r}"]
        for index, call in enumerate(calls):
            problems += _call_problems(call, f"tool_calls[{index}]")
            if not call.get("id"):
                problems.append(f"tool_calls[{index}].id is empty")
            if not isinstance(call.get("function", {}).get("name"), str):
                problems.append(f"tool_calls[{index}].function.name is no string")
    return problems


def completion_problems(body, agent):
    """What is wrong with a chat.completion for a client that said `agent`; empty when nothing."""
    problems = _head_problems(body, "chat.completion")
    if problems:
        return problems
    for choice in body["choices"]:
        if not is_integer(choice.get("index")):
            problems.append("choices[].index is no integer")
        if choice.get("finish_reason") not in FINISH_REASONS:
            problems.append(f"finish_reason is {choice.get('finish_reason')!r}")
        problems += _message_problems(choice.get("message") or {}, " 2.486.6 " in agent)
        problems += logprobs_problems(choice.get("logprobs"))
    return problems + usage_problems(body.get("usage"))


def chunk_problems(chunk):
    problems = _head_problems(chunk, "chat.completion.chunk")
    if problems:
        return problems
    for choice in chunk["choices"]:
        if not is_integer(choice.get("index")):
            problems.append("choices[].index is no integer")
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            problems.append("delta is no object")
            continue
        if delta.get("role", "assistant") != "assistant":
            problems.append(f"delta.role is {delta['role']!r}")
        if not isinstance(delta.get("content"), (str, type(None))):
            problems.append("delta.content is no string")
        for index, call in enumerate(delta.get("tool_calls") or []):
            problems += _call_problems(call, f"delta.tool_calls[{index}]")
            if not is_integer(call.get("index")):
                problems.append(f"delta.tool_calls[{index}].index is no integer")
        if not isinstance(choice.get("finish_reason"), (str, type(None))):
            problems.append("finish_reason is no string")
        if not isinstance(choice.get("stop_reason"), (dict, type(None))):
            problems.append("stop_reason is a scalar, which breaks the newer Atoma clients")
        problems += logprobs_problems(choice.get("logprobs"))
    if chunk.get("usage") is not None:
        problems += usage_problems(chunk["usage"])
    return problems


def _call_id_problems(chunks):
    """A call's id comes once, with its first fragment: some clients add the strings up."""
    problems = []
    seen = set()
    for choice in [choice for chunk in chunks for choice in chunk["choices"]]:
        for call in choice["delta"].get("tool_calls") or []:
            place = (choice["index"], call["index"])
            if bool(call["id"]) == (place in seen):
                problems.append(f"the call {place} has the id {call['id']!r} again or not at first")
            seen.add(place)
    return problems


def stream_problems(chunks, usage_expected):
    """What is wrong with a whole stream's chunks, the closing [DONE] left out."""
    problems = [f"chunk {index}: {problem}" for index, chunk in enumerate(chunks)
                for problem in chunk_problems(chunk)]
    if problems or not chunks:
        return problems or ["there is no chunk"]
    problems += _call_id_problems(chunks)
    for name in ("id", "created", "model"):
        if len({chunk[name] for chunk in chunks}) != 1:
            problems.append(f"{name} changes within the stream")
    first = chunks[0]["choices"]
    if not first or first[0]["delta"].get("role") != "assistant":
        problems.append("the first delta has no role")
    finished = [chunk for chunk in chunks
                if any(choice.get("finish_reason") for choice in chunk["choices"])]
    if len(finished) != 1:
        problems.append(f"{len(finished)} chunks have a finish_reason")
    with_usage = [chunk for chunk in chunks if chunk.get("usage") is not None]
    if usage_expected:
        if with_usage != chunks[-1:] or chunks[-1]["choices"] != []:
            problems.append("usage is not in one last chunk without choices")
    elif with_usage:
        problems.append("there is usage that nobody asked for")
    return problems

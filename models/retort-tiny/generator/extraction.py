"""JSON from a sentence: the keys that are asked for, their values copied, numbers as numbers."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .conversation import Conversation, assistant, maybe_system, system, user
from .frames import fill, noise, slots_of, spin
from .kinds import Kinds


@dataclass
class Slot:
    """A value of a domain and the keys it may be asked by."""

    kind: str
    keys: list[str]


@dataclass
class Topic:
    """A domain: slots and sentences that use some of them."""

    slots: dict[str, Slot] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)


def load_topics() -> list[Topic]:
    """Reads banks/extraction.txt."""
    topics: list[Topic] = []
    for line in (Path(__file__).parent / "banks" / "extraction.txt").read_text().splitlines():
        head, _, rest = line.partition(" ")
        if head == "domain":
            topics.append(Topic())
        elif head == "slot":
            name, kind, keys = rest.split(" ")
            topics[-1].slots[name] = Slot(kind, keys.split("|"))
        elif head == "s":
            topics[-1].sentences.append(rest)
    return topics


TOPICS = load_topics()
_COMMAND = ["[Extract|Get|Take|Pull|Find|Give me|Return|Output|Read] {keys} [from|out of] [the|this] [sentence|text|message|note|line] as JSON", "[Extract|Return|Give|Output|Write|Produce] JSON with {keys}",
            "[Extract|Return|Give me|Output] {keys} as [JSON|a JSON object|json]", "Turn [this|the sentence|the text] into JSON with [the keys |keys |the fields |fields |]{keys}",
            "JSON with [the keys |keys |fields |]{keys}", "Make a JSON object with {keys} from [this|the text]", "[Parse|Convert|Transform] [this|the text|the sentence] [to|into] JSON[ with|. Keys:| using the keys|, keys] {keys}",
            "[What are|Give me] {keys}? Answer [in|as|with] JSON", "[Fill in|Fill|Complete] this JSON: {schema}", "Reply [only |]with JSON [like|of the form|in the form] {schema}", "Extract [the|these] [fields|keys|values] {keys}. [Answer in JSON|JSON only|Output JSON only|Return only JSON]",
            "I need {keys} as JSON", "Please answer with a JSON object that has the keys {keys}", "Pull [out |]{keys}. [Format|Output format]: JSON", "As JSON ({keys})", "Extract as JSON: {keys}", "Get {keys} in JSON",
            "[Return|Give me] a JSON object: {schema}", "Use [exactly |]this [format|schema]: {schema}", "[List|Show] {keys} as a JSON object", "Read the text and [write|return] {keys} in JSON format",
            "Find {keys} and [answer|reply|respond] in JSON", "Create JSON from [this|the text]. [Use the|The] keys[ are|:|] {keys}", "Only JSON, please, with {keys}", "Data extraction: {keys} (JSON)"]
_SYSTEM = ["You extract data. {command}", "[Always |]answer [only |]in JSON with the keys {keys}", "[For each message|From each text], [extract|return|output] {keys} as JSON", "You are a JSON extractor. [Keys|Fields|Output]: {keys}",
           "Output only [a |]JSON[ object|] with {keys}", "You [get|receive] a [sentence|text] and [answer|reply] with JSON: {schema}", "{command}", "You turn text into JSON. The keys are {keys}", "Reply with [only |]JSON[. No other text| and nothing else|]. Keys: {keys}"]
_LABEL = ["[Sentence|Text|Input|Message|Note]: ", "", "", "", '"', "'", "```\n"]


def _type(value: Any) -> str:
    """The name of a value's type as people write it."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else "list" if isinstance(value, list) else "string"


def say_keys(keys: list[str], rng: random.Random, values: dict[str, Any] | None = None) -> str:
    """The keys in words: a, b and c / "a", "b" / the name and the age."""
    style = rng.random()
    if style < 0.15:
        keys = [f'"{k}"' for k in keys]
    elif style < 0.25:
        keys = [f"`{k}`" for k in keys]
    elif style < 0.38:
        keys = ["the " + k for k in keys] if rng.random() < 0.5 else ["the " + keys[0]] + keys[1:]
    elif style < 0.46 and values is not None:
        keys = [f"{k} ({_type(values[k])})" for k in keys]
    if len(keys) == 1:
        return keys[0]
    joiner = rng.choice([" and ", " and ", ", and ", ", ", " & "])
    return ", ".join(keys[:-1]) + joiner + keys[-1] if rng.random() < 0.92 else "\n- " + "\n- ".join(keys) + "\n"


def say_schema(keys: list[str], values: dict[str, Any], rng: random.Random) -> str:
    """An empty example of the object."""
    style = rng.randrange(4)
    hole = lambda v: {0: "...", 1: _type(v), 2: {"number": 0, "list": [], "boolean": False}.get(_type(v), ""), 3: None}[style]
    return json.dumps({k: hole(values[k]) for k in keys})


def _sentence(topic: Topic, kinds: Kinds) -> tuple[str, dict[str, Any]] | None:
    """A sentence and its values by slot; None when two values are the same text."""
    frame = spin(kinds.rng.choice(topic.sentences), kinds.rng)
    texts, values = {}, {}
    for s in slots_of(frame):
        texts[s], values[s] = kinds.of(topic.slots[s].kind)
    if len(set(texts.values())) < len(texts):
        return None
    return fill(noise(frame, kinds.rng, False) if kinds.rng.random() < 0.25 else frame, texts), values


def _keys(topic: Topic, values: dict[str, Any], kinds: Kinds) -> dict[str, Any]:
    """Chooses slots to ask for and a key for each; sometimes one that the sentence lacks (null)."""
    rng = kinds.rng
    slots = list(values)
    rng.shuffle(slots) if rng.random() < 0.3 else None
    wanted = slots if rng.random() < 0.6 else slots[: rng.randint(1, len(slots))]
    out: dict[str, Any] = {}
    for s in wanted:
        free = [k for k in topic.slots[s].keys if k not in out]
        key = free[0] if free and rng.random() < 0.35 else rng.choice(free) if free else s
        if rng.random() < 0.06:
            key = rng.choice([key.upper(), "".join(w.capitalize() for w in key.split("_")), key + "_" + rng.choice(["value", "1", "field"])])
        out[key] = values[s]
    return out


def _missing_key(topic: Topic, values: dict[str, Any], out: dict[str, Any], kinds: Kinds) -> tuple[dict[str, Any], str]:
    """Adds a key whose value is not in the sentence, with the rule that says null."""
    rest = [s for s in topic.slots if s not in values]
    if not rest:
        return out, ""
    key = kinds.rng.choice(topic.slots[kinds.rng.choice(rest)].keys)
    if key in out:
        return out, ""
    items = list(out.items())
    items.insert(kinds.rng.randint(0, len(items)), (key, None))
    return dict(items), spin(kinds.rng.choice([" Use null [if|when|where] [something|a value] is [missing|not there|unknown].", " Missing values are null.", " [Put|Write] null for [missing|unknown] [values|keys].", ""]), kinds.rng)


_BYSTANDERS = ["The weather was nice.", "It was a long day.", "Everybody was happy.", "We will see what happens.", "Thanks in advance.", "Best regards", "This is important.", "Let me know if something is wrong.", "Hello!", "Dear team,", "I hope you are well.", "That was not expected."]


def _with_bystander(text: str, kinds: Kinds) -> str:
    """Adds a sentence that has nothing to do with the keys."""
    rng = kinds.rng
    s = kinds.sentence()
    other = rng.choice(_BYSTANDERS) if rng.random() < 0.6 else s[0].upper() + s[1:] + "."
    text = text if text[-1:] in ".!?" else text + "."
    return other + " " + text if rng.random() < 0.4 else text + " " + other


def _round(kinds: Kinds) -> tuple[str, dict[str, Any], Topic, str]:
    topic = kinds.rng.choice(TOPICS)
    while True:
        got = _sentence(topic, kinds)
        if got:
            break
    text, values = got
    out = _keys(topic, values, kinds)
    rule = ""
    if kinds.rng.random() < 0.08:
        out, rule = _missing_key(topic, values, out, kinds)
    if kinds.rng.random() < 0.18:
        text = _with_bystander(text, kinds)
    return text, out, topic, rule


def _command(out: dict[str, Any], kinds: Kinds, rule: str) -> str:
    rng = kinds.rng
    frame = noise(spin(rng.choice(_COMMAND), rng), rng)
    return fill(frame, {"keys": say_keys(list(out), rng, out), "schema": say_schema(list(out), out, rng)}) + (("" if frame[-1:] in ".:" else ".") + rule if rule else "")


def in_one_message(kinds: Kinds) -> Conversation:
    """Command and sentence in one user message, either first."""
    rng = kinds.rng
    text, out, _, rule = _round(kinds)
    command = _command(out, kinds, rule)
    label = spin(rng.choice(_LABEL), rng)
    quoted = label + text + {'"': '"', "'": "'", "```\n": "\n```"}.get(label, "")
    if rng.random() < 0.72:
        join = rng.choice([": ", ":\n", "\n", "\n\n", ". ", ":\n\n"])
        whole = command.rstrip(".?: ") + join + quoted if not command.endswith("\n") else command + quoted
    else:
        whole = quoted + rng.choice(["\n", "\n\n", " "]) + command
    messages = maybe_system(rng, 0.25) + [user(whole), assistant(json.dumps(out, ensure_ascii=False))]
    return Conversation("json", messages, [], {"json": out})


def by_system(kinds: Kinds) -> Conversation:
    """The command stands in the system message; one or two sentences follow, with the same keys."""
    rng = kinds.rng
    text, out, topic, rule = _round(kinds)
    frame = spin(rng.choice(_SYSTEM), rng).replace("{command}", spin(rng.choice(_COMMAND), rng))
    instruction = fill(noise(frame, rng, False), {"keys": say_keys(list(out), rng, out), "schema": say_schema(list(out), out, rng)})
    if rule:
        instruction += ("" if instruction[-1:] in ".:" else ".") + rule
    messages = [system(instruction, rng), user(text), assistant(json.dumps(out, ensure_ascii=False))]
    return Conversation("json", messages, [], {"json": out})


def again(kinds: Kinds) -> Conversation:
    """The same keys for a second sentence of the same form."""
    rng = kinds.rng
    while True:
        topic = rng.choice(TOPICS)
        frame = rng.choice(topic.sentences)
        pairs = []
        slots = None
        for _ in range(2):
            f = spin(frame, rng)
            drawn = {x: kinds.of(topic.slots[x].kind) for x in slots_of(f)}
            pairs.append((fill(f, {k: v[0] for k, v in drawn.items()}), {k: v[1] for k, v in drawn.items()}))
            slots = set(drawn) if slots is None else slots & set(drawn)
        wanted = [x for x in pairs[0][1] if x in slots][: rng.randint(1, 4)]
        keys = {x: rng.choice(topic.slots[x].keys) for x in wanted}
        if wanted and len(set(keys.values())) == len(wanted):
            break
    outs = [{keys[x]: values[x] for x in wanted} for _, values in pairs]
    if rng.random() < 0.4:
        messages = [system(fill(spin(rng.choice(_SYSTEM[1:6]), rng), {"keys": say_keys(list(outs[0]), rng), "schema": say_schema(list(outs[0]), outs[0], rng)}), rng), user(pairs[0][0])]
        second = pairs[1][0]
    else:
        messages = maybe_system(rng, 0.2) + [user(_command(outs[0], kinds, "").rstrip(".:? ") + rng.choice([": ", "\n", ":\n"]) + pairs[0][0])]
        second = rng.choice(["And this: ", "Now this one: ", "The same for: ", "", "Next: ", "And: ", "Do the same with: ", "Same keys: "]) + pairs[1][0]
    messages += [assistant(json.dumps(outs[0], ensure_ascii=False)), user(second), assistant(json.dumps(outs[1], ensure_ascii=False))]
    return Conversation("json", messages, [], {"json": outs[1]})


def pairs_to_json(kinds: Kinds) -> Conversation:
    """Any keys and values at all, written as pairs: made-up words included."""
    rng = kinds.rng
    n = rng.choice([1, 2, 2, 3, 3, 4, 5])
    out: dict[str, Any] = {}
    for _ in range(n):
        key = kinds.pseudo(1, 2) if rng.random() < 0.35 else rng.choice(rng.choice(list(rng.choice(TOPICS).slots.values())).keys)
        kind = rng.choice(["pseudoword", "int:0:999", "code", "first", "city", "colour", "num:0:99", "noun", "product", "full", "day"])
        out[key] = kinds.of(kind)[1]
    form = rng.choice(["{k}: {v}", "{k} = {v}", "{k} is {v}", "{k}={v}", "the {k} is {v}", "{k} {v}"])
    text = rng.choice([", ", "\n", "; ", " and "]).join(form.replace("{k}", k).replace("{v}", str(v)) for k, v in out.items())
    command = spin(rng.choice(["[Write|Give|Return|Make|Show] [this|the following|it] as JSON", "[Turn|Convert|Change|Transform] [this|the pairs|these lines|it] [into|to] JSON", "[Make|Create|Build] a JSON object [with|from|of] [this|these values|the following]", "JSON [of|for|from] this", "As JSON", "Give me JSON with", "to json"]), rng)
    whole = noise(command, rng) + rng.choice([": ", ":\n", "\n"]) + text if rng.random() < 0.75 else text + "\n" + noise(command, rng)
    return Conversation("json", maybe_system(rng, 0.2) + [user(whole), assistant(json.dumps(out, ensure_ascii=False))], [], {"json": out})


def list_to_json(kinds: Kinds) -> Conversation:
    """A list in a sentence becomes an array."""
    rng = kinds.rng
    kind, key = rng.choice([("grocery", "items"), ("first", "names"), ("city", "cities"), ("colour", "colors"), ("product", "products"), ("animal", "animals"), ("hobby", "hobbies"), ("food", "dishes"), ("noun", "things")])
    text, items = kinds.of("list:" + kind)
    frame = rng.choice(["We need {x}.", "There are {x}.", "I like {x}.", "I saw {x}.", "The list has {x}.", "{x} are here.", "Today: {x}.", "I met {x}.", "We talked about {x}."])
    command = spin(rng.choice([f"[Extract|Return|Give me|Output|List] the {key} as a JSON [array|list]", f"JSON array of the {key}", f"[Put|Write] the {key} [in|into] a JSON array"]), rng)
    out: Any = items
    if rng.random() < 0.5:
        out = {key: items}
        command = spin(rng.choice([f"[Extract|Return|Give me|Output] JSON with the key {key} [as an array|as a list|]", f"JSON: {{\"{key}\": [...]}}".replace("[...]", "(list)"), f"[Extract|Return] {key} as a JSON object with an array"]), rng)
    return Conversation("json", maybe_system(rng, 0.2) + [user(noise(command, rng) + rng.choice([": ", ":\n", "\n"]) + fill(frame, {"x": text})), assistant(json.dumps(out, ensure_ascii=False))], [], {"json": out})


def json_skill(kinds: Kinds) -> Conversation:
    """The mix of all of these."""
    r = kinds.rng.random()
    return in_one_message(kinds) if r < 0.55 else by_system(kinds) if r < 0.73 else again(kinds) if r < 0.82 else pairs_to_json(kinds) if r < 0.93 else list_to_json(kinds)

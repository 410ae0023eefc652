"""Facts given in the conversation and asked about: tables, lists, prose, notices, what the user said.

Answers are the bare value, or UNKNOWN when the facts do not hold it. The values are random, so
nothing but reading the conversation can give the answer.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .conversation import Conversation, assistant, maybe_system, system, user
from .frames import fill, noise, say, spin
from .kinds import Kinds

UNKNOWN = "I don't know."
_BANKS = Path(__file__).parent / "banks"
_NUMBER = ("int", "num", "price")


@dataclass
class Attribute:
    """A column: statements, questions, and the same in the first person."""

    header: str
    kind: str
    frames: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class EntityType:
    """Rows of one sort and the columns they can have."""

    kind: str
    plurals: list[str]
    attributes: list[Attribute] = field(default_factory=list)


@dataclass
class Notice:
    """A fact that stands alone; `variables` appear in the statement and in the question."""

    kind: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)


def load_entities() -> list[EntityType]:
    """Reads banks/entities.txt."""
    types: list[EntityType] = []
    for line in (_BANKS / "entities.txt").read_text().splitlines():
        head, _, rest = line.partition(" ")
        if head == "type":
            _, kind, plurals = rest.split(" ")
            types.append(EntityType(kind, plurals.split("|")))
        elif head == "attr":
            header, kind = rest.split(" ")
            types[-1].attributes.append(Attribute(header.replace("_", " "), kind))
        elif head in ("s", "m", "q", "mq", "r", "hi", "lo"):
            types[-1].attributes[-1].frames.setdefault(head, []).append(rest)
    return types


def load_notices() -> list[Notice]:
    """Reads banks/notices.txt."""
    notices: list[Notice] = []
    for line in (_BANKS / "notices.txt").read_text().splitlines():
        head, _, rest = line.partition(" ")
        if head == "fact":
            notices.append(Notice())
        elif head == "val":
            notices[-1].kind = rest
        elif head == "var":
            name, _, kind = rest.partition("=")
            notices[-1].variables[name] = kind
        elif head in ("s", "q"):
            (notices[-1].statements if head == "s" else notices[-1].questions).append(rest)
    return notices


ENTITIES, NOTICES = load_entities(), load_notices()
_EXTRA_HEADERS = ["Notes", "Rank", "Level", "Group", "Zone", "Grade", "Type", "Tag", "Points", "Class"]


@dataclass
class Table:
    """Entities with values: names x attributes."""

    type: EntityType
    names: list[str]
    attributes: list[Attribute]
    rows: list[list[str]]


def make_table(kinds: Kinds) -> Table:
    """Two to eight rows, one to four columns; no name twice."""
    rng = kinds.rng
    t = rng.choice(ENTITIES)
    kind = "full" if t.kind == "first" and rng.random() < 0.12 else t.kind
    wanted = rng.choice([1, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8])
    names = list(dict.fromkeys(str(kinds.of(kind)[1]) for _ in range(wanted)))
    attributes = rng.sample(t.attributes, min(len(t.attributes), rng.choice([1, 1, 2, 2, 3, 4])))
    rows = []
    for _ in names:
        rows.append([str(kinds.of(a.kind)[1]) for a in attributes])
    return Table(t, names, attributes, rows)


def _made_up(kinds: Kinds) -> Attribute:
    """A column with a made-up or rare header, asked about by that header."""
    rng = kinds.rng
    header = rng.choice(_EXTRA_HEADERS) if rng.random() < 0.4 else kinds.pseudo(1, 2).capitalize()
    low = header.lower()
    kind = rng.choice(["int:0:999", "code", "pseudoword", "noun", "colour", "first", "city", "day"])
    return Attribute(header, kind, {"s": [f"the {low} of {{n}} is {{v}}", f"{{n}} has {low} {{v}}", f"{{n}}'s {low} is {{v}}"],
                                    "q": [f"What is the {low} of {{n}}?", f"What is {{n}}'s {low}?", f"[Which|What] {low} does {{n}} have?", f"[Tell|Give] me the {low} of {{n}}"],
                                    "r": [f"[Who|What|Which one] has [the |]{low} {{v}}?", f"Whose {low} is {{v}}?"]})


def _sentence(a: Attribute, name: str, value: str, rng: random.Random) -> str:
    text = fill(spin(rng.choice(a.frames["s"]), rng), {"n": name, "v": value})
    return text[0].upper() + text[1:] + "."


def _prose(t: Table, rng: random.Random) -> str:
    sentences = [_sentence(a, n, row[j], rng) for n, row in zip(t.names, t.rows) for j, a in enumerate(t.attributes)]
    if rng.random() < 0.3:
        rng.shuffle(sentences)
    return rng.choice([" ", " ", "\n", "\n- "]).join(sentences) if rng.random() < 0.9 else "- " + "\n- ".join(sentences)


def _markdown(t: Table) -> str:
    head = ["Name"] + [a.header for a in t.attributes]
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join([n] + r) + " |" for n, r in zip(t.names, t.rows)])


def _csv(t: Table, sep: str) -> str:
    return "\n".join([sep.join(["name"] + [a.header.lower() for a in t.attributes])] + [sep.join([n] + r) for n, r in zip(t.names, t.rows)])


def _bullets(t: Table, rng: random.Random) -> str:
    mark, colon, sep = rng.choice(["- ", "* ", "", "• "]), rng.choice([": ", " - ", ": ", " = ", " ("]), rng.choice([", ", "; ", " / "])
    bare = len(t.attributes) == 1 or rng.random() < 0.3
    cell = lambda a, v: v if bare else f"{a.header.lower()} {v}"
    lines = [mark + n + colon + sep.join(cell(a, v) for a, v in zip(t.attributes, r)) + (")" if colon == " (" else "") for n, r in zip(t.names, t.rows)]
    return (", ".join(lines) if mark == "" and rng.random() < 0.4 else "\n".join(lines))


def _json(t: Table, rng: random.Random) -> str:
    rows = [{"name": n} | {a.header.lower().replace(" ", "_"): (int(v) if v.isdigit() else v) for a, v in zip(t.attributes, r)} for n, r in zip(t.names, t.rows)]
    return json.dumps(rows) if rng.random() < 0.6 else "\n".join(json.dumps(r) for r in rows)


def write_table(t: Table, rng: random.Random) -> str:
    """The table in one of the ways people write tables."""
    r = rng.random()
    if r < 0.42:
        return _prose(t, rng)
    if r < 0.6:
        return _bullets(t, rng)
    if r < 0.8:
        return _markdown(t)
    return _csv(t, rng.choice([",", ", ", ";", "\t", " | "])) if r < 0.92 else _json(t, rng)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _extreme(t: Table, j: int, rng: random.Random) -> tuple[str, str] | None:
    """Highest or lowest of a numeric column, where it is unique."""
    a, column = t.attributes[j], [_number(r[j]) for r in t.rows]
    which = rng.choice(["hi", "lo"])
    if which not in a.frames or None in column or len(column) < 2:
        return None
    best = max(column) if which == "hi" else min(column)
    if column.count(best) > 1:
        return None
    if a.header in ("Year", "Founded") and t.type.kind in ("title", "company"):
        pass  # newest and youngest are the highest year, oldest the lowest: the bank is written so
    return say(rng.choice(a.frames[which]), rng), t.names[column.index(best)]


def _reverse(t: Table, j: int, rng: random.Random) -> tuple[str, str] | None:
    a, column = t.attributes[j], [r[j] for r in t.rows]
    i = rng.randrange(len(column))
    if "r" not in a.frames or column.count(column[i]) > 1:
        return None
    return say(rng.choice(a.frames["r"]), rng, {"v": column[i]}), t.names[i]


def _missing(t: Table, j: int, kinds: Kinds) -> tuple[str, str] | None:
    """A name that is not there, or a column that is not there."""
    rng = kinds.rng
    if rng.random() < 0.6:
        name = str(kinds.of(t.type.kind)[1])
        return None if name in t.names else (say(rng.choice(t.attributes[j].frames["q"]), rng, {"n": name}), UNKNOWN)
    others = [a for a in t.type.attributes if a not in t.attributes and not {a.header, *(b.header for b in t.attributes)} >= {"Room", "Seat"}]
    return (say(rng.choice(rng.choice(others).frames["q"]), rng, {"n": rng.choice(t.names)}), UNKNOWN) if others else None


def _count(t: Table, rng: random.Random) -> tuple[str, str]:
    what = rng.choice(t.type.plurals)
    return say(rng.choice(["How many {x} are [there|in the list|listed|in the table]?", "[Count|Tell me the number of] the {x}"]), rng, {"x": what}), str(len(t.names))


def _yes_no(t: Table, j: int, kinds: Kinds) -> tuple[str, str]:
    rng = kinds.rng
    i = rng.randrange(len(t.names))
    a = t.attributes[j]
    true = rng.random() < 0.5
    other = str(kinds.of(a.kind)[1])
    value = t.rows[i][j] if true or other == t.rows[i][j] else other
    claim = fill(spin(rng.choice(a.frames["s"]), rng), {"n": t.names[i], "v": value})
    ask = rng.choice(["Is it true that {x}?", "{x}, right?", "Is this right: {x}?", "{x}. True or false?", "Is that so: {x}?"])
    yes, no = ("True", "False") if "True or" in ask else ("Yes", "No")
    return ask.replace("{x}", claim[0].upper() + claim[1:] if ask[0] == "{" else claim), yes + "." if value == t.rows[i][j] else no + "."


def table_question(t: Table, kinds: Kinds) -> tuple[str, str]:
    """A question on the table and its answer."""
    rng = kinds.rng
    while True:
        j, r = rng.randrange(len(t.attributes)), rng.random()
        if r < 0.56:
            i = rng.randrange(len(t.names))
            return say(rng.choice(t.attributes[j].frames["q"]), rng, {"n": t.names[i]}), t.rows[i][j]
        got = _reverse(t, j, rng) if r < 0.76 else _extreme(t, j, rng) if r < 0.86 else _missing(t, j, kinds) if r < 0.95 else \
            _count(t, rng) if r < 0.965 else _yes_no(t, j, kinds)
        if got:
            return got


_INTRO = ["[Here is|This is|Here you have] [the|a|our|my] [list|table|data|information|text]:", "[Facts|Data|Information|Context|Notes|Table|List|Known facts]:", "Read this:", "",
          "[Look at|Use|Consider] [this|the following] [data|list|information|table]:", "[Remember|Keep in mind|Note] [this|the following]:", "Given:", "Here are [some|the] facts:"]
_ONLY = ["Answer [only |]from [this|the following] [text|information|list|data]:", "Use [only |][this|the following] [information|data|table] to answer:", "You know the following:",
         "Answer questions about [this list|these facts|the table|the text].", "Knowledge base:", "[Company|Office|Internal] [information|notes]:", "The user will ask about this:", "What you know:",
         "You are a helpful assistant. Facts:", "You are an assistant with access to this data:", "If the answer is not in the text, say that you don't know."]
_ACK = ["OK.", "Got it."]
_BEFORE = ["Question: ", "Q: ", "", "", "", "My question: ", "Now: ", "Tell me: "]


def place(context: str, pairs: list[tuple[str, str]], kinds: Kinds, skill: str, first: bool = True) -> Conversation:
    """Puts the facts in the system message, an earlier turn, or the question's own message."""
    rng, r = kinds.rng, kinds.rng.random()
    question, answer = pairs[0]
    if r < 0.36:
        intro = spin(rng.choice(_ONLY + _INTRO), rng)
        messages = [system((intro + rng.choice(["\n", "\n\n", " "]) if intro else "") + context, rng), user(question)]
    elif r < 0.74:
        intro = spin(rng.choice(_INTRO), rng) if rng.random() < 0.6 else ""
        gap = rng.choice(["\n", "\n\n", " " if "\n" not in context else "\n"])
        whole = (intro + rng.choice(["\n", " "]) if intro else "") + context + gap + rng.choice(_BEFORE) + question
        if rng.random() < 0.22:
            whole = question + rng.choice(["\n", "\n\n"]) + (intro + "\n" if intro else "") + context
        messages = maybe_system(rng, 0.25) + [user(whole)]
    else:
        intro = spin(rng.choice(_INTRO), rng) if rng.random() < 0.5 else ""
        messages = maybe_system(rng, 0.25) + [user((intro + "\n" if intro else "") + context), assistant(_ACK[1]), user(question)]
    messages.append(assistant(answer))
    for question, answer in pairs[1:]:
        messages += [user(question), assistant(answer)]
    expect: dict[str, Any] = {"contains_any": ["know", "not in", "no information"]} if answer == UNKNOWN else {"equals": answer.rstrip(".")}
    return Conversation(skill, messages, [], expect)


def table_conversation(kinds: Kinds) -> Conversation:
    """A table and one to three questions; sometimes short follow-ups ("And Bob?")."""
    rng = kinds.rng
    t = make_table(kinds)
    if rng.random() < 0.3:
        t.attributes = t.attributes[:2] + [_made_up(kinds)]
        t.rows = [r[: len(t.attributes) - 1] + [str(kinds.of(t.attributes[-1].kind)[1])] for r in t.rows]
    pairs = [table_question(t, kinds) for _ in range(rng.choice([1, 1, 2, 2, 3]))]
    if len(t.names) > 1 and rng.random() < 0.25:
        j, (a, b) = rng.randrange(len(t.attributes)), rng.sample(range(len(t.names)), 2)
        follow = say(rng.choice(["And {n}?", "What about {n}?", "How about {n}?", "And for {n}?", "{n}?", "And {n}'s?"]), rng, {"n": t.names[b]}, False)
        pairs = [(say(rng.choice(t.attributes[j].frames["q"]), rng, {"n": t.names[a]}), t.rows[a][j]), (follow, t.rows[b][j])]
    return place(write_table(t, rng), pairs, kinds, "facts")


def _asked_apart(context: str, ask: Callable[[], tuple[str, str]], kinds: Kinds) -> Conversation:
    """Several questions on one text, each in a conversation of its own: the first, with the others as its siblings."""
    questions = dict(ask() for _ in range(8))
    before = kinds.rng.getstate()
    found = []
    for pair in questions.items():
        kinds.rng.setstate(before)  # the same place for the text in each
        found.append(place(context, [pair], kinds, "facts"))
    found[0].siblings = found[1:]
    return found[0]


def shared_facts(kinds: Kinds) -> Conversation:
    """A table or some facts with several questions, each asked by itself."""
    rng = kinds.rng
    if rng.random() < 0.55:
        t = make_table(kinds)
        return _asked_apart(write_table(t, rng), lambda: table_question(t, kinds), kinds)
    chosen = rng.sample(NOTICES, rng.choice([2, 3, 3, 4, 5, 7])) if rng.random() < 0.6 else _related(kinds)
    stated = [(n, *_state(n, kinds)) for n in chosen]
    if rng.random() < 0.25 and any(n.variables for n in chosen):
        stated = _rivals(rng.choice([n for n in chosen if n.variables]), kinds) + stated[:2]
    context = rng.choice([" ", " ", "\n"]).join(s for _, _, s in stated)

    def ask() -> tuple[str, str]:
        n, values, _ = rng.choice(stated)
        return _ask(n, values, kinds)

    return _asked_apart(context, ask, kinds)


def _related(kinds: Kinds) -> list[Notice]:
    """Facts about the same sort of thing: all on a shop, all on an event ..."""
    kind = kinds.rng.choice(["shop", "eventword", "company", "relation", "first", "code", "title", "noun"])
    family = [n for n in NOTICES if kind in n.variables.values()]
    return kinds.rng.sample(family, min(len(family), kinds.rng.choice([2, 2, 3, 4])))


def _rivals(n: Notice, kinds: Kinds) -> list[tuple[Notice, dict[str, str], str]]:
    """The same fact for two or three different things."""
    rivals: list[tuple[Notice, dict[str, str], str]] = []
    for _ in range(kinds.rng.choice([2, 2, 3])):
        values, text = _state(n, kinds)
        if all(values[k] != other[k] for _, other, _ in rivals for k in n.variables):
            rivals.append((n, values, text))
    return rivals


def _typed(frame: str, rng: random.Random) -> str:
    """Some statements are typed carelessly."""
    return noise(frame, rng, False) if rng.random() < 0.2 else frame


def _state(n: Notice, kinds: Kinds, shared: dict[str, str] | None = None) -> tuple[dict[str, str], str]:
    """Values of a notice and its sentence; shared variables keep their value between notices."""
    values = {k: str(kinds.of(v)[1]) for k, v in n.variables.items()} | {"v": str(kinds.of(n.kind)[1])}
    if shared is not None:
        for k, v in n.variables.items():
            values[k] = shared.setdefault(k + v, values[k])
    return values, fill(_typed(spin(kinds.rng.choice(n.statements), kinds.rng), kinds.rng), values)


def _ask(n: Notice, values: dict[str, str], kinds: Kinds) -> tuple[str, str]:
    return say(kinds.rng.choice(n.questions), kinds.rng, values), values["v"]


def notice_conversation(kinds: Kinds) -> Conversation:
    """One to seven unrelated facts; some of them asked about."""
    rng = kinds.rng
    chosen = rng.sample(NOTICES, rng.choice([1, 1, 2, 2, 3, 3, 4, 5, 7]))
    if rng.random() < 0.35:
        chosen = _related(kinds)
    shared = {} if rng.random() < 0.5 else None
    stated = [(n, *_state(n, kinds, shared)) for n in chosen]
    if rng.random() < 0.2 and any(n.variables for n in chosen):
        stated = _rivals(rng.choice([n for n in chosen if n.variables]), kinds) + stated[:2]
        chosen = [n for n, _, _ in stated]
    pairs = [_ask(n, v, kinds) for n, v, _ in rng.sample(stated, min(len(stated), rng.choice([1, 1, 2])))]
    if rng.random() < 0.09:
        other = rng.choice([n for n in NOTICES if n.kind not in [c.kind for c in chosen] and not set(n.questions) & {q for c in chosen for q in c.questions}])
        pairs[-1] = (_ask(other, _state(other, kinds)[0], kinds)[0], UNKNOWN)
    joiner = rng.choice([" ", " ", " ", "\n", "\n- "])
    context = joiner.join(s for _, _, s in stated)
    context = "- " + context if joiner == "\n- " else context
    if context.startswith("My ") and rng.random() < 0.15:
        context = context.replace("My ", "The user's ")
    return place(context, pairs, kinds, "facts")


def told_then_asked(kinds: Kinds) -> Conversation:
    """The user mentions things over several turns, then asks for one of them."""
    rng = kinds.rng
    chosen = rng.sample(NOTICES, rng.choice([1, 2, 2, 3]))
    messages = maybe_system(rng, 0.3)
    stated = [(n, *_state(n, kinds)) for n in chosen]
    for n, values, text in stated:
        name = n.kind == "first" and not n.variables
        messages += [user(text), assistant(f"Nice to meet you, {values['v']}!" if name else "Got it.")]
    for n, values, _ in rng.sample(stated, rng.choice([1, 1, min(2, len(stated))])):
        question, answer = _ask(n, values, kinds)
        messages += [user(question), assistant(answer)]
    return Conversation("facts", messages, [], {"equals": messages[-1]["content"]})


def facts_skill(kinds: Kinds) -> Conversation:
    """The mix of all of these."""
    r = kinds.rng.random()
    return table_conversation(kinds) if r < 0.46 else notice_conversation(kinds) if r < 0.82 else told_then_asked(kinds)

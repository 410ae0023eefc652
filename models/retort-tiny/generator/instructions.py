"""Following an instruction about the form of the answer, from a system, developer or user message.

A base question (a sum, a day, a greeting, a fact) is asked and answered, and the answer is put into
the form that is wanted: one word, capitals, a list, a fixed opening ...
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

from .banks import words as W
from .conversation import Conversation, assistant, maybe_system, system, user
from .facts import notice_conversation
from .followups import common
from .frames import fill, noise, say, spin
from .kinds import Kinds
from .numbers import arithmetic, calendar, compare
from .smalltalk import talk, unknowable
from .values import number_word

Base = tuple[str, str]


def _base(kinds: Kinds, short: bool = False) -> Base:
    """A question and its plain answer, without system message."""
    r = kinds.rng.random()
    if not short and r < 0.3:
        c = talk(kinds)
    elif r < 0.5:
        c = calendar(kinds)
    elif r < 0.66:
        c = arithmetic(kinds)
    elif r < 0.78:
        c = compare(kinds)
    elif r < 0.84:
        return common(kinds)
    elif r < 0.93:
        return fact_base(kinds)
    else:
        c = unknowable(kinds) if not short else calendar(kinds)
    return str(c.messages[-2]["content"]), str(c.messages[-1]["content"])


def fact_base(kinds: Kinds) -> Base:
    """A fact and its question in one message."""
    while True:
        c = notice_conversation(kinds)
        if [m["role"] for m in c.messages] == ["user", "assistant"]:
            return str(c.messages[0]["content"]), str(c.messages[1]["content"])


_CAPS = ["[Answer|Reply|Respond|Write|Speak] [only |always |][in|with] [capitals|capital letters|upper case|uppercase|all caps|CAPITALS|uppercase letters|block letters]", "[Use|Write] only [capital|upper case|uppercase] letters", "[All|Every] [answers|answer|replies] must be [in capitals|in upper case|uppercase]", "Shout[ all your answers|]: [use|write] capitals only", "Your [answer|reply] must be in [all caps|capital letters|uppercase]", "[Capitals|Capital letters|All caps|Uppercase] only", "You always shout in [capital letters|uppercase|all caps]"]
_LOWER = ["[Answer|Reply|Respond|Write] [only |always |][in|with] [lower case|lowercase|small letters|lowercase letters]", "[Use|Write] only [lower case|lowercase|small] letters", "No capital letters[ in your answers|]", "Never use capital letters", "[Lowercase|Lower case] only", "Don't use any uppercase letters"]
_WORD = ["[Answer|Reply|Respond] [only |always |][in|with|using] [one|a single|just one|exactly one|1] word", "[One|A single] word answers only", "[Use|Write] only one word", "Your [answer|reply] must be [one|a single] word", "[Keep|Limit] [every|your] [answer|reply] to one word", "One word only", "Say just one word", "Only answer with a single word, nothing else", "You are a one-word bot"]
_YESNO = ["[Answer|Reply|Respond] [only |][with|by] [yes or no|\"yes\" or \"no\"|Yes or No|a yes or a no]", "[Only |][say|use] yes or no", "Yes or no[ only|][?|]", "Your answer must be yes or no"]
_START = ["[Begin|Start] [every|each|your|all] [answer|answers|reply|replies|response] with \"{x}\"", "[Begin|Start] [every|each|your] [answer|reply] with {x}", "Always [begin|start] with \"{x}\"", "Put \"{x}\" [before|in front of|at the beginning of] [every|your|the] answer", "Every answer [begins|starts] with \"{x}\"", "Your [answer|reply] must [begin|start] with the word \"{x}\""]
_END = ["[End|Finish] [every|each|your|all] [answer|answers|reply|replies|response] with \"{x}\"", "[End|Finish] [every|each|your] [answer|reply] with {x}", "Always [end|finish] with \"{x}\"", "Put \"{x}\" [after|at the end of] [every|your|the] answer", "Every answer ends with \"{x}\"", "Your [answer|reply] must end with the word \"{x}\"", "[Add|Append] \"{x}\" to [every|your] answer"]
_FIXED = ["[Always |][answer|reply|respond|say] [only |just |]\"{x}\"[, whatever the user says| to everything| to every message| no matter what|]", "[Whatever|No matter what] the user [says|asks|writes], [answer|reply|say|respond] \"{x}\"", "[You|You can] only [say|know] [the word |]\"{x}\"", "[Answer|Reply|Respond to] every [message|question] with \"{x}\"", "Your only answer is \"{x}\"", "Reply with {x} and nothing else", "Ignore what the user says and answer {x}"]
_IF = ["[If|When|Whenever] [the user|someone|anyone] [says|writes|asks about|mentions] [\"{w}\"|{w}], [answer|reply|say|respond] [with |]\"{x}\"", "[Answer|Reply|Say|Respond] \"{x}\" [if|when] [the user|someone] [says|writes|mentions] [\"{w}\"|{w}]"]
_JSON = ["[Answer|Reply|Respond] [only |always |][in|with|as] JSON with the key [\"{k}\"|{k}]", "[Put|Give|Write] [the|your] answer [in|into|as] a JSON object with the key [\"{k}\"|{k}]", "Output JSON: {\"{k}\": ...}", "[Answer|Reply] as JSON, key {k}"]
_WRAP = [("[Put|Write|Give] [your|the|every] answer in (round |)brackets", "({a})"), ("[Put|Write|Give] [your|the|every] answer in square brackets", "[{a}]"), ("[Put|Write|Give] [your|the|every] answer in [double |]quotes", '"{a}"'), ("[Put|Write] [your|the|every] answer [between|in] stars", "*{a}*"), ("[Make|Write] [your|the] answer bold[ in Markdown|]", "**{a}**")]
_BRIEF = ["[Be|Keep it] [brief|short|concise|to the point]", "[Give|Use] short answers", "[Answer|Reply] [briefly|shortly|in a few words|concisely]", "No long [answers|explanations]", "Keep [your |the |]answers short", "[Answer|Reply] without explanation", "Just the answer[, please|]", "Only the answer, nothing else", "Use at most [five|ten|3|10] words" ]
_NUMWORD = ["[Write|Give|Say] [all |]numbers [as|in] words", "[Answer|Reply] with [the number|numbers] [written |][in|as] words", "No digits, [write|use] words[ for numbers|]", "Spell out [all |]numbers"]
_TAGS = ["Sure:", "Answer:", "Hey!", "Well,", "OK:", "Arr!", "Dear friend,", "Result:", "Hello,", "Beep!", "Captain,", "Yes sir:", "Hmm,", "Note:", "Over.", "Amen.", "Thanks!", "Bye.", "Done.", "Cheers!", "Meow.", "Stop.", "The end.", "Peace.", "Yo!"]


def _tag(kinds: Kinds, ends: bool) -> str:
    r = kinds.rng.random()
    if r < 0.4:
        return kinds.pick(_TAGS)
    word = kinds.word().split()[-1]
    word = word.capitalize() if kinds.rng.random() < 0.6 else word.upper()
    return word + kinds.rng.choice(["!", ".", ":", ""] if not ends else ["!", ".", ""])


def _shaped(kinds: Kinds) -> tuple[str, Base, dict[str, object]]:
    """(instruction, question and answer, expectation) of one form."""
    rng, r = kinds.rng, kinds.rng.random()
    question, answer = _base(kinds)
    if r < 0.2:
        return spin(rng.choice(_CAPS), rng), (question, answer.upper()), {"equals": answer.upper().rstrip(".")}
    if r < 0.27:
        return spin(rng.choice(_LOWER), rng), (question, answer.lower()), {"equals": answer.lower().rstrip(".")}
    if r < 0.42:
        question, answer = _one_word(kinds)
        return spin(rng.choice(_WORD), rng), (question, answer), {"max_words": 1} | ({} if re.search("example|Name|Think|Give me|Say a|Tell me a", question) else {"equals": answer.rstrip(".")})
    if r < 0.48:
        return spin(rng.choice(_YESNO), rng), _yes_no(kinds), {}
    if r < 0.58:
        x = _tag(kinds, False)
        return fill(spin(rng.choice(_START), rng), {"x": x}), (question, f"{x} {answer}"), {"contains_all": [x]}
    if r < 0.68:
        x = _tag(kinds, True)
        return fill(spin(rng.choice(_END), rng), {"x": x}), (question, f"{answer}{'' if answer[-1] in '.!?' else '.'} {x}"), {"contains_all": [x]}
    if r < 0.76:
        x = kinds.sentence() if rng.random() < 0.4 else rng.choice(["OK", "No", "Yes", "Hello", "Bananas", "42", "pong", "Ping", "Acknowledged", "I cannot help with that.", "Please wait.", "Roger", "Meow", kinds.word(), kinds.code(), kinds.word().capitalize()])
        x = x[0].upper() + x[1:] if rng.random() < 0.3 else x
        return fill(spin(rng.choice(_FIXED), rng), {"x": x}), (question, x), {"equals": x.rstrip(".")}
    if r < 0.8:
        k = rng.choice(["answer", "result", "reply", "text", "value", "response", "output", kinds.pseudo(1, 2)])
        body = int(answer) if answer.isdigit() else answer
        return spin(rng.choice(_JSON), rng).replace("{k}", k), (question, json.dumps({k: body})), {"json": {k: body}}
    if r < 0.85:
        frame, shape = rng.choice(_WRAP)
        return spin(frame.replace("(round |)", "[round |]"), rng), (question, shape.replace("{a}", answer)), {"equals": shape.replace("{a}", answer)}
    if r < 0.93:
        question, answer = _base(kinds, short=True)
        return spin(rng.choice(_BRIEF), rng), (question, answer), {"equals": answer.rstrip(".")}
    c = arithmetic(kinds)
    word = number_word(int(str(c.messages[-1]["content"])))
    return spin(rng.choice(_NUMWORD), rng), (str(c.messages[-2]["content"]), word), {"equals": word, "ignore_case": True}


_ONE_WORD_TALK = [("Hello!", ["[Hello|Hi|Hey|Good morning|Hi there][!|.|]"]), ("Fine.", ["How are you[ today|]?", "How is it going?"]), ("Retort-tiny.", ["[What is your name|Who are you]?"]), ("Goodbye!", ["[Bye|Goodbye|See you][!|]"]), ("Welcome!", ["[Thanks|Thank you][!|]"]),
                  ("Blue.", ["What colour is the sky?", "What color is [the sea|the sky]?"]), ("Green.", ["What [colour|color] is grass?", "What colour are leaves?"]), ("Yellow.", ["What [colour|color] is [a banana|the sun|a lemon]?"]), ("White.", ["What [colour|color] is [snow|milk]?"]), ("Red.", ["What [colour|color] is [blood|a tomato]?"]), ("Cold.", ["Is ice hot or cold?"]), ("Hot.", ["Is fire hot or cold?"])]
_OPPOSITES = "big small;hot cold;up down;left right;old young;fast slow;happy sad;day night;open closed;good bad;full empty;wet dry;light dark;early late;rich poor;long short;hard soft;high low;strong weak;loud quiet;clean dirty;near far;first last;black white;yes no;in out;thick thin;easy difficult;cheap expensive;true false".split(";")


def _one_word(kinds: Kinds) -> Base:
    """A question with a one-word answer."""
    rng, r = kinds.rng, kinds.rng.random()
    if r < 0.15:
        answer, asks = rng.choice(_ONE_WORD_TALK)
        return say(rng.choice(asks), rng), answer
    if r < 0.25:
        return category_question(kinds, 1)
    if r < 0.33:
        return opposite(kinds)
    for _ in range(50):
        question, answer = _base(kinds, short=True)
        if " " not in answer.strip():
            return question, answer
    return "Hello", "Hello!"


def opposite(kinds: Kinds) -> Base:
    """A word and its opposite."""
    a, b = kinds.rng.choice(_OPPOSITES).split()
    a, b = (a, b) if kinds.rng.random() < 0.5 else (b, a)
    return say(kinds.rng.choice(["What is the opposite of [\"{x}\"|{x}]?", "Opposite of {x}?", "[Tell me|Name|Give me] the opposite of {x}", "What's the contrary of {x}?"]), kinds.rng, {"x": a}), b


def _yes_no(kinds: Kinds) -> Base:
    for _ in range(80):
        question, answer = common(kinds)
        if answer in ("Yes.", "No.") and kinds.rng.random() < 0.5:
            return question, answer
        c = kinds.rng.choice([calendar, compare])(kinds)
        if c.messages[-1]["content"] in ("Yes.", "No."):
            return str(c.messages[-2]["content"]), str(c.messages[-1]["content"])
    return "Is 5 larger than 3?", "Yes."


_NAME_IT = ["[Name|Tell me|Give me|List|Say] {n} {c}", "[Can|Could] you [name|list|give me] {n} {c}?", "{n} {c}[, please|]", "I need {n} {c}", "[Write|Give me] a list of {n} {c}", "What are {n} {c}?", "Which {n} {c} do you know?", "Think of {n} {c}", "List {n} examples of {c}", "Give {n} examples of {c}"]


def _plural(category: str) -> str:
    head, of, tail = category.partition(" of ")
    irregular = {"fish": "fish", "country": "countries", "city": "cities", "body part": "body parts"}
    return (irregular.get(head, head + "s")) + of + tail


def category_question(kinds: Kinds, n: int) -> Base:
    """Name n things of a category."""
    category = kinds.rng.choice(list(W.LISTS))
    items = kinds.rng.sample(W.LISTS[category], n)
    if n == 1:
        return say(kinds.rng.choice(["[Name|Tell me|Give me|Say] [a|one] {c}", "[Name|Give me] an example of a {c}", "Think of a {c}"]), kinds.rng, {"c": category}), items[0]
    word = kinds.rng.choice([str(n), number_word(n)])
    return say(kinds.rng.choice(_NAME_IT), kinds.rng, {"n": word, "c": _plural(category)}), ", ".join(items)


_BULLET = ["[Answer|Reply|Write|Respond] [as|with|in|using] a [bullet |bulleted |bullet point |][list|list of bullets]", "[Use|Write] [bullet points|bullets|a bullet list|dashes]", "[Always |]answer [with|in] [bullet points|bullets]", "Format [your answer|lists|the answer|answers] as a [bullet |Markdown |][list|bullet list]", "One [item|entry|thing] [per|a|on each] line[, with a dash|]", "[Bulleted|Bullet] list[, please|]", "Put each item on its own line[ with a dash|]"]
_NUMBERED = ["[Answer|Reply|Write|Respond] [as|with|in|using] a numbered list", "[Use|Write] a numbered list", "Number [the|your] [items|answers|entries]", "Numbered list[, please|]", "Format lists as numbered lists", "[List|Write] them with numbers"]
_COMMA = ["[Separate|Split] [the items|items|them] [with|by] commas", "[Answer|Reply] as a comma[-| ]separated list", "Comma separated[, please|]", "On one line[, separated by commas|]"]


def listing(kinds: Kinds) -> Conversation:
    """Lists: bullets, numbers, commas; items from a category or from the user's own sentence."""
    rng, r = kinds.rng, kinds.rng.random()
    n = rng.randint(2, 5)
    if rng.random() < 0.55:
        question, joined = category_question(kinds, n)
        items = joined.split(", ")
    else:
        bank = rng.choice([W.NOUN, W.GROCERY, W.FIRST, W.CITY, W.TASK])
        items = list(dict.fromkeys(kinds.pick(bank) for _ in range(n)))
        n = len(items)
        text = ", ".join(items[:-1]) + " and " + items[-1] if n > 1 else items[0]
        question = say(rng.choice(["[List|Show] [these|the|this]: {x}", "[Make|Write|Create|Give me] a list [of|from|with]: {x}", "[Make|Write] a list with {x}", "My [things|items] are {x}", "[Format|Write] {x}", "I need {x}. [Make|Write] a list", "Put {x} in a list", "List {x}", "I have to buy {x}"]), rng, {"x": text}, False)
    styles = [(_BULLET, "\n".join("- " + i for i in items)), (_BULLET, "\n".join("- " + i for i in items)), (_NUMBERED, "\n".join(f"{j}. {i}" for j, i in enumerate(items, 1))), (_COMMA, ", ".join(items))]
    frames, answer = rng.choice(styles)
    if frames is _BULLET and rng.random() < 0.35 and "list" in question.lower():
        messages = maybe_system(rng, 0.3) + [user(question), assistant(answer)]
    else:
        messages = _ordered(spin(rng.choice(frames), rng), question, answer, kinds, 0.6)
    return Conversation("instructions", messages, [], {"list_items": n} if frames is not _COMMA else {"contains_all": items} if r < 2 else {})


def _ordered(instruction: str, question: str, answer: str, kinds: Kinds, by_system: float) -> list[dict[str, object]]:
    """Puts the instruction into a system message, or before or after the question."""
    rng = kinds.rng
    instruction = noise(instruction, rng, False)
    dot = "" if instruction[-1:] in ".!?:" or rng.random() < 0.2 else "."
    if rng.random() < by_system:
        lead = rng.choice(["", "", "", "You are a helpful assistant. ", "You are an assistant. ", "You are a bot. ", "Be friendly. ", "Follow this rule: ", "Rules: ", "Important: "])
        return [system(lead + instruction + dot, rng), user(question), assistant(answer)]
    low = instruction[0].lower() + instruction[1:]
    whole = rng.choice([f"{instruction}{dot or '.'} {question}", f"{instruction}: {question}", f"{question} {instruction}{dot}", f"{question}\n{instruction}{dot}", f"{question} ({low})", f"{question} Please {low}{dot}"])
    return maybe_system(rng, 0.2) + [user(whole), assistant(answer)]


def shaped(kinds: Kinds) -> Conversation:
    """One form, from system or user; in a system message it may hold for two turns."""
    rng = kinds.rng
    instruction, (question, answer), expect = _shaped(kinds)
    messages = _ordered(instruction, question, answer, kinds, 0.72)
    return Conversation("instructions", messages, [], expect or {"equals": answer.rstrip(".")})


def two_turns(kinds: Kinds) -> Conversation:
    """A form in the system message that holds for two or three questions."""
    rng = kinds.rng
    kind = rng.choice(["caps", "lower", "start", "end"])
    x = _tag(kinds, kind == "end")
    frames = {"caps": _CAPS, "lower": _LOWER, "start": _START, "end": _END}[kind]
    messages: list[dict[str, object]] = [system(fill(spin(rng.choice(frames), rng), {"x": x}) + ".", rng)]
    for _ in range(rng.randint(2, 3)):
        question, answer = _base(kinds)
        answer = {"caps": answer.upper(), "lower": answer.lower(), "start": f"{x} {answer}", "end": f"{answer}{'' if answer[-1] in '.!?' else '.'} {x}"}[kind]
        messages += [user(question), assistant(answer)]
    return Conversation("instructions", messages, [], {"equals": str(messages[-1]["content"]).rstrip(".")})


def conditional(kinds: Kinds) -> Conversation:
    """If the user says w, answer x - and the ordinary answer otherwise."""
    rng = kinds.rng
    w, x = kinds.word(), rng.choice([kinds.word(), kinds.sentence(), kinds.code()])
    instruction = fill(spin(rng.choice(_IF), rng), {"w": w, "x": x}) + "."
    if rng.random() < 0.6:
        asked = fill(rng.choice(["{w}", "{w}!", "Do you know {w}?", "I like {w}", "{w} please", "Tell me about {w}", "What is {w}?", "Hello, {w}"]), {"w": w})
        return Conversation("instructions", [system(instruction, rng), user(asked), assistant(x)], [], {"equals": x})
    question, answer = _base(kinds)
    return Conversation("instructions", [system(instruction, rng), user(question), assistant(answer)], [], {"equals": answer.rstrip(".")})


def plain_category(kinds: Kinds) -> Conversation:
    """Name n things, or an opposite, with no form asked for."""
    question, answer = category_question(kinds, kinds.rng.randint(1, 5)) if kinds.rng.random() < 0.7 else opposite(kinds)
    n = len(answer.split(", "))
    return Conversation("instructions", maybe_system(kinds.rng, 0.3) + [user(question), assistant(answer)], [], {"equals": answer} if n == 1 and "pposite" in question else {"regex": r"^[^,]+" + r",[^,]+" * (n - 1) + "$"})


def instructions_skill(kinds: Kinds) -> Conversation:
    """The mix of all of these."""
    r = kinds.rng.random()
    return shaped(kinds) if r < 0.6 else listing(kinds) if r < 0.78 else two_turns(kinds) if r < 0.86 else conditional(kinds) if r < 0.93 else plain_category(kinds)


MAKERS: list[Callable[[Kinds], Conversation]] = [shaped, listing, two_turns, conditional, plain_category]

"""Words: repeating, spelling, counting letters, words and things, upper case."""

from __future__ import annotations

import random

from .banks import words as W
from .conversation import Conversation, assistant, maybe_system, user
from .frames import fill, noise, say, spin
from .kinds import Kinds
from .values import number_word

_REPEAT = ["[Repeat|Say|Echo|Write|Type|Print] [after me|this|the following|the text|exactly this|back to me]: {x}", "[Repeat|Say|Echo]: {x}", "[Repeat|Say|Write|Echo|Copy] \"{x}\"", "[Can|Could|Would] you [repeat|say|write] \"{x}\"?", "Please [repeat|say|echo] the [words|sentence|phrase|text] \"{x}\"", "[Say|Repeat|Write] {x}", "Repeat [the sentence|the words|this sentence]: {x}",
           "[Copy|Echo] [this|the text][:| exactly:] {x}", "Reply with [exactly |only |]\"{x}\"", "Answer with the words: {x}", "I want you to [say|repeat|write] \"{x}\"", "Just [say|write|answer] \"{x}\"", "Tell me \"{x}\"", "Say the word [\"{x}\"|{x}]", "Repeat the word {x}", "Output [only |]{x}", "Respond with \"{x}\"", "Read this back to me: {x}", "Parrot this: {x}"]
_SPELL = ["[Spell|Please spell] [the word |][\"{x}\"|{x}]", "How [do you|do I|is] spell[ the word|] [\"{x}\"|{x}]?", "[Can|Could] you spell [the word |][\"{x}\"|{x}]?", "Spell {x} [letter by letter|out|for me]", "How is {x} spelled?", "[Write|Give me|List|Say] the letters of [\"{x}\"|{x}]", "What are the letters [of|in] [the word |][\"{x}\"|{x}]?", "Spell out {x}", "I need the spelling of {x}", "[Write|Say] {x} letter by letter", "Break {x} into letters", "Split the word {x} into letters"]
_LETTERS = ["How many letters [are|are there] in [the word |][\"{x}\"|{x}]?", "How many letters does [the word |][\"{x}\"|{x}] have?", "[Count|Tell me the number of] [the |]letters in [the word |][\"{x}\"|{x}]", "How long is the word [\"{x}\"|{x}]?", "What is the length of the word [\"{x}\"|{x}]?", "Number of letters in [\"{x}\"|{x}]", "[\"{x}\"|{x}] has how many letters?"]
_WORDS = ["How many words are in [this sentence|the sentence|this text|this]: {x}", "Count the words[ in this sentence|]: {x}", "How many words does \"{x}\" have?", "How many words [are|are there] in \"{x}\"?", "What is the number of words in \"{x}\"?", "Number of words: {x}"]
_ITEMS = ["How many [items|things|words|entries|elements] are [there in|in] [this list|the list|this]: {x}[?|]", "Count [these|the items|the following|the things|this list]: {x}", "How many [items|things] do I have: {x}?", "{x}. How many [items|things|are there|is that|are these]?", "How many are [these|there]: {x}?", "I have {x}. How many [things|items] is that?", "I bought {x}. How many things did I buy?", "My list: {x}. How many [items|entries] are on it?", "What is the number of items in {x}?"]
_NAMES = ["How many names are in [this list|the list]: {x}?", "Count the [names|people]: {x}", "{x} are coming. How many people is that?", "How many people: {x}?", "[My friends are|Invited are|The team is] {x}. How many people are they?"]
_UP = ["Count [from 1 |from one |up |]to {n}", "[Can|Could] you count to {n}?", "Count up to {n}", "[List|Write|Say|Give me] the numbers from 1 to {n}", "[Say|Write] the numbers up to {n}", "Please count from 1 to {n}", "Numbers 1 to {n}"]
_RANGE = ["Count from {a} to {b}", "[List|Write|Say|Give me] the numbers from {a} to {b}", "Numbers from {a} to {b}", "Count up from {a} to {b}", "What numbers are from {a} to {b}?"]
_DOWN = ["Count [down |backwards ]from {n}[ to 1|]", "Count backwards from {n}", "[Make|Do|Give me] a countdown from {n}", "Countdown from {n}", "Count down {n} to 1"]
_HOWMANY_CHAR = ["How many {c}'s are in [the word |][\"{x}\"|{x}]?", "How [many times|often] does [the letter |]{c} [appear|occur] in [the word |][\"{x}\"|{x}]?", "Count the letter {c} in [\"{x}\"|{x}]", "How many times is [the letter |]{c} in [the word |]{x}?"]
_FIRST = ["What is the {p} letter of [the word |][\"{x}\"|{x}]?", "[Which|What] letter [is|comes] {p} in [the word |][\"{x}\"|{x}]?", "Tell me the {p} letter of [\"{x}\"|{x}]", "{p} letter of {x}?"]
_REVERSE = ["[Spell|Write|Say] [the word |][\"{x}\"|{x}] backwards", "Reverse [the word |][\"{x}\"|{x}]", "What is [\"{x}\"|{x}] [backwards|reversed|spelled backwards]?"]
_CASE = ["[Write|Put|Say|Repeat] [\"{x}\"|this] in [capitals|capital letters|upper case|uppercase|all caps]", "[Make|Turn|Convert] [\"{x}\"|this] [to|into] [upper case|uppercase|capitals]", "Uppercase", "[Capitalize|Shout] [\"{x}\"|this]"]
_LOW = ["[Write|Put|Say|Repeat] [\"{x}\"|this] in [lower case|lowercase|small letters]", "[Make|Turn|Convert] [\"{x}\"|this] [to|into] [lower case|lowercase]", "Lowercase"]
_TIMES = ["[Say|Write|Repeat] [the word |][\"{x}\"|{x}] {t} times", "[Can|Could] you [say|write|repeat] [\"{x}\"|{x}] {t} times?", "{t} times the word {x}, please"]


def _sentence(kinds: Kinds) -> str:
    s = kinds.sentence() if kinds.rng.random() < 0.6 else " ".join(kinds.word() for _ in range(kinds.rng.randint(1, 5)))
    return s[0].upper() + s[1:] if kinds.rng.random() < 0.4 else s


def _one(skill: str, text: str, answer: str, kinds: Kinds, **expect: object) -> Conversation:
    return Conversation(skill, maybe_system(kinds.rng, 0.3) + [user(text), assistant(answer)], [], dict(expect) or {"equals": answer.rstrip(".")})


def repeat(kinds: Kinds) -> Conversation:
    """Repeats words, sentences, codes; sometimes several times or in another case."""
    rng, r = kinds.rng, kinds.rng.random()
    if r < 0.68:
        x = _sentence(kinds) if rng.random() < 0.8 else rng.choice([kinds.code, kinds.full, kinds.city, kinds.email])()
        return _one("repeat", say(rng.choice(_REPEAT), rng, {"x": x}, False), x, kinds)
    if r < 0.78:
        x, n = kinds.word(), rng.randint(2, 5)
        t = rng.choice([str(n), number_word(n)])
        return _one("repeat", say(rng.choice(_TIMES), rng, {"x": x, "t": t}, False), " ".join([x] * n), kinds)
    x = _sentence(kinds) if rng.random() < 0.5 else kinds.word()
    upper = r < 0.93
    frame = spin(rng.choice(_CASE if upper else _LOW), rng)
    text = say(frame, rng, {"x": x if upper else x.upper()}, False) + ("" if "{x}" in frame else ": " + (x if upper else x.upper()))
    return _one("repeat", text, x.upper() if upper else x.lower(), kinds)


def _spellable(kinds: Kinds) -> str:
    rng = kinds.rng
    x = kinds.pick(rng.choice([W.NOUN, W.NOUN, W.VERB, W.ADJ, W.FIRST, W.HOBBY, W.LISTS["fruit"], W.CITY])) if rng.random() < 0.7 else kinds.pseudo(1, 3)
    return x.replace(" ", "").replace("-", "")


def spell(kinds: Kinds) -> Conversation:
    """Letter by letter, with hyphens, in capitals."""
    x = _spellable(kinds)
    if kinds.rng.random() < 0.12:
        back = x[::-1].lower()
        return _one("spelling", say(kinds.rng.choice(_REVERSE), kinds.rng, {"x": x}), back, kinds)
    if kinds.rng.random() < 0.15:
        p, i = kinds.rng.choice([("first", 0), ("last", -1), ("second", 1), ("third", 2)])
        if len(x) > 2:
            return _one("spelling", say(kinds.rng.choice(_FIRST), kinds.rng, {"x": x, "p": p}), x[i].upper(), kinds, equals=x[i].upper(), ignore_case=True)
    return _one("spelling", say(kinds.rng.choice(_SPELL), kinds.rng, {"x": x}), "-".join(x.upper()), kinds, equals="-".join(x.upper()))


def _listing(items: list[str], rng: random.Random) -> str:
    r = rng.random()
    if r < 0.3:
        return ", ".join(items)
    return ", ".join(items[:-1]) + rng.choice([" and ", ", and "]) + items[-1]


def count(kinds: Kinds) -> Conversation:
    """Letters, words, items, names, and counting itself."""
    rng, r = kinds.rng, kinds.rng.random()
    if r < 0.22:
        x = _spellable(kinds)
        return _one("counting", say(rng.choice(_LETTERS), rng, {"x": x}), str(len(x)), kinds)
    if r < 0.3:
        x = _spellable(kinds).lower()
        c = rng.choice(x) if rng.random() < 0.85 else rng.choice("aeiorst")
        return _one("counting", say(rng.choice(_HOWMANY_CHAR), rng, {"x": x, "c": c}), str(x.count(c)), kinds)
    if r < 0.36:
        x = _sentence(kinds)
        return _one("counting", say(rng.choice(_WORDS), rng, {"x": x}), str(len(x.split())), kinds)
    if r < 0.7:
        names = rng.random() < 0.25
        bank = rng.choice([W.NOUN, W.GROCERY, W.LISTS["fruit"], W.LISTS["animal"], W.CITY, W.ADJ, W.LISTS["colour"]])
        make = kinds.first if names else (lambda: kinds.pick(bank) if rng.random() < 0.9 else kinds.pseudo(1, 2))
        items = list(dict.fromkeys(make() for _ in range(rng.randint(2, 10))))
        if len(items) < 2:
            return count(kinds)
        articles = not names and bank is W.NOUN and rng.random() < 0.3
        items = [("an " if i[0] in "aeiou" else "a ") + i for i in items] if articles else items
        return _one("counting", say(rng.choice(_NAMES if names else _ITEMS), rng, {"x": _listing(items, rng)}), str(len(items)), kinds)
    if r < 0.84:
        n = rng.randint(2, 20)
        return _one("counting", say(rng.choice(_UP), rng, {"n": rng.choice([str(n), str(n), number_word(n)])}), ", ".join(map(str, range(1, n + 1))), kinds)
    if r < 0.92:
        a = rng.randint(0, 40)
        b = a + rng.randint(2, 12)
        return _one("counting", say(rng.choice(_RANGE), rng, {"a": a, "b": b}), ", ".join(map(str, range(a, b + 1))), kinds)
    n = rng.randint(3, 15)
    return _one("counting", say(rng.choice(_DOWN), rng, {"n": n}), ", ".join(map(str, range(n, 0, -1))), kinds)


def drill(kinds: Kinds) -> Conversation:
    """A long row of unrelated words to repeat: the densest lesson in copying, most of it early in training."""
    rng = kinds.rng
    make = [kinds.word, kinds.first, kinds.city, kinds.code, lambda: str(rng.randint(0, 9999)), lambda: kinds.pseudo(1, 3), lambda: kinds.pick(W.VERB), kinds.last]
    x = rng.choice([" ", " ", ", ", " - ", "; "]).join(rng.choice(make)() for _ in range(rng.randint(6, 30)))
    return _one("repeat", say(rng.choice(_REPEAT), rng, {"x": x}, False), x, kinds)

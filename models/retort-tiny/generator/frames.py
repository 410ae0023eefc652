"""Frames: sentences with choices and slots, and the light noise real people type with.

A frame is text like "[What is|Tell me] the weather in {city}[ today|]?": brackets hold choices (they
nest), braces hold slots. Noise is applied to the frame before the slots are filled, so a value is
never misspelt and can always be copied exactly.
"""

from __future__ import annotations

import random
import re

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"(\{\w+\})")
_CONTRACT = [("what is ", "what's "), ("What is ", "What's "), ("I am ", "I'm "), ("do not ", "don't "),
             ("I would ", "I'd "), ("who is ", "who's "), ("Who is ", "Who's "), ("where is ", "where's "),
             ("Where is ", "Where's "), ("cannot ", "can't "), ("it is ", "it's "), ("I have ", "I've ")]
_OPENERS = ["Hi, ", "Hi! ", "Hello, ", "Hey, ", "Hey there, ", "Please ", "OK, ", "Okay, ", "So ", "Now ", "Quick question: ",
            "One question: ", "Well, ", "Alright, ", "Hi there. ", "Good morning, ", "Hello! ", "Next: ", "Also, ", "And "]
_CLOSERS = [" please", ", please", " Thanks!", " Thank you.", " thanks", ", thanks", " Please.", " Cheers!", " now", " Thanks in advance."]


def _symbols(frame: str, rng: random.Random) -> str:
    """Writes some amounts with a currency sign and some temperatures with a degree sign."""
    if rng.random() < 0.35:
        frame = re.sub(r"(\{\w+\}) dollars", r"$\1", frame)
        frame = re.sub(r"(\{\w+\}) euros", rng.choice([r"€\1", r"\1 €", r"\1€"]), frame)
        frame = re.sub(r"(\{\w+\}) degrees(?! \{)", rng.choice([r"\1°C", r"\1 °C", r"\1°"]), frame)
    return frame


def spin(frame: str, rng: random.Random) -> str:
    """Picks one alternative of every [a|b|c], innermost first."""
    while True:
        m = _CHOICE.search(frame)
        if m is None:
            return _symbols(frame, rng)
        frame = frame[: m.start()] + rng.choice(m.group(1).split("|")) + frame[m.end():]


def slots_of(frame: str) -> list[str]:
    """Names of the slots in order of appearance."""
    return [s[1:-1] for s in _SLOT.findall(frame)]


def fill(frame: str, values: dict[str, object]) -> str:
    """Puts values into slots; a brace word that is no slot stays as it is."""
    return _SLOT.sub(lambda m: str(values.get(m.group(1)[1:-1], m.group(1))), frame)


def _typo(word: str, rng: random.Random) -> str:
    """One slip of the finger in a longer word: a swap, a lost or a doubled letter."""
    if len(word) < 5 or not word.isalpha():
        return word
    i = rng.randrange(1, len(word) - 2)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:i] + word[i + 1] + word[i] + word[i + 2:]
    return word[:i] + word[i + 1:] if kind == 1 else word[:i] + word[i] + word[i:]


def _noise_part(part: str, rng: random.Random, lower: bool, typo: bool) -> str:
    if lower:
        part = part.lower()
    if typo:
        words = part.split(" ")
        i = rng.randrange(len(words))
        words[i] = _typo(words[i], rng)
        part = " ".join(words)
    return part


def noise(frame: str, rng: random.Random, decorate: bool = True) -> str:
    """Openers, closers, contractions, casing, lost punctuation and rare typos, slots untouched."""
    for a, b in _CONTRACT:
        if a in frame and rng.random() < 0.45:
            frame = frame.replace(a, b)
    if decorate and rng.random() < 0.14:
        opener = rng.choice(_OPENERS)
        keep = frame.startswith(("I ", "I'")) or frame[:1] == "{" or opener[-2] in "!."
        frame = opener + (frame if keep else frame[:1].lower() + frame[1:])
    if frame[-1:] in ".?" and rng.random() < 0.15:
        frame = frame[:-1]
    if decorate and rng.random() < 0.08:
        closer = rng.choice(_CLOSERS)
        if closer[1].isupper() == (frame[-1:] in ".?!"):
            frame += closer
    lower, typo = rng.random() < 0.13, rng.random() < 0.04
    if rng.random() < 0.03:
        frame = frame.replace("'", "")
    parts = _SLOT.split(frame)
    return "".join(p if i % 2 else _noise_part(p, rng, lower, typo) for i, p in enumerate(parts))


def say(frame: str, rng: random.Random, values: dict[str, object] | None = None, decorate: bool = True) -> str:
    """A finished sentence from a frame: choices, noise, then values."""
    return fill(noise(spin(frame, rng), rng, decorate), values or {})

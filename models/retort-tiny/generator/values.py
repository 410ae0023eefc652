"""Values: one generator a kind (city, time, price, made-up word ...), with a held-out part.

Roughly one value in eight (by a hash of its text) is never used in training; the evaluation on
generated conversations uses only those, so a right answer there means copying or computing, not recall.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Sequence

from .banks import words as W

ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen").split()
TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ONSET = "b bl br c ch cl cr d dr f fl fr g gl gr h j k kl l m n p pl pr qu r s sh sk sl sn sp st t th tr v w y z".split()
_VOWEL = "a a e e i o o u ai ea ee oa oo ou ia io".split()
_CODA = " n r l s t x k m nd rt st sk ng lt ck p d th".split(" ")


def number_word(n: int) -> str:
    """English word of 0..99."""
    if n < 20:
        return ONES[n]
    return TENS[n // 10] + ("-" + ONES[n % 10] if n % 10 else "")


def is_held(text: str) -> bool:
    """True for the values kept for evaluation; a hash, so it needs no list."""
    return zlib.crc32(text.lower().encode()) % 8 == 0


class Values:
    """Draws values of a kind; `held` chooses the evaluation part."""

    def __init__(self, rng: random.Random, held: bool) -> None:
        self.rng = rng
        self.held = held

    def pick(self, bank: Sequence[str]) -> str:
        """One entry of the bank from the right part; banks too small to split are used whole."""
        part = [w for w in bank if is_held(w) == self.held] if len(bank) > 18 else list(bank)
        return self.rng.choice(part or list(bank))

    def fresh(self, make: Callable[[], str]) -> str:
        """Makes values until one falls in the right part."""
        for _ in range(200):
            text = make()
            if is_held(text) == self.held:
                return text
        return make()

    def pseudo(self, low: int = 1, high: int = 3) -> str:
        """A pronounceable word that no dictionary has."""
        r = self.rng
        syllable = lambda: r.choice(_ONSET) + r.choice(_VOWEL) + (r.choice(_CODA) if r.random() < 0.5 else "")
        return self.fresh(lambda: "".join(syllable() for _ in range(r.randint(low, high))))

    def integer(self, low: int, high: int) -> int:
        return self.rng.randint(low, high)

    def first(self) -> str:
        return self.pseudo(1, 3).capitalize() if self.rng.random() < 0.2 else self.pick(W.FIRST)

    def last(self) -> str:
        return self.pseudo(2, 3).capitalize() if self.rng.random() < 0.25 else self.pick(W.LAST)

    def full(self) -> str:
        return self.first() + " " + self.last()

    def person(self) -> str:
        return self.full() if self.rng.random() < 0.25 else self.first()

    def city(self) -> str:
        return self.pseudo(2, 3).capitalize() if self.rng.random() < 0.2 else self.pick(W.CITY)

    def noun(self) -> str:
        return self.pseudo(1, 2) if self.rng.random() < 0.12 else self.pick(W.NOUN)

    def thing(self) -> str:
        """A noun, maybe with an adjective."""
        return (self.pick(W.ADJ) + " " if self.rng.random() < 0.4 else "") + self.noun()

    def word(self) -> str:
        r = self.rng.random()
        return self.pick(W.NOUN if r < 0.4 else W.VERB if r < 0.5 else W.ADJ if r < 0.65 else W.GROCERY if r < 0.7 else W.NOUN) \
            if r < 0.75 else self.pseudo()

    def title(self) -> str:
        r = self.rng
        return self.fresh(lambda: r.choice(["", "", "The "]) + r.choice(W.TITLE_A) + " " + r.choice(W.TITLE_B))

    def company(self) -> str:
        r = self.rng
        name = self.pseudo(2, 3).capitalize() if r.random() < 0.5 else self.pick(W.LAST)
        return name + (" " + r.choice(W.COMPANY_SUFFIX) if r.random() < 0.5 else "")

    def clock(self) -> str:
        r = self.rng
        style = r.randrange(4)
        if style == 0:
            return f"{r.randint(0, 23):02d}:{r.choice([0, 15, 30, 45, r.randint(0, 59)]):02d}"
        if style == 1:
            return f"{r.randint(6, 23)}:{r.choice([0, 15, 30, 45]):02d}"
        if style == 2:
            return f"{r.randint(1, 12)}{r.choice([' ', ''])}{r.choice(['am', 'pm'])}"
        return f"{r.randint(1, 12)}:{r.choice([0, 15, 30, 45]):02d} {r.choice(['am', 'pm', 'AM', 'PM'])}"

    def isodate(self) -> str:
        r = self.rng
        return self.fresh(lambda: f"{r.randint(2019, 2031)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}")

    def day(self) -> str:
        return self.rng.choice(W.DAYS)

    def date(self) -> str:
        """A day as people write it: Friday, tomorrow, 12 May, 2026-03-04."""
        r = self.rng
        style = r.randrange(6)
        if style == 0:
            return self.isodate()
        if style == 1:
            return r.choice(["today", "tomorrow", "tonight", "next week", "this weekend", "next Monday", "next Friday"])
        if style == 2:
            return f"{r.choice(W.MONTHS)} {r.randint(1, 28)}"
        if style == 3:
            return f"{r.randint(1, 28)} {r.choice(W.MONTHS)}"
        return self.day()

    def code(self) -> str:
        """An order number, a flight, a ticket: letters and digits to copy exactly."""
        r = self.rng
        letters = lambda n: "".join(r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(n))
        digits = lambda n: "".join(r.choice("0123456789") for _ in range(n))
        forms = [lambda: letters(2) + digits(3), lambda: digits(5), lambda: letters(1) + "-" + digits(4), lambda: letters(3) + "-" + digits(3),
                 lambda: digits(3) + letters(1), lambda: letters(2) + digits(4), lambda: digits(r.randint(4, 8)), lambda: letters(3) + digits(2)]
        return self.fresh(r.choice(forms))

    def email(self) -> str:
        r = self.rng
        user = self.first().lower() + (r.choice([".", "_", ""]) + self.last().lower() if r.random() < 0.5 else "")
        host = self.pseudo(1, 2) if r.random() < 0.6 else r.choice(["example", "mail", "work", "post"])
        return f"{user}@{host}.{r.choice(['com', 'org', 'net', 'io', 'co'])}"

    def phone(self) -> str:
        r = self.rng
        return self.fresh(lambda: r.choice(["555-", "020 ", "+44 ", "0171-"]) + "".join(r.choice("0123456789") for _ in range(r.choice([4, 6, 7]))))

    def address(self) -> str:
        r = self.rng
        return self.fresh(lambda: f"{r.randint(1, 199)} {r.choice(W.TITLE_B + W.LAST)} {r.choice(['Street', 'Road', 'Lane', 'Avenue'])}")

    def price(self) -> float | int:
        r = self.rng
        return r.choice([r.randint(1, 99), r.randint(100, 2500), round(r.uniform(1, 99), 2), round(r.uniform(1, 60), 1)])

    def duration(self) -> str:
        r = self.rng
        n = r.choice([5, 10, 15, 20, 30, 45, 2, 3, r.randint(2, 90)])
        return f"{n} {r.choice(['minutes', 'hours', 'days', 'seconds', 'weeks'])}"

    def sentence(self) -> str:
        """A short made-up sentence, for repeating, translating and sending."""
        r = self.rng
        forms = [lambda: f"the {self.thing()} is {self.pick(W.ADJ)}", lambda: f"{self.first()} has a {self.thing()}",
                 lambda: f"my {self.noun()} is in the {self.noun()}", lambda: f"{self.first()} likes to {self.pick(W.VERB)}",
                 lambda: f"I will {self.pick(W.VERB)} in {self.city()}", lambda: f"we {self.pick(W.VERB)} on {self.day()}",
                 lambda: self.pick(W.PHRASE), lambda: self.pick(W.MESSAGE), lambda: f"the {self.noun()} and the {self.noun()}"]
        return r.choice(forms)()

    def phrase(self) -> str:
        return self.pick(W.PHRASE) if self.rng.random() < 0.4 else self.sentence()

    def message(self) -> str:
        return self.pick(W.MESSAGE) if self.rng.random() < 0.5 else self.sentence()

    def query(self) -> str:
        r = self.rng.random()
        return self.pick(W.TOPIC) if r < 0.45 else self.pick(W.PRODUCT) if r < 0.65 else self.thing() if r < 0.8 else self.pseudo() + " " + self.noun()

    def task(self) -> str:
        r = self.rng
        return self.pick(W.TASK) if r.random() < 0.6 else f"{self.pick(W.VERB)} the {self.noun()}"

    def event(self) -> str:
        r = self.rng.random()
        return self.pick(W.EVENT) if r < 0.55 else f"{self.noun()} {self.rng.choice(['meeting', 'call', 'review', 'party', 'lesson', 'class', 'workshop'])}" \
            if r < 0.8 else f"{self.rng.choice(['lunch', 'meeting', 'dinner', 'call', 'coffee'])} with {self.first()}"

    def of(self, kind: str) -> tuple[str, object]:
        """(text for the request, value for the answer) of a named kind, e.g. "int:1:50"."""
        name, *args = kind.split(":")
        if name == "int":
            n = self.integer(int(args[0]), int(args[1]))
            return (number_word(n) if n < 21 and self.rng.random() < 0.13 else str(n)), n
        if name == "num":
            n = self.rng.choice([self.integer(int(args[0]), int(args[1])), round(self.rng.uniform(int(args[0]), int(args[1])), 1)])
            n = int(n) if n == int(n) else n
            return str(n), n
        if name == "price":
            p = self.price()
            p = int(p) if p == int(p) else p
            return str(p), p
        bank = BANKS.get(name)
        text = self.pick(bank) if bank is not None else getattr(self, name)()
        if bank is not None and name in OPEN and self.rng.random() < 0.12:
            text = self.pseudo(1, 3)
        return text, text


BANKS: dict[str, Sequence[str]] = {
    "country": W.COUNTRY, "food": W.FOOD, "grocery": W.GROCERY, "product": W.PRODUCT, "topic": W.TOPIC, "artist": W.ARTIST,
    "language": W.LANGUAGE, "room": W.ROOM, "device": W.DEVICE, "ticker": W.TICKER, "currency": W.CURRENCY, "job": W.JOB, "hobby": W.HOBBY,
    "pet": W.PET, "petname": W.PETNAME, "genre": W.GENRE, "cuisine": W.CUISINE, "material": W.MATERIAL, "weather": W.WEATHER, "month": W.MONTHS,
    "colour": W.LISTS["colour"], "adj": W.ADJ, "sport": W.LISTS["sport"], "instrument": W.LISTS["instrument"], "animal": W.LISTS["animal"]}
OPEN = {"food", "product", "device", "hobby", "room"}

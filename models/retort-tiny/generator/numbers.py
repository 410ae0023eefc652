"""Arithmetic to 20 + 20, comparing, and the calendar."""

from __future__ import annotations

import random

from .banks import words as W
from .conversation import Conversation, assistant, maybe_system, user
from .frames import fill, noise, say, spin
from .kinds import Kinds
from .values import number_word

_PLUS = ["What is {a} [+|plus|and] {b}?", "[Calculate|Compute|Work out|Add|Solve] {a} + {b}", "{a} + {b}", "{a}+{b}", "{a} + {b} =", "{a} + {b} = ?", "{a} plus {b}", "How much is {a} [+|plus|and] {b}?", "[Add|Please add] {a} and {b}", "What is the sum of {a} and {b}?", "What do you get when you add {a} and {b}?", "What does {a} + {b} [make|equal|give]?", "Add {b} to {a}", "Sum of {a} and {b}?", "[Tell me|Give me] {a} + {b}", "If I add {a} and {b}, what do I get?", "What's {a}+{b}?", "{a} and {b} together"]
_MINUS = ["What is {a} [-|minus] {b}?", "[Calculate|Compute|Work out|Solve] {a} - {b}", "{a} - {b}", "{a}-{b}", "{a} - {b} =", "{a} - {b} = ?", "{a} minus {b}", "How much is {a} [-|minus|less|take away] {b}?", "Subtract {b} from {a}", "[Take|Take away] {b} from {a}", "What is the difference between {a} and {b}?", "What does {a} - {b} [make|equal|give]?", "[Tell me|Give me] {a} - {b}", "What's {a}-{b}?", "If I take {b} from {a}, what is left?"]
_ADD_STORY = ["{n} has {a} {t} and [gets|buys|finds|receives|is given] {b} more. How many {t} does {n} have[ now| in total|]?", "I have {a} {t}. {n} gives me {b} more. How many [{t} |]do I have[ now|]?", "There are {a} {t} [on the table|in the box|in the bag] and {b} [on the floor|in the basket|on the shelf]. How many {t} are there[ altogether| in total|]?", "I bought {a} {t} and {b} {t2}. How many things did I buy?", "{n} has {a} {t} and {m} has {b}. How many {t} do they have together?", "{n} read {a} pages on Monday and {b} on Tuesday. How many pages is that?",
              "A box has {a} {t}. I put in {b} more. How many are in the box?", "{a} people are on a bus and {b} get on. How many people are on the bus?", "If you have {a} {t} and I give you {b}, how many [{t} |]do you have?", "{n} is {a} years old. How old will {n} be in {b} years?", "I had {a} {t} and then got {b} more. How many now?", "{a} {t} plus {b} {t} is how many?"]
_SUB_STORY = ["{n} has {a} {t} and [eats|loses|sells|gives away|uses|breaks] {b}. How many [{t} |]are left?", "I have {a} {t}. I give {b} to {n}. How many [{t} |]do I have [left|now]?", "There are {a} {t} in the box. {n} takes {b}. How many [{t} |][remain|are left]?", "{a} people are on a bus and {b} get off. How many [people |]are [left|still on the bus]?", "I had {a} {t} but lost {b}. How many [{t} |]do I have now?", "From {a} {t}, {b} are [broken|sold|gone]. How many are left?", "{n} is {a} years old. How old was {n} {b} years ago?", "I have {a} dollars and spend {b}. How [many|much] do I have left?",
              "A book has {a} pages. I read {b}. How many pages are left?", "{n} had {a} {t} and gave {b} to {m}. How many does {n} have now?", "{n} has {a} {t}, {m} has {b}. How many more does {n} have?"]


def _one(skill: str, text: str, answer: str, kinds: Kinds, **expect: object) -> Conversation:
    return Conversation(skill, maybe_system(kinds.rng, 0.3) + [user(text), assistant(answer)], [], dict(expect) or {"equals": answer.rstrip(".")})


def _held(a: int, b: int, op: int, kinds: Kinds) -> bool:
    """The pairs kept for evaluation: about one in eight."""
    return ((a * 31 + b * 17 + op * 7) % 8 == 0) == kinds.held


def arithmetic(kinds: Kinds) -> Conversation:
    """Sums and differences of 0..20, bare or in a little story."""
    rng = kinds.rng
    while True:
        plus = rng.random() < 0.55
        a, b = rng.randint(0, 20), rng.randint(0, 20)
        if _held(a, b, plus, kinds) and (plus or a >= b):
            break
    story = rng.random() < 0.42
    slots = {"n": kinds.first(), "m": kinds.first(), "t": kinds.plural(), "t2": kinds.plural()}
    write = (lambda n: str(n)) if rng.random() < 0.85 else number_word
    frames = (_ADD_STORY if plus else _SUB_STORY) if story else (_PLUS if plus else _MINUS)
    text = say(rng.choice(frames), rng, slots | {"a": write(a), "b": write(b)})
    return _one("arithmetic", text, str(a + b if plus else a - b), kinds)


_BIGGER = ["Which [number |][is|one is] [bigger|larger|greater|higher|more][: |, ]{a} or {b}?", "[What|Which] is [bigger|larger|greater|more], {a} or {b}?", "Is {a} or {b} [bigger|larger|greater]?", "[Tell me|Give me|Name] the [larger|bigger|greater] number: {a} or {b}", "{a} or {b}, which is [more|bigger|larger]?", "Compare {a} and {b}. Which is [larger|bigger|greater]?", "Which of {a} and {b} is [larger|greater|bigger]?", "[Bigger|Larger] number: {a} or {b}?", "What is the [maximum|larger] of {a} and {b}?"]
_SMALLER = ["Which [number |][is|one is] [smaller|lower|less][: |, ]{a} or {b}?", "[What|Which] is [smaller|less|lower], {a} or {b}?", "Is {a} or {b} [smaller|lower]?", "[Tell me|Give me|Name] the smaller number: {a} or {b}", "{a} or {b}, which is [less|smaller]?", "Compare {a} and {b}. Which is [smaller|lower]?", "Which of {a} and {b} is smaller?", "What is the [minimum|smaller] of {a} and {b}?"]
_MANY = [("hi", "[What|Which] is the [largest|biggest|highest|greatest] [number|of these]: {x}?"), ("lo", "[What|Which] is the [smallest|lowest] [number|of these]: {x}?"), ("hi", "Find the [largest|biggest|maximum] [number |]in {x}"), ("lo", "Find the [smallest|minimum|lowest] [number |]in {x}"), ("hi", "{x}: which is the [largest|biggest]?"), ("lo", "{x}: which is the smallest?")]
_UNITS = [("kg", "[heavier|more]", "lighter"), ("cm", "[longer|bigger]", "[shorter|smaller]"), ("km", "[longer|further]", "[shorter|nearer]"), ("euros", "[more|more expensive]", "[less|cheaper]"), ("meters", "[longer|taller]", "shorter"), ("dollars", "more", "[less|cheaper]"), ("minutes", "longer", "shorter"), ("hours", "longer", "shorter"), ("liters", "more", "less"), ("grams", "heavier", "lighter"), ("degrees", "[warmer|hotter]", "[colder|cooler]"), ("years", "[older|longer]", "[younger|shorter]")]
_ADJ = [("taller", "shorter", "is {v} cm tall", "tallest", "shortest"), ("older", "younger", "is {v} years old", "oldest", "youngest"), ("heavier", "lighter", "weighs {v} kg", "heaviest", "lightest"), ("richer", "poorer", "has {v} dollars", "richest", "poorest"), ("faster", "slower", "runs {v} km an hour", "fastest", "slowest"), ("longer", "shorter", "is {v} meters long", "longest", "shortest")]
SIZES = ["an ant", "a fly", "a bee", "a mouse", "a frog", "a bird", "a rabbit", "a cat", "a dog", "a sheep", "a lion", "a cow", "a horse", "a car", "a bus", "an elephant", "a house", "a church", "a whale", "a mountain"]


def compare(kinds: Kinds) -> Conversation:
    """Numbers, measures, words by length, people by attribute, yes-no comparisons, sizes."""
    rng, r = kinds.rng, kinds.rng.random()
    top = rng.choice([20, 100, 100, 1000, 10000])
    a, b = rng.sample(range(0, top + 1), 2)
    big = rng.random() < 0.5
    best = max(a, b) if big else min(a, b)
    if r < 0.26:
        if rng.random() < 0.12:
            x, y = a / 10, b / 10
            return _one("comparing", say(rng.choice(_BIGGER if big else _SMALLER), rng, {"a": x, "b": y}), str(max(x, y) if big else min(x, y)), kinds)
        return _one("comparing", say(rng.choice(_BIGGER if big else _SMALLER), rng, {"a": a, "b": b}), str(best), kinds)
    if r < 0.34:
        numbers = rng.sample(range(0, top + 1), rng.randint(3, 6))
        which, frame = rng.choice(_MANY)
        return _one("comparing", say(frame, rng, {"x": ", ".join(map(str, numbers))}), str(max(numbers) if which == "hi" else min(numbers)), kinds)
    if r < 0.46:
        unit, more, less = rng.choice(_UNITS)
        frame = rng.choice(["[What|Which] is {w}, {a} {u} or {b} {u}?", "[What|Which] is {w}: {a} {u} or {b} {u}?", "Is {a} {u} or {b} {u} {w}?", "{a} {u} or {b} {u}, [what|which] is {w}?"]).replace("{w}", more if big else less)
        return _one("comparing", say(frame, rng, {"a": a, "b": b, "u": unit}), f"{best} {unit}", kinds, contains_any=[str(best)])
    if r < 0.58:
        x, y = kinds.word().split()[-1], kinds.word().split()[-1]
        while len(x) == len(y):
            y = kinds.word().split()[-1]
        frame = rng.choice(["Which word is {w}, [\"{x}\"|{x}] or [\"{y}\"|{y}]?", "[What|Which] is the {w} word: {x} or {y}?", "Is {x} or {y} the {w} word?", "Which [word |]has [{m}] letters, {x} or {y}?", "Which is {w}: the word {x} or the word {y}?"])
        frame = frame.replace("{w}", "longer" if big else "shorter").replace("[{m}]", "more" if big else "fewer")
        return _one("comparing", say(frame, rng, {"x": x, "y": y}), (x if (len(x) > len(y)) == big else y), kinds)
    if r < 0.74:
        hi, lo, verb, hiest, loest = rng.choice(_ADJ)
        names = list(dict.fromkeys(kinds.first() for _ in range(rng.choice([2, 2, 2, 3, 4]))))
        if len(names) < 2:
            return compare(kinds)
        values = rng.sample(range(1, 200), len(names))
        facts = rng.choice([" and ", ", ", ". "]).join(f"{n} {verb.replace('{v}', str(v))}" for n, v in zip(names, values)) + "."
        superlative = len(names) > 2 or rng.random() < 0.2
        ask = f"Who is [the |]{hiest if big else loest}?" if superlative else rng.choice([f"Who is {hi if big else lo}?", f"Who is {hi if big else lo}, {names[0]} or {names[1]}?"])
        answer = names[values.index(max(values) if big else min(values))]
        return _one("comparing", facts + " " + say(ask, rng, {}, False), answer, kinds)
    if r < 0.86:
        word, truth = rng.choice([("[bigger|larger|greater|more] than", a > b), ("[smaller|less] than", a < b), ("equal to", False)])
        return _one("comparing", say(f"Is {{a}} {word} {{b}}?", rng, {"a": a, "b": b}), "Yes." if truth else "No.", kinds)
    i, j = rng.sample(range(len(SIZES)), 2)
    if r < 0.95:
        frame = rng.choice(["[What|Which] is {w}, {x} or {y}?", "Is {x} or {y} {w}?", "{x} or {y}, which is {w}?", "Which [one |]is {w}: {x} or {y}?"]).replace("{w}", "[bigger|larger|heavier]" if big else "[smaller|lighter]")
        best_size = SIZES[max(i, j) if big else min(i, j)]
        return _one("comparing", say(frame, rng, {"x": SIZES[i], "y": SIZES[j]}), best_size[0].upper() + best_size[1:] + ".", kinds, contains_any=[best_size.split()[1]])
    word, truth = ("[bigger|larger] than", i > j) if big else ("smaller than", i < j)
    return _one("comparing", say(f"Is {{x}} {word} {{y}}?", rng, {"x": SIZES[i], "y": SIZES[j]}), "Yes." if truth else "No.", kinds)


def _steps(bank: list[str], what: str, kinds: Kinds) -> tuple[str, str]:
    """Next, previous and n steps on, in a cycle of days or months."""
    rng = kinds.rng
    i, r = rng.randrange(len(bank)), rng.random()
    if r < 0.36:
        return say(rng.choice([f"[What|Which] {what} [comes|is] [right |][after|next after] {{x}}?", f"What [comes|is] after {{x}}?", f"[Name|Tell me] the {what} after {{x}}", f"What is the next {what} after {{x}}?", f"The {what} after {{x}}?", f"Which {what} follows {{x}}?", f"What {what} follows {{x}}?", f"After {{x}} comes [which {what}|what]?"]), rng, {"x": bank[i]}), bank[(i + 1) % len(bank)]
    if r < 0.66:
        return say(rng.choice([f"[What|Which] {what} [comes|is] [right |just |]before {{x}}?", f"What [comes|is] before {{x}}?", f"[Name|Tell me] the {what} before {{x}}", f"Which {what} [precedes|comes before] {{x}}?", f"What is the previous {what} before {{x}}?", f"The {what} before {{x}}?"]), rng, {"x": bank[i]}), bank[i - 1]
    if what == "day" and r < 0.88:
        word, step = rng.choice([("tomorrow", 1), ("yesterday", -1), ("the day after tomorrow", 2), ("the day before yesterday", -2)])
        tense = "was" if step < 0 else "is"
        return say(rng.choice([f"[Today is|If today is|It is|It's] {{x}}[.|,] [what|which] day {tense} {word}?", f"If today is {{x}}, what {tense} {word}?", f"Today is {{x}}. What {tense} {word}?"]), rng, {"x": bank[i]}), bank[(i + step) % len(bank)]
    n = rng.randint(2, 6 if what == "day" else 5)
    if rng.random() < 0.7:
        return say(rng.choice([f"[What|Which] {what} is {{n}} {what}s after {{x}}?", f"{{n}} {what}s after {{x}} is [which {what}|what]?", f"[Today|It] is {{x}}. What {what} is it in {{n}} {what}s?" if what == "day" else f"It is {{x}}. What {what} is it in {{n}} {what}s?"]), rng, {"x": bank[i], "n": rng.choice([n, number_word(n)])}), bank[(i + n) % len(bank)]
    return say(f"[What|Which] {what} [is|was] {{n}} {what}s before {{x}}?", rng, {"x": bank[i], "n": rng.choice([n, number_word(n)])}), bank[(i - n) % len(bank)]


_LENGTHS = dict(zip(W.MONTHS, [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]))
_ORD = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_FIXED = [(["How many days [are there in|are in|does] a week[ have|]?", "How many days does a week have?", "A week has how many days?"], "7"), (["How many months [are there |are ]in a year?", "How many months does a year have?", "A year has how many months?"], "12"),
          (["How many days [are there |are ]in a year?", "How many days does a year have?"], "365"), (["How many hours [are there |are ]in a day?", "How many hours does a day have?"], "24"), (["How many minutes [are there |are ]in an hour?", "How many minutes does an hour have?"], "60"),
          (["How many seconds [are there |are ]in a minute?"], "60"), (["How many weeks [are there |are ]in a year?"], "52"), (["[List|Name|Tell me|Say] the days of the week", "What are the days of the week?", "Which days does a week have?"], ", ".join(W.DAYS)),
          (["[List|Name|Tell me|Say] the months[ of the year|]", "What are the months of the year?", "[List|Name] all [twelve |12 |]months"], ", ".join(W.MONTHS)), (["What is the first day of the week?", "[Which|What] day does the week start with?"], "Monday"), (["What is the last day of the week?"], "Sunday"),
          (["[Which|What] days are [on |]the weekend?", "What days make up the weekend?", "Name the weekend days"], "Saturday and Sunday"), (["Which month is the shortest?", "What is the shortest month[ of the year|]?"], "February"), (["[Name|List] the seasons", "What are the [four |]seasons?"], "spring, summer, autumn, winter"),
          (["How many seasons are there?"], "4"), (["What is the first month[ of the year|]?", "[Which|What] month does the year start with?"], "January"), (["What is the last month[ of the year|]?", "[Which|What] month ends the year?"], "December")]


def _order(bank: list[str], what: str, kinds: Kinds) -> tuple[str, str]:
    """Which comes first, is it before, which number."""
    rng = kinds.rng
    i, j = rng.sample(range(len(bank)), 2)
    r = rng.random()
    first = rng.random() < 0.6
    if r < 0.5:
        word = "[first|earlier]" if first else "[later|last]"
        return say(rng.choice([f"[Which|What] [comes|is] {word}, {{a}} or {{b}}?", f"Which {what} [comes|is] {word}: {{a}} or {{b}}?", f"Is {{a}} or {{b}} {word}?"]), rng, {"a": bank[i], "b": bank[j]}), bank[min(i, j) if first else max(i, j)]
    if r < 0.75:
        return say(f"[Is {{a}}|Does {{a}} come] {'before' if first else 'after'} {{b}}?", rng, {"a": bank[i], "b": bank[j]}), "Yes." if (i < j) == first else "No."
    return say(rng.choice([f"[What|Which] is the {{o}} {what} of the {'year' if what == 'month' else 'week'}?", f"[Name|Tell me] the {{o}} {what} of the {'year' if what == 'month' else 'week'}"]), rng, {"o": _ORD[i]}), bank[i]


def calendar(kinds: Kinds) -> Conversation:
    """Days and months: next, previous, order, how many."""
    rng, r = kinds.rng, kinds.rng.random()
    if r < 0.16:
        asks, answer = rng.choice(_FIXED)
        return _one("days_months", say(rng.choice(asks), rng), answer, kinds)
    if r < 0.24:
        m = rng.choice(W.MONTHS)
        return _one("days_months", say("How many days [does {m} have|are in {m}|are there in {m}|has {m}]?", rng, {"m": m}), str(_LENGTHS[m]), kinds)
    if r < 0.28:
        i = rng.randrange(12)
        return _one("days_months", say("[What number is the month {m}?|Which number is {m}?|What number month is {m}?]", rng, {"m": W.MONTHS[i]}), str(i + 1), kinds)
    bank, what = (W.DAYS, "day") if rng.random() < 0.55 else (W.MONTHS, "month")
    text, answer = _steps(bank, what, kinds) if rng.random() < 0.7 else _order(bank, what, kinds)
    return _one("days_months", text, answer, kinds)

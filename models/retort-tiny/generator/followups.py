"""Small skills that go on for a second turn, and a little common knowledge.

"And the smaller one?", "Now add 3", "And after that?": the question only means something together
with the turn before it.
"""

from __future__ import annotations

from .banks import words as W
from .conversation import Conversation, assistant, maybe_system, user
from .frames import say
from .kinds import Kinds
from .values import number_word

_COMMON: list[tuple[list[str], str]] = [
    (["What [colour|color] is the sky?", "What is the [colour|color] of the [sky|sea]?"], "blue"), (["What [colour|color] is [grass|a leaf|a frog]?"], "green"), (["What [colour|color] is [snow|milk|a swan]?"], "white"), (["What [colour|color] is a banana?", "What [colour|color] is [a lemon|the sun]?"], "yellow"),
    (["What [colour|color] is [blood|a strawberry|a tomato|a fire engine]?"], "red"), (["What [colour|color] is [coal|the night]?"], "black"), (["What [colour|color] is a carrot?"], "orange"), (["What [colour|color] is an elephant?"], "grey"),
    (["What is the capital of France?", "France's capital?"], "Paris"), (["What is the capital of Italy?"], "Rome"), (["What is the capital of Spain?"], "Madrid"), (["What is the capital of Germany?"], "Berlin"), (["What is the capital of Japan?"], "Tokyo"), (["What is the capital of [England|the UK|Britain]?"], "London"),
    (["What [sound|noise] does a cow make?"], "moo"), (["What [sound|noise] does a cat make?"], "meow"), (["What [sound|noise] does a dog make?"], "woof"), (["What [sound|noise] does a duck make?"], "quack"), (["What [sound|noise] does a sheep make?"], "baa"),
    (["How many legs does a [dog|cat|horse|cow|chair|table] have?"], "4"), (["How many legs does a [bird|human|person|chicken] have?"], "2"), (["How many legs does a spider have?"], "8"), (["How many legs does [an ant|a bee|an insect] have?"], "6"), (["How many [wheels does a car have|sides does a square have]?"], "4"),
    (["How many wheels does a [bicycle|bike] have?"], "2"), (["How many sides does a triangle have?"], "3"), (["How many fingers [are on|has] a hand?", "How many fingers does a hand have?"], "5"), (["What do bees make?"], "honey"), (["What do cows give?"], "milk"), (["Where do fish live?"], "in water"),
    (["What [falls from the sky when it rains|do fish swim in|is ice made of]?"], "water"), (["What do you call a baby [dog]?"], "puppy"), (["What do you call a baby cat?"], "kitten"), (["What is frozen water?", "What is frozen water called?"], "ice"), (["What planet do we live on?"], "Earth"), (["What is H2O?"], "water")]
_TRUE = ["Is the sky blue?", "Is snow cold?", "Is fire hot?", "Can birds fly?", "Can fish swim?", "Is ice cold?", "Is grass green?", "Is an apple a fruit?", "Is a dog an animal?", "Is a carrot a vegetable?", "Is water wet?", "Is Paris in France?", "Is a rose a flower?", "Do cows give milk?", "Is a lion an animal?", "Is red a colour?", "Is Monday a day?", "Is May a month?", "Is gold a metal?", "Does a week have seven days?", "Is the sun hot?", "Do cats meow?", "Is a piano an instrument?", "Is a week longer than a day?", "Do dogs bark?"]
_FALSE = ["Is the sky green?", "Is snow hot?", "Is fire cold?", "Can dogs fly?", "Can a stone swim?", "Is ice hot?", "Is grass red?", "Is a potato an animal?", "Is a dog a fruit?", "Is a carrot an animal?", "Is water dry?", "Is Paris in Japan?", "Is a rose a car?", "Do cows lay eggs?", "Is a lion a bird?", "Is Monday a month?", "Is May a day?", "Is wood a metal?", "Does a week have nine days?", "Is the sun cold?", "Do cats bark?", "Is a piano an animal?", "Is a day longer than a week?", "Can pigs fly?", "Is the moon a fruit?", "Is an hour longer than a day?"]


def common(kinds: Kinds) -> tuple[str, str]:
    """A question of common knowledge and its short answer."""
    rng = kinds.rng
    if rng.random() < 0.4:
        true = rng.random() < 0.5
        return say(rng.choice(_TRUE if true else _FALSE), rng), "Yes." if true else "No."
    asks, answer = rng.choice(_COMMON)
    return say(rng.choice(asks), rng), answer


def _turns(skill: str, pairs: list[tuple[str, str]], kinds: Kinds) -> Conversation:
    messages = maybe_system(kinds.rng, 0.25)
    for question, answer in pairs:
        messages += [user(question), assistant(answer)]
    return Conversation(skill, messages, [], {"equals": pairs[-1][1].rstrip(".")})


def sums(kinds: Kinds) -> Conversation:
    """A sum that is carried on, other ways to say a sum, and sums of three numbers."""
    rng = kinds.rng
    a, b, c = rng.randint(0, 12), rng.randint(0, 12), rng.randint(1, 9)
    r = rng.random()
    if r < 0.3:
        up = rng.random() < 0.6 or a + b < c
        follow = say(rng.choice(["Now add {c}", "And plus {c}?", "Add {c} more", "Plus {c}?", "And if I add {c}?", "And {c} more?"] if up else ["Now [subtract|take away] {c}", "And minus {c}?", "Minus {c}?", "And if I take away {c}?", "Take {c} away"]), rng, {"c": c})
        return _turns("arithmetic", [(say("[What is {a} + {b}?|{a} plus {b}?|Add {a} and {b}|How much is {a} + {b}?]", rng, {"a": a, "b": b}), str(a + b)), (follow, str(a + b + c if up else a + b - c))], kinds)
    if r < 0.5:
        d, e = rng.randint(0, 20), rng.randint(0, 20)
        return _turns("arithmetic", [(say("[What is {a} + {b}?|{a} + {b}|How much is {a} plus {b}?]", rng, {"a": a, "b": b}), str(a + b)), (say("[And|And what is|What about|Now|And now] {d} + {e}?", rng, {"d": d, "e": e}), str(d + e))], kinds)
    if r < 0.62:
        return _turns("arithmetic", [(say("[What is {a} + {b} + {c}?|Add {a}, {b} and {c}|{a} + {b} + {c}|What is the sum of {a}, {b} and {c}?]", rng, {"a": a, "b": b, "c": c}), str(a + b + c))], kinds)
    n = rng.randint(1, 20)
    forms = [("[What is|Which number is] {c} more than {n}?", n + c), ("[What is|What's] double [of |]{n}?", 2 * n), ("[What is|What's] twice {n}?", 2 * n), ("Double {n}", 2 * n), ("[What|Which] number [comes|is] after {n}?", n + 1), ("[What|Which] number [comes|is] before {n}?", n - 1)]
    if n >= c:
        forms += [("[What is|Which number is] {c} less than {n}?", n - c)]
    forms += [("[What is|What's] half of {m}?", n), ("Half of {m}?", n)]
    frame, answer = rng.choice(forms)
    return _turns("arithmetic", [(say(frame, rng, {"n": n, "c": c, "m": 2 * n}), str(answer))], kinds)


def days(kinds: Kinds) -> Conversation:
    """A day or month, then the one after or before that."""
    rng = kinds.rng
    bank, what = (W.DAYS, "day") if rng.random() < 0.55 else (W.MONTHS, "month")
    i = rng.randrange(len(bank))
    step = rng.choice([1, -1])
    word = "after" if step > 0 else "before"
    first = (say(f"[[What|Which] {what} [comes|is] {word} {{x}}?|What [comes|is] {word} {{x}}?]", rng, {"x": bank[i]}), bank[(i + step) % len(bank)])
    if rng.random() < 0.5:
        return _turns("days_months", [first, (say(f"And {word} that?", rng) if rng.random() < 0.6 else say(rng.choice([f"And what comes {word} that?", f"And the one {word} that?", f"And {word} that one?"]), rng), bank[(i + 2 * step) % len(bank)])], kinds)
    j = rng.randrange(len(bank))
    return _turns("days_months", [first, (say(f"[And {word}|What about {word}|And what is {word}] {{x}}?", rng, {"x": bank[j]}), bank[(j + step) % len(bank)])], kinds)


def compares(kinds: Kinds) -> Conversation:
    """Larger, then smaller; times of day; alphabet."""
    rng, r = kinds.rng, kinds.rng.random()
    if r < 0.4:
        a, b = rng.sample(range(0, rng.choice([20, 100, 1000])), 2)
        big = rng.random() < 0.5
        words = ["[larger|bigger|greater]", "smaller"]
        first = (say(f"Which is {words[0 if big else 1]}, {{a}} or {{b}}?", rng, {"a": a, "b": b}), str(max(a, b) if big else min(a, b)))
        return _turns("comparing", [first, (say(f"[And the|And which is|Which is the|And which one is the|What is the] {words[1 if big else 0]}[ one|]?", rng), str(min(a, b) if big else max(a, b)))], kinds)
    if r < 0.75:
        x, y = sorted(rng.sample(range(0, 96), 2))
        clock = lambda q: f"{q // 4}:{q % 4 * 15:02d}"
        early = rng.random() < 0.5
        pair = [clock(x), clock(y)]
        rng.shuffle(pair)
        return _turns("comparing", [(say(f"[Which [time |]is|What is] {'[earlier|first]' if early else 'later'}, {{a}} or {{b}}?", rng, {"a": pair[0], "b": pair[1]}), clock(x if early else y))], kinds)
    a, b = kinds.pick(W.NOUN), kinds.pick(W.FIRST).lower()
    if a[0] == b[0]:
        return compares(kinds)
    pair = [a, b]
    return _turns("comparing", [(say("Which [word |]comes first [in the alphabet|alphabetically], {a} or {b}?", rng, {"a": a, "b": b}), min(pair))], kinds)


def letters(kinds: Kinds) -> Conversation:
    """Spelling with a wanted separator, a second word to count, vowels, counting on."""
    rng, r = kinds.rng, kinds.rng.random()
    x, y = kinds.pick(W.NOUN) if rng.random() < 0.7 else kinds.pseudo(1, 2), kinds.pick(W.NOUN)
    if r < 0.4:
        way, sep = rng.choice([("with spaces between the letters", " "), ("separated by spaces", " "), ("with dashes", "-"), ("with hyphens between the letters", "-"), ("separated by commas", ", "), ("with commas", ", ")])
        return _turns("spelling", [(say(f"[Spell|Write|Please spell] [the word |]{{x}} {way}", rng, {"x": x}, False), sep.join(x.upper()))], kinds)
    if r < 0.65:
        return _turns("counting", [(say("How many letters [are in|does] {x}[?| have?]".replace("[are in|does] {x}[?| have?]", rng.choice(["are in {x}?", "does {x} have?"])), rng, {"x": x}), str(len(x))), (say("[And|And in|What about|How about] {y}?", rng, {"y": y}), str(len(y)))], kinds)
    if r < 0.8:
        return _turns("counting", [(say("How many vowels [are|are there] in [the word |]{x}?", rng, {"x": x}), str(sum(c in "aeiou" for c in x)))], kinds)
    if r < 0.9:
        return _turns("spelling", [(say("[Spell|How do you spell] {x}[?|]", rng, {"x": x}), "-".join(x.upper())), (say("[And|Now|What about] {y}?", rng, {"y": y}), "-".join(y.upper()))], kinds)
    a, b = rng.randint(2, 8), rng.randint(3, 12)
    row = lambda n: ", ".join(map(str, range(1, n + 1)))
    return _turns("counting", [(say("Count to {n}", rng, {"n": a}), row(a)), (say("[And|Now] [count |]to {n}", rng, {"n": rng.choice([str(b), number_word(b)])}), row(b))], kinds)


def followups_skill(kinds: Kinds) -> Conversation:
    """The mix of all of these."""
    r = kinds.rng.random()
    if r < 0.22:
        question, answer = common(kinds)
        return _turns("instructions", [(question, answer)], kinds)
    return sums(kinds) if r < 0.45 else days(kinds) if r < 0.62 else compares(kinds) if r < 0.8 else letters(kinds)

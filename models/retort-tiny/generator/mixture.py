"""The mixture: which skill how often, long conversations, and tools that lie around unused."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from .conversation import Conversation, maybe_system
from .extraction import json_skill, pairs_to_json
from .facts import facts_skill, make_table, place, shared_facts, table_question, write_table
from .followups import followups_skill
from .instructions import instructions_skill
from .kinds import Kinds
from .numbers import arithmetic, calendar, compare
from .smalltalk import talk_skill, unknowable
from .tools import NO_TOOL, shared_calls, toolbox, tools_skill
from .wordplay import count, drill, repeat, spell

Maker = Callable[[Kinds], Conversation]
SKILLS: list[tuple[Maker, float]] = [
    (tools_skill, 0.25), (json_skill, 0.15), (facts_skill, 0.19), (instructions_skill, 0.12), (followups_skill, 0.05), (talk_skill, 0.07), (unknowable, 0.025),
    (repeat, 0.045), (spell, 0.03), (count, 0.045), (arithmetic, 0.055), (compare, 0.045), (calendar, 0.04)]
# For training: one text or one set of tools with several questions costs little more than with one; short skills weigh more.
SHARED: list[tuple[Maker, float]] = [(tools_skill, 0.06), (shared_calls, 0.10), (facts_skill, 0.04), (shared_facts, 0.07),
    (json_skill, 0.15), (instructions_skill, 0.12), (followups_skill, 0.04), (talk_skill, 0.05), (unknowable, 0.02), (repeat, 0.045), (spell, 0.05), (count, 0.065), (arithmetic, 0.075), (compare, 0.06), (calendar, 0.03)]
_SHORT: list[Maker] = [repeat, spell, count, arithmetic, compare, calendar, talk_skill, unknowable]
_LONG: list[Maker] = _SHORT + [json_skill, facts_skill, facts_skill]
_SAFE_TOOLS = ("search_web", "wikipedia", "get_weather", "get_time", "get_news", "get_population", "get_capital", "get_stock_price", "get_country_info", "find_train", "book_flight", "get_contact", "get_employee", "get_forecast", "find_restaurant",
               "define_word", "spell_check", "add", "multiply", "divide", "calculate", "get_distance", "get_directions", "search_movies", "search_books", "calculate_percentage", "get_score", "list_events", "get_price", "check_stock", "flight_status", "get_joke", "random_number")


def conversation(kinds: Kinds, drills: float = 0.0, shared: bool = False) -> Conversation:
    """One conversation of the short mixture; `drills` of them are plain copying; with `shared` it may have siblings."""
    rng = kinds.rng
    if drills and rng.random() < drills:
        return drill(kinds) if rng.random() < 0.7 else pairs_to_json(kinds) if rng.random() < 0.6 else repeat(kinds)
    makers, weights = zip(*(SHARED if shared else SKILLS))
    c = rng.choices(makers, weights)[0](kinds)
    if not c.tools and rng.random() < 0.05:
        box = [t for t in toolbox(kinds, None, size=rng.choice([1, 1, 2, 3])) if t.domain.names[0] not in _SAFE_TOOLS]
        c.tools = [t.schema for t in box]
        if c.tools:
            c.expect["no_tool_call"] = True
    return c


def long_conversation(kinds: Kinds) -> Conversation:
    """Up to about 2,000 tokens: many turns of several skills, large tables, or many tools."""
    rng, r = kinds.rng, kinds.rng.random()
    if r < 0.35:
        t = make_table(kinds)
        for _ in range(60):
            name = str(kinds.of(t.type.kind)[1])
            if name not in t.names and len(t.names) < rng.choice([15, 25, 40]):
                t.names.append(name)
                t.rows.append([str(kinds.of(a.kind)[1]) for a in t.attributes])
        pairs = [table_question(t, kinds) for _ in range(rng.randint(4, 12))]
        return place(write_table(t, rng), pairs, kinds, "facts")
    if r < 0.55:
        c = tools_skill(kinds)
        extra = [t.schema for t in toolbox(kinds, None, size=rng.randint(6, 24))]
        names = {t["function"]["name"] for t in c.tools}
        c.tools = c.tools if c.messages[-1].get("content") == NO_TOOL else c.tools + [t for t in extra if t["function"]["name"] not in names]
        rng.shuffle(c.tools)
        return c
    messages = maybe_system(rng, 0.3)
    for _ in range(rng.randint(6, 30)):
        part = rng.choice(_LONG)(kinds)
        turns = [m for m in part.messages if m["role"] not in ("system", "developer")]
        if len(turns) == len(part.messages):
            messages += turns
    return Conversation("long", messages or talk_skill(kinds).messages)


def stream(seed: int, held: bool = False, long: bool = False, drills: float = 0.0, shared: bool = False) -> Iterator[Conversation]:
    """Endless conversations; the same seed gives the same ones."""
    kinds = Kinds(random.Random(seed), held)
    while True:
        yield long_conversation(kinds) if long else conversation(kinds, drills, shared)

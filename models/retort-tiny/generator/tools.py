"""Choosing and calling tools, answering from their results, and leaving them alone when none fits.

Two sources of tools: domains written by hand (banks/tools.txt: weather, mail, orders ...), and tools
put together at random from verbs, nouns and parameters, so that what is learned is reading a
schema and copying values, not a list of known tools.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .conversation import Conversation, assistant, calling, plain_system, system, user
from .frames import fill, noise, slots_of, spin
from .kinds import Kinds

NO_TOOL = "Sorry, I can't do that. I don't have a tool for it."
_EXCLUSIVE = [{"add", "multiply", "divide", "calculate", "calculate_percentage", "calculate_tip"}, {"turn_on_light", "set_light", "control_device"},
              {"turn_off_light", "set_light", "control_device"}, {"get_user", "get_contact", "get_employee"}, {"create_event", "book_appointment"},
              {"get_weather", "get_forecast", "get_air_quality"}, {"add_task", "create_reminder", "create_note"}, {"search_web", "wikipedia", "get_news", "get_country_info"},
              {"call_contact", "get_contact"}, {"convert_currency", "get_exchange_rate"}, {"get_price", "search_products", "check_stock"}, {"get_population", "get_country_info"},
              {"query_database", "list_files", "read_file"}, {"find_recipe", "order_food", "log_meal"}, {"play_music", "play_artist", "play_podcast"},
              {"open_website", "download_file", "summarize"}, {"set_volume", "calculate_percentage"}, {"get_directions", "get_distance", "find_train"},
              {"add_to_cart", "order_food", "add_to_shopping_list", "create_shopping_list"}, {"search_web", "search_movies", "search_books"}, {"search_web", "search_products"}]


@dataclass
class Param:
    """One parameter of a domain: its possible names, kind of value, descriptions."""

    key: str
    names: list[str]
    kind: str
    desc: str
    required: bool


@dataclass
class Domain:
    """A tool with many names and many ways to ask for it."""

    names: list[str]
    desc: str = ""
    params: list[Param] = field(default_factory=list)
    says: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass
class Tool:
    """One concrete tool: a domain with its names chosen."""

    domain: Domain
    schema: dict[str, Any]
    names: dict[str, str]

    @property
    def name(self) -> str:
        return self.schema["function"]["name"]


def _literal(text: str) -> Any:
    return {"true": True, "false": False}.get(text, int(text) if text.isdigit() else text)


def _parse_say(text: str) -> tuple[str, dict[str, Any]]:
    frame, _, fixed = text.partition(" => ")
    return frame, {k: _literal(v) for k, v in (p.split("=") for p in fixed.split(";") if p)}


def load_domains() -> list[Domain]:
    """Reads banks/tools.txt; its first lines describe the format."""
    domains: list[Domain] = []
    for line in (Path(__file__).parent / "banks" / "tools.txt").read_text().splitlines():
        head, _, rest = line.partition(" ")
        if head == "tool":
            domains.append(Domain(rest.split("|")))
        elif head == "desc":
            domains[-1].desc = rest
        elif head in ("arg", "opt"):
            start = rest.index(" [") if " [" in rest else len(rest)
            names, kind = rest[:start].split(" ", 1)
            key, _, aliases = names.partition("=")
            domains[-1].params.append(Param(key, aliases.split("|"), kind, rest[start + 1:], head == "arg"))
        elif head == "say":
            domains[-1].says.append(_parse_say(rest))
    return domains


DOMAINS = load_domains()

_VERBS = """archive approve reject publish close open create delete update rename merge export import print scan start stop pause resume check
inspect verify test count list show find fetch load save store share copy move assign release reserve cancel confirm schedule sync tag label
rotate flip mix measure weigh heat cool fill empty clean repair replace order return ship track sort filter rank score plan draft sign encrypt
compress mute pin block invite notify register enroll activate disable calibrate launch""".split()
_NOUNS = """invoice ticket sensor playlist shipment report album photo document contract ballot badge camera channel cluster comment course coupon
dataset device drone engine field folder form garden group habit image index item key ledger lesson license locker log machine map membership
menu message meter model network note notice order page parcel payment permit pipeline plan poll post profile project pump queue quiz recipe
record region robot room route row schedule screen season section server session shelf shift signal slide slot station step stock stream survey
table tank task team template tent thread tile token tour trial valve vehicle video visit voucher wallet warehouse widget window zone""".split()
# names, kind, ways to say it in a request ({v} is the value)
_GENERIC = [
    (["id", "item_id", "number", "ref"], "code", ["with id {v}", "number {v}", "with the number {v}", "{v}"]),
    (["name", "title", "label"], "pseudoname", ["called {v}", "named {v}", "with the name {v}"]),
    (["name", "title"], "title", ["called {v}", "titled {v}", "with the title {v}"]),
    (["color", "colour"], "colour", ["in {v}", "with colour {v}", "in the colour {v}"]),
    (["due_date", "deadline", "due"], "date", ["due {v}", "until {v}", "by {v}"]),
    (["date", "day", "on"], "date", ["on {v}", "for {v}", "dated {v}"]),
    (["quantity", "count", "amount", "copies"], "int:2:99", ["{v} times", "with a quantity of {v}", "with count {v}"]),
    (["owner", "assignee", "person", "responsible"], "person", ["for {v}", "owned by {v}", "with {v} as owner", "belonging to {v}"]),
    (["location", "city", "place", "site"], "city", ["in {v}", "at {v}", "located in {v}"]),
    (["priority", "urgency"], "enum:high=high,medium=medium,low=low", ["with {v} priority", "priority {v}", "at {v} priority"]),
    (["format", "file_format", "type"], "enum:pdf=pdf/PDF,csv=csv/CSV,json=json/JSON,xml=xml/XML", ["as {v}", "in {v} format", "as a {v} file"]),
    (["size", "length", "width"], "int:1:500", ["with size {v}", "of size {v}", "that is {v} long"]),
    (["speed", "rate", "level", "power"], "int:1:100", ["at speed {v}", "with level {v}", "at {v}", "at level {v}"]),
    (["comment", "note", "text", "message"], "message", ["with the comment \"{v}\"", "saying {v}", "with the note {v}", "with text \"{v}\""]),
    (["recipient", "to", "target"], "person", ["to {v}", "for {v}"]),
    (["time", "start_time", "at"], "clock", ["at {v}", "starting at {v}", "from {v}"]),
    (["email", "contact_email"], "email", ["with email {v}", "and mail it to {v}", "for {v}"]),
    (["price", "cost", "budget", "limit"], "price", ["for {v} dollars", "with a price of {v}", "with budget {v}", "costing {v}"]),
    (["department", "team", "group"], "teamname", ["of the {v} team", "in the {v} department", "for the {v} group"]),
]
_ASK = ["[{verb}|Please {verb}] {obj}", "[Can|Could|Would|Will] you [please |]{verb} {obj}?", "I [want|need|would like|have] [you |]to {verb} {obj}",
        "{verb} {obj}[ now| for me| right away|]", "It is time to {verb} {obj}", "[Let's|Let us] {verb} {obj}", "We [must|should|need to] {verb} {obj}",
        "Go ahead and {verb} {obj}", "Make sure to {verb} {obj}", "My [boss|colleague] asked me to {verb} {obj}", "Is it possible to {verb} {obj}?"]


def random_domain(kinds: Kinds) -> Domain:
    """A tool nobody wrote: verb, noun and up to four parameters, some with made-up names."""
    rng = kinds.rng
    verb = kinds.pick(_VERBS) if rng.random() < 0.93 else kinds.pseudo(1, 2)
    noun = kinds.pick(_NOUNS) if rng.random() < 0.85 else kinds.pseudo(1, 3)
    params, phrases = [], []
    for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4])):
        if rng.random() < 0.6:
            names, kind, ways = rng.choice(_GENERIC)
            key = rng.choice(names)
        else:
            key = kinds.pseudo(1, 3) if rng.random() < 0.5 else rng.choice([kinds.pick(_NOUNS), f"{kinds.pick(_NOUNS)}_{rng.choice(['name', 'id', 'type', 'code', 'size'])}"])
            kind = rng.choice(["pseudoword", "int:0:999", "code", "noun", "pseudoname", "city", "num:1:90", "word", "colour"])
            words = key.replace("_", " ")
            ways = [f"with {words} {{v}}", f"{words} {{v}}", f"with the {words} {{v}}", f"and set the {words} to {{v}}", f"using {{v}} as {words}", f"where {words} is {{v}}"]
        if key in [p.key for p in params]:
            continue
        slot = f"p{len(params)}"
        required = rng.random() < 0.75
        params.append(Param(key, [key], kind, f"[{key.replace('_', ' ').capitalize()}|The {key.replace('_', ' ')}|{key.replace('_', ' ')} of the {noun}||]", required))
        phrases.append((slot, rng.choice(ways).replace("{v}", "{" + slot + "}"), required))
    return _dressed(verb, noun, params, phrases, rng)


def _dressed(verb: str, noun: str, params: list[Param], phrases: list[tuple[str, str, bool]], rng: random.Random) -> Domain:
    """Names, description and three requests of a random tool."""
    for i, p in enumerate(params):
        p.key = f"p{i}"
    says = []
    for _ in range(3):
        used = [text for _, text, required in phrases if required or rng.random() < 0.5]
        rng.shuffle(used)
        obj = rng.choice(["the ", "the ", "a ", "this ", "my ", "our "]) + noun + "".join(" " + u for u in used)
        frame = spin(rng.choice(_ASK), rng).replace("{verb}", verb).replace("{obj}", obj)
        says.append((frame[0].upper() + frame[1:], {}))
    names = [f"{verb}_{noun}", f"{verb}_{noun}", f"{noun}_{verb}", f"{verb}_{noun}s", f"{verb}_the_{noun}"]
    desc = f"[{verb.capitalize()} [a|the|one] {noun}|{verb.capitalize()}s a {noun}|Use this to {verb} a {noun}|{verb.capitalize()} {noun}s|{noun.capitalize()}: {verb}]"
    return Domain(names, desc, params, says)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(w.capitalize() for w in rest)


def _json_type(kind: str, rng: random.Random) -> dict[str, Any]:
    """The schema of a kind of value."""
    name, _, rest = kind.partition(":")
    if name == "int":
        return {"type": "integer" if rng.random() < 0.75 else "number"}
    if name in ("num", "price"):
        return {"type": "number"}
    if name == "bool":
        return {"type": "boolean"}
    if name == "list":
        return {"type": "array", "items": {"type": "string"}}
    if name == "enum" and rng.random() < 0.9:
        values = [o.split("=")[0] for o in rest.split(",")]
        rng.shuffle(values)
        return {"type": "string", "enum": values}
    return {"type": "string"}


def make_tool(domain: Domain, rng: random.Random) -> Tool:
    """Chooses the tool's names and writes its schema as a client would send it."""
    style = rng.random()
    name = spin(rng.choice(domain.names), rng)
    name = _camel(name) if style < 0.22 else name
    keys: dict[str, str] = {}
    props: dict[str, Any] = {}
    for p in domain.params:
        if not p.required and rng.random() < 0.3:
            continue
        free = [n for n in p.names if n not in props] or [p.key]
        key = rng.choice(free)
        key = _camel(key) if style < 0.22 else key
        keys[p.key] = key
        schema = _json_type(p.kind, rng)
        desc = spin(p.desc, rng).strip()
        props[key] = schema | ({"description": desc} if desc and rng.random() < 0.7 else {})
    function: dict[str, Any] = {"name": name, "description": spin(domain.desc, rng)}
    required = [keys[p.key] for p in domain.params if p.required]
    function["parameters"] = {"type": "object", "properties": props} | ({"required": required} if required or rng.random() < 0.5 else {})
    if rng.random() < 0.06:
        del function["description"]
    return Tool(domain, {"type": "function", "function": function}, keys)


def request(tool: Tool, kinds: Kinds) -> tuple[str, dict[str, Any]] | None:
    """A user's sentence and the arguments it means; None when the frame does not fit this tool."""
    rng = kinds.rng
    frame, fixed = rng.choice(tool.domain.says)
    frame = spin(frame, rng)
    slots = set(slots_of(frame)) | set(fixed)
    needed = {p.key for p in tool.domain.params if p.required}
    if not needed <= slots or not slots <= set(tool.names):
        return None
    texts, arguments = {}, {}
    for p in tool.domain.params:
        if p.key in fixed:
            arguments[tool.names[p.key]] = fixed[p.key]
        elif p.key in slots:
            texts[p.key], arguments[tool.names[p.key]] = kinds.of(p.kind)
    if len(set(map(str, texts.values()))) < len(texts):
        return None
    text = fill(noise(frame, rng), texts)
    return text[0].upper() + text[1:] if rng.random() < 0.5 else text, arguments


def clashes(a: Domain, b: Domain) -> bool:
    """True when a request for one could be meant for the other."""
    x, y = a.names[0], b.names[0]
    return x == y or any(x in g and y in g for g in _EXCLUSIVE)


def draw_domain(kinds: Kinds) -> Domain:
    """Two thirds from the bank, one third random."""
    return kinds.rng.choice(DOMAINS) if kinds.rng.random() < 0.68 else random_domain(kinds)


def toolbox(kinds: Kinds, wanted: Tool | None, avoid: list[Domain] | None = None, size: int | None = None) -> list[Tool]:
    """The wanted tool among zero to seven others that cannot be meant."""
    rng = kinds.rng
    size = size or rng.choice([1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8])
    tools = [wanted] if wanted else []
    taken = [t.domain for t in tools] + (avoid or [])
    for _ in range(50):
        if len(tools) >= size:
            break
        d = draw_domain(kinds)
        t = make_tool(d, rng)
        if not any(clashes(d, o) for o in taken) and t.name not in [o.name for o in tools]:
            tools.append(t)
            taken.append(d)
    rng.shuffle(tools)
    return tools


TOOL_SYSTEM = ["You are a helpful assistant with tools.", "Use the tools when they help.", "You can call functions.", "Use a tool if one fits, otherwise answer yourself.",
               "You are an assistant that can use tools.", "You have access to functions. Use them if needed.", "Call the right function for the request.",
               "You are a home assistant.", "You are a travel assistant.", "You are a shop assistant.", "Don't make up values for the functions.", "You are an office assistant."]


def head(kinds: Kinds) -> list[dict[str, Any]]:
    """System message of a conversation with tools: half the time none."""
    r = kinds.rng.random()
    return [] if r < 0.5 else [system(kinds.rng.choice(TOOL_SYSTEM) if r < 0.85 else plain_system(kinds.rng), kinds.rng)]


def asked(kinds: Kinds) -> tuple[Tool, str, dict[str, Any]]:
    """A tool with a request for it and the arguments."""
    while True:
        tool = make_tool(draw_domain(kinds), kinds.rng)
        got = request(tool, kinds)
        if got:
            return tool, *got


def call_conversation(kinds: Kinds) -> Conversation:
    """One request, one call."""
    tool, text, arguments = asked(kinds)
    box = toolbox(kinds, tool)
    messages = head(kinds)
    if kinds.rng.random() < 0.12:
        messages += [user(kinds.rng.choice(["Hi", "Hello", "Hey there", "Good morning", "Hello!"])), assistant("Hello! How can I help you today?")]
    messages += [user(text), calling(tool.name, arguments)]
    return Conversation("tools", messages, [t.schema for t in box], {"tool_call": {"name": tool.name, "arguments": arguments}})


_OFF_TOPIC = ["Write a poem about {x}", "What is the meaning of life?", "Can you [fly|cook|drive|sing|dance]?", "Paint my house", "Tell me a story about {x}", "Fix my {x}",
              "Can you walk my dog?", "Repair my {x}, please", "Write an essay about {x}", "Wash my {x}", "Make me a sandwich", "Carry the {x} upstairs", "Build a {x} for me",
              "Who will win the next election?", "Knit me a {x}", "Hack my neighbour's {x}", "Sing a song about {x}", "Bring me a {x}", "Compose a melody"]


def none_fits(kinds: Kinds) -> Conversation:
    """A request for a tool that is not there: say so, call nothing."""
    rng = kinds.rng
    if rng.random() < 0.75:
        tool, text, _ = asked(kinds)
        box = [t for t in toolbox(kinds, None, [tool.domain], rng.choice([1, 1, 2, 2, 3, 4]))]
    else:
        text = fill(noise(spin(rng.choice(_OFF_TOPIC), rng), rng), {"x": kinds.noun()})
        box = toolbox(kinds, None, None, rng.choice([1, 1, 2, 3]))
        box = [t for t in box if t.domain.names[0] not in ("search_web", "generate_image", "wikipedia", "call_contact")] or [make_tool(DOMAINS[1], rng)]
    messages = head(kinds) + [user(text), assistant(NO_TOOL)]
    return Conversation("tools", messages, [t.schema for t in box], {"no_tool_call": True})


_AGAIN = ["And {x}?", "What about {x}?", "How about {x}?", "And for {x}?", "Now {x}", "The same for {x}, please", "And in {x}?", "Do it for {x} too", "Also {x}", "Then {x}"]


def call_again(kinds: Kinds) -> Conversation:
    """A follow-up that changes one value: the call is repeated with the new one."""
    rng = kinds.rng
    while True:
        tool, text, arguments = asked(kinds)
        strings = [p for p in tool.domain.params if isinstance(arguments.get(tool.names.get(p.key, "")), str) and not p.kind.startswith("enum")]
        if len(strings) == 1:
            break
    p = strings[0]
    new_text, new_value = kinds.of(p.kind)
    box = toolbox(kinds, tool)
    result, answer = outcome(kinds)
    changed = {k: (new_value if k == tool.names[p.key] else v) for k, v in arguments.items()}
    messages = head(kinds) + [user(text), calling(tool.name, arguments), tool_message(result), assistant(answer),
                              user(fill(noise(spin(rng.choice(_AGAIN), rng), rng, False), {"x": new_text})), calling(tool.name, changed)]
    return Conversation("tools", messages, [t.schema for t in box], {"tool_call": {"name": tool.name, "arguments": changed}})


_FIELDS = """temperature=num:-10:38 condition=weather humidity=int:10:99 wind_speed=int:0:90 price=price currency=currency status=orderstatus city=city
total=price count=int:0:300 result=num:0:999 balance=price distance_km=int:1:900 duration=duration departure=clock arrival=clock gate=seat name=person
phone=phone email=email address=address date=isodate time=clock delivery_date=isodate carrier=company rating=num:1:5 stock=int:0:200 capital=city
population=int:100:90000 author=full year=int:1950:2025 score=int:0:100 winner=city translation=pseudoword definition=sentence location=city
confirmation=code order_id=code tracking_number=code seat=seat room=int:1:450 platform=int:1:20 color=colour weight=num:1:90 height=int:1:300
manager=full department=teamname percent=int:0:100 level=int:0:100 title=title artist=artist product=product quantity=int:1:60 amount=price
tip=price rate=num:1:9 sunrise=clock sunset=clock steps=int:0:20000 calories=int:50:1500 version=semver uptime=duration owner=first hotel=company
unit=pseudoword value=num:0:500 genre=genreword open_until=clock""".split()


def tool_message(result: Any) -> dict[str, Any]:
    """The client's answer to a call; objects travel as JSON text."""
    return {"role": "tool", "tool_call_id": "call_1", "content": result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)}


def spoken(value: Any) -> str:
    """A result's value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(spoken(v) for v in value)
    if isinstance(value, dict):
        return " ".join(f"{k.replace('_', ' ')} {spoken(v)}" for k, v in value.items())
    return str(value)


def _object_outcome(kinds: Kinds, nest: bool = False) -> tuple[Any, str]:
    fields = kinds.rng.sample(_FIELDS, kinds.rng.choice([1, 1, 2, 2, 2, 3, 3, 4, 5]))
    result: dict[str, Any] = {f.split("=")[0]: kinds.of(f.split("=")[1])[1] for f in fields}
    if kinds.rng.random() < 0.1:
        result[kinds.rng.choice(["available", "in_stock", "open", "delayed", "paid", "active"])] = kinds.rng.random() < 0.5
    if kinds.rng.random() < 0.15:
        result[kinds.pseudo(1, 2)] = kinds.of(kinds.rng.choice(["pseudoword", "int:0:999", "code"]))[1]
    said = [f"the {k.replace('_', ' ')} is {spoken(v)}" for k, v in result.items()]
    answer = ", ".join(said[:-1]) + (" and " if len(said) > 1 else "") + said[-1]
    if nest and kinds.rng.random() < 0.12:
        result = {kinds.rng.choice(["result", "data", "current", "response", "info", "details", "output"]): result}
    return result, answer[0].upper() + answer[1:] + "."


def _list_outcome(kinds: Kinds) -> tuple[Any, str]:
    kind = kinds.rng.choice(["title", "city", "product", "first", "event", "food", "company", "noun"])
    items = list(dict.fromkeys(str(kinds.of(kind)[1]) for _ in range(kinds.rng.randint(2, 5))))
    result: Any = items
    if kinds.rng.random() < 0.6:
        result = {kinds.rng.choice(["results", "items", "events", "list", "matches", "names"]): items}
    elif kinds.rng.random() < 0.6:
        fields = kinds.rng.sample(_FIELDS, kinds.rng.choice([1, 1, 2]))
        first = kinds.rng.choice(["name", "title", "item", "id"])
        rows = [{first: i} | {f.split("=")[0]: kinds.of(f.split("=")[1])[1] for f in fields if not f.startswith(first + "=")} for i in items[:3]]
        result = rows if kinds.rng.random() < 0.5 else {kinds.rng.choice(["results", "items", "data", "list"]): rows}
        return result, "I found: " + "; ".join(", ".join(([str(o[first])] + [f"{k.replace('_', ' ')} {spoken(v)}" for k, v in o.items() if k != first])) for o in rows) + "."
    return result, "I found: " + ", ".join(items) + "."


def outcome(kinds: Kinds) -> tuple[Any, str]:
    """A tool's result and the answer told from it."""
    r = kinds.rng.random()
    if r < 0.58:
        return _object_outcome(kinds, True)
    if r < 0.7:
        return _list_outcome(kinds)
    if r < 0.78:
        text = kinds.rng.choice(["not found", "unknown city", "timeout", "no connection", "permission denied", "invalid id", "service unavailable", kinds.sentence()])
        return {"error": text}, f"Sorry, that did not work: {text}."
    if r < 0.88:
        ok = kinds.rng.choice([{"status": "ok"}, {"success": True}, "ok", "done", "OK", {"result": "success"}, {"ok": True}, {"status": "done"}, "success", {"status": "success"}])
        return ok, "Done."
    if r < 0.93:
        n = kinds.of("num:0:999")[1]
        return str(n), f"The result is {n}."
    text = kinds.sentence()
    text = text[0].upper() + text[1:] + "."
    return (text if kinds.rng.random() < 0.5 else {"message": text}), text


def from_result(kinds: Kinds) -> Conversation:
    """Request, call, result, answer."""
    tool, text, arguments = asked(kinds)
    box = toolbox(kinds, tool, size=kinds.rng.choice([1, 1, 2, 3]))
    result, answer = outcome(kinds)
    messages = head(kinds) + [user(text), calling(tool.name, arguments), tool_message(result), assistant(answer)]
    expect: dict[str, Any] = {"no_tool_call": True}
    if isinstance(result, dict) and "error" not in result and answer != "Done.":
        expect["contains_all"] = [spoken(v) for v in result.values() if not isinstance(v, (bool, list, dict))]
    return Conversation("tool_results", messages, [t.schema for t in box], expect)


def weather_result(kinds: Kinds) -> Conversation:
    """A question about one field of a result: answer that field first."""
    rng = kinds.rng
    tool, text, arguments = asked(kinds)
    result, _ = _object_outcome(kinds)
    key = rng.choice(list(result))
    words = key.replace("_", " ")
    ask = noise(spin(rng.choice([f"What is the {words}?", f"[Tell|Give] me the {words}", f"I only need the {words}", f"Which {words} is it?", f"And the {words}?"]), rng), rng, False)
    answer = f"The {words} is {spoken(result[key])}."
    said = [f"the {k.replace('_', ' ')} is {spoken(v)}" for k, v in result.items()]
    whole = ", ".join(said[:-1]) + (" and " if len(said) > 1 else "") + said[-1] + "."
    messages = head(kinds) + [user(text), calling(tool.name, arguments), tool_message(result), assistant(whole[0].upper() + whole[1:]), user(ask), assistant(answer)]
    box = toolbox(kinds, tool, size=rng.choice([1, 1, 2]))
    return Conversation("tool_results", messages, [t.schema for t in box], {"contains_all": [spoken(result[key])], "no_tool_call": True})


def shared_calls(kinds: Kinds) -> Conversation:
    """Several requests to one set of tools: the first conversation, with the others as its siblings."""
    rng, start = kinds.rng, head(kinds)
    box = toolbox(kinds, None)
    schemas, found, seen = [t.schema for t in box], [], set()
    for _ in range(12):
        stranger = rng.random() < 0.1
        tool = make_tool(draw_domain(kinds), rng) if stranger else rng.choice(box)
        got = request(tool, kinds)
        if not got or got[0] in seen or (stranger and any(clashes(tool.domain, t.domain) or tool.name == t.name for t in box)):
            continue
        text, arguments = got
        seen.add(text)
        if stranger:
            found.append(Conversation("tools", [*start, user(text), assistant(NO_TOOL)], schemas, {"no_tool_call": True}))
            continue
        expect: dict[str, Any] = {"tool_call": {"name": tool.name, "arguments": arguments}}
        found.append(Conversation("tools", [*start, user(text), calling(tool.name, arguments)], schemas, expect))
        if len(found) == 6:
            break
    if not found:
        return shared_calls(kinds)
    found[0].siblings = found[1:]
    return found[0]


def tools_skill(kinds: Kinds) -> Conversation:
    """The mix of all of these."""
    r = kinds.rng.random()
    if r < 0.68:
        return call_conversation(kinds)
    if r < 0.76:
        return none_fits(kinds)
    if r < 0.81:
        return call_again(kinds)
    return from_result(kinds) if r < 0.95 else weather_result(kinds)

#!/usr/bin/env python3
"""Makes goldens.jsonl: what Python's Jinja2 gives for the templates of cases.py.

The environment is the one of Hugging Face transformers (utils/chat_template_utils.py), with a
fixed time. Needs jinja2==3.1.6 (python3 -m venv; pip install jinja2==3.1.6). Run it here:

    python3 make_goldens.py

Each line: {"template", "vars", "text"} or {"template", "vars", "error", "refused"}. Addresses of
objects are no golden; no case prints one.
"""

import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

import cases

assert jinja2.__version__ == "3.1.6", jinja2.__version__
NOW = datetime.datetime(2026, 1, 15, 12, 34, 56)


class Generation(jinja2.ext.Extension):
    """transformers' AssistantTracker, without the tracking."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_render")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _render(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def render(template, variables):
    try:
        return {"text": environment().from_string(template).render(**variables)}
    except Exception as error:  # every exception is a golden
        return {"error": f"{type(error).__name__}: {error}",
                "refused": type(error) is jinja2.exceptions.TemplateError}


def main():
    out = pathlib.Path(__file__).with_name("goldens.jsonl")
    with out.open("w", encoding="utf-8", newline="\n") as file:
        # The variables are the same for all; they stand in the first line alone.
        file.write(json.dumps({"vars": cases.V}, ensure_ascii=False) + "\n")
        for template, variables in cases.CASES:
            assert variables is cases.V
            row = {"template": template, **render(template, variables)}
            assert " at 0x" not in row.get("text", ""), row
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(len(cases.CASES), "goldens")


if __name__ == "__main__":
    main()

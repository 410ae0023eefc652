"""The openai package's helpers for answers that have a form: models of pydantic parsed, the stream
of events, tools that must be called, the older functions.
"""

import enum
import json
import unittest
from typing import List, Literal, Optional, Union

import httpx2
import openai
from openai import OpenAI
from pydantic import BaseModel, ConfigDict, Field

import conversations
import wire
from client_case import ClientCase

WEATHER = conversations.EXAMPLES["create"]["tools"][0]
USAGE = {"stream_options": {"include_usage": True}}


class Country(enum.Enum):
    FRANCE = "France"
    PERU = "Peru"


class Mayor(BaseModel):
    name: str = Field(max_length=12)
    since: int = Field(ge=1900, le=2100)


class City(BaseModel):
    """Bounded everywhere: a model may write on as long as a schema lets it."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=12)
    country: Country
    mayor: Optional[Mayor]
    sights: List[str] = Field(max_length=0)
    size: Literal["small", "large"]
    area: Union[bool, None]


class Chain(BaseModel):
    value: Literal["a", "b"]
    next: Optional["Chain"]


class Rename(BaseModel):
    """Renames what there is."""

    to: Country


RENAME = openai.pydantic_function_tool(Rename)


def ask(content, **more):
    return {"model": conversations.MODEL, "temperature": 0, "max_tokens": 800,
            "messages": [{"role": "user", "content": content}]} | more


def functions_of(message):
    return [(call.function.name, call.function.arguments) for call in message.tool_calls]


class Structured(ClientCase):

    def setUp(self):
        self.wire = wire.Wire()
        client = OpenAI(base_url=f"{self.url}/v1", api_key="none", max_retries=0,
                        http_client=self.wire.client(httpx2))
        self.addCleanup(client.close)
        self.completions = client.chat.completions

    def parse_finished(self, **body):
        """A schema cannot bound how deep a model recurses: one seed after another is tried until an
        answer ends before its token limit.
        """
        for seed in range(16):
            try:
                return self.completions.parse(**body, seed=seed).choices[0].message.parsed
            except openai.LengthFinishReasonError:
                continue
        return self.fail("sixteen answers in a row were cut")

    def test_parse_gives_the_model_and_the_stream_the_same(self):
        body = ask("Describe Paris.", response_format=City)
        message = self.completions.parse(**body).choices[0].message
        self.assertIsInstance(message.parsed, City)
        self.assertTrue(self.wire.requests[0]["response_format"]["json_schema"]["strict"])
        with self.completions.stream(**body, **USAGE) as stream:
            events = list(stream)
            last = stream.get_final_completion()
        self.assertEqual(last.choices[0].message.parsed, message.parsed)
        self.assertEqual("".join(event.delta for event in events if event.type == "content.delta"),
                         message.content)
        done = [event for event in events if event.type == "content.done"]
        self.assertEqual([event.parsed for event in done], [message.parsed])
        self.wire.require_last_two_equal()

    def test_a_recursive_model_is_kept_to(self):
        parsed = self.parse_finished(
            **ask("a then b", response_format=Chain, temperature=1, max_tokens=300))
        self.assertIsInstance(parsed, Chain)

    def test_an_answer_that_is_cut_says_so(self):
        with self.assertRaises(openai.LengthFinishReasonError):
            self.completions.parse(**ask("Hello!", response_format=City, max_tokens=4))

    def test_tools_of_models_are_parsed(self):
        tools = [openai.pydantic_function_tool(City, name="found"), RENAME]
        for name, kind in (("found", City), ("Rename", Rename)):
            body = ask("Do it.", tools=tools,
                       tool_choice={"type": "function", "function": {"name": name}})
            message = self.completions.parse(**body).choices[0].message
            self.assertIsInstance(message.tool_calls[0].function.parsed_arguments, kind)
            with self.completions.stream(**body) as stream:
                last = stream.get_final_completion().choices[0].message
            self.assertEqual(last.tool_calls[0].function.parsed_arguments,
                             message.tool_calls[0].function.parsed_arguments)
            self.wire.require_last_two_equal()

    def test_a_required_call_comes_alone_or_with_others(self):
        for parallel in (False, True):
            body = ask("Hello!", tools=[WEATHER], tool_choice="required", max_tokens=300,
                       parallel_tool_calls=parallel)
            choice = self.completions.create(**body).choices[0]
            self.assertIn(choice.finish_reason, ("tool_calls", "length"))
            self.assertTrue(choice.message.tool_calls)
            arguments = []
            with self.completions.stream(**body) as stream:
                for event in stream:
                    if event.type == "tool_calls.function.arguments.done":
                        arguments.append(event.arguments)
                last = stream.get_final_completion().choices[0]
            self.assertEqual(functions_of(last.message), functions_of(choice.message))
            self.assertEqual(arguments, [call[1] for call in functions_of(choice.message)])
            self.wire.require_last_two_equal()

    def test_allowed_tools_are_the_only_ones(self):
        choice = self.completions.create(**ask(
            conversations.WEATHER_QUESTION, tools=[WEATHER, RENAME],
            tool_choice={"type": "allowed_tools", "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": "Rename"}}]}})).choices[0]
        self.assertEqual({call.function.name for call in choice.message.tool_calls}, {"Rename"})

    def test_a_named_call_is_made_whatever_was_asked(self):
        body = ask("Hello!", tools=[WEATHER, RENAME],
                   tool_choice={"type": "function", "function": {"name": "Rename"}})
        choice = self.completions.create(**body).choices[0]
        self.assertEqual(choice.finish_reason, "tool_calls")
        self.assertEqual(len(choice.message.tool_calls), 1)
        self.assertIsNone(choice.message.content)
        list(self.completions.create(**body, stream=True, **USAGE))
        self.wire.require_last_two_equal()

    def test_a_custom_tools_input_is_what_its_grammar_says(self):
        pattern = r'move "[A-C]\\[1-9]" to \{(left|right)\}\n'
        tool = {"type": "custom", "custom": {"name": "move", "description": "Moves a thing.",
                "format": {"type": "grammar",
                           "grammar": {"syntax": "regex", "definition": pattern}}}}
        for choice in ("required", {"type": "custom", "custom": {"name": "move"}}):
            body = ask("Move A to the left.", tools=[tool], tool_choice=choice,
                       parallel_tool_calls=False)
            answer = self.completions.create(**body).choices[0]
            self.assertEqual(answer.finish_reason, "tool_calls")
            call = answer.message.tool_calls[0]
            self.assertEqual((call.type, call.custom.name), ("custom", "move"))
            self.assertRegex(call.custom.input, f"\\A(?:{pattern})\\Z")
            list(self.completions.create(**body, stream=True, **USAGE))
            self.wire.require_last_two_equal()

    def test_a_custom_tools_grammar_that_cannot_be_kept_to_is_refused(self):
        for syntax, definition, param, reason in (
                ("regex", "a(b", "definition", "at byte 1: a ( without its )"),
                ("lark", 'start: "a"', "syntax", "is not supported but for 'regex'")):
            tool = {"type": "custom", "custom": {"name": "f", "format": {
                "type": "grammar", "grammar": {"syntax": syntax, "definition": definition}}}}
            with self.assertRaises(openai.BadRequestError) as caught:
                self.completions.create(**ask("Hello!", tools=[tool]))
            self.assertEqual(caught.exception.param, f"tools[0].custom.format.grammar.{param}")
            self.assertIn(reason, caught.exception.message)

    def test_the_older_functions_answer_in_the_older_form(self):
        body = ask("Hello!", functions=[WEATHER["function"], RENAME["function"]],
                   function_call={"name": "Rename"})
        choice = self.completions.create(**body).choices[0]
        self.assertEqual(choice.finish_reason, "function_call")
        self.assertFalse(choice.message.tool_calls)
        call = choice.message.function_call
        streamed = {"name": "", "arguments": ""}
        for chunk in self.completions.create(**body, stream=True):
            piece = chunk.choices[0].delta.function_call
            if piece:
                streamed["name"] += piece.name or ""
                streamed["arguments"] += piece.arguments or ""
        self.assertEqual(streamed, {"name": call.name, "arguments": call.arguments})
        self.wire.require_last_two_equal()
        # The round: the answer to the call goes back in the older form too.
        again = self.completions.create(**body | {"function_call": "none", "messages": [
            *body["messages"], choice.message,
            {"role": "function", "name": call.name, "content": '{"temperature": 21}'}]})
        self.assertIsNone(again.choices[0].message.function_call)

    def test_a_json_object_is_one(self):
        body = ask("Name a person as JSON.", response_format={"type": "json_object"})
        choice = self.completions.create(**body).choices[0]
        if choice.finish_reason == "stop":
            self.assertIsInstance(json.loads(choice.message.content), dict)
        list(self.completions.create(**body, stream=True, **USAGE))
        self.wire.require_last_two_equal()

    def test_guided_extensions_bind_the_answer(self):
        for extra, pattern in (
                ({"guided_choice": ["left", "right"]}, "left|right"),
                ({"guided_regex": "[A-Z]{3}-[0-9]{2}"}, "[A-Z]{3}-[0-9]{2}"),
                ({"guided_grammar": 'root ::= "yes" | "no"'}, "yes|no")):
            body = ask("Well?", extra_body=extra)
            choice = self.completions.create(**body).choices[0]
            self.assertRegex(choice.message.content, f"^({pattern})$")
            self.assertEqual(choice.finish_reason, "stop")
            list(self.completions.create(**body, stream=True))
            self.wire.require_last_two_equal()

    def test_three_choices_are_the_same_when_asked_for_again(self):
        body = ask("Describe Paris.", n=3, seed=7, temperature=1, max_tokens=1200,
                   response_format=self.completions_format())
        self.completions.create(**body)
        self.completions.create(**body)
        self.wire.require_last_two_equal()
        list(self.completions.create(**body, stream=True, **USAGE))
        self.wire.require_last_two_equal()
        self.completions.create(**body | {"n": 1})
        three, one = self.wire.answers[0], self.wire.answers[-1]
        self.assertEqual(three["usage"]["prompt_tokens"], one["usage"]["prompt_tokens"])
        self.assertEqual(three["choices"][0], one["choices"][0])
        self.assertGreater(three["usage"]["completion_tokens"], one["usage"]["completion_tokens"])

    def completions_format(self):
        schema = openai.pydantic_function_tool(City)["function"]["parameters"]
        return {"type": "json_schema",
                "json_schema": {"name": "city", "strict": True, "schema": schema}}

    def test_a_keyword_that_cannot_be_kept_to_is_refused_by_its_pointer(self):
        schema = {"type": "object", "properties": {"a": {"not": {"type": "string"}}}}
        strict = {"type": "function",
                  "function": {"name": "f", "strict": True, "parameters": schema}}
        for field, sent in (
                ("response_format", {"response_format": {
                    "type": "json_schema", "json_schema": {"name": "f", "schema": schema}}}),
                ("tools[0].function.parameters", {"tools": [strict], "tool_choice": "required"})):
            with self.assertRaises(openai.BadRequestError) as caught:
                self.completions.create(**ask("Hello!", **sent))
            self.assertEqual(caught.exception.param, field)
            self.assertIn("/properties/a/not", caught.exception.message)


if __name__ == "__main__":
    unittest.main()

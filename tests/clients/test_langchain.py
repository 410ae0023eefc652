"""LangChain's chat model over the openai package: another reader of the same stream."""

import asyncio
import enum
import unittest
from typing import List, Literal, Optional

import httpx2
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

import conversations
import wire
from client_case import ClientCase


class Place(enum.Enum):
    LIMA = "Lima"
    ROME = "Rome"


class Stop(BaseModel):
    """A place on the way."""

    at: Place
    by: Literal["bus", "train"]


class Trip(BaseModel):
    """A trip to somewhere."""

    to: Place
    days: int = Field(ge=1, le=30)
    stops: List[Stop] = Field(max_length=2)
    back: Optional[Stop]


class LangChain(ClientCase):

    def model(self, **options):
        return ChatOpenAI(**{"model": conversations.MODEL, "base_url": f"{self.url}/v1",
                             "api_key": "none", "temperature": 0, "max_retries": 0,
                             "max_tokens": 48} | options)

    def checked_model(self):
        """With a wire beneath it that holds each answer against what was sent."""
        beneath = wire.Wire()
        client = beneath.client(httpx2)
        self.addCleanup(client.close)
        return self.model(http_client=client, max_tokens=800), beneath

    def test_a_stream_is_the_answer_in_pieces(self):
        model = self.model(stream_usage=True)
        for question in conversations.QUESTIONS[:8]:
            whole = model.invoke(question)
            streamed = None
            for piece in model.stream(question):
                streamed = piece if streamed is None else streamed + piece
            self.assertEqual(streamed.content, whole.content)
            self.assertEqual(streamed.usage_metadata, whole.usage_metadata)

    def test_many_at_once(self):
        async def run():
            model = self.model()
            questions = conversations.QUESTIONS[:8]
            answers = await asyncio.gather(*(model.ainvoke(question) for question in questions))
            self.assertEqual([answer.content for answer in answers],
                             [model.invoke(question).content for question in questions])

        asyncio.run(run())

    def test_a_bound_tool_is_called_and_answered(self):
        tools = conversations.example("create")["tools"]
        model = self.model().bind_tools(tools)
        question = HumanMessage(conversations.WEATHER_QUESTION)
        asked = model.invoke([question])
        self.assertEqual(asked.tool_calls[0]["name"], "get_current_weather")
        self.assertEqual(asked.tool_calls[0]["args"], {"location": "Paris"})
        result = ToolMessage('{"temperature": 21}', tool_call_id=asked.tool_calls[0]["id"])
        self.assertIn("21", model.invoke([question, asked, result]).content)

    def test_structured_output_has_its_form_by_each_method(self):
        model, beneath = self.checked_model()
        for method in ("json_schema", "function_calling"):
            structured = model.with_structured_output(Trip, method=method, strict=True)
            trip = structured.invoke("Plan a trip.")
            self.assertIsInstance(trip, Trip, method)
            pieces = list(structured.stream("Plan a trip."))
            self.assertEqual(pieces[-1], trip)
            beneath.require_last_two_equal()
            # Closed by strict: in an open object a model may go on naming things.
            schema = Trip.model_json_schema()
            plain = model.with_structured_output(schema, method=method, strict=True)
            self.assertEqual(set(plain.invoke("Plan a trip.")), set(schema["properties"]))

    def test_json_mode_gives_an_object(self):
        model, beneath = self.checked_model()
        answer = model.with_structured_output(None, method="json_mode", include_raw=True).invoke(
            "Name a person as JSON.")
        self.assertEqual(beneath.requests[0]["response_format"], {"type": "json_object"})
        if beneath.answers[0]["choices"][0]["finish"] == "stop":
            self.assertIsInstance(answer["parsed"], dict)

    def test_every_tool_choice_binds_streamed_and_not(self):
        tools = [Stop, Trip]
        model, beneath = self.checked_model()
        for choice in ("required", "any", True, "Trip",
                       {"type": "function", "function": {"name": "Trip"}}):
            # True stands for the one tool there is.
            bound = model.bind_tools(tools[1:] if choice is True else tools, tool_choice=choice,
                                     strict=True, parallel_tool_calls=False)
            whole = bound.invoke("Hello!").tool_calls
            streamed = None
            for piece in bound.stream("Hello!"):
                streamed = piece if streamed is None else streamed + piece
            self.assertEqual(len(whole), 1, choice)
            self.assertEqual([(call["name"], call["args"]) for call in streamed.tool_calls],
                             [(call["name"], call["args"]) for call in whole])
            beneath.require_last_two_equal()


if __name__ == "__main__":
    unittest.main()

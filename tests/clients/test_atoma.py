"""Atoma's Python package, of the generation that is published (2.486.6): create and create_stream,
sync and async. Its validators refuse what they do not expect, so that a call that returns is half
the test.
"""

import asyncio
import unittest

import httpx
from atoma_sdk import AtomaSDK, models

import conversations
import wire
from client_case import ClientCase
from conversations import Answer

# The example of the newer generation has fields that this one's create() lacks; raw HTTP sends
# those.
NEWER_FIELDS = ("max_completion_tokens", "parallel_tool_calls", "service_tier", "top_logprobs")


def every_field():
    body = conversations.example("create")
    for name in NEWER_FIELDS:
        del body[name]
    return body | {"max_tokens": 64, "tool_choice": "auto", "function_call": "auto",
                   "response_format": {"type": "text"}}


class Atoma(ClientCase):

    # Without a key no Authorization is sent. (With "", as in the documentation, h11 refuses to send
    # the header "Bearer "; the case empty_bearer of tests/api sends it.)
    def client(self, url=None, key=None, **options):
        return AtomaSDK(bearer_auth=key, server_url=url or self.url, **options)

    def collect(self, events):
        answer = Answer()
        with events as stream:
            for event in stream:
                answer.add_chunk(event.data)
        return answer

    async def collect_async(self, events):
        answer = Answer()
        async with events as stream:
            async for event in stream:
                answer.add_chunk(event.data)
        return answer

    def test_create_answers_the_example_of_its_documentation(self):
        with self.client() as client:
            completion = client.chat.create(**conversations.example("create_older"))
        self.assertTrue(completion.choices[0].message.content)
        self.assertEqual(completion.choices[0].message.role, "assistant")
        self.assertEqual(completion.model, conversations.MODEL)
        self.assert_complete(Answer.of_completion(completion))

    def test_create_stream_answers_the_example_of_its_documentation(self):
        with self.client() as client:
            expected = client.chat.create(**conversations.example("create_older"))
            answer = self.collect(
                client.chat.create_stream(**conversations.example("create_older")))
        self.assertEqual(answer, self.comparable(Answer.of_completion(expected)))

    def test_every_field_of_create_is_honoured(self):
        self.assert_every_field(AtomaSDK().chat.create, every_field(), ["stream"])
        with self.client() as client:
            answer = Answer.of_completion(client.chat.create(**every_field()))
            self.assert_complete(answer)
            streamed = self.collect(client.chat.create_stream(**every_field()))
        self.assertEqual(streamed, self.comparable(answer))

    def test_null_means_not_given(self):
        body = conversations.question(0)
        nulls = {"frequency_penalty": None, "presence_penalty": None, "top_p": None, "seed": None,
                 "n": None, "stop": None, "tools": None, "functions": None, "logit_bias": None,
                 "user": None}
        with self.client() as client:
            plain = Answer.of_completion(client.chat.create(**body))
            self.assertEqual(Answer.of_completion(client.chat.create(**body, **nulls)), plain)

    def test_the_developer_role_is_taken(self):
        with self.client() as client:
            completion = client.chat.create(**conversations.example("developer"))
        self.assertTrue(completion.choices[0].message.content)

    def test_fifty_streams_lose_no_event(self):
        with self.client() as client:
            self.assert_streams_equal_answers(
                lambda body: self.comparable(Answer.of_completion(client.chat.create(**body))),
                lambda body: self.collect(client.chat.create_stream(**body)))

    def test_fifty_async_streams_lose_no_event(self):
        async def run():
            async with self.client() as client:
                async def ask(body):
                    completion = await client.chat.create_async(**body)
                    return self.comparable(Answer.of_completion(completion))

                async def stream(body):
                    return await self.collect_async(await client.chat.create_stream_async(**body))

                await self.assert_streams_equal_answers_async(ask, stream)

        asyncio.run(run())

    def test_a_tool_call_comes_through(self):
        # This generation's message type has no tool_calls, but its finish_reason tells, and its
        # delta type carries them.
        body = {"model": conversations.MODEL, "temperature": 0, "max_tokens": 64,
                "messages": [{"role": "user", "content": conversations.WEATHER_QUESTION}],
                "tools": conversations.example("create")["tools"]}
        with self.client() as client:
            completion = client.chat.create(**body)
            self.assertEqual(completion.choices[0].finish_reason, "tool_calls")
            self.assertEqual(completion.choices[0].message.content, "")
            calls = []
            with client.chat.create_stream(**body) as stream:
                for event in stream:
                    for choice in event.data.choices:
                        calls += choice.delta.tool_calls or []
        self.assertEqual(calls[0]["function"]["name"], "get_current_weather")
        self.assertTrue(calls[0]["id"])
        self.assertTrue(all(call["id"] == "" for call in calls[1:]))
        self.assertTrue(all(call["type"] == "function" for call in calls))

    def test_forms_and_forced_tools_are_kept_to_streamed_and_not(self):
        tools = conversations.example("create")["tools"]
        function = tools[0]["function"]
        schema = {"type": "object", "properties": {"size": {"enum": ["small", "large"]}},
                  "required": ["size"], "additionalProperties": False}
        beneath = wire.Wire()
        with self.client(client=beneath.client(httpx)) as client:
            for sent, finish in (
                    ({"response_format": {"type": "json_schema", "json_schema": {
                        "name": "s", "schema": schema, "strict": True}}}, "stop"),
                    ({"tools": tools, "tool_choice": "required"}, "tool_calls"),
                    ({"tools": tools, "tool_choice": {
                        "type": "function", "function": {"name": function["name"]}}}, "tool_calls"),
                    ({"functions": [function], "function_call": {"name": function["name"]}},
                     "function_call")):
                body = conversations.question(0) | sent | {"max_tokens": 400}
                answer = Answer.of_completion(client.chat.create(**body))
                self.assertIn(answer.finish_reason, (finish, "length"))
                streamed = self.collect(client.chat.create_stream(**body))
                self.assertEqual(streamed, self.comparable(answer))
                beneath.require_last_two_equal()

    def test_a_mistake_is_an_api_error_that_names_the_field(self):
        with self.client() as client:
            with self.assertRaises(models.APIError) as caught:
                client.chat.create(**conversations.question(0) | {"temperature": 3})
            self.assertEqual(caught.exception.status_code, 400)
            self.assert_error_body(caught.exception.body, "temperature")
            self.assertTrue(caught.exception.raw_response.headers["x-request-id"])
            with self.assertRaises(models.APIError) as caught:
                client.chat.create_stream(**conversations.question(0) | {"top_p": 2})
            self.assertEqual(caught.exception.status_code, 400)
            self.assert_error_body(caught.exception.body, "top_p")

    def test_an_unknown_model_is_404(self):
        with self.client() as client:
            with self.assertRaises(models.APIError) as caught:
                client.chat.create(**conversations.question(0) | {"model": "nobody/serves-this"})
        self.assertEqual(caught.exception.status_code, 404)
        self.assert_error_body(caught.exception.body, "model", "model_not_found")

    def test_the_key_decides(self):
        with self.client(self.keyed_url, self.key) as client:
            self.assert_complete(Answer.of_completion(
                client.chat.create(**conversations.question(0))))
        # A token that begins with "bearer " is sent as it is.
        with self.client(self.keyed_url, f"bearer {self.key}") as client:
            self.assert_complete(Answer.of_completion(
                client.chat.create(**conversations.question(0))))
        for wrong in ("not-the-key", None):
            with self.client(self.keyed_url, wrong) as client:
                with self.assertRaises(models.APIError) as caught:
                    client.chat.create(**conversations.question(0))
                self.assertEqual(caught.exception.status_code, 401, wrong)

    def test_models_and_health(self):
        with self.client() as client:
            listed = client.models_.models_list()
            self.assertEqual(listed.object, "list")
            self.assertGreaterEqual({model.id for model in listed.data},
                                    {conversations.MODEL, "retort-tiny"})
            self.assertEqual(client.health.health().message, "ok")

    def comparable(self, answer):
        """Without usage, where this release's chunk type has no place for it."""
        if "usage" not in models.ChatCompletionChunk.model_fields:
            answer.usage = None
        return answer


if __name__ == "__main__":
    unittest.main()

"""DigitalOcean's packages, gradient and its ancestor do_gradientai: base_url overridden, so that
they post to /chat/completions without /v1, and by the inference endpoint, with it.
"""

import asyncio
import unittest

import do_gradientai
import gradient
import httpx

import conversations
import wire
from client_case import ClientCase
from conversations import Answer

STREAM = {"stream": True, "stream_options": {"include_usage": True}}


def greedy(index):
    """These clients have no seed: every question is asked at temperature 0."""
    body = conversations.question(index) | {"temperature": 0.0}
    body.pop("seed", None)
    return body


class DigitalOceanClaims:
    """What both packages must do; `make` builds a client of one of the two `classes`."""

    package = None
    classes = ()  # sync, async

    def collect(self, chunks):
        answer = Answer()
        with chunks:
            for chunk in chunks:
                answer.add_chunk(chunk)
        return answer

    async def collect_async(self, chunks):
        answer = Answer()
        async with chunks:
            async for chunk in chunks:
                answer.add_chunk(chunk)
        return answer

    def every_field(self):
        return conversations.example("digitalocean_every_field")

    def test_every_field_is_honoured(self):
        with self.make(self.classes[0]) as client:
            create = client.chat.completions.create
            self.assert_every_field(create, self.every_field(), STREAM)
            completion = create(**self.every_field())
            streamed = self.collect(create(**self.every_field(), **STREAM))
        answer = Answer.of_completion(completion)
        self.assert_complete(answer)
        self.assertEqual(streamed, answer)
        rows = completion.choices[0].logprobs.content
        self.assertTrue(rows and all(len(row.top_logprobs) == 2 for row in rows))
        self.assertIsNone(completion.choices[0].message.refusal)

    def test_the_documented_example_is_answered(self):
        with self.make(self.classes[0]) as client:
            completion = client.chat.completions.create(**conversations.example("digitalocean"))
        self.assertTrue(completion.id)
        self.assertTrue(completion.choices[0].message.content)

    def test_content_may_be_strings(self):
        with self.make(self.classes[0]) as client:
            ask = client.chat.completions.create
            plain = greedy(0)
            parted = greedy(0)
            text = plain["messages"][0]["content"]
            parted["messages"][0]["content"] = [text[:5], text[5:]]
            self.assertEqual(Answer.of_completion(ask(**parted)),
                             Answer.of_completion(ask(**plain)))

    def test_fifty_streams_lose_no_event(self):
        with self.make(self.classes[0]) as client:
            create = client.chat.completions.create
            for index in range(len(conversations.QUESTIONS)):
                expected = Answer.of_completion(create(**greedy(index)))
                self.assertEqual(self.collect(create(**greedy(index), **STREAM)), expected)

    def test_fifty_async_streams_lose_no_event(self):
        async def run():
            async with self.make(self.classes[1]) as client:
                create = client.chat.completions.create
                for index in range(len(conversations.QUESTIONS)):
                    expected = Answer.of_completion(await create(**greedy(index)))
                    streamed = await self.collect_async(await create(**greedy(index), **STREAM))
                    self.assertEqual(streamed, expected)

        asyncio.run(run())

    def test_every_tool_choice_binds_streamed_and_not(self):
        tools = conversations.example("create")["tools"]
        named = {"type": "function", "function": {"name": tools[0]["function"]["name"]}}
        beneath = wire.Wire()
        with self.make(self.classes[0], http_client=beneath.client(httpx)) as client:
            for choice in ("required", named):
                body = greedy(0) | {"tools": tools, "tool_choice": choice, "max_tokens": 400}
                message = client.chat.completions.create(**body).choices[0].message
                self.assertEqual(message.tool_calls[0].function.name, tools[0]["function"]["name"])
                self.collect(client.chat.completions.create(**body, **STREAM))
                beneath.require_last_two_equal()
            # The package has no response_format of its own; its extra_body sends any.
            form = {"type": "json_schema", "json_schema": {
                "name": "size", "schema": {"enum": ["small", "large"]}}}
            body = greedy(0) | {"extra_body": {"response_format": form}}
            self.assertTrue(client.chat.completions.create(**body).choices[0].message.content)
            self.collect(client.chat.completions.create(**body, **STREAM))
            beneath.require_last_two_equal()

    def test_each_mistake_has_its_class(self):
        package = self.package
        with self.make(self.classes[0]) as client:
            with self.assertRaises(package.BadRequestError) as caught:
                client.chat.completions.create(**greedy(0) | {"top_p": 7})
            self.assert_error_body(caught.exception.body, "top_p")
            with self.assertRaises(package.NotFoundError) as caught:
                client.chat.completions.create(**greedy(0) | {"model": "nobody/serves-this"})
            self.assert_error_body(caught.exception.body, "model", "model_not_found")

    def test_the_key_decides(self):
        package = self.package
        with self.make(self.classes[0], self.keyed_url, self.key) as client:
            self.assertTrue(client.chat.completions.create(**greedy(0)).id)
        with self.make(self.classes[0], self.keyed_url, "not-the-key") as client:
            with self.assertRaises(package.AuthenticationError) as caught:
                client.chat.completions.create(**greedy(0))
            self.assert_error_body(caught.exception.body, None, "invalid_api_key")


class Gradient(DigitalOceanClaims, ClientCase):
    package = gradient
    classes = (gradient.Gradient, gradient.AsyncGradient)

    def make(self, kind, url=None, key="none", **options):
        return kind(base_url=url or self.url, model_access_key=key, access_token="unused",
                    max_retries=0, **options)

    def every_field(self):
        return super().every_field() | {"reasoning_effort": "none"}

    def test_the_inference_endpoint_is_served(self):
        with gradient.Gradient(inference_endpoint=self.url, model_access_key="none",
                               access_token="unused", max_retries=0) as client:
            completion = client.chat.completions.create(**greedy(0))
        self.assertEqual(completion.model, conversations.MODEL)


class GradientAncestor(DigitalOceanClaims, ClientCase):
    package = do_gradientai
    classes = (do_gradientai.GradientAI, do_gradientai.AsyncGradientAI)

    def make(self, kind, url=None, key="none", **options):
        return kind(base_url=url or self.url, inference_key=key, api_key="unused", max_retries=0,
                    **options)


if __name__ == "__main__":
    unittest.main()

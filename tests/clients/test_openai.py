"""The openai package: create and stream, sync and async, tools, errors, many requests at once."""

import asyncio
import json
import unittest

import openai
from openai import AsyncOpenAI, OpenAI

import conversations
from client_case import ClientCase
from conversations import Answer

# What create() knows and Retort refuses, with a value that asks for it.
REFUSED = {"audio": {"voice": "alloy", "format": "wav"},
           "modalities": ["text", "audio"],
           "moderation": {"model": "omni-moderation-latest"},
           "prediction": {"type": "content", "content": "Hello"},
           "web_search_options": {}}
WEATHER = {"model": conversations.MODEL, "temperature": 0, "max_tokens": 64,
           "tools": conversations.EXAMPLES["create"]["tools"],
           "messages": [{"role": "user", "content": conversations.WEATHER_QUESTION}]}


def every_field():
    return conversations.example("create") | {
        "function_call": "auto", "logprobs": True, "max_completion_tokens": 48, "max_tokens": 48,
        "metadata": {"team": "docs"}, "prompt_cache_key": "k",
        "prompt_cache_retention": "in_memory", "prompt_cache_options": {},
        "reasoning_effort": "none", "response_format": {"type": "text"},
        "safety_identifier": "user-1234", "store": False, "tool_choice": "auto",
        "verbosity": "medium", "modalities": ["text"]}


def collect(chunks):
    answer = Answer()
    for chunk in chunks:
        answer.add_chunk(chunk)
    return answer


async def collect_async(chunks):
    answer = Answer()
    async for chunk in chunks:
        answer.add_chunk(chunk)
    return answer


STREAM = {"stream": True, "stream_options": {"include_usage": True}}


class OpenAi(ClientCase):

    def client(self, url=None, key="none", kind=OpenAI):
        return kind(base_url=f"{url or self.url}/v1", api_key=key, max_retries=0)

    def test_the_example_with_every_field_is_answered(self):
        sent = every_field()
        with self.client() as client:
            self.assert_every_field(client.chat.completions.create, set(sent) | set(REFUSED),
                                    STREAM)
            completion = client.chat.completions.create(**sent)
            streamed = collect(client.chat.completions.create(**sent, **STREAM))
        answer = Answer.of_completion(completion)
        self.assert_complete(answer)
        self.assertEqual(streamed, answer)
        self.assertEqual(completion.service_tier, "default")
        self.assertTrue(completion.system_fingerprint)
        logprobs = completion.choices[0].logprobs.content
        self.assertTrue(all(len(row.top_logprobs) <= 1 for row in logprobs))

    def test_what_cannot_be_honoured_is_refused_by_name(self):
        with self.client() as client:
            for name, value in REFUSED.items():
                with self.assertRaises(openai.BadRequestError) as caught:
                    client.chat.completions.create(**conversations.question(0), **{name: value})
                self.assertTrue((caught.exception.param or "").startswith(name), name)

    def test_the_documented_examples_are_answered(self):
        with self.client() as client:
            for name in ("create", "create_without_names", "create_older", "developer",
                         "digitalocean"):
                answer = Answer.of_completion(
                    client.chat.completions.create(**conversations.example(name)))
                self.assert_complete(answer)
                self.assertTrue(answer.text or answer.finish_reason == "tool_calls", name)

    def test_hello_is_greeted(self):
        with self.client() as client:
            completion = client.chat.completions.create(
                model=conversations.MODEL, temperature=0, max_tokens=32,
                messages=[{"role": "user", "content": "Hello!"}])
        self.assertRegex(completion.choices[0].message.content.lower(), "hello|hi|hey|greetings")

    def test_fifty_streams_lose_no_event(self):
        with self.client() as client:
            create = client.chat.completions.create
            self.assert_streams_equal_answers(
                lambda body: Answer.of_completion(create(**body)),
                lambda body: collect(create(**body, **STREAM)))

    def test_fifty_async_streams_lose_no_event(self):
        async def run():
            async with self.client(kind=AsyncOpenAI) as client:
                create = client.chat.completions.create

                async def ask(body):
                    return Answer.of_completion(await create(**body))

                async def stream(body):
                    return await collect_async(await create(**body, **STREAM))

                await self.assert_streams_equal_answers_async(ask, stream)

        asyncio.run(run())

    def test_sixteen_requests_at_once_are_answered_as_alone(self):
        async def run():
            async with self.client(kind=AsyncOpenAI) as client:
                create = client.chat.completions.create

                async def stream(index):
                    return await collect_async(
                        await create(**conversations.question(index), **STREAM))

                alone = [await stream(index) for index in range(16)]
                together = await asyncio.gather(*(stream(index) for index in range(16)))
                self.assertEqual(list(together), alone)

        asyncio.run(run())

    def test_usage_comes_only_when_asked_for(self):
        with self.client() as client:
            body = conversations.question(0)
            plain = list(client.chat.completions.create(**body, stream=True))
            asked = list(client.chat.completions.create(**body, **STREAM))
        self.assertTrue(all(chunk.usage is None and chunk.choices for chunk in plain))
        self.assertTrue(all(chunk.usage is None for chunk in asked[:-1]))
        self.assertEqual(asked[-1].choices, [])
        self.assertIsNotNone(asked[-1].usage)

    def test_a_tool_call_makes_the_round(self):
        with self.client() as client:
            create = client.chat.completions.create
            choice = create(**WEATHER).choices[0]
            self.assertEqual(choice.finish_reason, "tool_calls")
            self.assertIsNone(choice.message.content)
            call = choice.message.tool_calls[0]
            self.assertEqual(call.type, "function")
            self.assertEqual(call.function.name, "get_current_weather")
            self.assertEqual(json.loads(call.function.arguments), {"location": "Paris"})
            again = create(**WEATHER | {"messages": [
                *WEATHER["messages"], choice.message,
                {"role": "tool", "tool_call_id": call.id,
                 "content": json.dumps({"temperature": 21, "condition": "sunny"})}]})
        self.assertEqual(again.choices[0].finish_reason, "stop")
        self.assertRegex(again.choices[0].message.content, "21|sunny")

    def test_a_streamed_tool_call_is_the_unstreamed_one(self):
        with self.client() as client:
            whole = client.chat.completions.create(**WEATHER).choices[0].message.tool_calls
            calls = {}
            for chunk in client.chat.completions.create(**WEATHER, stream=True):
                for fragment in chunk.choices[0].delta.tool_calls or []:
                    # The first fragment names the call, the later ones repeat neither id nor name.
                    self.assertEqual(bool(fragment.id), fragment.index not in calls)
                    self.assertEqual(bool(fragment.function.name), fragment.index not in calls)
                    self.assertEqual(fragment.type, "function")
                    call = calls.setdefault(fragment.index, {"name": "", "arguments": ""})
                    call["name"] += fragment.function.name or ""
                    call["arguments"] += fragment.function.arguments or ""
            # The package's own accumulator must agree.
            with client.chat.completions.stream(**WEATHER) as stream:
                accumulated = stream.get_final_completion().choices[0].message.tool_calls
        expected = [(call.function.name, call.function.arguments) for call in whole]
        self.assertEqual([tuple(call.values()) for call in calls.values()], expected)
        self.assertEqual([(call.function.name, call.function.arguments) for call in accumulated],
                         expected)
        self.assertRegex(accumulated[0].id, r"^[\w-]+$")
        self.assertEqual(accumulated[0].type, "function")

    def test_tool_choice_none_calls_nothing(self):
        with self.client() as client:
            choice = client.chat.completions.create(**WEATHER, tool_choice="none").choices[0]
        self.assertFalse(choice.message.tool_calls)
        self.assertNotEqual(choice.finish_reason, "tool_calls")

    def test_stop_ends_the_text_before_it(self):
        with self.client() as client:
            body = {"model": conversations.MODEL, "temperature": 0, "max_tokens": 48,
                    "messages": [{"role": "user", "content": "Count from 1 to 6."}]}
            whole = client.chat.completions.create(**body).choices[0].message.content
            stop = whole[len(whole) // 2:len(whole) // 2 + 3]
            cut = client.chat.completions.create(**body, stop=stop).choices[0]
            streamed = collect(client.chat.completions.create(**body, stop=[stop], **STREAM))
        self.assertEqual(cut.finish_reason, "stop")
        self.assertEqual(cut.message.content, whole[:whole.index(stop)])
        self.assertEqual(streamed.text, cut.message.content)

    def test_logprobs_add_up_to_the_text(self):
        body = conversations.question(0) | {"logprobs": True, "top_logprobs": 3}
        with self.client() as client:
            choice = client.chat.completions.create(**body).choices[0]
            streamed = []
            for chunk in client.chat.completions.create(**body, stream=True):
                if chunk.choices[0].logprobs:
                    streamed += chunk.choices[0].logprobs.content or []
        rows = choice.logprobs.content
        text = b"".join(bytes(row.bytes) for row in rows).decode()
        self.assertEqual(text, choice.message.content)
        self.assertEqual(streamed, rows)
        for row in rows:
            self.assertLessEqual(row.logprob, 0)
            self.assertEqual(len(row.top_logprobs), 3)
            self.assertEqual(row.top_logprobs[0].token, row.token)  # greedy: the first is taken

    def test_each_mistake_has_its_class(self):
        body = conversations.question(0)
        with self.client() as client:
            with self.assertRaises(openai.BadRequestError) as caught:
                client.chat.completions.create(**body | {"temperature": 3})
            self.assertEqual(caught.exception.param, "temperature")
            self.assertEqual(caught.exception.type, "invalid_request_error")
            self.assert_error_body(caught.exception.body, "temperature")
            self.assertTrue(caught.exception.request_id)
            with self.assertRaises(openai.BadRequestError) as caught:
                client.chat.completions.create(**body | {"messages": []}, stream=True)
            self.assertEqual(caught.exception.param, "messages")
            with self.assertRaises(openai.NotFoundError) as caught:
                client.chat.completions.create(**body | {"model": "nobody/serves-this"})
            self.assertEqual(caught.exception.code, "model_not_found")
            with self.assertRaises(openai.NotFoundError):
                client.embeddings.create(model=conversations.MODEL, input="x")
            with self.assertRaises(openai.NotFoundError):
                client.completions.create(model=conversations.MODEL, prompt="x")

    def test_the_key_decides(self):
        with self.client(self.keyed_url, self.key) as client:
            self.assert_complete(Answer.of_completion(
                client.chat.completions.create(**conversations.question(0))))
            self.assertTrue(list(client.models.list()))
        with self.client(self.keyed_url, "not-the-key") as client:
            with self.assertRaises(openai.AuthenticationError) as caught:
                client.chat.completions.create(**conversations.question(0))
            self.assertEqual(caught.exception.code, "invalid_api_key")
            self.assertNotIn("not-the-key", caught.exception.message)
            with self.assertRaises(openai.AuthenticationError):
                client.models.list()

    def test_models_are_listed_and_shown(self):
        with self.client() as client:
            models = {model.id: model for model in client.models.list()}
            self.assertGreaterEqual(set(models), {conversations.MODEL, "retort-tiny"})
            shown = client.models.retrieve(conversations.MODEL)
            self.assertEqual(shown.id, conversations.MODEL)
            self.assertEqual(shown.object, "model")
            with self.assertRaises(openai.NotFoundError):
                client.models.retrieve("nobody/serves-this")

    def test_every_answer_has_its_request_id(self):
        with self.client() as client:
            raw = client.chat.completions.with_raw_response.create(**conversations.question(0))
            self.assertEqual(raw.parse()._request_id, raw.headers["x-request-id"])
            again = client.chat.completions.with_raw_response.create(**conversations.question(0))
        self.assertNotEqual(raw.headers["x-request-id"], again.headers["x-request-id"])


if __name__ == "__main__":
    unittest.main()

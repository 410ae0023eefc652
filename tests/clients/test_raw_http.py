"""The bytes themselves: each generation of clients by its User-Agent, the framing of streams, and
what happens when a client leaves.
"""

import json
import pathlib
import time
import unittest

import jsonschema

import conversations
import raw_http
import wire_rules
from client_case import ClientCase

SCHEMAS = pathlib.Path(__file__).parents[3] / "shared/data/openai_chat_schemas.json"
OPENAI = wire_rules.AGENTS["openai-python"]
LONG_ANSWER_SECONDS = 30  # by then a sequence whose client left must be gone


def bodies():
    """Every documented example, and a question that leads to a tool call."""
    every = {name: conversations.example(name) for name in conversations.EXAMPLES}
    every["tool_call"] = {
        "model": conversations.MODEL, "temperature": 0, "max_tokens": 64,
        "messages": [{"role": "user", "content": conversations.WEATHER_QUESTION}],
        "tools": conversations.example("create")["tools"]}
    return every


class Generations(ClientCase):

    def test_every_example_satisfies_every_generation(self):
        for agent in wire_rules.AGENTS.values():
            for name, body in bodies().items():
                with self.subTest(agent=agent, body=name):
                    reply = raw_http.post(self.url, body, {"User-Agent": agent})
                    self.assertEqual(reply.status, 200, reply.body)
                    self.assertEqual(reply.headers["content-type"].split(";")[0],
                                     "application/json")
                    self.assertEqual(wire_rules.completion_problems(reply.json(), agent), [])

    def test_every_stream_satisfies_every_generation(self):
        for agent in wire_rules.AGENTS.values():
            for name, body in bodies().items():
                with self.subTest(agent=agent, body=name):
                    reply = raw_http.post(self.url, body | {"stream": True},
                                          {"User-Agent": agent})
                    self.assertEqual(reply.status, 200, reply.body)
                    self.assertEqual(reply.headers["content-type"].split(";")[0],
                                     "text/event-stream")
                    *chunks, last = reply.events()
                    self.assertEqual(last, "[DONE]")
                    atoma = agent.startswith("speakeasy-sdk/")
                    self.assertEqual(wire_rules.stream_problems(chunks, atoma), [])

    def test_a_call_without_text_has_content_as_the_generation_wants_it(self):
        for agent in wire_rules.AGENTS.values():
            reply = raw_http.post(self.url, bodies()["tool_call"], {"User-Agent": agent})
            choice = reply.json()["choices"][0]
            self.assertEqual(choice["finish_reason"], "tool_calls")
            wanted = "" if " 2.486.6 " in agent else None
            self.assertEqual(choice["message"]["content"], wanted, agent)

    def test_fifty_streams_equal_answers_for_each_unpublished_generation(self):
        for name in ("atoma-python-new", "atoma-typescript-new"):
            headers = {"User-Agent": wire_rules.AGENTS[name]}
            for index in range(len(conversations.QUESTIONS)):
                body = conversations.question(index)
                whole = raw_http.post(self.url, body, headers).json()
                *chunks, last = raw_http.post(self.url, body | {"stream": True}, headers).events()
                self.assertEqual(last, "[DONE]")
                text = "".join(choice["delta"].get("content") or ""
                               for chunk in chunks for choice in chunk["choices"])
                self.assertEqual(text, whole["choices"][0]["message"]["content"])
                self.assertEqual(chunks[-1]["usage"], whole["usage"])

    def test_answers_fit_openais_schemas(self):
        if not SCHEMAS.exists():
            self.skipTest("../shared/data/openai_chat_schemas.json is not here")
        document = json.loads(SCHEMAS.read_text())

        def validator(name):
            return jsonschema.Draft202012Validator(
                {"$ref": f"#/$defs/{name}", "$defs": document["$defs"]})

        whole = validator("CreateChatCompletionResponse")
        piece = validator("CreateChatCompletionStreamResponse")
        for name, body in bodies().items():
            with self.subTest(body=name):
                whole.validate(raw_http.post(self.url, body, {"User-Agent": OPENAI}).json())
                stream = body | {"stream": True, "stream_options": {"include_usage": True}}
                for chunk in raw_http.post(self.url, stream, {"User-Agent": OPENAI}).events()[:-1]:
                    piece.validate(chunk)
        validator("ListModelsResponse").validate(
            raw_http.ask(self.url, "GET", "/v1/models").json())


class Framing(ClientCase):

    def stream(self, agent=OPENAI, **options):
        body = conversations.question(0) | {"stream": True} | options
        return raw_http.post(self.url, body, {"User-Agent": agent})

    def test_each_event_is_one_chunk_and_nothing_but_data(self):
        for agent in wire_rules.AGENTS.values():
            reply = self.stream(agent)
            self.assertEqual(reply.headers.get("cache-control"), "no-cache")
            self.assertEqual(reply.headers["transfer-encoding"], "chunked")
            self.assertGreater(len(reply.chunks), 3)
            for chunk in reply.chunks:
                if not chunk.startswith(b": "):  # a heartbeat
                    self.assertRegex(chunk, rb"\Adata: [^\n\r]+\n\n\Z")

    def test_done_is_last_in_its_own_chunk(self):
        for agent in wire_rules.AGENTS.values():
            chunks = self.stream(agent).chunks
            self.assertEqual(chunks[-1], b"data: [DONE]\n\n")
            self.assertEqual(b"".join(chunks).count(b"[DONE]"), 1)

    def test_the_first_delta_is_the_role(self):
        first = self.stream().events()[0]
        delta = first["choices"][0]["delta"]
        self.assertEqual((delta["role"], delta["content"]), ("assistant", ""))
        self.assertIsNone(first["choices"][0]["finish_reason"])

    def test_include_usage_adds_one_chunk_and_nulls(self):
        plain = self.stream().events()[:-1]
        self.assertTrue(all("usage" not in chunk for chunk in plain))
        self.assertEqual(plain[-1]["choices"][0]["finish_reason"], "stop")
        asked = self.stream(stream_options={"include_usage": True}).events()[:-1]
        self.assertEqual(len(asked), len(plain) + 1)
        self.assertTrue(all(chunk["usage"] is None for chunk in asked[:-1]))
        self.assertEqual(asked[-1]["choices"], [])
        self.assertEqual(wire_rules.usage_problems(asked[-1]["usage"]), [])
        refused = self.stream(stream_options={"include_usage": False}).events()[:-1]
        self.assertEqual(len(refused), len(plain))

    def test_atomas_clients_get_usage_unasked(self):
        agent = wire_rules.AGENTS["atoma-python-new"]
        chunks = self.stream(agent).events()[:-1]
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertEqual(wire_rules.usage_problems(chunks[-1]["usage"]), [])
        self.assertTrue(all(chunk.get("usage") is None for chunk in chunks[:-1]))
        declined = self.stream(agent, stream_options={"include_usage": False}).events()[:-1]
        self.assertTrue(all(chunk.get("usage") is None for chunk in declined))

    def test_the_last_event_is_long_for_atomas_typescript_client_only(self):
        # Its reader loses the end of a stream otherwise: docs/typescript-gap.md.
        for name, agent in wire_rules.AGENTS.items():
            last = self.stream(agent).chunks[-2]
            self.assertEqual(len(last) >= 16 * 1024, "typescript" in name, name)

    def test_a_connection_serves_request_after_request(self):
        with raw_http.Connection(self.url) as connection:
            for streamed in (True, False, True):
                connection.send("POST", "/v1/chat/completions",
                                conversations.question(0) | {"stream": streamed})
                self.assertEqual(connection.read_reply().status, 200)

    def test_what_has_no_effect_is_listed(self):
        reply = raw_http.post(self.url, conversations.example("create"))
        listed = reply.headers["x-retort-ignored"]
        self.assertIn("logit_bias", listed)
        plain = raw_http.post(self.url, conversations.question(0))
        self.assertNotIn("x-retort-ignored", plain.headers)


class Errors(ClientCase):

    def test_every_answer_has_a_request_id_of_its_own(self):
        body = conversations.question(0)
        replies = [
            raw_http.post(self.url, body), raw_http.post(self.url, body | {"stream": True}),
            raw_http.post(self.url, {}), raw_http.post(self.url, b"{"),
            raw_http.post(self.keyed_url, body),
            raw_http.ask(self.url, "GET", "/health"), raw_http.ask(self.url, "GET", "/metrics"),
            raw_http.ask(self.url, "GET", "/v1/models"),
            raw_http.ask(self.url, "GET", "/nowhere"),
            raw_http.ask(self.url, "DELETE", "/v1/models"),
        ]
        identifiers = [reply.headers.get("x-request-id") for reply in replies]
        self.assertTrue(all(identifiers), identifiers)
        self.assertEqual(len(set(identifiers)), len(identifiers))

    def test_error_bodies_have_four_members(self):
        body = conversations.question(0)
        for reply, status, param in [
                (raw_http.post(self.url, b'{"model": '), 400, None),
                (raw_http.post(self.url, b"[]"), 400, None),
                (raw_http.post(self.url, b""), 400, None),
                (raw_http.post(self.url, b"\xff\xfe{}"), 400, None),
                (raw_http.post(self.url, body | {"n": 0}), 400, "n"),
                (raw_http.post(self.url, body | {"messages": [{"role": "robot", "content": "x"}]}),
                 400, "messages[0].role"),
                (raw_http.post(self.url, body | {"model": "nobody/serves-this"}), 404, "model"),
                (raw_http.ask(self.url, "GET", "/nowhere"), 404, None),
                (raw_http.ask(self.url, "PUT", "/v1/chat/completions", body), 405, None),
                (raw_http.post(self.url, body, {"Content-Type": "text/plain"}), 415, None),
                (raw_http.post(self.keyed_url, body), 401, None),
        ]:
            self.assertEqual(reply.status, status, reply.body)
            self.assertEqual(reply.headers["content-type"].split(";")[0], "application/json")
            error = reply.json()["error"]
            self.assertEqual(set(error), {"message", "type", "param", "code"})
            self.assertTrue(error["message"])
            self.assertEqual(error["param"], param)

    def test_text_completions_and_embeddings_are_said_not_to_be_served(self):
        for path in ("/v1/completions", "/v1/embeddings", "/v1/images/generations",
                     "/v1/confidential/chat/completions"):
            reply = raw_http.post(self.url, {"model": "m"}, path=path)
            self.assertEqual(reply.status, 404)
            self.assertIn("/v1/chat/completions", reply.json()["error"]["message"])

    def test_the_aliases_answer_as_the_path_itself(self):
        body = conversations.question(0)
        expected = raw_http.post(self.url, body).json()["choices"]
        for path in ("/chat/completions", "/api/v1/chat/completions",
                     "/chat/completions?agent=true"):
            reply = raw_http.post(self.url, body, path=path)
            self.assertEqual(reply.status, 200)
            self.assertEqual(reply.json()["choices"], expected)


class Leaving(ClientCase):

    def running(self):
        return raw_http.metric(self.url, "retort_engine_running_sequences")

    def await_idle(self):
        deadline = time.monotonic() + LONG_ANSWER_SECONDS
        while self.running() != 0:
            self.assertLess(time.monotonic(), deadline, "the sequence still runs")

    def generated(self):
        return raw_http.metric(self.url, "retort_engine_generated_tokens")

    def test_a_client_that_leaves_a_stream_stops_the_generation(self):
        self.await_idle()
        before = self.generated()
        gone = raw_http.metric(self.url, "retort_http_disconnects_total")
        # ignore_eos keeps it running to the end of the window where nothing stops it.
        body = conversations.question(0) | {"stream": True, "max_tokens": 1500, "ignore_eos": True}
        with raw_http.Connection(self.url) as connection:
            connection.send("POST", "/v1/chat/completions", body)
            self.assertEqual(connection.read_head().status, 200)
            for _ in range(3):
                connection.read_chunk()
            self.assertEqual(self.running(), 1)
        self.await_idle()
        self.assertLess(self.generated() - before, 1000, "it ran on to the end")
        self.assertGreater(raw_http.metric(self.url, "retort_http_disconnects_total"), gone)

    def test_a_client_that_leaves_an_unstreamed_answer_stops_it_too(self):
        self.await_idle()
        before = self.generated()
        body = conversations.question(0) | {"max_tokens": 1500, "ignore_eos": True}
        with raw_http.Connection(self.url) as connection:
            connection.send("POST", "/v1/chat/completions", body)
            while self.running() == 0:
                pass
        self.await_idle()
        self.assertLess(self.generated() - before, 1000, "it ran on to the end")


if __name__ == "__main__":
    unittest.main()

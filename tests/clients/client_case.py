"""The ground of the client tests: where the servers are, and the claim that all clients share."""

import inspect
import json
import os
import unittest

import conversations

# Parameters of create() that steer the client and never reach the wire.
TRANSPORT = {"self", "retries", "server_url", "timeout_ms", "http_headers", "extra_headers",
             "extra_query", "extra_body", "timeout"}
SERVED_MODELS = {conversations.MODEL, "llama3-8b-instruct", "retort-tiny"}


class ClientCase(unittest.TestCase):
    """`url` serves without keys; `keyed_url` wants `key`."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.url = os.environ["CLIENT_TESTS_URL"]
        cls.keyed_url = os.environ["CLIENT_TESTS_KEYED_URL"]
        cls.key = os.environ["CLIENT_TESTS_KEY"]

    def assert_complete(self, answer):
        self.assertIsInstance(answer, conversations.Answer)
        self.assertIn(answer.finish_reason, ("stop", "length", "tool_calls"))

    def assert_streams_equal_answers(self, ask, stream):
        """Fifty streams in a row: each adds up to what was answered unstreamed, nothing lost."""
        for index in range(len(conversations.QUESTIONS)):
            body = conversations.question(index)
            self.assertEqual(ask(dict(body)), stream(dict(body)), body)

    async def assert_streams_equal_answers_async(self, ask, stream):
        for index in range(len(conversations.QUESTIONS)):
            body = conversations.question(index)
            self.assertEqual(await ask(dict(body)), await stream(dict(body)), body)

    def assert_every_field(self, create, sent, left_out=()):
        """`sent` names every parameter that the client's create() has, but for `left_out`."""
        known = set(inspect.signature(create).parameters) - TRANSPORT
        self.assertEqual(known - set(left_out), set(sent))

    def assert_error_body(self, body, param, code=None):
        """`body` is an error answer's JSON, as text or parsed, or its `error` object."""
        if isinstance(body, str):
            body = json.loads(body)
        error = body.get("error", body)
        self.assertGreaterEqual(set(error), {"message", "type", "param", "code"})
        self.assertTrue(error["message"])
        self.assertEqual(error["param"], param)
        if code is not None:
            self.assertEqual(error["code"], code)

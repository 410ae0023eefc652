"""A server of its own for each test: how it starts, drains and ends."""

import os
import pathlib
import unittest

import conversations
import raw_http
from client_case import ClientCase
from server_process import ServerProcess


class Lifecycle(ClientCase):

    def setUp(self):
        binary = pathlib.Path(os.environ["CLIENT_TESTS_BINARY"])
        log = pathlib.Path(os.environ["CLIENT_TESTS_LOGS"]) / "lifecycle-server.log"
        self.server = ServerProcess(binary, log)
        self.addCleanup(self.server.close)

    def test_sigterm_lets_a_running_stream_finish(self):
        body = conversations.question(0) | {"stream": True, "max_tokens": 400, "ignore_eos": True}
        with raw_http.Connection(self.server.url) as connection:
            connection.send("POST", "/v1/chat/completions", body)
            reply = connection.read_head()
            reply.chunks.append(connection.read_chunk())
            self.server.terminate()
            while chunk := connection.read_chunk():
                reply.chunks.append(chunk)
        *chunks, last = reply.events()
        self.assertEqual(last, "[DONE]")
        self.assertEqual(chunks[-1]["choices"][0]["finish_reason"], "length")
        self.assertEqual(self.server.wait(), 0)

    def test_an_idle_server_ends_at_once_and_its_port_is_free(self):
        with raw_http.Connection(self.server.url) as connection:
            connection.send("GET", "/health")
            self.assertEqual(connection.read_reply().status, 200)
            self.server.terminate()
            self.assertEqual(self.server.wait(), 0)
            self.assertTrue(connection.ended())
        with self.assertRaises(ConnectionRefusedError):
            raw_http.Connection(self.server.url)

    def test_a_seed_gives_the_same_answer_in_another_process(self):
        body = conversations.question(1) | {"seed": 7, "temperature": 1.5, "max_tokens": 32}
        first = raw_http.post(self.server.url, body).json()
        again = raw_http.post(self.url, body).json()
        self.assertEqual(first["choices"], again["choices"])
        self.assertEqual(first["system_fingerprint"], again["system_fingerprint"])


if __name__ == "__main__":
    unittest.main()

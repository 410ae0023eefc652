#!/usr/bin/env python3
"""`retort load` against `retort serve`, and against a server that is right and wrong in many ways.

tests/load/run_load.py RETORT runs them all and ends with "N passed, N failed".
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/clients"))

import chat_server  # noqa: E402
from server_process import ServerProcess  # noqa: E402

GIVE_UP_SECONDS = 120
BINARY = ""
KEY = "s3cret-key"
# What is wrong, and what is said of it.
WRONG = {
    "cut": "ends in the middle",
    "cut_in_a_chunk": "ends in the middle",
    "reset": "the connection was cut|ends in the middle",
    "half_closed": "ends in the middle",
    "half_closed_unframed": r"ends before \[DONE\]",
    "bad_chunk_size": "malformed chunk",
    "bad_chunk_end": "malformed chunk",
    "endless_chunk_extension": "malformed chunk",
    "two_framings": "malformed head: bad Transfer-Encoding",
    "huge_header": "a head that is too long",
    "many_headers": "a head that is too long",
    "not_http": "not HTTP/1.1",
    "nothing": "closed the connection without an answer",
    "endless_event": "an event of the stream is larger than 1048576 bytes",
    "refusal": "^HTTP 503: no room for you$",
    "endless_refusal": "^HTTP 502$",
    "redirect": "^HTTP 307$",
    "stream_error": "an error in the stream: out of memory",
    "no_done": r"ends before \[DONE\]",
    "no_usage": "a stream without usage",
    "no_token": "a stream without a token",
    "too_short": "another number of tokens than --output-tokens",
    "more_after_done": r"an event behind \[DONE\]",
    "no_json": "an event that is no JSON object",
    "no_stream": r"ends before \[DONE\]",
}
TOO_SLOW = {"silent": "nothing came in time", "slow_head": "nothing came in time",
            "slow_body": "nothing came in time"}


def load(url, *arguments, **variables):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("RETORT_")}
    return subprocess.run([BINARY, "load", "--base-url", url, *arguments], capture_output=True,
                          text=True, env={**environment, **variables}, timeout=GIVE_UP_SECONDS)


class LoadTest(unittest.TestCase):
    def report(self, url, *arguments, status=0, **variables):
        done = load(url, *arguments, "--json", **variables)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return json.loads(done.stdout)

    def assert_ordered(self, times):
        self.assertLessEqual(times["p50"], times["p95"])
        self.assertLessEqual(times["p95"], times["p99"])


class AgainstOurselves(LoadTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="retort-load-")
        cls.server = ServerProcess(BINARY, pathlib.Path(cls.folder.name) / "log", KEY)

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.process.wait()
        cls.folder.cleanup()

    def generated(self):
        """Tokens that the server says it generated."""
        asked = urllib.request.Request(self.server.url + "/metrics",
                                       headers={"Authorization": f"Bearer {KEY}"})
        with urllib.request.urlopen(asked) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines
                   if line.startswith("retort_engine_generated_tokens"))

    def test_a_closed_loop_gets_the_tokens_that_it_asks_for(self):
        before = self.generated()
        report = self.report(self.server.url, "--model", "retort-tiny", "--requests", "24",
                             "--concurrency", "6", "--prompt-tokens", "120",
                             "--shared-prefix-tokens", "60", "--output-tokens", "12",
                             RETORT_API_KEY=KEY)
        self.assertEqual((report["requests"], report["errors"]), (24, 0))
        self.assertEqual(report["output_tokens"], 24 * 12)
        self.assertEqual(self.generated() - before, 24 * 12 + 2)  # and one for each first request
        # Words are whole tokens to a large vocabulary; to retort-tiny's some are two.
        self.assertAlmostEqual(report["prompt_tokens"] / 24, 120, delta=12)
        self.assertAlmostEqual(report["requests_per_s"], 24 / report["duration_s"], places=6)
        self.assertAlmostEqual(report["output_tokens_per_s"], 288 / report["duration_s"], places=6)
        for times in ("ttft_ms", "itl_ms", "tpot_ms", "latency_ms", "own_delay_ms"):
            self.assert_ordered(report[times])

    def test_an_open_loop_takes_its_time(self):
        report = self.report(self.server.url, "--model", "retort-tiny", "--requests", "30",
                             "--rate", "100", "--output-tokens", "2", "--api-key", KEY)
        self.assertEqual(report["errors"], 0)
        self.assertGreater(report["duration_s"], 0.15)  # 29 gaps of 10 ms on average

    def test_answers_of_one_token_have_no_time_between_tokens(self):
        report = self.report(self.server.url, "--model", "retort-tiny", "--requests", "3",
                             "--output-tokens", "1", "--api-key", KEY)
        self.assertIsNone(report["itl_ms"]["p99"])
        self.assertIsNone(report["tpot_ms"]["p50"])
        self.assertIsNotNone(report["ttft_ms"]["p50"])

    def test_what_cannot_begin_says_why_in_one_line(self):
        cases = [((self.server.url, "--model", "retort-tiny"), ["HTTP 401"]),
                 ((self.server.url, "--model", "no-such", "--api-key", KEY),
                  ["HTTP 404", "no-such"]),
                 ((self.server.url, "--model", "retort-tiny", "--api-key", "wr0ng"), ["HTTP 401"]),
                 ((self.server.url, "--model", "retort-tiny", "--api-key", KEY,
                   "--prompt-tokens", "1"), ["--prompt-tokens 1 is too few"]),
                 (("http://127.0.0.1:1", "--model", "m"),
                  ["127.0.0.1:1: no connection was made: Connection refused"])]
        for arguments, words in cases:
            done = load(*arguments)
            self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
            self.assertRegex(done.stderr, r"\Aretort: [^\n]*\n\Z")
            for word in words:
                self.assertIn(word, done.stderr)
            for secret in (KEY, "wr0ng"):
                self.assertNotIn(secret, done.stderr)

    def test_what_is_no_number_or_address_is_wrong_usage(self):
        for flags in (["--concurrency", "0"], ["--concurrency", "x"], ["--requests", "-1"],
                      ["--rate", "0"], ["--rate", "nan"], ["--rate", "inf"], ["--timeout", "0"],
                      ["--output-tokens", "1.5"], ["--prompt-tokens", ""],
                      ["--base-url", "ftp://x"], ["--base-url", "http://u:s3cret-key@x"],
                      ["--api-key", "a\nb"]):
            done = load(self.server.url, "--model", "m", *flags)
            self.assertEqual((done.returncode, done.stdout), (2, ""), flags)
            self.assertIn(flags[0], done.stderr)
            self.assertNotIn(KEY, done.stderr)


class AgainstOthers(LoadTest):
    def setUp(self):
        self.server = chat_server.ChatServer()
        self.addCleanup(self.server.close)

    def drive(self, way, *arguments, status=0):
        return self.report(self.server.url, "--model", way, "--concurrency", "3",
                           "--output-tokens", "4", *arguments, status=status)

    def test_good_answers_are_good_however_they_are_written(self):
        ways = [way for way in chat_server.WAYS if way.startswith("good")]
        self.assertEqual(len(ways), 7)
        for way in ways:
            with self.subTest(way):
                report = self.drive(way, "--requests", "6", "--prompt-tokens", "90")
                self.assertEqual((report["errors"], report["output_tokens"]), (0, 24))
                self.assertEqual(report["prompt_tokens"], 6 * 90)

    def test_wrong_answers_are_errors_that_say_what_is_wrong(self):
        for way, said in WRONG.items():
            with self.subTest(way):
                report = self.drive(way, "--requests", "6", "--timeout", "20", status=1)
                self.assertEqual((report["requests"], report["errors"]), (6, 6))
                for kind in report["error_kinds"]:
                    self.assertRegex(kind, said)
                self.assertEqual(sum(report["error_kinds"].values()), 6)
                self.assertEqual(report["output_tokens"], 0)
                self.assertIsNone(report["ttft_ms"]["p50"])

    def test_answers_that_do_not_come_end_in_time(self):
        for way, said in TOO_SLOW.items():
            with self.subTest(way):
                report = self.drive(way, "--requests", "3", "--timeout", "1", status=1)
                self.assertEqual(report["errors"], 3)
                self.assertTrue(all(re.search(said, kind) for kind in report["error_kinds"]))
                self.assertLess(report["duration_s"], 30)

    def test_every_way_is_tried(self):
        good = {way for way in chat_server.WAYS if way.startswith("good")}
        self.assertEqual(good | set(WRONG) | set(TOO_SLOW) | {"paced", "single"},
                         set(chat_server.WAYS))

    def test_times_are_those_of_the_server(self):
        """Sleeping never takes less than it is told to; a busy machine makes it more."""
        report = self.drive("paced", "--requests", "12", "--output-tokens", "8")
        first, gap = 1000 * chat_server.FIRST_TOKEN_S, 1000 * chat_server.TOKEN_S
        self.assertGreaterEqual(report["ttft_ms"]["p50"], first)
        self.assertLess(report["ttft_ms"]["p50"], 3 * first)
        self.assertGreater(report["itl_ms"]["p50"], 0.9 * gap)
        self.assertLess(report["itl_ms"]["p50"], 2 * gap)
        self.assertGreater(report["tpot_ms"]["p50"], 0.99 * gap)
        self.assertGreaterEqual(report["latency_ms"]["p50"], first + 7 * gap)
        self.assertGreaterEqual(1000 * report["duration_s"], 4 * (first + 7 * gap))

    def test_waiting_for_a_turn_counts_in_an_open_loop(self):
        """80 requests a second to a server that does one in more than 60 ms: they pile up."""
        arguments = ["--requests", "16", "--rate", "80", "--output-tokens", "2"]
        report = self.report(self.server.url, "--model", "single", "--concurrency", "1",
                             *arguments)
        self.assertEqual(report["errors"], 0)
        self.assertGreater(report["ttft_ms"]["p99"], 500)
        self.assertGreater(report["ttft_ms"]["p99"], 3 * report["ttft_ms"]["p50"] / 2)

    def test_requests_are_what_the_contract_says(self):
        self.report(self.server.url + "/v1/", "--model", "good", "--requests", "5",
                    "--shared-prefix-tokens", "40", "--output-tokens", "3", "--api-key", KEY)
        self.assertEqual(len(self.server.requests), 7)
        systems, users = set(), set()
        for path, headers, body in self.server.requests[2:]:
            self.assertEqual(path, "/v1/chat/completions")
            self.assertEqual(headers["Authorization"], f"Bearer {KEY}")
            self.assertEqual(headers["Host"], self.server.url.removeprefix("http://"))
            self.assertEqual({name: body[name] for name in body if name != "messages"},
                             {"model": "good", "stream": True, "temperature": 0,
                              "stream_options": {"include_usage": True}, "ignore_eos": True,
                              "max_tokens": 3})
            self.assertEqual([message["role"] for message in body["messages"]], ["system", "user"])
            systems.add(body["messages"][0]["content"])
            users.add(body["messages"][1]["content"])
        self.assertEqual((len(systems), len(users)), (1, 5))

    def test_connections_are_used_again(self):
        self.drive("good", "--requests", "30")
        ports = {headers["X-Port"] for _, headers, _ in self.server.requests}
        self.assertLessEqual(len(ports), 3 + 1)

    def test_a_table_for_people_has_the_same_figures(self):
        done = load(self.server.url, "--model", "good", "--requests", "5", "--output-tokens", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in (r"^requests     5 in .* 0 of them with errors$", r"^throughput   .*tokens/s$",
                     r"^first text +p50 .* p99 .* ms$", r"^between text +p50", r"^a token +p50",
                     r"^whole answer +p50"):
            self.assertRegex(done.stdout, re.compile(line, re.MULTILINE))


def main():
    global BINARY
    BINARY = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/retort").resolve())
    del sys.argv[1:2]
    program = unittest.main(verbosity=2, exit=False)
    # A part of a test that fails counts as that test.
    wrong = program.result.failures + program.result.errors
    failed = len({str(getattr(test, "test_case", test)) for test, _ in wrong})
    print(f"{program.result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

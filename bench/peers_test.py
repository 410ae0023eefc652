"""Tests of engine_peers.py and serve_peers.py, against small programs that stand in for both sides.

The outputs of other programs have the form in which llama.cpp and ik_llama.cpp print theirs. The
last line is "N passed, N failed".
"""

import contextlib
import io
import json
import pathlib
import shlex
import sys
import tempfile
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import engine_peers  # noqa: E402
import peer_output  # noqa: E402
import serve_peers  # noqa: E402
from paired_runs import (BenchError, Limits, Pair, Plan, Side, cell, compare,  # noqa: E402
                         interleave)
from server_process import ServerProcess, carries_token, free_port  # noqa: E402

LLAMA_BENCH = """[
  {
    "build_commit": "de3ff81", "n_threads": 2, "n_prompt": 512, "n_gen": 0,
    "avg_ns": 1361170000, "avg_ts": 376.147000, "stddev_ts": 0.000000,
    "samples_ts": [ 376.147 ]
  }
]
"""
BATCHED_JSONL = ('{"n_kv_max": 1024, "n_batch": 2048, "pp": 128, "tg": 32, "pl": 8, "n_kv": 384, '
                 '"t_pp": 0.4, "speed_pp": 320.0, "t_tg": 2.2, "speed_tg": 113.200000, '
                 '"t": 2.6, "speed": 147.7}\n')
BATCHED_TABLE = """
main: n_kv_max = 1024, n_batch = 2048, n_ubatch = 512, n_threads = 2, n_threads_batch = 2

|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |
|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|
|   128 |     32 |    8 |    384 |    0.377 |   339.52 |    2.207 |   115.99 |    2.584 |   148.60 |
"""

# A stand-in for retort and for a peer's server. Knows `bench`, `version`, `load` and `serve`.
STAND_IN = '''
import http.server, json, sys
SPEED = float(sys.argv[1])
def option(name):
    return sys.argv[sys.argv.index(name) + 1]
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(b"{\\"data\\": [{\\"id\\": \\"m\\"}]}" if self.path == "/v1/models" else b"{}")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        role, text = {"delta": {"role": "assistant"}}, {"delta": {"content": "x"}}
        self.answer(b"".join(b"data: %s\\n\\n" % json.dumps({"choices": [c]}).encode()
                             for c in (role, text)) + b"data: [DONE]\\n\\n")
if sys.argv[2] == "bench":
    print(json.dumps({"prefill": {"tokens": 512, "tokens_per_s": 10 * SPEED, "int8_fraction": 0.5},
                      "decode": [{"batch": 1, "tokens_per_s": SPEED, "bandwidth_fraction": 0.9}],
                      "limits": {"bandwidth_bytes_per_s": 4e10, "int8_ops_per_s": 2e12},
                      "load_s": 0.1, "peak_rss_bytes": 123456}))
elif sys.argv[2] == "version":
    print("stand-in 1")
elif sys.argv[2] == "load":
    errors = int(option("--requests")) == 13
    print(json.dumps({"requests": int(option("--requests")), "errors": errors, "duration_s": 1.0,
                      "requests_per_s": SPEED, "output_tokens_per_s": 2 * SPEED,
                      "ttft_ms": {"p50": 5.0, "p95": 6.0}, "itl_ms": {"p50": None, "p95": None}}))
    sys.exit(errors)
else:
    http.server.HTTPServer(("127.0.0.1", int(option("--port"))), Handler).serve_forever()
'''


def constant(**figures):
    return lambda: dict(figures)


class StandIn(unittest.TestCase):
    """Each test has a folder with an executable `retort` and a model."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "stand_in.py").write_text(STAND_IN)
        self.retort = self.program("retort", 40)
        self.model = self.folder / "a model.gguf"
        self.model.write_bytes(b"GGUF")

    def program(self, name, speed):
        path = self.folder / name
        words = [sys.executable, str(self.folder / "stand_in.py"), str(speed)]
        path.write_text(f"#!/bin/sh\nexec {shlex.join(words)} \"$@\"\n")
        path.chmod(0o755)
        return str(path)

    def run_script(self, script, *arguments):
        words = [script.__name__, "--retort", self.retort, "--model", str(self.model), *arguments]
        out, err = io.StringIO(), io.StringIO()
        with mock.patch.object(sys, "argv", words), contextlib.redirect_stdout(out), \
                contextlib.redirect_stderr(err):
            code = script.main()
        return code, out.getvalue(), err.getvalue()


class PeerOutput(unittest.TestCase):
    def test_reads_what_llama_bench_prints(self):
        self.assertEqual(peer_output.tokens_per_s("llama-bench", "loading\n" + LLAMA_BENCH),
                         376.147)
        line = json.dumps(json.loads(LLAMA_BENCH)[0])
        self.assertEqual(peer_output.tokens_per_s("llama-bench", line + "\n"), 376.147)

    def test_reads_what_batched_bench_prints(self):
        self.assertEqual(peer_output.tokens_per_s("batched-bench", BATCHED_JSONL), 113.2)
        self.assertEqual(peer_output.tokens_per_s("batched-bench", BATCHED_TABLE), 115.99)

    def test_reads_any_program_by_a_pattern(self):
        output = "prompt: 3 t/s\neval: 1,234.5 t/s\n"
        self.assertEqual(peer_output.tokens_per_s(r"pattern:([\d.,]+) t/s", output), 1234.5)

    def test_refuses_two_figures_where_one_is_meant(self):
        with self.assertRaisesRegex(BenchError, "printed 2"):
            peer_output.tokens_per_s("batched-bench", BATCHED_JSONL * 2)

    def test_refuses_output_without_a_figure(self):
        for form in ("llama-bench", "batched-bench", "pattern:(x)", "pattern:x(", "other"):
            with self.subTest(form), self.assertRaises(BenchError):
                peer_output.tokens_per_s(form, "error: no such model\n")


class Pairs(unittest.TestCase):
    QUIET, DISTURBED = Limits(4e10, 2e12), Limits(4e10, 1.6e12)

    def test_pairs_beside_a_disturbed_check_are_thrown_out(self):
        checks = iter([self.QUIET] * 3 + [self.DISTURBED] + [self.QUIET] * 5)
        with contextlib.redirect_stderr(io.StringIO()):
            result = interleave(Side("a", constant(x=2.0)), Side("b", constant(x=1.0)),
                                lambda: next(checks), Plan(3, 8, 0.15))
        self.assertEqual((len(result.pairs), result.thrown_out), (3, 1))
        self.assertEqual(result.limits, self.QUIET)

    def test_only_disturbed_pairs_are_an_error(self):
        checks = iter([self.QUIET] + [self.DISTURBED] * 8)
        with contextlib.redirect_stderr(io.StringIO()), \
                self.assertRaisesRegex(BenchError, "all of 2 pairs"):
            interleave(Side("a", constant(x=2.0)), Side("b", constant(x=1.0)),
                       lambda: next(checks), Plan(1, 2, 0.15))

    def test_ratios_are_taken_pair_by_pair(self):
        pairs = [Pair({"x": ours, "own": 1.0}, {"x": peer}, [self.QUIET])
                 for ours, peer in [(10.0, 5.0), (30.0, 10.0), (8.0, 8.0)]]
        figures = compare(pairs)
        self.assertEqual(figures["x"]["ratio"], {"median": 2.0, "low": 1.0, "high": 3.0})
        self.assertEqual(figures["x"]["ours"]["median"], 10.0)
        self.assertNotIn("peer", figures["own"])
        self.assertEqual(cell(figures["x"]["ratio"]), "2.00 (1.00–3.00)")

    def test_a_figure_that_one_run_lacks_is_left_out(self):
        """As the times of a run whose requests all failed."""
        pairs = [Pair({"x": 1.0, "times": 2.0}, {"x": 1.0, "times": 2.0}, [self.QUIET]),
                 Pair({"x": 1.0}, {"x": 1.0}, [self.QUIET])]
        self.assertEqual(list(compare(pairs)), ["x"])


class Scripts(StandIn):
    def test_engine_peers_compares_what_it_is_given_commands_for(self):
        output = self.folder / "output.json"
        output.write_text(LLAMA_BENCH.replace("376.147000", "20.0"))
        server = shlex.quote(self.program("server", 1)) + " serve --port {port}"
        code, out, err = self.run_script(
            engine_peers, "--pairs", "2",
            "--peer", "decode-1", "llama-bench", f"cat {shlex.quote(str(output))}",
            "--peer", "first-token", "server", server)
        self.assertEqual(code, 0, err)
        measures = json.loads(out.splitlines()[0])["measures"]
        decode = measures["decode-1"]["figures"]
        self.assertEqual(decode["tokens_per_s"]["ratio"]["median"], 2.0)
        self.assertEqual(decode["peak_rss_bytes"]["ours"]["median"], 123456)
        self.assertGreater(measures["first-token"]["figures"]["seconds"]["peer"]["low"], 0)
        self.assertIn("| a model.gguf decode-1 | tokens_per_s | 40.0 (40.0–40.0) | 20.0", out)

    def test_a_peer_that_lost_its_output_is_run_once_more(self):
        count = self.folder / "count"
        peer = self.folder / "peer"
        peer.write_text(f"#!/bin/sh\necho x >>{shlex.quote(str(count))}\n"
                        f"[ $(wc -l <{shlex.quote(str(count))}) = 1 ] || echo '9 t/s'\n")
        peer.chmod(0o755)
        code, out, err = self.run_script(
            engine_peers, "--pairs", "1", "--peer", "prefill", "batched-bench", str(peer))
        self.assertEqual((code, out), (1, ""))
        self.assertEqual(count.read_text(), "x\n" * engine_peers.PEER_TRIES)
        self.assertIn("printed no figure", err)
        count.unlink()
        code, out, err = self.run_script(
            engine_peers, "--pairs", "1", "--peer", "prefill", "pattern:(\\d+) t/s", str(peer))
        self.assertEqual(code, 0, err)

    def test_a_peer_that_hangs_is_ended(self):
        with mock.patch.object(engine_peers, "PEER_TIMEOUT_S", 0.2):
            code, out, err = self.run_script(
                engine_peers, "--pairs", "1", "--peer", "prefill", "llama-bench", "sleep 60")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("sleep did not end within", err)

    def test_serve_peers_drives_both_and_prints_ratios(self):
        command = shlex.quote(self.program("server", 1)) + " serve --port {port}"
        code, out, err = self.run_script(serve_peers, "--pairs", "1", "--peer", command, "--",
                                         "--requests", "4", "--concurrency", "2")
        self.assertEqual(code, 0, err)
        report = json.loads(out.splitlines()[0])
        self.assertEqual(report["load"], ["--requests", "4", "--concurrency", "2"])
        self.assertEqual(report["figures"]["ttft_p50_ms"]["ratio"]["median"], 1.0)
        self.assertNotIn("itl_p50_ms", report["figures"])
        self.assertGreater(report["figures"]["peak_rss_bytes"]["peer"]["median"], 0)

    def test_failed_requests_are_a_figure_and_no_end(self):
        command = shlex.quote(self.program("server", 1)) + " serve --port {port}"
        code, out, err = self.run_script(serve_peers, "--pairs", "1", "--peer", command, "--",
                                         "--requests", "13")
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out.splitlines()[0])["figures"]["errors"]["peer"]["low"], 1)
        self.assertIn("requests failed", err)

    def test_what_cannot_be_measured_is_one_line(self):
        for peer, why in [(["decode-1", "llama-bench", "/nowhere/bench"], "cannot be started"),
                          (["decode-1", "llama-bench", "false"], "ended with 1"),
                          (["first-token", "server", "false"], "ended before it was ready"),
                          (["decode-9", "llama-bench", "true"], "no such measure"),
                          (["first-token", "llama-bench", "true"], "takes the form server")]:
            with self.subTest(why):
                code, out, err = self.run_script(engine_peers, "--peer", *peer)
                self.assertEqual((code, out), (1, ""))
                self.assertIn(why, err.splitlines()[-1])

    def test_a_model_that_is_not_there_is_named(self):
        self.model.unlink()
        code, _, err = self.run_script(serve_peers, "--peer", "true")
        self.assertEqual(code, 1)
        self.assertIn("a model.gguf: No such file", err)


class Server(StandIn):
    def test_the_first_token_is_timed_from_the_start_of_the_process(self):
        port = free_port()
        with ServerProcess([self.retort, "serve", "--port", str(port)], port) as server:
            self.assertGreater(server.first_token_s(), 0)
            self.assertEqual(server.model_id(), "m")
            self.assertGreater(server.peak_rss_bytes(), 1 << 20)
            self.assertGreaterEqual(server.cpu_s(), 0)
        self.assertIsNotNone(server.process.returncode)

    def test_an_event_with_the_role_alone_is_no_token(self):
        self.assertFalse(carries_token(b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n'))
        self.assertFalse(carries_token(b"data: [DONE]\n"))
        self.assertFalse(carries_token(b": keep-alive\n"))
        self.assertTrue(carries_token(b'data: {"choices":[{"delta":{"content":"a"}}]}\n'))
        self.assertTrue(carries_token(
            b'data: {"choices":[{"delta":{},"finish_reason":"length"}]}\n'))


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    outcome = unittest.TextTestRunner().run(suite)
    failed = len({str(test) for test, _ in outcome.failures + outcome.errors})
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)

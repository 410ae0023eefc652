"""Runs libretort_probe against `retort serve` and against a server that is not ours.

fakellm, an OpenAI-compatible server, answers by rules; Hypercorn serves it over HTTP/1.1 and
HTTP/2, with and without certificates; proxy.py is the HTTP proxy. run.sh calls this. The last line
is "N passed, N failed".
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))

from server_process import ServerProcess  # noqa: E402

CALL_SECONDS = 120
START_SECONDS = 120
MODEL = "retort-tiny"
TEXT = "Paris is  fine, thank you."
KEY = "sk-of-the-libretort-tests"
RULES = {"rules": [
    {"name": "slow down", "when": {"messages_contain": "too often"},
     "respond": {"status": 429, "error": "slow down"}},
    {"name": "struct", "when": {"messages_contain": "as a struct"},
     "respond": {"content": '{"city": "Paris"}'}},
    {"name": "after the tool", "when": {"tool_result_contains": "sunny"},
     "respond": {"content": TEXT}},
    {"name": "call", "when": {"tools_include": "get_weather"},
     "respond": {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]}},
    {"name": "text", "respond": {"content": TEXT}},
]}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def await_port(port):
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.05)


class Process:
    """A program that listens on `port`; ready once it has printed `greeting`."""

    def __init__(self, command, greeting, environment=None):
        self.lines = []
        self._ready = threading.Event()
        self._grown = threading.Condition()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, env=os.environ | (environment or {}),
                                        start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(greeting,), daemon=True)
        self._reader.start()
        if not self._ready.wait(START_SECONDS) or self.process.poll() is not None:
            self.close()
            raise RuntimeError(f"{command[0]} did not start:\n" + "".join(self.lines[-20:]))

    def _read(self, greeting):
        for line in self.process.stdout:
            with self._grown:
                self.lines.append(line)
                self._grown.notify_all()
            if greeting in line:
                self._ready.set()
        self._ready.set()

    def await_line(self, end):
        """Returns once a line that ends so was printed, now or before."""
        with self._grown:
            has_come = self._grown.wait_for(
                lambda: any(line.rstrip().endswith(end) for line in self.lines), CALL_SECONDS)
        assert has_come, self.lines

    def close(self):
        # With the workers that it has started.
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def make_certificates(folder):
    """A CA, and below it a certificate of this machine and one of a client."""
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=the tests' CA",
            "-days", "2", "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"),
                            ("client", "extendedKeyUsage=clientAuth")):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
        (folder / f"{name}.ext").write_text(extension + "\n")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem",
                "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", folder / f"{name}.ext", "-out", folder / f"{name}.pem")


class Servers:
    """Every server of the tests, and where it is."""

    def __init__(self, retort, folder):
        self.running = []
        (folder / "rules.yaml").write_text(json.dumps(RULES))  # JSON is YAML
        make_certificates(folder)
        self.environment = {"FAKELLM_CONFIG": str(folder / "rules.yaml"), "PYTHONUNBUFFERED": "1"}
        tls = ["--certfile", folder / "server.pem", "--keyfile", folder / "server.key"]
        try:
            self.ours = self._add(ServerProcess(retort, folder / "retort.log")).url
            self.theirs = self._serve()[1]
            self.tls, self.tls_url = self._serve(*tls)
            self.mutual_url = self._serve(*tls, "--ca-certs", folder / "ca.pem",
                                          "--verify-mode", "CERT_REQUIRED")[1]
            self.proxy, self.proxy_url = self._proxy()
        except BaseException:
            self.close()
            raise

    def _add(self, server):
        self.running.append(server)
        return server

    def _serve(self, *flags):
        port = free_port()
        command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}",
                   "--access-logfile", "-", "--access-logformat", "served HTTP/%(H)s",
                   *map(str, flags), "fakellm.server:app"]
        scheme = "https" if flags else "http"
        server = self._add(Process(command, "Running on", self.environment))
        return server, f"{scheme}://127.0.0.1:{port}"

    def _proxy(self):
        port = free_port()
        command = [sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", str(port),
                   "--num-workers", "1", "--num-acceptors", "1", "--basic-auth", "me:hunter2"]
        server = self._add(Process(command, "AuthPlugin"))
        await_port(port)  # what it prints comes before it listens
        return server, f"http://me:hunter2@127.0.0.1:{port}"

    def close(self):
        for server in self.running:
            server.close()


class Tests:
    def __init__(self, probe, servers, folder):
        self.probe = probe
        self.servers = servers
        self.folder = folder

    def told(self, base_url, call="create", **order):
        order |= {"base_url": base_url, "call": call, "answer": TEXT}
        environment = {name: value for name, value in os.environ.items()
                       if not name.lower().endswith("_proxy")}
        done = subprocess.run([self.probe, json.dumps(order)], text=True, env=environment,
                              stdout=subprocess.PIPE, timeout=CALL_SECONDS, check=True)
        return json.loads(done.stdout)

    def same(self, call, **order):
        ours = self.told(self.servers.ours, call, **order)
        theirs = self.told(self.servers.theirs, call, **order)
        assert ours == theirs, f"\nours   {ours}\ntheirs {theirs}"
        return ours

    # ---- The same typed result from both.

    def test_create_gives_the_same_answer(self):
        told = self.same("create")
        assert told["content"] == TEXT and told["finish_reason"] == "stop", told
        assert told["usage_adds_up"] is True, told

    def test_stream_gives_the_same_answer(self):
        assert self.same("stream")["content"] == TEXT

    def test_events_tell_the_same_text(self):
        assert self.same("events")["content"] == TEXT

    def test_async_gives_the_same_answer(self):
        assert self.same("async") == self.same("create")

    def test_tool_calls_are_the_same(self):
        told = self.same("tools")
        assert told["calls"] == [{"type": "function", "name": "get_weather",
                                  "arguments": {"city": "Paris"}}], told
        assert told["finish_reason"] == "tool_calls", told

    def test_streamed_tool_calls_are_the_same(self):
        assert self.same("tools_stream")["calls"] == self.same("tools")["calls"]

    def test_parsed_values_are_the_same(self):
        assert self.same("parse", prompt="A city, as a struct.")["value"] == {"city": "Paris"}

    def test_tools_are_run_until_the_model_answers(self):
        told = self.told(self.servers.theirs, "run_tools", prompt="Is it sunny in Paris?")
        assert told.get("rounds") == 2 and told["finish_reason"] == "tool_calls", told

    def test_refusals_are_thrown_as_what_they_are(self):
        told = self.told(self.servers.theirs, prompt="You are asked too often.")
        assert (told["thrown"], told["status"]) == ("RateLimitError", 429), told
        assert told["message"] == "slow down", told
        told = self.told(self.servers.ours, model="no-such-model")
        assert (told["thrown"], told["code"]) == ("NotFoundError", "model_not_found"), told

    # ---- Certificates.

    def test_own_ca_is_trusted_and_http2_is_spoken(self):
        told = self.told(self.servers.tls_url, ca_file=str(self.folder / "ca.pem"), api_key=KEY)
        assert told["content"] == TEXT, told
        self.servers.tls.await_line("served HTTP/2")

    def test_stream_over_http2_is_whole(self):
        told = self.told(self.servers.tls_url, "stream", repeat=3,
                         ca_file=str(self.folder / "ca.pem"))
        assert told["content"] == TEXT, told

    def test_http1_is_kept_to_where_asked(self):
        told = self.told(self.servers.tls_url, http1=True, ca_file=str(self.folder / "ca.pem"))
        assert told["content"] == TEXT, told
        self.servers.tls.await_line("served HTTP/1.1")

    def test_unknown_ca_is_refused_with_what_helps(self):
        told = self.told(self.servers.tls_url)
        assert told["thrown"] == "ConnectionError", told
        assert "network.ca_file" in told["message"], told

    def test_certificate_of_another_name_is_refused(self):
        url = self.servers.tls_url.replace("127.0.0.1", "localhost")
        told = self.told(url, ca_file=str(self.folder / "ca.pem"))
        assert told["thrown"] == "ConnectionError", told

    def test_missing_ca_file_is_named(self):
        told = self.told(self.servers.tls_url, ca_file="/no/such/file.pem")
        assert (told["thrown"], told["param"]) == ("Error", "network.ca_file"), told
        assert "/no/such/file.pem" in told["message"], told

    def test_client_certificate_is_shown(self):
        files = {"ca_file": str(self.folder / "ca.pem"),
                 "client_cert": str(self.folder / "client.pem"),
                 "client_key": str(self.folder / "client.key")}
        assert self.told(self.servers.mutual_url, **files)["content"] == TEXT

    def test_missing_client_certificate_ends_the_connection(self):
        told = self.told(self.servers.mutual_url, ca_file=str(self.folder / "ca.pem"))
        assert told["thrown"] == "ConnectionError", told

    def test_unreadable_client_certificate_is_named(self):
        told = self.told(self.servers.mutual_url, ca_file=str(self.folder / "ca.pem"),
                         client_cert=str(self.folder / "rules.yaml"))
        assert (told["thrown"], told["param"]) == ("Error", "network.client_cert"), told

    # ---- The proxy.

    def test_plain_http_goes_through_the_proxy(self):
        told = self.told(self.servers.theirs, proxy=self.servers.proxy_url)
        assert told["content"] == TEXT, told

    def test_tls_goes_through_a_tunnel_of_the_proxy(self):
        told = self.told(self.servers.tls_url, "stream", proxy=self.servers.proxy_url,
                         ca_file=str(self.folder / "ca.pem"), api_key=KEY)
        assert told["content"] == TEXT, told

    def test_key_over_plain_http_through_a_proxy_is_refused(self):
        told = self.told(self.servers.theirs, proxy=self.servers.proxy_url, api_key=KEY)
        assert (told["thrown"], told["param"]) == ("Error", "api_key_over_http"), told
        assert KEY not in json.dumps(told), told

    def test_proxy_that_refuses_is_an_error_without_its_password(self):
        wrong = self.servers.proxy_url.replace("hunter2", "wrong-one")
        for url, files in ((self.servers.theirs, {}),
                           (self.servers.tls_url, {"ca_file": str(self.folder / "ca.pem")})):
            told = self.told(url, proxy=wrong, **files)
            assert "thrown" in told and "wrong-one" not in json.dumps(told), told


def run(tests):
    failed = 0
    names = [name for name in dir(tests) if name.startswith("test_")]
    for name in names:
        try:
            getattr(tests, name)()
        except Exception as error:  # each test is told, whatever it died of
            failed += 1
            print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    retort, probe = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="retort-libretort-") as name:
        folder = pathlib.Path(name)
        servers = Servers(retort, folder)
        try:
            return run(Tests(probe, servers, folder))
        finally:
            servers.close()


if __name__ == "__main__":
    sys.exit(main())

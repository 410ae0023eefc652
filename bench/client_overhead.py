#!/usr/bin/env python3
"""What a client costs beside the network: processor time a streamed event, and a call.

    bench/client_overhead.py BUILD [--node FOLDER] [--events N] [--calls N] [--rounds N]

BUILD holds client_overhead_curl and client_overhead_retort, FOLDER a node_modules with `openai`.
Each client talks to the same server here, which sends each event by itself and waits a moment in
between, as a server of tokens does, so that every event is a read of its own. Processor time of the
client's process (user and system) is what counts: it does not depend on what else the machine does
as much as the clock on the wall. Rounds alternate between the clients; the median stands.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
REQUEST = re.compile(rb"^POST /(\d+)/v1/chat/completions ")
CALL_SECONDS = 600
ANSWER = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello to you, too."},
                 "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 6, "total_tokens": 15}}).encode()


def event(delta, reason=None):
    data = json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]})
    return chunk(b"data: " + data.encode() + b"\n\n")


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Server:
    """Answers with as many events as the path says, or with one whole answer."""

    def __init__(self, pause):
        self._pause = pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
            while len(data) < length:
                data += connection.recv(65536)
            body, data = data[:length], data[length:]
            if b'"stream":true' in body.replace(b" ", b""):
                self._stream(connection, int(REQUEST.match(head).group(1)))
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                                   b"content-length: %d\r\n\r\n" % len(ANSWER) + ANSWER)

    def _stream(self, connection, events):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
                           b"transfer-encoding: chunked\r\n\r\n")
        piece = event({"content": " token"})
        for _ in range(events - 1):
            connection.sendall(piece)
            time.sleep(self._pause)
        connection.sendall(event({}, "stop"))
        connection.sendall(chunk(b"data: [DONE]\n\n"))
        connection.sendall(b"0\r\n\r\n")


def clients(build, node):
    found = {"libcurl": [str(build / "client_overhead_curl")],
             "libretort": [str(build / "client_overhead_retort")]}
    if node:
        # A module finds its packages from where it lies.
        folder = pathlib.Path(tempfile.mkdtemp(prefix="retort-bench-"))
        os.symlink(node / "node_modules", folder / "node_modules")
        shutil.copy(HERE / "client_overhead_openai.mjs", folder)
        found["openai (Node)"] = ["node", str(folder / "client_overhead_openai.mjs")]
    return found


def measured(command, url, kind, count):
    environment = {name: value for name, value in os.environ.items()
                   if not name.lower().endswith("_proxy")}
    done = subprocess.run([*command, url, kind, str(count)], text=True, env=environment,
                          stdout=subprocess.PIPE, timeout=CALL_SECONDS, check=True)
    told = json.loads(done.stdout)
    if told["count"] != count:
        sys.exit(f"{command[-1]} counted {told['count']} of {count}")
    return told["cpu_us"] / count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--node", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=5000)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pause-us", type=int, default=200)
    options = parser.parse_args()
    server = Server(options.pause_us / 1e6)
    figures = {}
    found = clients(options.build, options.node)
    for _ in range(options.rounds):
        for name, command in found.items():
            for kind, count in (("stream", options.events), ("call", options.calls)):
                figures.setdefault((name, kind), []).append(
                    measured(command, server.url, kind, count))
    print("| client | µs an event | beside libcurl | µs a call | beside libcurl |")
    print("| --- | --- | --- | --- | --- |")
    for name in found:
        cells = []
        for kind in ("stream", "call"):
            median = statistics.median(figures[name, kind])
            floor = statistics.median(figures["libcurl", kind])
            cells.append(f"{median:.1f} | {median / floor:.2f}")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()

"""A server of chat completions that answers rightly or wrongly, as the model's name says.

A request for one token is always answered well: `retort load` begins with two of them. Each way is
a function of WAYS, which writes the bytes of the answer to a longer one as it likes.
"""

import http.server
import json
import socket
import struct
import threading
import time

PROMPT_TOKENS_AROUND = 10  # a message
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
FIRST_TOKEN_S, TOKEN_S = 0.06, 0.02  # of the ways "paced" and "single"
TRICKLE_S = 0.05


def event(chunk):
    return b"data: " + (chunk if isinstance(chunk, bytes) else json.dumps(chunk).encode()) + b"\n\n"


def token(text):
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
                  "usage": None})


ROLE = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]})
END = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]})
DONE = event(b"[DONE]")


def usage(request, completion_tokens):
    words = sum(len(message["content"].split()) for message in request["messages"])
    prompt = words + PROMPT_TOKENS_AROUND * len(request["messages"])
    return event({"choices": [], "usage": {"prompt_tokens": prompt,
                                           "completion_tokens": completion_tokens}})


def events(request):
    """What a good answer is made of."""
    count = request["max_tokens"]
    return [ROLE, *[token("x")] * count, END, usage(request, count), DONE]


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunked(pieces):
    return b"".join(chunk(piece) for piece in pieces) + b"0\r\n\r\n"


# Good answers, each framed or written in another way that the formats allow.

def good(out, request):
    out.write(CHUNKED + chunked(events(request)))


def good_by_length(out, request):
    body = b"".join(events(request))
    out.write(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def good_until_close(out, request):
    out.write(b"HTTP/1.0 200 OK\r\n\r\n" + b"".join(events(request)))
    out.close()


def good_then_closed(out, request):
    """The connection is said to stay, and does not."""
    good(out, request)
    out.close()


def good_byte_by_byte(out, request):
    for byte in CHUNKED + chunked(events(request)):
        out.write(bytes([byte]))


def good_after_hints(out, request):
    out.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    good(out, request)


def good_with_comments(out, request):
    pieces = [b"\xef\xbb\xbf: hello\r\n\r\n"]
    for piece in events(request):
        pieces += [piece.replace(b"\n", b"\r\n"), b": still here\r\nretry: 10\r\n\r\n"]
    out.write(CHUNKED + chunked(pieces))


def paced(out, request):
    """A token at a time, at the pace that the constants say."""
    out.write(CHUNKED + chunk(ROLE))
    time.sleep(FIRST_TOKEN_S)
    for number in range(request["max_tokens"]):
        if number > 0:
            time.sleep(TOKEN_S)
        out.write(chunk(token("x")))
    out.write(chunked([END, usage(request, request["max_tokens"]), DONE]))


ONE_AT_A_TIME = threading.Lock()


def single(out, request):
    """As a server that has room for one."""
    with ONE_AT_A_TIME:
        paced(out, request)


# Wrong answers.

def cut(out, request):
    out.write(CHUNKED + chunk(ROLE) + chunk(token("x")))
    out.close()


def cut_in_a_chunk(out, request):
    out.write(CHUNKED + chunk(ROLE) + b"ffff\r\n" + token("x"))
    out.close()


def reset(out, request):
    out.write(CHUNKED + chunk(ROLE) + chunk(token("x")))
    out.reset()


def half_closed(out, request):
    """No more is sent, but the connection stays."""
    out.write(CHUNKED + chunk(ROLE))
    out.close_half()


def half_closed_unframed(out, request):
    out.write(OK + b"\r\n" + ROLE + token("x"))
    out.close_half()


def bad_chunk_size(out, request):
    out.write(CHUNKED + chunk(ROLE) + b"zz\r\n" + token("x"))


def bad_chunk_end(out, request):
    out.write(CHUNKED + b"3\r\nabcdef\r\n")


def endless_chunk_extension(out, request):
    out.write(CHUNKED + b"1;" + b"x" * 100_000)


def two_framings(out, request):
    out.write(OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked([b"hello"]))


def huge_header(out, request):
    out.write(OK + b"X: " + b"x" * 1_000_000 + b"\r\n\r\n")


def many_headers(out, request):
    out.write(OK + b"X: y\r\n" * 10_000 + b"\r\n")


def not_http(out, request):
    out.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


def nothing(out, request):
    out.close()


def silent(out, request):
    out.wait()


def slow_head(out, request):
    out.write(OK)
    out.trickle(b"x-slow: y\r\n")


def slow_body(out, request):
    out.write(CHUNKED)
    out.trickle(chunk(b":"))


def endless_event(out, request):
    out.write(OK + b"\r\ndata: ")
    for _ in range(32):
        out.write(b"x" * 65_536)


def refusal(out, request):
    body = b'{"error":{"message":"no room\\nfor you","type":"overloaded_error","code":null}}'
    out.write(b"HTTP/1.1 503 Busy\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def endless_refusal(out, request):
    out.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n")
    for _ in range(1_000):
        out.write(b"<p>" * 1_000)


def redirect(out, request):
    out.write(b"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")


def stream_error(out, request):
    out.write(CHUNKED + chunked([ROLE, event({"error": {"message": "out of memory"}}), DONE]))


def no_done(out, request):
    out.write(CHUNKED + chunked(events(request)[:-1]))


def no_usage(out, request):
    out.write(CHUNKED + chunked([*events(request)[:-2], DONE]))


def no_token(out, request):
    out.write(CHUNKED + chunked([ROLE, usage(request, request["max_tokens"]), DONE]))


def too_short(out, request):
    out.write(CHUNKED + chunked([ROLE, token("x"), END, usage(request, 1), DONE]))


def more_after_done(out, request):
    out.write(CHUNKED + chunked([*events(request), token("x")]))


def no_json(out, request):
    out.write(CHUNKED + chunked([ROLE, event(b"{'x'"), DONE]))


def no_stream(out, request):
    body = b'{"choices":[{"message":{"role":"assistant","content":"x"}}]}'
    out.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


WAYS = {name: way for name, way in list(globals().items())
        if callable(way) and getattr(way, "__code__", None) is not None
        and way.__code__.co_varnames[:2] == ("out", "request")}


class Out:
    """The connection that an answer is written to; a client that has left is no error."""

    def __init__(self, handler):
        self.handler, self.socket = handler, handler.connection

    def write(self, data):
        self.handler.close_connection = self.handler.close_connection or not self._send(data)

    def _send(self, data):
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def close(self):
        self.handler.close_connection = True

    def close_half(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.wait()

    def reset(self):
        """Closing sends RST in place of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.handler.close_connection = True

    def wait(self):
        """Until the client leaves."""
        try:
            while self.socket.recv(4096):
                pass
        except OSError:
            pass
        self.handler.close_connection = True

    def trickle(self, data):
        """Again and again, until the client leaves."""
        while self._send(data):
            time.sleep(TRICKLE_S)
        self.handler.close_connection = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass  # a connection that its way has reset

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.note(self, request)
        way = WAYS[request["model"]] if request["max_tokens"] > 1 else good
        way(Out(self), request)


class ChatServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.requests = []  # (path, headers, body), in the order they came
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def note(self, handler, request):
        handler.headers["X-Port"] = str(handler.client_address[1])
        with self.lock:
            self.requests.append((handler.path, handler.headers, request))

    def handle_error(self, request, client_address):
        pass  # clients that leave in the middle are what some tests are about

    def close(self):
        self.shutdown()
        self.server_close()

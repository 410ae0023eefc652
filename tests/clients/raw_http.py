"""HTTP/1.1 by hand: what a client library hides, such as how the body was cut into chunks."""

import dataclasses
import json
import socket
import urllib.parse

TIMEOUT_SECONDS = 120


@dataclasses.dataclass
class Reply:
    status: int
    headers: dict  # names in lower case
    chunks: list   # of a chunked body, each as it was framed; else the body as one

    @property
    def body(self):
        return b"".join(self.chunks)

    def json(self):
        return json.loads(self.body)

    def events(self):
        """The data of each server-sent event, with [DONE] as it is and all others parsed."""
        blocks = self.body.decode("utf-8").split("\n\n")
        assert blocks[-1] == "", "the stream does not end with an empty line"
        datas = [block.removeprefix("data: ") for block in blocks[:-1] if block[:1] != ":"]
        return [data if data == "[DONE]" else json.loads(data) for data in datas]


class Connection:
    """One connection; close() without reading on is how a client vanishes."""

    def __init__(self, url):
        address = urllib.parse.urlsplit(url)
        self._host = address.netloc
        self._socket = socket.create_connection((address.hostname, address.port), TIMEOUT_SECONDS)
        self._input = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._input.close()
        self._socket.close()

    def send(self, method, path, body=None, headers=None):
        fields = {"Host": self._host}
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        fields |= headers or {}
        lines = [f"{method} {path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b""))

    def read_head(self):
        status = int(self._read_line().split(" ")[1])
        headers = {}
        while line := self._read_line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Reply(status, headers, [])

    def read_chunk(self):
        """The next chunk's bytes; empty at the end of the body."""
        size = int(self._read_line().split(";")[0], 16)
        data = self._input.read(size)
        assert len(data) == size and self._read_line() == "", "a chunk is cut off"
        return data

    def read_reply(self):
        reply = self.read_head()
        if reply.headers.get("transfer-encoding") == "chunked":
            while chunk := self.read_chunk():
                reply.chunks.append(chunk)
        else:
            reply.chunks.append(self._input.read(int(reply.headers.get("content-length", 0))))
        return reply

    def ended(self):
        """Whether the server has closed its side."""
        return self._input.read(1) == b""

    def _read_line(self):
        line = self._input.readline()
        assert line.endswith(b"\r\n"), f"the connection ended within a line: {line!r}"
        return line[:-2].decode("latin-1")


def ask(url, method, path, body=None, headers=None):
    with Connection(url) as connection:
        connection.send(method, path, body, headers)
        return connection.read_reply()


def post(url, body, headers=None, path="/v1/chat/completions"):
    return ask(url, "POST", path, body, headers)


def metric(url, name, labels=""):
    """The sum of a metric's series whose labels contain `labels`; 0 where there is none."""
    total = 0.0
    for line in ask(url, "GET", "/metrics").body.decode().splitlines():
        series, _, value = line.rpartition(" ")
        if series.partition("{")[0] == name and labels in series:
            total += float(value)
    return total

"""A hub of models on this machine, for the tests: the part of Hugging Face's that pulling needs.

A repository is a dict of paths and bytes. The hub answers what it lists, and for large files
redirects to the storage, a second server on a port of its own, as the real one does. Both can
misbehave on request (Faults), and both write down what they were asked. huggingface_hub itself
downloads from it (run_hub.py), which is what says that it is like the real one.
"""

import dataclasses
import hashlib
import http.server
import json
import threading
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".gguf", ".safetensors")
TOKEN = "hf_secretOfTheTests"


@dataclasses.dataclass
class Faults:
    """What goes wrong. A number of bytes is where; a `_times` is how often."""
    cut_after: int = 0  # the storage cuts the connection behind so many bytes
    cut_times: int = 0
    ignore_range: bool = False  # the storage always starts at the beginning
    flip: bool = False  # one byte of every large file is wrong
    status: int = 0  # the hub's answer to everything
    error_code: str = ""
    private: bool = False  # 401 without the token
    linked_etag: str = ""  # another than the listed checksum
    redirect: str = ""  # where the hub redirects to instead of the storage
    listing: bytes = b""  # instead of the true one
    gate: threading.Event | None = None  # the storage waits for it in the middle of a file
    at_gate: threading.Event = dataclasses.field(default_factory=threading.Event)


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Nothing: the requests are kept in `asked`."""

    def send(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()


class StorageHandler(Handler):
    """Bytes by the path /OWNER/REPO/FILE, with ranges."""

    def do_GET(self):
        hub = self.server.hub
        hub.asked_storage.append((self.path, dict(self.headers)))
        parts = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)[1:].split("/", 2)
        data = hub.repos["/".join(parts[:2])][parts[2]]
        if hub.faults.flip:
            data = data[:-1] + bytes([data[-1] ^ 1])
        begin = 0
        headers = [("Accept-Ranges", "bytes"), ("ETag", '"storage"')]
        wanted = self.headers.get("Range")
        if wanted and not hub.faults.ignore_range:
            begin = int(wanted.removeprefix("bytes=").split("-")[0])
            headers.append(("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}"))
        self.send_response(206 if begin else 200)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        if self.command != "HEAD":
            self.send_body(data[begin:], hub.faults)

    def send_body(self, data, faults):
        if faults.cut_times > 0:
            faults.cut_times -= 1
            self.wfile.write(data[:faults.cut_after])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        if faults.gate is not None:
            half = len(data) // 2
            self.wfile.write(data[:half])
            self.wfile.flush()
            faults.at_gate.set()
            faults.gate.wait(60)
            data = data[half:]
        self.wfile.write(data)


class HubHandler(Handler):
    def do_GET(self):
        hub = self.server.hub
        hub.asked.append((self.path, dict(self.headers)))
        url = urllib.parse.urlsplit(self.path)
        faults = hub.faults
        if faults.status:
            self.send(faults.status, b'{"error":"no"}', [("X-Error-Code", faults.error_code)])
        elif faults.private and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.send(401, b'{"error":"no"}', [("X-Error-Code", "RepoNotFound")])
        elif url.path.startswith("/api/models/"):
            self.api(hub, url.path.removeprefix("/api/models/").split("/"))
        else:
            self.resolve(hub, urllib.parse.unquote(url.path)[1:].split("/", 4))

    def api(self, hub, parts):
        """/api/models/OWNER/REPO[/revision/REVISION | /tree/REVISION]"""
        name = "/".join(parts[:2])
        if name not in hub.repos:
            self.send(404, b'{"error":"no"}', [("X-Error-Code", "RepoNotFound")])
        elif hub.faults.listing:
            self.send(200, hub.faults.listing, [("Content-Type", "application/json")])
        else:
            answer = hub.tree(name) if parts[2:3] == ["tree"] else hub.info(name)
            self.send(200, json.dumps(answer).encode(), [("Content-Type", "application/json")])

    def resolve(self, hub, parts):
        """/OWNER/REPO/resolve/REVISION/FILE"""
        data = hub.repos.get("/".join(parts[:2]), {}).get(parts[4] if len(parts) == 5 else "")
        if data is None or parts[2] != "resolve":
            self.send(404, b"", [("X-Error-Code", "EntryNotFound")])
        elif not parts[4].endswith(LARGE):
            self.send(200, data, [("ETag", f'"{git_blob(data)}"'), ("X-Repo-Commit", COMMIT)])
        else:
            path = urllib.parse.quote("/".join([*parts[:2], parts[4]]))
            etag = hub.faults.linked_etag or hashlib.sha256(data).hexdigest()
            self.send(302, b"Found. Redirecting", [
                ("Location", hub.faults.redirect or f"{hub.storage_url}/{path}?signature=s3cret"),
                ("X-Linked-Etag", f'"{etag}"'), ("X-Linked-Size", str(len(data))),
                ("X-Repo-Commit", COMMIT)])


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Nothing: a client that leaves in the middle is what some tests are about."""


class Hub:
    """The two servers, until close(). `url` is the hub's address."""

    def __init__(self, repos):
        self.repos = repos
        self.faults = Faults()
        self.asked = []  # (path, headers)
        self.asked_storage = []
        self._servers = []
        self.storage_url = self._serve(StorageHandler)
        self.url = self._serve(HubHandler)

    def _serve(self, handler):
        server = Server(("127.0.0.1", 0), handler)
        server.hub = self
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        self._servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def close(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def info(self, name):
        siblings = []
        for path, data in self.repos[name].items():
            sibling = {"rfilename": path, "size": len(data), "blobId": git_blob(data)}
            if path.endswith(LARGE):
                sibling["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data),
                                  "pointerSize": 134}
            siblings.append(sibling)
        return {"_id": "6500000000000000000000aa", "id": name, "modelId": name, "private": False,
                "sha": COMMIT, "tags": ["gguf"], "downloads": 1, "likes": 0,
                "createdAt": "2026-01-02T03:04:05.000Z", "siblings": siblings}

    def tree(self, name):
        entries = []
        for sibling in self.info(name)["siblings"]:
            entry = {"type": "file", "path": sibling["rfilename"], "size": sibling["size"],
                     "oid": sibling["blobId"]}
            if "lfs" in sibling:
                entry["lfs"] = {"oid": sibling["lfs"]["sha256"], "size": sibling["size"],
                                "pointerSize": 134}
            entries.append(entry)
        return entries

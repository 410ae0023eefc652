"""A server of chat completions under measurement: started, asked over loopback, stopped.

Every server is driven alike, by what they all have: `/health`, `/v1/models` and streamed chat
completions. Part of engine_peers.py and serve_peers.py.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from paired_runs import BenchError, last_line

READY_TIMEOUT_S = 300
STOP_TIMEOUT_S = 30
POLL_S = 0.005
FIRST_TOKEN_REQUEST = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1,
                       "temperature": 0, "stream": True}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    """Runs from `with` to its end. Its output goes to a file that an error quotes."""

    def __init__(self, command: list[str], port: int) -> None:
        self.command, self.port = command, port

    def __enter__(self) -> ServerProcess:
        self.log = tempfile.TemporaryFile()
        self.began = time.monotonic()
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log,
                                            stderr=subprocess.STDOUT)
        except OSError as error:
            self.log.close()
            raise BenchError(f"{self.command[0]} cannot be started: {error.strerror}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> None:
        """Until `/health` answers 200, which it does not while a model is loading."""
        while time.monotonic() - self.began < READY_TIMEOUT_S:
            if self.process.poll() is not None:
                self.log.seek(0)
                why = last_line(self.log.read().decode("utf-8", "replace"))
                raise BenchError(f"{self.command[0]} ended before it was ready: {why}")
            try:
                if self._get("/health")[0] == 200:
                    return
            except OSError:
                pass  # it does not listen yet
            time.sleep(POLL_S)
        raise BenchError(f"{self.command[0]} was not ready after {READY_TIMEOUT_S} s")

    def model_id(self) -> str:
        status, body = self._get("/v1/models")
        try:
            return str(json.loads(body)["data"][0]["id"])
        except (ValueError, KeyError, IndexError, TypeError):
            raise BenchError(f"{self.command[0]} answered /v1/models with {status} and no model"
                             ) from None

    def first_token_s(self) -> float:
        """Seconds from the start of the process to the first token of its first answer."""
        self.wait_until_ready()
        body = json.dumps({"model": self.model_id(), **FIRST_TOKEN_REQUEST})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_TIMEOUT_S)
        try:
            connection.request("POST", "/v1/chat/completions", body,
                               {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status != 200:
                raise BenchError(f"{self.command[0]} answered a chat with {response.status}: "
                                 f"{last_line(response.read().decode('utf-8', 'replace'))[:200]}")
            for line in response:
                if carries_token(line):
                    return time.monotonic() - self.began
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise BenchError(f"{self.command[0]} broke off an answer: {error!r}") from None
        finally:
            connection.close()
        raise BenchError(f"{self.command[0]} ended a stream without a token")

    def peak_rss_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise BenchError(f"/proc/{self.process.pid}/status names no peak of memory")
        return int(found.group(1)) * 1024

    def cpu_s(self) -> float:
        """Processor seconds so far, in user and kernel mode (fields 14 and 15 of proc(5) stat)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii", errors="replace")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from None
        finally:
            connection.close()


def carries_token(line: bytes) -> bool:
    """Whether a line of a stream has text, or says that generating has ended.

    A first event that names the role alone is sent before anything is computed.
    """
    if not line.startswith(b"data:") or line[5:].strip() == b"[DONE]":
        return False
    event: Any = json.loads(line[5:])
    choices = event.get("choices") or []
    return any(choice.get("finish_reason") or any(
        choice.get("delta", {}).get(key) for key in ("content", "reasoning_content"))
               for choice in choices)

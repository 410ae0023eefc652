"""Starts `retort serve` for the tests on any free port, and ends it as an operator would.

The server is known to be up by the line it prints once it listens; nothing here waits by sleeping.
"""

import os
import pathlib
import signal
import subprocess
import tempfile
import threading

START_SECONDS = 120  # a sanitizer build on a busy machine included
STOP_SECONDS = 60
MODEL = "meta-llama/Llama-3.3-70B-Instruct"
DIGITALOCEAN_MODEL = "llama3-8b-instruct"
BUNDLED_MODEL = "retort-tiny"


class ServerProcess:
    """A running server. `url` ends without a slash; `key` is what clients must send, or empty."""

    def __init__(self, binary, log_path, key=""):
        self.key = key
        self._folder = tempfile.TemporaryDirectory(prefix="retort-clients-")
        port_file = pathlib.Path(self._folder.name) / "port"
        command = [str(binary), "serve", "--port", "0", "--port-file", str(port_file),
                   "--alias", f"{MODEL}={BUNDLED_MODEL}",
                   "--alias", f"{DIGITALOCEAN_MODEL}={BUNDLED_MODEL}"]
        if key:
            command += ["--api-key", key]
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("RETORT_")}
        environment["XDG_DATA_HOME"] = self._folder.name  # what it stores goes with it
        self._log = open(log_path, "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log,
                                        env=environment)
        self._await_greeting(log_path)
        self.port = int(port_file.read_text().strip())
        self.url = f"http://127.0.0.1:{self.port}"
        # What it prints later must not fill the pipe.
        self._drain = threading.Thread(target=self.process.stdout.read, daemon=True)
        self._drain.start()

    def _await_greeting(self, log_path):
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                if b"listening on" in line:
                    return
        finally:
            watchdog.cancel()
        code = self.process.wait()
        log = pathlib.Path(log_path).read_text("utf-8", "replace")
        raise RuntimeError(f"the server ended with {code} before it listened:\n{log[-2000:]}")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        """The exit code; 0 when it has drained."""
        try:
            return self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._drain.join()
        self.process.stdout.close()
        self._log.close()
        self._folder.cleanup()

#!/usr/bin/env python3
"""`retort pull`, `retort models` and --model hf:... against a hub that this program serves.

tests/hub/run_hub.py RETORT runs them all and ends with "N passed, N failed[, N skipped]".
"""

import hashlib
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

from hub_server import COMMIT, TOKEN, Faults, Hub

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TINY = (ROOT / "models/retort-tiny/retort-tiny.gguf").read_bytes()
GIVE_UP_SECONDS = 120
BINARY = ""


def noise(count, seed):
    """So many bytes that do not repeat."""
    blocks = (hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(count // 32 + 1))
    return b"".join(blocks)[:count]


def repositories():
    quants = {f"tiny-{quant}.gguf": noise(300_000, number)
              for number, quant in enumerate(["Q2_K", "Q4_K_M", "Q8_0", "F16"])}
    parts = {f"big/big-Q8_0-0000{i}-of-00003.gguf": noise(50_000 + i, i) for i in (1, 2, 3)}
    folder = {"config.json": b'{"model_type":"llama"}', "tokenizer.json": b"{}",
              "model.safetensors.index.json": b'{"weight_map":{}}', "README.md": b"# no",
              "model-00001-of-00002.safetensors": noise(40_000, 7),
              "model-00002-of-00002.safetensors": noise(40_001, 8),
              "pytorch_model.bin": b"never fetched"}
    return {"some/quants": {"README.md": b"# hello", "mmproj-F16.gguf": b"eyes", **quants},
            "some/parts": parts, "some/folder": folder,
            "some/broken-parts": {"x-00001-of-00002.gguf": b"one"},
            "some/tiny": {"retort-tiny-F16.gguf": TINY}, "some/docs": {"README.md": b"#"}}


class HubTest(unittest.TestCase):
    def setUp(self):
        self.hub = Hub(repositories())
        self.addCleanup(self.hub.close)
        folder = tempfile.TemporaryDirectory(prefix="retort-hub-")
        self.addCleanup(folder.cleanup)
        self.data = pathlib.Path(folder.name)

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("RETORT_", "HF_")) and "proxy" not in name.lower()}
        return {**kept, "HF_ENDPOINT": self.hub.url, "RETORT_DATA_DIR": str(self.data), **more}

    def retort(self, *arguments, stdin=b"", limits=None, **variables):
        return subprocess.run([BINARY, *arguments], input=stdin, capture_output=True,
                              env=self.environment(**variables), timeout=GIVE_UP_SECONDS,
                              preexec_fn=limits)

    def pull(self, name, *arguments, **variables):
        return self.retort("pull", name, "--retries", "0", *arguments, **variables)

    def refused(self, done, *words):
        """It failed with one line that holds `words`, and without the secrets."""
        message = done.stderr.decode()
        self.assertEqual(done.returncode, 1, message)
        for word in words:
            self.assertIn(word, message)
        self.assertNotIn(TOKEN, message)
        self.assertNotIn("s3cret", message)
        self.assertEqual(message.splitlines()[-1][:8], "retort: ")
        self.assertEqual(done.stdout, b"")

    def fetched(self, done, name, path):
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        place = self.data / "models" / name / path
        self.assertEqual(place.read_bytes(), self.hub.repos[name][path])
        return place

    def partials(self):
        return list(self.data.glob("models/**/*.partial"))

    # What is chosen.

    def test_the_preferred_quant_is_pulled_and_named(self):
        done = self.pull("some/quants")
        place = self.fetched(done, "some/quants", "tiny-Q4_K_M.gguf")
        self.assertEqual(done.stdout.decode(), f"{place}\n")
        self.assertIn("some/quants: takes Q4_K_M", done.stderr.decode())
        self.assertEqual(len(self.hub.asked_storage), 1)

    def test_a_quant_is_found_in_any_case_and_a_file_by_its_name(self):
        self.fetched(self.pull("some/quants:q8_0"), "some/quants", "tiny-Q8_0.gguf")
        self.fetched(self.pull("some/quants:tiny-F16.gguf"), "some/quants", "tiny-F16.gguf")
        self.refused(self.pull("some/quants:Q5_K_M"), "no 'Q5_K_M'", "Q2_K, Q4_K_M, Q8_0")

    def test_a_model_in_parts_is_pulled_whole(self):
        done = self.pull("some/parts:Q8_0")
        for part in self.hub.repos["some/parts"]:
            self.fetched(done, "some/parts", part)
        self.assertTrue(done.stdout.decode().strip().endswith("big-Q8_0-00001-of-00003.gguf"))
        self.refused(self.pull("some/broken-parts"), "lacks part 2 of 2")

    def test_a_folder_is_pulled_with_all_it_needs_and_nothing_else(self):
        done = self.pull("some/folder")
        folder = self.data / "models/some/folder"
        self.assertEqual(done.stdout.decode(), f"{folder}\n")
        there = {path.name for path in folder.iterdir() if path.is_file()}
        self.assertEqual(there, set(self.hub.repos["some/folder"]) - {"README.md",
                                                                     "pytorch_model.bin"})

    def test_a_repository_without_a_model_says_so(self):
        self.refused(self.pull("some/docs"), "no model that Retort reads")

    def test_a_bad_name_is_wrong_usage(self):
        for name in ("x", "a/../b", "a/b:../c", "/b", "a/", "a/b:"):
            self.assertEqual(self.pull(name).returncode, 2, name)
        self.assertEqual(self.hub.asked, [])

    # What is fetched again and what is not.

    def test_what_is_there_is_not_fetched_again(self):
        self.pull("some/quants")
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")
        self.assertEqual(len(self.hub.asked_storage), 1)

    def test_a_newer_version_takes_the_place_of_the_older(self):
        self.pull("some/quants")
        self.hub.repos["some/quants"]["tiny-Q4_K_M.gguf"] = noise(300_000, 99)
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")
        self.assertEqual(len(self.hub.asked_storage), 2)

    def test_a_cut_pull_goes_on_where_it_stopped(self):
        self.hub.faults = Faults(cut_after=100_000, cut_times=1)
        self.refused(self.pull("some/quants"), "tiny-Q4_K_M.gguf", "the connection was cut")
        there = self.partials()[0].stat().st_size
        self.assertEqual(there, 100_000)
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")
        self.assertEqual(self.hub.asked_storage[-1][1]["Range"], f"bytes={there}-")
        self.assertEqual(self.partials(), [])

    def test_a_cut_connection_is_tried_again_by_itself(self):
        self.hub.faults = Faults(cut_after=1_000, cut_times=1)
        done = self.retort("pull", "some/quants")
        self.fetched(done, "some/quants", "tiny-Q4_K_M.gguf")
        self.assertIn("trying again in 1 s", done.stderr.decode())

    def test_a_hub_without_ranges_starts_again(self):
        self.hub.faults = Faults(cut_after=100_000, cut_times=1, ignore_range=True)
        self.pull("some/quants")
        done = self.pull("some/quants")
        self.fetched(done, "some/quants", "tiny-Q4_K_M.gguf")
        self.assertIn("from the beginning", done.stderr.decode())

    def test_another_version_is_not_continued_with(self):
        self.hub.faults = Faults(cut_after=100_000, cut_times=1)
        self.pull("some/quants")
        self.hub.repos["some/quants"]["tiny-Q4_K_M.gguf"] = noise(300_000, 99)
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")
        self.assertNotIn("Range", self.hub.asked_storage[-1][1])
        self.assertEqual(self.partials(), [])

    # What must not be believed.

    def test_a_wrong_byte_is_seen(self):
        self.hub.faults = Faults(flip=True)
        self.refused(self.pull("some/quants"), "checksum", "is removed")
        self.assertEqual(self.partials(), [])
        self.assertFalse((self.data / "models/some/quants/tiny-Q4_K_M.gguf").exists())
        self.hub.faults = Faults()
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")

    def test_a_wrong_byte_of_a_small_file_is_seen(self):
        listing = self.hub.info("some/folder")
        for sibling in listing["siblings"]:
            if sibling["rfilename"] == "config.json":
                sibling["blobId"] = "0" * 40
        self.hub.faults = Faults(listing=json.dumps(listing).encode())
        self.refused(self.pull("some/folder"), "config.json", "checksum")

    def test_another_file_than_listed_is_not_fetched(self):
        self.hub.faults = Faults(linked_etag="0" * 64)
        self.refused(self.pull("some/quants"), "another file than it listed")

    def test_a_path_that_leaves_the_folder_is_refused(self):
        for path in ("../x.gguf", "/etc/x.gguf", "a//b.gguf", "a\\b.gguf", "a\n.gguf"):
            listing = self.hub.info("some/quants")
            listing["siblings"][0]["rfilename"] = path
            self.hub.faults = Faults(listing=json.dumps(listing).encode())
            self.refused(self.pull("some/quants"), "leaves the repository's folder")

    def test_a_listing_that_is_none_is_refused(self):
        for text in (b"<html>", b"[]", b'{"sha":"x","siblings":[]}', b'{"siblings":1}',
                     json.dumps({"sha": COMMIT, "siblings": [{}]}).encode(), b" " * (17 << 20)):
            self.hub.faults = Faults(listing=text)
            self.refused(self.pull("some/quants"), "the hub's listing")

    def test_a_file_without_a_checksum_is_refused(self):
        listing = {"sha": COMMIT, "siblings": [{"rfilename": "a.gguf"}]}
        self.hub.faults = Faults(listing=json.dumps(listing).encode())
        self.refused(self.pull("some/quants"), "lists no checksum")

    def test_redirects_end(self):
        self.hub.faults = Faults(redirect="/some/quants/resolve/main/tiny-Q4_K_M.gguf")
        self.refused(self.pull("some/quants"), "redirects more than 10 times")
        self.hub.faults = Faults(redirect="file:///etc/passwd")
        self.refused(self.pull("some/quants"), "redirects to no http or https address")

    # The token.

    def test_the_token_goes_to_the_hub_and_to_nobody_else(self):
        self.hub.faults = Faults(private=True)
        self.refused(self.pull("some/quants"), "set HF_TOKEN")
        self.refused(self.pull("some/quants", HF_TOKEN="wrong"), "does not take HF_TOKEN")
        done = self.pull("some/quants", HF_TOKEN=TOKEN)
        self.fetched(done, "some/quants", "tiny-Q4_K_M.gguf")
        self.assertNotIn(TOKEN, done.stderr.decode() + done.stdout.decode())
        self.assertEqual({headers.get("Authorization") for _, headers in self.hub.asked[2:]},
                         {f"Bearer {TOKEN}"})
        self.assertEqual([headers.get("Authorization") for _, headers in self.hub.asked_storage],
                         [None])

    def test_a_token_that_would_add_a_header_is_refused(self):
        done = self.pull("some/quants", HF_TOKEN="a\r\nX-Evil: b")
        self.refused(done, "HF_TOKEN holds")
        self.assertEqual(self.hub.asked, [])

    # A hub that refuses, or is not there.

    def test_each_refusal_has_its_line(self):
        for status, code, words in ((401, "", "no public some/quants"),
                                    (403, "GatedRepo", "accept its terms at"),
                                    (403, "", "does not give out"), (404, "", "check its spelling"),
                                    (429, "", "wait a while"), (503, "", "answers 503")):
            self.hub.faults = Faults(status=status, error_code=code)
            self.refused(self.pull("some/quants"), words)

    def test_a_hub_that_is_not_there_has_its_line(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
            self.refused(self.pull("some/quants", "--hub", url), url, "nothing answers there")
        self.refused(self.pull("some/quants", "--hub", "ftp://x"), "http:// or https://")
        self.refused(self.pull("some/quants", "--hub", "http://u:p@x"), "without user")

    def test_a_hub_that_falls_silent_is_given_up(self):
        self.hub.faults = Faults(gate=threading.Event())
        self.addCleanup(self.hub.faults.gate.set)
        self.refused(self.pull("some/quants", "--timeout", "1"), "no byte came")

    # The disk.

    def test_a_model_that_cannot_fit_is_not_begun(self):
        listing = self.hub.info("some/quants")
        listing["siblings"] = listing["siblings"][3:4]
        listing["siblings"][0]["lfs"]["size"] = 1 << 60
        self.hub.faults = Faults(listing=json.dumps(listing).encode())
        self.refused(self.pull("some/quants"), "the model needs 1.2 EB")
        self.assertEqual(self.hub.asked_storage, [])

    def test_a_disk_that_fills_up_has_its_line_and_loses_nothing(self):
        def limits():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        self.refused(self.pull("some/quants", limits=limits), "no space left", "make room")
        self.assertEqual(self.partials()[0].stat().st_size, 200_000)
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")

    def test_a_folder_that_cannot_be_made_has_its_line(self):
        (self.data / "models").write_text("a file")
        self.refused(self.pull("some/quants"), "cannot be made", "--data-dir")

    def test_two_pulls_of_one_file_do_not_meet(self):
        self.hub.faults = Faults(gate=threading.Event())
        first = subprocess.Popen([BINARY, "pull", "some/quants"], stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, env=self.environment())
        try:
            self.assertTrue(self.hub.faults.at_gate.wait(GIVE_UP_SECONDS))
            self.refused(self.pull("some/quants"), "another process is fetching")
        finally:
            self.hub.faults.gate.set()
            first.communicate(timeout=GIVE_UP_SECONDS)
        self.assertEqual(first.returncode, 0)
        self.fetched(self.pull("some/quants"), "some/quants", "tiny-Q4_K_M.gguf")

    # What pulled models are for.

    def test_models_lists_what_is_there(self):
        self.assertIn(b"no model was pulled", self.retort("models").stdout)
        self.pull("some/tiny")
        self.pull("some/quants:Q8_0")
        listed = json.loads(self.retort("models", "--json").stdout)["data"]
        self.assertEqual([model["name"] for model in listed],
                         ["some/quants:Q8_0", "some/tiny:F16"])
        self.assertEqual(listed[1]["bytes"], len(TINY))
        self.assertEqual(listed[1]["architecture"], "llama")
        self.assertEqual(listed[0]["architecture"], None)  # noise
        self.assertEqual(listed[0]["hub"], self.hub.url)
        table = self.retort("models").stdout.decode()
        self.assertIn("some/tiny:F16", table)
        pathlib.Path(listed[1]["path"]).unlink()
        self.assertNotIn(b"some/tiny", self.retort("models").stdout)

    def test_a_command_pulls_its_model_once_and_then_needs_no_hub(self):
        first = self.retort("tokenize", "--model", "hf:some/tiny", "--ids", stdin=b"Hello!")
        self.assertEqual(first.returncode, 0, first.stderr.decode())
        bundled = self.retort("tokenize", "--ids", stdin=b"Hello!")
        self.assertEqual(first.stdout, bundled.stdout)
        self.hub.close()
        again = self.retort("tokenize", "--model", "hf:some/tiny:F16", "--ids", stdin=b"Hello!")
        self.assertEqual(again.stdout, bundled.stdout)
        inspected = self.retort("inspect", "hf:some/tiny", "--json")
        self.assertEqual(json.loads(inspected.stdout)["architecture"], "llama")

    def test_the_server_serves_a_model_of_the_hub_by_its_name(self):
        port_file = self.data / "port"
        server = subprocess.Popen(
            [BINARY, "serve", "--model", "hf:some/tiny", "--port", "0", "--port-file", port_file],
            env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            self.assertIn(b"listening", server.stdout.readline())
            url = f"http://127.0.0.1:{port_file.read_text().strip()}/v1/models"
            with urllib.request.urlopen(url, timeout=GIVE_UP_SECONDS) as answer:
                served = [model["id"] for model in json.load(answer)["data"]]
            self.assertEqual(served, ["some/tiny"])
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=GIVE_UP_SECONDS)

    def test_hugging_face_s_own_client_finds_this_hub_to_be_one(self):
        try:
            import huggingface_hub
        except ImportError:
            self.skipTest("huggingface_hub is not installed for this Python")
        path = huggingface_hub.hf_hub_download("some/quants", "tiny-Q4_K_M.gguf",
                                               endpoint=self.hub.url, cache_dir=self.data)
        self.assertEqual(pathlib.Path(path).read_bytes(),
                         self.hub.repos["some/quants"]["tiny-Q4_K_M.gguf"])
        folder = pathlib.Path(huggingface_hub.snapshot_download(
            "some/folder", endpoint=self.hub.url, cache_dir=self.data))
        self.assertEqual({path.name for path in folder.iterdir()},
                         set(self.hub.repos["some/folder"]))
        info = huggingface_hub.HfApi(endpoint=self.hub.url).model_info("some/quants",
                                                                       files_metadata=True)
        self.assertEqual(info.sha, COMMIT)


def main():
    global BINARY
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    BINARY = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/retort").resolve())
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(HubTest)
    if len(sys.argv) > 2:
        tests = unittest.TestSuite(HubTest(name) for name in sys.argv[2:])
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    for test, reason in result.skipped:
        print(f"SKIPPED {test.id()}: {reason}")
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    passed = result.testsRun - failed - skipped
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

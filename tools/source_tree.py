"""The files of the repository as the checks of tools/ see them."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent

CPP = (".cc", ".h")
SHELL = (".sh",)
SHELL_NAMES = ("run", "test", "tools/check", ".ci/run")


class Tree:
    """Paths relative to the root, as text with forward slashes, and their contents.

    `files` are the tracked files and those that git does not ignore; without git, as in an unpacked
    archive, everything but hidden folders and builds.
    """

    def __init__(self, root=ROOT, files=None):
        self.root = pathlib.Path(root)
        self.files = sorted(files if files is not None else self._list())
        self._texts = {}

    def _list(self):
        command = ["git", "-c", "safe.directory=*", "-C", str(self.root), "ls-files", "-z",
                   "--cached", "--others", "--exclude-standard"]
        try:
            listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
            names = [name for name in listed.split("\0") if name]
        except (OSError, subprocess.CalledProcessError):
            skipped = re.compile(
                r"(^|/)(\.git|\.cache|\.venv|node_modules|__pycache__)/|^build[^/]*/")
            found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*"))
            names = [name for name in found if not skipped.search(name)]
        return [name for name in names
                if (self.root / name).is_file() and not (self.root / name).is_symlink()]

    def bytes(self, name):
        return (self.root / name).read_bytes()

    def is_binary(self, name):
        return self.text(name) is None

    def text(self, name):
        """The file's text, or None where it is not UTF-8 or holds a zero byte."""
        if name not in self._texts:
            content = self.bytes(name)
            try:
                text = None if b"\0" in content else content.decode("utf-8")
            except UnicodeDecodeError:
                text = None
            self._texts[name] = text
        return self._texts[name]

    def named(self, *suffixes):
        return [name for name in self.files if name.endswith(suffixes)]

    def shell(self):
        return [name for name in self.files
                if name in SHELL_NAMES or (name.endswith(SHELL) and not name.startswith("."))]


_TOKENS = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"
      | "(?:[^"\\\n]|\\.)*"
      | (?<![0-9a-zA-Z])'(?:[^'\\\n]|\\.)+'
    """, re.VERBOSE | re.DOTALL)


def cpp_code(text):
    """`text` with its comments and literals blanked, every character where it was."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return _TOKENS.sub(blank, text)


def is_test(name):
    """Whether a C++ file is a test, a benchmark or made for them (x_test.cc, test_x.h)."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.search(r"_(test|bench|testing)$|^test_", stem) is not None

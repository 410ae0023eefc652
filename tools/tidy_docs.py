"""Documents: the files, flags and links that they name are there, and each has one title."""

import fnmatch
import os
import re

from source_tree import CPP

FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FLAG = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]+)")
ENDINGS = ("cc", "h", "py", "sh", "txt", "md", "json", "jsonl", "cmake", "gguf", "js", "html")
# A path: words, dots, dashes, * and {a,b}, with a folder or a known ending.
PATH = re.compile(r"(?:[\w.*{},-]+/)+[\w.*{},-]*|[\w*{},-]+\.(?:\{[a-z,]+\}|" +
                  "|".join(ENDINGS) + ")")
# Names that stand for any file, what a build makes, and what a reader has.
FREE = re.compile(r"^(x[._{].*|.*/x[._{].*|build(-[\w-]+)?/.*|.*NAME.*|.*FOLDER.*|my\b.*)$")
# Flags of other programs that a document may name.
FOREIGN_FLAGS = {"--preset", "--build", "--target", "--help", "--version", "--gtest_filter",
                 "--output-on-failure", "--test-dir", "--benchmark_filter", "--label-regex"}


def expand(pattern):
    """x.{h,cc} -> x.h, x.cc"""
    match = re.search(r"\{([^{}]*)\}", pattern)
    if not match:
        return [pattern]
    return [name for choice in match.group(1).split(",")
            for name in expand(pattern[:match.start()] + choice + pattern[match.end():])]


def exists(tree, document, pattern):
    """Whether a path named in a document is there: from the root, from src/, or beside it.

    base/utf8 stands for base/utf8.h and base/utf8.cc.
    """
    pattern = pattern.removeprefix("./").rstrip("/")
    bases = ["", "src/", "include/", os.path.dirname(document) + "/"]
    for base in bases:
        wanted = os.path.normpath(base + pattern)
        for name in tree.files:
            if fnmatch.fnmatch(name, wanted) or name.startswith((wanted + "/", wanted + ".")):
                return True
    if "/" not in pattern:
        return any(fnmatch.fnmatch(os.path.basename(name), pattern) for name in tree.files)
    return False


def check_paths(tree, document):
    prose = FENCE.sub("", tree.text(document))
    named = set()
    for span in CODE_SPAN.findall(prose):
        if PATH.fullmatch(span) and not FREE.match(span):
            named.update(expand(span))
    for target in LINK.findall(prose):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            named.add(target.split("#")[0])
    return [f"{document}: names {path}, which is not there" for path in sorted(named)
            if not exists(tree, document, path)]


def known_flags(tree):
    """Every word of the form --flag in sources and scripts, and the settings of the configuration.

    Those are spelled "log_level" there, and --log-level on the command line.
    """
    flags = set(FOREIGN_FLAGS)
    for name in tree.files:
        text = tree.text(name) or ""
        if name.endswith((*CPP, ".py", ".sh")) or name in tree.shell():
            flags.update(FLAG.findall(text))
        if name.startswith("src/config"):
            flags.update("--" + word.replace("_", "-")
                         for word in re.findall(r'"([a-z][a-z0-9_]*)"', text))
    return flags


def check_flags(tree, document, known):
    """Flags in code spans and fenced code, but for lines of other programs (curl, docker, git)."""
    text = tree.text(document)
    spans = CODE_SPAN.findall(FENCE.sub("", text))
    for fence in FENCE.finditer(text):
        spans += [line for line in fence.group(0).splitlines()
                  if not re.search(r"\b(curl|docker|git|pip|npm|apt-get|python3?)\b", line)]
    named = {flag for span in spans for flag in FLAG.findall(span)}
    return [f"{document}: names the flag {flag}, which no source knows"
            for flag in sorted(named - known)]


def check_title(tree, document):
    titles = re.findall(r"^# .+$", FENCE.sub("", tree.text(document)), re.MULTILINE)
    if len(titles) != 1:
        return [f"{document}: {len(titles)} titles; a document has one"]
    if not tree.text(document).startswith("# "):
        return [f"{document}: begins with its title"]
    return []


def check_docs(tree):
    problems = []
    known = known_flags(tree)
    for document in tree.named(".md"):
        problems += check_paths(tree, document)
        problems += check_flags(tree, document, known)
        problems += check_title(tree, document)
    return problems

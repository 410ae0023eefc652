"""Lengths as ratchets: files, functions, folders and columns.

Over its limit is only what tools/tidy_exceptions.txt lists, at the length it has today: a list that
may only shrink.
"""

import ast
import fnmatch
import os
import re
import subprocess

from source_tree import CPP, is_test

FILE_LINES_ASK = 400
FILE_LINES = 800
FUNCTION_LINES = 70
TEST_LINES = 100
FOLDER_FILES = 25
COLUMNS = 100
DOCUMENT_COLUMNS = 120

EXCEPTIONS = "tools/tidy_exceptions.txt"
PYTHON_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
CODE = (*CPP, ".py", ".sh", ".cmake", "CMakeLists.txt")


def file_lengths(tree):
    """{("file", path): lines} of every source file."""
    return {("file", name): len(tree.text(name).splitlines())
            for name in tree.files
            if (name.endswith(CODE) or name in tree.shell()) and not tree.is_binary(name)}


def folder_sizes(tree):
    """{("folder", path): files} of every folder of src/, its tests and benchmarks left out."""
    sizes = {}
    for name in tree.named(*CPP):
        if name.startswith("src/") and name.count("/") == 2 and not is_test(name):
            key = ("folder", os.path.dirname(name))
            sizes[key] = sizes.get(key, 0) + 1
    return sizes


def cpp_functions(tree, names):
    """{("function" or "test", "path:function"): lines} by ctags; the longest of overloads."""
    if not names:
        return {}
    command = ["ctags", "-x", "--language-force=C++", "--kinds-C++=f", "--fields=+neS",
               "--_xformat=%F\t%n\t%{end}\t%N\t%{signature}", "-L", "-"]
    listing = subprocess.run(command, input="\n".join(names), cwd=tree.root, text=True,
                             capture_output=True, check=True).stdout
    lengths = {}
    for row in listing.splitlines():
        path, first, last, function, signature = row.split("\t")
        if function.startswith("__anon") or not last:
            continue
        kind = "function"
        if re.fullmatch(r"TEST|TEST_[FP]|TYPED_TEST(_P)?|RC_GTEST_(FIXTURE_)?PROP|BENCHMARK\w*",
                        function):
            kind = "test"
            function = ".".join(re.findall(r"\w+", signature)[:2])
        key = (kind, f"{path}:{function.replace(' ', '')}")
        lengths[key] = max(lengths.get(key, 0), int(last) - int(first) + 1)
    return lengths


def python_functions(tree):
    lengths = {}
    for name in tree.named(".py"):
        for node in ast.walk(ast.parse(tree.text(name))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                key = ("function", f"{name}:{node.name}")
                lines = node.end_lineno - node.lineno + 1
                lengths[key] = max(lengths.get(key, 0), lines)
    return lengths


LIMITS = {"file": FILE_LINES, "function": FUNCTION_LINES, "test": TEST_LINES,
          "folder": FOLDER_FILES}


def over_limit(tree):
    lengths = {**file_lengths(tree), **folder_sizes(tree),
               **cpp_functions(tree, tree.named(*CPP)), **python_functions(tree)}
    return {key: length for key, length in lengths.items() if length > LIMITS[key[0]]}


def exempt(tree, kind):
    """The patterns of the lines "kind pattern" in tools/tidy_exceptions.txt."""
    if EXCEPTIONS not in tree.files:
        return []
    lines = (line.split("#", 1)[0].split() for line in tree.text(EXCEPTIONS).splitlines())
    return [words[1] for words in lines if len(words) == 2 and words[0] == kind]


def read_exceptions(text):
    """The lines "kind path length" of tools/tidy_exceptions.txt."""
    exceptions = {}
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) == 3:
            exceptions[words[0], words[1]] = int(words[2])
    return exceptions


def check_lengths(tree):
    problems = []
    found = over_limit(tree)
    exceptions = read_exceptions(tree.text(EXCEPTIONS) or "") if EXCEPTIONS in tree.files else {}
    for (kind, what), length in sorted(found.items()):
        listed = exceptions.pop((kind, what), None)
        if listed is None:
            unit = "files" if kind == "folder" else "lines"
            problems.append(f"{what}: {length} {unit}; a {kind} stops at {LIMITS[kind]}")
        elif length > listed:
            problems.append(f"{what}: {length}, was {listed}: an exception may only shrink")
        elif length < listed:
            problems.append(f"{what}: {length} now, listed with {listed}: tools/tidy.py --shrink")
    for kind, what in sorted(exceptions):
        problems.append(f"{EXCEPTIONS}: {kind} {what} is within its limit: tools/tidy.py --shrink")
    return problems


def shrink_exceptions(tree):
    """Rewrites tools/tidy_exceptions.txt with today's lengths: lower ones, and lines taken out."""
    found = over_limit(tree)
    kept = []
    for line in tree.text(EXCEPTIONS).splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) == 3:
            today = found.get((words[0], words[1]))
            if today is None:
                continue
            line = f"{words[0]} {words[1]} {min(today, int(words[2]))}"
        kept.append(line)
    (tree.root / EXCEPTIONS).write_text("\n".join(kept) + "\n")


def columns_limit(tree, name):
    """The limit of a file's lines, or None where it has none."""
    if tree.is_binary(name):
        return None
    if name.endswith(CODE) or name in tree.shell():
        return COLUMNS
    return DOCUMENT_COLUMNS if name.endswith(".md") else None


def columns(name, line):
    """How many columns of a line count: not a table's row, an address or a long literal."""
    if name.endswith(".md") and (line.startswith("|") or "://" in line):
        return 0
    if name.endswith(CPP) and 'R"' in line:
        return 0
    return len(PYTHON_LITERAL.sub("", line) if name.endswith(".py") else line)


def check_columns(tree):
    problems = []
    patterns = exempt(tree, "wide")
    unused = set(patterns)
    for name in tree.files:
        limit = columns_limit(tree, name)
        if limit is None:
            continue
        fitting = [pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)]
        for number, line in enumerate(tree.text(name).split("\n"), 1):
            count = columns(name, line)
            if count > limit:
                unused.difference_update(fitting)
                if not fitting:
                    problems.append(f"{name}:{number}: {count} columns; the limit is {limit}")
    return problems + [f"{EXCEPTIONS}: wide {pattern} fits no such file" for pattern in unused]


def files_to_ask_about(tree):
    """Files that are long but not too long: worth a question, no failure."""
    return [f"{name}: {lines} lines" for (_, name), lines in sorted(file_lengths(tree).items())
            if FILE_LINES_ASK < lines <= FILE_LINES]

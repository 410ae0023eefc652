#!/usr/bin/env python3
"""Holds every #include of src/ and include/ against tools/layers.txt.

Refused: an include of a folder that the including folder's line does not name, a third-party header
outside its home, a header nobody knows, a quoted include that is no file, a cycle (in the table or
between headers), and a link line of CMakeLists.txt that the table does not allow.
"""

import re
import sys

from source_tree import Tree, is_test

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
LINKS = re.compile(r"^retort_folder\((\w+) LINKS ([^)]*)\)", re.MULTILINE)
PUBLIC = "include/retort"

STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
cinttypes climits clocale cmath codecvt compare complex concepts condition_variable coroutine
csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
exception execution filesystem format forward_list fstream functional future initializer_list
iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource
mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string
string_view syncstream system_error thread tuple type_traits typeindex typeinfo unordered_map
unordered_set utility valarray variant vector version
""".split())


class Table:
    """tools/layers.txt, read."""

    def __init__(self, text):
        self.folders, self.headers = {}, {}
        section = None
        for line in text.splitlines():
            line = line.split("#", 1)[0].strip()
            if line in ("[folders]", "[headers]"):
                section = self.folders if line == "[folders]" else self.headers
            elif line:
                name, _, names = line.partition(":")
                section[name.strip()] = names.split()

    def may_include(self, folder, other):
        allowed = self.folders.get(folder, [])
        return folder == other or other in allowed or "*" in allowed

    def closure(self, folder):
        """Every folder reachable from `folder`: what its tests may include."""
        found, todo = set(), [folder]
        while todo:
            current = todo.pop()
            if current not in found:
                found.add(current)
                allowed = self.folders.get(current, [])
                todo.extend(self.folders if "*" in allowed else allowed)
        return found

    def homes(self, header):
        """The homes of a third-party header, or None where no line fits."""
        fitting = [prefix for prefix in self.headers if header.startswith(prefix)]
        return self.headers[max(fitting, key=len)] if fitting else None

    def cycles(self):
        edges = {folder: [name for name in names if name != "*"]
                 for folder, names in self.folders.items()}
        return [f"tools/layers.txt: a cycle: {cycle}" for cycle in find_cycles(edges)]


def find_cycles(edges):
    """One line for each cycle met in a depth-first walk over {node: [node]}."""
    state, path, found = {}, [], []

    def visit(node):
        state[node] = "open"
        path.append(node)
        for other in edges.get(node, []):
            if state.get(other) == "open":
                found.append(" -> ".join(path[path.index(other):] + [other]))
            elif other not in state:
                visit(other)
        path.pop()
        state[node] = "done"

    for node in sorted(edges):
        if node not in state:
            visit(node)
    return found


def place(name):
    """(folder, home) of a file: ("base", "base/crypto") for src/base/crypto.cc."""
    stem = name.rsplit(".", 1)[0]
    if name.startswith(PUBLIC + "/"):
        return PUBLIC, stem
    inside = stem.removeprefix("src/")
    folder = inside.split("/")[0]
    if "/" not in inside and folder.startswith("config"):
        folder = "config"
    return folder, inside


def resolve(tree_files, header, quoted):
    """The repository's file behind an include, or None."""
    candidates = [f"src/{header}", f"include/{header}"] if quoted else [f"include/{header}"]
    return next((name for name in candidates if name in tree_files), None)


def check_include(table, files, name, header, quoted):
    """What is wrong with one include, or None."""
    folder, home = place(name)
    target = resolve(files, header, quoted)
    if target:
        other = place(target)[0]
        if is_test(name):
            allowed = other in table.closure(folder)
        else:
            allowed = table.may_include(folder, other)
            if is_test(target):
                return f"includes {header}, which is made for tests"
        return None if allowed else f"{folder} may not include {other} ({header})"
    if quoted:
        return f'"{header}" is no file under src/; own headers are named from there'
    if header in STANDARD or is_test(name):
        return None
    homes = table.homes(header)
    if homes is None:
        return f"<{header}> has no line in tools/layers.txt"
    if folder in homes or home in homes or ("*" in homes and folder != PUBLIC):
        return None
    return f"<{header}> belongs to {' '.join(homes)} only"


def check_links(table, text):
    """CMakeLists.txt links a folder only with what its line names."""
    problems = []
    for match in LINKS.finditer(text):
        folder = match.group(1)
        if folder not in table.folders:
            problems.append(f"CMakeLists.txt: {folder} has no line in tools/layers.txt")
            continue
        for library in match.group(2).split():
            other = library.removeprefix("retort_")
            if library != other and not table.may_include(folder, other):
                problems.append(f"CMakeLists.txt: {folder} may not link {library}")
    return problems


def check(tree, table):
    files = set(tree.files)
    problems = table.cycles()
    header_edges = {}
    for name in tree.named(".cc", ".h"):
        if not name.startswith(("src/", PUBLIC + "/")):
            continue
        if place(name)[0] not in table.folders:
            problems.append(f"{name}: its folder has no line in tools/layers.txt")
            continue
        text = tree.text(name) or ""
        for match in INCLUDE.finditer(text):
            header, quoted = match.group(2), match.group(1) == '"'
            if problem := check_include(table, files, name, header, quoted):
                line = text.count("\n", 0, match.start()) + 1
                problems.append(f"{name}:{line}: {problem}")
            target = resolve(files, header, quoted)
            if target and name.endswith(".h"):
                header_edges.setdefault(name, []).append(target)
    problems += [f"headers include each other: {cycle}" for cycle in find_cycles(header_edges)]
    if "CMakeLists.txt" in files:
        problems += check_links(table, tree.text("CMakeLists.txt"))
    return problems


def main():
    tree = Tree()
    problems = check(tree, Table(tree.text("tools/layers.txt")))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

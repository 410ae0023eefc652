"""Files that nothing uses, and files that should not be here."""

import fnmatch
import os
import re

from source_tree import CPP, SHELL_NAMES
from tidy_lengths import exempt

BIG_BYTES = 512 * 1024
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.MULTILINE)


def build_files(tree):
    names = [name for name in tree.files if name.endswith((".cmake", "CMakeLists.txt"))]
    return "\n".join(tree.text(name) for name in names)


def check_sources(tree):
    """A .cc that no target takes. Folders of src/ are taken whole, by retort_folder(NAME ...)."""
    problems = []
    build = build_files(tree)
    for name in tree.named(".cc"):
        parts = name.split("/")
        if parts[0] == "src" and len(parts) == 3:
            known = re.search(rf"\bretort_folder\({re.escape(parts[1])}\b", build)
        elif parts[0] == "fuzz" and len(parts) == 2:
            known = name.endswith("_fuzz.cc")
        elif parts[0] == "examples" and len(parts) == 2:
            known = "/examples/*.cc" in build
        elif re.fullmatch(r"src/config\w*\.cc", name):
            known = "src/config" in build
        else:
            known = name in build or f" {parts[-1]}" in build
        if not known:
            problems.append(f"{name}: in no target")
    return problems


def check_headers(tree):
    """A header of src/ that no other file includes; the public ones are there for others."""
    included = set()
    for name in tree.named(*CPP):
        for header in INCLUDE.findall(tree.text(name) or ""):
            own = name.endswith(".cc") and name.removesuffix(".cc").endswith(
                header.removesuffix(".h"))
            if not own:
                included.add(header)
    problems = []
    for name in tree.named(".h"):
        short = name.removeprefix("src/")
        if name.startswith("include/retort/"):
            continue
        if short not in included and os.path.basename(name) not in included:
            problems.append(f"{name}: included by nobody but its own .cc")
    return problems


def check_fuzz(tree):
    """Each fuzz target has a corpus, each corpus a target."""
    targets = {os.path.basename(name).removesuffix("_fuzz.cc") for name in tree.files
               if re.fullmatch(r"fuzz/\w+_fuzz\.cc", name)}
    corpora = {name.split("/")[2] for name in tree.files
               if name.startswith("fuzz/corpus/") and name.count("/") >= 3}
    return ([f"fuzz/{name}_fuzz.cc: no inputs in fuzz/corpus/{name}/"
             for name in sorted(targets - corpora)] +
            [f"fuzz/corpus/{name}: there is no fuzz/{name}_fuzz.cc"
             for name in sorted(corpora - targets)])


def check_big_and_binary(tree):
    problems = []
    for kind, wrong in [
            ("binary", tree.is_binary),
            ("big", lambda name: (tree.root / name).stat().st_size > BIG_BYTES)]:
        patterns = exempt(tree, kind)
        used = set()
        for name in filter(wrong, tree.files):
            fitting = [pattern for pattern in patterns if fnmatch.fnmatch(name, pattern)]
            used.update(fitting)
            if not fitting:
                problems.append(f"{name}: a {kind} file, not in tools/tidy_exceptions.txt")
        problems += [f"tools/tidy_exceptions.txt: {kind} {pattern} fits no such file"
                     for pattern in patterns if pattern not in used]
    return problems


def check_run_bits(tree):
    """A script with a #! line can be run, and what can be run has one."""
    problems = []
    for name in tree.files:
        if name.startswith("fuzz/corpus/") or name.endswith((".md", ".json", ".jsonl")):
            continue
        executable = os.access(tree.root / name, os.X_OK)
        script = tree.bytes(name)[:2] == b"#!"
        if script != executable:
            problems.append(f"{name}: " + ("starts with #! but has no run bit" if script
                                           else "has a run bit but no #! line"))
    for name in SHELL_NAMES:
        if name in tree.files and not os.access(tree.root / name, os.X_OK):
            problems.append(f"{name}: has no run bit")
    return problems

"""Words and calls that have a better replacement."""

import re

from source_tree import CPP, cpp_code, is_test

# (pattern, files, what to write instead). In C++ the pattern is held against the code without its
# comments and literals. `files` is a function of the path.
PRINTERS = ("src/cli/", "src/terminal/", "src/main.cc")


def in_src(name):
    return name.startswith(("src/", "include/"))


def product(name):
    return in_src(name) and not is_test(name)


def inside_retort(name):
    """Not the programs, whose one file stands outside the namespace."""
    return in_src(name) and name != "src/main.cc"


def quiet(name):
    return product(name) and not name.startswith(PRINTERS)


def header(name):
    return name.endswith(".h")


CPP_RULES = [
    (r"\bthrow\b", lambda name: product(name) and not name.startswith("src/client/"),
     "return an Error: nothing is thrown here"),
    (r"\bstd::c(out|err|log)\b", quiet, "log through base/log.h; only the commands print"),
    (r"(?<![\w:])(std::)?(printf|puts|putchar|vprintf)\s*\(", quiet,
     "log through base/log.h; only the commands print"),
    (r"\bv?sprintf\s*\(", in_src, "use snprintf or std::to_chars"),
    (r"(?<![\w:.>])(std::)?s?rand\s*\(", in_src, "use a seeded generator handed down"),
    (r"(?<![\w:.>])(std::)?(atoi|atol|atoll|atof|strto[dflu]+l?)\s*\(", product,
     "use std::from_chars, which knows errors and no locale"),
    (r"\bstd::sto(i|l|ll|ul|ull|f|d|ld)\b", product, "use std::from_chars, which does not throw"),
    (r"(?<![\w:.>])(std::)?(strcpy|strcat|strtok|gets)\s*\(", in_src, "use std::string"),
    (r"\bstd::(basic_)?w?regex\b", in_src, "use PCRE2 (src/text), which has limits"),
    (r"\busing\s+namespace\s+(?!std::([a-z_]+_)?literals\b)", inside_retort,
     "name what you use"),
    # A loop whose last owner is its own thread cannot wait for itself.
    (r"\.detach\s*\(\s*\)", lambda name: in_src(name) and name != "src/transport/io_loop.cc",
     "keep a std::jthread: nothing is detached"),
    (r"\bstd::this_thread::sleep_(for|until)\b", in_src, "wait for an event, or on base/async.h"),
    (r"\b(class|struct|enum)\s+\w*(Manager|Helper|Utils?|Processor)\b", lambda name: True,
     "name it after what it is or does"),
    (r"\bnamespace\s+(\w+::)*(utils?|helpers?|common|misc|detail_)\b", lambda name: True,
     "name it after what it holds"),
    (r"\bDISABLED_", lambda name: True, "mend the test or delete it"),
]

# Held against the whole text of C++ files, comments included.
CPP_TEXT_RULES = [
    (r"\bNOLINT(NEXTLINE|BEGIN)?(\([^)]*\))?[ \t]*$", lambda name: True,
     "say why on the same line: NOLINT(name): reason"),
]

# Held against every text file but those that must name the words.
TEXT_RULES = [
    (r"\bFIXME\b", "mend it, or open an issue and write TODO(#issue)"),
    (r"\bXXX\b", "mend it, or open an issue and write TODO(#issue)"),
    (r"\bTODO\b(?!\(#\d+\))", "name the issue: TODO(#issue)"),
    (r"(?i)\bfor now\b", "say what holds and why"),
    (r"\bnot (yet )?implemented\b", "do it, or say what is refused and how"),
    (r"^(<<<<<<<|>>>>>>>) ", "finish the merge"),
]
NAMES_THE_WORDS = ("tools/tidy_words.py", "tools/check_test.py", "CONTRIBUTING.md")
DATA = (".json", ".jsonl", ".gguf", ".txt", ".tokens", ".golden")

BAD_FILE_NAME = re.compile(r"(^|[/_])(utils?|helpers?|common|misc|manager)([._/]|$)", re.IGNORECASE)


def find(pattern, text, name, advice):
    for match in re.finditer(pattern, text, re.MULTILINE):
        line = text.count("\n", 0, match.start()) + 1
        yield f"{name}:{line}: {match.group(0).strip()!r}: {advice}"


def check_words(tree):
    problems = []
    for name in tree.files:
        text = tree.text(name)
        if text is None:
            continue
        if name.endswith(CPP):
            code = cpp_code(text)
            for pattern, where, advice in CPP_RULES:
                if where(name):
                    problems += find(pattern, code, name, advice)
            for pattern, where, advice in CPP_TEXT_RULES:
                if where(name):
                    problems += find(pattern, text, name, advice)
            if header(name) and not re.search(r"^#pragma once$", text, re.MULTILINE):
                problems.append(f"{name}: a header begins with #pragma once")
        if name in NAMES_THE_WORDS or name.endswith(DATA) or name.startswith("fuzz/corpus/"):
            continue
        for pattern, advice in TEXT_RULES:
            problems += find(pattern, text, name, advice)
    return problems


def check_file_names(tree):
    return [f"{name}: a file is named after what it holds" for name in tree.files
            if BAD_FILE_NAME.search(name)]


def check_opening_comments(tree):
    """Every C++ file opens with a comment that says what it is for; a test needs none."""
    problems = []
    for name in tree.named(*CPP):
        if in_src(name) and not is_test(name):
            text = tree.text(name) or ""
            if not text.lstrip().startswith(("//", "/*")) and name.endswith(".h"):
                problems.append(f"{name}: a header opens with what it is for")
    return problems


def check_white_space(tree):
    problems = []
    code = (*CPP, ".py", ".sh", ".cmake", ".md", "CMakeLists.txt", "CMakePresets.json")
    for name in tree.files:
        if not name.endswith(code) and name not in tree.shell():
            continue
        text = tree.text(name)
        if text is None:
            continue
        if text and not text.endswith("\n"):
            problems.append(f"{name}: no line break at its end")
        problems += find(r"[ \t]+$|\r$", text, name, "white space at the end of a line")
        if not name.endswith(".md"):
            problems += find(r"^ *\t", text, name, "a tab; indent with spaces")
    return problems

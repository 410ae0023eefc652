#!/usr/bin/env python3
"""Tests of the checks: each is fed a source that breaks its rule, and has to say so.

A check that never fails proves nothing, so every rule of tidy_words.py has a line here, and the
other checks one for each way to break them.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import layers
import run_tests
import tidy_dead
import tidy_docs
import tidy_lengths
import tidy_words
from source_tree import ROOT, Tree, cpp_code

TABLE = layers.Table((ROOT / "tools/layers.txt").read_text())


class Sources(unittest.TestCase):
    """Builds a small repository in a temporary folder and runs one check over it."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = pathlib.Path(self._folder.name)

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def tree(self):
        found = [path.relative_to(self.root).as_posix() for path in self.root.rglob("*")]
        return Tree(self.root, [name for name in found if (self.root / name).is_file()])

    def assert_reports(self, problems, *parts):
        self.assertTrue(any(all(part in problem for part in parts) for problem in problems),
                        f"no problem with {parts} among {problems}")


class Layers(Sources):
    def includes(self, name, line, others=()):
        for other in others:
            self.write(other, "#pragma once\n")
        self.write(name, line + "\n")
        return layers.check(self.tree(), TABLE)

    def test_a_lower_folder_may_be_included(self):
        self.assertEqual(
            self.includes("src/http/a.cc", '#include "base/b.h"', ["src/base/b.h"]), [])

    def test_a_higher_folder_may_not(self):
        problems = self.includes("src/base/a.cc", '#include "http/b.h"', ["src/http/b.h"])
        self.assert_reports(problems, "src/base/a.cc:1", "base may not include http")

    def test_a_test_may_include_what_is_below_its_folder_but_not_above(self):
        self.assertEqual(
            self.includes("src/api/a_test.cc", '#include "engine/b.h"', ["src/engine/b.h"]), [])
        problems = self.includes("src/engine/a_test.cc", '#include "api/b.h"', ["src/api/b.h"])
        self.assert_reports(problems, "engine may not include api")

    def test_a_product_file_may_not_include_what_is_made_for_tests(self):
        problems = self.includes("src/api/a.cc", '#include "api/test_server.h"',
                                 ["src/api/test_server.h"])
        self.assert_reports(problems, "made for tests")

    def test_a_library_stays_in_its_home(self):
        self.assertEqual(self.includes("src/http/a.cc", "#include <boost/asio.hpp>"), [])
        self.assertEqual(self.includes("src/base/async.h", "#include <boost/asio/post.hpp>"), [])
        problems = self.includes("src/base/log.cc", "#include <boost/asio/post.hpp>")
        self.assert_reports(problems, "src/base/log.cc", "belongs to http base/async only")

    def test_the_longest_prefix_of_a_header_decides(self):
        self.assertEqual(self.includes("src/base/crypto.cc", "#include <openssl/evp.h>"), [])
        problems = self.includes("src/base/crypto.cc", "#include <openssl/ssl.h>")
        self.assert_reports(problems, "belongs to http only")

    def test_an_unknown_library_is_refused(self):
        problems = self.includes("src/base/a.cc", "#include <zlib.h>")
        self.assert_reports(problems, "<zlib.h> has no line")

    def test_a_public_header_has_the_standard_library_only(self):
        problems = self.includes("include/retort/a.h", "#include <unistd.h>")
        self.assert_reports(problems, "include/retort/a.h:1")
        self.assertEqual(self.includes("include/retort/a.h", "#include <vector>"), [])

    def test_a_quoted_include_is_a_file_under_src(self):
        problems = self.includes("src/base/a.cc", '#include "b.h"', ["src/base/b.h"])
        self.assert_reports(problems, '"b.h" is no file under src/')

    def test_headers_do_not_include_each_other(self):
        self.write("src/base/a.h", '#include "base/b.h"\n')
        self.write("src/base/b.h", '#include "base/a.h"\n')
        self.assert_reports(layers.check(self.tree(), TABLE), "include each other")

    def test_the_table_has_no_cycle(self):
        table = layers.Table("[folders]\na: b\nb: c\nc: a\n")
        self.assert_reports(table.cycles(), "a -> b -> c -> a")

    def test_link_lines_follow_the_table(self):
        problems = layers.check_links(TABLE, "retort_folder(base LINKS retort_http)\n")
        self.assert_reports(problems, "base may not link retort_http")

    def test_a_new_folder_needs_a_line(self):
        problems = self.includes("src/attic/a.cc", "#include <vector>")
        self.assert_reports(problems, "src/attic/a.cc", "no line")


class Lengths(Sources):
    def problems(self):
        return tidy_lengths.check_lengths(self.tree())

    def function(self, lines, head="int f() {"):
        return head + "\n" + "  g();\n" * (lines - 2) + "}\n"

    def test_a_function_stops_at_its_limit(self):
        self.write("src/base/a.cc", self.function(70))
        self.assertEqual(self.problems(), [])
        self.write("src/base/a.cc", self.function(71))
        self.assert_reports(self.problems(), "src/base/a.cc:f: 71 lines")

    def test_a_test_body_may_be_longer(self):
        self.write("src/base/a_test.cc", self.function(100, "TEST(Suite, Claim) {"))
        self.assertEqual(self.problems(), [])
        self.write("src/base/a_test.cc", self.function(101, "TEST(Suite, Claim) {"))
        self.assert_reports(self.problems(), "src/base/a_test.cc:Suite.Claim: 101 lines")

    def test_python_functions_count_too(self):
        self.write("tools/a.py", "def f():\n" + "    g()\n" * 70)
        self.assert_reports(self.problems(), "tools/a.py:f: 71 lines")

    def test_a_file_stops_at_its_limit(self):
        self.write("src/base/a.h", "\n" * 801)
        self.assert_reports(self.problems(), "src/base/a.h: 801 lines")

    def test_a_folder_stops_at_its_limit(self):
        for number in range(26):
            self.write(f"src/base/a{number}.h", "")
            self.write(f"src/base/a{number}_test.cc", "")
        self.assert_reports(self.problems(), "src/base: 26 files")

    def test_an_exception_may_only_shrink(self):
        self.write("src/base/a.cc", self.function(80))
        listed = "function src/base/a.cc:f "
        for length, what in [(79, "may only shrink"), (81, "--shrink"), (80, None)]:
            self.write("tools/tidy_exceptions.txt", f"{listed}{length}\n")
            if what:
                self.assert_reports(self.problems(), what)
            else:
                self.assertEqual(self.problems(), [])

    def test_an_exception_that_is_not_needed_goes(self):
        self.write("tools/tidy_exceptions.txt", "file src/base/a.cc 900\n")
        self.assert_reports(self.problems(), "within its limit")

    def test_exceptions_are_shrunk_never_grown(self):
        self.write("src/base/a.cc", self.function(80))
        self.write("tools/tidy_exceptions.txt", "# why\nfunction src/base/a.cc:f 90\n"
                   "file src/base/b.cc 900\nbinary *.gguf\n")
        tidy_lengths.shrink_exceptions(self.tree())
        text = (self.root / "tools/tidy_exceptions.txt").read_text()
        self.assertEqual(text, "# why\nfunction src/base/a.cc:f 80\nbinary *.gguf\n")

    def test_columns(self):
        self.write("src/base/a.h", "/" * 101 + "\n")
        self.write("a.md", "# T\n\n| " + "x" * 200 + " |\n" + "y" * 121 + "\n")
        self.write("a.py", "PHRASES = ['" + "x" * 200 + "']\n")
        problems = tidy_lengths.check_columns(self.tree())
        self.assert_reports(problems, "src/base/a.h:1: 101 columns")
        self.assert_reports(problems, "a.md:4: 121 columns")
        self.assertEqual(len(problems), 2)
        self.write("tools/tidy_exceptions.txt", "wide src/base/*\nwide a.md\nwide b/*\n")
        problems = tidy_lengths.check_columns(self.tree())
        self.assert_reports(problems, "wide b/* fits no such file")
        self.assertEqual(len(problems), 1)


class Words(Sources):
    # One line of code that each rule refuses, in the order of tidy_words.CPP_RULES.
    REFUSED = [
        'throw 1;', 'std::cout << 1;', 'std::printf("x");', 'sprintf(b, "x");', 'int x = rand();',
        'int x = atoi(s);', 'int x = std::stoi(s);', 'strcpy(a, b);', 'std::regex r;',
        'using namespace std;', 'thread.detach();', 'std::this_thread::sleep_for(d);',
        'class PageManager {};', 'namespace retort::utils {}', 'TEST(A, DISABLED_B) {}',
    ]

    def test_every_rule_refuses_something(self):
        self.assertEqual(len(self.REFUSED), len(tidy_words.CPP_RULES))
        for line, (pattern, _, advice) in zip(self.REFUSED, tidy_words.CPP_RULES):
            self.write("src/base/a.cc", f"{line}\n")
            with self.subTest(pattern=pattern):
                problems = tidy_words.check_words(self.tree())
                self.assert_reports(problems, "src/base/a.cc:1", advice)

    def test_comments_and_literals_are_not_code(self):
        self.write("src/base/a.cc", '// we throw nothing\nauto s = "throw rand()";\n'
                   'auto r = R"x(throw "1" )x";\n'
                   '/* throw\n throw */ char c = \'"\'; int n = 1\'0;\n')
        self.assertEqual(tidy_words.check_words(self.tree()), [])

    def test_the_commands_may_print_and_the_client_may_throw(self):
        self.write("src/cli/a.cc", "std::cout << 1;\n")
        self.write("src/client/a.cc", "throw 1;\n")
        self.write("src/base/a.cc", "using namespace std::chrono_literals;\n")
        self.assertEqual(tidy_words.check_words(self.tree()), [])

    def test_words_of_unfinished_work(self):
        for word in ["FIXME", "XXX", "TODO: later", "TODO(someone)", "for now", "not implemented"]:
            self.write("docs/a.md", f"# T\n{word}\n")
            with self.subTest(word=word):
                self.assert_reports(tidy_words.check_words(self.tree()), "docs/a.md:2")
        self.write("docs/a.md", "# T\nTODO(#12): when 12 is done\n")
        self.assertEqual(tidy_words.check_words(self.tree()), [])

    def test_a_lint_turned_off_says_why(self):
        self.write("src/base/a.cc", "int a;  // NOLINT\nint b;  // NOLINT(x): as the RFC says\n")
        problems = tidy_words.check_words(self.tree())
        self.assert_reports(problems, "src/base/a.cc:1")
        self.assertEqual(len(problems), 1)

    def test_headers(self):
        self.write("src/base/a.h", "int a;\n")
        self.assert_reports(tidy_words.check_words(self.tree()), "#pragma once")
        self.assert_reports(tidy_words.check_opening_comments(self.tree()), "opens with")

    def test_file_names(self):
        for name in ["src/base/utils.h", "src/common/a.h", "tools/model_helpers.py"]:
            self.write(name, "")
        self.assertEqual(len(tidy_words.check_file_names(self.tree())), 3)

    def test_white_space(self):
        self.write("src/base/a.h", "int a; \n\tint b;\nint c;")
        problems = tidy_words.check_white_space(self.tree())
        self.assert_reports(problems, "a.h:1", "white space")
        self.assert_reports(problems, "a.h:2", "tab")
        self.assert_reports(problems, "no line break")


class Dead(Sources):
    def test_a_source_in_no_target(self):
        self.write("CMakeLists.txt", "retort_folder(base LINKS x)\nadd_executable(e tests/b.cc)\n")
        for name in ["src/base/a.cc", "src/attic/a.cc", "tests/b.cc", "examples/c.cc", "fuzz/d.cc"]:
            self.write(name, "")
        problems = tidy_dead.check_sources(self.tree())
        for name in ["src/attic/a.cc", "examples/c.cc", "fuzz/d.cc"]:
            self.assert_reports(problems, name, "in no target")
        self.assertEqual(len(problems), 3)

    def test_a_header_that_only_its_own_source_includes(self):
        self.write("src/base/a.h", "")
        self.write("src/base/a.cc", '#include "base/a.h"\n')
        self.assert_reports(tidy_dead.check_headers(self.tree()), "src/base/a.h")
        self.write("src/base/a_test.cc", '#include "base/a.h"\n')
        self.assertEqual(tidy_dead.check_headers(self.tree()), [])

    def test_fuzz_targets_and_corpora_belong_together(self):
        self.write("fuzz/json_fuzz.cc", "")
        self.write("fuzz/corpus/gguf/one", "x")
        problems = tidy_dead.check_fuzz(self.tree())
        self.assert_reports(problems, "fuzz/json_fuzz.cc: no inputs")
        self.assert_reports(problems, "fuzz/corpus/gguf", "no fuzz/gguf_fuzz.cc")

    def test_big_and_binary_files_are_listed(self):
        self.write("a.bin", b"\0")
        self.write("b.txt", "x" * (600 * 1024))
        problems = tidy_dead.check_big_and_binary(self.tree())
        self.assert_reports(problems, "a.bin: a binary file")
        self.assert_reports(problems, "b.txt: a big file")
        self.write("tools/tidy_exceptions.txt", "binary a.*\nbig b.txt\n")
        self.assertEqual(tidy_dead.check_big_and_binary(self.tree()), [])
        self.write("tools/tidy_exceptions.txt", "binary a.*\nbig b.txt\nbinary c.*\n")
        self.assert_reports(tidy_dead.check_big_and_binary(self.tree()), "c.*", "no such file")

    def test_run_bits(self):
        self.write("a.sh", "#!/bin/sh\n")
        self.write("b.sh", "echo\n").chmod(0o755)
        problems = tidy_dead.check_run_bits(self.tree())
        self.assert_reports(problems, "a.sh", "no run bit")
        self.assert_reports(problems, "b.sh", "no #! line")


class Docs(Sources):
    def problems(self, text):
        self.write("src/cli/serve.cc", 'app.add_option("--port");\n')
        self.write("src/config.cc", '{"log_level", 3}\n')
        self.write("src/base/utf8.h", "")
        self.write("docs/a.md", text)
        return tidy_docs.check_docs(self.tree())

    def test_what_is_there_may_be_named(self):
        self.assertEqual(self.problems(
            "# T\n`src/base/utf8.h` `base/utf8.h` `utf8.h` `src/base/` `src/base/utf8.{h}` `*.h` "
            "`cli/serve` `x_test.cc` `build/retort` `--port` `--log-level` `application/json is no path` "
            "`GET /v1/models` `/health` [a](a.md#t)\n"), [])

    def test_what_is_not_there_may_not(self):
        for name in ["`src/base/utf9.h`", "`utf9.h`", "`src/bass/`", "`base/utf8.{h,cc}`",
                     "[a](b.md)"]:
            with self.subTest(name=name):
                self.assert_reports(self.problems(f"# T\n{name}\n"), "which is not there")

    def test_flags_are_known_to_a_source(self):
        self.assert_reports(self.problems("# T\n`--prot`\n"), "--prot")
        self.assert_reports(self.problems("# T\n```\n./run --prot\n```\n"), "--prot")
        self.assertEqual(self.problems("# T\n```\ncurl --silent x\n./run --port 1\n```\n"), [])

    def test_one_title(self):
        self.assert_reports(self.problems("# T\n# U\n"), "2 titles")
        self.assert_reports(self.problems("text\n"), "0 titles")
        self.assert_reports(self.problems("text\n# T\n"), "begins with its title")
        self.assertEqual(self.problems("# T\n```\n# a comment\n```\n"), [])


class Runner(unittest.TestCase):
    """tools/run_tests.py counts what a GoogleTest program prints."""

    HEAD = "[==========] Running 2 tests from 1 test suite.\n[ RUN      ] A.B\n"

    def counts(self, output, code):
        outcome = run_tests.Outcome(self.HEAD + output, code)
        return (outcome.passed, outcome.failed, outcome.skipped), "\n".join(outcome.report)

    def test_passed_and_skipped_with_the_reason(self):
        counts, report = self.counts(
            "[       OK ] A.B (0 ms)\n[ RUN      ] A.C\na.cc:3: Skipped\nno data\n\n"
            "[  SKIPPED ] A.C (0 ms)\n[==========] 2 tests ran.\n[  SKIPPED ] A.C\n", 0)
        self.assertEqual(counts, (1, 0, 1))
        self.assertIn("SKIPPED A.C: a.cc:3: Skipped no data", report)

    def test_a_failure_is_shown(self):
        counts, report = self.counts(
            "wrong\n[  FAILED  ] A.B, where GetParam() = 3 (1 ms)\n"
            "[ RUN      ] A.C\n[       OK ] A.C (0 ms)\n[  FAILED  ] A.B\n", 1)
        self.assertEqual(counts, (1, 1, 0))
        self.assertIn("wrong", report)

    def test_a_crash_fails_the_running_test_and_those_behind_it(self):
        counts, report = self.counts("==1==ERROR: AddressSanitizer\n", -6)
        self.assertEqual(counts, (0, 2, 0))
        self.assertIn("AddressSanitizer", report)

    def test_a_report_at_the_end_fails(self):
        counts, _ = self.counts("[       OK ] A.B (0 ms)\n[ RUN      ] A.C\n"
                                "[       OK ] A.C (0 ms)\nWARNING: ThreadSanitizer\n", 66)
        self.assertEqual(counts, (2, 1, 0))

    def test_no_output_fails(self):
        outcome = run_tests.Outcome("cannot run", 127)
        self.assertEqual(outcome.failed, 1)


class Formatting(unittest.TestCase):
    def test_blanking_keeps_every_character_where_it_was(self):
        text = 'int a; // b\nchar c = \'"\'; auto d = "e\\"f"; /* g\n h */ int i;\n'
        code = cpp_code(text)
        self.assertEqual(len(code), len(text))
        self.assertEqual(code.count("\n"), text.count("\n"))
        self.assertEqual(code.split(), ["int", "a;", "char", "c", "=", ";", "auto", "d", "=", ";",
                                        "int", "i;"])

    def test_clang_format_fails_on_a_line_that_is_not_formatted(self):
        done = subprocess.run(
            ["clang-format-19", "--dry-run", "-Werror", f"--style=file:{ROOT}/.clang-format"],
            input=b"int  a;\n", capture_output=True)
        self.assertNotEqual(done.returncode, 0)

    def test_clang_tidy_holds_names(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a.cc"
            path.write_text("int CamelCase() { return 0; }\nclass snake { int member; };\n")
            done = subprocess.run(
                ["clang-tidy-19", "--quiet", f"--config-file={ROOT}/.clang-tidy", path, "--"],
                capture_output=True, text=True)
        for what in ["function 'CamelCase'", "class 'snake'", "private member 'member'"]:
            self.assertIn(what, done.stdout)
        self.assertNotEqual(done.returncode, 0)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tools"))
    unittest.main(verbosity=1)

#!/usr/bin/env python3
"""A test of the source itself: lengths, words, dead files, and names in documents.

Prints one line a problem and exits with 1 where there is one. What it lets pass is listed in
tools/tidy_exceptions.txt; tidy.py --shrink first brings that list down to today's lengths.
"""

import sys

import tidy_dead
import tidy_docs
import tidy_lengths
import tidy_words
from source_tree import Tree

CHECKS = [
    tidy_lengths.check_lengths,
    tidy_lengths.check_columns,
    tidy_words.check_words,
    tidy_words.check_file_names,
    tidy_words.check_opening_comments,
    tidy_words.check_white_space,
    tidy_dead.check_sources,
    tidy_dead.check_headers,
    tidy_dead.check_fuzz,
    tidy_dead.check_big_and_binary,
    tidy_dead.check_run_bits,
    tidy_docs.check_docs,
]


def main():
    if sys.argv[1:] == ["--shrink"]:
        tidy_lengths.shrink_exceptions(Tree())
    tree = Tree()
    problems = [problem for check in CHECKS for problem in check(tree)]
    for problem in problems:
        print(problem)
    asks = tidy_lengths.files_to_ask_about(tree)
    if asks:
        print(f"(worth a look, over {tidy_lengths.FILE_LINES_ASK} lines: {'; '.join(asks)})")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Makes doxygen's comments of a header's plain ones: tools/doxygen_filter.py HEADER

Called by doxygen for each file (docs/Doxyfile). A block of comment lines belongs to what follows
it at once; the first block is the file's; one with an empty line behind it, or that begins with
dashes, is a heading and is left out. A comment behind a declaration is that declaration's.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"^(\s*)//(?!/) ?(.*)$")
TRAILING = re.compile(r"^(.*[;,{}(].*?)//(?!/) ?(.*)$")
SPECIAL = re.compile(r"([\\@<>#&%$~])")


def escaped(text):
    return SPECIAL.sub(r"\\\1", text)


def filtered(lines):
    """One line for each of `lines`, so that what doxygen says names the right one."""
    out = []
    at = 0
    is_first = True
    while at < len(lines):
        if not BLOCK.match(lines[at]):
            trailing = TRAILING.match(lines[at])
            is_code = trailing and '"' not in trailing.group(1)
            out.append(f"{trailing.group(1)}///< {escaped(trailing.group(2))}" if is_code
                       else lines[at])
            at += 1
            continue
        end = at
        while end < len(lines) and BLOCK.match(lines[end]):
            end += 1
        block = [BLOCK.match(line).groups() for line in lines[at:end]]
        is_heading = block[0][1].startswith("--") or end == len(lines) or not lines[end].strip()
        for place, (indent, text) in enumerate(block):
            if is_first and place == 0:
                out.append(f"{indent}/// @file")  # its line is the title of the page
            elif is_heading and not is_first:
                out.append("")
            else:
                out.append(f"{indent}/// {escaped(text)}")
        is_first = False
        at = end
    return out


def main():
    lines = pathlib.Path(sys.argv[1]).read_text("utf-8").splitlines()
    print("\n".join(filtered(lines)))


if __name__ == "__main__":
    main()

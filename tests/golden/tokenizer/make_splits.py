#!/usr/bin/env python3
"""Records how Hugging Face's library cuts strings.json into words by each known pre-tokenizer.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install tokenizers==0.23.3
    /tmp/venv/bin/python make_splits.py

Writes splits.jsonl beside itself: one line a pre-tokenizer, {"names": those that GGUF files give
it, "words": for each string the lengths of its words in characters}. The patterns are those of the
models' own tokenizer.json. src/text/pre_tokenizer_test.cc compares.
"""
import json
import pathlib
import random

from tokenizers import Regex
from tokenizers.pre_tokenizers import Digits, Sequence, Split

HERE = pathlib.Path(__file__).parent
GPT2 = (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = (SUFFIX + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
HEAD = r"[^\r\n\p{L}\p{N}]?"
GPT4O = (f"{HEAD}{UPPER}*{LOWER}+{SUFFIX}?|{HEAD}{UPPER}+{LOWER}*{SUFFIX}?" + r"|\p{N}{1,3}" + REST)
TEKKEN = f"{HEAD}{UPPER}*{LOWER}+|{HEAD}{UPPER}+{LOWER}*" + r"|\p{N}" + REST
DEEPSEEK3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^" "\r\n"
             r"\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[" "\r\n" r"]*|\s*[" "\r\n"
             r"]+|\s+(?!\S)|\s+")


def cuts(*patterns):
    return Sequence([each if not isinstance(each, str) else Split(Regex(each), "isolated")
                     for each in patterns])


FAMILIES = [
    (["gpt-2", "phi-2", "mpt", "olmo"], cuts(GPT2)),
    (["llama-bpe", "dbrx", "smaug-bpe"], cuts(LLAMA3)),
    (["qwen2"], cuts(LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}"))),
    (["gpt-4o", "llama4"], cuts(GPT4O)),
    (["tekken"], cuts(TEKKEN)),
    (["smollm", "starcoder", "refact", "command-r"], cuts(Digits(individual_digits=True), GPT2)),
    # Not the library's Punctuation, which knows no Unicode after 2015.
    (["falcon"], cuts(r"[\p{P}$+<=>^`|~]+", GPT2, "[0-9][0-9][0-9]")),
    (["deepseek-coder"], cuts("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+",
                              Digits(individual_digits=True))),
    (["deepseek-v3"], cuts(r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3)),
]


def more_strings(rng):
    """What tells the families apart: cases, marks, digits of other scripts, slashes, ends of lines."""
    pieces = ["HTTPServer", "McDonald's", "don'T", "I'LL", "it's", "ÀÉÎ", "straße", "ǅungla", "ʰa", "नमस्ते", "สวัสดี",
              "a\u0301b", "\u0301", "你好", "カタカナ", "ひらがな", "한국어", "x²", "½", "١٢٣٤٥", "12345", "Ⅷ", "a/b",
              "//\n", "/\r\n", "\r\n", "\n\n", "\t", "  ", "\u00a0", "\u3000", "_a", "$5", "€", "…", "«»", "😀", "\u200d",
              ".", ",x", "(y", "`z", "'", "''s", "0.5", "٪", " "]
    for _ in range(300):
        yield "".join(rng.choice(pieces) for _ in range(rng.randint(1, 9)))


def main():
    strings = json.loads((HERE / "strings.json").read_text(encoding="utf-8"))
    more = list(more_strings(random.Random(5)))
    lines = [json.dumps({"strings": more}, ensure_ascii=True)]
    for names, splitter in FAMILIES:
        words = [[end - begin for _, (begin, end) in splitter.pre_tokenize_str(text)]
                 for text in strings + more]
        lines.append(json.dumps({"names": names, "words": words}, separators=(",", ":")))
    (HERE / "splits.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

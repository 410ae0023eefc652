"""Makes tokenizer.json: byte-level BPE, 3,072 tokens, the qwen2 pre-tokenizer.

Merges inside words are learned first, without the space before the word, and only then the most
common words get a variant with the space. So a rare word (a name, a code, a made-up key) has the same
pieces after a space, a quote or an underscore, and copying it from a sentence into JSON is copying tokens.
Usage: python make_tokenizer.py [--conversations N]
"""

from __future__ import annotations

import argparse
import collections
import json
import re
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from dataset import HERE, SPECIAL, template_environment
from generator.mixture import stream

QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
INSIDE = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|[\r\n]+|\s"
VOCABULARY, SPACED = 3072, 900


def corpus(conversations: int) -> list[str]:
    """Rendered conversations without their special tokens."""
    template = template_environment().from_string((HERE / "chat_template.jinja").read_text())
    cut = re.compile("|".join(map(re.escape, SPECIAL)))
    source = stream(977)
    texts = []
    for _ in range(conversations):
        c = next(source)
        texts += [t for t in cut.split(template.render(messages=c.messages, tools=c.tools or None)) if t]
    return texts


def split_with(pattern: str) -> pre_tokenizers.PreTokenizer:
    """Splits by the pattern, then maps bytes to visible characters."""
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def learn_merges(texts: list[str], size: int) -> list[tuple[str, str]]:
    """Merges within words, numbers and punctuation only."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = split_with(INSIDE)
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return [tuple(m) for m in json.loads(tokenizer.to_str())["model"]["merges"]]


def spaced_words(texts: list[str], single: set[str], count: int) -> list[str]:
    """The most common words after a space that are one token without it."""
    seen = collections.Counter(w for t in texts for w in re.findall(r" ([A-Za-z]+)", t))
    return [w for w, _ in seen.most_common() if w in single][:count]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--conversations", type=int, default=40000)
    args = parser.parse_args()
    texts = corpus(args.conversations)
    merges = learn_merges(texts, VOCABULARY - len(SPECIAL) - SPACED)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = alphabet + ["".join(m) for m in merges]
    spaced = [("Ġ", w) for w in spaced_words(texts, set(tokens), SPACED)]
    tokens += ["".join(m) for m in spaced]
    vocabulary = {t: i for i, t in enumerate(tokens + SPECIAL)}
    assert len(vocabulary) == VOCABULARY, len(vocabulary)
    bpe = models.BPE(vocab={t: i for t, i in vocabulary.items() if t not in SPECIAL}, merges=merges + spaced)
    tokenizer = Tokenizer(bpe)
    tokenizer.pre_tokenizer, tokenizer.decoder = split_with(QWEN2), decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    Path(HERE / "tokenizer.json").write_text(tokenizer.to_str(pretty=False))
    sample = 'My name is Grumvelta. {"name": "Grumvelta", "get_grumvelta": 12.5}'
    print(len(vocabulary), "tokens;", tokenizer.encode(sample).tokens)


if __name__ == "__main__":
    main()

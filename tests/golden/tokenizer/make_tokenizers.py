#!/usr/bin/env python3
"""Trains small tokenizers with Hugging Face's library and records what it makes of many strings.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install tokenizers==0.23.3
    /tmp/venv/bin/python make_tokenizers.py

Writes beside itself: strings.json, and for each NAME below NAME/tokenizer.json (the tokenizer),
NAME/ids.jsonl, one line a string: {"plain": ids with special tokens' text taken as text,
"special": ids with them recognised, where these differ}, and NAME/decoded.jsonl: {"ids", "text"}
of random ids. src/text/tokenizer_test.cc compares. Deterministic: no input, one seed.
"""
import json
import pathlib
import random
import unicodedata

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers
from tokenizers import pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


# ------------------------------------------------------------------------------------- the corpus

def corpus(rng):
    words = """the of and to in is that it was for on are with as his they be at one have this from
        or had by hot but some what there we can out other were all your when up use word how
        said an each she which do their time if will way about many then them would write like
        so these her long make thing see him two has look more day could go come did my sound
        no most number who over know water than call first people may down side been now find
        new work part take get place made live where after back little only round man year
        came show every good me give our under name very through just form much great think
        say help low line before turn cause same mean differ move right boy old too does tell
        sentence set three want air well also play small end put home read hand port large
        spell add even land here must big high such follow act why ask men change went light
        kind off need house picture try us again animal point mother world don't I'll we've
        it's they're you'd I'm DON'T naïve café über straße señor привет мир как дела что это
        где дом вода 你好 世界 我们 他们 今天 天气 こんにちは ありがとう 日本語 한국어 안녕하세요 γειά σου κόσμε مرحبا بالعالم
        שלום עולם नमस्ते दुनिया สวัสดี ชาวโลก""".split()
    ends = [".", "!", "?", ",", ";", ":", "...", "\n", "\n\n", " - ", " (", ") ", '"', "'", "\t"]
    for _ in range(4000):
        line = []
        for _ in range(rng.randint(3, 12)):
            word = rng.choice(words)
            line.append(rng.choice([word, word, word, word.capitalize(), word.upper()]))
            if rng.random() < 0.1:
                line.append(str(rng.randint(0, 10 ** rng.randint(1, 6))))
        text = " ".join(line) + rng.choice(ends)
        if rng.random() < 0.2:
            text += rng.choice([
                "def f(x):\n    return x + 1\n", "for (int i = 0; i < n; ++i) {\n\t",
                '{"name": "f", "arguments": {"x": 1}}', "<b>text</b>", "a == b && c",
                "https://example.org/path?q=1", "😀😂🎉", "    \n        "])
        yield text


# ------------------------------------------------------------------------------------ the strings

def of_every_script():
    """A few characters of each assigned stretch of Unicode, alone and between Latin letters."""
    rng = random.Random(7)
    begin = 0x80
    while begin < 0x1FB00:
        size = 0x400 if 0x3400 <= begin < 0xD7A0 or 0x17000 <= begin < 0x19000 else 0x80
        chars = [chr(c) for c in range(begin, begin + size)
                 if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
        begin += size
        if not chars:
            continue
        some = "".join(rng.choice(chars) for _ in range(4))
        yield some
        if begin < 0x3000:
            yield "a" + rng.choice(chars) + "b " + rng.choice(chars) + rng.choice(chars) + " 1"


def by_kind():
    yield from ["", " ", "a", "Hello", "Hello world", " Hello", "  Hello", "Hello  ", "\n",
                "\n\n\n"]
    for code in [*range(0, 33), *range(127, 161), 0xAD, 0x200B, 0x200D, 0x2060, 0xFEFF, 0xFFFC,
                 0xFFFD, 0xFFFE, 0xFFFF, 0x10FFFF, 0xE000, 0xF0000, 0xE0001]:
        yield f"x{chr(code)}y {chr(code)}{chr(code)}z"
    for space in "\t\n\v\f\r \x85\xa0\u1680\u180e\u2000\u2007\u2009\u2028\u2029\u202f\u205f\u3000":
        yield f"a{space}b"
        yield f"a{space * 3}b {space}\n{space}"
        yield f"{space}é{space * 2}"
        yield f"1{space}!{space}"
    for n in range(1, 13):
        yield " " * n + "x"
        yield "x" + " " * n
        yield "\t" * n + "1"
        yield "9" * n + " " + "12345678901234567890"[:n] + "a"
    for word in ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'T", "'RE", "'Ve", "'M",
                 "'lL", "'D", "'ſ", "'ſt", "\u2019s", "\u2019t", "''s", "' s", "'x", "'"]:
        yield f"it{word} {word} IT{word}ed"
    yield from ["٠١٢٣٤٥", "०१२३", "½ ¼ ²³¹ ①②", "ⅣⅫ ↉", "一二三", "1٢3", "3.14159", "1,000,000",
                "0x7fFF", "1e-9", "12:34:56", "2024-02-29T12:00:00Z", "+49 (0)30 1234567", "٪٫٬",
                "৳১২৩৪"]
    yield from ["😀", "😀😀😀", "👍🏽", "👩‍👩‍👧‍👦", "👨‍💻 code", "🏳️‍🌈", "🇩🇪🇯🇵🇧🇷", "1️⃣#️⃣", "❤️❤",
                "🧑🏿‍🚀🚀", "☺︎☺️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "a😀b 😀 c", "™©®", "⌘⌥⇧"]
    yield from ["é", "e\u0301", "e\u0301\u0323", "e\u0323\u0301", "\u0301", " \u0301a",
                "Å\u212b\u00c5", "\u1e9b\u0323", "q\u0307\u0323", "가각", "\u1100\u1161\u11a8",
                "ﬁ ﬀ", "K\u212a", "Ω\u2126", "\u0958", "\u0915\u093c", "\u2adc",
                "a" + "\u0300" * 5, "a\u0315\u0300\u05ae\u0300\u0062", "c\u0327\u0301", "\u1e08",
                "ǰ", "ŉ", "İ i̇", "ẞß", "\u0f73\u0f75", "\U0001d15e"]
    yield from ["你好，世界！", "日本語のテキスト。", "カタカナ・ひらがな", "한국어 문장입니다.", "混合text和文字123",
                "ｆｕｌｌｗｉｄｔｈ　１２３", "他说：“好”。", "㈱㍿", "𠮷野家", "々〆ヶ"]
    yield from ["שלום עולם", "مرحبا بالعالم", "עִבְרִית", "السَّلامُ", "abc אבג def",
                "\u202eabc\u202c", "۱۲۳ فارسی"]
    yield from ["a\nb", "a\r\nb", "a\r\rb", "a\n\r\nb", "\r\n\r\n", " \n \n ", "x \n\n  y",
                "\n x", "x\n ", "!\n?\r\n.", "...\n\n\n...", "a  \n  b", "\t\n\t"]
    yield from ["def f(x):\n    return x+1\n", "if (a&&b||!c) { d[0]->e = f::g<h>(); }",
                '{"a": [1, 2.5, "x\\n"], "b": null}', "SELECT * FROM t WHERE x='y';",
                "<html><body class=\"a\">", "#include <vector>\r\n",
                "$HOME/.config/*.toml ~ `ls -la`", "\\frac{a}{b} \\alpha_1^2",
                "https://a.b/c?d=e&f=%20#g", "user@example.org", "C++20 & C#",
                "snake_case camelCase PascalCase SCREAMING_CASE kebab-case", "100% €5 £3 ¥7 ₿1"]


SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>",
            "<s>", "</s>", "<unk>", "<tool_call>", "</tool_call>", "<think>", "<0x41>", "▁"]


def with_specials(rng):
    for token in SPECIALS:
        yield token
        yield f"a {token} b{token}c"
        yield f"{token}{token}\n {token}"
        yield token[:-1]
    for _ in range(60):
        yield "".join(rng.choice(SPECIALS + [" ", "x", "user\n", "é", "  ", "<", "|>", "\n"])
                      for _ in range(rng.randint(2, 6)))


def mixtures(rng, count):
    parts = ["the", " the", "The", " cat's", "DON'T", " I'll", "1", " 42", "2024", "é", "e\u0301",
             "你好", "日本", "привет", " мир", "مرحبا", "😀", "👩‍👧", " ", "  ", "   ", "\n", "\r\n",
             "\t", "\u00a0", "\u3000", ".", ",", "!?", "...", "()", "{", "}", "'", '"', "<", ">",
             "|", "_", "-", "\\", "/", "\x00", "\u200b", "\u0301", "가", "ก", "नम", "xyz",
             "Straße", " a", "s", "st", "in"]
    for _ in range(count):
        yield "".join(rng.choice(parts) for _ in range(rng.randint(1, 10)))


def strings():
    rng = random.Random(42)
    found = [*by_kind(), *of_every_script(), *with_specials(rng), *mixtures(rng, 330)]
    return list(dict.fromkeys(found))


# --------------------------------------------------------------------------------- the tokenizers

def train(tokenizer, size, special, alphabet=None):
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=special, show_progress=False,
                                  initial_alphabet=alphabet or [])
    tokenizer.train_from_iterator(corpus(random.Random(1)), trainer)
    return tokenizer


def byte_level(size, pre_tokenizer, special, ignore_merges=False, normalizer=None, added=()):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    train(tokenizer, size, special, pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_tokens(list(added))
    return tokenizer


def split_bytes(pattern):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)])


def characters(size, byte_fallback, normalizer, pre_tokenizer, decoder):
    """A SentencePiece-like model as transformers converts them: trained on words cut at U+2581."""
    special = ["<unk>", "<s>", "</s>"]
    bytes_ = [f"<0x{b:02X}>" for b in range(256)] if byte_fallback else []
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=byte_fallback))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    train(tokenizer, size, special + bytes_)
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] in special]
    tokenizer = Tokenizer.from_str(json.dumps(data))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    # A tokenizer's pre_tokenizer cannot be unset, so that is done in the file.
    data = json.loads(tokenizer.to_str())
    data["pre_tokenizer"] = None
    tokenizer = Tokenizer.from_str(json.dumps(data))
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    return tokenizer


def tokenizers():
    chat = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    yield "gpt2", byte_level(900, pre_tokenizers.ByteLevel(add_prefix_space=False), chat[:1])
    yield "llama3", byte_level(900, split_bytes(LLAMA3), ["<|begin_of_text|>", "<|eot_id|>"],
                               ignore_merges=True)
    yield "qwen2", byte_level(
        900, split_bytes(QWEN2), chat, normalizer=normalizers.NFC(),
        added=[AddedToken(t, special=False, normalized=False)
               for t in ["<tool_call>", "</tool_call>"]] + [AddedToken("<think>", special=False)])
    yield "digits", byte_level(700, pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)]), chat)
    yield "llama2", characters(
        1000, True, normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        None, decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(),
                                 decoders.Fuse(), decoders.Strip(" ", 1, 0)]))
    yield "metaspace", characters(
        700, False, None, pre_tokenizers.Metaspace("▁", prepend_scheme="first", split=True),
        decoders.Metaspace("▁", prepend_scheme="first"))


# ------------------------------------------------------------------------------------ the goldens

def write_lines(path, rows):
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")


def ids_of(tokenizer, text, special):
    tokenizer.encode_special_tokens = not special
    return tokenizer.encode(text, add_special_tokens=False).ids


def golden(tokenizer, text):
    plain = ids_of(tokenizer, text, special=False)
    special = ids_of(tokenizer, text, special=True)
    return {"plain": plain} if special == plain else {"plain": plain, "special": special}


def main():
    texts = strings()
    print(len(texts), "strings")
    (HERE / "strings.json").write_text(json.dumps(texts, indent=0), encoding="ascii")
    for name, tokenizer in tokenizers():
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        data = json.loads(tokenizer.to_str())
        data["model"]["merges"] = [" ".join(m) for m in data["model"]["merges"]]
        (folder / "tokenizer.json").write_text(
            json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        write_lines(folder / "ids.jsonl", (golden(tokenizer, text) for text in texts))
        rng = random.Random(3)
        rows = [[rng.randrange(tokenizer.get_vocab_size()) for _ in range(rng.randint(1, 12))]
                for _ in range(100)]
        write_lines(folder / "decoded.jsonl",
                    ({"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True)}
                     for ids in rows))


if __name__ == "__main__":
    main()

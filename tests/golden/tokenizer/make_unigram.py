#!/usr/bin/env python3
"""Trains small unigram models with SentencePiece and records what it, and Hugging Face's library,
make of the strings of strings.json.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3 protobuf gguf==0.19.0
    /tmp/venv/bin/python make_unigram.py

Writes beside itself, for `unigram` (characters by a table, extra spaces removed, an unknown token)
and `unigram_bytes` (characters as they are, bytes for unknown ones):
  NAME/tokenizer.json       as transformers converts such models
  NAME/ids.jsonl            what tokenizers gives, as make_tokenizers.py has it
  NAME/decoded.jsonl        random ids decoded by it
  NAME/tokenizer.gguf       the same model as llama.cpp's converter writes it
  NAME/sentencepiece.jsonl  {"ids"} of each string, by sentencepiece itself
Deterministic: no input, one seed.
"""
import base64
import io
import json
import pathlib
import random

import gguf
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as model_pb2
from tokenizers import Tokenizer

from make_tokenizers import HERE, corpus, golden, strings, write_lines

SPECIAL = ["<unk>", "<s>", "</s>"]
RULES = {**{chr(0xFF10 + i): str(i) for i in range(10)},
         **{chr(0xFF21 + i): chr(65 + i) for i in range(26)},
         **{chr(0xFF41 + i): chr(97 + i) for i in range(26)},
         "\u3000": " ", "\u00a0": " ", "\t": " ", "\n": " ", "\r": " ", "\u2009": " ",
         "\u200b": "", "\u00ad": "", "\ufeff": "", "\ufb01": "fi", "\u3231": "(\u682a)",
         "\u337f": "\u682a\u5f0f\u4f1a\u793e", "e\u0301": "\u00e9", "c\u0327\u0301": "\u1e09",
         "\u0301": "'", "\u212b": "\u00c5", "\u2126": "\u03a9", "\u2581": " ",
         "\u1100\u1161": "\uac00",
         "\U0001f1e9\U0001f1ea": "DE", "\u2028": " "}


def train(folder, **options):
    rules = folder / "rules.tsv"
    lines = ["\t".join([" ".join(f"{ord(c):X}" for c in source),
                        " ".join(f"{ord(c):X}" for c in target)])
             for source, target in RULES.items()]
    rules.write_text("\n".join(lines) + "\n", encoding="ascii")
    if options.pop("uses_rules"):
        options["normalization_rule_tsv"] = str(rules)
    else:
        options["normalization_rule_name"] = "identity"
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(list(corpus(random.Random(1)))), model_writer=model,
        model_type="unigram", num_threads=1, character_coverage=0.995, minloglevel=2, **options)
    rules.unlink()
    return model.getvalue()


def pieces_of(proto):
    return [[piece.piece, piece.score] for piece in proto.pieces]


def tokenizer_json(proto):
    """The file that transformers' converters make of such a model."""
    has_bytes = proto.trainer_spec.byte_fallback
    space = {"String": " "}
    if has_bytes:
        normalizer = [{"type": "Prepend", "prepend": "\u2581"},
                      {"type": "Replace", "pattern": space, "content": "\u2581"}]
        pre_tokenizer = None
        decoder = {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    else:
        table = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode("ascii")
        normalizer = [{"type": "Precompiled", "precompiled_charsmap": table},
                      {"type": "Strip", "strip_left": False, "strip_right": True},
                      {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"}]
        pre_tokenizer = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always",
                         "split": True}
        decoder = pre_tokenizer
    added = [{"id": i, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, text in enumerate(SPECIAL)]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "Sequence", "normalizers": normalizer},
            "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": decoder,
            "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": has_bytes,
                      "vocab": pieces_of(proto)}}


def unspellable(data, keeps_specials):
    """The same, but no text spells a control token or a byte's name, which Hugging Face's library
    would take for them: Retort does not, nor does sentencepiece."""
    data = json.loads(json.dumps(data))
    for i, entry in enumerate(data["model"]["vocab"]):
        if i < len(SPECIAL) and not keeps_specials:
            entry[0] = chr(0x10FFF0 + i) * 3
        elif entry[0].startswith("<0x"):
            entry[1] = -500.0
    if not keeps_specials:
        data["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(data))


def write_gguf(path, proto):
    writer = gguf.GGUFWriter(path, "t5")
    writer.add_tokenizer_model("t5")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([piece.piece.encode("utf-8") for piece in proto.pieces])
    writer.add_token_scores([piece.score for piece in proto.pieces])
    writer.add_token_types([int(piece.type) for piece in proto.pieces])
    writer.add_add_space_prefix(proto.normalizer_spec.add_dummy_prefix)
    writer.add_remove_extra_whitespaces(proto.normalizer_spec.remove_extra_whitespaces)
    if proto.normalizer_spec.precompiled_charsmap:
        writer.add_precompiled_charsmap(proto.normalizer_spec.precompiled_charsmap)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def write(name, texts, **options):
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    model = train(folder, **options)
    proto = model_pb2.ModelProto.FromString(model)
    data = tokenizer_json(proto)
    (folder / "tokenizer.json").write_text(
        json.dumps(data, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    write_gguf(folder / "tokenizer.gguf", proto)
    own = sentencepiece.SentencePieceProcessor(model_proto=model)
    write_lines(folder / "sentencepiece.jsonl", ({"ids": own.encode(text)} for text in texts))
    plain, special = unspellable(data, False), unspellable(data, True)
    rows = []
    for text in texts:
        row = {"plain": plain.encode(text, add_special_tokens=False).ids}
        recognised = golden(special, text).get("special") or golden(special, text)["plain"]
        rows.append(row if recognised == row["plain"] else {**row, "special": recognised})
    write_lines(folder / "ids.jsonl", rows)
    tokenizer = Tokenizer.from_str(json.dumps(data))
    rng = random.Random(3)
    drawn = [[rng.randrange(len(proto.pieces)) for _ in range(rng.randint(1, 12))]
             for _ in range(100)]
    write_lines(folder / "decoded.jsonl",
                ({"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True)}
                 for ids in drawn))


def main():
    texts = strings()
    write("unigram", texts, vocab_size=700, uses_rules=True)
    write("unigram_bytes", texts, vocab_size=900, uses_rules=False, byte_fallback=True,
          remove_extra_whitespaces=False, split_by_whitespace=False)


if __name__ == "__main__":
    main()

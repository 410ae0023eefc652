"""Writes an F16 GGUF file in the shape of a real model, with random weights, to measure speed on.

The weights are normal with deviation 0.02, the norms 1, each tensor drawn from (seed, its place).
The tokenizer is a real byte-level BPE over a made-up vocabulary of the wanted size: bytes, pairs of
letters with and without a space in front, and words of four letters in seeded order, so that text
costs about three characters a token and whatever a random model says can be read. Other programs
turn the file into other formats.
Usage: python synthetic_model.py --shape 1b --out llama-1b-f16.gguf
Needs gguf and numpy from PyPI.
"""

from __future__ import annotations

import argparse
import string
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy as np

DEVIATION = 0.02
SLAB_ELEMENTS = 1 << 22  # drawn at once: 16 MiB of floats
CONTEXT = 32_768
CONTROL_TOKENS = ["<|begin|>", "<|im_start|>", "<|im_end|>"]
CHATML = ("{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
          "{{ message['content'] }}<|im_end|>\n{% endfor %}"
          "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")


class Shape(NamedTuple):
    architecture: str
    pre_tokenizer: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    rope_base: float
    epsilon: float
    has_biases: bool  # of queries, keys and values


SHAPES = {
    "1b": Shape("llama", "llama-bpe", 16, 2048, 8192, 32, 8, 128_256, 500_000.0, 1e-5, False),
    "0.5b": Shape("qwen2", "qwen2", 24, 896, 4864, 14, 2, 151_936, 1_000_000.0, 1e-6, True),
    "1m": Shape("llama", "llama-bpe", 4, 128, 256, 4, 2, 2048, 10_000.0, 1e-5, False),
}


class Tensor(NamedTuple):
    name: str
    rows: int  # 0: a vector
    columns: int
    is_norm: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.rows, self.columns) if self.rows else (self.columns,)

    @property
    def dtype(self) -> type[np.floating]:
        return np.float16 if self.rows else np.float32


def byte_letters() -> list[str]:
    """The characters that byte-level BPE writes for the bytes 0 to 255 (GPT-2's encoder.py)."""
    plain = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)}
    others = [byte for byte in range(256) if byte not in plain]
    shifted = {byte: 256 + place for place, byte in enumerate(others)}
    return [chr(shifted.get(byte, byte)) for byte in range(256)]


def vocabulary(size: int, seed: int) -> tuple[list[str], list[str]]:
    """`size` tokens, the control tokens last, and the merges that lead to them in order of rank."""
    letters = byte_letters()
    space = letters[ord(" ")]
    pairs = [a + b for a in string.ascii_lowercase for b in string.ascii_lowercase]
    merges = [f"{pair[0]} {pair[1]}" for pair in pairs]
    merges += [f"{space} {pair}" for pair in pairs]
    words = np.random.default_rng([seed, 0]).permutation(len(pairs) ** 2)
    room = size - len(letters) - len(CONTROL_TOKENS) - len(merges)
    if room < 0 or room > len(words):
        raise SystemExit(f"synthetic_model: no vocabulary of {size} tokens can be made")
    merges += [f"{pairs[word // len(pairs)]} {pairs[word % len(pairs)]}" for word in words[:room]]
    return letters + [merge.replace(" ", "") for merge in merges] + CONTROL_TOKENS, merges


def tensors(shape: Shape) -> Iterator[Tensor]:
    """Every tensor in the file's order; the output matrix is tied to the embedding."""
    head = shape.width // shape.heads
    keys = shape.kv_heads * head
    yield Tensor("token_embd.weight", shape.vocabulary, shape.width)
    yield Tensor("output_norm.weight", 0, shape.width, is_norm=True)
    for layer in range(shape.layers):
        prefix = f"blk.{layer}."
        yield Tensor(prefix + "attn_norm.weight", 0, shape.width, is_norm=True)
        for name, rows in [("attn_q", shape.width), ("attn_k", keys), ("attn_v", keys)]:
            yield Tensor(f"{prefix}{name}.weight", rows, shape.width)
            if shape.has_biases:
                yield Tensor(f"{prefix}{name}.bias", 0, rows)
        yield Tensor(prefix + "attn_output.weight", shape.width, shape.width)
        yield Tensor(prefix + "ffn_norm.weight", 0, shape.width, is_norm=True)
        yield Tensor(prefix + "ffn_gate.weight", shape.feed_forward, shape.width)
        yield Tensor(prefix + "ffn_up.weight", shape.feed_forward, shape.width)
        yield Tensor(prefix + "ffn_down.weight", shape.width, shape.feed_forward)


def draw(tensor: Tensor, generator: np.random.Generator) -> np.ndarray:
    if tensor.is_norm:
        return np.ones(tensor.shape, tensor.dtype)
    values = np.empty(int(np.prod(tensor.shape)), tensor.dtype)
    for begin in range(0, len(values), SLAB_ELEMENTS):
        slab = values[begin:begin + SLAB_ELEMENTS]
        slab[:] = generator.standard_normal(len(slab), np.float32) * np.float32(DEVIATION)
    return values.reshape(tensor.shape)


def add_metadata(writer: gguf.GGUFWriter, shape: Shape, name: str, seed: int) -> None:
    writer.add_name(f"synthetic-{name}")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(shape.layers)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)
    tokens, merges = vocabulary(shape.vocabulary, seed)
    ordinary = len(tokens) - len(CONTROL_TOKENS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(shape.pre_tokenizer)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.NORMAL] * ordinary +
                           [gguf.TokenType.CONTROL] * len(CONTROL_TOKENS))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(ordinary)
    writer.add_eos_token_id(ordinary + CONTROL_TOKENS.index("<|im_end|>"))
    writer.add_pad_token_id(ordinary)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)


def write(path: Path, name: str, seed: int) -> None:
    """One tensor is in memory at a time."""
    shape = SHAPES[name]
    writer = gguf.GGUFWriter(path, shape.architecture)
    add_metadata(writer, shape, name, seed)
    rows = list(tensors(shape))
    for tensor in rows:
        size = int(np.prod(tensor.shape)) * np.dtype(tensor.dtype).itemsize
        writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(tensor.dtype), size)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for place, tensor in enumerate(rows, 1):
        writer.write_tensor_data(draw(tensor, np.random.default_rng([seed, place])))
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write(options.out, options.shape, options.seed)
    print(f"{options.out}: {options.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

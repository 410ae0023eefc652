"""Makes the golden files of the weight formats: random blocks, and what they stand for.

Each format becomes NAME.bin beside this script: blocks as a model file has them, and behind them
all of their elements as the PyPI package gguf reads them, little-endian f32. Bytes are random but
for the blocks' own scales: every block has others, among them zeros of both signs, the least and
the largest halves, and negative ones. No scale is infinite or no number.

tiny-NAME.gguf in fuzz/corpus/gguf is a whole llama model of one layer in the format, as small as
its blocks allow, for the tests of model/ and the fuzz target.

Run with gguf and numpy installed; the committed files are by gguf 0.19.0 and numpy 2.4.6:
  python make_quants.py
It writes the same bytes again where versions are the same.
"""

import pathlib

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
CORPUS = HERE.parent.parent.parent / "fuzz" / "corpus" / "gguf"

# Where in a block the f16 scales stand, and how many blocks a golden file has.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0],
          "MXFP4": [], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
          "Q6_K": [208], "IQ4_XS": [0]}
BLOCKS = {32: 64, 256: 12}

# The largest element of a block whose f16 scales are 1. A model's scales are so small that its
# weights are of a trained model's size: with larger ones attention would be a choice by a hair.
LARGEST = {"Q4_0": 8, "Q4_1": 15, "Q5_0": 16, "Q5_1": 31, "Q8_0": 127, "IQ4_NL": 127, "Q2_K": 45,
           "Q3_K": 128, "Q4_K": 945, "Q5_K": 1953, "Q6_K": 4096, "IQ4_XS": 4064}

# Halves as bits: 0, -0, the least and the largest subnormal, the least normal, 1, -1, the largest
# of both signs, a small negative one.
EDGES = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x3C00, 0xBC00, 0x7BFF, 0xFBFF, 0x9234]


def random_blocks(kind, count, random, edges):
    """`count` blocks of the format, one a row."""
    block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]][1]
    blocks = random.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    if kind == "MXFP4":
        # Every exponent from the least on in golden files; weights of ordinary size in models.
        first = [0, 1, 2, 3, 126, 127, 128, 253, 254, 255] if edges else []
        exponents = random.integers(0, 256, count) if edges else random.integers(118, 124, count)
        exponents[:len(first)] = first
        blocks[:, 0] = exponents
    for place, offset in enumerate(SCALES[kind]):
        size = 0.02 if edges else 0.2 / LARGEST[kind]
        halves = (random.standard_normal(count) * size).astype(np.float16).view(np.uint16)
        if edges:
            halves[:len(EDGES)] = np.roll(EDGES, 3 * place)
        blocks[:, offset:offset + 2] = halves.astype("<u2").view(np.uint8).reshape(count, 2)
    return blocks


def write_golden(kind, random):
    qtype = gguf.GGMLQuantizationType[kind]
    blocks = random_blocks(kind, BLOCKS[gguf.GGML_QUANT_SIZES[qtype][0]], random, edges=True)
    with np.errstate(over="ignore"):  # MXFP4's largest scales
        values = gguf.dequantize(blocks, qtype)
    (HERE / f"{kind.lower()}.bin").write_bytes(blocks.tobytes() + values.astype("<f4").tobytes())


def write_plain(kind, random):
    """F16 and BF16: all exponents and signs, but no infinity and no NaN."""
    halves = random.integers(0, 1 << 16, 1024, dtype=np.uint16)
    exponent = 0x7C00 if kind == "F16" else 0x7F80
    halves = halves[(halves & exponent) != exponent]
    halves = np.concatenate([halves, np.array([0, 0x8000, 1, 0x8001], np.uint16)])
    data = halves.astype("<u2").view(np.uint8)
    values = gguf.dequantize(data, gguf.GGMLQuantizationType[kind])
    (HERE / f"{kind.lower()}.bin").write_bytes(data.tobytes() + values.astype("<f4").tobytes())


def write_model(kind, random):
    """A llama of width 256 (one block), one head of 2, and a feed-forward of 1."""
    qtype = gguf.GGMLQuantizationType[kind]
    block, block_bytes = gguf.GGML_QUANT_SIZES[qtype]
    width = 256 if block == 256 else 32
    writer = gguf.GGUFWriter(CORPUS / f"tiny-{kind.lower()}.gguf", "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(1)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_key_length(2)
    writer.add_value_length(2)
    writer.add_rope_dimension_count(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(3)
    writer.add_rope_freq_base(10000.0)

    def plain(name, *shape):
        writer.add_tensor(name, random.standard_normal(shape).astype(np.float32))

    def packed(name, rows):
        blocks = random_blocks(kind, rows * width // block, random, edges=False)
        writer.add_tensor(name, blocks.reshape(rows, -1), raw_dtype=qtype)

    packed("token_embd.weight", 3)
    plain("output_norm.weight", width)
    plain("blk.0.attn_norm.weight", width)
    plain("blk.0.ffn_norm.weight", width)
    for name in ["attn_q", "attn_k", "attn_v"]:
        packed(f"blk.0.{name}.weight", 2)
    plain("blk.0.attn_output.weight", width, 2)
    packed("blk.0.ffn_gate.weight", 1)
    packed("blk.0.ffn_up.weight", 1)
    plain("blk.0.ffn_down.weight", width, 1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    for index, kind in enumerate(SCALES):
        write_golden(kind, np.random.default_rng(3000 + index))
        write_model(kind, np.random.default_rng(4000 + index))
    for index, kind in enumerate(["F16", "BF16"]):
        write_plain(kind, np.random.default_rng(5000 + index))


if __name__ == "__main__":
    print("numpy", np.__version__)
    main()

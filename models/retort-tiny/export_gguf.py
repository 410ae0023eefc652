"""Writes a checkpoint as GGUF (llama architecture), and reads such a file back into the network.

Q and K are stored as trained: the network uses the interleaved rotary convention that GGUF's llama
architecture expects, so nothing is permuted here (a conversion to Hugging Face would permute).
Usage: python export_gguf.py CHECKPOINT OUT.gguf [--type q8_0|f16|f32]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch

from dataset import HERE, SPECIAL
from model import ModelConfig, TinyLlama

TYPES = {"q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0), "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
         "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32)}
_LAYER = {"attn_norm": "attn_norm", "wq": "attn_q", "wk": "attn_k", "wv": "attn_v", "wo": "attn_output", "ffn_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down"}


def gguf_name(name: str) -> str:
    """blocks.3.wq.weight -> blk.3.attn_q.weight."""
    if name == "embed.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, layer, part, _ = name.split(".")
    return f"blk.{layer}.{_LAYER[part]}.weight"


def write_metadata(w: gguf.GGUFWriter, cfg: ModelConfig, file_type: gguf.LlamaFileType) -> None:
    """What a loader needs to build the network, and who made it."""
    w.add_name("retort-tiny")
    w.add_description("The small chat model bundled with Retort, trained on generated conversations.")
    w.add_license("apache-2.0")
    w.add_file_type(file_type)
    w.add_context_length(cfg.context)
    w.add_embedding_length(cfg.dim)
    w.add_block_count(cfg.layers)
    w.add_feed_forward_length(cfg.ff_dim)
    w.add_head_count(cfg.heads)
    w.add_head_count_kv(cfg.kv_heads)
    w.add_key_length(cfg.head_dim)
    w.add_value_length(cfg.head_dim)
    w.add_layer_norm_rms_eps(cfg.eps)
    w.add_rope_freq_base(cfg.rope_base)
    w.add_rope_dimension_count(cfg.head_dim)
    w.add_vocab_size(cfg.vocab_size)


def write_tokenizer(w: gguf.GGUFWriter) -> None:
    """Tokens, merges, special ids and the chat template."""
    model = json.loads((HERE / "tokenizer.json").read_text())["model"]
    by_id = {i: t for t, i in model["vocab"].items()}
    tokens = [by_id[i] for i in range(len(by_id))] + SPECIAL
    kind = {t: gguf.TokenType.USER_DEFINED if "tool" in t else gguf.TokenType.CONTROL for t in SPECIAL}
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list(tokens)
    w.add_token_types([kind.get(t, gguf.TokenType.NORMAL) for t in tokens])
    w.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    w.add_bos_token_id(tokens.index("<|endoftext|>"))
    w.add_eos_token_id(tokens.index("<|im_end|>"))
    w.add_pad_token_id(tokens.index("<|endoftext|>"))
    w.add_add_bos_token(False)
    w.add_chat_template((HERE / "chat_template.jinja").read_text())


def export(state: dict, out: Path, kind: str) -> None:
    """Writes the file; vectors stay float32."""
    cfg = ModelConfig(**state["config"])
    quantization, file_type = TYPES[kind]
    w = gguf.GGUFWriter(str(out), "llama")
    write_metadata(w, cfg, file_type)
    write_tokenizer(w)
    for name, tensor in state["model"].items():
        data = tensor.float().numpy()
        wanted = quantization if data.ndim == 2 else gguf.GGMLQuantizationType.F32
        w.add_tensor(gguf_name(name), gguf.quants.quantize(data, wanted), raw_dtype=wanted)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def load_gguf(path: Path) -> TinyLlama:
    """The network with the file's own (dequantized) weights: what a server computes with."""
    reader = gguf.GGUFReader(str(path))
    field = lambda key: reader.get_field(key).contents()
    cfg = ModelConfig(vocab_size=field("llama.vocab_size"), dim=field("llama.embedding_length"), layers=field("llama.block_count"), heads=field("llama.attention.head_count"),
                      kv_heads=field("llama.attention.head_count_kv"), head_dim=field("llama.attention.key_length"), ff_dim=field("llama.feed_forward_length"), context=field("llama.context_length"),
                      rope_base=field("llama.rope.freq_base"), eps=field("llama.attention.layer_norm_rms_epsilon"))
    stored = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in reader.tensors}
    model = TinyLlama(cfg)
    model.load_state_dict({name: torch.from_numpy(np.array(stored[gguf_name(name)], np.float32).reshape(p.shape)) for name, p in model.state_dict().items()})
    return model.eval()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--type", choices=list(TYPES), default="q8_0")
    args = parser.parse_args()
    export(torch.load(args.checkpoint, weights_only=True, map_location="cpu"), args.out, args.type)
    print(args.out, args.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()

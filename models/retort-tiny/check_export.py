"""Checks an exported file against a program that is not ours: Hugging Face's LlamaForCausalLM and tokenizer.

Builds that network from the GGUF file's tensors (Q and K permuted from the interleaved to the
half-split rotary convention) and compares logits on a rendered conversation; compares token ids of
texts as well. Needs `pip install transformers`, for this check only.
Usage: python check_export.py FILE.gguf
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from dataset import ChatTokenizer
from export_gguf import load_gguf
from model import TinyLlama


def half_split(w: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a head from order (0, 1, 2, 3 ...) to (0, 2, 4 ..., 1, 3, 5 ...)."""
    rows, columns = w.shape
    return w.view(heads, rows // heads // 2, 2, columns).transpose(1, 2).reshape(rows, columns)


def to_hugging_face(model: TinyLlama) -> LlamaForCausalLM:
    """The same weights in Hugging Face's network."""
    c = model.cfg
    config = LlamaConfig(vocab_size=c.vocab_size, hidden_size=c.dim, intermediate_size=c.ff_dim, num_hidden_layers=c.layers, num_attention_heads=c.heads, num_key_value_heads=c.kv_heads,
                         head_dim=c.head_dim, max_position_embeddings=c.context, rms_norm_eps=c.eps, rope_theta=c.rope_base, tie_word_embeddings=True, hidden_act="silu")
    other = LlamaForCausalLM(config).eval()
    state = {"model.embed_tokens.weight": model.embed.weight, "model.norm.weight": model.norm.weight, "lm_head.weight": model.embed.weight}
    for i, b in enumerate(model.blocks):
        p = f"model.layers.{i}."
        state |= {p + "input_layernorm.weight": b.attn_norm.weight, p + "post_attention_layernorm.weight": b.ffn_norm.weight, p + "self_attn.q_proj.weight": half_split(b.wq.weight, c.heads),
                  p + "self_attn.k_proj.weight": half_split(b.wk.weight, c.kv_heads), p + "self_attn.v_proj.weight": b.wv.weight, p + "self_attn.o_proj.weight": b.wo.weight,
                  p + "mlp.gate_proj.weight": b.gate.weight, p + "mlp.up_proj.weight": b.up.weight, p + "mlp.down_proj.weight": b.down.weight}
    other.load_state_dict(state)
    return other


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(1)
    model = load_gguf(Path(sys.argv[1]))
    chat = ChatTokenizer()
    text = chat.render([{"role": "system", "content": "You are a helpful AI assistant"}, {"role": "user", "content": "Hello! My dog is called Rex. What is my dog's name?"}], None, True)
    ids = torch.tensor([chat.encode(text) * 3])
    difference = (model(ids) - to_hugging_face(model)(ids).logits).abs().max().item()
    print(f"{ids.shape[1]} tokens, largest difference of logits {difference:.2e}")
    if difference > 1e-3:
        sys.exit("the file does not hold the network that was trained")


if __name__ == "__main__":
    main()

"""Makes the golden models of the llama family: random weights, expected logits and greedy tokens.

Each variant becomes, beside this script,
  NAME/config.json, NAME/model.safetensors   the Hugging Face folder, F32
  NAME.gguf                                  the same weights as GGUF, F32 (not of `plain`)
  NAME.json                                  the prompt, and what transformers answers on it
and for `blocks` there are GGUF files in other types (blocks-f16.gguf, -bf16.gguf, -q8_0.gguf),
whose answers are transformers' on the weights as the PyPI package gguf dequantises them.

Run with torch, transformers, gguf and numpy installed; the committed files are by torch 2.15.0,
transformers 5.23.0, gguf 0.19.0 and numpy 2.4.6:
  python make_logits.py
It writes the same bytes again where versions are the same.
"""

import json
import pathlib
import shutil

import gguf
import numpy as np
import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
GREEDY = 64
PROMPT = 40

BASE = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=256,
            rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False,
            bos_token_id=1, eos_token_id=2)

LLAMA3 = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

VARIANTS = {
    "plain": {},
    "gqa": dict(num_attention_heads=6, num_key_value_heads=2, hidden_size=48, num_hidden_layers=3,
                vocab_size=64),
    "tied": dict(tie_word_embeddings=True),
    "biases": dict(attention_bias=True, mlp_bias=True, num_key_value_heads=2),
    "linear": dict(rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}),
    "llama3": dict(rope_parameters=LLAMA3, num_key_value_heads=1, num_attention_heads=1,
                   num_hidden_layers=1),
    "wide_heads": dict(head_dim=20, num_key_value_heads=2, vocab_size=101, hidden_size=36,
                       intermediate_size=50),
    "blocks": dict(intermediate_size=64, num_key_value_heads=2),
}
OTHER_TYPES = {"blocks": ["F16", "BF16", "Q8_0"]}


def random_model(name, index):
    """A model whose weights are large enough for every part to matter."""
    torch.manual_seed(1000 + index)
    config = LlamaConfig(**{**BASE, **VARIANTS[name]})
    model = LlamaForCausalLM(config).to(torch.float32).eval()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("norm.weight"):
                parameter.copy_(1 + 0.2 * torch.randn_like(parameter))
            elif key.endswith(".bias"):
                parameter.copy_(0.3 * torch.randn_like(parameter))
            elif "embed" in key or "lm_head" in key:
                # A tied output would otherwise answer each token with itself.
                size = 0.3 if config.tie_word_embeddings else 1.0
                parameter.copy_(size * torch.randn_like(parameter))
            else:
                parameter.copy_(1.2 * torch.randn_like(parameter) / parameter.shape[1] ** 0.5)
    return model


def prompt_of(config, index):
    random = np.random.default_rng(2000 + index)
    return [int(token) for token in random.integers(0, config.vocab_size, PROMPT)]


def logits_of(model, tokens):
    with torch.no_grad():
        return model(torch.tensor([tokens])).logits[0].numpy()


def expected(model, prompt):
    """Logits of the prompt's last 4 positions, and the greedy path with each choice's margin."""
    tokens = list(prompt)
    rows = logits_of(model, tokens)[-4:]
    margin = np.inf
    for _ in range(GREEDY):
        row = logits_of(model, tokens)[-1]
        best = np.sort(row)[-2:]
        margin = min(margin, float(best[1] - best[0]))
        tokens.append(int(row.argmax()))
    last = logits_of(model, tokens)[-1]
    return {"prompt": prompt, "logits": [[float(x) for x in row] for row in rows],
            "greedy": tokens[len(prompt):], "smallest_margin": margin,
            "last_logits": [float(x) for x in last]}


NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
         "post_attention_layernorm": "ffn_norm"}


def gguf_name(name):
    whole = {"model.embed_tokens.weight": "token_embd.weight",
             "model.norm.weight": "output_norm.weight", "lm_head.weight": "output.weight"}
    if name in whole:
        return whole[name]
    _, _, layer, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    return f"blk.{layer}.{NAMES[part]}.{kind}"


def interleave(array, heads):
    """Rows of a query or key matrix as llama.cpp's conversion has them: rotary pairs adjacent."""
    rows = array.shape[0]
    split = array.reshape(heads, 2, rows // heads // 2, *array.shape[1:])
    return split.swapaxes(1, 2).reshape(array.shape)


def write_gguf(path, model, kind):
    """The model as GGUF with matrices of `kind`; returns the matrices as that type holds them."""
    config = model.config
    head_dim = config.head_dim or config.hidden_size // config.num_attention_heads
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(path.stem)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    writer.add_rope_dimension_count(head_dim)
    if head_dim * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "llama3":
        plain = 1.0 / rope["rope_theta"] ** (np.arange(0, head_dim, 2) / head_dim)
        scaled = model.model.rotary_emb.inv_freq.numpy()
        writer.add_tensor("rope_freqs.weight", (plain / scaled).astype(np.float32))
    held = {}
    qtype = gguf.GGMLQuantizationType[kind]
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        array = tensor.numpy()
        if array.ndim == 2 and kind != "F32":
            data = gguf.quantize(array, qtype)
            held[name] = gguf.dequantize(data, qtype).astype(np.float32)
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        for part, count in heads.items():
            if f".{part}." in name:
                array = interleave(array, count)
        if array.ndim == 1 or kind == "F32":
            writer.add_tensor(gguf_name(name), array)
        else:
            writer.add_tensor(gguf_name(name), gguf.quantize(array, qtype), raw_dtype=qtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return held


def save(path, value):
    path.write_text(json.dumps(value) + "\n")


def main():
    for index, name in enumerate(VARIANTS):
        model = random_model(name, index)
        prompt = prompt_of(model.config, index)
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        answer = expected(model, prompt)
        save(HERE / f"{name}.json", answer)
        print(name, "smallest margin", answer["smallest_margin"],
              "distinct greedy tokens", len(set(answer["greedy"])))
        if name != "plain":  # the others cover what a GGUF file of it would show
            write_gguf(HERE / f"{name}.gguf", model, "F32")
        for kind in OTHER_TYPES.get(name, []):
            other = f"{name}-{kind.lower()}"
            held = write_gguf(HERE / f"{other}.gguf", model, kind)
            rounded = random_model(name, index)
            state = rounded.state_dict()
            for key, array in held.items():
                state[key].copy_(torch.from_numpy(array))
            save(HERE / f"{other}.json", expected(rounded, prompt))


if __name__ == "__main__":
    print("torch", torch.__version__, "transformers", transformers.__version__,
          "numpy", np.__version__)
    main()

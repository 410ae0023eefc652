"""Makes the golden models of the families beside llama, as make_logits.py makes llama's.

Each becomes NAME/ (a Hugging Face folder), NAME.gguf (tensor names of the PyPI package gguf's own
map, metadata as llama.cpp's conversion writes it) and NAME.json (what transformers answers). Those
of QUANTIZED are GGUF files only, whose answers are transformers' on the weights as the package gguf
dequantises them. The versions are those that make_logits.py names. Run
  python make_families.py [NAME...]
"""

import math
import shutil
import sys
import zlib

import gguf
import numpy as np
import torch
import transformers
from make_logits import HERE, expected, interleave, prompt_of, save
from transformers import AutoModelForCausalLM

BASE = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
            rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=1, eos_token_id=2,
            pad_token_id=0)


def yarn(factor, original):
    return {"rope_type": "yarn", "rope_theta": 10000.0, "factor": factor,
            "original_max_position_embeddings": original}


def longrope(original):
    factors = {"short_factor": [1.0, 1.2, 1.5], "long_factor": [1.5, 4.0, 9.0]}
    return dict(original_max_position_embeddings=original,
                rope_parameters={"rope_type": "longrope", "rope_theta": 10000.0,
                                 "partial_rotary_factor": 0.75, **factors})


GEMMA3_ROPE = {"full_attention": {"rope_type": "linear", "rope_theta": 1000000.0, "factor": 8.0},
               "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}


# Name: config class, what it has unlike BASE, architecture of the GGUF file, whether the rows of
# queries and keys are reordered there.
MODELS = {
    "qwen2": ("Qwen2Config", {}, "qwen2", False),
    "qwen2-yarn": ("Qwen2Config", dict(rope_parameters=yarn(8.0, 32)),
                   "qwen2", False),
    "qwen3": ("Qwen3Config", dict(head_dim=12), "qwen3", False),
    "mistral": ("MistralConfig", dict(sliding_window=24), "llama", True),
    "olmo2": ("Olmo2Config", {}, "olmo2", False),
    "granite": ("GraniteConfig", dict(embedding_multiplier=3.0, residual_multiplier=0.7,
                                      attention_multiplier=0.2, logits_scaling=2.5), "granite", True),
    "smollm3": ("SmolLM3Config", dict(num_hidden_layers=4, tie_word_embeddings=True), "smollm3",
                True),
    "phi3": ("Phi3Config", dict(sliding_window=50), "phi3", False),
    # Prompt and answer lie beyond the original context of the first, and within the second's.
    "phi3-long": ("Phi3Config", longrope(32), "phi3", False),
    "phi3-short": ("Phi3Config", longrope(128), "phi3", False),
    "gemma2": ("Gemma2Config", dict(head_dim=10, query_pre_attn_scalar=10, sliding_window=20,
                                    attn_logit_softcapping=4.0, final_logit_softcapping=6.0,
                                    tie_word_embeddings=True), "gemma2", False),
    "gemma3": ("Gemma3TextConfig", dict(num_hidden_layers=6, head_dim=10, query_pre_attn_scalar=10,
                                        sliding_window=20, tie_word_embeddings=True,
                                        intermediate_size=24, rope_parameters=GEMMA3_ROPE),
               "gemma3", False),
    "mixtral": ("MixtralConfig", dict(num_local_experts=4, num_experts_per_tok=2,
                                      intermediate_size=24), "llama", True),
    "qwen3moe": ("Qwen3MoeConfig", dict(head_dim=12, num_experts=6, num_experts_per_tok=3,
                                        moe_intermediate_size=20, norm_topk_prob=True), "qwen3moe",
                 False),
}


# Name: family, what it has unlike that one (rows of whole blocks), the type of its matrices.
EVEN = dict(intermediate_size=64)
QUANTIZED = {
    "qwen2-q4_0": ("qwen2", EVEN, "Q4_0"),
    "gemma2-q4_1": ("gemma2", dict(EVEN, head_dim=8, query_pre_attn_scalar=8), "Q4_1"),
    "phi3-q5_0": ("phi3", EVEN, "Q5_0"),
    "mistral-q5_1": ("mistral", EVEN, "Q5_1"),
    "qwen3moe-q8_0": ("qwen3moe", dict(head_dim=8, moe_intermediate_size=32), "Q8_0"),
}


def random_model(name):
    """A model whose weights are large enough for every part to matter."""
    kind, changes, _, _ = MODELS[name]
    seed_by(name)
    config = getattr(transformers, kind)(**{**BASE, **changes})
    return filled(AutoModelForCausalLM.from_config(config, attn_implementation="eager"), kind)


def vision_model(name):
    """A gemma 3 that also reads images; without one, its text model answers."""
    kind, changes, _, _ = MODELS["gemma3"]
    seed_by(name)
    text = transformers.Gemma3TextConfig(**{**BASE, **changes})
    vision = transformers.SiglipVisionConfig(hidden_size=8, intermediate_size=8, image_size=8,
                                             num_hidden_layers=1, num_attention_heads=1,
                                             patch_size=4)
    config = transformers.Gemma3Config(text_config=text.to_dict(), mm_tokens_per_image=4,
                                       vision_config=vision.to_dict())
    model = transformers.Gemma3ForConditionalGeneration._from_config(
        config, attn_implementation="eager")
    return filled(model, kind)


def seed_by(name):
    """Before the model is made, which draws numbers too."""
    torch.manual_seed(zlib.crc32(name.encode()))


def filled(model, kind):
    config = model.config.get_text_config()
    model = model.to(torch.float32).eval()
    centre = 0.0 if kind.startswith("Gemma") else 1.0  # gemma's norms add 1 to their weights
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if key.endswith("norm.weight"):
                parameter.copy_(centre + 0.2 * torch.randn_like(parameter))
            elif key.endswith(".bias"):
                parameter.copy_(0.3 * torch.randn_like(parameter))
            elif "embed" in key or "lm_head" in key:
                # A tied output would otherwise answer each token with itself.
                size = 0.3 if config.tie_word_embeddings else 1.0
                if kind.startswith("Gemma"):  # which multiplies it by sqrt(hidden_size)
                    size = 0.03
                parameter.copy_(size * torch.randn_like(parameter))
            else:
                parameter.copy_(1.2 * torch.randn_like(parameter) / parameter.shape[-1] ** 0.5)
    return model


def head_dim_of(config):
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def add_metadata(writer, name, model):
    """The keys that every family has."""
    config = model.config
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    if head_dim_of(config) * config.num_attention_heads != config.hidden_size:
        writer.add_key_length(head_dim_of(config))
        writer.add_value_length(head_dim_of(config))


def add_rope(writer, model):
    """Rotary parameters, with llama3's scaling as a tensor of divisors."""
    rope = model.config.rope_parameters
    rope = rope.get("full_attention", rope)  # gemma3; llama.cpp knows the base of the others
    head_dim = head_dim_of(model.config)
    rotary = int(head_dim * rope.get("partial_rotary_factor", 1.0))
    writer.add_rope_dimension_count(rotary)
    writer.add_rope_freq_base(rope["rope_theta"])
    if rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "longrope":
        original = model.config.original_max_position_embeddings
        scale = model.config.max_position_embeddings / original
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + math.log(scale) / math.log(original)))
        for kind in ["short", "long"]:
            factors = np.array(rope[f"{kind}_factor"], np.float32)
            writer.add_tensor(f"rope_factors_{kind}.weight", factors)


def add_granite(writer, config):
    writer.add_embedding_scale(config.embedding_multiplier)
    writer.add_residual_scale(config.residual_multiplier)
    writer.add_attention_scale(config.attention_multiplier)
    writer.add_logit_scale(config.logits_scaling)


def add_window(writer, config):
    writer.add_sliding_window(config.sliding_window or 0)


def add_gemma2(writer, config):
    add_window(writer, config)
    writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
    writer.add_final_logit_softcapping(config.final_logit_softcapping)


def add_experts(writer, config):
    writer.add_expert_count(config.num_local_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    if hasattr(config, "moe_intermediate_size"):
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)


# Keys of one family, by its config class.
OWN_METADATA = {"MistralConfig": add_window, "GraniteConfig": add_granite, "Phi3Config": add_window,
                "Gemma2Config": add_gemma2, "Gemma3TextConfig": add_window,
                "MixtralConfig": add_experts, "Qwen3MoeConfig": add_experts}


def is_quantized(key, array):
    return array.ndim > 1 and not key.endswith("mlp.gate.weight")


def quantized_model(name):
    """The model that the GGUF file's blocks stand for."""
    family, changes, kind = QUANTIZED[name]
    MODELS[name] = (MODELS[family][0], {**MODELS[family][1], **changes}, *MODELS[family][2:])
    model = random_model(name)
    kind = gguf.GGMLQuantizationType[kind]
    state = model.state_dict()
    for key, tensor in state.items():
        array = tensor.numpy()
        if is_quantized(key, array):
            held = gguf.dequantize(gguf.quantize(array, kind), kind).astype(np.float32)
            tensor.copy_(torch.from_numpy(held.reshape(array.shape)))
    return model


def add_tensor(writer, key, name, array):
    """Quantising what was dequantised gives the same blocks' values again."""
    kind = QUANTIZED.get(writer.path.stem, (None, None, "F32"))[2]
    if kind == "F32" or not is_quantized(key, array):
        return writer.add_tensor(name, np.ascontiguousarray(array))
    qtype = gguf.GGMLQuantizationType[kind]
    data = gguf.quantize(array, qtype)
    error = np.abs(gguf.dequantize(data, qtype).reshape(array.shape) - array).max()
    assert error < 1e-6, (name, error)
    return writer.add_tensor(name, data, raw_dtype=qtype)


def add_expert_tensor(writer, key, array):
    """A router's or all experts' tensor; False where `key` is neither."""
    layer = "blk." + (key.split(".") + ["", ""])[2]
    if key.endswith("mlp.gate.weight"):
        add_tensor(writer, key, f"{layer}.ffn_gate_inp.weight", array)
    elif key.endswith("experts.gate_up_proj"):
        gate, up = np.split(array, 2, axis=1)
        add_tensor(writer, key, f"{layer}.ffn_gate_exps.weight", gate)
        add_tensor(writer, key, f"{layer}.ffn_up_exps.weight", up)
    elif key.endswith("experts.down_proj"):
        add_tensor(writer, key, f"{layer}.ffn_down_exps.weight", array)
    else:
        return False
    return True


def write_gguf(name, model):
    kind, _, arch, reordered = MODELS[name]
    config = model.config
    writer = gguf.GGUFWriter(HERE / f"{name}.gguf", arch)
    add_metadata(writer, name, model)
    add_rope(writer, model)
    add_own = OWN_METADATA.get(kind)
    if add_own:
        add_own(writer, config)
    number = {word: key for key, word in gguf.MODEL_ARCH_NAMES.items()}[arch]
    names = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for key, tensor in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        array = tensor.numpy()
        if add_expert_tensor(writer, key, array):
            continue
        for part, count in heads.items():
            if reordered and f".{part}." in key:
                array = interleave(array, count)
        if kind.startswith("Gemma") and key.endswith("norm.weight"):
            array = array + 1
        add_tensor(writer, key, names.get_name(key, (".weight", ".bias")), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def save_folder(name, model):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def main():
    for name in sys.argv[1:] or [*MODELS, *QUANTIZED, "gemma3-vision"]:
        if name == "gemma3-vision":
            model = vision_model(name)
            save_folder(name, model)
        elif name in QUANTIZED:
            model = quantized_model(name)
            write_gguf(name, model)
        else:
            model = random_model(name)
            save_folder(name, model)
            write_gguf(name, model)
        config = model.config.get_text_config()
        answer = expected(model, prompt_of(config, zlib.crc32(name.encode())))
        save(HERE / f"{name}.json", answer)
        print(name, "smallest margin", answer["smallest_margin"],
              "distinct greedy tokens", len(set(answer["greedy"])))


if __name__ == "__main__":
    main()

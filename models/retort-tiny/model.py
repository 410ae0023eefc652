"""The network of retort-tiny: a small Llama in plain PyTorch.

Why its own file: training, export and evaluation need the same network and must not drift apart.
RoPE is trained directly in the interleaved convention (pairs (2i, 2i+1)), the one that GGUF files
of the llama architecture use, so the export writes attn_q and attn_k as they are. Hugging Face's
LlamaForCausalLM uses the half-split convention; see export_gguf.py for the permutation to it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class ModelConfig:
    """Sizes; every matrix dimension is a multiple of 32 so that Q8_0 blocks fit."""

    vocab_size: int = 4096
    dim: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    ff_dim: int = 704
    context: int = 2048
    rope_base: float = 10000.0
    eps: float = 1e-5

    def to_dict(self) -> dict:
        """Plain values, for the checkpoint."""
        return asdict(self)


def rope_table(cfg: ModelConfig) -> tuple[Tensor, Tensor]:
    """cos and sin of shape [context, head_dim], each frequency repeated for its pair."""
    half = torch.arange(0, cfg.head_dim, 2, dtype=torch.float32) / cfg.head_dim
    angle = torch.outer(torch.arange(cfg.context, dtype=torch.float32), cfg.rope_base**-half)
    return angle.cos().repeat_interleave(2, -1), angle.sin().repeat_interleave(2, -1)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Interleaved RoPE on [batch, heads, time, head_dim]."""
    pairs = x.unflatten(-1, (-1, 2))
    turned = torch.stack((-pairs[..., 1], pairs[..., 0]), -1).flatten(-2)
    return x * cos + turned * sin


class MaskedSoftmax(torch.autograd.Function):
    """Softmax over the allowed places, in float32; keeps only the probabilities, which the product after it needs anyway."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, mask: Tensor, scale: float) -> Tensor:
        p = torch.softmax((scores.float() * scale).masked_fill(~mask, -1e9), -1).to(scores.dtype)
        ctx.save_for_backward(p)
        ctx.scale = scale
        return p

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (p,) = ctx.saved_tensors
        weighted = p.float() * grad.float()
        return ((weighted - p.float() * weighted.sum(-1, keepdim=True)) * ctx.scale).to(p.dtype), None, None


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention; short training rows are written out, which compiles to faster code on a CPU."""
    if mask is None or q.shape[2] > 512:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None and q.shape[2] > 1)
    return MaskedSoftmax.apply(q @ k.transpose(-1, -2), mask, q.shape[-1] ** -0.5) @ v


class RMSNorm(nn.Module):
    """Root-mean-square norm in float32, as every llama implementation computes it."""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


class Block(nn.Module):
    """One layer: attention with grouped keys, then SwiGLU, each on a normed residual."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.cfg = cfg
        q, kv = cfg.heads * cfg.head_dim, cfg.kv_heads * cfg.head_dim
        self.attn_norm = RMSNorm(cfg.dim, cfg.eps)
        self.wq = nn.Linear(cfg.dim, q, bias=False)
        self.wk = nn.Linear(cfg.dim, kv, bias=False)
        self.wv = nn.Linear(cfg.dim, kv, bias=False)
        self.wo = nn.Linear(q, cfg.dim, bias=False)
        self.ffn_norm = RMSNorm(cfg.dim, cfg.eps)
        self.gate = nn.Linear(cfg.dim, cfg.ff_dim, bias=False)
        self.up = nn.Linear(cfg.dim, cfg.ff_dim, bias=False)
        self.down = nn.Linear(cfg.ff_dim, cfg.dim, bias=False)

    def heads_of(self, x: Tensor, count: int) -> Tensor:
        """[batch, time, count*head_dim] -> [batch, count, time, head_dim]."""
        return x.unflatten(-1, (count, self.cfg.head_dim)).transpose(1, 2)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Tensor | None,
                cache: list[Tensor] | None) -> Tensor:
        cfg = self.cfg
        h = self.attn_norm(x)
        q = rotate(self.heads_of(self.wq(h), cfg.heads), *rope)
        k = rotate(self.heads_of(self.wk(h), cfg.kv_heads), *rope)
        v = self.heads_of(self.wv(h), cfg.kv_heads)
        q, k = q.to(v.dtype), k.to(v.dtype)
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
            cache[:] = [k, v]
        k = k.repeat_interleave(cfg.heads // cfg.kv_heads, 1)
        v = v.repeat_interleave(cfg.heads // cfg.kv_heads, 1)
        a = attend(q, k, v, mask)
        x = x + self.wo(a.transpose(1, 2).flatten(-2))
        h = self.ffn_norm(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class TinyLlama(nn.Module):
    """Token ids in, logits out; the output matrix is the embedding (tied)."""

    def __init__(self, cfg: ModelConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.embed = nn.Embedding(cfg.vocab_size, cfg.dim)
        self.blocks = nn.ModuleList(Block(cfg) for _ in range(cfg.layers))
        self.norm = RMSNorm(cfg.dim, cfg.eps)
        cos, sin = rope_table(cfg)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.init_weights()

    def init_weights(self) -> None:
        """Small embeddings (they are the output matrix too); residual outputs start at zero."""
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=p.shape[1] ** -0.5)
        nn.init.normal_(self.embed.weight, std=0.05)
        for b in self.blocks:
            nn.init.zeros_(b.wo.weight)
            nn.init.zeros_(b.down.weight)

    def hidden(self, ids: Tensor, positions: Tensor | None = None, mask: Tensor | None = None,
               caches: list[list[Tensor]] | None = None) -> Tensor:
        """The normed last hidden state; positions [batch, time] restart in packed rows."""
        if positions is None:
            rope = (self.cos[: ids.shape[1]], self.sin[: ids.shape[1]])
        else:
            rope = (self.cos[positions].unsqueeze(1), self.sin[positions].unsqueeze(1))
        x = self.embed(ids)
        for i, block in enumerate(self.blocks):
            x = block(x, rope, mask, caches[i] if caches is not None else None)
        return self.norm(x)

    def forward(self, ids: Tensor, positions: Tensor | None = None, mask: Tensor | None = None,
                caches: list[list[Tensor]] | None = None) -> Tensor:
        return F.linear(self.hidden(ids, positions, mask, caches), self.embed.weight)

"""Trains retort-tiny on generated conversations; stops at a time budget, goes on from its checkpoint.

Matrices learn with Muon (momentum, orthogonalised), embeddings and norms with AdamW; the learning rate
is flat, then falls to zero over the last part of the budget. The loss is on what the assistant says, plus
a thin sample of everything else, which costs little and teaches the words. The last part uses rows of
2,048 tokens, so that the whole context is trained. Each core trains its own half of a batch and the
gradients meet once a step: on a machine with other work that is faster than threads, which wait for
each other in every operation.
Usage: python train.py --out DIR --hours 1.4 [--resume]
On a GPU: python train.py --out DIR --hours 0.13 --device cuda --processes 1 --producers 14 --scale 16
"""

from __future__ import annotations

import argparse
import json
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import Tensor

from dataset import Batches, ChatTokenizer
from export_gguf import load_gguf
from model import ModelConfig, TinyLlama

LONG_EVERY, PROMPT_WEIGHT = 4, 0.1
# Rows and their length, for each process. Attention over short rows costs far less; conversations
# with siblings fill the longer ones. Every 8th step has rows for those that fit no shorter one.
SHORT, MIDDLE, LONG = [(8, 128), (9, 256)], [(9, 384)], [(1, 2048)]


def orthogonal(g: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration of Muon (Jordan et al. 2024): pushes all singular values to about one."""
    x = g.bfloat16()
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = torch.addmm(x, torch.addmm(a, a, a, beta=-4.7750, alpha=2.0315), x, beta=3.4445)
    return (x.T if tall else x).float()


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates, for weight matrices inside the layers."""

    def __init__(self, params: list[Tensor], lr: float, momentum: float = 0.95, decay: float = 0.02) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        for group in self.param_groups:
            updates = []
            for i, p in enumerate(group["params"]):
                m = self.state[p].setdefault("momentum", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group["momentum"])
                mine = i % ranks == rank  # each process does its part of this costly step
                updates.append(orthogonal(p.grad.lerp(m, group["momentum"])) if mine else torch.zeros_like(p))
            flat = torch.cat([u.flatten() for u in updates])
            if ranks > 1:
                dist.all_reduce(flat)
            for p, update in zip(group["params"], flat.split([p.numel() for p in group["params"]])):
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(update.view_as(p), alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def make_optimizers(model: TinyLlama) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for the rest."""
    matrices = [p for b in model.blocks for p in b.parameters() if p.dim() == 2]
    gains = [p for p in model.parameters() if p.dim() == 1]
    adam = torch.optim.AdamW([{"params": [model.embed.weight], "lr": 0.004}, {"params": gains, "lr": 0.004}], betas=(0.9, 0.95), weight_decay=0.0)
    optimizers: list[torch.optim.Optimizer] = [Muon(matrices, 0.02), adam]
    for o in optimizers:
        for g in o.param_groups:
            g["base"] = g["lr"]
    return optimizers


def rate(progress: float, step: int, decay_from: float) -> float:
    """Warm-up over 60 steps, flat, then linear to zero."""
    fall = min(1.0, (1.0 - progress) / (1.0 - decay_from))
    return max(0.003, fall) * min(1.0, (step + 1) / 60)


def choose_targets(batch: dict[str, np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A fixed number of positions: every assistant token and a sample of the others, with weights."""
    inside = (batch["segments"][:, 1:] == batch["segments"][:, :-1]) & (batch["segments"][:, 1:] >= 0) & (batch["positions"][:, 1:] == batch["positions"][:, :-1] + 1)
    learn = (batch["learn"][:, 1:] > 0) & inside
    count = int(0.36 * learn.size) // 64 * 64
    noise = rng.random(learn.shape)
    order = np.argsort(np.where(learn, 2 + noise, np.where(inside, 1 + noise, 0)).ravel())[::-1][:count]
    weight = np.where(learn, batch["learn"][:, 1:], np.where(inside, PROMPT_WEIGHT, 0.0)).ravel()[order].astype(np.float32)
    return order.copy(), weight


def to_tensors(batch: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, Tensor]:
    """Inputs, targets, and the mask that keeps packed conversations and their branches apart."""
    order, weight = choose_targets(batch, rng)
    segments, branches = torch.from_numpy(batch["segments"][:, :-1]), torch.from_numpy(batch["branches"][:, :-1])
    time_index = torch.arange(segments.shape[1])
    mask = (segments[:, :, None] == segments[:, None, :]) & (time_index[:, None] >= time_index[None, :])
    mask &= (branches[:, None, :] == 0) | (branches[:, :, None] == branches[:, None, :])
    return {"ids": torch.from_numpy(batch["ids"][:, :-1].copy()), "positions": torch.from_numpy(batch["positions"][:, :-1].copy()),
            "mask": mask[:, None], "order": torch.from_numpy(order), "weight": torch.from_numpy(weight),
            "targets": torch.from_numpy(batch["ids"][:, 1:].ravel()[order].copy())}


def drills_at(step: int) -> float:
    """Copying drills: many while copying is not yet learned, few later."""
    return 0.4 if step < 500 else 0.1 if step < 900 else 0.02


def make_step(batches: Batches, step: int, share: tuple[int, int], long: bool, scale: int) -> list[dict[str, Tensor]]:
    """The parts of one process's share of a step, with `scale` times the rows."""
    rank, ranks = share
    shapes = [(rows * scale, length) for rows, length in (LONG if long else MIDDLE if step % 8 == 1 else SHORT)]
    made = batches.make(step * ranks + rank, shapes, 0.6 if long else 0.0, drills_at(step))
    return [to_tensors(part, np.random.default_rng(step * ranks + rank)) for part in made]


class Feeder(threading.Thread):
    """Makes the next batches of this process while the current one is trained on."""

    def __init__(self, batches: Batches, first: int, share: tuple[int, int], is_long: Callable[[int], bool]) -> None:
        super().__init__(daemon=True)
        self.batches, self.step, self.share, self.is_long = batches, first, share, is_long
        self.queue: queue.Queue = queue.Queue(maxsize=2)

    def run(self) -> None:
        while True:
            self.queue.put(make_step(self.batches, self.step, self.share, self.is_long(self.step), 1))
            self.step += 1

    def get(self) -> list[dict[str, Tensor]]:
        return self.queue.get()


def produce(out: mp.Queue, seed: int, first: int, stride: int, long: Any, scale: int) -> None:
    """One producer: every `stride`-th step from `first` on."""
    torch.set_num_threads(1)
    batches, step = Batches(ChatTokenizer(), seed), first
    while True:
        out.put(make_step(batches, step, (0, 1), bool(long.value) and step % LONG_EVERY == 0, scale))
        step += stride


class Producers:
    """Makes batches in processes of their own, for a device that is faster than one core makes them."""

    def __init__(self, seed: int, first: int, count: int, scale: int) -> None:
        context = mp.get_context("spawn")
        self.long = context.Value("b", 0)
        self.queues = [context.Queue(maxsize=2) for _ in range(count)]
        self.next = 0
        for i, out in enumerate(self.queues):
            context.Process(target=produce, args=(out, seed, first + i, count, self.long, scale), daemon=True).start()

    def get(self) -> list[dict[str, Tensor]]:
        batch = self.queues[self.next].get()
        self.next = (self.next + 1) % len(self.queues)
        return batch


def loss_of(model: TinyLlama, parts: list[dict[str, Tensor]]) -> tuple[Tensor, Tensor]:
    """Weighted loss over all parts of a batch, and the plain loss on the assistant's tokens."""
    device = parts[0]["ids"].device
    loss, weight, plain, count = torch.zeros((), device=device), 0.0, torch.zeros((), device=device), 0.0
    for b in parts:
        with torch.autocast(b["ids"].device.type, dtype=torch.bfloat16):
            hidden = model.hidden(b["ids"], b["positions"], b["mask"]).flatten(0, 1)[b["order"]]
            logits = F.linear(hidden, model.embed.weight)
        each = F.cross_entropy(logits.float(), b["targets"], reduction="none")
        full = (b["weight"] > PROMPT_WEIGHT).float()
        loss, weight = loss + (each * b["weight"]).sum(), weight + b["weight"].sum()
        plain, count = plain + (each * full).sum().detach(), count + full.sum()
    return loss / weight, plain / count


class Run:
    """The state of a training run and its checkpoint file."""

    def __init__(self, out: Path, cfg: ModelConfig, resume: bool, device: str, init: Path | None = None) -> None:
        torch.manual_seed(1)
        self.path = out / "checkpoint.pt"
        self.step, self.seconds, self.tokens = 0, 0.0, 0
        state = torch.load(self.path, weights_only=True, map_location="cpu") if resume and self.path.exists() else None
        self.model = TinyLlama(ModelConfig(**state["config"]) if state else cfg).to(device)
        self.optimizers = make_optimizers(self.model)
        if state:
            self.model.load_state_dict(state["model"])
            for o, s in zip(self.optimizers, state["optimizers"]):
                o.load_state_dict(s)
            self.step, self.seconds, self.tokens = state["step"], state["seconds"], state["tokens"]
            torch.set_rng_state(state["rng"])
        elif init:
            self.model.load_state_dict(load_gguf(init).state_dict())

    def save(self) -> None:
        """Writes beside and renames, so that a break never leaves half a file; keeps the one before it, too."""
        state = {"config": self.model.cfg.to_dict(), "model": self.model.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers],
                 "step": self.step, "seconds": self.seconds, "tokens": self.tokens, "rng": torch.get_rng_state()}
        torch.save(state, self.path.with_suffix(".tmp"))
        if self.path.exists():
            self.path.rename(self.path.with_suffix(".before.pt"))
        self.path.with_suffix(".tmp").rename(self.path)

    def set_rate(self, factor: float) -> None:
        for o in self.optimizers:
            for g in o.param_groups:
                g["lr"] = g["base"] * factor


def meet(params: list[Tensor], seconds: float, tokens: int, plain: Tensor, ranks: int) -> tuple[float, int, float]:
    """Averages gradients and the clock over the processes, adds up the tokens: all stay alike."""
    if ranks == 1:
        return seconds, tokens, float(plain)
    extra = torch.tensor([seconds, float(tokens), float(plain.detach())])
    flat = torch.cat([p.grad.flatten() for p in params] + [extra])
    dist.all_reduce(flat)
    at = 0
    for p in params:
        p.grad.copy_(flat[at: at + p.numel()].view_as(p) / ranks)
        at += p.numel()
    seconds, total, loss = flat[-3:].tolist()
    return seconds / ranks, round(total), loss / ranks


def train(run: Run, budget: float, args: argparse.Namespace, share: tuple[int, int]) -> None:
    """Steps until the budget of seconds (over all sessions of the run) is used."""
    rank, ranks = share
    feeder: Feeder | Producers
    if args.producers:
        feeder = Producers(args.seed, run.step, args.producers, args.scale)
    else:
        feeder = Feeder(Batches(ChatTokenizer(), args.seed), run.step, share, lambda step: run.seconds / budget > args.long_from and step % LONG_EVERY == 0)
        feeder.start()
    for block in run.model.blocks:
        block.compile(dynamic=False)  # one layer at a time: all layers share one compilation
    params, saved, shown, mean = list(run.model.parameters()), time.time(), time.time(), 0.0
    began = time.time()
    while run.seconds < budget:
        if isinstance(feeder, Producers):
            feeder.long.value = run.seconds / budget > args.long_from
        batch = [{k: v.to(args.device, non_blocking=True) for k, v in part.items()} for part in feeder.get()]
        loss, plain = loss_of(run.model, batch)
        loss.backward()
        spent, began = time.time() - began, time.time()
        seconds, tokens, plain_mean = meet(params, min(spent, 60.0), sum(part["ids"].numel() for part in batch), plain, ranks)
        norm = torch.nn.utils.clip_grad_norm_(params, 1.0)
        if not torch.isfinite(norm):
            raise SystemExit(f"step {run.step}: the gradient is not finite; the checkpoint is the last good one")
        run.set_rate(args.peak * rate(run.seconds / budget, run.step, args.decay_from))
        for o in run.optimizers:
            o.step()
            o.zero_grad(set_to_none=True)
        run.seconds, run.step, run.tokens = run.seconds + seconds, run.step + 1, run.tokens + tokens
        mean = plain_mean if mean == 0 else 0.97 * mean + 0.03 * plain_mean
        if rank == 0 and time.time() - shown > 20:
            shown = time.time()
            print(json.dumps({"step": run.step, "loss": round(mean, 4), "tokens": run.tokens, "seconds": round(run.seconds), "tok_s": round(tokens / seconds)}), flush=True)
        if rank == 0 and time.time() - saved > args.save_every:
            saved = time.time()
            run.save()
    if rank == 0:
        run.save()


def worker(rank: int, args: argparse.Namespace) -> None:
    """One process of the run."""
    torch.set_num_threads(1 if args.processes > 1 else args.threads)
    if args.processes > 1:
        dist.init_process_group("gloo", init_method=f"file://{args.out.resolve()}/meet", rank=rank, world_size=args.processes)
    cfg = ModelConfig(vocab_size=ChatTokenizer().tokenizer.get_vocab_size(), dim=args.dim, layers=args.layers, heads=args.dim // 64, kv_heads=args.kv_heads, ff_dim=args.ff_dim)
    run = Run(args.out, cfg, args.resume, args.device, args.init)
    if rank == 0:
        print(json.dumps({"parameters": sum(p.numel() for p in run.model.parameters()), "step": run.step}), flush=True)
    train(run, args.hours * 3600, args, (rank, args.processes))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=1.4, help="time budget of the whole run, earlier sessions counted in")
    parser.add_argument("--long-from", type=float, default=0.8, help="part of the budget after which rows of 2,048 tokens come in")
    parser.add_argument("--peak", type=float, default=1.0, help="times the usual learning rates; with --init about a third")
    parser.add_argument("--decay-from", type=float, default=0.45, help="part of the budget after which the learning rate falls")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--init", type=Path, help="a GGUF file of the same sizes to begin with")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--device", default="cpu", help="cuda: with --processes 1, --producers and a --scale of 16 or so")
    parser.add_argument("--producers", type=int, default=0, help="processes that make batches, for a fast device")
    parser.add_argument("--scale", type=int, default=1, help="times the rows of a step; with --producers")
    parser.add_argument("--threads", type=int, default=2, help="threads where there is one process")
    parser.add_argument("--dim", type=int, default=192)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--kv-heads", type=int, default=1)
    parser.add_argument("--ff-dim", type=int, default=384)
    parser.add_argument("--save-every", type=float, default=240)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "meet").unlink(missing_ok=True)
    if args.processes > 1:
        mp.spawn(worker, (args,), nprocs=args.processes)
    else:
        worker(0, args)


if __name__ == "__main__":
    main()

"""Training of the separator: losses, steps, checkpoints.

Invariant: what a checkpoint holds is enough to go on as if nothing had happened, but for the order of the mixtures.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from models.asymmetric_stft import HOP_SAMPLES
from models.separator import Separator

from .mixtures import Material, Mixer, Mixture
from .parallel import ParallelSeparator, Separated

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"

LOCKED_SHARE = 0.3
LOCKED_HOPS = 50
"""Hops that a target must be the loudest in before it can be locked on."""

Optimisers = tuple[torch.optim.Optimizer, ...]


@dataclass(frozen=True, slots=True)
class SeparationOptions:
    """How the separator is trained.

    Attributes:
        steps: Of the optimiser, in all.
        mixtures: A step.
        learning_rate: Highest; it falls to nothing over the last half of the steps.
        weight_decay: Of AdamW.
        every: Steps between checkpoints and looks at held-out people.
        seed: Of weights and mixtures.
        width: See ``Separator``.
        hidden: See ``Separator``.
        num_blocks: See ``Separator``.
    """

    steps: int = 4_000
    mixtures: int = 24
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    every: int = 100
    seed: int = 0
    width: int = 256
    hidden: int = 320
    num_blocks: int = 4


class MixtureStream(IterableDataset[Mixture]):
    """Mixtures without end, of one part."""

    def __init__(self, material: Material, part: str, seed: int) -> None:
        super().__init__()
        self._arguments = (material, part, seed)

    def __iter__(self) -> Iterator[Mixture]:
        material, part, seed = self._arguments
        return iter(Mixer(material, part, np.random.default_rng(seed)))


def train_separator(
    material: Material, folder: Path, options: SeparationOptions, console: Console, compiled: bool = True
) -> Separator:
    """Trains until ``options.steps``, from the checkpoint in ``folder`` where there is one.

    Args:
        material: What mixtures are made of.
        folder: Of checkpoint and log.
        options: How.
        console: Where progress is told.
        compiled: See ``ParallelSeparator``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(options.seed)
    net = Separator(options.width, options.hidden, options.num_blocks)
    optimisers = make_optimisers(net, options)
    step, seconds = _resume(folder, net, optimisers)
    if step:
        console.print(f"going on from step {step}")
    model = ParallelSeparator(net, compiled=compiled)
    stream = MixtureStream(material, "train", options.seed * 1_000_003 + step)
    batches = iter(DataLoader(stream, batch_size=options.mixtures, num_workers=1, prefetch_factor=6))
    held_out = next(iter(DataLoader(MixtureStream(material, "valid", 1), batch_size=72)))
    began, sums, count = time.monotonic() - seconds, dict[str, float](), 0
    while step < options.steps:
        values = _step(model, optimisers, learning_rate(options, step), next(batches))
        sums = {key: sums.get(key, 0.0) + value for key, value in values.items()}
        step, count = step + 1, count + 1
        if step % options.every == 0 or step == options.steps:
            line = {"step": step, "seconds": time.monotonic() - began, **{k: v / count for k, v in sums.items()}}
            line["valid"] = _look(model, held_out) if step % (5 * options.every) == 0 else None
            _save(folder, net, optimisers, step, float(line["seconds"] or 0.0), options)
            with (folder / LOG).open("a") as log:
                log.write(json.dumps(line) + "\n")
            console.print(line)
            sums, count = {}, 0
    return net


def make_optimisers(net: Separator, options: SeparationOptions) -> Optimisers:
    """Returns Muon for the matrices inside the network, and AdamW for what is read, what is said, and all vectors.

    Muon makes the steps of a matrix orthogonal (Jordan et al., 2024; scaled as by Liu et al., "Muon is scalable for LLM
    training", 2025), so that rare directions are learned as fast as common ones.
    """
    outside = {"input.weight", "mask.weight", "belief.weight"}
    inside = {name for name, values in net.named_parameters() if values.ndim == 2 and name not in outside}
    matrices = [values for name, values in net.named_parameters() if name in inside]
    others = [values for name, values in net.named_parameters() if name not in inside]
    rate, decay = options.learning_rate, options.weight_decay
    return (
        torch.optim.Muon(matrices, rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, rate, weight_decay=decay),
    )


def learning_rate(options: SeparationOptions, step: int) -> float:
    """Up over 100 steps, level, and down to nothing over the last half."""
    rise = min(1.0, (step + 1) / 100)
    fall = min(1.0, (options.steps - step) / (0.5 * options.steps))
    return options.learning_rate * rise * fall


def losses(separated: Separated, batch: Any) -> dict[str, Tensor]:
    """Returns what is minimised, in parts.

    ``separation`` is the negative signal-to-noise ratio in dB, bounded at 30 (a target that speaks), or half the level
    of what is left over below the mixture, bounded at -30 (one that is silent). The others teach the beliefs: whether
    the target speaks (``present``), whether it is louder than all else (``loudest``), whether it is the one kept
    (``confidence``), and whose voice is the loudest (``voice``).
    """
    late = HOP_SAMPLES
    wet, mixture = separated.wet[..., late:], batch.audio[:, None, :-late]
    reference, other = batch.references[..., :-late], batch.others[..., :-late]
    wanted = _energy(reference)
    speaks = wanted > 1e-9 * _energy(mixture)
    noise = _energy(reference - wet) + 1e-3 * wanted + 1e-12
    kept = 10.0 * torch.log10((wanted + 1e-12) / noise)
    left = 10.0 * torch.log10((_energy(wet) + 1e-3 * _energy(mixture)) / (_energy(mixture) + 1e-12) + 1e-6)
    separation = torch.where(speaks, -kept, 0.5 * left)
    active, loudest = _active(batch.references), _loudest(batch)
    right, judged = _right(wet, reference, other, speaks)
    confidence = functional.binary_cross_entropy_with_logits(
        separated.confidence, right[..., None].expand_as(separated.confidence), reduction="none"
    )
    known = loudest * (batch.voices.square().sum(2, keepdim=True) > 0)
    apart = (1.0 - torch.einsum("mfe,mke->mkf", separated.voice, batch.voices)) * known
    return {
        "separation": separation.mean(),
        "present": functional.binary_cross_entropy_with_logits(separated.present, active),
        "loudest": functional.binary_cross_entropy_with_logits(separated.loudest, loudest),
        "confidence": (confidence[..., 50:].mean(2) * judged).sum() / judged.sum().clamp_min(1.0),
        "voice": apart.sum() / known.sum().clamp_min(1.0),
    }


def total(parts: dict[str, Tensor]) -> Tensor:
    """Returns the weighted sum of ``losses``."""
    beliefs = parts["present"] + 4.0 * parts["loudest"] + 0.5 * parts["confidence"]
    return parts["separation"] + beliefs + 4.0 * parts["voice"]


def locked_on(targets: Tensor, voice: Tensor, loudest: Tensor, share: float) -> Tensor:
    """Returns ``targets`` with the voice that a lock would have, in a share of those that have a face alone.

    The separator's own idea of a voice is another than that of the voice encoder: it is trained to use both.

    Args:
        targets: ``[M, K, 2 E + 2]``.
        voice: Heard to be the loudest, ``[F, M, E]``.
        loudest: 1 where each target is louder than all else, ``[M, K, F]``.
        share: Of the targets with a face alone that are the loudest for half a second or more.
    """
    size = voice.shape[2]
    face_alone = (targets[..., -2] > 0) & (targets[..., -1] == 0) & (loudest.sum(2) >= LOCKED_HOPS)
    chosen = face_alone & (torch.rand(face_alone.shape) < share)
    own = functional.normalize(torch.einsum("fme,mkf->mke", voice, loudest), dim=2)
    locked = torch.cat((targets[..., :size], own, torch.ones_like(targets[..., -2:])), 2)
    return torch.where(chosen[..., None], locked, targets)


def _step(
    model: ParallelSeparator, optimisers: Optimisers, learning_rate: float, values: list[Tensor]
) -> dict[str, float]:
    batch: Any = Mixture(*values)
    heard = model.hear(batch.audio)
    targets = locked_on(batch.targets, heard.voice.detach(), _loudest(batch), LOCKED_SHARE)
    parts = losses(model.separate(heard, targets), batch)
    model.zero_grad(set_to_none=True)
    total(parts).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate
        optimiser.step()
    return {key: value.item() for key, value in parts.items()}


@torch.no_grad()
def _look(model: ParallelSeparator, values: list[Tensor]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for start in range(0, len(values[0]), 24):
        batch: Any = Mixture(*(value[start : start + 24] for value in values))
        for key, value in losses(model(batch.audio, batch.targets), batch).items():
            sums.setdefault(key, []).append(value.item())
    return {key: float(np.mean(value)) for key, value in sums.items()}


def _energy(x: Tensor) -> Tensor:
    return x.square().sum(-1)


def _powers(x: Tensor) -> Tensor:
    return x.unflatten(-1, (-1, HOP_SAMPLES)).square().mean(-1)


def _loudest(batch: Any) -> Tensor:
    powers = _powers(batch.references)
    return ((powers > _powers(batch.audio[:, None] - batch.references)) & (powers > 1e-10)).float() * _active(
        batch.references
    )


def _active(references: Tensor) -> Tensor:
    powers = _powers(references)
    loudest = powers.amax(2, keepdim=True)
    return ((powers > 1e-4 * loudest) & (loudest > 1e-10)).float()


@torch.no_grad()
def _right(wet: Tensor, reference: Tensor, other: Tensor, speaks: Tensor) -> tuple[Tensor, Tensor]:
    """Returns whether the output is nearer to the target than to the other talker, and where that is a question."""

    def nearness(x: Tensor) -> Tensor:
        return (wet * x).sum(2).abs() / (_energy(x) + 1e-12).sqrt()

    rival = _energy(other) > 0
    right = (speaks & (nearness(reference) > nearness(other))).float()
    return right, rival.float()


def _resume(folder: Path, net: Separator, optimisers: Optimisers) -> tuple[int, float]:
    path = folder / CHECKPOINT
    if not path.is_file():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    net.load_state_dict(state["net"])
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    return int(state["step"]), float(state["seconds"])


def _save(
    folder: Path,
    net: Separator,
    optimisers: Optimisers,
    step: int,
    seconds: float,
    options: SeparationOptions,
) -> None:
    partial = folder / (CHECKPOINT + ".partial")
    kept = [optimiser.state_dict() for optimiser in optimisers]
    state = {"net": net.state_dict(), "optimisers": kept, "step": step, "seconds": seconds}
    torch.save({**state, "options": asdict(options)}, partial)
    os.replace(partial, folder / CHECKPOINT)

"""The training loop of the genre part: AdamW, one cycle of the learning rate, mixtures of clips, resumable.

Invariant: a run that was cut and resumed ends with the weights of a run that was not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.genre import GenreNet

from .readings import Readings


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train.

    Attributes:
        epochs: Passes over the clips.
        batch: Clips a step.
        rate: Highest learning rate of the cycle.
        weight_decay: Of AdamW.
        smoothing: Label smoothing.
        mixing: Parameter of the beta distribution of mixtures (mixup).
        noise: Deviation of what is added to the standardised statistics, the same over a sequence.
        dropout: See ``GenreNet``.
        clean: Share of clips taken as they are; the others are variants.
        save_every: Epochs between checkpoints.
    """

    epochs: int = 40
    batch: int = 64
    rate: float = 3e-3
    weight_decay: float = 1e-2
    smoothing: float = 0.1
    mixing: float = 0.3
    noise: float = 0.2
    dropout: float = 0.5
    clean: float = 0.5
    save_every: int = 10


@dataclass(frozen=True, slots=True)
class Point:
    """One epoch of a learning curve: mean training loss, and accuracy on the clips that are watched, if any."""

    epoch: int
    loss: float
    valid_accuracy: float | None


Watch = Callable[[GenreNet], float]
"""Looks at the network during training, and decides nothing."""


def fit(
    net: GenreNet,
    readings: Readings,
    clips: NDArray[np.int64],
    labels: NDArray[np.int64],
    settings: FitSettings,
    seed: int,
    path: Path,
    watch: Watch | None = None,
) -> list[Point]:
    """Trains the LSTM of ``net`` and what is around it; the front-end, ``music`` and ``change`` stay as they are.

    Args:
        net: Initialised by the caller; ends with the last weights.
        readings: Of all clips.
        clips: Positions of those to train on.
        labels: int64 ``[N]``, of all clips.
        settings: How to train.
        seed: Of every choice.
        path: The checkpoint: resumed from, and read back when it is of a finished run.
        watch: Called after each epoch.

    Returns:
        The learning curve.
    """
    optimizer = torch.optim.AdamW(_learned(net), lr=settings.rate, weight_decay=settings.weight_decay)
    batch = min(settings.batch, len(clips))
    steps = len(clips) // batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.epochs * steps)
    targets = functional.one_hot(torch.from_numpy(labels), net.num_labels).float()
    targets = targets * (1.0 - settings.smoothing) + settings.smoothing / net.num_labels
    members = torch.from_numpy(clips)
    curve: list[Point] = []
    if path.is_file():
        curve = _restore(torch.load(path, weights_only=True), net, optimizer, schedule)
    for epoch in range(len(curve), settings.epochs):
        generator = torch.Generator().manual_seed(1_000 * seed + epoch)
        rng = np.random.default_rng((seed, epoch))
        torch.manual_seed(1_000 * seed + epoch)
        net.train()
        total = 0.0
        for chosen in members[torch.randperm(len(members), generator=generator)][: steps * batch].split(batch):
            total += _step(net, readings, chosen, targets[chosen], settings, generator, rng, optimizer)
            schedule.step()
        net.eval()
        curve.append(Point(epoch + 1, total / steps, watch(net) if watch else None))
        if (epoch + 1) % settings.save_every == 0 or epoch + 1 == settings.epochs:
            _save(path, net, optimizer, schedule, curve)
    return curve


def _step(
    net: GenreNet,
    readings: Readings,
    chosen: Tensor,
    target: Tensor,
    settings: FitSettings,
    generator: torch.Generator,
    rng: np.random.Generator,
    optimizer: torch.optim.Optimizer,
) -> float:
    count = len(chosen)
    variants = torch.randint(1, len(readings.stored), (count,), generator=generator)
    variants[torch.rand(count, generator=generator) < settings.clean] = 0
    x = readings.draw(variants, chosen)
    share, other = float(rng.beta(settings.mixing, settings.mixing)), torch.randperm(count, generator=generator)
    x, target = torch.lerp(x[other], x, share), torch.lerp(target[other], target, share)
    x = x + settings.noise * torch.randn(count, 1, x.size(2), generator=generator)
    zeros = torch.zeros(count, net.embedding_size)
    hidden, _, _ = net.recall(x, zeros, zeros)
    log_probs = torch.log_softmax(net.genre(hidden), 2)
    loss = -(log_probs * target.unsqueeze(1)).sum(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.detach())


def _learned(net: GenreNet) -> list[torch.nn.Parameter]:
    return [value for part in (net.input, net.norm, net.lstm, net.genre) for value in part.parameters()]


def _save(path: Path, net: GenreNet, optimizer: Any, schedule: Any, curve: list[Point]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    points = [(point.epoch, point.loss, point.valid_accuracy) for point in curve]
    state = {part: getattr(net, part).state_dict() for part in ("input", "norm", "lstm", "genre")}
    torch.save(
        {"net": state, "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), "curve": points}, partial
    )
    partial.replace(path)


def _restore(saved: dict[str, Any], net: GenreNet, optimizer: Any, schedule: Any) -> list[Point]:
    for part, state in saved["net"].items():
        getattr(net, part).load_state_dict(state)
    optimizer.load_state_dict(saved["optimizer"])
    schedule.load_state_dict(saved["schedule"])
    net.eval()
    return [Point(*point) for point in saved["curve"]]

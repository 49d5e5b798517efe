"""The training loop of both papers: Adam, a rate that falls linearly to 0, early stopping; resumable.

Invariant: a run that was cut and resumed ends with the weights and the curve of a run that was not.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.baselines.front import SegmentNet

from .recipes import Recipe
from .segments import Indices, Segments

PREDICT_BATCH = 128
MEASURED_SEGMENTS = 4_000
"""Segments that the standardisation is measured on: its error is far below what a recording's level varies by."""


class Task(NamedTuple):
    """What to learn.

    Attributes:
        segments: Where the indices point.
        targets: int64 ``[S]``, the output that each segment should have.
        train: Indices to learn from.
        valid: Indices that decide when to stop.
    """

    segments: Segments
    targets: Indices
    train: Indices
    valid: Indices


class Point(NamedTuple):
    """One epoch of the learning curve; the loss is in nats a training segment."""

    epoch: int
    loss: float
    valid_accuracy: float


@dataclass(slots=True)
class Fit:
    """A run in progress, and all of what a checkpoint holds."""

    net: SegmentNet
    optimizer: torch.optim.Optimizer
    curve: list[Point] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def best_epoch(self) -> int:
        """The first epoch with the highest accuracy on valid; 0 before any."""
        return max(self.curve, key=lambda point: point.valid_accuracy).epoch if self.curve else 0

    def is_over(self, recipe: Recipe) -> bool:
        """Returns whether all epochs are through, or ``patience`` of them were no better."""
        epochs = len(self.curve)
        return epochs >= recipe.epochs or epochs - self.best_epoch >= recipe.patience


class Fitted(NamedTuple):
    """A finished run: the network with its best weights, its curve, and how long that took, s."""

    net: SegmentNet
    curve: list[Point]
    seconds: float


def fit(
    net: SegmentNet,
    task: Task,
    recipe: Recipe,
    seed: int,
    folder: Path,
    watch: Callable[[Point], None] = lambda point: None,
) -> Fitted:
    """Trains ``net`` until ``recipe`` says stop and returns the weights that were best on ``task.valid``.

    Args:
        net: Initialised by the caller; its ``front`` is standardised here.
        task: What to learn.
        recipe: How.
        seed: Of the order of the segments and of dropout.
        folder: Receives ``checkpoint.pt`` after every epoch; resumed from when there.
        watch: Called after every epoch, once it is saved.
    """
    _standardise(net, task, seed)
    run = _resume(net, recipe, folder)
    while not run.is_over(recipe):
        began = time.perf_counter()
        loss = _epoch(run, task, recipe, seed)
        accuracy = float((predict(net, task.segments, task.valid).argmax(1) == task.targets[task.valid]).mean())
        run.curve.append(Point(len(run.curve) + 1, loss, accuracy))
        if run.best_epoch == len(run.curve):
            run.best = copy.deepcopy(net.state_dict())
        run.seconds += time.perf_counter() - began
        _save(run, folder)
        watch(run.curve[-1])
    net.load_state_dict(run.best)
    return Fitted(net.eval(), run.curve, run.seconds)


def predict(net: SegmentNet, segments: Segments, indices: Indices) -> NDArray[np.float32]:
    """Returns the probabilities ``[len(indices), L]`` of every output."""
    net.eval()
    with torch.inference_mode():
        batches = np.split(indices, range(PREDICT_BATCH, len(indices), PREDICT_BATCH))
        log_probs = torch.cat([net(segments.decibels(batch)) for batch in batches])
    probs: NDArray[np.float32] = log_probs.exp().numpy()
    return probs


def _standardise(net: SegmentNet, task: Task, seed: int) -> None:
    chosen = np.random.default_rng(seed).permutation(task.train)[:MEASURED_SEGMENTS]
    net.front.measure(task.segments.decibels(chosen))


def _epoch(run: Fit, task: Task, recipe: Recipe, seed: int) -> float:
    """Goes once through the training segments; returns their mean loss."""
    # Seeded by the epoch, so that a resumed run draws what an uninterrupted one would have drawn.
    epoch = len(run.curve)
    order = np.random.default_rng((seed, epoch)).permutation(task.train)
    torch.manual_seed(seed * 1_000_003 + epoch)
    run.net.train()
    losses = 0.0
    for start in range(0, len(order), recipe.batch_size):
        _set_rate(run.optimizer, recipe.rate * (1.0 - (epoch + start / len(order)) / recipe.epochs))
        batch = order[start : start + recipe.batch_size]
        losses += len(batch) * _step(run, task, batch, recipe.bfloat16)
    return losses / len(order)


def _step(run: Fit, task: Task, batch: Indices, bfloat16: bool) -> float:
    run.optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        log_probs = run.net(task.segments.decibels(batch))
    loss = functional.nll_loss(log_probs.float(), torch.from_numpy(task.targets[batch]))
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimizer.step()
    return float(loss.detach())


def _set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _save(run: Fit, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "net": run.net.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "curve": [tuple(point) for point in run.curve],
        "best": run.best,
        "seconds": run.seconds,
    }
    # Renamed into place: a run may be cut while it writes.
    torch.save(state, folder / "checkpoint.part")
    os.replace(folder / "checkpoint.part", folder / "checkpoint.pt")


def _resume(net: SegmentNet, recipe: Recipe, folder: Path) -> Fit:
    run = Fit(net, torch.optim.Adam(net.parameters(), lr=recipe.rate, fused=True))
    path = folder / "checkpoint.pt"
    if path.is_file():
        stored = torch.load(path, weights_only=True)
        net.load_state_dict(stored["net"])
        run.optimizer.load_state_dict(stored["optimizer"])
        run.curve = [Point(*point) for point in stored["curve"]]
        run.best, run.seconds = stored["best"], stored["seconds"]
    return run

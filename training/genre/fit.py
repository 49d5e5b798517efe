"""The training loop: AdamW, a rate that falls linearly to zero, averaged weights, resumable.

Invariant: a run that was cut and resumed ends with the weights of a run that was not.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import Progress
from torch import nn
from torch.nn import functional

from models.frontend import NUM_CHROMA
from models.genre import GenreNet

from .batches import Batch, Batches


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train.

    Attributes:
        steps: Batches in all.
        rate: Learning rate at the start; it falls linearly to 0 as in paper 000, which begins at 0.002: too slow here.
        weight_decay: Of AdamW.
        smoothing: Label smoothing.
        music_loss: Weight of the second output's loss.
        dropout: See ``GenreNet``.
        averaging: Decay of the averaged weights, which are the ones kept.
        look_every: Steps between two looks at the validation clips and between checkpoints.
    """

    steps: int = 600
    rate: float = 5e-3
    weight_decay: float = 1e-2
    smoothing: float = 0.05
    music_loss: float = 1.0
    dropout: float = 0.2
    averaging: float = 0.98
    look_every: int = 25


@dataclass(slots=True)
class Fit:
    """A run in progress, and all of what a checkpoint holds."""

    net: GenreNet
    averaged: GenreNet
    optimizer: torch.optim.Optimizer
    step: int = 0
    best: float = float("inf")
    best_step: int = 0


def loss_of(net: GenreNet, batch: Batch, settings: FitSettings) -> torch.Tensor:
    """Returns the genre loss over the frames of music plus the weighted music loss over all frames that count."""
    no_chroma = batch.mel.new_zeros(*batch.mel.shape[:2], NUM_CHROMA)  # which this network leaves aside
    log_probs, music_logit, *_ = net.tag(batch.mel, no_chroma, net.init_state(len(batch.mel)))
    is_music = (batch.genre >= 0).float()
    genre = functional.nll_loss(log_probs.transpose(1, 2), batch.genre.clamp_min(0), reduction="none")
    smooth = -log_probs.mean(-1)
    genre = (1 - settings.smoothing) * genre + settings.smoothing * smooth
    music = functional.binary_cross_entropy_with_logits(music_logit, is_music, reduction="none")
    heard = batch.weight * is_music
    genre_loss = (genre * heard).sum() / heard.sum().clamp_min(1.0)
    return genre_loss + settings.music_loss * (music * batch.weight).sum() / batch.weight.sum()


def fit(
    net: GenreNet,
    batches: Batches,
    settings: FitSettings,
    seed: int,
    folder: Path,
    validate: Callable[[GenreNet], float] | None = None,
) -> GenreNet:
    """Trains ``net`` and returns the averaged weights, at their best on ``validate`` or at the end without it.

    Args:
        net: Initialised by the caller.
        batches: Where the data comes from.
        settings: How to train.
        seed: Of batches and dropout.
        folder: Receives ``checkpoint.pt`` (resumed from when there) and ``best.pt``.
        validate: Lower is better; looked at every ``look_every`` steps.
    """
    run = _resume(net, settings, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with Progress() as progress:
        bar = progress.add_task(folder.name, total=settings.steps, completed=run.step)
        while run.step < settings.steps:
            # Seeded by the step, so that a resumed run draws what an uninterrupted one would have drawn.
            rng = np.random.default_rng((seed, run.step))
            torch.manual_seed(seed * 1_000_003 + run.step)
            loss = _step(run, batches.draw(rng), settings)
            run.step += 1
            progress.update(bar, advance=1, description=f"{folder.name} loss {loss:.3f} best {run.best:.3f}")
            if run.step % settings.look_every == 0 or run.step == settings.steps:
                _look(run, validate, folder)
    best = copy.deepcopy(run.averaged)
    best.load_state_dict(torch.load(folder / "best.pt", weights_only=True))
    return best.eval()


def _step(run: Fit, batch: Batch, settings: FitSettings) -> float:
    for group in run.optimizer.param_groups:
        group["lr"] = settings.rate * (1.0 - run.step / settings.steps)
    run.net.train()
    run.optimizer.zero_grad(set_to_none=True)
    loss = loss_of(run.net, batch, settings)
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(run.net.parameters(), 1.0)
    run.optimizer.step()
    decay = min(settings.averaging, (1.0 + run.step) / (10.0 + run.step))
    with torch.no_grad():
        for mean, weight in zip(run.averaged.parameters(), run.net.parameters(), strict=True):
            mean.lerp_(weight, 1.0 - decay)
    return float(loss.detach())


def _look(run: Fit, validate: Callable[[GenreNet], float] | None, folder: Path) -> None:
    score = validate(run.averaged) if validate else -float(run.step)
    if score < run.best:
        run.best, run.best_step = score, run.step
        torch.save(run.averaged.state_dict(), folder / "best.pt")
    torch.save(
        {
            "net": run.net.state_dict(),
            "averaged": run.averaged.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            "step": run.step,
            "best": run.best,
            "best_step": run.best_step,
        },
        folder / "checkpoint.pt",
    )


def _resume(net: GenreNet, settings: FitSettings, folder: Path) -> Fit:
    averaged = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    run = Fit(net, averaged, optimizer)
    path = folder / "checkpoint.pt"
    if path.is_file():
        stored = torch.load(path, weights_only=True)
        net.load_state_dict(stored["net"])
        averaged.load_state_dict(stored["averaged"])
        optimizer.load_state_dict(stored["optimizer"])
        run.step, run.best, run.best_step = stored["step"], stored["best"], stored["best_step"]
    return run

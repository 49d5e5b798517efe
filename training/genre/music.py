"""Training of the small output beside the LSTM: is it music.

It reads statistics alone, so it is learned once and shared by every seed and member.

Invariant: the streams that it is measured on are of the valid part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.progress import track
from torch.nn import functional

from models.genre import GenreNet

from .streams import Streams


@dataclass(frozen=True, slots=True)
class MusicSettings:
    """How to train.

    Attributes:
        train_streams: Streams of 23 s to learn from.
        valid_streams: Streams to measure on.
        epochs: Passes over their ticks.
        batch: Ticks a step.
        rate: Highest learning rate of the cycle.
        weight_decay: Of AdamW.
        dropout: Share of statistics dropped.
    """

    train_streams: int = 2400
    valid_streams: int = 640
    epochs: int = 12
    batch: int = 256
    rate: float = 2e-3
    weight_decay: float = 3e-2
    dropout: float = 0.5


def fit_music(
    net: GenreNet, make: Callable[[str, int, int], Streams], settings: MusicSettings, path: Path
) -> dict[str, float]:
    """Trains ``net.music``, or reads it from ``path`` when it is there.

    Args:
        net: After ``fit_statistics``.
        make: Given part, count and seed, returns streams, which hold music and other sound.
        settings: How to train.
        path: Of the finished weights and figures.

    Returns:
        Shares of the ticks of the valid streams: ``missed_music`` and ``false_music``.
    """
    if not path.is_file():
        torch.manual_seed(0)
        _fit(net, make("train", settings.train_streams, 0), settings)
        figures = _measure(net, make("valid", settings.valid_streams, 1))
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save({"music": net.music.state_dict(), "figures": figures}, path)
    saved = torch.load(path, weights_only=True)
    net.music.load_state_dict(saved["music"])
    figures: dict[str, float] = saved["figures"]
    return figures


def _fit(net: GenreNet, streams: Streams, settings: MusicSettings) -> None:
    optimizer = torch.optim.AdamW(net.music.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    rows = (streams.is_music >= 0.0).nonzero().squeeze(1)
    # Both answers weigh the same, however often each is the right one.
    share = streams.is_music[rows].mean()
    weights = torch.where(streams.is_music == 1.0, 0.5 / share, 0.5 / (1.0 - share))
    steps = len(rows) // settings.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.epochs * steps)
    for _ in track(range(settings.epochs), description="learning music from the rest"):
        for chosen in rows[torch.randperm(len(rows))][: steps * settings.batch].split(settings.batch):
            logits = net.music_logit(functional.dropout(streams.draw(chosen), settings.dropout))
            losses = functional.binary_cross_entropy_with_logits(logits, streams.is_music[chosen], reduction="none")
            loss = (losses * weights[chosen]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def _measure(net: GenreNet, streams: Streams) -> dict[str, float]:
    with torch.inference_mode():
        rows = torch.arange(len(streams.is_music)).split(1024)
        music = torch.cat([net.music_logit(streams.draw(part)) for part in rows]) > 0.0
    return {
        "missed_music": float((~music[streams.is_music == 1.0]).float().mean()),
        "false_music": float(music[streams.is_music == 0.0].float().mean()),
    }

"""Training of the two small outputs beside the LSTM: is it music, and did the music change.

Both read statistics alone, so they are learned once and shared by every seed and member.

Invariant: a threshold is chosen on streams of the valid part; the training streams choose nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional

from models.genre import GenreNet

from .streams import Streams


@dataclass(frozen=True, slots=True)
class HeadSettings:
    """How to train.

    Attributes:
        train_streams: Streams of 23 s to learn from.
        valid_streams: Streams to choose the threshold by.
        epochs: Passes over their ticks.
        batch: Ticks a step.
        rate: Highest learning rate of the cycle.
        weight_decay: Of AdamW.
        dropout: Share of statistics dropped.
        false_changes: Share of ticks without a change that may be called one: 0.002 is one in eight minutes.
    """

    train_streams: int = 2400
    valid_streams: int = 640
    epochs: int = 12
    batch: int = 256
    rate: float = 2e-3
    weight_decay: float = 3e-2
    dropout: float = 0.5
    false_changes: float = 0.002


def fit_heads(
    net: GenreNet, make: Callable[[str, int, int], Streams], settings: HeadSettings, path: Path
) -> dict[str, float]:
    """Trains ``net.music`` and ``net.change``, or reads them from ``path`` when they are there.

    Args:
        net: After ``fit_statistics``.
        make: Given part, count and seed, returns streams.
        settings: How to train.
        path: Of the finished weights and figures.

    Returns:
        Shares on the valid streams: ``missed_music``, ``false_music``, ``missed_changes``, ``false_changes``.
    """
    if not path.is_file():
        torch.manual_seed(0)
        train, valid = make("train", settings.train_streams, 0), make("valid", settings.valid_streams, 1)
        _fit(net.music, train, train.is_music, net.music_logit_of, settings, "learning music from the rest")
        _fit(net.change, train, train.changed, net.change_logit_of, settings, "learning changes")
        _set_threshold(net, valid, settings.false_changes)
        saved = {
            "music": net.music.state_dict(),
            "change": net.change.state_dict(),
            "figures": measure_heads(net, valid),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(saved, path)
    saved = torch.load(path, weights_only=True)
    net.music.load_state_dict(saved["music"])
    net.change.load_state_dict(saved["change"])
    figures: dict[str, float] = saved["figures"]
    return figures


def measure_heads(net: GenreNet, streams: Streams) -> dict[str, float]:
    """Returns the shares of ticks on which the two outputs are wrong."""
    music = _logits(net.music_logit_of, streams) > 0.0
    change = _logits(net.change_logit_of, streams) > 0.0
    return {
        "missed_music": _share(~music, streams.is_music == 1.0),
        "false_music": _share(music, streams.is_music == 0.0),
        "missed_changes": _share(~change, streams.changed == 1.0),
        "false_changes": _share(change, streams.changed == 0.0),
    }


Logit = Callable[[Tensor, Tensor], Tensor]
"""Passage and older ``[B, S]`` to log-odds ``[B]``."""


def _fit(
    head: nn.Module, streams: Streams, labels: Tensor, logit: Logit, settings: HeadSettings, description: str
) -> None:
    optimizer = torch.optim.AdamW(head.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    rows = (labels >= 0.0).nonzero().squeeze(1)
    if labels[rows].unique().numel() < 2:
        return  # One answer only: nothing to learn. A corpus without speech and noise is all music.
    # Both answers weigh the same, however often each is the right one.
    weights = torch.where(
        labels == 1.0, 0.5 / (labels[rows] == 1.0).float().mean(), 0.5 / (labels[rows] == 0.0).float().mean()
    )
    steps = len(rows) // settings.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=settings.epochs * steps)
    for _ in track(range(settings.epochs), description=description):
        for chosen in rows[torch.randperm(len(rows))][: steps * settings.batch].split(settings.batch):
            kept = (torch.rand(len(chosen), streams.passage.size(1)) >= settings.dropout).float() / (
                1.0 - settings.dropout
            )
            passage, older = streams.draw(chosen)
            losses = functional.binary_cross_entropy_with_logits(
                logit(passage * kept, older * kept), labels[chosen], reduction="none"
            )
            loss = (losses * weights[chosen]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()


def _set_threshold(net: GenreNet, streams: Streams, false_changes: float) -> None:
    """Shifts the bias of ``change`` so that it is wrong on the wanted share of ticks without a change."""
    without = _logits(net.change_logit_of, streams)[streams.changed == 0.0]
    bias = net.change[-1].bias
    with torch.no_grad():
        bias -= float(np.quantile(without.numpy(), 1.0 - false_changes))


def _logits(logit: Logit, streams: Streams) -> Tensor:
    with torch.inference_mode():
        rows = torch.arange(len(streams.changed)).split(1024)
        return torch.cat([logit(*streams.draw(part)) for part in rows])


def _share(wrong: Tensor, where: Tensor) -> float:
    return float(wrong[where].float().mean())

"""One network out of several: members of other seeds, trained alike and merged.

Invariant: all members have the statistics of the template, so that merging is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.genre import GenreNet, merge

from .corpus import Corpus
from .fit import FitSettings, Point, fit
from .readings import Readings
from .score import accuracy, clip_probs

MEMBERS = 3

STATISTICS_STATE = ("mean", "scale", "measurements.patch_weight", "measurements.patch_bias")
"""What ``fit_statistics`` sets."""


def train_members(
    template: GenreNet,
    corpus: Corpus,
    readings: Readings,
    clips: NDArray[np.int64],
    settings: FitSettings,
    seed: int,
    path: Path,
    watched: NDArray[np.int64] | None = None,
) -> tuple[GenreNet, list[Point]]:
    """Trains and merges ``MEMBERS`` networks.

    Args:
        template: Gives the statistics.
        corpus: Gives the labels.
        readings: Of all of the corpus.
        clips: Positions of the clips to train on.
        settings: How to train.
        seed: The members' are ``MEMBERS * seed`` and on.
        path: Of the checkpoints; ``-<number>.pt`` is added.
        watched: Clips whose accuracy the learning curve holds.

    Returns:
        The merged network and the learning curve of the first member.
    """
    members, curves = [], []
    for number in range(MEMBERS):
        member_seed = MEMBERS * seed + number
        torch.manual_seed(member_seed)
        net = corpus.new_net(settings.dropout)
        copy_statistics(template, net)
        watch = _watch(corpus, readings, watched) if watched is not None and number == 0 else None
        checkpoint = path.with_name(f"{path.name}-{number}.pt")
        curves.append(fit(net, readings, clips, corpus.labels, settings, member_seed, checkpoint, watch))
        members.append(net.eval())
    return merge(members), curves[0]


def copy_statistics(source: GenreNet, net: GenreNet) -> None:
    """Gives ``net`` the whitening and standardisation of ``source``."""
    state = source.state_dict()
    net.load_state_dict({name: state[name] for name in STATISTICS_STATE}, strict=False)


def _watch(corpus: Corpus, readings: Readings, clips: NDArray[np.int64]) -> Callable[[GenreNet], float]:
    labels = corpus.labels[clips]
    return lambda net: accuracy(clip_probs(net, readings, clips)[:, -1], labels)

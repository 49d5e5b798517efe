"""Anybody's own labels: what is trained on, measured on, and the card that says so.

Invariant: the card claims nothing that was not learned or measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.genre import VERSION

from .card import ARCHITECTURE
from .corpus import Corpus
from .folder import load_folder
from .not_music import load_not_music, no_recordings
from .recordings import Recordings
from .split import Split, split_corpus

MUSIC_LOGIT = 4.0
"""What a network says that was shown nothing but music: 98 %, whatever it hears."""


@dataclass(frozen=True, slots=True)
class OwnLabels:
    """A user's data.

    Attributes:
        corpus: Clips of their folder.
        parts: What is trained on, chosen by and tested on.
        others: Their recordings of what is not music; none where they gave none.
    """

    corpus: Corpus
    parts: Split
    others: Recordings

    @property
    def knows_music(self) -> bool:
        """Whether there is anything to tell music from."""
        return bool(self.others.items)

    def digest(self) -> str:
        """Returns a short name for all of this: clips, split and what is not music."""
        digest = hashlib.sha256(self.corpus.digest().encode())
        for table in (*self.parts, self.others.mel, self.others.starts):
            digest.update(np.ascontiguousarray(table))
        return digest.hexdigest()[:12]


def load_own_labels(
    folder: Path, cache: Path, not_music: Path | None = None, seed: int = 0, tell: Callable[[str], None] = print
) -> OwnLabels:
    """Reads ``folder`` and splits it by file or artist.

    Args:
        folder: See ``load_folder``.
        cache: See ``load_folder``.
        not_music: See ``load_not_music``.
        seed: See ``split_corpus``.
        tell: Receives a line about every file that was left out.

    Raises:
        CorpusError: The data is not enough to learn from.
    """
    corpus = load_folder(folder, cache, tell)
    others = load_not_music(not_music, cache, tell) if not_music else no_recordings()
    return OwnLabels(corpus, split_corpus(corpus, seed), others)


def call_all_music(layer: nn.Linear) -> None:
    """Makes the last ``layer`` before the music logit answer a constant 4: its network was shown nothing but music."""
    with torch.no_grad():
        layer.weight.zero_()
        layer.bias.fill_(MUSIC_LOGIT)


def own_card(own: OwnLabels, figures: dict[str, Any]) -> dict[str, Any]:
    """Returns the card of a network trained on ``own``, as ``genre_card`` does for the one that ships.

    Args:
        own: The data.
        figures: What was measured on ``own.parts.test``.
    """
    return {
        "name": "genre",
        "version": f"{VERSION}+own",
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "chunk_samples": FRAME_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "latency_samples": 0,
        "labels": list(own.corpus.label_names),
        "architecture": ARCHITECTURE,
        "data": _data(own),
        "protocol": (
            "Files, or artists where the folder has them, are in one part only: trained on about 70 % of the clips of "
            "every label, when to stop was chosen on 15 %, measured once on 15 %."
        ),
        "figures": figures,
        "limits": _limits(own),
        "licence": "The weights are their owner's, as far as the licences of the recordings allow. Code: Apache-2.0.",
    }


def _data(own: OwnLabels) -> list[str]:
    corpus = own.corpus
    counts = [np.bincount(corpus.labels[part], minlength=len(corpus.label_names)) for part in own.parts]
    lines = [
        f"{name!r}: {train} clips of up to 30 s to train on, {valid} to choose by, {test} to test on"
        for name, train, valid, test in zip(corpus.label_names, *counts, strict=True)
    ]
    lines.append(f"In all {len(corpus.ids)} clips of {len(set(corpus.groups))} files or artists of the owner's")
    if own.knows_music:
        lines.append(f"What is not music: {len(own.others.items)} recordings of the owner's")
    return lines


def _limits(own: OwnLabels) -> list[str]:
    limits = ["Anything that is played is given one of these labels, or none when the network is unsure."]
    if not own.knows_music:
        limits.append(
            "Music or not was not learned, for nothing but music was shown: all that is louder than silence counts as "
            f"music (a constant logit of {MUSIC_LOGIT:g})."
        )
    test = np.bincount(own.corpus.labels[own.parts.test], minlength=len(own.corpus.label_names))
    if scarce := _named(own.corpus.label_names, test < 10):
        limits.append(f"Fewer than ten test clips stand behind the figures of {scarce}.")
    return limits


def _named(names: Sequence[str], chosen: np.ndarray) -> str:
    return ", ".join(repr(name) for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)

"""The recordings that trials are made with.

Invariant: clips are chosen by a seed and by the split's lists alone, the same for every model.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..corpus import Corpus, load_gtzan, load_split
from .bands import BandLevels, Bands

CLIP_FRAMES = 343
"""Frames that every clip of GTZAN has; one lacks the 344th."""


@dataclass(frozen=True)
class Evidence:
    """Everything below one data folder.

    Attributes:
        data: The data folder.
        corpus: Its GTZAN.
    """

    data: Path
    corpus: Corpus

    @classmethod
    def load(cls, data: Path) -> Evidence:
        """Reads GTZAN's bands below ``data``; raises FileNotFoundError when they are not there."""
        return cls(data, load_gtzan(data))

    def part(self, name: str) -> NDArray[np.int64]:
        """Returns the clips of ``train``, ``valid`` or ``test`` of the fault-filtered split, as positions."""
        return self.corpus.index(load_split(self.data, name))

    def bands(self, clips: NDArray[np.int64]) -> Bands:
        """Returns whole clips ``[N]``, 343 frames each."""
        mel = self.corpus.mel[clips, :CLIP_FRAMES]
        return Bands(mel, self.corpus.chroma[clips, :CLIP_FRAMES], self._level(mel))

    def audio_clips(self, kind: str = "") -> Iterator[tuple[str, Path]]:
        """Yields id and file of the clips that exist as audio: ``clip30s``, ``excerpt``, or all."""
        folder = self.data / "gtzan_audio"
        with (folder / "manifest.tsv").open(newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t"):
                if kind in ("", row["kind"]):
                    yield row["id"], folder / row["file"]

    @cached_property
    def _level(self) -> BandLevels:
        return BandLevels(self.corpus)

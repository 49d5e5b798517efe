"""Live streams in small: one programme that changes into another, music or not, at any tick.

Invariant: a programme's samples come from the training part alone, or from the valid part alone, as asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.genre import TICK_FRAMES, GenreNet

from .corpus import Corpus
from .readings import STEPS, quantise
from .recordings import Recordings
from .variation import Decibels, Variation, decibels

NUM_TICKS = 24
FRAMES = NUM_TICKS * TICK_FRAMES
_BATCH = 8


class Programme(NamedTuple):
    """Bands of ``F`` frames in dB, and whether they are music."""

    mel: Decibels
    chroma: Decibels
    music: bool


@dataclass(frozen=True, slots=True)
class Streams:
    """Ticks of many streams.

    Attributes:
        last: int8 ``[N, S]``, statistics of the last two ticks; see ``Readings.stored``.
        is_music: float32 ``[N]``, 1 or 0; -1 where the two ticks hold both.
    """

    last: Tensor
    is_music: Tensor

    def draw(self, rows: Tensor) -> Tensor:
        """Returns ``last`` of ``rows`` as float32 ``[B, S]``."""
        return self.last[rows].float() / STEPS


class StreamMaker:
    """Draws streams of the clips at ``clips`` and one part of ``recordings``."""

    def __init__(self, corpus: Corpus, clips: NDArray[np.int64], recordings: Recordings, part: str) -> None:
        self._corpus = corpus
        self._clips = clips
        self._recordings = recordings
        self._speech = recordings.select(part, "speech")
        self._ambience = recordings.select(part, "ambience")
        self._opus = {recordings.items[i].group: i for i in recordings.select(part, "music")}

    def make(self, net: GenreNet, count: int, seed: int) -> Streams:
        """Returns the ticks of ``count`` streams (a multiple of 8) of 23 s, measured by ``net``."""
        rng = np.random.default_rng(seed)
        parts = [self._some(net, _BATCH, rng) for _ in range(count // _BATCH)]
        return Streams(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def _some(self, net: GenreNet, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        mels, chromas, music = [], [], []
        for _ in range(count):
            one, other = self._programme(rng), self._programme(rng)
            # A third of the streams go on as they began.
            change = FRAMES if rng.random() < 0.35 else int(rng.integers(4 * TICK_FRAMES, FRAMES - 4 * TICK_FRAMES))
            gain = np.float32(rng.normal(0.0, 4.0))
            mels.append(np.concatenate([one.mel[:change], other.mel[change:] + gain]))
            chromas.append(np.concatenate([one.chroma[:change], other.chroma[change:] + gain]))
            music.append(np.where(np.arange(FRAMES) < change, one.music, other.music))
        with torch.inference_mode():
            sums = net.tick_sums(torch.from_numpy(np.stack(mels)), torch.from_numpy(np.stack(chromas)))
            before = torch.cat((torch.zeros_like(sums[:, :1]), sums[:, :-1]), 1)
            first = torch.arange(NUM_TICKS).repeat(count, 1) == 0
            frames = torch.where(first, TICK_FRAMES, 2 * TICK_FRAMES).float().flatten().unsqueeze(1)
            last = net.read((sums + before).flatten(0, 1), frames)
        return torch.from_numpy(quantise(last)), torch.from_numpy(_label(np.stack(music)))

    def _programme(self, rng: np.random.Generator) -> Programme:
        if not (self._ambience or self._speech) or rng.random() < 0.6:
            mel, chroma = self._clip(int(rng.choice(self._clips)), rng)
            return Programme(*Variation(tempo=0.0, key=0.0).apply(mel, chroma, rng), music=True)
        pool = self._speech if self._speech and (not self._ambience or rng.random() < 0.4) else self._ambience
        pieces = [self._recordings.bands(int(rng.choice(pool)))]
        # Half of the time one sound that goes on and on, half of the time one after the other.
        while rng.random() < 0.5 or sum(len(piece.mel) for piece in pieces) < 2:
            pieces.append(self._recordings.bands(int(rng.choice(pool))))
        mel = _repeat(np.concatenate([piece.mel for piece in pieces]))
        chroma = _repeat(np.concatenate([piece.chroma for piece in pieces]))
        return Programme(*Variation(tempo=0.0, key=0.0).apply(decibels(mel), decibels(chroma), rng), music=False)

    def _clip(self, clip: int, rng: np.random.Generator) -> tuple[Decibels, Decibels]:
        take = self._opus.get(self._corpus.ids[clip])
        if take is not None and rng.random() < 0.4:
            bands = self._recordings.bands(take)
            return decibels(_repeat(bands.mel)), decibels(_repeat(bands.chroma))
        frames = int(self._corpus.frames[clip])
        return decibels(_repeat(self._corpus.mel[clip, :frames])), decibels(_repeat(self._corpus.chroma[clip, :frames]))


def _label(music: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Labels the ticks of streams ``[B, FRAMES]``; see ``Streams.is_music``."""
    share = music.reshape(len(music), NUM_TICKS, TICK_FRAMES).mean(2)
    both = share + np.concatenate([share[:, :1], share[:, :-1]], 1)
    labels: NDArray[np.float32] = np.where(both == 2.0, 1.0, np.where(both == 0.0, 0.0, -1.0)).astype(np.float32)
    return labels.ravel()


def _repeat(stored: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns bands of ``FRAMES`` frames: the first ones, or all of them again and again."""
    repeated: NDArray[np.uint8] = stored[np.arange(FRAMES) % len(stored)]
    return repeated

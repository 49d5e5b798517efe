"""Training sequences: streams of one or two programmes, labelled frame by frame.

A live stream changes from speech to music and from song to song while the recurrent state runs on, so a share
of the sequences begins with something else, and the loss counts again one second after each change.

Invariant: a batch is a function of the generator alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from .augment import Augmentation, Mel, mean_level_db, mix
from .corpus import Corpus
from .recordings import Recordings

SETTLE_FRAMES = 11
"""Frames after the start of a programme that cost nothing: about a second, in which nobody could know."""

SILENT_DB = -70.0
"""Frames whose loudest band is below this are silence: a level gate deals with them, not the network."""


class Batch(NamedTuple):
    """``B`` streams of ``F`` frames.

    Attributes:
        mel: float32 ``[B, F, 128]``, dB.
        genre: int64 ``[B, F]``, label, or -1 where it is not music.
        weight: float32 ``[B, F]``, 1 where a frame counts.
    """

    mel: torch.Tensor
    genre: torch.Tensor
    weight: torch.Tensor


class Segment(NamedTuple):
    """One programme: bands ``[F, 128]`` and its label (-1: not music)."""

    mel: Mel
    genre: int


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Composition of a batch.

    Attributes:
        music: Sequences that end in music.
        other: Sequences that end in speech or ambience.
        speech: Share of speech in what is not music; ambience is harder to tell from music.
        num_frames: Frames a sequence.
        prefix: Share of sequences that begin with another programme.
        opus: Chance that a clip which exists as opus too is taken from there.
    """

    music: int = 56
    other: int = 40
    speech: float = 0.35
    num_frames: int = 220
    prefix: float = 0.35
    opus: float = 0.4


class Batches:
    """Draws batches from the clips at ``clips`` and the training part of ``recordings``."""

    def __init__(
        self,
        gtzan: Corpus,
        clips: NDArray[np.int64],
        recordings: Recordings,
        settings: BatchSettings,
        augmentation: Augmentation,
    ) -> None:
        self._gtzan = gtzan
        self._clips = clips
        self._recordings = recordings
        self._settings = settings
        self._augmentation = augmentation
        self._levels = [mean_level_db(_decibels(gtzan.mel[clip])) for clip in clips]
        self._speech = recordings.select("train", "speech")
        self._ambience = recordings.select("train", "ambience")
        self._opus: dict[str, list[int]] = {}
        for i in recordings.select("train", "music"):
            self._opus.setdefault(recordings.items[i].group, []).append(i)

    def draw(self, rng: np.random.Generator) -> Batch:
        """Returns one batch."""
        settings = self._settings
        clips = rng.choice(self._clips, settings.music, replace=len(self._clips) < settings.music)
        rows = [self._sequence(int(clip), rng) for clip in clips]
        rows += [self._sequence(None, rng) for _ in range(settings.other)]
        mel, genre, weight = (np.stack(column) for column in zip(*rows, strict=True))
        weight *= mel.max(axis=2) > SILENT_DB
        return Batch(torch.from_numpy(mel), torch.from_numpy(genre), torch.from_numpy(weight))

    def _sequence(self, clip: int | None, rng: np.random.Generator) -> tuple[Mel, NDArray[np.int64], Mel]:
        total = self._settings.num_frames
        parts: list[Segment] = []
        if rng.random() < self._settings.prefix:
            length = int(rng.integers(total // 10, total // 2))
            before = int(rng.choice(self._clips)) if rng.random() < 0.6 else None
            parts.append(self._segment(before, length, rng))
            total -= length
        parts.append(self._segment(clip, total, rng))
        mel = np.concatenate([part.mel for part in parts])
        genre = np.concatenate([np.full(len(part.mel), part.genre, dtype=np.int64) for part in parts])
        weight = np.concatenate([_settling(len(part.mel)) for part in parts])
        return mel, genre, weight

    def _segment(self, clip: int | None, length: int, rng: np.random.Generator) -> Segment:
        if clip is None:
            mel, genre = self._not_music(length, rng), -1
            usual_db = self._levels[int(rng.integers(len(self._levels)))]
            share, below_db = self._augmentation.overlap, (0.0, 10.0)
        else:
            mel, genre = self._music(clip, length, rng), int(self._gtzan.labels[clip])
            # An excerpt may be a quiet place: it stays as quiet as it is in its clip.
            usual_db = mean_level_db(mel)
            share, below_db = self._augmentation.background, (12.0, 35.0)
        if rng.random() < share:
            mel = mix(mel, self._not_music(length, rng), rng.uniform(*below_db))
        return Segment(self._augmentation.apply(mel, rng, usual_db), genre)

    def _music(self, clip: int, length: int, rng: np.random.Generator) -> Mel:
        takes = self._opus.get(self._gtzan.ids[clip])
        if takes and rng.random() < self._settings.opus:
            frames = self._recordings.frames(int(rng.choice(takes)))
        else:
            frames = self._gtzan.mel[clip, : self._gtzan.frames[clip]]
        return _fill([frames], length, rng)

    def _not_music(self, length: int, rng: np.random.Generator) -> Mel:
        pool = self._speech if rng.random() < self._settings.speech else self._ambience
        pieces = [self._recordings.frames(int(rng.choice(pool)))]
        # Half of the time one sound that goes on and on, half of the time one after the other.
        while rng.random() < 0.5 or not sum(len(piece) for piece in pieces):
            pieces.append(self._recordings.frames(int(rng.choice(pool))))
        return _fill(pieces, length, rng)


def _settling(length: int) -> Mel:
    weight = np.ones(length, dtype=np.float32)
    weight[:SETTLE_FRAMES] = 0.0
    return weight


def _fill(pieces: list[NDArray[np.uint8]], length: int, rng: np.random.Generator) -> Mel:
    """Returns ``length`` frames in dB from a random place of ``pieces``, which are repeated when they are short."""
    frames = np.concatenate(pieces)
    if len(frames) < length:
        frames = np.tile(frames, (-(-length // len(frames)) + 1, 1))
    start = int(rng.integers(0, len(frames) - length + 1))
    return _decibels(frames[start : start + length])


def _decibels(stored: NDArray[np.uint8]) -> Mel:
    mel: Mel = stored.astype(np.float32) * np.float32(0.5) - np.float32(100.0)
    return mel

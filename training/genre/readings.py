"""What the LSTM reads of every clip, as recorded and in variants, measured once for all the networks that train on it.

Invariant: readings are the network's own: ``GenreNet.tick_sums`` and ``GenreNet.read``, quantised.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from torch import Tensor

from models.genre import CLIP, TICK_FRAMES, GenreNet
from models.music_statistics import NUM_BANDS, NUM_COMPONENTS, NUM_STATISTICS, PATCH_FRAMES

from .corpus import Corpus
from .variation import Variation, decibels

NUM_VARIANTS = 12
STEPS = 127.0 / CLIP
"""Steps of a stored reading in a standard deviation."""

_BATCH = 8
"""Clips measured at a time: larger arrays leave the heap, and fresh pages cost more than the arithmetic."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Statistics of N clips from their beginning to each tick.

    Attributes:
        stored: int8 ``[V, N, T, S]``, standardised statistics times ``STEPS``; variant 0 is the clip as it is.
    """

    stored: Tensor

    def draw(self, variants: Tensor, clips: Tensor) -> Tensor:
        """Returns float32 ``[B, T, S]`` of one variant each of ``clips [B]``."""
        return self.stored[variants, clips].float() / STEPS


def fit_statistics(net: GenreNet, corpus: Corpus, clips: NDArray[np.int64]) -> None:
    """Sets the whitening of patches and the standardisation of ``net`` from ``clips``; labels are not looked at."""
    patches = torch.cat([_patches(net, corpus, part) for part in _batches(clips)])
    mean = patches.mean(0)
    centred = patches - mean
    values, vectors = torch.linalg.eigh((centred.T @ centred / len(patches)).double())
    largest = slice(-NUM_COMPONENTS, None)
    components = vectors[:, largest] / values[largest].clamp_min(0.01).sqrt()
    net.measurements.set_patches(mean, components.flip(1).float())
    net.set_standardisation(torch.zeros(NUM_STATISTICS), torch.ones(NUM_STATISTICS))
    rng = np.random.default_rng(0)
    with torch.inference_mode():
        sums = [net.tick_sums(*_clips(corpus, part, Variation() if vary else None, rng))
                for part in _batches(clips) for vary in (False, True)]  # fmt: skip
        sampled = torch.cat([read_whole(net, part, clip=float("inf"))[:, 1::3].flatten(0, 1) for part in sums])
    net.set_standardisation(sampled.mean(0), sampled.std(0))


def load_readings(net: GenreNet, corpus: Corpus, cache: Path, num_variants: int = NUM_VARIANTS) -> Readings:
    """Returns the readings of every clip of ``corpus``, from ``cache`` as far as they are there.

    Args:
        net: After ``fit_statistics``.
        corpus: The clips.
        cache: A folder; one file for each variant.
        num_variants: Beside the clips as they are.
    """
    key = _key(net, corpus)
    cache.mkdir(parents=True, exist_ok=True)
    stored = []
    for number in track(range(num_variants + 1), description="measuring clips"):
        path = cache / f"readings-{key}-{number}.npy"
        if not path.is_file():
            partial = path.with_suffix(".partial.npy")
            np.save(partial, _measure(net, corpus, number))
            partial.replace(path)
        stored.append(torch.from_numpy(np.load(path)))
    return Readings(torch.stack(stored))


def read_whole(net: GenreNet, sums: Tensor, clip: float = CLIP) -> Tensor:
    """Sums of each tick ``[B, T, M]`` to statistics from the first tick to each, ``[B, T, S]``."""
    num_frames = TICK_FRAMES * torch.arange(1.0, sums.size(1) + 1).repeat(len(sums)).unsqueeze(1)
    if clip == CLIP:
        return net.read(sums.cumsum(1).flatten(0, 1), num_frames).view(len(sums), -1, NUM_STATISTICS)
    statistics = net.description(sums.cumsum(1).flatten(0, 1) / num_frames, num_frames.squeeze(1))
    return statistics.view(len(sums), -1, NUM_STATISTICS)


def quantise(readings: Tensor) -> NDArray[np.int8]:
    """Stores standardised statistics as int8."""
    stored: NDArray[np.int8] = (readings * STEPS).round().to(torch.int8).numpy()
    return stored


def _measure(net: GenreNet, corpus: Corpus, number: int) -> NDArray[np.int8]:
    rng = np.random.default_rng(number)
    variation = Variation() if number else None
    with torch.inference_mode():
        parts = [
            quantise(read_whole(net, net.tick_sums(*_clips(corpus, part, variation, rng))))
            for part in _batches(np.arange(len(corpus.ids)))
        ]
    return np.concatenate(parts)


def _clips(
    corpus: Corpus, clips: NDArray[np.int64], variation: Variation | None, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Returns mel ``[B, F, 128]`` and chroma ``[B, F, 12]`` in dB; a short clip goes on from its start."""
    mels, chromas = [], []
    length = int(corpus.frames.max()) // TICK_FRAMES * TICK_FRAMES
    for clip in clips:
        frames = np.arange(max(length, TICK_FRAMES)) % int(corpus.frames[clip])
        mel, chroma = decibels(corpus.mel[clip, frames]), decibels(corpus.chroma[clip, frames])
        if variation:
            mel, chroma = variation.apply(mel, chroma, rng)
        mels.append(mel)
        chromas.append(chroma)
    return torch.from_numpy(np.stack(mels)), torch.from_numpy(np.stack(chromas))


def _patches(net: GenreNet, corpus: Corpus, clips: NDArray[np.int64]) -> Tensor:
    mel, _ = _clips(corpus, clips, None, np.random.default_rng(0))
    bands = net.measurements.relative(mel, net.running_level(mel)).unflatten(2, (NUM_BANDS, 2)).mean(3)
    patches = bands.unfold(1, PATCH_FRAMES, 1)[:, ::3].flatten(2).flatten(0, 1)
    return patches - patches.mean(1, keepdim=True)


def _batches(clips: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.array_split(clips, -(-len(clips) // _BATCH))


def _key(net: GenreNet, corpus: Corpus) -> str:
    digest = hashlib.sha256()
    for tensor in (net.mean, net.scale, net.measurements.patch_weight):
        digest.update(tensor.numpy().tobytes())
    digest.update("\n".join(corpus.ids).encode())
    digest.update(repr(Variation()).encode())
    return digest.hexdigest()[:12]

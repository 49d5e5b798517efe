"""Every recording decoded once: 16 kHz, one channel, 16 bits, end to end in one file that is mapped, not read.

Invariant: a cache that was made from another list of recordings is made again.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from rich.progress import track

from .corpus import Recording

SAMPLE_RATE = 16_000
FULL_SCALE = 32_767.0


class Waveforms:
    """The samples of many recordings.

    Args:
        samples: int16 ``[sum of lengths]``.
        starts: int64 ``[N + 1]``; recording ``i`` has the samples ``starts[i]:starts[i + 1]``.
    """

    def __init__(self, samples: NDArray[np.int16], starts: NDArray[np.int64]) -> None:
        self._samples = samples
        self._starts = starts

    def num_samples(self, i: int) -> int:
        """Returns the length of recording ``i``."""
        return int(self._starts[i + 1] - self._starts[i])

    def read(self, i: int, start: int = 0, num_samples: int | None = None) -> NDArray[np.float32]:
        """Returns samples of recording ``i`` from ``start``, float32 in [-1, 1]; fewer where it ends before."""
        begin = int(self._starts[i]) + start
        end = int(self._starts[i + 1])
        if num_samples is not None:
            end = min(end, begin + num_samples)
        return self._samples[begin:end].astype(np.float32) / np.float32(FULL_SCALE)


def load_waveforms(data: Path, recordings: Sequence[Recording], folder: Path) -> Waveforms:
    """Returns the samples of ``recordings``, from ``folder`` where it holds the same list, else decoded (a minute)."""
    digest = hashlib.sha256("\n".join(item.path for item in recordings).encode()).hexdigest()[:12]
    samples, starts = folder / f"waveforms-{digest}.npy", folder / f"starts-{digest}.npy"
    if not (samples.is_file() and starts.is_file()):
        folder.mkdir(parents=True, exist_ok=True)
        decoded = [decode(data / item.path) for item in track(recordings, description="decoding recordings")]
        _save(starts, np.concatenate([[0], np.cumsum([len(x) for x in decoded])]).astype(np.int64))
        _save(samples, np.concatenate(decoded))
    return Waveforms(np.load(samples, mmap_mode="r"), np.load(starts))


def decode(path: Path) -> NDArray[np.int16]:
    """Returns a sound file as 16 kHz, one channel, 16 bits."""
    x, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(x.mean(axis=1), rate, SAMPLE_RATE) if rate != SAMPLE_RATE else x.mean(axis=1)
    return np.clip(np.round(mono * FULL_SCALE), -FULL_SCALE, FULL_SCALE).astype(np.int16)


def _save(path: Path, values: NDArray[np.int16] | NDArray[np.int64]) -> None:
    # Written whole or not at all.
    partial = path.with_suffix(".partial.npy")
    np.save(partial, values)
    os.replace(partial, path)

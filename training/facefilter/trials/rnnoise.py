"""RNNoise (Valin, 2018), the noise suppressor to be compared with, at its own 48 kHz.

Invariant: its output is aligned with its input to the sample, its delay taken out; nothing is charged to it but what
it does to the sound.
"""

from __future__ import annotations

import numpy as np
import soxr
from pyrnnoise import rnnoise

from ..waveforms import SAMPLE_RATE
from .measures import Samples

RATE = 48_000
DELAY = 960
"""Samples at 48 kHz by which speech comes out later: measured by correlation, and held to it by a test."""


def denoise(x: Samples) -> Samples:
    """Returns ``x`` ``[T]`` at 16 kHz without noise, as RNNoise has it from a fresh start."""
    wide = soxr.resample(x, SAMPLE_RATE, RATE, quality="VHQ")
    narrow = soxr.resample(denoise_wide(wide), RATE, SAMPLE_RATE, quality="VHQ")
    aligned = np.zeros_like(x)
    aligned[: min(len(x), len(narrow))] = narrow[: len(x)]
    return aligned


def denoise_wide(x: Samples, delay: int = DELAY) -> Samples:
    """Returns ``x`` ``[T]`` at 48 kHz without noise, ``delay`` samples taken out."""
    frame = rnnoise.FRAME_SIZE
    count = -(-(len(x) + delay) // frame)
    room = np.zeros(count * frame, dtype=np.float32)
    room[: len(x)] = np.clip(x, -1.0, 1.0)
    state = rnnoise.create()
    try:
        frames = [rnnoise.process_mono_frame(state, part)[0] for part in room.reshape(count, frame)]
    finally:
        rnnoise.destroy(state)
    out: Samples = (np.concatenate(frames).astype(np.float32) / 32_767.0)[delay : delay + len(x)]
    return out

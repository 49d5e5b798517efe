"""Test signals for plugins, the same on every machine.

Invariant: every programme signal has the same peak, so that a plugin that remembers how loud other
streams were is not excused by their being different.
"""

from __future__ import annotations

import numpy as np

from ..frames import Samples

PROGRAMME_PEAK = 0.5


def programme(channels: int, num_samples: int, sample_rate: int, seed: int) -> Samples:
    """Returns ``[channels, num_samples]`` that changes as music does: notes with attacks, over noise.

    Args:
        channels: Each gets its own noise and the same notes.
        num_samples: Length.
        sample_rate: Hz.
        seed: Of the notes and the noise.
    """
    random = np.random.default_rng(seed)
    time_s = np.arange(num_samples) / sample_rate
    notes = np.zeros(num_samples)
    for begin_s in np.arange(0.0, num_samples / sample_rate, 0.25):
        since_s = np.maximum(time_s - begin_s, 0.0)
        pitch_hz = random.uniform(80.0, 0.2 * sample_rate)
        notes += random.uniform(0.1, 1.0) * np.sin(2 * np.pi * pitch_hz * since_s) * np.exp(-6.0 * since_s)
    samples = notes + 0.3 * random.standard_normal((channels, num_samples))
    scaled: Samples = (PROGRAMME_PEAK / np.abs(samples).max() * samples).astype(np.float32)
    return scaled


def extremes(channels: int, num_samples: int, seed: int) -> dict[str, Samples]:
    """Returns what breaks careless arithmetic: silence, full-scale noise, DC and samples near the smallest float."""
    random = np.random.default_rng(seed)
    shape = (channels, num_samples)
    return {
        "silence": np.zeros(shape, dtype=np.float32),
        "full-scale noise": random.uniform(-1.0, 1.0, shape).astype(np.float32),
        "DC": np.ones(shape, dtype=np.float32),
        "denormals": np.full(shape, 1e-40, dtype=np.float32),
    }

"""What the voice encoder reads in every recording: windows of 1.6 s, once as they are and once in a room with noise.

Invariant: readings depend on the public weights alone, so they are made once and kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from scipy import signal

from models.voice_encoder import NUM_MELS, SAMPLE_RATE, WINDOW_SAMPLES, VoiceEncoder

from .corpus import Recording
from .public_weights import PublicWeightsError
from .waveforms import Waveforms

HOW_TO_GET = "pip download --no-deps resemblyzer==0.1.4 && unzip Resemblyzer-0.1.4-py3-none-any.whl"
SHORTEST_S = 0.75
MOST_WINDOWS = 6
BATCH = 64

Signal = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read.

    Attributes:
        owners: Index of the recording of each reading, int64 ``[W]``.
        starts_s: Where it begins, ``[W]``.
        clean: float32 ``[W, 256]``, unit length.
        noisy: The same windows in a room with noise, ``[W, 256]``.
    """

    owners: NDArray[np.int64]
    starts_s: Signal
    clean: Signal
    noisy: Signal


def public_voice_encoder(folder: Path) -> VoiceEncoder:
    """Returns the encoder with the public weights of Resemblyzer (Apache-2.0); its head is new.

    Args:
        folder: Where the wheel was unpacked; it holds ``resemblyzer/pretrained.pt``.

    Raises:
        PublicWeightsError: It does not.
    """
    path = folder / "resemblyzer" / "pretrained.pt"
    if not path.is_file():
        raise PublicWeightsError(f"expected resemblyzer/pretrained.pt in {folder}, got none: {HOW_TO_GET}")
    weights = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=400, n_mels=NUM_MELS)
    encoder = VoiceEncoder(torch.from_numpy(filters).float())
    for name, layer in (("lstm", encoder.lstm), ("linear", encoder.linear)):
        layer.load_state_dict({k[len(name) + 1 :]: v for k, v in weights.items() if k.startswith(f"{name}.")})
    return encoder.eval()


def load_readings(
    recordings: Sequence[Recording], waveforms: Waveforms, rooms: Signal, encoder: VoiceEncoder, cache: Path
) -> Readings:
    """Returns the readings of all speech, from ``cache`` where it holds the same list, else read (minutes)."""
    paths = [recording.path for recording in recordings]
    if cache.is_file():
        with np.load(cache) as stored:
            if list(stored["paths"]) == paths:
                return Readings(stored["owners"], stored["starts_s"], stored["clean"], stored["noisy"])
    noises = [i for i, r in enumerate(recordings) if r.kind == "noise" and r.part == "train"]
    rng = np.random.default_rng(0)
    owners, starts, clean, noisy = [], [], [], []
    for i, start in track(list(_windows(recordings, waveforms)), description="reading voices"):
        x = np.resize(waveforms.read(i, start, WINDOW_SAMPLES), WINDOW_SAMPLES)
        owners.append(i)
        starts.append(start / SAMPLE_RATE)
        clean.append(x)
        noisy.append(_in_noise(x, waveforms, noises, rooms, rng))
        if len(clean) % BATCH == 0:
            clean[-BATCH:] = _read(encoder, clean[-BATCH:])
            noisy[-BATCH:] = _read(encoder, noisy[-BATCH:])
    rest = len(clean) % BATCH
    if rest:
        clean[-rest:], noisy[-rest:] = _read(encoder, clean[-rest:]), _read(encoder, noisy[-rest:])
    readings = Readings(np.array(owners), np.array(starts, np.float32), np.stack(clean), np.stack(noisy))
    partial = cache.with_suffix(".partial.npz")
    np.savez(
        partial,
        paths=np.array(paths),
        owners=readings.owners,
        starts_s=readings.starts_s,
        clean=readings.clean,
        noisy=readings.noisy,
    )
    os.replace(partial, cache)
    return readings


def _windows(recordings: Sequence[Recording], waveforms: Waveforms) -> Iterator[tuple[int, int]]:
    for i, recording in enumerate(recordings):
        num_samples = waveforms.num_samples(i)
        if recording.kind == "speech" and num_samples >= SHORTEST_S * SAMPLE_RATE:
            count = min(MOST_WINDOWS, max(1, round(num_samples / WINDOW_SAMPLES)))
            for start in np.linspace(0, max(0, num_samples - WINDOW_SAMPLES), count).astype(int):
                yield i, int(start)


def _in_noise(x: Signal, waveforms: Waveforms, noises: list[int], rooms: Signal, rng: np.random.Generator) -> Signal:
    if rng.random() < 0.4:
        x = signal.oaconvolve(x, rooms[int(rng.integers(len(rooms))), 0])[: len(x)].astype(np.float32)
    noise = np.resize(waveforms.read(noises[int(rng.integers(len(noises)))])[: len(x)], len(x))
    wanted = 10 ** (-rng.uniform(3.0, 25.0) / 20) * np.sqrt(np.mean(x**2))
    return (x + noise * np.float32(wanted / (np.sqrt(np.mean(noise**2)) + 1e-5))).astype(np.float32)


@torch.inference_mode()
def _read(encoder: VoiceEncoder, windows: list[Signal]) -> list[Signal]:
    return list(encoder.read(torch.from_numpy(np.stack(windows))[:, None])[:, 0].numpy())

"""Sound files to stored bands, a few seconds at a time: libsndfile first, FFmpeg for what it cannot read.

Invariant: memory does not grow with the length of a file beyond its bands, 1.6 kB a second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, NUM_CHROMA, NUM_MELS, SAMPLE_RATE, Bands

Samples = NDArray[np.float32]

BLOCK_S = 10.0
"""Seconds that are resampled and transformed at once."""

CONTAINERS = "mov,matroska,webm,avi,asf,ogg,aac,mp3,flac,wav,aiff,amr,caf,ape,wv"
"""FFmpeg demuxers that read one file and refer to no other: a playlist in a folder opens nothing."""


class UnreadableAudio(ValueError):
    """A file that neither libsndfile nor FFmpeg decodes to its end."""


class StoredBands(NamedTuple):
    """Bands of F frames, dB = value / 2 - 100: ``mel`` uint8 ``[F, 128]`` and ``chroma`` uint8 ``[F, 12]``."""

    mel: NDArray[np.uint8]
    chroma: NDArray[np.uint8]


def bands_of(path: Path, bands: Bands) -> StoredBands:
    """Decodes a file and passes it through the front-end; a file shorter than a frame gives none.

    Raises:
        UnreadableAudio: The file is damaged or holds no sound.
    """
    mels, chromas = [np.empty((0, NUM_MELS), np.uint8)], [np.empty((0, NUM_CHROMA), np.uint8)]
    rest = np.empty(0, np.float32)
    for block in audio_blocks(path):
        rest = np.concatenate((rest, block))
        num_frames = (len(rest) - FRAME_SAMPLES) // HOP_SAMPLES + 1
        if num_frames > 0:
            with torch.inference_mode():
                mel, chroma = bands(torch.from_numpy(rest)[None])
            mels.append(quantise(mel[0]))
            chromas.append(quantise(chroma[0]))
            rest = rest[num_frames * HOP_SAMPLES :]
    return StoredBands(np.concatenate(mels), np.concatenate(chromas))


def quantise(bands_db: torch.Tensor) -> NDArray[np.uint8]:
    """Stores dB as GTZAN's table does: value / 2 - 100."""
    stored: NDArray[np.uint8] = ((bands_db + 100.0) * 2.0).round().clamp(0, 255).to(torch.uint8).numpy()
    return stored


def read_audio(path: Path) -> Samples:
    """Decodes a whole file to mono float32 ``[T]`` at 22,050 Hz.

    Raises:
        UnreadableAudio: The file is damaged or holds no sound.
    """
    return np.concatenate([np.empty(0, np.float32), *audio_blocks(path)])


def audio_blocks(path: Path) -> Iterator[Samples]:
    """Yields a file as mono float32 ``[T]`` at 22,050 Hz, about ten seconds at a time.

    Samples of a float file that are no numbers become silence.

    Raises:
        UnreadableAudio: The file is damaged or holds no sound.
    """
    try:
        yield from _resampled(_decoded(path))
    except (soundfile.LibsndfileError, av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).rpartition(": ")[2].rstrip(".")
        raise UnreadableAudio(f"expected a sound file, got {path}: {reason}") from error


class _Block(NamedTuple):
    """Decoded mono samples ``[T]`` and their rate, Hz."""

    samples: Samples
    sample_rate: int


def _resampled(blocks: Iterator[_Block]) -> Iterator[Samples]:
    first = next(blocks, None)
    if first is None:
        raise ValueError("it holds no samples")
    resampler = soxr.ResampleStream(first.sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    yield resampler.resample_chunk(first.samples)
    for block in blocks:
        yield resampler.resample_chunk(block.samples)
    yield resampler.resample_chunk(np.empty(0, np.float32), last=True)


def _decoded(path: Path) -> Iterator[_Block]:
    try:
        file = soundfile.SoundFile(os.fsencode(path))  # as text, names that are not UTF-8 would fail
    except (soundfile.LibsndfileError, TypeError):  # TypeError: headerless .raw, which needs a rate
        yield from _by_ffmpeg(path)
        return
    with file:
        for samples in file.blocks(int(BLOCK_S * file.samplerate), dtype="float32", always_2d=True):
            yield _Block(_mono(samples.T), file.samplerate)


def _by_ffmpeg(path: Path) -> Iterator[_Block]:
    with path.open("rb") as file, av.open(file, "r", options={"format_whitelist": CONTAINERS}) as container:
        if not container.streams.audio:
            raise ValueError("it has no sound track")
        to_float = av.AudioResampler(format="fltp")  # its own rate and channels: only the sample type is converted
        gathered: list[Samples] = []
        sample_rate = 0
        for frame in container.decode(container.streams.audio[0]):
            gathered += [_mono(piece.to_ndarray()) for piece in to_float.resample(frame)]
            sample_rate = frame.sample_rate
            if sum(map(len, gathered)) >= BLOCK_S * sample_rate:
                yield _Block(np.concatenate(gathered), sample_rate)
                gathered = []
        if gathered:
            yield _Block(np.concatenate(gathered), sample_rate)


def _mono(channels: NDArray[Any]) -> Samples:
    """Mixes ``[C, T]`` to ``[T]``; what is no number becomes 0."""
    mixed: Samples = channels.mean(axis=0, dtype=np.float32)
    return np.where(np.isfinite(mixed), mixed, np.float32(0.0))

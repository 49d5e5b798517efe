"""What may happen to music on its way here: other rates, channels, levels, codecs.

Each is a function of mono float32 ``[T]`` at 24,000 Hz, in [-1, 1], to a ``Take``.

Invariant: the music stays what it is; a person would name it alike.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]

STORED_RATE = 24_000
"""Hz of the recordings of GTZAN that exist as audio."""


class Take(NamedTuple):
    """Audio as somebody sends it: samples ``[C, T]`` and their rate in Hz."""

    samples: Samples
    sample_rate: int


Degradation = Callable[[Samples], Take]


def plain(clip: Samples) -> Take:
    """As it is stored."""
    return Take(clip[None], STORED_RATE)


def at_rate(rate: int) -> Degradation:
    """Converted to ``rate`` by a resampler that is better than ours."""

    def convert(clip: Samples) -> Take:
        return Take(soxr.resample(clip, STORED_RATE, rate, "VHQ").astype(np.float32)[None], rate)

    return convert


def stereo(clip: Samples) -> Take:
    """The same in both channels."""
    return Take(np.stack([clip, clip]), STORED_RATE)


def one_channel_silent(clip: Samples) -> Take:
    """On the left alone: 6 dB less once it is mixed."""
    return Take(np.stack([clip, np.zeros_like(clip)]), STORED_RATE)


def clipped(clip: Samples) -> Take:
    """12 dB too loud, cut at full scale."""
    return Take(np.clip(clip * np.float32(10 ** (12 / 20)), -1.0, 1.0)[None], STORED_RATE)


def quieter(decibels: float) -> Degradation:
    """Turned down by ``decibels``."""

    def turn_down(clip: Samples) -> Take:
        return Take((clip * np.float32(10 ** (-decibels / 20)))[None], STORED_RATE)

    return turn_down


def mp3(bit_rate: int, sample_rate: int) -> Degradation:
    """Encoded by LAME at ``bit_rate`` bit/s and ``sample_rate`` Hz, and decoded again."""

    def encode_and_decode(clip: Samples) -> Take:
        take = at_rate(sample_rate)(clip)
        decoded, rate = soundfile.read(io.BytesIO(encode_mp3(take, bit_rate)), dtype="float32", always_2d=True)
        return Take(np.ascontiguousarray(decoded.T), int(rate))

    return encode_and_decode


def after_silence(seconds: float) -> Degradation:
    """With digital silence in front."""

    def lead(clip: Samples) -> Take:
        silence = np.zeros(round(seconds * STORED_RATE), dtype=np.float32)
        return Take(np.concatenate([silence, clip])[None], STORED_RATE)

    return lead


def encode_mp3(take: Take, bit_rate: int) -> bytes:
    """Returns mono audio as the bytes of an MP3 file of constant ``bit_rate`` bit/s."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=take.sample_rate, layout="mono", bit_rate=bit_rate)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(take.samples), format="fltp", layout="mono")
        frame.sample_rate = take.sample_rate
        frame.pts = 0
        for part in (frame, None):
            container.mux(stream.encode(part))
    return file.getvalue()


DEGRADATIONS: dict[str, Degradation] = {
    "rate_48000": at_rate(48_000),
    "rate_44100": at_rate(44_100),
    "rate_16000": at_rate(16_000),
    "rate_8000": at_rate(8_000),
    "mono_22050": at_rate(22_050),
    "stereo": stereo,
    "stereo_one_silent": one_channel_silent,
    "clipped_12db": clipped,
    "level_-60db": quieter(60.0),
    "level_-40db": quieter(40.0),
    "level_-20db": quieter(20.0),
    "mp3_32k": mp3(32_000, 24_000),
    "mp3_32k_44100": mp3(32_000, 44_100),
    "silence_3s": after_silence(3.0),
}
"""Every degradation by the name that the result file has it under."""

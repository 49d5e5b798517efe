"""Where somebody speaks in a sample, found by the energy alone.

Invariant: what comes out is between one second and sixty of audio in which there is sound nearly all the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from ..errors import VoiceSilent, VoiceTooShort
from ..frames import Samples

SAMPLE_RATE = 16_000
MAX_SAMPLE_S = 60
"""What comes later in a sample is not heard."""
MIN_SPEECH_S = 1.0

FRAME_S = 0.02
SPEECH_DB = 25.0
"""How far speech goes down from its loud moments: what is quieter is a pause."""
ABOVE_FLOOR_DB = 5.0
"""How far speech stands out of what is heard in its pauses."""
MIN_RANGE_DB = 8.0
"""Between the loud and the quiet moments: 99 % of samples of speech have more, most steady noises less."""
SILENCE_DB = -70.0
"""Level of the loud moments, in dBFS, below which nobody speaks."""
LOUD_S = 0.2
"""The loud moments last so long in all: a click does not."""
LONGEST_GAP_S = 0.3
"""Between two words of one phrase; a longer gap is a pause, and is cut out."""
MARGIN_S = 0.1
"""Kept around a phrase, for its soft beginning and its end."""


@dataclass(frozen=True, slots=True, eq=False)
class VoiceSample:
    """A decoded sample.

    Attributes:
        samples: float32 ``[T]`` at 16 kHz, a minute at most.
        cut: Whether there was more.
    """

    samples: Samples
    cut: bool


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """What is worth hearing of a sample.

    Attributes:
        samples: float32 ``[T]`` at 16 kHz: the phrases, end to end, without the pauses between them.
        seconds: Of speech.
    """

    samples: Samples
    seconds: float


def to_mono(samples: Samples, sample_rate: int) -> Samples:
    """Returns the first minute of ``samples [C, T]`` as 16 kHz ``[T']``.

    As the recordings were that the voice encoder learned from: the mean of the channels, then soxr's HQ at once.
    """
    mono = samples[:, : MAX_SAMPLE_S * sample_rate].mean(axis=0, dtype=np.float32)
    resampled: Samples = soxr.resample(mono, sample_rate, SAMPLE_RATE).astype(np.float32, copy=False)
    return resampled


def find_speech(samples: Samples) -> Speech:
    """Returns the speech in ``samples``, float32 ``[T]`` at 16 kHz, at any level above -70 dBFS.

    Raises:
        VoiceSilent: Silence, or a sound that hardly changes.
        VoiceTooShort: Less than a second of speech.
    """
    levels = _levels_db(samples)
    loud_frames = round(LOUD_S / FRAME_S)
    if len(levels) < loud_frames:
        raise _too_short(len(samples) / SAMPLE_RATE)
    loud, floor = float(np.sort(levels)[-loud_frames]), float(np.percentile(levels, 10))
    if not loud > SILENCE_DB:  # this way round NaN is silence
        raise VoiceSilent(f"expected a voice above {SILENCE_DB:.0f} dBFS, got silence", param="voice")
    if loud - floor < MIN_RANGE_DB:
        raise VoiceSilent(
            f"expected a voice, which comes and goes by {MIN_RANGE_DB:.0f} dB or more, "
            f"got a sound that does by {loud - floor:.1f} dB",
            param="voice",
        )
    spoken = _without_gaps(levels > max(loud - SPEECH_DB, floor + ABOVE_FLOOR_DB), LONGEST_GAP_S)
    seconds = float(np.count_nonzero(spoken)) * FRAME_S
    if seconds < MIN_SPEECH_S:
        raise _too_short(seconds)
    frame = round(FRAME_S * SAMPLE_RATE)
    kept = np.repeat(_widened(spoken, MARGIN_S), frame)
    return Speech(samples[: len(kept)][kept], seconds)


def _too_short(seconds: float) -> VoiceTooShort:
    return VoiceTooShort(f"expected at least {MIN_SPEECH_S:.0f} s of speech, got {seconds:.1f} s", param="voice")


def _levels_db(samples: Samples) -> NDArray[np.float64]:
    """Returns the level of each whole frame in dB, ``[F]``; an offset has none."""
    frame = round(FRAME_S * SAMPLE_RATE)
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    levels: NDArray[np.float64] = 10 * np.log10(frames.var(axis=1, dtype=np.float64) + 1e-12)
    return levels


def _without_gaps(active: NDArray[np.bool_], longest_s: float) -> NDArray[np.bool_]:
    """Returns ``active [F]`` with the gaps of up to ``longest_s`` filled, but not the silence at its ends."""
    filled = active.copy()
    where = np.flatnonzero(active)
    for last, following in pairwise(where):
        if following - last <= round(longest_s / FRAME_S):
            filled[last:following] = True
    return filled


def _widened(active: NDArray[np.bool_], margin_s: float) -> NDArray[np.bool_]:
    """Returns ``active [F]`` with ``margin_s`` more on either side of every stretch."""
    around = np.ones(2 * round(margin_s / FRAME_S) + 1)
    wide: NDArray[np.bool_] = np.convolve(active, around, "same") > 0.5
    return wide if len(active) >= len(around) else active

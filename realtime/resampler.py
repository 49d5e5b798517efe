"""Streaming sample-rate conversion, by soxr or, where delay counts most, by a short filter.

Invariant: the concatenated output equals the conversion of the whole stream at once, for every split of
the input.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import soxr

from .frames import Samples, check_format
from .polyphase import Polyphase, suits

LOW_DELAY = "LOW_DELAY"
QUALITIES = (LOW_DELAY, "QQ", "LQ", "MQ", "HQ", "VHQ")


class Resampler:
    """Converts one stream from one rate to another; passes it through where the rates agree.

    What output lags input by, at worst over blocks of any length, in ms; there and back it is the sum of two::

                    LOW_DELAY   QQ    LQ    MQ    HQ
        8 ->16 kHz      4.0    0.3  61.3   117   115    16 -> 8 kHz the same
        24->16, 48->16  2.0    0.1  20.0  37.7  36.6    and back
        44.1->16        2.0    0.1  21.7  40.9  40.2
        16->44.1        2.0    0.1   1.3  58.7  57.7

    soxr computes in blocks, which is why a short filter (LQ's is 6 ms) may still take 20 ms; QQ has hardly a filter
    (aliases at 0 dB, images at -8). LQ is 4 dB down at 0.8 of the band and 16 at 0.85; LOW_DELAY 0.03 at 0.88, 12 at
    0.95, there and back, with aliases 80 dB down beyond 1.03. HQ is the best for models that only listen.

    Args:
        in_rate: Hz of the input, 8,000 to 192,000.
        out_rate: Hz of the output, 8,000 to 192,000.
        channels: 1 to 8.
        quality: ``LOW_DELAY`` (see ``polyphase``; LQ between rates that it does not suit) or soxr's recipe: QQ, LQ,
            MQ, HQ or VHQ. Changing it changes the numbers that models hear.

    Raises:
        BadFormat: On a rate or channel count out of range.
        ValueError: On an unknown quality.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int, quality: str = "HQ") -> None:
        check_format(in_rate, channels)
        check_format(out_rate, channels)
        if quality not in QUALITIES:
            raise ValueError(f"expected a quality of {', '.join(QUALITIES)}, got {quality!r}")
        self.in_rate = in_rate
        self.out_rate = out_rate
        self.channels = channels
        self._stream = None if in_rate == out_rate else _open_stream(in_rate, out_rate, channels, quality)

    @property
    def delay_samples(self) -> float:
        """Output samples a channel that belong to the input so far and are still inside."""
        return 0.0 if self._stream is None else self._stream.delay()

    def process(self, samples: Samples) -> Samples:
        """Takes ``samples`` ``[C, T]`` and returns what is ready, ``[C, T']``; ``T'`` may be 0.

        Raises:
            ValueError: On another number of channels.
        """
        if samples.ndim != 2 or samples.shape[0] != self.channels:
            raise ValueError(f"expected samples [{self.channels}, T], got shape {list(samples.shape)}")
        if self._stream is None:
            return samples
        return self._stream.convert(samples, last=False)

    def flush(self) -> Samples:
        """Ends the stream: returns the rest, ``[C, T']``, and starts over, as new."""
        nothing = np.zeros((self.channels, 0), dtype=np.float32)
        if self._stream is None:
            return nothing
        rest = self._stream.convert(nothing, last=True)
        self._stream.clear()
        return rest

    def reset(self) -> None:
        """Forgets the stream."""
        if self._stream is not None:
            self._stream.clear()


class _Stream(Protocol):
    """A stream under conversion."""

    def convert(self, samples: Samples, *, last: bool) -> Samples:
        """Takes ``samples`` ``[C, T]`` and returns what is ready; after the ``last``, all the rest."""

    def delay(self) -> float:
        """Output samples a channel that are still inside."""

    def clear(self) -> None:
        """Forgets the stream."""


class _Soxr:
    """One of soxr's streams."""

    def __init__(self, in_rate: int, out_rate: int, channels: int, quality: str) -> None:
        self._stream = soxr.ResampleStream(in_rate, out_rate, channels, dtype="float32", quality=quality)

    def convert(self, samples: Samples, *, last: bool) -> Samples:
        # soxr takes and gives interleaved samples, [T, C].
        interleaved = self._stream.resample_chunk(np.ascontiguousarray(samples.T), last=last)
        return np.ascontiguousarray(interleaved.T)

    def delay(self) -> float:
        return float(self._stream.delay())

    def clear(self) -> None:
        self._stream.clear()


def _open_stream(in_rate: int, out_rate: int, channels: int, quality: str) -> _Stream:
    if quality != LOW_DELAY:
        return _Soxr(in_rate, out_rate, channels, quality)
    if suits(in_rate, out_rate):
        return Polyphase(in_rate, out_rate, channels)
    return _Soxr(in_rate, out_rate, channels, "LQ")

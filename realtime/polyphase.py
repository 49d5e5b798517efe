"""Sample-rate conversion for live processors: a short symmetric filter whose output leaves as soon as it can.

soxr works in blocks: from 48 to 16 kHz and back its fastest sensible recipe (LQ) holds back 20 ms each way at worst,
its best 37, and from and to 8 kHz 61 and 115. A talker hears that as an echo. A windowed-sinc filter in polyphase
form (Crochiere and Rabiner, Multirate Digital Signal Processing, 1983, section 3.3) needs no blocks and holds back
half its length: 2 ms each way between 16 kHz and anything above, 4 ms between 8 and 16 kHz.

What that costs: between 16 kHz and above, voice passes to 6.9 kHz within 0.1 dB, is 6 dB down at 7.6 kHz, and what
lies over 8.3 kHz is 80 dB down, so that aliases are only found above 7.7 kHz. Between 8 and 16 kHz all of these are
half as high.

Invariant: the concatenated output equals the conversion of the whole stream at once, for every split of the input, and
output ``n`` belongs to the time ``n / out_rate`` of the input, exactly.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil, gcd
from typing import NamedTuple

import numpy as np

from .frames import Samples

HALF_LENGTH = 32
"""Half the filter's length, in samples of the lower rate: the lookahead."""
CUTOFF = 0.475
"""Where the filter is 6 dB down, as a share of the lower rate."""
KAISER_BETA = 7.857
"""80 dB down in the stop band (Kaiser 1974: 0.1102 (80 - 8.7)), at a transition of 0.078 of the lower rate."""
BLOCK_SAMPLES = 16
"""Outputs, at least, that one row of the product gives."""
MAX_TABLE = 2**19
"""Weights that two rates may need: two megabytes. From 11,025 Hz to 16 kHz it takes 60 % of them, the most usually."""


def suits(in_rate: int, out_rate: int) -> bool:
    """Whether ``Polyphase`` converts between these rates; odd ones would need a table of many megabytes."""
    block = _block(in_rate, out_rate)
    return in_rate != out_rate and block.out_samples * block.window_samples <= MAX_TABLE


class Polyphase:
    """Converts one stream from one rate to another, by one matrix product a call.

    Args:
        in_rate: Hz of the input.
        out_rate: Hz of the output; the two must suit.
        channels: >= 1.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int) -> None:
        self._block = _block(in_rate, out_rate)
        self._weights = _weights(self._block)
        self._channels = channels
        self.clear()

    def clear(self) -> None:
        """Forgets the stream."""
        self._received = 0
        self._given = 0
        # The input from the start of the block that the next output is in; before the stream there is silence.
        self._line = np.zeros((self._channels, self._block.half - 1), dtype=np.float32)

    def delay(self) -> float:
        """Output samples a channel that belong to the input so far and have not come out."""
        return self._received * self._block.up / self._block.down - self._given

    def convert(self, samples: Samples, *, last: bool) -> Samples:
        """Takes ``samples`` ``[C, T]`` and returns what is ready ``[C, T']``; with the ``last``, all the rest."""
        block, count = self._block, samples.shape[1]
        self._received += count
        known = self._received if last else self._received - block.half
        ready = max(self._given, -(-known * block.up // block.down))
        first, after = self._given // block.out_samples, -(-ready // block.out_samples)
        have = self._line.shape[1]
        # What is not known yet is silence: it weighs on outputs only that are not ready.
        needed = (after - first - 1) * block.in_samples + block.window_samples
        line = np.zeros((self._channels, max(have + count, needed)), dtype=np.float32)
        line[:, :have] = self._line
        line[:, have : have + count] = samples
        begin = first * block.out_samples
        out = self._filter(line, after - first)[:, self._given - begin : ready - begin]
        self._line = line[:, (ready // block.out_samples - first) * block.in_samples : have + count]
        self._given = ready
        return out

    def _filter(self, line: Samples, rows: int) -> Samples:
        """Returns ``rows`` blocks of output from ``line``."""
        block, (channel, sample) = self._block, line.strides
        shape = (self._channels, rows, block.window_samples)
        windows: Samples = np.ndarray(shape, line.dtype, line, 0, (channel, block.in_samples * sample, sample))
        # A copy, since rows that overlap keep numpy from the fast product.
        product = windows.reshape(self._channels * rows, block.window_samples) @ self._weights
        return product.reshape(self._channels, rows * block.out_samples)


class _Block(NamedTuple):
    """How much input makes how much output.

    Attributes:
        up: Phases of the filter: ``out_rate`` over the common divisor of the rates.
        down: ``in_rate`` over it.
        half: Input samples that the filter looks ahead.
        out_samples: Outputs of a block, a multiple of ``up``.
        in_samples: Input samples from one block to the next.
        window_samples: Input samples that weigh on a block.
    """

    up: int
    down: int
    half: int
    out_samples: int
    in_samples: int
    window_samples: int


def _block(in_rate: int, out_rate: int) -> _Block:
    common = gcd(in_rate, out_rate)
    up, down = out_rate // common, in_rate // common
    half = ceil(HALF_LENGTH * max(1.0, in_rate / out_rate))
    repeats = ceil(BLOCK_SAMPLES / up)
    last = (repeats * up - 1) * down // up
    return _Block(up, down, half, repeats * up, repeats * down, last + 2 * half)


@lru_cache(maxsize=16)
def _weights(block: _Block) -> Samples:
    """Returns the weights ``[window_samples, out_samples]``.

    Output ``n`` of a block lies at ``n * down / up`` input samples after the block's start, which is at ``half - 1`` of
    the window. The weights of an output add up to 1.
    """
    lower = min(1.0, block.up / block.down)  # As a share of the input rate.
    at = np.arange(block.out_samples) * block.down / block.up
    distance = at[None] - (np.arange(block.window_samples)[:, None] - (block.half - 1))
    inside = 1.0 - (distance * lower / HALF_LENGTH) ** 2
    window = np.where(inside >= 0.0, np.i0(KAISER_BETA * np.sqrt(np.maximum(inside, 0.0))), 0.0)
    taps = np.sinc(2 * CUTOFF * lower * distance) * window
    weights: Samples = (taps / taps.sum(0)).astype(np.float32)
    weights.setflags(write=False)
    return weights

"""Puts a processor's output in place: in order, aligned, and never late.

Every hop leaves either *wet* (what the plugin returned) or *dry* (what went in, delayed as much). From
one to the other it is crossfaded, so that a hop which missed its deadline is heard as less processing
and not as a click.

Invariant: output sample ``m`` belongs to input sample ``m - delay_samples``, whatever is wet or dry.
"""

from __future__ import annotations

import math
from collections import deque
from functools import lru_cache

import numpy as np

from .frames import Samples
from .lane import match_channels
from .plugin import PluginSpec
from .resampler import Resampler

CROSSFADE_S = 0.005


class OutputLine:
    """The hops of one processor on their way out, from its rate to the session's.

    Args:
        spec: Of the processor.
        sample_rate: Hz of the session.
        channels: Channels of the session.
        aligned: True takes every delay out (files): output ``m`` is input ``m``, some time later. False
            primes the line with silence (live), so that output keeps the pace of the input.
        quality: ``Resampler``'s for the way in and out.
    """

    def __init__(self, spec: PluginSpec, sample_rate: int, channels: int, *, aligned: bool, quality: str) -> None:
        self.passed_through = 0
        latency = round(spec.latency_samples * sample_rate / spec.sample_rate)
        buffered = 0 if aligned else buffering_samples(spec, sample_rate, quality)
        self.delay_samples = 0 if aligned else buffered + latency
        self._skip = latency if aligned else 0
        self._spec = spec
        self._channels = channels
        self._resampler = Resampler(spec.sample_rate, sample_rate, spec.channels, quality)
        self._history = np.zeros((spec.channels, spec.latency_samples), dtype=np.float32)
        self._unresolved: deque[tuple[int, Samples]] = deque()
        self._out = _Fifo(channels)
        self._out.write(np.zeros((channels, buffered), dtype=np.float32))
        self._fade = _Crossfade(spec)
        self._lagging_hops = math.ceil(spec.latency_samples / spec.hop_samples)
        self._heard = -1
        self._out_of_date_until = 0

    @property
    def available(self) -> int:
        """Samples a channel that can be read."""
        return self._out.available

    def expect(self, index: int, chunk: Samples) -> None:
        """Notes that hop ``index`` is to come from ``chunk``, whose first hop is its dry form."""
        hop = self._spec.hop_samples
        line = np.concatenate([self._history, chunk[:, :hop]], axis=1)
        self._history = line[:, hop:]
        self._unresolved.append((index, line[:, :hop]))

    def resolve(self, index: int, wet: Samples) -> None:
        """Takes the result of hop ``index``; hops before it that have none are passed through.

        A result that comes after its hop was passed through is ignored. What the plugin gives after hops that it
        never heard begins with what lags from before them, ``latency_samples`` long: so much stays dry.
        """
        if index != self._heard + 1:
            self._out_of_date_until = index + self._lagging_hops
        self._heard = index
        while self._unresolved and self._unresolved[0][0] < index:
            self._pass_through()
        if self._unresolved and self._unresolved[0][0] == index:
            if index < self._out_of_date_until:
                self._pass_through()
                return
            _, dry = self._unresolved.popleft()
            self._emit(self._fade.to_wet(wet, dry))

    def pass_through(self, num_samples: int) -> None:
        """Resolves hops as dry until ``num_samples`` can be read or no hop is left."""
        while self.available < num_samples and self._unresolved:
            self._pass_through()

    def pass_through_all(self) -> None:
        """Resolves every hop as dry."""
        while self._unresolved:
            self._pass_through()

    def finish(self) -> None:
        """Ends the line: passes through what is unresolved and flushes the resampler."""
        self.pass_through_all()
        self._write(self._resampler.flush())

    def read(self, num_samples: int) -> Samples:
        """Returns the next ``num_samples`` ``[channels, num_samples]``; at most ``available``."""
        return self._out.read(num_samples)

    def _pass_through(self) -> None:
        _, dry = self._unresolved.popleft()
        self.passed_through += 1
        self._emit(self._fade.to_dry(dry))

    def _emit(self, hop: Samples) -> None:
        self._write(self._resampler.process(hop))

    def _write(self, samples: Samples) -> None:
        skipped = min(self._skip, samples.shape[1])
        self._skip -= skipped
        self._out.write(match_channels(samples[:, skipped:], self._channels))


class _Crossfade:
    """Joins wet and dry hops without a step in the waveform."""

    def __init__(self, spec: PluginSpec) -> None:
        length = max(1, min(spec.hop_samples, round(CROSSFADE_S * spec.sample_rate)))
        self._rise = ((np.arange(length, dtype=np.float32) + 1) / (length + 1)).astype(np.float32)
        self._was_wet: bool | None = None
        self._tail = np.zeros((spec.channels, length), dtype=np.float32)

    def to_wet(self, wet: Samples, dry: Samples) -> Samples:
        return self._join(wet, dry[:, : len(self._rise)], fade=self._was_wet is False, is_wet=True)

    def to_dry(self, dry: Samples) -> Samples:
        # There is no wet signal to fade out of: its last moments, mirrored, go on where it ended.
        return self._join(dry, self._tail[:, ::-1], fade=self._was_wet is True, is_wet=False)

    def _join(self, hop: Samples, before: Samples, *, fade: bool, is_wet: bool) -> Samples:
        if fade:
            length = len(self._rise)
            hop = hop.copy()
            hop[:, :length] = before * (1 - self._rise) + hop[:, :length] * self._rise
        self._was_wet = is_wet
        self._tail = hop[:, -len(self._rise) :]
        return hop


class _Fifo:
    """Blocks of samples, read in other lengths; bounded by its user, who reads what is owed at once."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._blocks: deque[Samples] = deque()
        self.available = 0

    def write(self, samples: Samples) -> None:
        if samples.shape[1]:
            self._blocks.append(samples)
            self.available += samples.shape[1]

    def read(self, count: int) -> Samples:
        if not 0 <= count <= self.available:
            raise BufferError(f"expected a count of at most {self.available}, got {count}")
        out = np.empty((self._channels, count), dtype=np.float32)
        filled = 0
        while filled < count:
            block = self._blocks.popleft()
            taken = min(block.shape[1], count - filled)
            out[:, filled : filled + taken] = block[:, :taken]
            if taken < block.shape[1]:
                self._blocks.appendleft(block[:, taken:])
            filled += taken
        self.available -= count
        return out


@lru_cache(maxsize=64)
def buffering_samples(spec: PluginSpec, sample_rate: int, quality: str) -> int:
    """Returns how many samples at ``sample_rate`` input may run ahead of a processor's output, at most.

    That is the chunk and what the two resamplers hold back; the model's own latency comes on top.
    """
    chunk_s = spec.chunk_samples / spec.sample_rate
    into_s = _max_delay_s(sample_rate, spec.sample_rate, quality)
    out_of_s = _max_delay_s(spec.sample_rate, sample_rate, quality)
    rounding = 0 if sample_rate == spec.sample_rate else 2
    return math.ceil(round((chunk_s + into_s + out_of_s) * sample_rate, 6)) + rounding


@lru_cache(maxsize=64)
def _max_delay_s(in_rate: int, out_rate: int, quality: str) -> float:
    """Measures by how much a resampler's output lags its input at worst, over blocks of several lengths."""
    if in_rate == out_rate:
        return 0.0
    worst = 0.0
    for block_s in (0.0003, 0.0025, 0.005, 0.01, 0.02, 0.1):
        resampler = Resampler(in_rate, out_rate, 1, quality)
        block = np.zeros((1, max(1, round(block_s * in_rate))), dtype=np.float32)
        written = produced = 0
        while written < in_rate // 2:
            produced += resampler.process(block).shape[1]
            written += block.shape[1]
            worst = max(worst, written / in_rate - produced / out_rate)
    return worst

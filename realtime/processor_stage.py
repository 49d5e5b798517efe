"""One processor in a session: audio in, the same amount of audio out, on time.

Invariant: for every block written one block of the same length leaves, in order; live, within its deadline.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .batcher import Batcher
from .clock import Clock
from .errors import PluginFault
from .frames import Samples
from .lane import Lane, PendingChunk
from .output_line import OutputLine
from .plugin import Event, Params
from .resampler import LOW_DELAY


@dataclass(frozen=True, slots=True)
class _Owed:
    """A block that must leave: its length, the ``pts`` of the input it answers, and by when."""

    num_samples: int
    pts: int
    deadline_s: float


class StageListener(Protocol):
    """Whom a stage tells what comes of its audio; all calls are on the event loop."""

    def on_audio(self, stage: ProcessorStage, samples: Samples, pts: int) -> None:
        """A block ``[channels, T]`` leaves; ``pts`` is that of the input block it answers."""

    def on_result(self, lane: Lane, chunk: PendingChunk, event: Event | None, audio: Samples | None) -> None:
        """A chunk has been stepped."""

    def on_fault(self, lane: Lane, fault: PluginFault) -> None:
        """The processor was disabled; its audio passes through from here on."""

    def on_finished(self, stage: ProcessorStage) -> None:
        """Everything has left, the tail too."""


class ProcessorStage:
    """A lane through a processor and the line its audio leaves by.

    Args:
        batcher: Of the processor.
        params: The parameters in force.
        listener: Is told what leaves.
        clock: For deadlines.
        sample_rate: Hz of the session.
        channels: Channels of the session.
        live: Whether blocks have deadlines, and a stated delay; otherwise they are aligned and waited for.
    """

    def __init__(
        self,
        batcher: Batcher,
        params: Params,
        listener: StageListener,
        clock: Clock,
        *,
        sample_rate: int,
        channels: int,
        live: bool,
    ) -> None:
        # A live listener hears the delay (HQ: 37 ms each way) and not the filter.
        quality = LOW_DELAY if live else "HQ"
        self._listener = listener
        self._clock = clock
        self._channels = channels
        self._sample_rate = sample_rate
        self._live = live
        self._ending = False
        self._finished = False
        self._owed: deque[_Owed] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = math.inf
        self.lane = batcher.open_lane(
            params, self, sample_rate=sample_rate, channels=channels, live=live, quality=quality
        )
        self._line = OutputLine(self.lane.spec, sample_rate, channels, aligned=not live, quality=quality)

    @property
    def delay_samples(self) -> int:
        """By how many samples output lags input: sample ``m`` out is sample ``m - delay_samples`` in."""
        return self._line.delay_samples

    def write(self, samples: Samples, pts: int, *, skipped_s: float, deadline_s: float) -> None:
        """Takes a block ``[channels, T]``; a block as long will leave by ``deadline_s`` (infinite: when it is done)."""
        deadline_s = deadline_s if self._live else math.inf
        self._owed.append(_Owed(samples.shape[1], pts, deadline_s))
        self.lane.write(samples, skipped_s=skipped_s, now_s=self._clock.now_s(), deadline_s=deadline_s)
        self._emit()

    def end(self, pts: int, *, skipped_s: float) -> None:
        """Ends the input at ``pts``: silence drives out the tail, which leaves as one more block if live."""
        self._ending = True
        spec = self.lane.spec
        tail = self.delay_samples or math.ceil(
            (spec.latency_samples + spec.chunk_samples) * self._sample_rate / spec.sample_rate
        )
        if self._live:
            self._owed.append(_Owed(tail, pts, math.inf))
        silence = np.zeros((self._channels, tail), dtype=np.float32)
        now_s = self._clock.now_s()
        self.lane.write(silence, skipped_s=skipped_s, now_s=now_s, deadline_s=math.inf)
        self.lane.end(skipped_s=skipped_s, now_s=now_s)

    def close(self) -> None:
        """Drops what is inside. Safe to call twice."""
        self._cancel_timer()
        self._owed.clear()
        self.lane.close()

    def on_chunk(self, lane: Lane, chunk: PendingChunk) -> None:
        self._line.expect(chunk.index, chunk.samples)
        if lane.fault is not None:
            self._line.pass_through_all()

    def on_result(self, lane: Lane, chunk: PendingChunk, event: Event | None, audio: Samples | None) -> None:
        assert audio is not None, "the stepper lets no processor return without audio"
        passed_before = self._line.passed_through
        self._line.resolve(chunk.index, audio)
        self.lane.deadline_misses += self._line.passed_through - passed_before
        self._listener.on_result(lane, chunk, event, audio)
        self._emit()

    def on_fault(self, lane: Lane, fault: PluginFault) -> None:
        self._line.pass_through_all()
        self._listener.on_fault(lane, fault)
        self._emit()

    def on_drained(self, lane: Lane) -> None:
        if self._ending and not self._finished:
            self._finished = True
            self._line.finish()
            self._emit()
            self._emit_short()
            self._listener.on_finished(self)

    def _emit(self) -> None:
        while self._owed and self._line.available >= self._owed[0].num_samples:
            owed = self._owed.popleft()
            self._listener.on_audio(self, self._line.read(owed.num_samples), owed.pts)
        if self._owed and self._owed[0].deadline_s < self._timer_due_s:
            self._set_timer(self._owed[0].deadline_s)

    def _emit_short(self) -> None:
        """Lets what is still owed leave at the very end, filled up with silence where rounding left it short."""
        while self._owed:
            owed = self._owed.popleft()
            rest = self._line.read(min(owed.num_samples, self._line.available))
            missing = owed.num_samples - rest.shape[1]
            self._listener.on_audio(self, np.pad(rest, ((0, 0), (0, missing))), owed.pts)
        self._cancel_timer()

    def _on_deadline(self) -> None:
        self._cancel_timer()
        if not self._owed:
            return
        if self._clock.now_s() >= self._owed[0].deadline_s:
            passed_before = self._line.passed_through
            self._line.pass_through(self._owed[0].num_samples)
            self.lane.deadline_misses += self._line.passed_through - passed_before
            if self._line.available < self._owed[0].num_samples:
                return  # Input is still missing; the next write tries again.
        self._emit()

    def _set_timer(self, due_s: float) -> None:
        """Sees to the block owed by ``due_s``; one that leaves before lets the timer run, to be set anew when it ends.

        That is a timer a block, where one for whatever is owed at the moment would be four.
        """
        self._cancel_timer()
        self._timer_due_s = due_s
        wait_s = max(0.0, due_s - self._clock.now_s())
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._on_deadline)

    def _cancel_timer(self) -> None:
        self._timer_due_s = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

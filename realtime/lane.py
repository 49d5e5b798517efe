"""One session's way through one plugin: resample, cut into chunks, wait for the next batch.

Invariant: at most ``capacity`` chunks wait; what is dropped is counted; nothing here awaits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .bounded_queue import BoundedQueue, Overflow
from .chunker import Chunk, Chunker
from .errors import PluginFault
from .frames import Samples
from .plugin import Event, Params, PluginSpec
from .resampler import Resampler
from .targets.target import Target

CAPACITY_S = 5.0
"""Audio that may wait in a live lane: as much as the longest frame the wire allows (64 KB at 8 kHz)."""
FILE_ROOM_S = 1.0
"""Audio in a file's lane from which on its writer waits: enough that the plugin never does."""
FILE_CAPACITY_S = 60.0
"""Audio that a file's lane can hold: beyond what waits, the frame that was let in and all that the processors
before it still hold, which comes whether there is room or not."""
ANALYZER_GRACE_S = 1.0
"""A live analyzer's chunk that has waited this long past its deadline is dropped: its delay must not grow.
A processor's is dropped at its deadline, when its audio has been passed through already."""


@dataclass(frozen=True, slots=True, eq=False)
class PendingChunk:
    """A chunk that waits for its step.

    Attributes:
        index: Of the chunk in its stream, from 0.
        samples: float32 ``[channels, chunk_samples]`` at the plugin's rate.
        end_s: Stream time at the end of what it holds.
        ready_at_s: Clock time at which its last sample arrived.
        deadline_s: Clock time by which its result is wanted; infinite for files.
    """

    index: int
    samples: Samples
    end_s: float
    ready_at_s: float
    deadline_s: float


class LaneListener(Protocol):
    """Whom a lane tells what comes of its chunks; all calls are on the event loop."""

    def on_chunk(self, lane: Lane, chunk: PendingChunk) -> None:
        """A chunk has been cut; it will be stepped unless the lane has a fault."""

    def on_result(self, lane: Lane, chunk: PendingChunk, event: Event | None, audio: Samples | None) -> None:
        """A chunk has been stepped."""

    def on_fault(self, lane: Lane, fault: PluginFault) -> None:
        """The plugin broke its contract; the lane takes no more chunks."""

    def on_drained(self, lane: Lane) -> None:
        """Every chunk so far has been stepped or dropped."""


class Scheduler(Protocol):
    """Who steps the chunks of many lanes in batches."""

    def schedule(self, lane: Lane) -> None:
        """Steps ``lane`` with one of the next batches."""

    def remove(self, lane: Lane) -> None:
        """Forgets ``lane`` and frees its slot."""


class Lane:
    """A session's chunks for one plugin.

    Args:
        spec: Of the plugin.
        params: The parameters in force; assign to ``params`` to change them from the next step on, and so to
            ``target``, whom to keep, of a plugin that takes one.
        slot: Row of the state pool that belongs to this lane.
        scheduler: Steps the chunks.
        listener: Is told the results.
        sample_rate: Hz of what is written.
        channels: Channels of what is written; mixed down or copied to the plugin's.
        live: Whether to drop (live) or rely on the writer to wait (file) when chunks pile up.
        quality: ``Resampler``'s for the way in.
    """

    def __init__(
        self,
        spec: PluginSpec,
        params: Params,
        slot: int,
        scheduler: Scheduler,
        listener: LaneListener,
        *,
        sample_rate: int,
        channels: int,
        live: bool,
        quality: str = "HQ",
    ) -> None:
        self.spec = spec
        self.params = params
        self.target: Target | None = None
        self.slot = slot
        self.live = live
        self.started = False
        self.in_flight = 0
        self.closed = False
        self.fault: PluginFault | None = None
        self.deadline_misses = 0
        self._scheduler = scheduler
        self._listener = listener
        self._resampler = Resampler(sample_rate, spec.sample_rate, spec.channels, quality)
        self._chunker = Chunker(spec.channels, spec.chunk_samples, spec.hop_samples)
        self._room = math.ceil(FILE_ROOM_S / spec.hop_s) + 1
        self._pending: BoundedQueue[PendingChunk] = (
            BoundedQueue(math.ceil(CAPACITY_S / spec.hop_s) + 1, Overflow.DROP_OLDEST)
            if live
            else BoundedQueue(_file_capacity(spec), Overflow.BLOCK)
        )
        self._grace_s = ANALYZER_GRACE_S if spec.kind == "analyzer" else 0.0
        self._stale = 0
        self._next_index = 0

    @property
    def waiting(self) -> int:
        """Chunks that wait."""
        return len(self._pending)

    @property
    def has_room(self) -> bool:
        """Whether a writer that must not lose anything may go on."""
        return self.fault is not None or len(self._pending) < self._room

    @property
    def idle(self) -> bool:
        """Whether nothing waits or is being stepped."""
        return not self.in_flight and not self._pending

    @property
    def dropped_chunks(self) -> int:
        """Chunks that were never stepped because the plugin could not keep up."""
        return self._pending.dropped + self._stale

    def write(self, samples: Samples, *, skipped_s: float, now_s: float, deadline_s: float) -> None:
        """Appends ``samples`` ``[channels, T]`` and schedules the chunks they complete.

        Args:
            samples: At the rate and with the channels given to the constructor.
            skipped_s: Stream time lost before these samples, in all.
            now_s: Clock time of their arrival.
            deadline_s: Clock time by which live results are wanted; at least one hop after ``now_s`` is allowed.
        """
        if self._takes_audio:
            self._chunker.push(self._resampler.process(match_channels(samples, self.spec.channels)))
            self._cut(skipped_s, now_s, deadline_s)

    def end(self, *, skipped_s: float, now_s: float) -> None:
        """Ends the input: what the resampler and, for a processor, the chunker still hold is scheduled.

        An analyzer hears whole chunks only: zeros that nobody played would count as audio.
        """
        if self._takes_audio:
            self._chunker.push(self._resampler.flush())
            self._cut(skipped_s, now_s, math.inf)
            if self.spec.kind == "processor":
                for chunk in self._chunker.flush():
                    self._append(chunk, skipped_s, now_s, math.inf)
        if self.idle:
            self._listener.on_drained(self)

    def take(self, now_s: float) -> PendingChunk | None:
        """Removes and returns the next chunk to step, or None; chunks too old to matter are dropped first."""
        while self._pending:
            chunk = self._pending.pop()
            if now_s <= chunk.deadline_s + self._grace_s:
                self.in_flight += 1
                return chunk
            self._stale += 1
        if self.idle:
            self._listener.on_drained(self)
        return None

    def deliver(self, chunk: PendingChunk, event: Event | None, audio: Samples | None, now_s: float) -> None:
        """Passes on what came of ``chunk``, the oldest that ``take`` gave and that is still out."""
        if not self.in_flight:
            return  # The lane was closed meanwhile.
        self.in_flight -= 1
        if now_s > chunk.deadline_s and self.spec.kind == "analyzer":
            self.deadline_misses += 1  # A processor's misses are the hops that were passed through.
        self._listener.on_result(self, chunk, event, audio)
        if self.idle:
            self._listener.on_drained(self)

    def fail(self, fault: PluginFault) -> None:
        """Disables the plugin for this session; the rest of the session goes on."""
        self.in_flight = 0
        if self.closed or self.fault is not None:
            return
        self.fault = fault
        self.target = None
        self._pending.clear()
        self._scheduler.remove(self)
        self._listener.on_fault(self, fault)
        self._listener.on_drained(self)

    def close(self) -> None:
        """Leaves the plugin. Safe to call twice."""
        if not self.closed:
            self.closed = True
            self.target = None
            self.in_flight = 0
            self._pending.clear()
            if self.fault is None:
                self._scheduler.remove(self)

    @property
    def _takes_audio(self) -> bool:
        # A disabled processor's chunks are still cut, since they are passed through.
        return not self.closed and (self.fault is None or self.spec.kind == "processor")

    def _cut(self, skipped_s: float, now_s: float, deadline_s: float) -> None:
        while (chunk := self._chunker.pop()) is not None:
            self._append(chunk, skipped_s, now_s, deadline_s)

    def _append(self, chunk: Chunk, skipped_s: float, now_s: float, deadline_s: float) -> None:
        end_s = (chunk.start + chunk.num_valid) / self.spec.sample_rate + skipped_s
        deadline_s = max(deadline_s, now_s + self.spec.hop_s) if self.live else math.inf
        pending = PendingChunk(self._next_index, chunk.samples, end_s, now_s, deadline_s)
        self._next_index += 1
        self._listener.on_chunk(self, pending)
        if self.fault is None:
            self._pending.push(pending)
            self._scheduler.schedule(self)


def _file_capacity(spec: PluginSpec) -> int:
    tail_s = (spec.chunk_samples + spec.latency_samples) / spec.sample_rate
    return math.ceil((FILE_CAPACITY_S + tail_s) / spec.hop_s)


def match_channels(samples: Samples, channels: int) -> Samples:
    """Returns ``samples`` ``[C, T]`` with ``channels`` channels: as they are, mixed to one by the mean, or one copied.

    From several to another number above one, each output channel takes the input channel of its index, or the last.
    """
    have = samples.shape[0]
    if have == channels:
        return samples
    if channels == 1:
        # A third of the time that numpy's mean takes, which matters in every hop of every session.
        mixed: Samples = np.add.reduce(samples, axis=0, keepdims=True)
        mixed /= have
        return mixed
    return samples[[min(index, have - 1) for index in range(channels)]]

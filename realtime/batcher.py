"""Steps one plugin for all sessions: gathers the lanes whose chunk is ready, one call for all of them.

While a batch is on the worker the next chunks arrive and become the next batch, so batches grow with
load by themselves. Invariant: one call at a time a plugin, never on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from functools import partial
from typing import Any

import numpy as np

from .clock import Clock
from .errors import PluginFault, PluginStalled, ServerFull
from .inference_worker import InferenceWorker
from .lane import Lane, LaneListener, PendingChunk
from .plugin import Params, Plugin
from .state_pool import StatePool
from .stepper import BatchFailed, Lease, Row, RowOutcome, Stepper

MAX_BATCH = 64
MAX_STALLS = 8
"""Calls that never returned, each of which holds a thread; after so many the plugin stays off."""
WARM_UP_TIMEOUT_S = 60.0
"""First calls compile, which takes longer than any step."""
CLOSE_TIMEOUT_S = 1.0

_log = logging.getLogger(__name__)


class Batcher:
    """The scheduler of one plugin's lanes.

    Args:
        plugin: Loaded on its device.
        capacity: Sessions at once.
        clock: Measures steps and deadlines.
        stall_timeout_s: A call that takes longer is given up.
    """

    def __init__(self, plugin: Plugin[Any, Any], capacity: int, clock: Clock, *, stall_timeout_s: float) -> None:
        self.plugin = plugin
        self.steps = 0
        self.rows = 0
        self.faults = 0
        self.stalls = 0
        self.busy_s = 0.0
        self.step_times_s: deque[float] = deque(maxlen=1024)
        self.pool = StatePool(plugin.init_state, capacity)
        self._stepper = Stepper(plugin, self.pool)
        self._clock = clock
        self._stall_timeout_s = stall_timeout_s
        # Gathering for a moment makes fewer, larger calls; a tenth of a hop is what it may cost.
        self._window_s = min(0.003, plugin.spec.hop_s / 10)
        self._worker = self._start_worker()
        self._gone_misses = 0
        self._gone_drops = 0
        self._lanes: set[Lane] = set()
        self._ready: dict[Lane, None] = {}
        self._wake = asyncio.Event()

    @property
    def deadline_misses(self) -> int:
        """Hops of all sessions so far whose result came too late."""
        return self._gone_misses + sum(lane.deadline_misses for lane in self._lanes)

    @property
    def dropped_hops(self) -> int:
        """Hops of all sessions so far that were never stepped."""
        return self._gone_drops + sum(lane.dropped_chunks for lane in self._lanes)

    @property
    def num_lanes(self) -> int:
        """Sessions that use the plugin."""
        return len(self._lanes)

    def open_lane(
        self, params: Params, listener: LaneListener, *, sample_rate: int, channels: int, live: bool, quality: str
    ) -> Lane:
        """Returns a new lane through the plugin; the arguments are ``Lane``'s.

        Raises:
            ServerFull: When every state slot is taken.
            PluginStalled: When the plugin has hung too often to be used again.
            BadFormat: When the rate or the channels are out of range.
        """
        if self.stalls >= MAX_STALLS:
            raise PluginStalled(f"plugin {self.plugin.spec.name!r} hung {self.stalls} times and is off until restart")
        if not self.pool.free:
            raise ServerFull(f"every session slot of plugin {self.plugin.spec.name!r} is taken; try again later")
        slot = self.pool.acquire()
        try:
            lane = Lane(
                self.plugin.spec,
                params,
                slot,
                self,
                listener,
                sample_rate=sample_rate,
                channels=channels,
                live=live,
                quality=quality,
            )
        except BaseException:
            self.pool.release(slot)
            raise
        self._lanes.add(lane)
        return lane

    def remove(self, lane: Lane) -> None:
        """Ends stepping ``lane`` and frees its slot; the worker's order keeps a step in flight apart from it."""
        if lane in self._lanes:
            self._lanes.remove(lane)
            self._ready.pop(lane, None)
            self._gone_misses += lane.deadline_misses
            self._gone_drops += lane.dropped_chunks
            self.pool.release(lane.slot)

    def schedule(self, lane: Lane) -> None:
        """Marks ``lane`` as having a chunk."""
        if not lane.in_flight:
            self._ready[lane] = None
            self._wake.set()

    async def warm_up(self) -> None:
        """Runs a few silent steps alone and in a batch: TorchScript compiles in its first calls."""
        spec = self.plugin.spec
        silence = np.zeros((spec.channels, spec.chunk_samples), dtype=np.float32)
        params = self.plugin.Params()
        for size in (1, 1, 1, 4, 4, 4):
            size = min(size, self.pool.free)
            slots = [self.pool.acquire() for _ in range(size)]
            rows = [Row(slot, True, silence, params) for slot in slots]
            try:
                outcomes = await self._call(rows, WARM_UP_TIMEOUT_S)
            except BatchFailed as error:
                raise PluginFault(f"plugin {spec.name!r} steps one session but not {size}: {error}") from error
            for slot in slots:
                self.pool.release(slot)
            for outcome in outcomes:
                if outcome.fault is not None:
                    raise outcome.fault

    async def run(self) -> None:
        """Steps batches until cancelled."""
        while True:
            await self._wake.wait()
            if 0 < len(self._ready) < len(self._lanes):
                await asyncio.sleep(self._window_s)
            batch = self._take_batch()
            if batch:
                await self._step(batch)
            else:
                self._wake.clear()

    async def aclose(self) -> None:
        """Ends the worker thread: waits for a call that is at work, not for one that hangs."""
        self._worker.stop()
        await asyncio.to_thread(self._worker.join, CLOSE_TIMEOUT_S)

    def _take_batch(self) -> list[tuple[Lane, PendingChunk]]:
        now_s = self._clock.now_s()
        batch: list[tuple[Lane, PendingChunk]] = []
        while self._ready and len(batch) < MAX_BATCH:
            lane = next(iter(self._ready))
            del self._ready[lane]
            if (chunk := lane.take(now_s)) is not None:
                batch.append((lane, chunk))
        return batch

    async def _step(self, batch: list[tuple[Lane, PendingChunk]]) -> None:
        rows = [Row(lane.slot, not lane.started, chunk.samples, lane.params) for lane, chunk in batch]
        begun_s = self._clock.now_s()
        try:
            outcomes = await self._call(rows, self._stall_timeout_s)
        except (BatchFailed, PluginStalled) as error:
            await self._step_after(error, batch)
            return
        self._count(len(rows), self._clock.now_s() - begun_s)
        for (lane, chunk), outcome in zip(batch, outcomes, strict=True):
            self._deliver(lane, chunk, outcome)

    async def _call(self, rows: list[Row], timeout_s: float) -> list[RowOutcome]:
        lease = Lease()
        call = self._worker.submit(partial(self._stepper.step, rows, lease))
        try:
            done, _ = await asyncio.wait([call], timeout=timeout_s)
            # A thread cannot be stopped, only left behind: without its lease it cannot touch the pool any more.
            if not done and lease.revoke():
                raise self._leave_worker_behind(timeout_s)
            return await call
        finally:
            call.cancel()

    def _leave_worker_behind(self, timeout_s: float) -> PluginStalled:
        self.stalls += 1
        self._worker.stop()
        self._worker = self._start_worker()
        name = self.plugin.spec.name
        _log.error("plugin %r did not return within %.1f s", name, timeout_s)
        return PluginStalled(f"plugin {name!r} did not return within {timeout_s:.1f} s", param=name)

    async def _step_after(self, error: BatchFailed | PluginStalled, batch: list[tuple[Lane, PendingChunk]]) -> None:
        """Finds by solo steps whose fault it was; the others only lose time."""
        if len(batch) > 1:
            for lane, chunk in batch:
                if not lane.closed:
                    await self._step([(lane, chunk)])
        elif isinstance(error, PluginStalled):
            self._fail(batch[0][0], error)

    def _deliver(self, lane: Lane, chunk: PendingChunk, outcome: RowOutcome) -> None:
        if outcome.fault is not None:
            self._fail(lane, outcome.fault)
            return
        lane.started = True
        lane.deliver(chunk, outcome.event, outcome.audio, self._clock.now_s())
        if lane.waiting and lane in self._lanes:
            self.schedule(lane)

    def _fail(self, lane: Lane, fault: PluginFault) -> None:
        self.faults += 1
        _log.warning("disabled for one session: %s", fault.message)
        lane.fail(fault)

    def _count(self, rows: int, elapsed_s: float) -> None:
        self.steps += 1
        self.rows += rows
        self.busy_s += elapsed_s
        self.step_times_s.append(elapsed_s)

    def _start_worker(self) -> InferenceWorker:
        return InferenceWorker(f"tectum-{self.plugin.spec.name}")

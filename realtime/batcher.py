"""Steps one plugin for all sessions: gathers the lanes whose chunk is ready, one call for all of them.

While a batch is on the worker the next chunks arrive and become the next batch, so batches grow with
load by themselves. Invariant: one call at a time a plugin, never on the event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from itertools import islice
from typing import Any

import numpy as np

from .clock import Clock
from .errors import PluginFault, PluginStalled, ServerFull
from .lane import Lane, LaneListener, PendingChunk
from .plugin import Params, Plugin
from .state_pool import StatePool
from .step_runner import StepRunner
from .stepper import BatchFailed, Row, RowOutcome, Stepper

MAX_BATCH = 64
MAX_STALLS = 8
"""Calls that never returned, each of which holds a thread; after so many the plugin stays off."""
MAX_ROUNDS = 8
"""Hops of one session that one visit to the worker steps at most."""
WARM_UP_TIMEOUT_S = 60.0
"""First calls compile, which takes longer than any step."""

_Round = list[tuple[Lane, PendingChunk]]
"""One hop of each of several sessions: one call."""
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
        self.busy_s = 0.0
        self.step_times_s: deque[float] = deque(maxlen=1024)
        self.pool = StatePool(plugin.init_state, capacity)
        self._runner = StepRunner(Stepper(plugin, self.pool), plugin.spec.name)
        self._clock = clock
        self._stall_timeout_s = stall_timeout_s
        # Gathering for a moment makes fewer, larger calls; a tenth of a hop is what it may cost.
        self._window_s = min(0.003, plugin.spec.hop_s / 10)
        self._gone_misses = 0
        self._gone_drops = 0
        self._lanes: set[Lane] = set()
        self._ready: dict[Lane, None] = {}
        self._wake = asyncio.Event()

    @property
    def stalls(self) -> int:
        """Calls that did not return in time."""
        return self._runner.stalls

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
            if lane.spec.takes_target:
                self._runner.forget(lane.slot)

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
            outcomes, error = await self._runner.run([rows], WARM_UP_TIMEOUT_S)
            if isinstance(error, BatchFailed):
                raise PluginFault(f"plugin {spec.name!r} steps one session but not {size}: {error}") from error
            if error is not None:
                raise error
            for slot in slots:
                self.pool.release(slot)
            for outcome in outcomes[0]:
                if outcome.fault is not None:
                    raise outcome.fault

    async def run(self) -> None:
        """Steps batches until cancelled."""
        while True:
            await self._wake.wait()
            if 0 < len(self._ready) < len(self._lanes):
                await asyncio.sleep(self._window_s)
            rounds = self._take_rounds()
            if rounds:
                await self._step(rounds)
            else:
                self._wake.clear()

    async def aclose(self) -> None:
        """Ends the worker thread."""
        await self._runner.aclose()

    def _take_rounds(self) -> list[_Round]:
        """Takes a hop of each lane that is ready, and further hops of those that have more."""
        now_s = self._clock.now_s()
        lanes = list(islice(self._ready, MAX_BATCH))
        for lane in lanes:
            del self._ready[lane]
        rounds = []
        for _ in range(self._rounds_a_visit()):
            taken = [(lane, chunk) for lane in lanes if (chunk := lane.take(now_s)) is not None]
            if not taken:
                break
            rounds.append(taken)
            lanes = [lane for lane, _ in taken]
        return rounds

    def _rounds_a_visit(self) -> int:
        """No result waits for more than a quarter of a hop until the rounds after its own are done."""
        patience_s = self.plugin.spec.hop_s / 4
        step_s = self.step_times_s[-1] if self.step_times_s else patience_s
        return max(1, min(MAX_ROUNDS, int(patience_s / max(step_s, 1e-6))))

    async def _step(self, rounds: list[_Round]) -> None:
        begun_s = self._clock.now_s()
        outcomes, error = await self._runner.run(
            [_rows(taken, index) for index, taken in enumerate(rounds)], self._stall_timeout_s
        )
        if outcomes:
            self._count(rounds[: len(outcomes)], self._clock.now_s() - begun_s)
        for taken, given in zip(rounds, outcomes, strict=False):
            for (lane, chunk), outcome in zip(taken, given, strict=True):
                self._deliver(lane, chunk, outcome)
        rest = rounds[len(outcomes) :]
        if error is not None:
            await self._step_alone(rest.pop(0), error)
        for taken in rest:
            if still := [(lane, chunk) for lane, chunk in taken if lane.in_flight]:
                await self._step([still])

    async def _step_alone(self, taken: _Round, error: BatchFailed | PluginStalled) -> None:
        """Finds by solo steps whose fault it was; the others only lose time."""
        if len(taken) > 1:
            for lane, chunk in taken:
                if lane.in_flight:
                    await self._step([[(lane, chunk)]])
        elif isinstance(error, PluginStalled):
            self._fail(taken[0][0], error)

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

    def _count(self, rounds: list[_Round], elapsed_s: float) -> None:
        self.steps += len(rounds)
        self.rows += sum(len(taken) for taken in rounds)
        self.busy_s += elapsed_s
        self.step_times_s.append(elapsed_s / len(rounds))


def _rows(taken: _Round, index: int) -> list[Row]:
    """The rows of a round; a session that has never been stepped starts afresh in its first."""
    return [
        Row(lane.slot, not index and not lane.started, chunk.samples, lane.params, lane.target) for lane, chunk in taken
    ]

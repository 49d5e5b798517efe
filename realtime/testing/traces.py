"""Runs a plugin over a stream, by hand and as the engine does, and keeps what came out.

Invariant: what is run by hand uses nothing of the engine, so that the two can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from ..frames import Samples
from ..lane import Lane, PendingChunk
from ..plugin import Event, Params, Plugin, PluginSpec, Result, State
from ..state_pool import StatePool
from ..stepper import Lease, Row, RowOutcome, Stepper
from ..targets.target import Target

AnyPlugin = Plugin[Any, Any]


class Trace(NamedTuple):
    """What came out of one stream.

    Attributes:
        events: One entry a hop.
        audio: float32 ``[channels, hops * hop_samples]`` from a processor, else None.
        state: After the last hop; first axes are 1.
    """

    events: list[Event | None]
    audio: torch.Tensor | None
    state: State


def cut(samples: Samples, spec: PluginSpec) -> torch.Tensor:
    """Returns the whole chunks of ``samples`` ``[C, T]``, each its own memory: float32 ``[N, C, chunk_samples]``."""
    stream = torch.from_numpy(samples)
    count = (stream.shape[1] - spec.chunk_samples) // spec.hop_samples + 1
    starts = [index * spec.hop_samples for index in range(max(0, count))]
    return torch.stack([stream[:, start : start + spec.chunk_samples] for start in starts])


def step(
    plugin: AnyPlugin, chunks: torch.Tensor, params: Params, state: State, mask: torch.Tensor | None = None
) -> tuple[Result, State]:
    """Steps ``chunks`` ``[B, C, chunk_samples]`` once, every row with the same parameters."""
    rows = chunks.shape[0]
    mask = torch.ones(rows, dtype=torch.bool) if mask is None else mask
    device = plugin.device
    # A copy: the caller's chunks must be there for the next run whatever the plugin does to its own.
    return plugin.step(chunks.clone().to(device), [params] * rows, state, mask.to(device))


def run(plugin: AnyPlugin, chunks: torch.Tensor, params: Params, state: State | None = None) -> Trace:
    """Steps one stream, ``chunks`` ``[N, C, chunk_samples]``, chunk by chunk, passing its state by value."""
    state = plugin.init_state(1) if state is None else state
    results = []
    for chunk in chunks:
        result, state = step(plugin, chunk[None], params, state)
        results.append(result)
    return collect(results, 0, state)


def run_batch(plugin: AnyPlugin, streams: Sequence[torch.Tensor], params: Params) -> list[Trace]:
    """Steps streams of the same number of chunks together and returns the trace of each."""
    state = plugin.init_state(len(streams))
    results = []
    for chunks in torch.stack(tuple(streams)).unbind(1):
        result, state = step(plugin, chunks, params, state)
        results.append(result)
    return [collect(results, row, row_of(state, row)) for row in range(len(streams))]


def collect(results: Sequence[Result], row: int, state: State) -> Trace:
    """Returns the trace of one row of several steps."""
    audio = [result.audio[row] for result in results if result.audio is not None]
    return Trace([result.events[row] for result in results], torch.cat(audio, -1).cpu() if audio else None, state)


def like(template: State, tensors: Sequence[torch.Tensor]) -> State:
    """Returns ``tensors`` in the state type of ``template``."""
    make = getattr(type(template), "_make", tuple)
    state: State = make(tensors)
    return state


def row_of(state: State, row: int) -> State:
    """Returns one stream's part of a batched state, as a batch of one."""
    return like(state, [tensor[row : row + 1] for tensor in state])


def serve(plugin: AnyPlugin, samples: Samples, splits: Sequence[int], params: Params, pool: StatePool) -> Trace:
    """Pushes ``samples`` ``[C, T]`` in blocks of the lengths ``splits`` through the engine's lane, stepper and pool.

    Raises:
        PluginFault: What the engine would disable the plugin for.
    """
    recorder = _Recorder(plugin, pool)
    spec = plugin.spec
    lane = Lane(
        spec,
        params,
        pool.acquire(),
        recorder,
        recorder,
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        live=False,
    )
    begin = 0
    for length in splits:
        block = samples[:, begin : begin + length]
        lane.write(block, skipped_s=0.0, now_s=0.0, deadline_s=float("inf"))
        begin += length
    pool.release(lane.slot)
    state = pool.gather(torch.tensor([lane.slot], device=plugin.device))
    return Trace(recorder.events, torch.cat(recorder.audio, -1) if recorder.audio else None, state)


def serve_batch(
    plugin: AnyPlugin,
    streams: Sequence[torch.Tensor],
    params: Params,
    target_of: Callable[[int, int], Target | None],
) -> list[Trace]:
    """Steps streams of the same number of chunks together through the engine's stepper and pool.

    Args:
        plugin: Takes a target.
        streams: ``[N, C, chunk_samples]`` each.
        params: For every step.
        target_of: Whom stream ``row`` is to keep from hop ``hop`` on, called with the two.

    Raises:
        PluginFault: What the engine would disable the plugin for.
    """
    pool = StatePool(plugin.init_state, len(streams))
    stepper, outcomes = Stepper(plugin, pool), []
    for hop in range(len(streams[0])):
        rows = [
            Row(index, not hop, chunks[hop].numpy(), params, target_of(index, hop))
            for index, chunks in enumerate(streams)
        ]
        outcomes.append(stepper.step(rows, Lease()))
    return [
        _trace_of([given[index] for given in outcomes], pool.gather(torch.tensor([index], device=plugin.device)))
        for index in range(len(streams))
    ]


def _trace_of(outcomes: Sequence[RowOutcome], state: State) -> Trace:
    for outcome in outcomes:
        if outcome.fault is not None:
            raise outcome.fault
    audio = [torch.from_numpy(outcome.audio.copy()) for outcome in outcomes if outcome.audio is not None]
    return Trace([outcome.event for outcome in outcomes], torch.cat(audio, -1) if audio else None, state)


class _Recorder:
    """Scheduler and listener of one lane: steps each chunk as it comes and keeps the results."""

    def __init__(self, plugin: AnyPlugin, pool: StatePool) -> None:
        self.events: list[Event | None] = []
        self.audio: list[torch.Tensor] = []
        self._stepper = Stepper(plugin, pool)

    def schedule(self, lane: Lane) -> None:
        chunk = lane.take(0.0)
        assert chunk is not None, "a lane schedules itself when it has a chunk"
        row = Row(lane.slot, not self.events, chunk.samples, lane.params)
        outcome = self._stepper.step([row], Lease())[0]
        if outcome.fault is not None:
            raise outcome.fault
        lane.deliver(chunk, outcome.event, outcome.audio, 0.0)

    def on_result(self, lane: Lane, chunk: PendingChunk, event: Event | None, audio: Samples | None) -> None:
        self.events.append(event)
        if audio is not None:
            self.audio.append(torch.from_numpy(audio.copy()))

    def remove(self, lane: Lane) -> None: ...

    def on_chunk(self, lane: Lane, chunk: PendingChunk) -> None: ...

    def on_fault(self, lane: Lane, fault: Exception) -> None: ...

    def on_drained(self, lane: Lane) -> None: ...

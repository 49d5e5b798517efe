"""What the engine's tests share: plugins that record their calls and fault on demand, and one batcher by itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field

from realtime.batcher import Batcher
from realtime.clock import Clock, ManualClock
from realtime.engine import Engine, EngineSettings
from realtime.errors import PluginFault
from realtime.frames import AudioFrame, Samples
from realtime.lane import Lane, PendingChunk
from realtime.plugin import Event, Params, Plugin, PluginSpec, Result
from realtime.session import Output, Session
from realtime.session_config import PluginConfig, SessionConfig

CPU = torch.device("cpu")
PATIENCE_S = 10.0
"""How long a test waits for a thread before it fails."""

Fault = Literal["", "raise", "exit", "cancel", "nan", "huge", "not_an_event", "bad_state", "bad_count", "stall"]


class ProbeParams(Params):
    """How a session wants its probe to behave."""

    gain: float = 1.0
    fault: Fault = ""
    after: int = Field(0, ge=0)


class ProbeState(NamedTuple):
    """Hops heard, their sum, and for a processor the last ``latency_samples`` (or one) of input."""

    hops: torch.Tensor
    total: torch.Tensor
    history: torch.Tensor


class Call(NamedTuple):
    """One call of ``step``."""

    rows: int
    thread: int
    threads: int
    inference: bool


class Probe(Plugin[ProbeParams, ProbeState]):
    """Counts and adds up what it hears; as a processor also multiplies it by ``gain``, lagging as it says.

    ``gate`` holds every step while it is cleared; ``stalled`` holds the steps of sessions that ask to stall.
    """

    Params = ProbeParams
    calls: ClassVar[list[Call]]
    gate: ClassVar[threading.Event]
    stalled: ClassVar[threading.Event]
    entered: ClassVar[threading.Semaphore]
    left: ClassVar[threading.Semaphore]

    def init_state(self, batch_size: int) -> ProbeState:
        return ProbeState(
            torch.zeros(batch_size, dtype=torch.int64, device=self.device),
            torch.zeros(batch_size, dtype=torch.float64, device=self.device),
            torch.zeros(batch_size, self.spec.channels, max(1, self.spec.latency_samples), device=self.device),
        )

    def step(self, chunks, params, state, mask):
        self.calls.append(
            Call(len(chunks), threading.get_ident(), torch.get_num_threads(), torch.is_inference_mode_enabled())
        )
        self.entered.release()
        assert self.gate.wait(PATIENCE_S)
        faults = [row.fault if hops >= row.after else "" for row, hops in zip(params, state.hops.tolist(), strict=True)]
        self._before(faults)
        new = ProbeState(
            state.hops + 1, state.total + chunks.double().sum((1, 2)), self._line(chunks, state)[..., self._hop :]
        )
        result = Result(self._events(params, new, faults), self._audio(chunks, params, state, faults))
        if "bad_state" in faults:
            new = ProbeState(new.hops, new.total.float(), new.history)
        self.left.release()
        return result, new

    @property
    def _hop(self) -> int:
        return self.spec.hop_samples

    def _line(self, chunks: torch.Tensor, state: ProbeState) -> torch.Tensor:
        return torch.cat([state.history, chunks[..., : self._hop]], -1)

    def _before(self, faults: Sequence[str]) -> None:
        if "raise" in faults:
            raise RuntimeError("this session's fault")
        if "exit" in faults:
            raise SystemExit(3)
        if "cancel" in faults:
            raise asyncio.CancelledError
        if "stall" in faults:
            assert self.stalled.wait(PATIENCE_S)

    def _events(self, params: Sequence[ProbeParams], new: ProbeState, faults: Sequence[str]) -> list[Any]:
        events: list[Any] = []
        for row, fault, hops, total in zip(params, faults, new.hops.tolist(), new.total.tolist(), strict=True):
            event = {"hops": hops, "total": total, "gain": row.gain}
            if self.spec.kind == "analyzer" and fault == "nan":
                event["total"] = float("nan")
            events.append("boo" if fault == "not_an_event" else event)
        return events[1:] if "bad_count" in faults else events

    def _audio(
        self, chunks: torch.Tensor, params: Sequence[ProbeParams], state: ProbeState, faults: Sequence[str]
    ) -> torch.Tensor | None:
        if self.spec.kind == "analyzer":
            return None
        wanted = {"nan": float("nan"), "huge": 1e30}
        gains = torch.tensor([wanted.get(fault, row.gain) for row, fault in zip(params, faults, strict=True)]).to(
            self.device
        )
        start = 0 if self.spec.latency_samples else 1
        return self._line(chunks, state)[..., start : start + self._hop] * gains[:, None, None]


def probe(name: str = "probe", **spec: Any) -> type[Probe]:
    """Returns a probe class of its own, with its own gates and record; by default an analyzer of 10 ms hops."""
    numbers = {"sample_rate": 16_000, "channels": 1, "chunk_samples": 160, "hop_samples": 160, "latency_samples": 0}
    defaults: dict[str, Any] = {"version": "1", "kind": "analyzer", **numbers, **spec}
    made = type(name, (Probe,), {"spec": PluginSpec(name=name, **defaults), "calls": []})
    made.gate, made.stalled = threading.Event(), threading.Event()
    made.entered, made.left = threading.Semaphore(0), threading.Semaphore(0)
    made.gate.set()
    return made


def processor(name: str = "wet", **spec: Any) -> type[Probe]:
    """Returns a probe that is a processor of 10 ms hops at 48 kHz."""
    numbers = {"sample_rate": 48_000, "chunk_samples": 480, "hop_samples": 480}
    return probe(name, **({"kind": "processor", **numbers} | spec))


async def arrived(semaphore: threading.Semaphore, times: int = 1) -> None:
    """Waits for something to have happened on another thread so many more times."""
    for _ in range(times):
        assert await asyncio.to_thread(semaphore.acquire, timeout=PATIENCE_S), "the worker did not get there"


async def until(condition: Callable[[], bool]) -> None:
    """Lets the other tasks run until ``condition`` holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody.
            await asyncio.sleep(0.001)


class Recorder:
    """A lane's listener that keeps what it is told."""

    def __init__(self) -> None:
        self.chunks: list[PendingChunk] = []
        self.events: list[Event | None] = []
        self.audio: list[Samples] = []
        self.faults: list[PluginFault] = []
        self.drained = 0
        self._news = asyncio.Event()

    def on_chunk(self, lane: Lane, chunk: PendingChunk) -> None:
        self.chunks.append(chunk)

    def on_result(self, lane: Lane, chunk: PendingChunk, event: Event | None, audio: Samples | None) -> None:
        self.events.append(event)
        if audio is not None:
            self.audio.append(audio)
        self._news.set()

    def on_fault(self, lane: Lane, fault: PluginFault) -> None:
        self.faults.append(fault)
        self._news.set()

    def on_drained(self, lane: Lane) -> None:
        self.drained += 1
        self._news.set()

    async def results(self, count: int) -> list[Event | None]:
        """Waits until there are ``count`` events and returns all."""
        await self.until(lambda: len(self.events) >= count)
        return self.events

    async def until(self, condition) -> None:
        """Waits until ``condition`` holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def batching(
    plugin: type[Probe], *, capacity: int = 8, stall_timeout_s: float = PATIENCE_S, clock: Clock | None = None
) -> AsyncIterator[Batcher]:
    """Runs a batcher."""
    batcher = Batcher(plugin(CPU), capacity, clock or ManualClock(), stall_timeout_s=stall_timeout_s)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(batcher.run())
        try:
            yield batcher
        finally:
            plugin.gate.set()
            plugin.stalled.set()
            task.cancel()
            await batcher.aclose()


def open_lane(batcher: Batcher, listener: Recorder, params: Params | None = None, *, live: bool = True) -> Lane:
    """Opens a lane at the plugin's own rate and channels."""
    spec = batcher.plugin.spec
    return batcher.open_lane(
        params or batcher.plugin.Params(),
        listener,
        sample_rate=spec.sample_rate,
        channels=spec.channels,
        live=live,
        quality="HQ",
    )


def write_hops(lane: Lane, *values: float, deadline_s: float = 0.0, now_s: float = 0.0) -> None:
    """Writes one hop of each value."""
    hop, channels = lane.spec.hop_samples, lane.spec.channels
    samples = np.repeat(np.array(values, np.float32), hop)[None].repeat(channels, 0)
    lane.write(samples, skipped_s=0.0, now_s=now_s, deadline_s=deadline_s)


@asynccontextmanager
async def serving(
    *plugins: type[Plugin[Any, Any]], clock: Clock | None = None, max_sessions: int = 8, stall_timeout_s: float = 5.0
) -> AsyncIterator[Engine]:
    """Runs an engine; opens the gates of its probes before it ends."""
    settings = EngineSettings("cpu", max_sessions, stall_timeout_s)
    async with Engine(settings, plugins, clock or ManualClock()) as engine:
        for plugin in plugins:
            if issubclass(plugin, Probe):
                plugin.calls.clear()
                while plugin.entered.acquire(blocking=False):
                    pass
                while plugin.left.acquire(blocking=False):
                    pass
        try:
            yield engine
        finally:
            for plugin in plugins:
                if issubclass(plugin, Probe):
                    plugin.gate.set()
                    plugin.stalled.set()


def config(*plugins: str | PluginConfig, rate: int = 16_000, channels: int = 1, **options: Any) -> SessionConfig:
    """Returns the configuration of a session with ``plugins``, by name where the defaults will do."""
    named = tuple(PluginConfig(plugin) if isinstance(plugin, str) else plugin for plugin in plugins)
    return SessionConfig(rate, channels, named, **options)


def frames(samples: Samples, rate: int, sizes: int | Iterable[int], first_pts: int = 0) -> list[AudioFrame]:
    """Cuts ``samples`` ``[C, T]`` into frames of one size, or of the sizes given and a last one of the rest."""
    if isinstance(sizes, int):
        cuts = np.arange(sizes, samples.shape[1], sizes)
    else:
        cuts = np.minimum(np.cumsum(list(sizes)), samples.shape[1])
    blocks = np.split(samples, cuts.astype(int), axis=1)
    starts = [0, *cuts.tolist()]
    return [
        AudioFrame(np.ascontiguousarray(block), rate, first_pts + int(start))
        for block, start in zip(blocks, starts, strict=True)
        if block.shape[1]
    ]


def tone(num_samples: int, rate: int, hz: float = 210.0, channels: int = 1, amplitude: float = 0.5) -> Samples:
    """Returns a cosine ``[channels, num_samples]``; the second channel is its negative."""
    wave = amplitude * np.cos(2 * np.pi * hz * np.arange(num_samples) / rate)
    return np.stack([wave * (-1) ** channel for channel in range(channels)]).astype(np.float32)


async def drain(session: Session) -> list[Output]:
    """Reads everything until the session has ended."""
    async with asyncio.timeout(PATIENCE_S):
        return [output async for output in session.outputs()]


async def run_through(session: Session, blocks: Iterable[AudioFrame]) -> list[Output]:
    """Writes ``blocks``, ends the session and returns what came out, read while it was written."""
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(drain(session))
        for block in blocks:
            await session.write(block)
        await session.end()
    return reading.result()


def audio_of(outputs: Iterable[Output]) -> Samples:
    """Returns the audio among ``outputs``, ``[C, T]``."""
    return np.concatenate([output.samples for output in outputs if isinstance(output, AudioFrame)], axis=1)


def events_of(outputs: Iterable[Output], kind: str) -> list[Event]:
    """Returns the events of one type among ``outputs``."""
    return [output for output in outputs if isinstance(output, dict) and output["type"] == kind]

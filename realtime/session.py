"""One stream in, some plugins, events out, perhaps audio out.

Invariant: a session shares nothing with another but the batched step, and what it holds is bounded.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping

import numpy as np

from .async_queue import AsyncBoundedQueue, QueueClosed
from .batcher import Batcher
from .bounded_queue import Overflow
from .clock import Clock
from .errors import BadFrame, BadMessage, BadParam, PluginFault
from .frames import AudioFrame, Samples
from .lane import Lane, PendingChunk
from .levels import LevelMeter
from .plugin import Event, Params, PluginSpec
from .processor_stage import ProcessorStage
from .session_config import PluginConfig, SessionConfig, parse_plugins
from .session_stats import SessionStats
from .targets.target import Target

MAX_OUTPUTS = 512
"""Events and audio frames that may wait for a reader: ten seconds of live audio at 20 ms a frame."""
MAX_OUTPUT_BYTES = 2 * 1024 * 1024
"""Audio that may wait for a reader: five seconds of float32 stereo at 48 kHz."""
MAX_FILE_OUTPUTS = 65_536
"""The same of a file: its writer waits from half of ``MAX_OUTPUTS`` on, and what is inside by then must fit."""
FILE_PIECE_S = 4.5
"""Longest block a file's lanes take at once; a longer frame is split, and its audio comes back in as many."""
MAX_AMPLITUDE = 1e6
"""120 dB above full scale: louder input would bring a processor's arithmetic near infinity."""

Output = Event | AudioFrame


class Session:
    """A stream on its way through its plugins. Made by ``Engine.open_session``; lives on the event loop.

    Attributes:
        id: 128 random bits, hexadecimal.
        config: As given, with the plugins as they are now.
        stats: What was received, dropped and missed.
    """

    def __init__(
        self, config: SessionConfig, batchers: Mapping[str, Batcher], clock: Clock, *, first_seq: int = 0
    ) -> None:
        self.id = secrets.token_hex(16)
        self.config = config
        self.stats = SessionStats()
        self._batchers = batchers
        self._clock = clock
        self._outputs: AsyncBoundedQueue[Output] = AsyncBoundedQueue(
            MAX_OUTPUTS if config.live else MAX_FILE_OUTPUTS, Overflow.DROP_OLDEST
        )
        self._room = asyncio.Event()
        self._analyzers: dict[str, Lane] = {}
        self._stages: list[ProcessorStage] = []
        self._meter = LevelMeter(config.sample_rate)
        self._queued_bytes = 0
        self._gone_drops = 0
        self._gone_misses = 0
        self._next_pts = 0
        self._received = 0
        self._reported_s = 0
        self._seq = first_seq
        self._ended = False
        self._stages_done = False
        self._closed = False
        try:
            self._apply(config.plugins)
        except BaseException:
            self.close()
            raise

    @property
    def delay_samples(self) -> int:
        """By how many samples processed audio lags the input: frame ``pts`` out is ``pts - delay`` in."""
        return sum(stage.delay_samples for stage in self._stages)

    @property
    def has_audio(self) -> bool:
        """Whether processed audio comes out."""
        return bool(self._stages)

    @property
    def pts(self) -> int:
        """Index of the next sample expected, at the session's rate."""
        return self._next_pts

    @property
    def params(self) -> dict[str, Params]:
        """The parameters in force, by plugin, in the order of ``config.plugins``."""
        lanes = self._lanes()
        return {plugin.name: lanes[plugin.name].params for plugin in self.config.plugins}

    @property
    def specs(self) -> dict[str, PluginSpec]:
        """The specs of the session's plugins, by name."""
        return {name: lane.spec for name, lane in self._lanes().items()}

    @property
    def next_seq(self) -> int:
        """Number that the next event gets."""
        return self._seq

    def configure(self, plugins: tuple[PluginConfig, ...]) -> None:
        """Makes ``plugins`` the plugins of the session, all or none; takes effect with the next chunk.

        Those that stay keep their state; a parameter that is not named goes back to its default.

        Raises:
            UnknownPlugin, BadParam: What is wrong with them; the session goes on as before.
            BadMessage: When audio has flowed and the processors would be others: their delay is promised.
        """
        parsed = parse_plugins(plugins, self._batchers)
        processors = [name for name in parsed if self._batchers[name].plugin.spec.kind == "processor"]
        if self._received and processors != [stage.lane.spec.name for stage in self._stages]:
            raise BadMessage("expected the same processors: they cannot change once audio has flowed", param="plugins")
        self._apply(plugins)

    @property
    def targets(self) -> dict[str, Target]:
        """Whom each plugin that takes a target keeps, by plugin; empty targets where nobody is given."""
        lanes = self._lanes().items()
        return {name: lane.target or Target() for name, lane in lanes if lane.spec.takes_target}

    def retarget(self, target: Target | None, plugin: str | None = None) -> None:
        """Makes ``target`` whom to keep from the next chunk on; None forgets who was.

        Args:
            target: Of whom a face, a voice or both are known.
            plugin: The one to tell; None tells every plugin of the session that takes a target.

        Raises:
            BadParam: When ``plugin`` does not take one, or no plugin does; the session goes on as before.
        """
        lanes = self._lanes()
        for name in self.takers(plugin):
            lanes[name].target = target if target is not None and target.kinds else None

    def takers(self, plugin: str | None = None) -> list[str]:
        """Returns the plugins that take a target, or ``plugin`` alone.

        Raises:
            BadParam: When ``plugin`` does not take one, or no plugin does.
        """
        takers = list(self.targets)
        if not takers or plugin not in (None, *takers):
            came = f"{plugin!r:.80}" if plugin else f"a session with {', '.join(self._lanes()) or 'no plugins'}"
            raise BadParam(
                f"expected a plugin that takes a target ({', '.join(takers) or 'none here'}), got {came}",
                param="plugin",
            )
        return takers if plugin is None else [plugin]

    async def write(self, frame: AudioFrame) -> None:
        """Takes the next frame. Live it never waits; otherwise it waits while plugins or the reader are behind.

        A jump of ``pts`` forward counts as audio lost before it got here.

        Raises:
            BadFrame: On another rate or channel count than the session's, or ``pts`` that goes back.
        """
        self._check(frame)
        skipped = frame.pts - self._next_pts
        self.stats.dropped_samples += skipped
        self._next_pts = frame.end_pts
        self._received += frame.num_samples
        self.stats.received_frames += 1
        self.stats.received_samples += frame.num_samples
        if self.config.live:
            self._feed(frame.samples, frame.pts)
            return
        piece = max(1, round(FILE_PIECE_S * frame.sample_rate))
        for start in range(0, frame.num_samples, piece):
            await self._wait_for_room()
            self._feed(frame.samples[:, start : start + piece], frame.pts + start)

    async def end(self) -> None:
        """Ends the input; ``outputs`` ends once everything that is inside has come out. Safe to call twice."""
        if self._ended or self._closed:
            return
        self._ended = True
        now_s, skipped_s = self._clock.now_s(), self._skipped_s
        for lane in list(self._analyzers.values()):
            lane.end(skipped_s=skipped_s, now_s=now_s)
        if self._stages:
            self._stages[0].end(self._next_pts, skipped_s=skipped_s)
        self._finish_if_done()

    async def outputs(self) -> AsyncIterator[Output]:
        """Yields events, as JSON-ready dictionaries, and processed audio, until the session has ended.

        For one reader. One that does not keep up loses the oldest; ``stats.dropped_events`` counts.
        """
        while True:
            try:
                output = await self._outputs.get()
            except QueueClosed:
                return
            if isinstance(output, AudioFrame):
                self._queued_bytes -= output.samples.nbytes
            self._room.set()
            yield output

    def emit(self, event: Event) -> None:
        """Sends ``event`` (with its ``type``) to the reader, numbered and dated with what has been received."""
        self._emit(event, self._next_pts / self.config.sample_rate)

    def report(self) -> Event:
        """Returns the fields of a ``stats`` event as of now."""
        lanes = self._lanes().values()
        self.stats.dropped_events = self._outputs.dropped
        self.stats.dropped_hops = self._gone_drops + sum(lane.dropped_chunks for lane in lanes)
        self.stats.deadline_misses = self._gone_misses + sum(lane.deadline_misses for lane in lanes)
        return self.stats.to_event()

    def close(self) -> None:
        """Leaves every plugin at once and ends ``outputs``. Safe to call twice."""
        self._closed = True
        for lane in self._analyzers.values():
            lane.close()
        for stage in self._stages:
            stage.close()
        self._outputs.close()
        self._room.set()

    # What lanes and stages tell.

    def on_chunk(self, lane: Lane, chunk: PendingChunk) -> None:
        """Nothing to do: the lane has scheduled it."""

    def on_result(self, lane: Lane, chunk: PendingChunk, event: Event | None, audio: Samples | None) -> None:
        """A plugin has heard a chunk."""
        self.stats.note_latency(self._clock.now_s() - chunk.ready_at_s)
        if event is not None:
            self._emit({"type": lane.spec.name, **event}, chunk.end_s)
        self._room.set()

    def on_fault(self, lane: Lane, fault: PluginFault) -> None:
        """A plugin was disabled for this session."""
        self.emit(fault.to_event())

    def on_drained(self, lane: Lane) -> None:
        """An analyzer has nothing left."""
        self._room.set()
        self._finish_if_done()

    def on_audio(self, stage: ProcessorStage, samples: Samples, pts: int) -> None:
        """A processor's audio goes to the next one, or out."""
        following = self._stages.index(stage) + 1
        if following < len(self._stages):
            # Deadlines start anew: each processor has its own hop's time.
            now_s = self._clock.now_s()
            deadline_s = now_s + samples.shape[1] / self.config.sample_rate
            self._stages[following].write(samples, pts, skipped_s=self._skipped_s, deadline_s=deadline_s)
        else:
            self._queued_bytes += samples.nbytes
            self._outputs.put_nowait(AudioFrame(samples, self.config.sample_rate, pts))

    def on_finished(self, stage: ProcessorStage) -> None:
        """A processor has let go of its tail."""
        following = self._stages.index(stage) + 1
        if following < len(self._stages):
            self._stages[following].end(self._next_pts, skipped_s=self._skipped_s)
        else:
            self._stages_done = True
            self._finish_if_done()

    # Inside.

    @property
    def _skipped_s(self) -> float:
        return (self._next_pts - self._received) / self.config.sample_rate

    def _lanes(self) -> dict[str, Lane]:
        return self._analyzers | {stage.lane.spec.name: stage.lane for stage in self._stages}

    def _apply(self, plugins: tuple[PluginConfig, ...]) -> None:
        parsed = parse_plugins(plugins, self._batchers)
        lanes = self._lanes()
        self._open_all({name: params for name, params in parsed.items() if name not in lanes})
        for name, lane in lanes.items():
            if name in parsed:
                lane.params = parsed[name]
            else:
                self._drop(name)
        self._stages.sort(key=lambda stage: list(parsed).index(stage.lane.spec.name))
        self.config = SessionConfig(
            self.config.sample_rate, self.config.channels, plugins, self.config.live, self.config.reports
        )
        # Whoever waited for a plugin that has left waits no more.
        self._room.set()
        self._finish_if_done()

    def _open_all(self, added: Mapping[str, Params]) -> None:
        try:
            for name, params in added.items():
                self._open(name, params)
        except BaseException:
            for name in added:
                self._drop(name)
            raise

    def _open(self, name: str, params: Params) -> None:
        batcher, config = self._batchers[name], self.config
        rate, channels, live = config.sample_rate, config.channels, config.live
        if batcher.plugin.spec.kind == "processor":
            self._stages.append(
                ProcessorStage(batcher, params, self, self._clock, sample_rate=rate, channels=channels, live=live)
            )
        else:
            self._analyzers[name] = batcher.open_lane(
                params, self, sample_rate=rate, channels=channels, live=live, quality="HQ"
            )

    def _drop(self, name: str) -> None:
        if name in self._analyzers:
            lane = self._analyzers.pop(name)
            lane.close()
            self._gone_drops += lane.dropped_chunks
            self._gone_misses += lane.deadline_misses
        for stage in [stage for stage in self._stages if stage.lane.spec.name == name]:
            stage.close()  # Before audio has flowed: there is nothing to count.
            self._stages.remove(stage)

    def _check(self, frame: AudioFrame) -> None:
        if self._ended or self._closed:
            raise BadFrame("expected no audio after the end of the stream, got a frame")
        expected = (self.config.sample_rate, self.config.channels)
        if (frame.sample_rate, frame.channels) != expected:
            raise BadFrame(
                f"expected {expected[0]} Hz and {expected[1]} channels, got {frame.sample_rate} Hz and {frame.channels}"
            )
        if frame.pts < self._next_pts:
            raise BadFrame(f"expected pts {self._next_pts} or later, got {frame.pts}", param="pts")
        if (peak := np.abs(frame.samples).max()) > MAX_AMPLITUDE:
            raise BadFrame(f"expected samples within {MAX_AMPLITUDE:.0e}, got {peak:.3g}", param="samples")

    def _feed(self, samples: Samples, pts: int) -> None:
        now_s, skipped_s = self._clock.now_s(), self._skipped_s
        deadline_s = now_s + samples.shape[1] / self.config.sample_rate
        for lane in self._analyzers.values():
            lane.write(samples, skipped_s=skipped_s, now_s=now_s, deadline_s=deadline_s)
        if self._stages:
            self._stages[0].write(samples, pts, skipped_s=skipped_s, deadline_s=deadline_s)
        if self.config.reports:
            self._report(samples, pts + samples.shape[1])

    def _report(self, samples: Samples, end_pts: int) -> None:
        if (levels := self._meter.write(samples)) is not None:
            self._emit({"type": "levels", "rms_db": levels[0], "peak_db": levels[1]}, end_pts / self.config.sample_rate)
        if end_pts // self.config.sample_rate > self._reported_s:
            self._reported_s = end_pts // self.config.sample_rate
            self._emit({"type": "stats", **self.report()}, end_pts / self.config.sample_rate)

    async def _wait_for_room(self) -> None:
        while not self._closed and not (
            2 * len(self._outputs) < MAX_OUTPUTS
            and self._queued_bytes < MAX_OUTPUT_BYTES
            and all(lane.has_room for lane in self._lanes().values())
        ):
            self._room.clear()
            await self._room.wait()

    def _emit(self, event: Event, time_s: float) -> None:
        if not self._outputs.closed:
            event = {"type": event["type"], "seq": self._seq, "pts": round(time_s * self.config.sample_rate)} | event
            event["time_s"] = round(time_s, 3)
            self._seq += 1
            self._outputs.put_nowait(event)

    def _finish_if_done(self) -> None:
        stages_done = self._stages_done or not self._stages
        if self._ended and stages_done and all(lane.idle for lane in self._analyzers.values()):
            self._outputs.close()

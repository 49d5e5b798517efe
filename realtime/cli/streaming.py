"""Runs a source through plugins for one command: an engine of its own, one session, events to a callback.

Invariant: the stream ends in order whatever ends it (the file, ``--duration``, damage in the file), so that
what the plugins still hold comes out.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any

from ..engine import Engine, EngineSettings
from ..errors import BadAudioFile, BadParam
from ..frames import AudioFrame
from ..session import Output
from ..session_config import PluginConfig, SessionConfig
from ..session_runner import run_session
from ..settings import Settings
from ..sinks.base import Sink
from ..sources.base import Source
from ..targets.target import Target

OnEvent = Callable[[dict[str, Any]], None]
OnTime = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class StreamFigures:
    """How a stream went.

    Attributes:
        seconds: Audio that went in.
        wall_s: Time from its first frame to its last event.
        startup_s: Time before that: loading and warming up the plugins.
        fault: What ended the source before its time.
    """

    seconds: float
    wall_s: float
    startup_s: float
    fault: BadAudioFile | None


class WatchedSource:
    """A source that can be cut off after a while and tells how far it is.

    Args:
        source: Where the audio comes from.
        limit_s: Seconds of audio after which it ends; None for no limit.
        on_time: Is told the end of each frame, in seconds of stream time.
    """

    def __init__(self, source: Source, limit_s: float | None = None, on_time: OnTime = lambda time_s: None) -> None:
        self._source = source
        self._limit_s = limit_s
        self._on_time = on_time
        self.sample_rate = source.sample_rate
        self.channels = source.channels
        self.live = source.live
        self.seconds = 0.0

    @property
    def dropped_samples(self) -> int:
        return self._source.dropped_samples

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        async for frame in self._source:
            self.seconds = frame.end_pts / frame.sample_rate
            self._on_time(self.seconds)
            yield frame
            if self._limit_s is not None and self.seconds >= self._limit_s:
                break

    async def aclose(self) -> None:
        await self._source.aclose()


async def stream(
    source: Source,
    plugins: Sequence[PluginConfig],
    on_event: OnEvent,
    settings: Settings,
    *,
    sink: Sink | None = None,
    reports: bool = False,
    limit_s: float | None = None,
    on_time: OnTime = lambda time_s: None,
    target: Target | None = None,
) -> StreamFigures:
    """Runs ``source`` through ``plugins`` until it ends, and closes it.

    A file that is damaged or cut short after its beginning ends as a shorter file does; ``fault`` says so.

    Args:
        source: Opened; its format becomes the session's.
        plugins: With their parameters.
        on_event: Is given every event.
        settings: Of the process: device and models.
        sink: Takes processed audio; None to leave it.
        reports: Whether ``levels`` and ``stats`` are wanted among the events.
        limit_s: Seconds of audio after which to end; None for no limit.
        on_time: Is told how far the stream is.
        target: Whose voice to keep, from the first sample on; None where the plugins need not know.

    Raises:
        TectumError: The plugins could not be loaded, a parameter is wrong, or a live source broke.
    """

    async def deliver(output: Output) -> None:
        if not isinstance(output, AudioFrame):
            on_event(output)
        elif sink is not None:
            await sink.write(output)

    watched = WatchedSource(source, limit_s, on_time)
    config = SessionConfig(source.sample_rate, source.channels, tuple(plugins), live=source.live, reports=reports)
    engine_settings = EngineSettings(device=settings.device, models=settings.models, max_sessions=1)
    fault: BadAudioFile | None = None
    started_s = time.perf_counter()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(aclosing(source))
        engine = await stack.enter_async_context(Engine(engine_settings, [plugin.name for plugin in plugins]))
        session = await stack.enter_async_context(engine.open_session(config))
        if sink is not None and not session.has_audio:
            names = ", ".join(plugin.name for plugin in plugins)
            raise BadParam(f"expected a plugin that changes audio, to write some, got {names}", param="plugin")
        if target is not None:
            session.retarget(target)
        ready_s = time.perf_counter()
        try:
            await run_session(session, watched, deliver)
        except BadAudioFile as error:
            if watched.seconds == 0.0:
                raise
            fault = error
        ended_s = time.perf_counter()
    return StreamFigures(watched.seconds, ended_s - ready_s, ready_s - started_s, fault)

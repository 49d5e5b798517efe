"""All sessions of a process, and one batcher a plugin to serve them.

Invariant: the event loop never runs inference, and nothing the engine started outlives its ``async with``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .artifacts import models_from
from .batcher import Batcher
from .clock import Clock, MonotonicClock
from .device import resolve_device
from .errors import ServerFull
from .plugin import Plugin
from .registry import PluginClass, discover, find
from .session import Session
from .session_config import SessionConfig, parse_plugins


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How much an engine takes on, and where.

    Attributes:
        device: ``auto``, ``cpu`` or ``cuda``.
        max_sessions: Sessions at once; one more gets ServerFull.
        stall_timeout_s: A plugin call that takes longer is given up.
        models: Folder of models that replace the packaged ones of the same name; see ``models_from``.
    """

    device: str = "auto"
    max_sessions: int = 64
    stall_timeout_s: float = 2.0
    models: Path | None = None


class Engine:
    """Loads plugins, warms them up and serves sessions, as an asynchronous context manager.

    Args:
        settings: Limits and device.
        plugins: Names of installed plugins, or plugin classes; None takes every installed one.
        clock: For deadlines and measurements.

    Raises:
        UnknownPlugin: When a named plugin is not installed.
    """

    def __init__(
        self,
        settings: EngineSettings | None = None,
        plugins: Iterable[str | PluginClass] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or EngineSettings()
        chosen = discover().values() if plugins is None else plugins
        self._classes = [find(plugin) if isinstance(plugin, str) else plugin for plugin in chosen]
        self._clock = clock or MonotonicClock()
        self._batchers: dict[str, Batcher] = {}
        self._sessions: dict[str, Session] = {}
        self._exit = AsyncExitStack()
        self._ready = False
        self.sessions_opened = 0

    @property
    def ready(self) -> bool:
        """Whether every plugin is loaded and warm, and sessions are taken."""
        return self._ready

    @property
    def sessions(self) -> Mapping[str, Session]:
        """The open sessions, by id."""
        return self._sessions

    @property
    def batchers(self) -> Mapping[str, Batcher]:
        """The batcher of each plugin, by name."""
        return self._batchers

    async def __aenter__(self) -> Self:
        """Loads and warms up every plugin.

        Raises:
            DeviceUnavailable: On a device that is not there.
            ArtifactError, PluginFault: When a plugin cannot be loaded or does not step.
        """
        device = resolve_device(self.settings.device)
        async with AsyncExitStack() as exit_stack:
            for plugin_class in self._classes:
                with models_from(self.settings.models):
                    plugin: Plugin[Any, Any] = await asyncio.to_thread(plugin_class, device)
                batcher = Batcher(
                    plugin, self.settings.max_sessions, self._clock, stall_timeout_s=self.settings.stall_timeout_s
                )
                exit_stack.push_async_callback(batcher.aclose)
                await batcher.warm_up()
                self._batchers[plugin.spec.name] = batcher
            # After all that may fail: an error from inside a task group would come out wrapped in another.
            tasks = await exit_stack.enter_async_context(asyncio.TaskGroup())
            for name, batcher in self._batchers.items():
                exit_stack.callback(tasks.create_task(batcher.run(), name=f"batcher {name}").cancel)
            self._exit = exit_stack.pop_all()
        self._ready = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ready = False
        for session in list(self._sessions.values()):
            session.close()
        # Not told of an error in the body, the task group ends quietly, and the error goes on as it is.
        await self._exit.aclose()

    @property
    def full(self) -> bool:
        """Whether one more session would be refused."""
        return not self._ready or len(self._sessions) >= self.settings.max_sessions

    def check(self, config: SessionConfig) -> None:
        """Raises UnknownPlugin or BadParam if a session with ``config`` could not be opened."""
        parse_plugins(config.plugins, self._batchers)

    @asynccontextmanager
    async def open_session(self, config: SessionConfig, *, first_seq: int = 0) -> AsyncIterator[Session]:
        """Opens a session for the length of the ``async with``; its events are numbered from ``first_seq``.

        Raises:
            ServerFull: When ``max_sessions`` are open.
            UnknownPlugin, BadParam, BadFormat: What is wrong with ``config``.
        """
        if self.full:
            raise ServerFull(f"all {self.settings.max_sessions} sessions are taken; try again later")
        session = Session(config, self._batchers, self._clock, first_seq=first_seq)
        self._sessions[session.id] = session
        self.sessions_opened += 1
        try:
            yield session
        finally:
            del self._sessions[session.id]
            session.close()

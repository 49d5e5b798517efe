"""A real service on a real socket, in the test's own event loop, and a client that speaks ``tectum.v1``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from realtime.service.app import create_app
from realtime.service.server import make_config
from realtime.settings import Settings

Serve = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def serve(free_port) -> Serve:
    """Runs a service: ``async with serve(max_sessions=1) as address`` gives ``127.0.0.1:PORT``."""

    @asynccontextmanager
    async def run(**fields: Any) -> AsyncIterator[str]:
        settings = Settings(**{"port": free_port(), "device": "cpu"} | fields)
        config = make_config(settings, create_app(settings))
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as tasks:
            started = asyncio.Event()
            tasks.create_task(_serve(server, started))
            try:
                await started.wait()
                yield f"{settings.host}:{settings.port}"
            finally:
                server.should_exit = True

    return run


async def _serve(server: uvicorn.Server, started: asyncio.Event) -> None:
    """Serves until ``should_exit``, without uvicorn's signal handlers, and says when it listens."""
    startup = server.startup

    async def startup_then_say_so(*args: Any, **kwargs: Any) -> None:
        await startup(*args, **kwargs)
        started.set()

    server.startup = startup_then_say_so  # type: ignore[method-assign]
    try:
        await server._serve()
    finally:
        started.set()


class Client:
    """One websocket client.

    Attributes:
        events: Every event so far.
        audio: Every binary message so far.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.events: list[dict[str, Any]] = []
        self.audio: list[bytes] = []

    async def update(self, *plugins: dict[str, Any], **audio: Any) -> dict[str, Any]:
        """Sends ``session.update`` and returns the answer, ``session.updated`` or ``error``."""
        message: dict[str, Any] = {"type": "session.update", "plugins": list(plugins)}
        if audio:
            message["audio"] = {"format": "f32le", "sample_rate": 48_000, "channels": 1, "mode": "file"} | audio
        await self.send(message)
        return await self.until("session.updated", "error")

    async def send(self, message: dict[str, Any] | bytes | str) -> None:
        """Sends an object as JSON, or bytes and text as they are."""
        await self.connection.send(json.dumps(message) if isinstance(message, dict) else message)

    async def until(self, *types: str) -> dict[str, Any]:
        """Reads on to the next event of one of ``types``."""
        while True:
            event = await self.next()
            if event is not None and event["type"] in types:
                return event

    async def next(self) -> dict[str, Any] | None:
        """Reads one message; returns it if it is an event."""
        message = await self.connection.recv()
        if isinstance(message, bytes):
            self.audio.append(message)
            return None
        self.events.append(json.loads(message))
        return self.events[-1]

    async def end(self) -> dict[str, Any]:
        """Ends the stream and returns the summary."""
        await self.send({"type": "end_of_stream"})
        return await self.until("summary")


@asynccontextmanager
async def open_client(address: str, **options: Any) -> AsyncIterator[Client]:
    """Connects to ``/v1/stream`` and reads ``session.created``."""
    options = {"subprotocols": ["tectum.v1"], "proxy": None, "compression": None} | options
    async with connect(f"ws://{address}/v1/stream", **options) as connection:
        client = Client(connection)
        assert (await client.next())["type"] == "session.created"
        yield client

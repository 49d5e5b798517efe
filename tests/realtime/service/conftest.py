"""A real service on a real socket, in the test's own event loop, and a client that speaks ``tectum.v1``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from realtime.service.server import Server
from realtime.settings import Settings

Serve = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def serve() -> Serve:
    """Runs a service: ``async with serve(max_sessions=1) as address`` gives ``127.0.0.1:PORT``."""

    @asynccontextmanager
    async def run(**fields: Any) -> AsyncIterator[str]:
        server = Server(Settings(**{"port": 0, "device": "cpu"} | fields))
        async with asyncio.TaskGroup() as tasks:
            # Not serve(): that is the main thread's, as it takes over the signals.
            tasks.create_task(server._serve())
            try:
                await server.listening.wait()
                yield f"127.0.0.1:{server.port}"
            finally:
                server.should_exit = True

    return run


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

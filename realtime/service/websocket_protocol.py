"""uvicorn's websocket protocol with what a streaming service needs on top: small buffers and a way to abort.

Invariant: what a client does not read costs at most the buffers set here, and it can always be cut off.
"""

from __future__ import annotations

import socket
from asyncio.transports import BaseTransport

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ABORT_EXTENSION = "tectum.abort"
"""Key of the ASGI scope's extensions under which a callable drops the connection without a goodbye."""
SEND_BUFFER_BYTES = 128 * 1024
WRITE_HIGH_WATER_BYTES = 64 * 1024


class AbortableWebSocketProtocol(WebSocketsSansIOProtocol):
    """A closing handshake needs the peer to read; ``transport.abort`` does not."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Bounds the kernel's and the transport's send buffers before anything is sent."""
        super().connection_made(transport)
        if (connection := transport.get_extra_info("socket")) is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.transport.set_write_buffer_limits(high=WRITE_HIGH_WATER_BYTES)

    async def run_asgi(self) -> None:
        """Runs the application with ``ABORT_EXTENSION`` in its scope."""
        self.scope["extensions"][ABORT_EXTENSION] = self.transport.abort  # type: ignore[assignment]
        await super().run_asgi()

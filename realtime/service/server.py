"""``tectum serve``: uvicorn with the settings that streaming needs."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys

import uvicorn

from ..errors import TectumError
from ..protocol import MAX_FRAME_BYTES, MAX_TEXT_BYTES
from ..settings import Settings
from .access import require_token_off_loopback
from .app import create_app
from .websocket_protocol import AbortableWebSocketProtocol

MAX_MESSAGE_BYTES = 4 * max(MAX_FRAME_BYTES, MAX_TEXT_BYTES)
"""Above the limits of ``tectum.v1``, so that a message too large gets an error that says so; past this, a 1009."""
SWITCH_INTERVAL_S = 0.0005
"""How long the event loop and a worker may hold the interpreter against each other; Python's 5 ms is half a hop."""

_log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM, then stops within ``graceful_timeout_s``.

    Raises:
        SettingsError: On an address that other machines reach, without a token.
        TectumError: When a plugin or the device does not start.
    """
    require_token_off_loopback(settings)
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    server = Server(settings)
    server.run()
    if not server.started:
        raise TectumError("the service did not start; the log above says why")


class Server(uvicorn.Server):
    """uvicorn around the application, which says where it listens once it does.

    Args:
        settings: Of the process.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(_make_config(settings))
        self._host = settings.host
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts the engine, then listens."""
        await super().startup(sockets)
        if self.started:
            _log.info("Tectum is at http://%s:%d - stop with Ctrl+C", _in_url(self._host), self.port)
            self.listening.set()

    @property
    def port(self) -> int:
        """The TCP port it listens on, also where the settings left the choice (port 0)."""
        return int(self.servers[0].sockets[0].getsockname()[1])


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _make_config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        ws=AbortableWebSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        # Compressing PCM costs time and saves nothing.
        ws_per_message_deflate=False,
        log_config=None,
        # A line for every connection is for debugging; where we listen is said below.
        log_level="debug" if settings.log_level == "debug" else "warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.graceful_timeout_s)),
    )

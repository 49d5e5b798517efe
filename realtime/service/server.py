"""``tectum serve``: uvicorn with the settings that streaming needs."""

from __future__ import annotations

import logging
import sys

import uvicorn
from starlette.types import ASGIApp

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


def serve(settings: Settings) -> None:
    """Serves until SIGINT or SIGTERM, then stops within ``graceful_timeout_s``.

    Raises:
        SettingsError: On an address that other machines reach, without a token.
        TectumError: When a plugin or the device does not start.
    """
    require_token_off_loopback(settings)
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    server = uvicorn.Server(make_config(settings, create_app(settings)))
    server.run()
    if not server.started:
        raise TectumError("the service did not start; the log above says why")


def make_config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """Returns how uvicorn is to serve ``app``."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        ws=AbortableWebSocketProtocol,
        ws_max_size=MAX_MESSAGE_BYTES,
        # Compressing PCM costs time and saves nothing.
        ws_per_message_deflate=False,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=max(1, round(settings.graceful_timeout_s)),
    )

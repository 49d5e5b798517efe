"""The ASGI application: routes, and the engine's life around them.

Invariant: every answer that is not fine is JSON with ``code``, ``message`` and ``param``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from .. import __version__
from ..clock import MonotonicClock
from ..engine import Engine, EngineSettings
from ..errors import NotAllowed, ServerFull, TectumError
from ..protocol import SUBPROTOCOL
from ..settings import Settings
from ..targets.encoder import TargetEncoder
from .access import check_origin, check_token
from .headers import SecurityHeaders
from .metrics import render
from .stream import StreamConnection, close_reason

WEB_FOLDER = Path(__file__).parents[2] / "web"
WEB_FOLDERS = ("css", "images", "js")
"""What of it is the page; the rest is for those who work on it."""
RETRY_AFTER_S = "5"
SPARE_CONNECTIONS = 8
"""Connections beyond the session limit that may wait for their first message."""

Handler = Callable[[Request], Awaitable[Response]]


class Service:
    """What the routes share.

    Args:
        settings: Of the process.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = MonotonicClock()
        self.engine = Engine(
            EngineSettings(device=settings.device, max_sessions=settings.max_sessions, models=settings.models),
            settings.plugins,
            self.clock,
        )
        self.encoder: TargetEncoder
        self._connections = 0

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Runs the engine, and what encodes targets, while the application runs."""
        async with TargetEncoder(self.settings.models) as self.encoder, self.engine:
            yield

    async def page(self, request: Request) -> Response:
        """The web client."""
        return FileResponse(WEB_FOLDER / "index.html")

    async def healthz(self, request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "alive", "version": __version__})

    async def readyz(self, request: Request) -> Response:
        """Sessions are taken; 503 while they are not."""
        if self.engine.full:
            raise ServerFull(f"all {self.settings.max_sessions} sessions are taken")
        return JSONResponse({"status": "ready", "plugins": list(self.engine.batchers)})

    async def metrics(self, request: Request) -> Response:
        """Counters for Prometheus."""
        check_token(request, self.settings)
        return Response(render(self.engine), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def plugins(self, request: Request) -> Response:
        """Specs of the loaded plugins, and the JSON schemas of their parameters."""
        check_token(request, self.settings)
        listed = [
            asdict(batcher.plugin.spec) | {"params_schema": batcher.plugin.Params.model_json_schema()}
            for batcher in self.engine.batchers.values()
        ]
        return JSONResponse({"plugins": listed})

    async def stream(self, websocket: WebSocket) -> None:
        """``WS /v1/stream``."""
        if not await self._admit(websocket):
            return
        self._connections += 1
        try:
            deadline_s = self.settings.send_deadline_s
            await StreamConnection(websocket, self.engine, self.encoder, self.clock, deadline_s).run()
        finally:
            self._connections -= 1

    async def _admit(self, websocket: WebSocket) -> bool:
        """Accepts the handshake, or refuses in the way that this kind of client can see."""
        offered = websocket.scope.get("subprotocols", [])
        subprotocol = SUBPROTOCOL if SUBPROTOCOL in offered else None
        try:
            check_origin(websocket, self.settings)
        except NotAllowed as error:
            await websocket.send_denial_response(_error_response(error, status=403))
            return False
        try:
            check_token(websocket, self.settings)
            if self._connections >= self.settings.max_sessions + SPARE_CONNECTIONS:
                raise ServerFull("every connection is taken; try again later")
        except TectumError as error:
            if "origin" not in websocket.headers:
                await websocket.send_denial_response(_error_response(error))
                return False
            # A browser shows its page nothing of a refused handshake, but it does show a close code.
            await websocket.accept(subprotocol)
            await websocket.close(error.close_code, close_reason(error))
            return False
        await websocket.accept(subprotocol)
        return True


def create_app(settings: Settings) -> Starlette:
    """Returns the application; the engine starts and stops with its lifespan."""
    service = Service(settings)
    return Starlette(
        routes=[
            Route("/healthz", service.healthz),
            Route("/readyz", service.readyz),
            Route("/metrics", service.metrics),
            Route("/v1/plugins", service.plugins),
            WebSocketRoute("/v1/stream", service.stream),
            Route("/", service.page),
            *(Mount(f"/{folder}", StaticFiles(directory=WEB_FOLDER / folder)) for folder in WEB_FOLDERS),
        ],
        middleware=[Middleware(SecurityHeaders, settings=settings)],
        exception_handlers={TectumError: _on_error, HTTPException: _on_http_error, Exception: _on_fault},
        lifespan=service.lifespan,
    )


async def _on_error(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, TectumError)
    return _error_response(error)


async def _on_http_error(connection: HTTPConnection, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    body = {"code": f"http_{error.status_code}", "message": error.detail, "param": None}
    return JSONResponse(body, error.status_code, headers=error.headers)


async def _on_fault(connection: HTTPConnection, error: Exception) -> Response:
    # Starlette raises the error again afterwards, so that the log has it.
    return _error_response(TectumError("the service failed; its log says how"))


def _error_response(error: TectumError, *, status: int | None = None) -> Response:
    headers = {"Retry-After": RETRY_AFTER_S} if isinstance(error, ServerFull) else {}
    if isinstance(error, NotAllowed) and status is None:
        headers["WWW-Authenticate"] = "Bearer"
    body = {"code": error.code, "message": error.message, "param": error.param}
    return JSONResponse(body, status or error.http_status, headers=headers)

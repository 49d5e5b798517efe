"""Headers that keep the page to itself, and the check of the name it was asked under."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import NotAllowed
from ..settings import Settings
from .access import check_origin

HEADERS = {
    # The page is served whole from here: it loads nothing from elsewhere and no other page may frame it.
    "Content-Security-Policy": (
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; media-src 'self' blob:; "
        "worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=(self), display-capture=(self)",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Modules are small and change with the service: ask again, and take a 304.
    "Cache-Control": "no-cache",
}


class SecurityHeaders:
    """ASGI middleware for HTTP answers; websockets check their origin themselves, before they accept.

    Args:
        app: The application inside.
        settings: Of the process.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses what comes under a wrong name, and adds ``HEADERS`` to every answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            check_origin(HTTPConnection(scope), self._settings)
        except NotAllowed as error:
            body = {"code": error.code, "message": error.message, "param": None}
            await JSONResponse(body, 403)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

"""Who may connect: the token, the origin and the name the client used for us.

Invariant: a page of another site, or a site that points its own name at this machine (DNS rebinding),
reaches nothing.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from ..errors import NotAllowed, SettingsError
from ..protocol import TOKEN_PREFIX
from ..settings import Settings

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def require_token_off_loopback(settings: Settings) -> None:
    """Raises SettingsError when other machines could connect and no token is set."""
    if not settings.loopback and settings.token is None:
        raise SettingsError(
            f"expected a token (TECTUM_TOKEN or --token) to listen on {settings.host}, got none; "
            "only a loopback address goes without",
            param="token",
        )


def check_token(connection: HTTPConnection, settings: Settings) -> None:
    """Raises NotAllowed unless the client shows the token, if there is one.

    It travels as ``Authorization: Bearer TOKEN`` or, from browsers, in the websocket subprotocol list as
    ``tectum.token.TOKEN``.
    """
    if settings.token is None:
        return
    shown = _shown_token(connection)
    if shown is None or not hmac.compare_digest(shown.encode(), settings.token.encode()):
        raise NotAllowed("expected the service's token, got " + ("none" if shown is None else "another"))


def check_origin(connection: HTTPConnection, settings: Settings) -> None:
    """Raises NotAllowed on a request that another site's page makes, or that uses another site's name."""
    host = connection.headers.get("host", "")
    name = urlsplit(f"//{host}").hostname or ""
    # On loopback nobody needs a token, so the name must be one that only this machine answers to.
    if settings.loopback and settings.token is None and name not in LOOPBACK_NAMES:
        raise NotAllowed(f"expected a request to localhost, got one to {host!r:.80}")
    origin = connection.headers.get("origin")
    if origin is None or origin in settings.allowed_origins:
        return
    if urlsplit(origin).netloc != host:
        raise NotAllowed(f"expected the origin to be {host!r:.80} or an allowed one, got {origin!r:.80}")


def _shown_token(connection: HTTPConnection) -> str | None:
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer:
        return bearer.strip()
    for subprotocol in connection.scope.get("subprotocols", ()):
        if subprotocol.startswith(TOKEN_PREFIX):
            return str(subprotocol.removeprefix(TOKEN_PREFIX))
    return None

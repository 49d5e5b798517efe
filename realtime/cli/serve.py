"""``tectum serve``: the service and the page."""

from __future__ import annotations

from typing import Annotated

import typer

from .options import Config, Device, Models, plugin_names
from .output import EXIT_FAILED, reported


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.  [default: 8000]")] = None,
    token: Annotated[str | None, typer.Option(help="What clients must show; better set TECTUM_TOKEN.")] = None,
    device: Device = None,
    models: Models = None,
    max_sessions: Annotated[int | None, typer.Option(help="Sessions at once; more are refused.")] = None,
    plugin: Annotated[list[str] | None, typer.Option("--plugin", "-p", help="Plugins to load; all by default.")] = None,
    allowed_origin: Annotated[
        list[str] | None, typer.Option(help="Origin of a web page that may connect, beside our own; may be repeated.")
    ] = None,
    send_deadline_s: Annotated[float | None, typer.Option(help="Seconds a client may leave events unread.")] = None,
    graceful_timeout_s: Annotated[float | None, typer.Option(help="Seconds a stop waits for sessions.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    config: Config = None,
) -> None:
    """Serve the web page, the API and the sockets on one port."""
    from ..settings import load_settings

    with reported():
        settings = load_settings(
            {
                "host": host,
                "port": port,
                "token": token,
                "device": device,
                "models": models,
                "max_sessions": max_sessions,
                "plugins": plugin_names(plugin) if plugin else None,
                "allowed_origins": tuple(allowed_origin) if allowed_origin else None,
                "send_deadline_s": send_deadline_s,
                "graceful_timeout_s": graceful_timeout_s,
                "log_level": log_level,
            },
            config=config,
        )
        from ..service.server import serve as serve_forever

        try:
            serve_forever(settings)
        except SystemExit as error:  # uvicorn's way out when it cannot listen; its log has said why
            raise typer.Exit(EXIT_FAILED if error.code else 0) from error

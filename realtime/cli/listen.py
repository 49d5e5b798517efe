"""``tectum listen``: a live view of a microphone or a file in the terminal."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInput
from .options import Config, Device, Json, Models, Params, Plugins, plugin_names, plugin_params
from .output import log_to_stderr, print_json, reported

if TYPE_CHECKING:
    from ..sources.base import Source

_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def listen(
    source: Annotated[str, typer.Argument(help="mic, mic:NAME (see `tectum devices`) or a file.")],
    plugin: Plugins = ["genre"],  # noqa: B006 (typer copies it)
    param: Params = [],  # noqa: B006
    as_json: Json = False,
    duration: Annotated[float | None, typer.Option(min=0.1, help="Seconds of audio after which to end.")] = None,
    device: Device = None,
    models: Models = None,
    config: Config = None,
) -> None:
    """Listen to a microphone, or to a file as it plays: level, genre and history. Ctrl-C ends."""
    from rich.live import Live

    from ..session_config import PluginConfig
    from ..settings import load_settings
    from .live_view import LiveView
    from .streaming import stream

    async def run() -> None:
        opened = await open_source(source)
        with contextlib.nullcontext() if as_json else Live(view, refresh_per_second=12):
            figures = await stream(opened, plugins, on_event, settings, reports=True, limit_s=duration)
        if figures.fault is not None:
            raise figures.fault

    with reported(as_json):
        settings = load_settings({"device": device, "models": models}, config=config)
        names = plugin_names(plugin)
        params = plugin_params(param, names)
        plugins = tuple(PluginConfig(name, params[name]) for name in names)
        view = LiveView(source)
        on_event = print_json if as_json else view.add
        log_to_stderr("error")
        with contextlib.suppress(KeyboardInterrupt):  # the way to end it
            asyncio.run(run())


async def open_source(text: str) -> Source:
    """Returns the source that ``text`` means, opened: ``mic``, ``mic:NAME`` or the path of a file.

    Raises:
        DeviceUnavailable: No such microphone.
        BadInput: A URL, or a file that is not one of sound.
    """
    from ..sources.file import FileSource
    from ..sources.microphone import MicrophoneSource

    if text == "mic":
        return await MicrophoneSource.open()
    if text.startswith("mic:"):
        return await MicrophoneSource.open(text.removeprefix("mic:"))
    if _URL.match(text):
        raise BadInput(f"expected mic, mic:NAME or a file, got the URL {text}", param="source")
    return await asyncio.to_thread(FileSource, text, realtime=True)

"""``tectum process``: a file through plugins, as fast as the machine can."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import Config, Device, Json, Models, Params, Plugins, plugin_names, plugin_params
from .output import exit_code, log_to_stderr, print_error, print_json, reported
from .whom import By, Face, FaceIndex, Strength, Voice, Whom, whom_params

if TYPE_CHECKING:
    from ..session_config import PluginConfig
    from ..settings import Settings
    from .streaming import OnTime, StreamFigures


def process(
    input_file: Annotated[Path, typer.Argument(metavar="IN", help="A sound file, or a video with sound.")],
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="Processed audio: .wav, .flac or .ogg.")
    ] = None,
    plugin: Plugins = ["genre"],  # noqa: B006 (typer copies it)
    param: Params = [],  # noqa: B006
    face: Face = None,
    face_index: FaceIndex = None,
    voice: Voice = None,
    strength: Strength = None,
    target: By = None,
    as_json: Json = False,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the pace of the audio.")] = False,
    device: Device = None,
    models: Models = None,
    config: Config = None,
) -> None:
    """Run a file through plugins. OUT has the input's rate and length, its delay taken out."""
    from ..session_config import PluginConfig
    from ..settings import load_settings

    log_to_stderr()
    with reported(as_json):
        settings = load_settings({"device": device, "models": models}, config=config)
        names = plugin_names(plugin)
        params = plugin_params(param, names)
        whom = Whom(face, face_index, voice)
        whom_params(whom, strength, target, params)
        plugins = tuple(PluginConfig(name, params[name]) for name in names)
        summary, figures = asyncio.run(_process(input_file, output_file, plugins, whom, as_json, realtime, settings))
        if as_json:
            print_json(summary)
        else:
            _print_summary(summary)
        if figures.fault is not None:
            print_error(figures.fault, as_json=False)
            raise typer.Exit(exit_code(figures.fault))


async def _process(
    path: Path,
    output: Path | None,
    plugins: tuple[PluginConfig, ...],
    whom: Whom,
    as_json: bool,
    realtime: bool,
    settings: Settings,
) -> tuple[dict[str, Any], StreamFigures]:
    from ..sinks.file import FileSink
    from ..sources.file import FileSource
    from .streaming import stream
    from .summary import StreamTotals

    # Longer frames cost less; at the pace of the audio short ones come sooner.
    source = await asyncio.to_thread(FileSource, path, frame_ms=20 if realtime else 100, realtime=realtime)
    totals = StreamTotals(tuple(plugin.name for plugin in plugins))

    def on_event(event: dict[str, Any]) -> None:
        totals.add(event)
        if as_json:
            print_json(event)

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(aclosing(source))
        target, found = await whom.encode(settings.models) if whom.given else (None, None)
        sink = None
        if output is not None:
            sink = FileSink(output, sample_rate=source.sample_rate, channels=source.channels)
            await stack.enter_async_context(sink)
        on_time = stack.enter_context(_progress(path, source.duration_s, hidden=as_json))
        figures = await stream(source, plugins, on_event, settings, sink=sink, on_time=on_time, target=target)
    summary = {
        "type": "summary",
        "path": str(path),
        "seconds": round(figures.seconds, 3),
        "wall_s": round(figures.wall_s, 3),
        "startup_s": round(figures.startup_s, 3),
        "real_time_factor": round(figures.wall_s / figures.seconds, 5) if figures.seconds else None,
        "plugins": totals.to_json(),
        "target": found,
        "output": str(output) if output else None,
        "silenced_samples": source.silenced_samples,
        "errors": totals.errors,
        "fault": figures.fault.to_event() if figures.fault else None,
    }
    return summary, figures


@contextmanager
def _progress(path: Path, duration_s: float | None, *, hidden: bool) -> Iterator[OnTime]:
    """Draws a bar on standard error while the block runs; yields what moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, transient=True, disable=hidden or not console.is_terminal
    ) as progress:
        task = progress.add_task(path.name, total=duration_s)
        yield lambda time_s: progress.update(task, completed=time_s)


def _print_summary(summary: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    for name, totals in summary["plugins"].items():
        line = f"[bold]{name}[/]  "
        if "label" in totals:
            line += f"[bold cyan]{totals['label'] or 'nothing recognised'}[/]"
            line += "".join(f"  {entry['label']} {entry['p']:.0%}" for entry in totals["top"][:3])
        console.print(f"{line}  [dim]({totals['events']} events)[/]")
    for kind, found in (summary["target"] or {}).items():
        console.print(f"kept by the {kind} in {found['path']}, {_described(found)}", markup=False)
    if summary["output"]:
        console.print(f"written to {summary['output']}", markup=False)
    if summary["silenced_samples"]:
        console.print(f"{summary['silenced_samples']} samples were no numbers and became silence", style="yellow")
    speed = 1 / summary["real_time_factor"] if summary["real_time_factor"] else 0.0
    console.print(
        f"{summary['seconds']:.1f} s of audio in {summary['wall_s']:.2f} s ({speed:.0f}x real time), "
        f"after {summary['startup_s']:.1f} s of start-up",
        style="dim",
    )


def _described(found: dict[str, Any]) -> str:
    """Says what was found in a picture or in a recording."""
    if "box" in found:
        left, top, right, bottom = found["box"]
        others = f", one of {found['faces']}" if found["faces"] > 1 else ""
        return f"{right - left} x {bottom - top} pixels at ({left}, {top}){others}"
    return f"{found['seconds']:.1f} s of speech" + (" in its first minute" if found["cut"] else "")

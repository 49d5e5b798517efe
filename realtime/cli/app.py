"""The commands of ``tectum``. Each imports what it needs when it runs, so that ``--help`` is instant."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from .bench import bench
from .devices import devices
from .doctor import doctor
from .listen import listen
from .plugins import plugins
from .process import process
from .serve import serve

app = typer.Typer(
    help="Tectum: streaming real-time audio. Sound flows in, plugins listen to it or change it, results flow out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (serve, listen, process, plugins, devices, doctor, bench):
    app.command()(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tectum {__version__}")
        raise typer.Exit


@app.callback()
def tectum(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Holds the options that come before a command."""

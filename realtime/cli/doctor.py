"""``tectum doctor``: what is missing on this machine, and how to mend it."""

from __future__ import annotations

import typer

from .options import Json
from .output import EXIT_FAILED, log_to_stderr, print_json

MARKS = {"ok": "[green]✓[/]", "missing": "[red]✗[/]", "optional": "[yellow]-[/]"}


def doctor(as_json: Json = False) -> None:
    """Check this machine, and say how to mend what is missing. Exit code 1 if something needed is."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.markup import escape

    from .checks import run_checks

    log_to_stderr("error")
    console = Console(highlight=False, soft_wrap=True)
    missing = False
    for check in run_checks():
        missing |= check.status == "missing"
        if as_json:
            print_json(asdict(check))
            continue
        console.print(f"{MARKS[check.status]} [bold]{check.name:<10}[/] {escape(check.detail)}")
        if check.mend:
            console.print(f"             → {escape(check.mend)}", style="dim" if check.status == "optional" else "bold")
    if missing:
        raise typer.Exit(EXIT_FAILED)

"""``python -m training.facefilter report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .document import render
from .results import ResultError, Results, load_results, read_results, save_results

COMMITTED = Path(__file__).parents[1] / "report" / "results.json"
"""Stands in for what is not in the runs folder; ``--out training/facefilter/report`` renews it."""

console = Console()


def report(
    runs: Annotated[Path, typer.Option(help="Holds results/ and separator/.", file_okay=False)] = Path(
        "runs/facefilter"
    ),
    out: Annotated[
        Path | None, typer.Option(help="Where the report goes; RUNS/report without.", file_okay=False)
    ] = None,
) -> None:
    """Rebuilds tables and pictures from the results of the runs, and from the committed ones where there are none."""
    folder = out or runs / "report"
    try:
        own, committed = read_results(runs), load_results(COMMITTED)
    except ResultError as error:
        raise typer.BadParameter(str(error)) from error
    write_report(own.over(committed), folder)
    console.print(f"{len(own.trials)} trials and {len(own.papers)} rows of the paper from {runs}")
    console.print(f"wrote {folder / 'README.md'}")


def write_report(results: Results, folder: Path) -> None:
    """Writes README, pictures and ``results.json`` into ``folder``."""
    from .pictures import draw_pictures  # matplotlib takes a second, which no other command should wait for.

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(render(results, draw_pictures(results, folder)))
    save_results(results, folder / "results.json")

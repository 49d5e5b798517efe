"""``python -m training.genre train NETWORK``: trains what is not trained yet, shows it, and prints the mean."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .fit import Point
from .splits import NUM_FOLDS, Protocol
from .study import Network, Study, recipe_of, run_name

NUM_SEEDS = 5

DATA = Path(os.path.relpath(Path(__file__).parents[4] / "shared" / "data"))
RUNS = Path("runs") / "genre"

console = Console()


def train_paper(
    network: Annotated[Network, typer.Argument(help="Of paper 000 or 004.")],
    data: Annotated[
        Path, typer.Option(envvar="TECTUM_DATA", help="The data folder.", file_okay=False, exists=True)
    ] = DATA,
    runs: Annotated[Path, typer.Option(help="Checkpoints and results.", file_okay=False)] = RUNS,
    protocol: Annotated[Protocol, typer.Option(help="How clips are divided.")] = "filtered",
    run: Annotated[
        list[int] | None,
        typer.Option(
            "--run", "--seed", "--fold", min=0, help="May be given several times; all of the protocol without."
        ),
    ] = None,
) -> None:
    """Trains a network of the papers and writes a result for each seed or fold; what is there is read back."""
    torch.set_num_threads(1)
    # Activations that saturate leave denormals behind, which slow the LSTM's backward pass by a factor of three.
    torch.set_flush_denormal(True)
    study = Study(data, runs)
    results = [_watched(study, network, protocol, number) for number in run or numbers_of(network, protocol)]
    console.print(f"{network} {protocol}: {summary(results)}")


def numbers_of(network: str, protocol: str) -> Sequence[int]:
    """Returns the seeds or folds of a protocol when none are asked for."""
    return range(NUM_FOLDS if run_name(network, protocol, 0).startswith("fold") else NUM_SEEDS)


def summary(results: Sequence[dict[str, Any]]) -> str:
    """Returns the mean accuracy with its standard error over runs, per cent; of one run, how many it is of."""
    accuracies = [100.0 * result["accuracy"] for result in results]
    unit, mean = results[0]["unit"], statistics.fmean(accuracies)
    if len(accuracies) == 1:
        return f"{mean:.1f} % of {results[0]['n']} {unit}s"
    error = statistics.stdev(accuracies) / len(accuracies) ** 0.5
    return f"{mean:.1f} +- {error:.1f} % by {unit} ({len(accuracies)} runs)"


def _watched(study: Study, network: str, protocol: str, number: int) -> dict[str, Any]:
    """Runs with a bar of epochs, at most as many as the recipe has."""
    epochs = recipe_of(network).epochs
    title = f"{network} {protocol} {run_name(network, protocol, number)}"
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(title, total=epochs)

        def watch(node: str, point: Point) -> None:
            told = f"{title} {node} loss {point.loss:.3f} valid {point.valid_accuracy:.3f}"
            progress.update(bar, completed=point.epoch, description=told)

        result = study.run(network, protocol, number, watch)
        progress.update(bar, completed=epochs, description=f"{title}: {summary([result])}")
    return result

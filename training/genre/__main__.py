"""``python -m training.genre train | evaluate | folds | export``; everything resumes, and lives in ``runs/genre``."""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console

from models.export import ARTIFACTS, export
from models.genre_tagger import GenreTagger

from .card import genre_card
from .fit import FitSettings
from .protocols import NUM_FOLDS, Study

DataOption = Annotated[
    Path, typer.Option(envvar="TECTUM_DATA", help="The data folder.", file_okay=False, exists=True, show_default=True)
]
RunsOption = Annotated[Path, typer.Option(help="Checkpoints, caches and figures.", file_okay=False)]
StepsOption = Annotated[int, typer.Option(min=1, help="Batches to train on.")]

DATA = Path(os.path.relpath(Path(__file__).parents[3] / "shared" / "data"))
RUNS = Path("runs") / "genre"
STEPS = FitSettings().steps

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, measure and export the genre tagger.")
console = Console()


@app.callback()
def _single_threaded() -> None:
    torch.set_num_threads(1)


@app.command()
def train(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    seed: Annotated[list[int] | None, typer.Option(help="May be given several times; 0 without.")] = None,
    steps: StepsOption = STEPS,
) -> None:
    """Trains on the filtered train clips and prints the figures on valid."""
    study = Study(data, runs)
    for number in seed or [0]:
        net = study.train_seed(number, FitSettings(steps=steps))
        console.print(f"seed {number}", _brief(study.figures(net, "valid")))


@app.command()
def evaluate(data: DataOption = DATA, runs: RunsOption = RUNS) -> None:
    """Measures every trained seed on valid and test, chooses one on valid, and writes ``figures.json``."""
    study = Study(data, runs)
    seeds = sorted(int(path.parent.name.removeprefix("seed")) for path in runs.glob("seed*/best.pt"))
    if not seeds:
        raise typer.BadParameter(f"expected trained seeds below {runs}; run the command train first")
    valid = {seed: study.figures(study.load_seed(seed), "valid") for seed in seeds}
    test = {seed: study.figures(study.load_seed(seed), "test") for seed in seeds}
    chosen = min(seeds, key=lambda seed: study.validate(study.load_seed(seed)))
    accuracies = [test[seed]["accuracy_after_s"]["30"] for seed in seeds]
    figures: dict[str, Any] = {
        "chosen_seed": chosen,
        "valid": valid[chosen],
        "test": test[chosen],
        "test_accuracy_of_seeds": {
            "seeds": len(seeds),
            "mean": round(statistics.fmean(accuracies), 4),
            "deviation": round(statistics.stdev(accuracies), 4) if len(seeds) > 1 else None,
            "each": accuracies,
        },
    }
    (runs / "figures.json").write_text(json.dumps(figures, indent=2))
    console.print(_brief(figures["valid"]), _brief(figures["test"]), figures["test_accuracy_of_seeds"])


@app.command()
def folds(data: DataOption = DATA, runs: RunsOption = RUNS, steps: StepsOption = STEPS) -> None:
    """Runs the 10-fold by track, or what is left of it, and writes ``folds.json``."""
    study = Study(data, runs)
    accuracies: list[float] = []
    for fold in range(NUM_FOLDS):
        accuracies.append(study.run_fold(fold, FitSettings(steps=steps)))
        console.print(f"fold {fold}: {accuracies[-1]:.3f}, mean so far {statistics.fmean(accuracies):.3f}")
        summary = {
            "folds": len(accuracies),
            "mean": round(statistics.fmean(accuracies), 4),
            "deviation": round(statistics.stdev(accuracies), 4) if len(accuracies) > 1 else None,
            "each": accuracies,
        }
        (runs / "folds.json").write_text(json.dumps(summary, indent=2))


@app.command(name="export")
def export_(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    directory: Annotated[Path, typer.Option(help="Where the artifact goes.")] = ARTIFACTS,
) -> None:
    """Writes the chosen seed as an artifact with its card."""
    study = Study(data, runs)
    figures = json.loads((runs / "figures.json").read_text())
    if (runs / "folds.json").is_file():
        figures["by_track_folds"] = json.loads((runs / "folds.json").read_text())
    path = export(
        GenreTagger(study.load_seed(figures["chosen_seed"])), genre_card(study.gtzan.label_names, figures), directory
    )
    console.print(f"wrote {path} ({path.stat().st_size} bytes)")


def _brief(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "confusion"}


if __name__ == "__main__":
    app()

"""``python -m training.genre train | evaluate | export | report``; everything resumes, and lives in ``runs/genre``."""

from __future__ import annotations

import json
import os
import statistics
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import torch
import typer
from rich.console import Console

from models.export import ARTIFACTS, export
from models.genre_tagger import GenreTagger

from .card import genre_card
from .corpus import CorpusError
from .own import load_own_labels, own_card
from .own_training import train_own
from .papers.command import train_paper
from .papers.splits import Protocol
from .papers.study import Network
from .protocols import NUM_FOLDS, NUM_SEEDS, Study
from .reporting.command import report
from .trials.command import trials
from .trials.evidence import Evidence
from .tuning import tune as tune_verdict

DATA = Path(os.path.relpath(Path(__file__).parents[3] / "shared" / "data"))
RUNS = Path("runs") / "genre"
OWN_RUNS = Path("runs") / "own-labels"
SHIPPED: Final = "shipped"
AnyNetwork = Literal["shipped", Network]

DataOption = Annotated[
    Path, typer.Option(envvar="TECTUM_DATA", help="The data folder.", file_okay=False, show_default=True)
]
RunsOption = Annotated[Path, typer.Option(help="Checkpoints, caches and results.", file_okay=False)]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Train, measure and export the genre tagger.")
console = Console()


@app.callback()
def _single_threaded() -> None:
    torch.set_num_threads(1)


@app.command()
def train(
    network: Annotated[AnyNetwork, typer.Argument(help="The one that ships, or one of the papers'.")] = SHIPPED,
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    protocol: Annotated[Protocol, typer.Option(help="How clips are divided (segments: papers alone).")] = "filtered",
    run: Annotated[
        list[int] | None, typer.Option("--seed", "--fold", min=0, help="May be given several times; all without.")
    ] = None,
    audio: Annotated[
        Path | None, typer.Option(help="Train on this folder of label/file instead, and export it.", file_okay=False)
    ] = None,
    not_music: Annotated[
        Path | None, typer.Option(help="With --audio: a folder of what is not music.", file_okay=False)
    ] = None,
    out: Annotated[
        Path, typer.Option(help="With --audio: where the model goes, for tectum --models.", file_okay=False)
    ] = Path("own-models"),
) -> None:
    """Trains the network that ships, one of the papers', or one on your own labels."""
    if audio:
        _train_own(audio, not_music, out, runs if runs != RUNS else OWN_RUNS)
    elif network == SHIPPED:
        _train_shipped(_with_gtzan(data), runs, protocol, run)
    else:
        train_paper(network, _with_gtzan(data), runs, protocol, run)


def _train_own(audio: Path, not_music: Path | None, out: Path, runs: Path) -> None:
    try:
        own = load_own_labels(audio, runs / "bands", not_music, tell=_tell)
    except CorpusError as error:
        raise typer.BadParameter(str(error)) from error
    net, figures = train_own(own, runs / own.digest())
    console.print({name: value for name, value in figures.items() if name != "confusion"})
    path = export(GenreTagger(net), own_card(own, figures), out)
    console.print(f"wrote {path}; try: tectum process SONG --plugin genre --models {out}")


def _train_shipped(data: Path, runs: Path, protocol: str, numbers: list[int] | None) -> None:
    if protocol not in ("filtered", "tracks"):
        raise typer.BadParameter(f"expected filtered or tracks for the network that ships, got {protocol!r}")
    study = Study(data, runs)
    measure, count = (study.run_seed, NUM_SEEDS) if protocol == "filtered" else (study.run_fold, NUM_FOLDS)
    results = []
    for number in numbers or range(count):
        results.append(measure(number))
        console.print(f"{protocol} {number}: {_brief(results[-1])}")
    console.print(f"mean of {len(results)}: {_mean([result['accuracy'] for result in results])}")


@app.command()
def evaluate(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    only: Annotated[list[str] | None, typer.Option(help="Trials to run; all without.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was measured on this model before.")] = False,
) -> None:
    """Tries the model that ships: long streams, what is not music, real audio, damage, random starts, calibration."""
    trials(_with_gtzan(data), runs, ARTIFACTS, only, again)


@app.command()
def tune(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    settings: Annotated[int, typer.Option(min=1, help="Settings of the verdict to try.")] = 150,
) -> None:
    """Tries settings of the verdict on hours of valid clips and prints the best; models/verdict.py has the choice."""
    tried = tune_verdict(Study(_with_gtzan(data), runs).load_trial(0), Evidence.load(data), settings)
    (runs / "tuning.json").write_text(json.dumps(tried, indent=1))
    for one in tried[:10]:
        console.print(one)


@app.command(name="export")
def export_(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    out: Annotated[Path, typer.Option(help="Where the artifact goes.", file_okay=False)] = ARTIFACTS,
) -> None:
    """Writes the seed that was best on valid as an artifact with its card."""
    study = Study(_with_gtzan(data), runs)
    results = [study.run_seed(seed) for seed in range(NUM_SEEDS)]
    chosen = max(
        range(NUM_SEEDS), key=lambda seed: statistics.fmean(results[seed]["valid"]["accuracy_after_s"].values())
    )
    net = study.load_seed(chosen)
    figures = {
        "chosen_seed": chosen,
        "test": {key: results[chosen][key] for key in ("n", "accuracy", "accuracy_after_s", "ece", "confusion")},
        "test_accuracy_of_seeds": [round(result["accuracy"], 4) for result in results],
        "test_accuracy_of_seeds_as_served": [round(result["accuracy_as_served"], 4) for result in results],
        "music_on_valid": study.fit_music(net),
    }
    folds = sorted((runs / "results" / SHIPPED / "tracks").glob("fold*.json"))
    if len(folds) == NUM_FOLDS:
        figures["by_track_folds"] = [json.loads(path.read_text())["accuracy"] for path in folds]
    path = export(GenreTagger(net), genre_card(study.corpus.label_names, figures), out)
    console.print(f"wrote seed {chosen} to {path} ({path.stat().st_size} bytes)")


def _with_gtzan(data: Path) -> Path:
    if not (data / "gtzan" / "gtzan_bands.npz").is_file():
        raise typer.BadParameter(
            f"expected gtzan/gtzan_bands.npz below the data folder, got {data} without; name another with --data"
        )
    return data


def _tell(line: str) -> None:
    console.print(line, markup=False, highlight=False)  # Names of files are no markup.


def _brief(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in ("accuracy", "accuracy_after_s", "ece", "seconds")}


def _mean(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.4f}"
    return f"{statistics.fmean(values):.4f} +- {statistics.stdev(values) / len(values) ** 0.5:.4f} (standard error)"


app.command()(report)

if __name__ == "__main__":
    app()

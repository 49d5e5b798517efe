"""``python -m training.facefilter train | evaluate | export | report``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from models.export import ARTIFACTS, export
from models.half_conv import halve
from models.linear_layout import lay_out
from models.rounding import round_weights
from models.separator_int8 import in_int8

from .card import NAMES, face_card, facefilter_card, voice_card, write_cards
from .corpus import CorpusError
from .embeddings import EmbeddingsMissing
from .papers.command import train_row
from .papers.rows import ROW_NAMES
from .public_weights import PublicWeightsError
from .reporting.command import report
from .reporting.results import read_results
from .separation import SeparationOptions
from .study import Study
from .trials.command import evaluate

DATA = Path(os.path.relpath(Path(__file__).parents[3] / "shared" / "data"))
RUNS = Path("runs") / "facefilter"
PUBLIC = Path("runs") / "public"

DEFAULTS = SeparationOptions()

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Facefilter: train, evaluate, export, report.")
train = typer.Typer(no_args_is_help=True, help="Train one of the parts.")
app.add_typer(train, name="train")
console = Console()

DataOption = Annotated[
    Path, typer.Option(envvar="TECTUM_DATA", help="The data folder.", file_okay=False, show_default=True)
]
RunsOption = Annotated[Path, typer.Option(help="Caches, checkpoints, results.", file_okay=False)]
PublicOption = Annotated[
    Path, typer.Option(help="Where the packages with public weights were unpacked.", file_okay=False)
]


@train.command()
def matching(data: DataOption = DATA, runs: RunsOption = RUNS, public: PublicOption = PUBLIC) -> None:
    """Trains the maps of faces and voices into one space, and embeds every recording."""
    with _told_plainly():
        console.print(_study(data, runs, public).train_matching())


@train.command()
def separator(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    public: PublicOption = PUBLIC,
    steps: Annotated[int, typer.Option(min=1, help="In all; a run that was cut goes on.")] = DEFAULTS.steps,
    mixtures: Annotated[int, typer.Option(min=1, help="A step.")] = DEFAULTS.mixtures,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Trains the separator on mixtures made on the fly."""
    with _told_plainly():
        options = SeparationOptions(steps=steps, mixtures=mixtures, seed=seed)
        _study(data, runs, public).train_separator(options)


@train.command()
def paper(
    row: Annotated[str, typer.Option(help=f"Of {', '.join(ROW_NAMES)}.")],
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    public: PublicOption = PUBLIC,
) -> None:
    """Trains and judges one row of the paper's table 2."""
    if row not in ROW_NAMES:
        raise typer.BadParameter(f"expected of {', '.join(ROW_NAMES)}, got {row!r}")
    with _told_plainly():
        train_row(row, _study(data, runs, public), console=console)


@app.command(name="export")
def export_(
    data: DataOption = DATA,
    runs: RunsOption = RUNS,
    public: PublicOption = PUBLIC,
    out: Annotated[Path, typer.Option(help="Where the artifacts go.", file_okay=False)] = ARTIFACTS,
    part: Annotated[list[str] | None, typer.Option(help="Of face, voice, facefilter; all without.")] = None,
    int8: Annotated[bool, typer.Option(help="Round the separator to int8: for many sessions on few cores.")] = False,
) -> None:
    """Writes what was trained as artifacts with their cards."""
    study, parts = _study(data, runs, public), part or list(NAMES)
    if unknown := sorted(set(parts) - set(NAMES)):
        raise typer.BadParameter(f"expected of {', '.join(NAMES)}, got {', '.join(unknown)}")
    generator = torch.Generator().manual_seed(0)
    with _told_plainly():
        if "face" in parts:
            net = study.face()
            halve(net.encoder)
            round_weights(net)
            _tell(export(net, face_card({}), out, 255.0 * torch.rand(2, 3, 224, 224, generator=generator)))
        if "voice" in parts:
            example = 0.1 * torch.randn(2, 48_000, generator=generator)
            voice = study.voice()
            round_weights(voice)
            _tell(export(voice, voice_card({}), out, example))
        if "facefilter" in parts:
            separator = study.separator()
            round_weights(separator)
            if int8:
                separator = in_int8(separator, *study.examples(separator))
            lay_out(separator)
            _tell(export(separator, facefilter_card({}), out))


@app.command()
def card(
    runs: RunsOption = RUNS,
    out: Annotated[Path, typer.Option(help="Holds the artifacts.", file_okay=False)] = ARTIFACTS,
) -> None:
    """Writes the figures of the trials into the cards of the artifacts."""
    for path in write_cards(read_results(runs), out):
        console.print(f"wrote {path}")


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Turns what a user can mend into a message without a traceback."""
    try:
        yield
    except FileNotFoundError as error:
        raise typer.BadParameter(f"expected {error.filename}, got none: train that part first") from error
    except (CorpusError, EmbeddingsMissing, PublicWeightsError) as error:
        raise typer.BadParameter(str(error)) from error


def _study(data: Path, runs: Path, public: Path) -> Study:
    torch.set_num_threads(1)
    return Study(data, runs, public, console)


def _tell(path: Path) -> None:
    console.print(f"wrote {path} ({path.stat().st_size} bytes)")


app.command()(evaluate)
app.command()(report)

if __name__ == "__main__":
    app()

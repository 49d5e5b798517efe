"""The training loop of the four rows: Adam, a rate that falls at the end; resumable.

Invariant: a run that was cut and resumed ends with the weights and the curve of a run that was not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch

from .losses import Embed
from .mixing import Mixtures, draw_training
from .rows import Network, Row, magnitudes, mask_loss, separate, total_loss
from .talkers import Talkers


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a row is trained: the same for all four. The rate is constant, and falls linearly to 0 in the last quarter.

    Attributes:
        width: Channels of the network; 1536 in the paper.
        steps: Batches in all.
        batch_size: Mixtures in a batch; both talkers of each are a target.
        rate: Of Adam at the start.
        seed: Of the weights and of every mixture.
        num_embedded: Mixtures of a batch that the speaker representation loss is averaged over.
        point_steps: Steps between two points of the curve, and between two checkpoints.
    """

    width: int = 96
    steps: int = 2_500
    batch_size: int = 16
    rate: float = 1e-3
    seed: int = 0
    num_embedded: int = 2
    point_steps: int = 25

    @property
    def identity(self) -> list[float]:
        """What may not change when a run is resumed; it may still be made longer."""
        return [self.width, self.batch_size, self.rate, self.seed, self.num_embedded]

    def rate_at(self, step: int) -> float:
        """Returns the rate of a step: the steps before the last quarter do not depend on how many there will be."""
        return self.rate * min(1.0, 4.0 * (1.0 - step / self.steps))


class Point(NamedTuple):
    """One point of the learning curve.

    Attributes:
        step: Batches so far.
        loss: What is minimised, mean over the batches since the last point.
        held_out: Equation 2 on mixtures of people who are not trained on; watched, never acted on.
        seconds: Of training so far.
    """

    step: int
    loss: float
    held_out: float
    seconds: float


@dataclass(slots=True)
class Fit:
    """A run in progress; a checkpoint holds all of it but the losses, which are empty then."""

    net: Network
    optimizer: torch.optim.Optimizer
    step: int = 0
    curve: list[Point] = field(default_factory=list)
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)


class Fitted(NamedTuple):
    """A finished run: the network as it was after the last step, its curve, and how long that took, s."""

    net: Network
    curve: list[Point]
    seconds: float


def fit(
    row: Row,
    recipe: Recipe,
    talkers: Talkers,
    held_out: Mixtures,
    embed: Embed | None,
    folder: Path,
    watch: Callable[[int, Point | None], None] = lambda step, point: None,
) -> Fitted:
    """Trains a row from random weights, or from where it was cut.

    Args:
        row: Which.
        recipe: How.
        talkers: People to train on.
        held_out: Mixtures of other people, for the curve.
        embed: The frozen voice encoder, for ``srl``.
        folder: Receives ``checkpoint.pt`` at every point of the curve; resumed from when there.
        watch: Called after every step with its number and the latest point.

    Raises:
        ValueError: ``folder`` holds a run of another recipe, or ``srl`` is trained without an encoder.
    """
    run = _resume(row, recipe, folder)
    while run.step < recipe.steps:
        began = time.perf_counter()
        _step(run, row, recipe, talkers, embed)
        is_point = run.step % recipe.point_steps == 0 or run.step == recipe.steps
        unseen = _held_out_loss(run, row, held_out) if is_point else 0.0
        run.seconds += time.perf_counter() - began
        if is_point:
            run.curve.append(Point(run.step, sum(run.losses) / len(run.losses), unseen, run.seconds))
            run.losses.clear()
            _save(run, recipe, folder)
        watch(run.step, run.curve[-1] if run.curve else None)
    return Fitted(run.net.eval(), run.curve, run.seconds)


def _step(run: Fit, row: Row, recipe: Recipe, talkers: Talkers, embed: Embed | None) -> None:
    for group in run.optimizer.param_groups:
        group["lr"] = recipe.rate_at(run.step)
    # Drawn from the number of the step, so that a resumed run hears what an uninterrupted one would have heard.
    heard = magnitudes(draw_training(talkers, recipe.batch_size, recipe.seed, run.step))
    run.net.train()
    run.optimizer.zero_grad(set_to_none=True)
    loss = total_loss(row, separate(run.net, heard), heard, embed, recipe.num_embedded)
    loss.backward()  # type: ignore[no-untyped-call]
    run.optimizer.step()
    run.losses.append(float(loss.detach()))
    run.step += 1


def _held_out_loss(run: Fit, row: Row, held_out: Mixtures) -> float:
    heard = magnitudes(held_out)
    run.net.eval()
    with torch.inference_mode():
        return float(mask_loss(row, separate(run.net, heard), heard))


def _save(run: Fit, recipe: Recipe, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "net": run.net.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "step": run.step,
        "curve": [tuple(point) for point in run.curve],
        "seconds": run.seconds,
        "identity": recipe.identity,
    }
    # Renamed into place: a run may be cut while it writes.
    torch.save(state, folder / "checkpoint.part")
    os.replace(folder / "checkpoint.part", folder / "checkpoint.pt")


def _resume(row: Row, recipe: Recipe, folder: Path) -> Fit:
    torch.manual_seed(recipe.seed)
    net = row.new_network(recipe.width)
    run = Fit(net, torch.optim.Adam(net.parameters(), lr=recipe.rate, fused=True))
    path = folder / "checkpoint.pt"
    if path.is_file():
        stored = torch.load(path, weights_only=True)
        if stored["identity"] != recipe.identity:
            raise ValueError(
                f"expected a run of {recipe} in {folder}, got one of other settings: delete it or go on so"
            )
        net.load_state_dict(stored["net"])
        run.optimizer.load_state_dict(stored["optimizer"])
        run.step, run.seconds = stored["step"], stored["seconds"]
        run.curve = [Point(*point) for point in stored["curve"]]
    return run

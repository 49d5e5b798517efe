"""A trained row on mixtures of people whom nobody has trained on: figures by the sexes of target and interferer.

Invariant: every row is judged on the same mixtures, each towards its first voice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .clustered import Clusters, estimate
from .judge import Judged, with_griffin_lim, with_phase_of_mixture
from .mixing import Mixtures
from .rows import Network, Row, magnitudes, separate
from .talkers import Talkers

PAIRS = ("M-M", "M-F", "F-M", "F-F")
"""Target and interferer."""

GROUPS = {**{pair: (pair,) for pair in PAIRS}, "opposite": ("M-F", "F-M"), "same": ("M-M", "F-F"), "all": PAIRS}
_BATCH = 40

Tick = Callable[[int], None]


def evaluate(
    row: Row, net: Network, trial: Mixtures, talkers: Talkers, tick: Tick = lambda count: None
) -> dict[str, Any]:
    """Returns the figures of a row.

    Args:
        row: Which.
        net: Trained.
        trial: Mixtures at 0 dB, the target first.
        talkers: Those that ``trial.people`` points at.
        tick: Called with the number of mixtures that were judged since the last call.

    Returns:
        ``mixtures``; ``pairs``, played with the phase of the mixture, and ``griffin_lim``, each with figures by the
        names of ``GROUPS``; for a row without a face ``best_order``: as ``pairs``, of whichever output is nearer to
        the target, which nobody can know who does not have it.
    """
    judged: dict[str, list[Judged]] = {}
    for start in range(0, len(trial.people), _BATCH):
        batch = Mixtures(*(values[start : start + _BATCH] for values in trial))
        for name, one in _judge(row, net, batch).items():
            judged.setdefault(name, []).append(one)
        tick(len(batch.people))
    people, pairs = _who(trial, talkers)
    figures = {name: _by_group(_joined(parts), people, pairs) for name, parts in judged.items()}
    return {"mixtures": len(people), **figures}


@torch.inference_mode()
def _judge(row: Row, net: Network, batch: Mixtures) -> dict[str, Judged]:
    separated = separate(net.eval(), magnitudes(batch))
    # Without a face nothing says which of the two outputs is the target: it is the first, as well as any.
    chosen = separated[:, 0]
    judged = {"pairs": with_phase_of_mixture(chosen, batch), "griffin_lim": with_griffin_lim(chosen, batch)}
    if not row.face:
        other = with_phase_of_mixture(separated[:, 1], batch)
        judged["best_order"] = _better(judged["pairs"], other)
    return judged


def _better(one: Judged, other: Judged) -> Judged:
    return Judged(*(torch.where(one.si_sdri >= other.si_sdri, a, b) for a, b in zip(one, other, strict=True)))


def _joined(parts: list[Judged]) -> Judged:
    return Judged(*(torch.cat(values) for values in zip(*parts, strict=True)))


def _who(trial: Mixtures, talkers: Talkers) -> tuple[Clusters, list[str]]:
    """Returns a number for each person ``[N, 2]``, and the pair of sexes of each mixture."""
    numbers = {name: i for i, name in enumerate(sorted({talker.person for talker in talkers.talkers}))}
    drawn = [[talkers[int(number)] for number in pair] for pair in trial.people]
    people = np.array([[numbers[talker.person] for talker in pair] for pair in drawn], dtype=np.int64)
    return people, ["-".join(talker.sex.upper() for talker in pair) for pair in drawn]


def _by_group(judged: Judged, people: Clusters, pairs: list[str]) -> dict[str, Any]:
    groups = {name: np.isin(pairs, members) for name, members in GROUPS.items()}
    return {name: _figures(judged, people, chosen) for name, chosen in groups.items()}


def _figures(judged: Judged, people: Clusters, chosen: Any) -> dict[str, float]:
    figures: dict[str, float] = {}
    for name, values in (("sdri", judged.sdri), ("si_sdri", judged.si_sdri), ("accuracy", judged.right)):
        mean, error = estimate(_array(values)[chosen], people[chosen])
        figures |= {name: round(mean, 4), f"{name}_se": round(error, 4)}
    return {**figures, "n": int(chosen.sum())}


def _array(values: Tensor) -> Any:
    return values.double().numpy()

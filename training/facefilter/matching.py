"""Faces and voices into one space: N-way matching, with negatives within the batch.

First the voices alone: a linear map under which windows of one speaker lie together, apart from those of all others in
the batch, and from which the sex can be read. Then the faces, towards the voices, which stay where they are.

Invariant: voices never move towards the faces of the people that are trained on, so that an embedding of a face that a
head did not see in training lies as far from its voice as a stranger's would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.face_encoder import FaceHead
from models.voice_encoder import EMBEDDING_SIZE

BATCH = 256
TEMPERATURE = 0.1

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Faces and the voices that belong to them.

    Attributes:
        seen: What the public networks see in each face, standardised ``[N, 1796]``.
        voices: Windows of each voice in the space, unit length, each ``[W, E]``.
        male: Probability that the voice is male, ``[N]``.
        lfw: Faces without voices, standardised ``[L, 1796]``.
        lfw_male: 1 or 0, ``[L]``.
    """

    seen: Array
    voices: Sequence[Array]
    male: Array
    lfw: Array
    lfw_male: Array

    def take(self, rows: NDArray[np.int64]) -> Pairs:
        """Returns the pairs of ``rows`` alone, with all of LFW."""
        voices = [self.voices[row] for row in rows]
        return Pairs(self.seen[rows], voices, self.male[rows], self.lfw, self.lfw_male)


@dataclass(frozen=True, slots=True)
class MatchingOptions:
    """How heads are trained.

    Attributes:
        steps: Of the optimiser.
        learning_rate: Highest of a single cycle.
        weight_decay: Of AdamW.
        dropout: Of what is seen in a face.
        noise: Deviation of noise on what is seen.
        sex: Weight of reading the sex.
    """

    steps: int = 500
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    dropout: float = 0.8
    noise: float = 1.0
    sex: float = 0.3


def n_way(a: Tensor, b: Tensor, owners: Tensor, log_scale: Tensor) -> Tensor:
    """Returns the mean loss of choosing each row's partner among all rows, both ways.

    Args:
        a: Unit length ``[N, E]``.
        b: Partners of the rows of ``a``, ``[N, E]``.
        owners: Who each row is, ``[N]``: another row of the same person is no wrong answer.
        log_scale: Log of what similarities are multiplied by.
    """
    similarities = a @ b.T * log_scale.exp()
    same = (owners[:, None] == owners[None]) & ~torch.eye(len(owners), dtype=torch.bool)
    similarities = similarities.masked_fill(same, -1e9)
    answers = torch.arange(len(owners))
    return (functional.cross_entropy(similarities, answers) + functional.cross_entropy(similarities.T, answers)) / 2


def fit_voice_head(
    readings: Array, speakers: Sequence[NDArray[np.int64]], male: Array, seed: int = 0, steps: int = 600
) -> nn.Linear:
    """Trains the map of voices.

    Args:
        readings: Standardised ``[W, 256]``.
        speakers: The readings of each speaker that is trained on, two or more.
        male: Probability that each reading is of a male voice, ``[W]``.
        seed: Of everything random.
        steps: Of the optimiser.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head, sex = nn.Linear(readings.shape[1], EMBEDDING_SIZE), nn.Linear(EMBEDDING_SIZE, 1)
    log_scale = nn.Parameter(torch.tensor(-np.log(TEMPERATURE), dtype=torch.float32))
    everything, heard, is_male = (torch.from_numpy(x) for x in (readings, readings, male))
    optimiser, schedule = _optimiser([*head.parameters(), *sex.parameters(), log_scale], MatchingOptions(steps=steps))
    for _ in range(steps):
        owners = rng.integers(0, len(speakers), BATCH)
        pairs = np.stack([rng.choice(speakers[owner], 2, replace=False) for owner in owners])
        a, b = (functional.normalize(head(_noisy(heard[pairs[:, i]], 0.2)), dim=1) for i in (0, 1))
        loss = n_way(a, b, torch.from_numpy(owners), log_scale)
        any_rows = torch.from_numpy(rng.integers(0, len(everything), BATCH))
        c = functional.normalize(head(_noisy(everything[any_rows], 0.4)), dim=1)
        loss = loss + 0.3 * functional.binary_cross_entropy_with_logits(sex(5.0 * c)[:, 0], is_male[any_rows])
        _descend(loss, optimiser, schedule)
    return head.requires_grad_(False)


def fit_face_head(pairs: Pairs, options: MatchingOptions, seed: int = 0) -> FaceHead:
    """Trains a head towards voices that stay where they are."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    head, sex = FaceHead(options.dropout), nn.Linear(EMBEDDING_SIZE, 1)
    log_scale = nn.Parameter(torch.tensor(-np.log(TEMPERATURE), dtype=torch.float32))
    seen, male, lfw, lfw_male = (torch.from_numpy(x) for x in (pairs.seen, pairs.male, pairs.lfw, pairs.lfw_male))
    optimiser, schedule = _optimiser([*head.parameters(), *sex.parameters(), log_scale], options)
    for _ in range(options.steps):
        rows, others = rng.integers(0, len(seen), BATCH), rng.integers(0, len(lfw), BATCH)
        windows = np.stack([pairs.voices[row][rng.integers(len(pairs.voices[row]))] for row in rows])
        faces = head(_noisy(seen[rows], options.noise))
        loss = n_way(faces, torch.from_numpy(windows), torch.from_numpy(rows), log_scale)
        strangers = head(_noisy(lfw[others], options.noise))
        for embedding, answer in ((faces, male[rows]), (strangers, lfw_male[others])):
            logits = sex(5.0 * embedding)[:, 0]
            loss = loss + options.sex * functional.binary_cross_entropy_with_logits(logits, answer)
        _descend(loss, optimiser, schedule)
    return head.eval().requires_grad_(False)


def embed_faces(heads: Sequence[FaceHead], seen: Array) -> Array:
    """Returns the mean of the heads' answers, unit length ``[N, E]``."""
    with torch.inference_mode():
        total = torch.stack([head(torch.from_numpy(seen)) for head in heads]).sum(0)
        return functional.normalize(total, dim=1).numpy()


def _noisy(x: Tensor, deviation: float) -> Tensor:
    return x + deviation * torch.randn_like(x)


def _optimiser(
    parameters: list[nn.Parameter], options: MatchingOptions
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimiser = torch.optim.AdamW(parameters, options.learning_rate, weight_decay=options.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.learning_rate, total_steps=options.steps)
    return optimiser, schedule


def _descend(loss: Tensor, optimiser: torch.optim.Optimizer, schedule: Any) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    schedule.step()

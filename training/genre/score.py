"""Scores of clips by what the network says at each tick.

Invariant: scoring runs from zero state on clips that were not varied.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.frontend import HOP_SAMPLES, SAMPLE_RATE
from models.genre import TICK_FRAMES, GenreNet

from .corpus import Corpus
from .readings import Readings, read_whole
from .variation import decibels

TICK_S = TICK_FRAMES * HOP_SAMPLES / SAMPLE_RATE
SECONDS = (1, 3, 5, 10, 30)
ECE_BINS = 15
NUM_STARTS = 5

Probs = NDArray[np.float32]
"""float32 ``[N, T, L]``, probability of each label after each tick."""


def clip_probs(net: GenreNet, readings: Readings, clips: NDArray[np.int64]) -> Probs:
    """Returns what ``net`` says of ``clips`` from their beginnings."""
    chosen = torch.from_numpy(clips)
    with torch.inference_mode():
        parts = [_say(net, readings.draw(torch.zeros_like(part), part)) for part in chosen.split(64)]
    return torch.cat(parts).numpy()


def served_probs(net: GenreNet, corpus: Corpus, clips: NDArray[np.int64]) -> Probs:
    """Returns what ``net`` says of ``clips`` a frame at a time, as it is served: it may begin again on the way."""
    scripted = torch.jit.script(net.eval())
    parts = []
    with torch.inference_mode():
        for group in np.array_split(clips, -(-len(clips) // 64)):
            mel, chroma = (torch.from_numpy(decibels(table[group])) for table in (corpus.mel, corpus.chroma))
            log_probs, *_ = scripted.tag(mel, chroma, scripted.init_state(len(group)))
            parts.append(log_probs[:, TICK_FRAMES - 1 :: TICK_FRAMES].exp())
    return torch.cat(parts).numpy()


def start_probs(net: GenreNet, corpus: Corpus, clips: NDArray[np.int64], seconds: float, seed: int) -> Probs:
    """Returns what ``net`` says of ``seconds`` from a random place within each clip, never from its first frame.

    A clip that is shorter goes on from its second frame.
    """
    rng = np.random.default_rng(seed)
    length = int(seconds / TICK_S) * TICK_FRAMES
    parts = []
    for group in np.array_split(clips, -(-len(clips) // 16)):
        starts = [int(rng.integers(1, max(2, corpus.frames[clip] - length + 1))) for clip in group]
        pieces = [
            (clip, 1 + (start - 1 + np.arange(length)) % (int(corpus.frames[clip]) - 1))
            for clip, start in zip(group, starts, strict=True)
        ]
        mel, chroma = (
            torch.from_numpy(decibels(np.stack([table[piece] for piece in pieces])))
            for table in (corpus.mel, corpus.chroma)
        )
        with torch.inference_mode():
            parts.append(_say(net, read_whole(net, net.tick_sums(mel, chroma))))
    return torch.cat(parts).numpy()


def accuracy_after(net: GenreNet, corpus: Corpus, clips: NDArray[np.int64], whole: Probs) -> dict[str, float]:
    """Returns the accuracy after 1, 3, 5 and 10 s from random places (five a clip), and after the whole clip."""
    labels = corpus.labels[clips]
    after = {}
    for seconds in SECONDS[:-1]:
        ticks = int(seconds / TICK_S + 0.1)
        starts = [start_probs(net, corpus, clips, (ticks + 0.5) * TICK_S, seed) for seed in range(NUM_STARTS)]
        after[str(seconds)] = float(np.mean([accuracy(probs[:, -1], labels) for probs in starts]))
    return {**after, str(SECONDS[-1]): accuracy(whole[:, -1], labels)}


def accuracy(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Returns the share of rows ``[N, L]`` that are highest at the right label."""
    return float((probs.argmax(1) == labels).mean())


def confusion(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> list[list[int]]:
    """Returns the confusion matrix ``[L][L]``: rows are the truth, columns the decisions."""
    matrix = np.zeros((probs.shape[1], probs.shape[1]), dtype=int)
    np.add.at(matrix, (labels, probs.argmax(1)), 1)
    return [[int(count) for count in row] for row in matrix]


def reliability(probs: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, list[dict[str, float]]]:
    """Returns the expected calibration error over 15 equal bins of confidence (Guo et al., 2017), and the bins."""
    confidence, right = probs.max(1), probs.argmax(1) == labels
    bins = np.minimum((confidence * ECE_BINS).astype(int), ECE_BINS - 1)
    filled = []
    for number in np.unique(bins):
        here = bins == number
        filled.append(
            {"confidence": float(confidence[here].mean()), "accuracy": float(right[here].mean()), "n": int(here.sum())}
        )
    error = sum(entry["n"] * abs(entry["confidence"] - entry["accuracy"]) for entry in filled) / len(labels)
    return float(error), filled


def fit_temperature(probs: Probs, labels: NDArray[np.int64]) -> float:
    """Returns the temperature that makes the right labels most likely, over all ticks; ``probs`` have temperature 1."""
    logits = torch.from_numpy(np.log(np.maximum(probs, 1e-9))).transpose(1, 2)
    targets = torch.from_numpy(labels).unsqueeze(1).expand(-1, probs.shape[1])
    candidates = np.exp(np.linspace(np.log(0.3), np.log(4.0), 120))
    losses = [float(torch.nn.functional.cross_entropy(logits / t, targets)) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def _say(net: GenreNet, readings: Tensor) -> Tensor:
    zeros = torch.zeros(len(readings), net.embedding_size)
    hidden, _, _ = net.recall(readings, zeros, zeros)
    return torch.softmax(net.genre(hidden) / net.temperature, 2)

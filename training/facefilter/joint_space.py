"""The space that faces and voices share: trained, and everything embedded in it.

Invariant: the head that embeds a person for the training of the separator never saw that person; held-out people are
embedded by the heads that ship.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import nn

from models.face_encoder import CLIP, FaceHead

from .corpus import Recording, read_manifest
from .embeddings import Embeddings, save_embeddings
from .faces import Seen
from .matching import MatchingOptions, Pairs, embed_faces, fit_face_head, fit_voice_head
from .sexes import sex_scores
from .voices import Readings

VOICE_HEAD = "voice_head.pt"
FACE_HEADS = "face_heads.pt"
FIGURES = "matching.json"

NUM_HEADS = 3
NUM_FOLDS = 5
SEEN_DEVIATION = 1e-3
VOICE_DEVIATION = 0.02
"""Added to deviations before dividing by them: what hardly varies is not blown up."""

Array = NDArray[np.float32]


def train_matching(
    recordings: Sequence[Recording], readings: Readings, seen: Seen, data: Path, folder: Path, console: Console
) -> dict[str, Any]:
    """Trains the heads, writes them and the embeddings of everything into ``folder``.

    Returns:
        How well faces and voices match, see ``match_accuracy``: of held-out people, and of those trained on, each by a
        head that did not see them; and how often the estimated sex of a new speaker is right.
    """
    scores, sex_accuracy = sex_scores(recordings, readings)
    windows, starts_s = embed_voices(recordings, readings, scores, folder / VOICE_HEAD)
    clips = [i for i, recording in enumerate(recordings) if recording.face and i in windows]
    male = np.array([_probability(scores[i]) for i in clips], np.float32)
    pairs, mean, scale = standardised_pairs(recordings, clips, windows, male, seen, data)
    trained = np.array([recordings[i].part == "train" for i in clips])
    folds = np.array([_fold(recordings[i].person) for i in clips])
    heads = _fit_heads(pairs, trained, NUM_HEADS, 0)
    faces = embed_faces(heads, pairs.seen)
    for fold in range(NUM_FOLDS):
        strangers = trained & (folds == fold)
        crossed = _fit_heads(pairs, trained & ~strangers, 1, NUM_HEADS + fold)
        faces[strangers] = embed_faces(crossed, pairs.seen[strangers])
        console.print(f"fold {fold}: embedded {int(strangers.sum())} people by a head that did not see them")
    voices = np.stack([unit(windows[i].mean(axis=0)) for i in clips])
    names = [recordings[i].name for i in clips]
    by_name = dict(zip(names, faces, strict=True)), dict(zip(names, voices, strict=True))
    sexes = {name: scores[i] for name, i in zip(names, clips, strict=True)}
    save_embeddings(Embeddings(*by_name, windows, starts_s, sexes), recordings, folder)
    _save_heads(heads, mean, scale, folder / FACE_HEADS)
    is_male = male > 0.5
    figures = {
        "held_out": match_accuracy(faces[~trained], voices[~trained], is_male[~trained]),
        "crossed": match_accuracy(faces[trained], voices[trained], is_male[trained]),
        "sex_of_voice_accuracy": sex_accuracy,
    }
    (folder / FIGURES).write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def embed_voices(
    recordings: Sequence[Recording], readings: Readings, scores: dict[int, float], path: Path
) -> tuple[dict[int, Array], dict[int, Array]]:
    """Returns embeddings and beginnings of the windows of every recording, by its index, first clean, then noisy.

    The head comes from ``path`` where it was trained before.
    """
    if not path.is_file():
        torch.save(_fit_voices(recordings, readings, scores), path)
    state = torch.load(path, weights_only=True)
    head = nn.Linear(*reversed(state["head"]["weight"].shape)).requires_grad_(False)
    head.load_state_dict(state["head"])
    clean, noisy = (
        unit(head((torch.from_numpy(x) - state["mean"]) * state["scale"]).numpy())
        for x in (readings.clean, readings.noisy)
    )
    windows, starts_s = {}, {}
    for i in np.unique(readings.owners):
        rows = readings.owners == i
        windows[int(i)] = np.concatenate((clean[rows], noisy[rows]))
        starts_s[int(i)] = np.tile(readings.starts_s[rows], 2)
    return windows, starts_s


def standardised_pairs(
    recordings: Sequence[Recording],
    clips: Sequence[int],
    windows: dict[int, Array],
    male: Array,
    seen: Seen,
    data: Path,
) -> tuple[Pairs, Array, Array]:
    """Returns faces with their voices, and the mean and the scale that what is seen was standardised by."""
    mean = seen.values.mean(axis=0)
    scale = (1.0 / (seen.values.std(axis=0) + SEEN_DEVIATION)).astype(np.float32)
    values = np.clip((seen.values - mean) * scale, -CLIP, CLIP)
    place = {path: row for row, path in enumerate(seen.paths)}
    lfw = read_manifest(data / "lfw")
    pairs = Pairs(
        values[[place[recordings[i].face] for i in clips]],
        [windows[i] for i in clips],
        male,
        values[[place[f"lfw/{row['file']}"] for row in lfw]],
        np.array([row["sex"] == "m" for row in lfw], np.float32),
    )
    return pairs, mean, scale


def match_accuracy(faces: Array, voices: Array, male: NDArray[np.bool_]) -> dict[str, float]:
    """Returns how often the right one of two is chosen, the mean of voice to face and face to voice, over all pairs.

    Args:
        faces: Unit length ``[N, E]``.
        voices: Of the same people, ``[N, E]``.
        male: ``[N]``.
    """
    similarity = faces @ voices.T
    own = np.diag(similarity)
    apart = ~np.eye(len(own), dtype=bool)
    opposite = male[:, None] != male[None]
    right = ((own[:, None] > similarity) + 0.0 + (own[None] > similarity)) / 2
    kinds = {"opposite": opposite, "same": apart & ~opposite, "all": apart}
    return {kind: float(right[where].mean()) for kind, where in kinds.items()}


def unit(x: Array) -> Array:
    """Returns ``x [..., E]`` at length one."""
    scaled: Array = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return scaled


def _fit_heads(pairs: Pairs, rows: NDArray[np.bool_], count: int, seed: int) -> list[FaceHead]:
    own = pairs.take(np.flatnonzero(rows))
    return [fit_face_head(own, MatchingOptions(), seed + i) for i in range(count)]


def _fit_voices(recordings: Sequence[Recording], readings: Readings, scores: dict[int, float]) -> dict[str, Any]:
    mean = readings.clean.mean(axis=0)
    scale = (1.0 / (readings.clean.std(axis=0) + VOICE_DEVIATION)).astype(np.float32)
    trained = [k for k, i in enumerate(readings.owners) if recordings[i].part == "train"]
    speakers: dict[str, list[int]] = {}
    for row, k in enumerate(trained):
        speakers.setdefault(recordings[readings.owners[k]].person, []).append(row)
    male = np.array([_probability(scores[int(readings.owners[k])]) for k in trained], np.float32)
    several = [np.array(rows) for rows in speakers.values() if len(rows) > 1]
    head = fit_voice_head(((readings.clean - mean) * scale)[trained], several, male)
    return {"head": head.state_dict(), "mean": torch.from_numpy(mean), "scale": torch.from_numpy(scale)}


def _save_heads(heads: Sequence[FaceHead], mean: Array, scale: Array, path: Path) -> None:
    states = [head.state_dict() for head in heads]
    torch.save({"heads": states, "mean": torch.from_numpy(mean), "scale": torch.from_numpy(scale)}, path)


def _fold(person: str) -> int:
    return int(hashlib.sha256(person.encode()).hexdigest(), 16) // 7 % NUM_FOLDS


def _probability(log_odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-log_odds)))

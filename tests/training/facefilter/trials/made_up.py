"""Held-out people who are not people: deep voices with red pictures, thin ones with blue, and a hiss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.training.facefilter.trials.stand_in import Face, Separator, Voice
from training.facefilter.corpus import Recording
from training.facefilter.trials.evidence import Evidence
from training.facefilter.trials.subject import Subject
from training.facefilter.waveforms import FULL_SCALE, SAMPLE_RATE, Waveforms

HZ = {"m": (150.0, 900.0), "f": (7_100.0, 7_800.0)}
"""Where the tones of deep and thin voices are."""

COLOURS = {"m": (200, 30, 30), "f": (30, 30, 200)}


def new_voice(sex: str, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Twelve tones that come and go four times a second."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    hz, phase = rng.uniform(*HZ[sex], 12), rng.uniform(0, 2 * np.pi, 12)
    tones = np.sin(2 * np.pi * hz[:, None] * time_s + phase[:, None]).sum(0)
    syllables = 0.55 - 0.45 * np.cos(2 * np.pi * (4.0 * time_s + rng.random()))
    return (0.02 * tones * syllables).astype(np.float32)


def new_subject() -> Subject:
    nets = (torch.jit.script(net().eval()) for net in (Face, Voice, Separator))
    return Subject(*nets, digest="5" * 64)


def new_evidence(folder: Path, people: int = 6, seconds: float = 3.6) -> Evidence:
    """Everybody is of the valid part but one, who must never be heard."""
    rng = np.random.default_rng(0)
    recordings: list[Recording] = []
    clips: list[np.ndarray] = []

    def add(corpus: str, name: str, person: str, sex: str, part: str = "valid", said: str = "") -> None:
        face = f"{name}.png" if corpus == "facevoice" else ""
        if face:
            Image.new("RGB", (60, 60), COLOURS[sex]).save(folder / face)
        recordings.append(Recording(f"{name}.opus", corpus, "speech", f"{corpus}/{person}", part, said, face))
        clips.append(new_voice(sex, seconds, rng))

    sexes = {}
    for i in range(people):
        sexes[f"clip{i}"] = "mf"[i % 2]
        add("facevoice", f"clip{i}", str(i), "mf"[i % 2])
    add("facevoice", "trained", "trained", "m", part="train")
    for i in range(4):
        add("librispeech", f"reader{i}", str(i), "mf"[i % 2], said="mf"[i % 2])
        for sentence in range(3):
            add("speechocean762", f"learner{i}-{sentence}", str(i), "mf"[i % 2], said="mf"[i % 2])
    for name, gain in (("hiss", 0.05), ("nothing", 0.0)):
        recordings.append(Recording(f"{name}.ogg", "nonspeech", "noise", f"nonspeech/{name}", "valid"))
        clips.append((gain * rng.standard_normal(SAMPLE_RATE)).astype(np.float32))
    starts = np.concatenate([[0], np.cumsum([len(clip) for clip in clips])])
    samples = np.round(np.concatenate(clips) * FULL_SCALE).astype(np.int16)
    return Evidence(folder, tuple(recordings), Waveforms(samples, starts), sexes)

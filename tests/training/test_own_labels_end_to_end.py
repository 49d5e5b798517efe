"""One command from a folder of somebody's music to a service that names it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 22_050
TIMEOUT_S = 600
Song = Callable[[float, np.random.Generator], np.ndarray]


def chords(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Triads on four degrees of a random key, as organ tones of eight harmonics."""
    time = np.arange(round(seconds * RATE)) / RATE
    tonic = 110.0 * 2 ** (rng.integers(12) / 12)
    bar_s = rng.uniform(0.8, 1.6)
    bars = np.array([(0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)])[(time / bar_s).astype(int) % 4]
    decay = np.exp(-1.5 * (time % bar_s))
    pitches = tonic * 2 ** (bars.T / 12)
    phases = np.cumsum(pitches / RATE, axis=1)
    return decay * sum(np.sin(2 * np.pi * n * phase) / n for phase in phases for n in range(1, 9))


def drums(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Kick on every beat, snare on every second and hi-hat between, at a random tempo."""
    time = np.arange(round(seconds * RATE)) / RATE
    beat_s = 60.0 / rng.uniform(90, 150)
    hiss = rng.standard_normal(len(time))
    since_beat, since_snare = time % beat_s, (time + beat_s) % (2 * beat_s)
    since_hat = (time + beat_s / 4) % (beat_s / 2)
    kick = np.sin(2 * np.pi * (45 * since_beat + 6 * (1 - np.exp(-20 * since_beat)))) * np.exp(-12 * since_beat)
    hat = np.diff(hiss, prepend=0.0) * np.exp(-60 * since_hat)
    return kick + 0.4 * hiss * np.exp(-18 * since_snare) + 0.15 * hat


def waves(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Coloured noise that swells and falls every few seconds."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.maximum(np.arange(len(spectrum)), 50.0) ** rng.uniform(0.4, 0.7)
    swell = 1.2 + np.sin(2 * np.pi * np.arange(count) / RATE / rng.uniform(2, 5) + rng.uniform(0, 6))
    return np.fft.irfft(spectrum, count) * swell


SONGS: dict[str, Song] = {"Akkorde": chords, "drums": drums, "étude de vagues": waves}


def write_song(path: Path, song: Song, seconds: float, seed: int) -> Path:
    """Writes a song at a random level."""
    rng = np.random.default_rng(seed)
    samples = song(seconds, rng)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, rng.uniform(0.1, 0.7) * samples / np.abs(samples).max(), RATE)
    return path


def run(folder: Path, *arguments: object) -> str:
    """Runs ``python -m`` with the arguments in ``folder``, as a user does, and returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", *(str(argument) for argument in arguments)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


def label_of(path: Path, models: Path) -> str | None:
    """Returns the last label that ``tectum process`` named."""
    printed = run(path.parent, "realtime", "process", path, "--plugin", "genre", "--models", models, "--json")
    events = [event for event in map(json.loads, printed.splitlines()) if event["type"] == "genre"]
    assert {entry["label"] for entry in events[-1]["top"]} == set(SONGS)
    label: str | None = events[-1]["label"]
    return label


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_folder_of_three_labels_becomes_a_service_that_names_them(tmp_path: Path) -> None:
    for label, song in SONGS.items():
        for i in range(10):
            write_song(tmp_path / "music" / label / f"{i}.{('wav', 'flac', 'ogg')[i % 3]}", song, 12.0, i)
    run(tmp_path, "training.genre", "train", "--audio", "music", "--out", "models")

    card = json.loads((tmp_path / "models" / "genre.json").read_text())
    assert set(card["labels"]) == set(SONGS)
    named = {
        label: label_of(write_song(tmp_path / f"new {i}.wav", song, 15.0, 1_000 + i), tmp_path / "models")
        for i, (label, song) in enumerate(SONGS.items())
    }
    assert named == {label: label for label in SONGS}

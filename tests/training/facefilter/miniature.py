"""A data folder in miniature: harmonic voices, pictures of one colour and noises, in the layout of the real one."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from training.facefilter.corpus import Recording, part_of
from training.facefilter.embeddings import Embeddings
from training.facefilter.waveforms import SAMPLE_RATE

HZ = {"f": 210.0, "m": 110.0}
PARTS = ("train", "valid")
EMBEDDING_SIZE = 128

Row = dict[str, object]


def build(folder: Path) -> Path:
    """Writes all corpora below ``folder`` and returns it."""
    rng = np.random.default_rng(0)
    _facevoice(folder / "facevoice", rng)
    _librispeech(folder / "librispeech", rng)
    _speechocean(folder / "speechocean762", rng)
    _voices(folder / "voices", rng)
    _lfw(folder / "lfw", rng)
    for name, label in (("nonspeech", "name"), ("esc10", "label"), ("urbansound8k", "label"), ("moodist", "name")):
        _noise(folder / name, label, rng)
    return folder


def voice(sex: str, seconds: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Harmonics of a pitch near that of the sex, with timbre and syllables of their own."""
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    orders = np.arange(1, 25)
    gains = rng.uniform(0.2, 1.0, 24) / orders
    hz = HZ[sex] * rng.uniform(0.9, 1.1)
    tones = gains @ np.sin(2 * np.pi * hz * orders[:, None] * time_s + rng.uniform(0, 6, (24, 1)))
    syllables = 0.6 - 0.4 * np.cos(2 * np.pi * rng.uniform(3.0, 5.0) * time_s)
    return (0.1 * tones * syllables).astype(np.float32)


def names_of(part: str, corpus: str) -> Iterator[str]:
    """Yields names of people whom ``part_of`` deals to ``part``."""
    return (name for name in map(str, itertools.count(100)) if part_of(f"{corpus}/{name}") == part)


def made_up_embeddings(recordings: Sequence[Recording]) -> Embeddings:
    """Returns embeddings by which every face and every recording is recognised: each lies in a direction of its own."""
    rng = np.random.default_rng(0)
    speech = [i for i, recording in enumerate(recordings) if recording.kind == "speech"]
    directions = {i: _direction(rng) for i in speech}
    clips = {recordings[i].name: i for i in speech if recordings[i].face}
    return Embeddings(
        face={clip: _direction(rng) for clip in clips},
        voice={clip: directions[i] for clip, i in clips.items()},
        windows={i: np.stack([directions[i]] * 2) for i in speech},
        starts_s={i: np.zeros(2, np.float32) for i in speech},
        sex_score={clip: 5.0 if recordings[i].sex == "m" else -5.0 for clip, i in clips.items()},
    )


def made_up_rooms(num_rooms: int = 3) -> NDArray[np.float32]:
    """Returns responses that begin with one and die away, ``[num_rooms, 3, 6400]``."""
    noise = np.random.default_rng(0).normal(0.0, 0.05, (num_rooms, 3, 6_400))
    rooms = noise * np.exp(-np.arange(6_400) / 800)
    rooms[:, :, 0] = 1.0
    return rooms.astype(np.float32)


def write_manifest(folder: Path, rows: Sequence[Row]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.tsv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)


def _facevoice(folder: Path, rng: np.random.Generator) -> None:
    """Six people are trained on, the first with two clips, and four are held out."""
    rows: list[Row] = []
    for part, people in (("train", "aabcdef"), ("valid", "ghij")):
        for clip, person in enumerate(people):
            sex = "mf"[ord(person) % 2]
            name = f"{part}{clip}"
            rows.append({"clip": name, "split": part, "corpus": "avspeech", "identity": f"yt_{person}", "sex": sex})
            x = voice(sex, 1.6 + 0.2 * clip, rng)
            _sound(folder / "voice" / f"{name}.opus", x, format="OGG", subtype="OPUS")
            _picture(folder / "face" / f"{name}.jpg", 224, rng)
    write_manifest(folder, rows)


def _librispeech(folder: Path, rng: np.random.Generator) -> None:
    rows: list[Row] = []
    for part in PARTS:
        for sex, speaker in zip("mfm", names_of(part, "librispeech"), strict=False):
            rows.append({"file": f"{speaker}.flac", "speaker": speaker, "sex": sex})
            _sound(folder / f"{speaker}.flac", voice(sex, 2.5, rng))
    write_manifest(folder, rows)


def _speechocean(folder: Path, rng: np.random.Generator) -> None:
    rows: list[Row] = []
    for part in PARTS:
        for sex, speaker in zip("fm", names_of(part, "speechocean762"), strict=False):
            for sentence in range(3):
                file = f"{speaker}-{sentence}.flac"
                rows.append({"file": file, "speaker": speaker, "sex": sex, "age": 25, "part": "test"})
                _sound(folder / file, voice(sex, 1.0 + sentence, rng))
    write_manifest(folder, rows)


def _voices(folder: Path, rng: np.random.Generator) -> None:
    """``msc`` says the sex of nobody but estimates it, with a doubt; ``dsp20`` gives it."""
    rows: list[Row] = []
    for name, part in itertools.product(("msc", "dsp20"), PARTS):
        for sex, speaker in zip("mf", names_of(part, f"voices/{name}"), strict=False):
            given, estimate = (sex, "") if name == "dsp20" else ("", f"{sex}?")
            file = f"{name}-{speaker}.flac"
            rows.append({"file": file, "set": name, "speaker": speaker, "sex": given, "sex_estimate": estimate})
            _sound(folder / file, voice(sex, 0.8, rng))
    write_manifest(folder, rows)


def _noise(folder: Path, label: str, rng: np.random.Generator) -> None:
    """Two noises of each part, two files a source where sources are named, and one in which somebody speaks."""
    rows: list[Row] = []
    for part in PARTS:
        for source in itertools.islice(names_of(part, folder.name), 2):
            if label == "name":
                rows.append({"file": f"{source}.flac", "name": source})
            else:
                rows += [{"file": f"{source}-{i}.flac", "label": "rain", "source": source, "fold": 1} for i in range(2)]
    speaking = {"moodist": "things-tuning-radio", "urbansound8k": "children_playing"}.get(folder.name)
    if speaking:
        rows.append({**rows[0], "file": "speaking.flac", label: speaking})
    for row in rows:
        _sound(folder / str(row["file"]), (0.1 * rng.standard_normal(SAMPLE_RATE)).astype(np.float32))
    write_manifest(folder, rows)


def _lfw(folder: Path, rng: np.random.Generator) -> None:
    rows: list[Row] = [{"file": f"stranger{i}.jpg", "name": f"Stranger {i}", "sex": "mf"[i % 2]} for i in range(4)]
    for row in rows:
        _picture(folder / str(row["file"]), 112, rng, "L")
    write_manifest(folder, rows)


def _sound(path: Path, x: NDArray[np.float32], **kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, x, SAMPLE_RATE, **kind)


def _picture(path: Path, size: int, rng: np.random.Generator, mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    patches = rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)
    Image.fromarray(patches).resize((size, size), Image.Resampling.NEAREST).convert(mode).save(path)


def _direction(rng: np.random.Generator) -> NDArray[np.float32]:
    x = rng.normal(size=EMBEDDING_SIZE)
    return (x / np.linalg.norm(x)).astype(np.float32)

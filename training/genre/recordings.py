"""Recordings that are not in GTZAN's table, passed through the front-end: speech, ambience, and GTZAN as opus.

Speech and ambience teach the second output what is not music. GTZAN's own clips as opus (training ids only) are
there so that a codec's traces do not give the answer away.

Invariant: a speaker or a source recording is in one part only, whatever its number of files.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from rich.progress import track

from models.frontend import FRAME_SAMPLES, SAMPLE_RATE, MelBands

SPEECH = ("librispeech", "speechocean762", "voices")
AMBIENCE = ("esc10", "moodist", "nonspeech", "textures", "urbansound8k")
MUSICAL = {
    "street_music",
    "places-carousel",
    "places-church",
    "places-temple",
    "things-singing-bowl",
    "things-tuning-radio",
    "things-wind-chimes",
    "ASE-49 Wind Chimes",
    "Bongo_Loop2",
    "Castanets_steady2",
    "Drumroll",
    "ESE-68 Church bells",
    "Hi-Hats_Rattling",
    "Music-Apache",
    "Music-mambo_moderno",
    "SE4-11 Castenets",
    "Tambourine_Shaking",
    "downbeat_4_4",
    "reverse_snare_sequence",
    "rhythm_1_2",
    "rhythm_1_2_3",
    "rhythm_da_da_da_da",
    "snare_rimshot_sequence",
    "snare_steel_sequence",
    "tapping_rhythm",
    "tapping_rhythm2",
    "whistling",
}
"""Labels of the ambience sets that hold music, or may: neither taught nor counted as anything."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One file of the data folder.

    Attributes:
        path: Below the data folder.
        kind: ``speech``, ``ambience`` or ``music``.
        group: Speaker, source recording or clip id: the unit that is never split.
        part: ``train``, ``valid`` or ``test``.
    """

    path: str
    kind: str
    group: str
    part: str


@dataclass(frozen=True, slots=True)
class Recordings:
    """Mel bands of many recordings, end to end.

    Attributes:
        items: The recordings.
        mel: uint8 ``[sum of frames, 128]``, dB = value / 2 - 100.
        starts: int64 ``[N + 1]``; recording ``i`` has the frames ``starts[i]:starts[i + 1]``.
    """

    items: tuple[Recording, ...]
    mel: NDArray[np.uint8]
    starts: NDArray[np.int64]

    def frames(self, i: int) -> NDArray[np.uint8]:
        """Returns the bands ``[F, 128]`` of recording ``i``."""
        return self.mel[self.starts[i] : self.starts[i + 1]]

    def select(self, part: str, *kinds: str) -> list[int]:
        """Returns the recordings of one part and any of ``kinds``."""
        return [i for i, item in enumerate(self.items) if item.part == part and item.kind in kinds]


def part_of(group: str) -> str:
    """Deals groups to train (70 %), valid (10 %) and test (20 %) by a hash of the name, the same everywhere."""
    bucket = int(hashlib.sha256(group.encode()).hexdigest(), 16) % 10
    return "valid" if bucket == 0 else "test" if bucket <= 2 else "train"


def list_recordings(data: Path, gtzan_train: frozenset[str]) -> Iterator[Recording]:
    """Yields every usable recording; of ``gtzan_audio`` the clips of ``gtzan_train`` alone."""
    for name in (*SPEECH, *AMBIENCE):
        for row in _manifest(data / name):
            if not MUSICAL & {row.get("label"), row.get("name")}:
                group = f"{name}/{row.get('set', '')}/{row.get('speaker') or row.get('source') or row['file']}"
                kind = "speech" if name in SPEECH else "ambience"
                yield Recording(f"{name}/{row['file']}", kind, group, part_of(group))
    for row in _manifest(data / "gtzan_audio"):
        if row["id"] in gtzan_train:
            yield Recording(f"gtzan_audio/{row['file']}", "music", row["id"], "train")


def load_recordings(data: Path, gtzan_train: frozenset[str], bands: MelBands, cache: Path) -> Recordings:
    """Returns the bands of every recording, from ``cache`` where it holds the same list, else decoded (minutes)."""
    items = tuple(list_recordings(data, gtzan_train))
    if cache.is_file():
        with np.load(cache) as stored:
            if list(stored["paths"]) == [item.path for item in items]:
                return Recordings(items, stored["mel"], stored["starts"])
    mels = [_bands_of(data / item.path, bands) for item in track(items, description="decoding recordings")]
    starts = np.concatenate([[0], np.cumsum([len(mel) for mel in mels])]).astype(np.int64)
    recordings = Recordings(items, np.concatenate(mels), starts)
    cache.parent.mkdir(parents=True, exist_ok=True)
    np.savez(cache, paths=np.array([item.path for item in items]), mel=recordings.mel, starts=starts)
    return recordings


def read_audio(path: Path) -> NDArray[np.float32]:
    """Decodes a file to mono float32 ``[T]`` at 22,050 Hz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    resampled: NDArray[np.float32] = soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE, "HQ")
    return resampled


def quantise(mel_db: torch.Tensor) -> NDArray[np.uint8]:
    """Stores dB as GTZAN's table does: value / 2 - 100."""
    stored: NDArray[np.uint8] = ((mel_db + 100.0) * 2.0).round().clamp(0, 255).to(torch.uint8).numpy()
    return stored


def _bands_of(path: Path, bands: MelBands) -> NDArray[np.uint8]:
    samples = read_audio(path)
    if len(samples) < FRAME_SAMPLES:
        return np.empty((0, 128), dtype=np.uint8)
    with torch.inference_mode():
        return quantise(bands(torch.from_numpy(samples)[None])[0])


def _manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))

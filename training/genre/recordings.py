"""Recordings that are not in GTZAN's table, passed through the front-end: speech, ambience, and GTZAN as opus.

Speech and ambience teach the second output what is not music. GTZAN's own clips as opus (training ids only) are
there so that a codec's traces do not give the answer away.

Invariant: a speaker or a source recording is in one part only, whatever its number of files.
"""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from models.frontend import Bands

from .decode import StoredBands, bands_of

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
    """Bands of many recordings, end to end.

    Attributes:
        items: The recordings.
        mel: uint8 ``[sum of frames, 128]``, dB = value / 2 - 100.
        chroma: uint8 ``[sum of frames, 12]``, likewise.
        starts: int64 ``[N + 1]``; recording ``i`` has the frames ``starts[i]:starts[i + 1]``.
    """

    items: tuple[Recording, ...]
    mel: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    starts: NDArray[np.int64]

    def frames(self, i: int) -> NDArray[np.uint8]:
        """Returns the mel bands ``[F, 128]`` of recording ``i``."""
        return self.mel[self.starts[i] : self.starts[i + 1]]

    def bands(self, i: int) -> StoredBands:
        """Returns the mel bands and the chroma of recording ``i``."""
        frames = slice(self.starts[i], self.starts[i + 1])
        return StoredBands(self.mel[frames], self.chroma[frames])

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


def load_recordings(data: Path, gtzan_train: frozenset[str], bands: Bands, cache: Path) -> Recordings:
    """Returns the bands of every recording, from ``cache`` where it holds the same list, else decoded (minutes)."""
    items = tuple(list_recordings(data, gtzan_train))
    if cache.is_file():
        with np.load(cache) as stored:
            if "chroma" in stored and list(stored["paths"]) == [item.path for item in items]:
                return Recordings(items, stored["mel"], stored["chroma"], stored["starts"])
    decoded = [bands_of(data / item.path, bands) for item in track(items, description="decoding recordings")]
    recordings = join_recordings(items, decoded)
    cache.parent.mkdir(parents=True, exist_ok=True)
    # Written whole or not at all: what reads the cache meanwhile finds the one before.
    partial = cache.with_suffix(".partial.npz")
    np.savez(
        partial,
        paths=np.array([item.path for item in items]),
        mel=recordings.mel,
        chroma=recordings.chroma,
        starts=recordings.starts,
    )
    os.replace(partial, cache)
    return recordings


def join_recordings(items: Sequence[Recording], decoded: Sequence[StoredBands]) -> Recordings:
    """Lays the bands of ``items`` end to end."""
    mel, chroma = (np.concatenate(column) for column in zip(*decoded, strict=True))
    starts = np.concatenate([[0], np.cumsum([len(bands.mel) for bands in decoded])]).astype(np.int64)
    return Recordings(tuple(items), mel, chroma, starts)


def _manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.tsv").open(newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))

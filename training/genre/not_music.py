"""Anybody's own recordings of what is not music, for the output that tells music from the rest.

Invariant: a folder, where there are some, or else a file, is in one part only.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.filterbank import chroma_filters, kept_bins, mel_filters
from models.frontend import NUM_CHROMA, NUM_MELS, Bands

from .band_cache import BandCache
from .corpus import CorpusError
from .decode import StoredBands, UnreadableAudio
from .folder import MIN_CLIP_FRAMES, sound_files
from .recordings import Recording, Recordings, join_recordings

MIN_GROUPS = 10
"""Folders or files that are needed: one for valid, two for test and the rest to learn from."""

SPEECH = "speech"
"""A folder of this name holds speech; everything else is ambience. Batches draw a third of it from speech."""


def load_not_music(folder: Path, cache: Path, tell: Callable[[str], None] = print) -> Recordings:
    """Reads a folder of speech, ambience and noise, of any depth and in any format.

    Args:
        folder: Files, or folders of files that belong together (a speaker, a place), which are one group. What lies
            below ``speech/`` is speech, and its folders are the groups.
        cache: See ``load_folder``.
        tell: Receives a line about every file that was left out.

    Raises:
        CorpusError: There is no such folder, or it has fewer than ten groups that can be used.
    """
    if not folder.is_dir():
        raise CorpusError(f"expected a folder of what is not music, got {folder}, which is none")
    paths = list(sound_files(folder))
    bands = Bands(kept_bins(), mel_filters(), chroma_filters())
    decoded: list[tuple[Path, StoredBands]] = []
    for path, found in zip(paths, BandCache(cache, bands).read_all(paths, "reading what is not music"), strict=True):
        if isinstance(found, UnreadableAudio):
            tell(f"left out: {found}")
        elif len(found.mel) < MIN_CLIP_FRAMES:
            tell(f"left out: {path} is shorter than 3 s")
        else:
            decoded.append((path, found))
    parts = deal({_group_of(path, folder) for path, _ in decoded})
    if len(parts) < MIN_GROUPS:
        raise CorpusError(f"expected at least {MIN_GROUPS} usable files or folders below {folder}, got {len(parts)}")
    items = [_recording(path, folder, parts) for path, _ in decoded]
    return join_recordings(items, [found for _, found in decoded])


def deal(groups: set[str]) -> dict[str, str]:
    """Deals groups to valid (a tenth), test (a fifth) and train, in an order that a hash of their names gives."""
    order = sorted(groups, key=lambda group: hashlib.sha256(os.fsencode(group)).digest())
    num_valid, num_test = round(0.1 * len(order)), round(0.2 * len(order))
    parts = ["valid"] * num_valid + ["test"] * num_test + ["train"] * (len(order) - num_valid - num_test)
    return dict(zip(order, parts, strict=True))


def _group_of(path: Path, folder: Path) -> str:
    """Returns the first folder, or file, below ``folder``, or below its folder ``speech``."""
    parts = path.relative_to(folder).parts
    return "/".join(parts[:2]) if _is_speech(path, folder) else parts[0]


def _is_speech(path: Path, folder: Path) -> bool:
    return path.relative_to(folder).parts[0].lower() == SPEECH


def _recording(path: Path, folder: Path, parts: dict[str, str]) -> Recording:
    group = _group_of(path, folder)
    kind = "speech" if _is_speech(path, folder) else "ambience"
    return Recording(path.relative_to(folder).as_posix(), kind, group, parts[group])


def no_recordings() -> Recordings:
    """Returns recordings of nothing, where there is nothing but music to learn from."""
    nothing = StoredBands(np.empty((0, NUM_MELS), np.uint8), np.empty((0, NUM_CHROMA), np.uint8))
    return Recordings((), *nothing, np.zeros(1, np.int64))

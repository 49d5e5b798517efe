"""Bands of sound files, each decoded once: a folder of one ``.npz`` a file.

Invariant: an entry is written whole or not at all, so a run that was cut goes on with the file it was cut at; and an
entry is used only while the file has the size and the time of change that it had.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rich.progress import track

from models.frontend import Bands

from .decode import StoredBands, UnreadableAudio, bands_of

VERSION = 1
"""Of the front-end and the way of storing: entries of another one are decoded again."""

MAX_WORKERS = 8


class BandCache:
    """Bands of files, from ``folder`` where they are there.

    Args:
        folder: Made when needed.
        bands: The front-end.
    """

    def __init__(self, folder: Path, bands: Bands) -> None:
        self._folder = folder
        self._bands = bands

    def read(self, path: Path) -> StoredBands:
        """Returns the bands of one file.

        Raises:
            UnreadableAudio: The file is missing, damaged or holds no sound.
        """
        entry = self._folder / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:32]}.npz"
        stamp = _stamp(path)
        stored = _load(entry, stamp)
        if stored is None:
            stored = bands_of(path, self._bands)
            _save(entry, stamp, stored)
        return stored

    def read_all(self, paths: Sequence[Path], description: str) -> Iterator[StoredBands | UnreadableAudio]:
        """Yields the bands of each file, or what is wrong with it, in order, under a progress bar.

        The work is libsndfile's, soxr's and torch's, which leave the interpreter free: threads do.
        """
        with ThreadPoolExecutor(min(MAX_WORKERS, os.cpu_count() or 1)) as pool:
            try:
                yield from track(pool.map(self._try, paths), description, total=len(paths))
            finally:
                pool.shutdown(cancel_futures=True)  # else an interrupt waits for every file of the queue

    def _try(self, path: Path) -> StoredBands | UnreadableAudio:
        try:
            return self.read(path)
        except UnreadableAudio as error:
            return error


def _stamp(path: Path) -> list[int]:
    try:
        status = path.stat()
    except OSError as error:
        raise UnreadableAudio(f"expected a sound file, got {path}: {error.strerror}") from error
    return [VERSION, status.st_size, status.st_mtime_ns]


def _load(entry: Path, stamp: list[int]) -> StoredBands | None:
    try:
        with entry.open("rb") as file, np.load(file) as stored:
            if stored["stamp"].tolist() == stamp:
                return StoredBands(stored["mel"], stored["chroma"])
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # not there, or not ours
    return None


def _save(entry: Path, stamp: list[int], stored: StoredBands) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    partial = entry.with_suffix(".partial.npz")
    np.savez(partial, stamp=np.array(stamp), mel=stored.mel, chroma=stored.chroma)
    os.replace(partial, entry)

"""Anybody's own labels: a folder of ``label/file`` or ``label/artist/file`` as a corpus.

Invariant: what cannot be used is left out and named; what is left can be split in three by file or artist.
"""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.filterbank import chroma_filters, kept_bins, mel_filters
from models.frontend import NUM_CHROMA, NUM_MELS, Bands

from .band_cache import BandCache
from .corpus import Corpus, CorpusError
from .decode import StoredBands, UnreadableAudio

SUFFIXES = frozenset(
    ".aac .aif .aifc .aiff .amr .ape .au .caf .flac .m4a .m4b .mka .mkv .mov .mp2 .mp3 .mp4 .mpga .oga .ogg .opus .w64 "
    ".wav .webm .wma .wv".split()
)
"""Names of sound files, and of videos with sound; pictures, lists and notes beside them are passed over."""

CLIP_FRAMES = 344
"""Frames of a clip, 30 s: as many as GTZAN's have."""

MIN_CLIP_FRAMES = 34
"""A rest of a file that is shorter than this, 3 s, is left out."""

MAX_CLIPS_A_FILE = 8
"""Clips of one file, evenly spread over it, so that a mix of hours does not outweigh a hundred songs."""

SILENT = 60
"""A clip whose loudest band stays below this (-70 dB) has nothing to be learned from."""

MIN_FILES = 5
"""Usable files that a label needs."""

MIN_GROUPS = 3
"""Artists, or files, that a label needs: one each to train on, to choose by and to test on."""


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """A sound file of a labelled folder.

    Attributes:
        path: Where it is.
        name: Below the folder, with slashes: ``label/artist/song.mp3``.
        label: The first folder's name, in Unicode's composed form (NFC).
        group: ``label/artist``, or ``name`` where there is no artist's folder.
    """

    path: Path
    name: str
    label: str
    group: str


class _Clip(NamedTuple):
    """One clip of a file."""

    file: LabelledFile
    number: int
    bands: StoredBands


def load_folder(folder: Path, cache: Path, tell: Callable[[str], None] = print) -> Corpus:
    """Reads a folder of ``label/file`` or ``label/artist/file`` in any format, of any length and sample rate.

    Files are cut into clips of 30 s; a rest of 3 s or more is a clip, too. Clips of a file, or of an artist where there
    are such folders, are one group. Hidden files and folders are passed over.

    Args:
        folder: Holds a folder for each label.
        cache: Receives the bands of every file, so that only new and changed files are decoded again.
        tell: Receives a line about everything that was left out.

    Raises:
        CorpusError: There is no such folder; there are fewer than two labels; or a label has fewer than five usable
            files, or artists' folders, but fewer than three of them.
    """
    files = list(list_files(folder))
    if not files:
        raise CorpusError(f"expected sound files as LABEL/FILE or LABEL/ARTIST/FILE below {folder}, found none")
    _check(files, files)  # before minutes of decoding
    bands = Bands(kept_bins(), mel_filters(), chroma_filters())
    decoded = BandCache(cache, bands).read_all([file.path for file in files], "reading the folder")
    clips = list(_clips_of(zip(files, decoded, strict=True), tell))
    _check(files, [clip.file for clip in clips if clip.number == 0])
    return _corpus_of(clips)


def list_files(folder: Path) -> Iterator[LabelledFile]:
    """Yields the sound files of a labelled folder, sorted by name.

    A label's folder may be a link; links further below are not followed, for they can lead in circles.

    Raises:
        CorpusError: ``folder`` is none.
    """
    if not folder.is_dir():
        raise CorpusError(f"expected a folder with a folder for each label, got {folder}, which is none")
    labels = sorted((path for path in folder.iterdir() if path.is_dir() and not _hidden(path.name)), key=_text_of)
    for top in labels:
        label = _text(top.name)
        for path in sound_files(top):
            below = [_text(part) for part in path.relative_to(top).parts]
            name = "/".join((label, *below))
            yield LabelledFile(path, name, label, f"{label}/{below[0]}" if len(below) > 1 else name)


def sound_files(folder: Path) -> Iterator[Path]:
    """Yields every file below ``folder`` that is named like sound and not hidden, sorted."""
    for directory, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        for name in sorted(names):
            if not _hidden(name) and Path(name).suffix.lower() in SUFFIXES:
                yield Path(directory, name)


def cut(bands: StoredBands) -> list[StoredBands]:
    """Cuts the bands of a file into clips of 30 s, at most eight, evenly spread; what is silent is left out."""
    starts = range(0, len(bands.mel) - MIN_CLIP_FRAMES + 1, CLIP_FRAMES)
    clips = [StoredBands(*(part[start : start + CLIP_FRAMES] for part in bands)) for start in starts]
    audible = [clip for clip in clips if clip.mel.max() >= SILENT]
    if len(audible) <= MAX_CLIPS_A_FILE:
        return audible
    chosen = np.linspace(0, len(audible) - 1, MAX_CLIPS_A_FILE).round().astype(int)
    return [audible[i] for i in chosen]


def _clips_of(
    decoded: Iterable[tuple[LabelledFile, StoredBands | UnreadableAudio]], tell: Callable[[str], None]
) -> Iterator[_Clip]:
    """Yields the clips of every file that can be used, and says why the others cannot."""
    seen: dict[bytes, str] = {}
    for file, bands in decoded:
        if isinstance(bands, UnreadableAudio):
            tell(f"left out: {bands}")
            continue
        clips = cut(bands)
        digest = hashlib.sha256(bands.mel.tobytes()).digest()
        if not clips:
            tell(f"left out: {file.path} has no 3 s of sound")
        # Copies in two parts would flatter, and copies under two labels contradict each other.
        elif (first := seen.setdefault(digest, file.name)) != file.name:
            tell(f"left out: {file.path} sounds the same as {first}")
        else:
            yield from (_Clip(file, number, clip) for number, clip in enumerate(clips))


def _check(found: list[LabelledFile], usable: list[LabelledFile]) -> None:
    labels = sorted({file.label for file in found})
    if len(labels) < 2:
        raise CorpusError(f"expected folders of at least two labels, got sound below {labels[0]!r} alone")
    files = Counter(file.label for file in usable)
    if few := [f"{label!r} has {files[label]}" for label in labels if files[label] < MIN_FILES]:
        raise CorpusError(f"expected at least {MIN_FILES} usable files a label; {', '.join(few)}")
    groups = Counter(label for label, _ in {(file.label, file.group) for file in usable})
    if few := [f"{label!r} has {groups[label]}" for label in labels if groups[label] < MIN_GROUPS]:
        raise CorpusError(
            f"expected at least {MIN_GROUPS} folders of artists a label, to train, choose and test on others; "
            f"{', '.join(few)}. Without them, put the files into the label's folder itself"
        )


def _corpus_of(clips: list[_Clip]) -> Corpus:
    names, labels = np.unique([clip.file.label for clip in clips], return_inverse=True)
    return Corpus(
        mel=_padded([clip.bands.mel for clip in clips], NUM_MELS),
        chroma=_padded([clip.bands.chroma for clip in clips], NUM_CHROMA),
        frames=np.array([len(clip.bands.mel) for clip in clips], dtype=np.int64),
        ids=tuple(f"{clip.file.name}#{clip.number}" for clip in clips),
        labels=labels.astype(np.int64),
        label_names=tuple(str(name) for name in names),
        groups=tuple(clip.file.group for clip in clips),
        bins=kept_bins(),
        mel_filters=mel_filters(),
        chroma_filters=chroma_filters(),
    )


def _padded(parts: list[NDArray[np.uint8]], width: int) -> NDArray[np.uint8]:
    """Stacks ``[F, width]`` of several lengths to ``[N, 344, width]``."""
    table = np.zeros((len(parts), CLIP_FRAMES, width), dtype=np.uint8)
    for row, part in zip(table, parts, strict=True):
        row[: len(part)] = part
    return table


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _text_of(path: Path) -> str:
    return _text(path.name)


def _text(name: str) -> str:
    """Returns a file name as text that can be printed and compared: NFC, and no bytes that are not UTF-8."""
    return unicodedata.normalize("NFC", os.fsencode(name).decode(errors="replace"))

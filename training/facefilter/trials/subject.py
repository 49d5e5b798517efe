"""The facefilter that ships: its three artifacts, asked as the service asks them.

Invariant: what comes out is aligned with what went in, the separator's delay taken out.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from torch import Tensor

from models.export import ARTIFACTS

from ..card import NAMES, common_digest
from .measures import Samples

HOP = 160
LATENCY = 160
"""Samples that ``step`` holds back, the hop itself not counted."""

EMBEDDING = 128
STREAMS_AT_ONCE = 64
PRESENT, SUPPRESSED_DB, LOCKED, CONFIDENCE = range(4)
"""Columns of a report."""


class Cues(NamedTuple):
    """What B streams are told of their targets.

    Attributes:
        face: float32 ``[B, 128]``.
        voice: float32 ``[B, 128]``.
        has: float32 ``[B, 2]``, 1 where the face, and the voice, is to be used.
    """

    face: Tensor
    voice: Tensor
    has: Tensor

    def rows(self, chosen: NDArray[np.int64]) -> Cues:
        """Returns the cues of some streams."""
        return Cues(*(part[torch.from_numpy(chosen)] for part in self))


class Kept(NamedTuple):
    """What came out of B streams.

    Attributes:
        wet: float32 ``[B, T]``, aligned with the input.
        report: float32 ``[B, F, 4]``, a row after every 10 ms of input.
    """

    wet: Samples
    report: Samples


@dataclass(frozen=True)
class Subject:
    """Face encoder, voice encoder and separator, scripted.

    Attributes:
        face: Finds faces, crops them, embeds them.
        voice: Embeds audio.
        separator: ``init_state``, ``with_target``, ``step``.
        digest: Which three they are.
        folder: Where the service finds them.
    """

    face: Any
    voice: Any
    separator: Any
    digest: str = ""
    folder: Path = ARTIFACTS

    @classmethod
    def load(cls, folder: Path = ARTIFACTS) -> Subject:
        """Reads the three artifacts of ``folder``; raises FileNotFoundError when one is not there."""
        content = {name: (folder / f"{name}.ts").read_bytes() for name in NAMES}
        modules = (torch.jit.load(io.BytesIO(part)).eval() for part in content.values())  # type: ignore[no-untyped-call]
        return cls(*modules, digest=common_digest(content), folder=folder)

    def face_of(self, picture: Path) -> tuple[Tensor, bool]:
        """Returns the embedding ``[128]`` of the surest face in ``picture``, and whether there was one.

        Without one the middle of the picture is taken for it, as in training; the service refuses such a picture.
        """
        with Image.open(picture) as opened:
            pixels = torch.from_numpy(np.asarray(opened.convert("RGB")).copy()).permute(2, 0, 1).contiguous()
        with torch.inference_mode():
            boxes, _ = self.face.detect(pixels)
            found = len(boxes) > 0
            crop = self.face.crop(pixels, boxes[0] if found else _middle(pixels))
            return self.face(crop.unsqueeze(0))[0], found

    def voice_of(self, audio: Samples) -> Tensor:
        """Returns the embedding ``[128]`` of a second or more of speech ``[T]``."""
        with torch.inference_mode():
            embedding: Tensor = self.voice(torch.from_numpy(audio).unsqueeze(0))[0]
        return embedding

    def keep(self, audio: Samples, cues: Cues, *, lock_on: bool = True) -> Kept:
        """Plays B streams ``[B, T]`` from a fresh start, each with its own target from the first sample on."""
        streams, length = audio.shape
        frames = -(-(length + LATENCY) // HOP)
        x = torch.zeros(streams, frames * HOP)
        x[:, :length] = torch.from_numpy(audio)
        lock = torch.full((streams,), float(lock_on))
        wet, reports = [], []
        with torch.inference_mode():
            state = self.separator.with_target(self.separator.init_state(streams), cues.face, cues.voice, cues.has)
            for hop in x.split(HOP, dim=1):
                y, _, report, state = self.separator.step(hop, lock, state)
                wet.append(y)
                reports.append(report)
        aligned = torch.cat(wet, 1)[:, LATENCY : LATENCY + length]
        return Kept(aligned.numpy(), torch.stack(reports, 1).numpy())

    def keep_all(self, clips: Sequence[Samples], cues: Cues, what: str = "", *, lock_on: bool = True) -> list[Kept]:
        """Plays clips ``[T]`` of uneven lengths, one cue each; ``what`` names them on the progress bar.

        Returns:
            For each what came out, ``wet`` ``[T]`` and ``report`` ``[F, 4]``.
        """
        found: list[Kept | None] = [None] * len(clips)
        for batch in track(list(in_batches([len(clip) for clip in clips])), description=what):
            kept = self.keep(padded([clips[i] for i in batch]), cues.rows(batch), lock_on=lock_on)
            for row, i in enumerate(batch):
                length = len(clips[i])
                found[i] = Kept(kept.wet[row, :length], kept.report[row, : frames_in(length)])
        return [one for one in found if one is not None]


def in_batches(lengths: Sequence[int], most: int = STREAMS_AT_ONCE) -> Iterator[NDArray[np.int64]]:
    """Yields the positions of all streams, those of like length together so that little is padded."""
    order = np.argsort(np.asarray(lengths), kind="stable")
    for start in range(0, len(order), most):
        yield order[start : start + most]


def padded(clips: Sequence[Samples]) -> Samples:
    """Returns clips as rows ``[B, T]`` of the longest, zeros at their ends."""
    rows = np.zeros((len(clips), max(len(clip) for clip in clips)), dtype=np.float32)
    for row, clip in zip(rows, clips, strict=True):
        row[: len(clip)] = clip
    return rows


def cut_to(rows: Samples, lengths: Sequence[int]) -> Samples:
    """Returns ``rows`` ``[B, T]`` with zeros from each one's length on."""
    inside = np.arange(rows.shape[1]) < np.asarray(lengths)[:, None]
    clean: Samples = rows * inside
    return clean


def frames_in(samples: int) -> int:
    """Returns the reports there are after so many samples."""
    return samples // HOP


def _middle(pixels: Tensor) -> Tensor:
    height, width = pixels.shape[1:]
    return torch.tensor([0.2 * width, 0.2 * height, 0.8 * width, 0.8 * height])

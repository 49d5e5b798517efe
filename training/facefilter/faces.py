"""What the public networks see in every face of ``facevoice`` and LFW, found and cropped as in serving.

Invariant: what is seen depends on the public weights alone, so it is made once and kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from torch import Tensor
from torch.nn import functional

from models.face_encoder import FaceEncoder
from models.face_finder import FaceFinder

from .corpus import Recording, read_manifest

SMALLEST = 224
BATCH = 32

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen.

    Attributes:
        paths: Of the pictures, below the data folder.
        values: float32 ``[N, 1796]``; see ``FaceEncoder.see``.
        found: Whether a face was found, ``[N]``; where not, the middle of the picture was looked at.
    """

    paths: tuple[str, ...]
    values: Array
    found: NDArray[np.bool_]


def list_pictures(data: Path, recordings: tuple[Recording, ...]) -> tuple[str, ...]:
    """Returns the pictures of ``facevoice``, then those of LFW."""
    lfw = (f"lfw/{row['file']}" for row in read_manifest(data / "lfw"))
    return (*(recording.face for recording in recordings if recording.face), *lfw)


def load_seen(data: Path, paths: tuple[str, ...], finder: FaceFinder, encoder: FaceEncoder, cache: Path) -> Seen:
    """Returns what is seen in the pictures, from ``cache`` where it holds the same list, else looked at (minutes)."""
    if cache.is_file():
        with np.load(cache) as stored:
            if tuple(stored["paths"]) == paths:
                return Seen(paths, stored["values"], stored["found"])
    crops: list[Tensor] = []
    found: list[bool] = []
    values: list[Array] = []
    for path in track(paths, description="looking at faces"):
        crop, has_face = _crop(read_picture(data / path), finder)
        crops.append(crop)
        found.append(has_face)
        if len(crops) == BATCH:
            values.append(_see(encoder, crops))
            crops = []
    if crops:
        values.append(_see(encoder, crops))
    seen = Seen(paths, np.concatenate(values), np.array(found))
    partial = cache.with_suffix(".partial.npz")
    np.savez(partial, paths=np.array(paths), values=seen.values, found=seen.found)
    os.replace(partial, cache)
    return seen


def read_picture(path: Path) -> Tensor:
    """Returns a picture, uint8 ``[3, H, W]`` RGB, made larger where it is smaller than 224."""
    with Image.open(path) as image:
        picture = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
    smaller = min(picture.shape[1:])
    if smaller >= SMALLEST:
        return picture.contiguous()
    larger = functional.interpolate(picture[None].float(), scale_factor=SMALLEST / smaller, mode="bilinear")
    return larger[0].round().clamp(0, 255).to(torch.uint8)


@torch.inference_mode()
def _crop(picture: Tensor, finder: FaceFinder) -> tuple[Tensor, bool]:
    boxes, _ = finder(picture)
    has_face = len(boxes) > 0
    if has_face:
        box = max(boxes, key=lambda square: float(square[2] - square[0]))
    else:
        height, width = picture.shape[1:]
        box = torch.tensor([0.2 * width, 0.5 * height - 0.3 * width, 0.8 * width, 0.5 * height + 0.3 * width])
    return finder.crop(picture, box), has_face


@torch.inference_mode()
def _see(encoder: FaceEncoder, crops: list[Tensor]) -> Array:
    seen: Array = encoder.see(torch.stack(crops)).numpy()
    return seen

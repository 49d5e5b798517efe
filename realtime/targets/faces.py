"""Which of the faces in a picture is meant, and whether it can be seen well enough.

Invariant: nobody is chosen by chance: one face, a face that clearly is the subject, or the one that the caller named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import BadParam, FaceTooSmall, NoFace, PictureTooDark, PictureTooFlat, SeveralFaces
from .pictures import Picture

MIN_SIDE = 32
"""Pixels from the brows to the chin. Shrunk to so many, a face is still far more like itself (cosine of dlib's
descriptors above 0.95) than others are (most below 0.90); shrunk to 20 it is not."""
DOMINANCE = 3.0
"""How many times the area of the next face makes a face the subject of the picture, if it is in the middle too."""
MIDDLE = 2 / 3
"""Share of the picture's width that is its middle."""
MIN_BRIGHTNESS = 32
"""What the brightest twentieth of a face reaches, of 255; of 1,000 real pictures the darkest had 34."""
MIN_CONTRAST = 16
"""Between the darkest and the brightest twentieth of a face, of 255; of 1,000 real pictures the flattest had 24."""
LOOKED_AT = 256
"""Pixels a side that are enough to tell how bright something is."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels of the picture, right and bottom just outside."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class Face:
    """A face that was found.

    Attributes:
        box: Where, whole pixels within the picture.
        row: Its row in what the detector gave.
    """

    box: Box
    row: int

    @property
    def side(self) -> int:
        """Pixels of the shorter side."""
        left, top, right, bottom = self.box
        return min(right - left, bottom - top)

    @property
    def area(self) -> int:
        """Pixels."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


def list_faces(boxes: NDArray[np.float32], picture: Picture) -> list[Face]:
    """Returns the faces that are large enough to be known by, from left to right: their order is their index.

    Args:
        boxes: float32 ``[n, 4]``, left, top, right and bottom; they may reach beyond the picture.
        picture: uint8 ``[H, W, 3]``.

    Raises:
        PictureTooDark, PictureTooFlat: There are none, and this is why.
        NoFace: There are none.
        FaceTooSmall: All have sides of less than 32 pixels.
    """
    height, width, _ = picture.shape
    edges = np.clip(np.round(boxes), 0, [width, height, width, height]).astype(int)
    faces = [Face((left, top, right, bottom), row) for row, (left, top, right, bottom) in enumerate(edges.tolist())]
    if not faces:
        check_visible(picture, "picture")
        raise NoFace("expected a picture of a face, seen from the front and upright, got no face", param="picture")
    large = [face for face in faces if face.side >= MIN_SIDE]
    if not large:
        side = max(face.side for face in faces)
        raise FaceTooSmall(f"expected a face of at least {MIN_SIDE} x {MIN_SIDE} pixels, got {side}", param="picture")
    return sorted(large, key=lambda face: face.box)


def choose_face(faces: Sequence[Face], width: int, index: int | None = None) -> Face:
    """Returns the face that is meant.

    Without ``index`` it is the only one, or one in the middle that has three times the area of every other: a portrait
    with somebody in the background. In any other case a person has to say.

    Args:
        faces: From left to right, at least one.
        width: Of the picture.
        index: What the caller chose.

    Raises:
        SeveralFaces: No face is clearly the subject; the error lists them.
        BadParam: There is no such index.
    """
    if index is not None:
        if not 0 <= index < len(faces):
            raise BadParam(f"expected a face index of 0 to {len(faces) - 1}, got {index}", param="index")
        return faces[index]
    first, *others = sorted(faces, key=lambda face: -face.area)
    if all(first.area >= DOMINANCE * other.area for other in others) and (not others or _is_central(first, width)):
        return first
    listed = "; ".join(f"{i}: {_described(face)}" for i, face in enumerate(faces[:10]))
    raise SeveralFaces(
        f"expected one face or the index of one, got {len(faces)} faces: {listed}",
        [face.box for face in faces],
        param="index",
    )


def check_visible(region: Picture, name: str = "face") -> None:
    """Raises PictureTooDark or PictureTooFlat unless ``region``, uint8 ``[H, W, 3]``, has something to see."""
    step = max(1, max(region.shape) // LOOKED_AT)
    darkest, brightest = np.percentile(region[::step, ::step] @ _LUMA, [5, 95])
    if brightest < MIN_BRIGHTNESS:
        raise PictureTooDark(
            f"expected a {name} whose bright parts reach {MIN_BRIGHTNESS} of 255, got {brightest:.0f}", param="picture"
        )
    if brightest - darkest < MIN_CONTRAST:
        raise PictureTooFlat(
            f"expected a {name} with light and shade {MIN_CONTRAST} of 255 apart, got {brightest - darkest:.0f}",
            param="picture",
        )


def pixels_of(face: Face, picture: Picture) -> Picture:
    """Returns the part of ``picture`` that ``face`` is."""
    left, top, right, bottom = face.box
    return picture[top:bottom, left:right]


def _is_central(face: Face, width: int) -> bool:
    centre = (face.box[0] + face.box[2]) / 2
    return abs(centre - width / 2) <= MIDDLE * width / 2


def _described(face: Face) -> str:
    left, top, right, bottom = face.box
    return f"{right - left} x {bottom - top} pixels at ({left}, {top})"

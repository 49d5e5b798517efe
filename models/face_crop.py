"""The picture that networks of faces look at: defined here once, for training and for serving.

It has 224 x 224 pixels. The face's square, from the brows to the chin, is the middle 150 of them, as many as the
recognition network sees; around it are the hair and the neck.

Invariant: a square may lie anywhere, also beyond the picture; outside it, its border goes on.
"""

import torch
from torch import Tensor

CROP_SIZE = 224
FACE_SIZE = 150


def crop_face(picture: Tensor, face: Tensor, size: int = CROP_SIZE, face_size: int = FACE_SIZE) -> Tensor:
    """Returns what the networks look at.

    Args:
        picture: uint8 or float32 ``[3, H, W]``, RGB in 0..255.
        face: float32 ``[4]``, the face's square in pixels: left, top, right, bottom.
        size: Height and width of the result.
        face_size: Those of the face's square in it.

    Returns:
        float32 ``[3, size, size]``, RGB in 0..255.
    """
    edge = (face[2] - face[0]) * ((float(size) / face_size - 1.0) / 2)
    return cut(picture, torch.cat((face[:2] - edge, face[2:] + edge)), size)


def cut(picture: Tensor, box: Tensor, size: int) -> Tensor:
    """Returns a square of a picture at another size.

    Where it shrinks, a triangle as wide as two output pixels averages what lies under it, so that nothing aliases;
    where it grows, it is bilinear. Parts of pixels count: no coordinate is rounded.

    Args:
        picture: uint8 or float32 ``[3, H, W]``, RGB in 0..255.
        box: float32 ``[4]``: left, top, right, bottom in pixels; as high as it is wide, at least 1.
        size: Height and width of the result.

    Returns:
        float32 ``[3, size, size]``, RGB in 0..255.
    """
    edges: list[float] = box.tolist()
    side = max(edges[2] - edges[0], 1.0)
    first_row, rows = _weights(edges[1], side, size, picture.size(1))
    first_column, columns = _weights(edges[0], side, size, picture.size(2))
    # Only what is looked at becomes float: a photograph of 16 megapixels would take 192 MB.
    seen = picture[:, first_row : first_row + rows.size(1), first_column : first_column + columns.size(1)]
    rows, columns = rows.to(picture.device), columns.to(picture.device)
    return torch.matmul(torch.matmul(rows, seen.float()), columns.t())


def _weights(start: float, side: float, size: int, length: int) -> tuple[int, Tensor]:
    """Returns how much each source pixel counts in each output pixel, along one axis.

    Args:
        start: Where the square begins, in source pixels.
        side: Source pixels that it covers.
        size: Output pixels.
        length: Source pixels that there are.

    Returns:
        The first source pixel that counts, and float32 ``[size, N]``, rows of sum 1, for it and those after it.
    """
    step = side / size
    radius = max(step, 1.0)
    centres = start + (torch.arange(size, dtype=torch.float64) + 0.5) * step - 0.5
    taps = int(2.0 * radius) + 2
    pixels = torch.floor(centres - radius).long().unsqueeze(1) + torch.arange(taps)
    weights = (1.0 - (pixels - centres.unsqueeze(1)).abs() / radius).clamp_min(0.0)
    weights = weights / weights.sum(1, keepdim=True)
    pixels = pixels.clamp(0, length - 1)
    first = int(pixels.min())
    dense = torch.zeros(size, int(pixels.max()) - first + 1, dtype=torch.float64)
    return first, dense.scatter_add_(1, pixels - first, weights).float()

"""Where faces are in a picture: a tiny YOLO v2 (Redmon and Farhadi, 2017) with public weights (face-api).

Seven layers, five of them separable, trained on WIDER FACE among others. It knows faces of some 40 to 100 pixels, so
it looks at the picture at several sizes: close-ups are found in the smallest, faces in a crowd in the largest.

Invariant: what it finds does not depend on how large the picture is stored, beyond the largest size that it looks at.
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .separable_conv import SeparableConv

MEAN_RGB = (117.001, 114.697, 97.404)
CHANNELS = (16, 32, 64, 128, 256, 512)
CELL = 32
"""Pixels of a cell of the grid; five pools halve."""

ANCHORS = ((1.603231, 2.094468), (6.041143, 7.080126), (2.882459, 3.518061), (4.266906, 5.178857), (9.041765, 10.66308))
"""Width and height, in cells, of the faces that each of the five predictors of a cell expects."""

SIDES = (80, 160, 320, 640)
"""Pixels of the picture's longer side in the sizes that are looked at."""

CLOSER_SIDE = 640
"""From this size on it looks only where it is not sure of a face yet: it takes three times as long as all before it,
for the small face in a large photograph."""

SURE = 0.5

MARGIN = 1.2
"""Side of the canvas over that of the picture, at least: a face that fills the picture needs something around it."""

MIN_SCORE = 0.1
MAX_CANDIDATES = 200
MAX_OVERLAP = 0.4


class FaceDetector(nn.Module):
    """Pictures of any size to boxes."""

    cell: Final = CELL
    sides: Final[list[int]] = list(SIDES)
    closer_side: Final = CLOSER_SIDE
    sure: Final = SURE
    margin: Final = MARGIN
    min_score: Final = MIN_SCORE
    max_candidates: Final = MAX_CANDIDATES
    mean: Tensor
    anchors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(3, 1, 1))
        self.register_buffer("anchors", torch.tensor(ANCHORS).view(5, 1, 1, 2))
        self.stem = nn.Conv2d(3, CHANNELS[0], 3)
        self.convs = nn.ModuleList(SeparableConv(before, after) for before, after in pairwise(CHANNELS))
        self.output = nn.Conv2d(CHANNELS[-1], 5 * len(ANCHORS), 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Finds the faces of a picture.

        Args:
            picture: uint8 ``[3, H, W]``, RGB.

        Returns:
            ``boxes [N, 4]``, float32 pixels of the picture: left, top, right, bottom, possibly beyond its border; and
            ``scores [N]`` in (0.1, 1), falling. No two boxes overlap by more than 0.4 of their union.
        """
        boxes: list[Tensor] = []
        scores: list[Tensor] = []
        longer = max(picture.size(1), picture.size(2))
        found = False
        for side in self.sides:
            if side == self.sides[0] or (side < 1.5 * longer and not (found and side >= self.closer_side)):
                seen, score = self.look(picture, side)
                boxes.append(seen)
                scores.append(score)
                found = found or bool((score > self.sure).any())
        return suppress(torch.cat(boxes), torch.cat(scores))

    @torch.jit.export
    def look(self, picture: Tensor, side: int) -> tuple[Tensor, Tensor]:
        """Returns what ``forward`` does for a single size, with boxes that overlap, at most 200."""
        scale = float(side) / max(picture.size(1), picture.size(2))
        height, width = max(1, int(picture.size(1) * scale + 0.5)), max(1, int(picture.size(2) * scale + 0.5))
        # In bytes, because a photograph as float takes four times the memory; CUDA has no such kernel.
        source = picture.unsqueeze(0) if picture.device.type == "cpu" else picture.unsqueeze(0).float()
        x = stretch(functional.interpolate(source, [height, width], mode="bilinear", antialias=True).float())
        canvas = -(-int(side * self.margin) // self.cell) * self.cell
        left, top = (canvas - width) // 2, (canvas - height) // 2
        x = functional.pad(x, [left, canvas - width - left, top, canvas - height - top])
        boxes, scores = self.decode(self.predict(x))
        kept = torch.topk(scores, min(scores.numel(), self.max_candidates))[1]
        kept = kept[scores[kept] > self.min_score]
        offset = torch.tensor([left, top, left, top], dtype=torch.float32, device=boxes.device)
        return (boxes[kept] - offset) / scale, scores[kept]

    @torch.jit.export
    def predict(self, x: Tensor) -> Tensor:
        """Maps pictures float32 ``[B, 3, S, S]``, RGB in 0..255, S = 32 G, to what each cell says ``[B, 25, G, G]``."""
        x = functional.leaky_relu(self.stem((x - self.mean) / 255.0), 0.1)
        for conv in self.convs:
            x = functional.leaky_relu(conv(functional.max_pool2d(x, 2, ceil_mode=True)), 0.1)
        y: Tensor = self.output(functional.max_pool2d(functional.pad(x, [0, 1, 0, 1], value=-float("inf")), 2, 1))
        return y

    @torch.jit.export
    def decode(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Turns what the cells of one picture say into boxes (Redmon and Farhadi, 2017, section 2).

        Args:
            y: float32 ``[1, 25, G, G]``; for each anchor: x and y of the centre in the cell, width and height over the
                anchor's, and objectness, as logits and logarithms.

        Returns:
            ``boxes [5 G G, 4]`` in pixels of the canvas and ``scores [5 G G]``.
        """
        cells = y.size(3)
        y = y.view(5, 5, cells, cells).permute(0, 2, 3, 1)
        along = torch.arange(cells, dtype=torch.float32, device=y.device)
        corner = torch.stack((along.expand(cells, cells), along.unsqueeze(1).expand(cells, cells)), 2)
        size = torch.exp(y[..., 2:4]) * self.anchors
        centre = torch.sigmoid(y[..., :2]) + corner
        boxes = torch.cat((centre - size / 2, centre + size / 2), 3) * self.cell
        return boxes.reshape(-1, 4), torch.sigmoid(y[..., 4]).reshape(-1)


def stretch(pictures: Tensor, share: float = 0.02, max_gain: float = 4.0) -> Tensor:
    """Stretches each picture's brightness to the whole range, so that a face in the dark or in mist is found, too.

    Args:
        pictures: float32 ``[B, 3, H, W]`` in 0..255.
        share: Of the pixels, how many may become black and how many white.
        max_gain: Of contrast; with more, the noise of a picture of one colour would be a picture.
    """
    ends = torch.tensor([share, 1.0 - share], device=pictures.device)
    low, high = torch.quantile(pictures.mean(1).flatten(1), ends, dim=1).view(2, -1, 1, 1, 1).unbind(0)
    gain = (255.0 / (high - low).clamp_min(1.0)).clamp_max(max_gain)
    return ((pictures - low) * gain).clamp(0.0, 255.0)


def suppress(boxes: Tensor, scores: Tensor, max_overlap: float = MAX_OVERLAP) -> tuple[Tensor, Tensor]:
    """Keeps the best of boxes that overlap (greedy non-maximum suppression).

    Args:
        boxes: float32 ``[N, 4]``: left, top, right, bottom.
        scores: float32 ``[N]``.
        max_overlap: Intersection over union that two boxes may have.

    Returns:
        The boxes and scores that stay, by falling score.
    """
    order = torch.argsort(scores, descending=True, stable=True)
    boxes, scores = boxes[order], scores[order]
    overlaps = overlap(boxes) > max_overlap
    kept: list[int] = []
    dropped = torch.zeros(scores.numel(), dtype=torch.bool, device=scores.device)
    for i in range(scores.numel()):
        if not bool(dropped[i]):
            kept.append(i)
            dropped |= overlaps[i]
    chosen = torch.tensor(kept, dtype=torch.long, device=scores.device)
    return boxes[chosen], scores[chosen]


def overlap(boxes: Tensor) -> Tensor:
    """Returns the intersection over union of every two of ``boxes [N, 4]``: ``[N, N]``."""
    low, high = boxes[:, :2], boxes[:, 2:]
    shared = (torch.minimum(high[:, None], high) - torch.maximum(low[:, None], low)).clamp_min(0.0).prod(2)
    area = (high - low).prod(1)
    return shared / (area[:, None] + area - shared).clamp_min(1e-6)

"""From a picture to the faces in it, each cut out as the networks of faces want it.

The detector says roughly where a face is; points on it say exactly. That matters: in pictures of LFW, the recognition
network tells people apart far better in squares placed by the points than in the detector's or a Haar cascade's.

Invariant: the square depends on the face, not on the size or the format of the picture around it.
"""

from typing import Final

import torch
from torch import Tensor, nn

from .face_crop import crop_face, cut
from .face_detector import FaceDetector, stretch, suppress
from .face_landmarks import FaceLandmarks, bounding_square

MIN_SCORE = 0.5
MAX_FACES = 16
MARGIN = 0.25
"""What the points are given around the square that bounds them, when they are looked for again."""


class FaceFinder(nn.Module):
    """Finds faces and cuts them out.

    Args:
        detector: Trained.
        landmarks: Trained.
    """

    min_score: Final = MIN_SCORE
    max_faces: Final = MAX_FACES
    margin: Final = MARGIN

    def __init__(self, detector: FaceDetector, landmarks: FaceLandmarks) -> None:
        super().__init__()
        self.detector = detector
        self.landmarks = landmarks

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Finds the faces of a picture, at most 16.

        Args:
            picture: uint8 ``[3, H, W]``, RGB.

        Returns:
            ``boxes [N, 4]``, float32 pixels: left, top, right, bottom of the faces' squares, from the brows to
            the chin, possibly beyond the border; and ``scores [N]`` in (0.5, 1), falling.
        """
        boxes, scores = self.detector(picture)
        sure = scores > self.min_score
        boxes, scores = boxes[sure][: self.max_faces], scores[sure][: self.max_faces]
        if scores.numel() == 0:
            return boxes, scores
        around = square(boxes)
        around = bounding_square(self.find_points(picture, around), self.margin)
        return suppress(self.landmarks.square(self.find_points(picture, around)), scores)

    @torch.jit.export
    def crop(self, picture: Tensor, box: Tensor) -> Tensor:
        """Cuts a face out of its picture.

        Args:
            picture: uint8 ``[3, H, W]``, RGB.
            box: float32 ``[4]``, a row of what ``forward`` returns.

        Returns:
            float32 ``[3, 224, 224]``, RGB in 0..255; see ``face_crop``.
        """
        return crop_face(picture, box)

    @torch.jit.export
    def find_points(self, picture: Tensor, boxes: Tensor) -> Tensor:
        """Returns the 68 points of the faces in ``boxes [N, 4]``, ``[N, 68, 2]`` in pixels of the picture."""
        size = self.landmarks.picture_size
        # Stretched, so that the points do not move with the light.
        pictures = stretch(torch.stack([cut(picture, box, size) for box in boxes.unbind(0)]))
        points: Tensor = self.landmarks(pictures)
        return boxes[:, None, :2] + points * (boxes[:, None, 2:] - boxes[:, None, :2])


def square(boxes: Tensor) -> Tensor:
    """Returns squares ``[N, 4]`` with the centres and the longer sides of ``boxes [N, 4]``."""
    low, high = boxes[:, :2], boxes[:, 2:]
    side = (high - low).amax(1, keepdim=True)
    return torch.cat(((low + high - side) / 2, (low + high + side) / 2), 1)

"""What ships as ``face``: finds faces in a picture, cuts one out, and says where it lies in the space of voices.

Invariant: the picture that is embedded is the picture that the heads were trained on, since there is one crop.
"""

from typing import Final

import torch
from torch import Tensor, nn

from .face_encoder import PICTURE_SIZE, FaceEncoder
from .face_finder import FaceFinder
from .voice_encoder import EMBEDDING_SIZE


class Face(nn.Module):
    """A finder and an encoder.

    Args:
        finder: See ``FaceFinder``.
        encoder: See ``FaceEncoder``.
    """

    picture_size: Final = PICTURE_SIZE
    embedding_size: Final = EMBEDDING_SIZE

    def __init__(self, finder: FaceFinder, encoder: FaceEncoder) -> None:
        super().__init__()
        self.finder = finder
        self.encoder = encoder

    def forward(self, pictures: Tensor) -> Tensor:
        """See ``FaceEncoder.forward``."""
        embedding: Tensor = self.encoder(pictures)
        return embedding

    @torch.jit.export
    def detect(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Finds the faces of a picture, at most 16.

        Args:
            picture: uint8 ``[3, H, W]``, RGB.

        Returns:
            ``boxes [N, 4]``, float32 pixels: left, top, right, bottom of the squares from the brows to the chin,
            possibly beyond the border; and ``scores [N]`` in (0.4, 1), falling.
        """
        boxes, scores = self.finder(picture)
        return boxes, scores

    @torch.jit.export
    def crop(self, picture: Tensor, box: Tensor) -> Tensor:
        """Returns what ``forward`` wants of the face in ``box [4]`` of ``detect``, float32 ``[3, 224, 224]``."""
        return self.finder.crop(picture, box)

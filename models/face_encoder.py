"""A face in, a place in the space that voices share out.

What two public networks see in a face (who it is; how old and of which sex it looks), in a tight crop and in a wide one
that shows the hair, is mapped by several small heads whose answers are averaged. The heads were trained so that a face
lies near the voice of the same person (N-way matching: Chung et al., "Perfect match", 2020; FaceFilter, section 3).

Invariant: pictures do not see each other.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .face_attributes import FaceAttributes
from .face_crop import CROP_SIZE, FACE_SIZE
from .face_recognition import FaceRecognition
from .voice_encoder import EMBEDDING_SIZE

PICTURE_SIZE = CROP_SIZE
TIGHT_SIZE = FACE_SIZE
"""The middle of a picture, as the recognition network knows faces."""

NUM_FEATURES = 2 * (128 + 256 + 512 + 2)
HIDDEN = 256
CLIP = 5.0


class FaceHead(nn.Module):
    """What is seen in a face, to a place in the space.

    Args:
        dropout: Share of what is seen that is dropped while training; of the hidden units at most half.
    """

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(NUM_FEATURES, HIDDEN),
            nn.GELU(),
            nn.Dropout(min(dropout, 0.5)),
            nn.Linear(HIDDEN, EMBEDDING_SIZE),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Maps ``[B, 1796]``, standardised, to unit length ``[B, 128]``."""
        return functional.normalize(self.layers(features), dim=1)


class FaceEncoder(nn.Module):
    """Pictures of faces to embeddings.

    Args:
        recognition: Who a face is.
        attributes: Age and sex as they look.
        heads: Trained alike, from different beginnings.
    """

    picture_size: Final = PICTURE_SIZE
    embedding_size: Final = EMBEDDING_SIZE
    tight_size: Final = TIGHT_SIZE
    clip: Final = CLIP
    mean: Tensor
    scale: Tensor

    def __init__(self, recognition: FaceRecognition, attributes: FaceAttributes, heads: list[FaceHead]) -> None:
        super().__init__()
        self.recognition = recognition
        self.attributes = attributes
        self.heads = nn.ModuleList(heads)
        self.register_buffer("mean", torch.zeros(NUM_FEATURES))
        self.register_buffer("scale", torch.ones(NUM_FEATURES))

    def forward(self, pictures: Tensor) -> Tensor:
        """Returns embeddings, unit length ``[B, 128]``.

        Args:
            pictures: float32 ``[B, 3, 224, 224]``, RGB in 0..255: head and hair, the face in the middle two thirds.
        """
        return self.embed(self.see(pictures))

    @torch.jit.export
    def see(self, pictures: Tensor) -> Tensor:
        """Returns what the public networks see, ``[B, 1796]``."""
        edge = (self.picture_size - self.tight_size) // 2
        tight = pictures[:, :, edge : edge + self.tight_size, edge : edge + self.tight_size]
        seen: list[Tensor] = []
        for crop in (tight, pictures):
            descriptor, pooled = self.recognition(crop)
            age, male, looks = self.attributes(crop)
            seen += [descriptor, pooled, looks, age.unsqueeze(1), male.unsqueeze(1)]
        return torch.cat(seen, 1)

    @torch.jit.export
    def embed(self, seen: Tensor) -> Tensor:
        """Returns embeddings, unit length ``[B, 128]``, of what was seen ``[B, 1796]``."""
        features = ((seen - self.mean) * self.scale).clamp(-self.clip, self.clip)
        total = torch.zeros(seen.size(0), self.embedding_size, dtype=seen.dtype, device=seen.device)
        for head in self.heads:
            total = total + head(features)
        return functional.normalize(total, dim=1)

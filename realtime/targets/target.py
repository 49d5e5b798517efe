"""Whose voice to keep, as numbers.

Invariant: a target is a value that nobody changes, and nothing that prints or logs one shows what identifies a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

EMBEDDING_SIZE = 128
"""Numbers in an embedding, of a face or of a voice: they share one space."""

Embedding = NDArray[np.float32]

_LENGTH_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The person to keep, known by a face, a voice, both or neither.

    Attributes:
        face: Embedding of the face, float32 ``[128]`` of length 1, read-only; None where none was given.
        voice: The same of the voice.

    Raises:
        ValueError: An embedding of another shape or length, or one that holds NaN or infinity.
    """

    face: Embedding | None = field(default=None, repr=False)
    voice: Embedding | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("face", "voice"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, own_embedding(given, name))

    @property
    def kinds(self) -> tuple[str, ...]:
        """What is known of the person: ``face``, ``voice``, both or nothing, in this order."""
        return tuple(name for name in ("face", "voice") if getattr(self, name) is not None)


def own_embedding(given: NDArray[np.float32], name: str) -> Embedding:
    """Returns a read-only copy of ``given``, so that no later change of it reaches a stream.

    Raises:
        ValueError: It is not of shape ``[128]`` and length 1; ``name`` says which in the message.
    """
    embedding = np.array(given, np.float32)
    if embedding.shape != (EMBEDDING_SIZE,):
        raise ValueError(f"expected a {name} embedding [{EMBEDDING_SIZE}], got shape {list(embedding.shape)}")
    length = float(np.linalg.norm(embedding))
    if not abs(length - 1.0) <= _LENGTH_TOLERANCE:  # this way round NaN is refused too
        raise ValueError(f"expected a {name} embedding of length 1, got {length:.4g}")
    embedding.setflags(write=False)
    return embedding

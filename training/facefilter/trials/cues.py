"""Which face and which voice a stream is given for its target.

Invariant: the picture and the voice sample of a person are embedded once a trial, as the service does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from .evidence import Talker
from .subject import EMBEDDING, Cues, Subject

Whose = Literal["target", "other", "stranger", ""]


class Condition(NamedTuple):
    """Whose face and whose voice is given: the target's, the other talker's, a third person's, or nobody's.

    A stranger is somebody else of the other talker's sex: a face that is wrong without being anybody's in the mixture.
    """

    face: Whose = ""
    voice: Whose = ""


class People(NamedTuple):
    """Who is in B streams, as positions among the talkers."""

    target: Sequence[int]
    other: Sequence[int]
    stranger: Sequence[int]


@dataclass(frozen=True)
class Gallery:
    """Embeddings of N talkers.

    Attributes:
        face: float32 ``[N, 128]``, zeros without a picture.
        voice: float32 ``[N, 128]``.
        found: bool ``[N]``, whether a face was found in the picture.
    """

    face: Tensor
    voice: Tensor
    found: Tensor

    @classmethod
    def of(cls, subject: Subject, talkers: Sequence[Talker]) -> Gallery:
        """Embeds the picture, where there is one, and the voice sample of every talker."""
        faces = [subject.face_of(talker.picture) if talker.picture else _no_face() for talker in talkers]
        voices = [subject.voice_of(talker.sample) for talker in talkers]
        found = torch.tensor([one for _, one in faces], dtype=torch.bool)
        return cls(torch.stack([face for face, _ in faces]), torch.stack(voices), found)

    def cues(self, condition: Condition, people: People) -> Cues:
        """Returns what each of B streams is told under ``condition``."""
        streams = len(people.target)
        face, face_given = self._pick(self.face, condition.face, people)
        voice, voice_given = self._pick(self.voice, condition.voice, people)
        return Cues(face, voice, torch.tensor([[face_given, voice_given]]).expand(streams, 2).contiguous())

    def _pick(self, embeddings: Tensor, whose: Whose, people: People) -> tuple[Tensor, float]:
        if not whose:
            return torch.zeros(len(people.target), EMBEDDING), 0.0
        return embeddings[list(getattr(people, whose))], 1.0


def _no_face() -> tuple[Tensor, bool]:
    return torch.zeros(EMBEDDING), False

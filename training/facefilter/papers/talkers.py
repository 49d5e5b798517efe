"""The people of ``facevoice`` that mixtures are made of: a clip of each voice, the embedding of the face, the sex.

Invariant: a talker's clip is at least as long as a mixture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.baselines.facefilter.spectrum import SAMPLE_RATE

from ..corpus import CorpusError, Recording
from ..waveforms import Waveforms

MIXTURE_S = 2.0
MIXTURE_SAMPLES = int(MIXTURE_S * SAMPLE_RATE)

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Talker:
    """One clip of one person.

    Attributes:
        index: Of the recording in the corpus, and so in the waveforms.
        person: Who speaks; several clips of VoxCeleb may be of one person.
        sex: ``f`` or ``m``, from the manifest or estimated from the voice; empty where neither says.
        face: Embedding, float32 ``[128]``, unit length; of people to train on from a head that never saw them.
    """

    index: int
    person: str
    sex: str
    face: Samples


class Talkers:
    """The talkers of one part of the corpus and their voices.

    Args:
        recordings: The whole corpus, in the order of ``waveforms``.
        waveforms: Its samples.
        faces: Embedding of the face by the name of the clip.
        sexes: ``f`` or ``m`` by the name of the clip; consulted where the manifest does not say.
        part: ``train`` or ``valid``.

    Raises:
        CorpusError: Fewer than two people are left.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        waveforms: Waveforms,
        faces: Mapping[str, Samples],
        sexes: Mapping[str, str],
        part: str,
    ) -> None:
        self._waveforms = waveforms
        self.talkers = tuple(
            Talker(i, item.person, item.sex or sexes.get(item.name, ""), faces[item.name])
            for i, item in enumerate(recordings)
            if item.corpus == "facevoice"
            and item.part == part
            and item.name in faces
            and waveforms.num_samples(i) >= MIXTURE_SAMPLES
        )
        people = len({talker.person for talker in self.talkers})
        if people < 2:
            raise CorpusError(f"expected two people or more with a face and {MIXTURE_S:g} s of voice, got {people}")

    def __len__(self) -> int:
        return len(self.talkers)

    def __getitem__(self, number: int) -> Talker:
        return self.talkers[number]

    def draw_piece(self, number: int, rng: np.random.Generator) -> Samples:
        """Returns 2 s of a talker from anywhere in the clip, float32 ``[32000]``."""
        index = self.talkers[number].index
        start = rng.integers(self._waveforms.num_samples(index) - MIXTURE_SAMPLES + 1)
        return self._waveforms.read(index, int(start), MIXTURE_SAMPLES)

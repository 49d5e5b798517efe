"""The four rows of paper 002, table 2: what each network is, and what it is trained to do.

Invariant: rows differ in what the paper says that they differ in, and in nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from models.baselines.facefilter.audio_only import AudioOnly
from models.baselines.facefilter.network import FaceFilter
from models.baselines.facefilter.spectrum import stft

from .losses import Embed, permutation_invariant_loss, separation_loss, speaker_loss
from .mixing import Mixtures

RowName = Literal["audio_only", "audio_visual", "attention", "srl"]
ROW_NAMES: tuple[RowName, ...] = get_args(RowName)

Network = AudioOnly | FaceFilter


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table.

    Attributes:
        name: As results and the command line call it.
        title: As the paper calls it.
        face: Whether it is given a face; without, it is trained by permutation invariant training.
        attention: Whether every frame weighs the face.
        speaker: Whether the speaker representation loss is added.
    """

    name: RowName
    title: str
    face: bool = True
    attention: bool = False
    speaker: bool = False

    def new_network(self, width: int) -> Network:
        """Returns the network, untrained."""
        return FaceFilter(width, self.attention) if self.face else AudioOnly(width)


ROWS = {
    row.name: row
    for row in (
        Row("audio_only", "Audio-only, MSE with PIT", face=False),
        Row("audio_visual", "Audio-visual, MSE"),
        Row("attention", "Audio-visual + attention, MSE", attention=True),
        Row("srl", "Audio-visual + attention, MSE with SRL", attention=True, speaker=True),
    )
}


class Magnitudes(NamedTuple):
    """What a network hears, sees, and should say.

    Attributes:
        mixture: ``[B, F, 257]``.
        voices: ``[B, 2, F, 257]``.
        faces: ``[B, 2, 128]``.
    """

    mixture: Tensor
    voices: Tensor
    faces: Tensor


def magnitudes(mixtures: Mixtures) -> Magnitudes:
    """Returns the magnitude spectra of mixtures and of their voices."""
    voices = stft(mixtures.voices)
    return Magnitudes(_magnitude(voices.sum(1)), _magnitude(voices), mixtures.faces)


def _magnitude(spectrum: Tensor) -> Tensor:
    # Five times as fast as abs() of complex numbers.
    return torch.view_as_real(spectrum).square().sum(-1).sqrt()


def separate(net: Network, heard: Magnitudes) -> Tensor:
    """Returns the magnitudes of both voices of every mixture, ``[B, 2, F, 257]``, products in bfloat16."""
    with torch.autocast(heard.mixture.device.type, torch.bfloat16):
        masks: Tensor = net(heard.mixture, heard.faces) if isinstance(net, FaceFilter) else net(heard.mixture)
    return masks * heard.mixture[:, None]


def mask_loss(row: Row, separated: Tensor, heard: Magnitudes) -> Tensor:
    """Equation 2, over both voices of every mixture."""
    if row.face:
        return separation_loss(separated, heard.voices).mean()
    return permutation_invariant_loss(separated, heard.voices).mean()


def total_loss(row: Row, separated: Tensor, heard: Magnitudes, embed: Embed | None, num_embedded: int) -> Tensor:
    """Equation 1: equation 2, and with SRL equation 3 added with weight 1.

    Args:
        row: Which.
        separated: ``[B, 2, F, 257]``.
        heard: What it was separated from.
        embed: The frozen voice encoder; needed by ``srl`` alone.
        num_embedded: Mixtures of the batch that equation 3 is averaged over: the encoder costs more than the network.

    Raises:
        ValueError: ``srl`` without an encoder.
    """
    loss = mask_loss(row, separated, heard)
    if row.speaker:
        if embed is None:
            raise ValueError("expected a voice encoder for the speaker representation loss, got none")
        loss = loss + speaker_loss(separated[:num_embedded], heard.voices[:num_embedded], embed).mean()
    return loss

"""Paper 002, table 1 and section 4: speech and face encoded, fused frame by frame, a mask estimated.

    magnitude [B, F, 257] -> ConvBlock 1536 -> 4 ResBlocks 1536 -> FCBlock 512 --------------+-> 15 ConvBlocks 1536
                                                                  |                          |   -> FC 257 -> sigmoid
                                                          FC 1 -> sigmoid (attention)        |
                                                                  |                          |
    face [B, N, 128] -> FCBlock 1536 -> FCBlock 512 --------------x------- same for all F ---+

The face embedding is that of our joint space of faces and voices, frozen, 128 numbers (the paper: of [18], trained
by the same matching task). The mask is applied to the magnitude by whoever asked for it.

``width`` scales the 1536 of table 1, and with it the 512, which stays a third.
"""

import torch
from torch import Tensor, nn

from .blocks import ConvBlock, FCBlock, ResBlock
from .spectrum import NUM_BINS

PAPER_WIDTH = 1_536
NUM_RES_BLOCKS = 4
NUM_MASK_BLOCKS = 15
FACE_SIZE = 128


class SpeechEncoder(nn.Module):
    """Magnitude ``[B, F, 257]`` to speech embeddings ``[B, width / 3, 1, F]``.

    Args:
        width: Channels; a multiple of 3.

    Raises:
        ValueError: When it is not.
    """

    def __init__(self, width: int) -> None:
        if width < 3 or width % 3:
            raise ValueError(f"expected a width that is a multiple of 3, got {width}")
        super().__init__()
        residuals = [ResBlock(width) for _ in range(NUM_RES_BLOCKS)]
        self.blocks = nn.Sequential(ConvBlock(NUM_BINS, width), *residuals, FCBlock(width, width // 3))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, magnitude: Tensor) -> Tensor:
        # A view, and channels last already: the bins of a frame lie side by side.
        embeddings: Tensor = self.blocks(magnitude.unsqueeze(1).permute(0, 3, 1, 2))
        return embeddings


class MaskEstimator(nn.Module):
    """What was fused ``[B, C, 1, F]`` to masks ``[B, num_masks, F, 257]`` in [0, 1].

    Args:
        num_inputs: Channels, C.
        width: Channels of its ConvBlocks.
        num_masks: How many it gives at once.
    """

    def __init__(self, num_inputs: int, width: int, num_masks: int = 1) -> None:
        super().__init__()
        blocks = [ConvBlock(num_inputs if i == 0 else width, width) for i in range(NUM_MASK_BLOCKS)]
        self.blocks = nn.Sequential(*blocks)
        self.output = nn.Conv2d(width, num_masks * NUM_BINS, 1)
        self.num_masks = num_masks
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, fused: Tensor) -> Tensor:
        # In float32 from here on: the logarithm of a mask near 0 is what the loss looks at.
        masks = torch.sigmoid(self.output(self.blocks(fused)).float())
        return masks.view(masks.size(0), self.num_masks, NUM_BINS, masks.size(3)).transpose(2, 3)


class FaceFilter(nn.Module):
    """Masks for the voices that belong to faces.

    Args:
        width: Channels, 1536 in the paper; a multiple of 3.
        attention: Whether every frame weighs the face by what is heard in it (section 4, "The other strategy");
            without, it is the same in every frame.
    """

    def __init__(self, width: int = PAPER_WIDTH, attention: bool = True) -> None:
        super().__init__()
        self.speech_encoder = SpeechEncoder(width)
        self.image_encoder = nn.Sequential(FCBlock(FACE_SIZE, width), FCBlock(width, width // 3))
        self.attention = nn.Conv2d(width // 3, 1, 1) if attention else None
        self.mask_estimator = MaskEstimator(2 * (width // 3), width)

    def forward(self, magnitude: Tensor, faces: Tensor) -> Tensor:
        """Returns the masks of N voices; each depends on its own face alone.

        The mixture is encoded once, whatever the number of faces.

        Args:
            magnitude: Of the mixture, ``[B, F, 257]``.
            faces: Embeddings of unit length, ``[B, N, 128]``.

        Returns:
            ``[B, N, F, 257]``, float32 in [0, 1].
        """
        num_faces = faces.size(1)
        speech = self.speech_encoder(magnitude).repeat_interleave(num_faces, 0)
        identity = self.image_encoder(faces.flatten(0, 1)[:, :, None, None])
        masks: Tensor = self.mask_estimator(torch.cat((speech, self.weigh(speech, identity)), dim=1))
        return masks.view(-1, num_faces, *magnitude.shape[1:])

    def weigh(self, speech: Tensor, identity: Tensor) -> Tensor:
        """Returns the identity ``[B, C, 1, 1]`` as every frame of ``speech [B, C, 1, F]`` gets it, of that shape."""
        if self.attention is None:
            return identity.expand_as(speech)
        return identity * torch.sigmoid(self.attention(speech))

"""Paper 002, section 5.3, the baseline: the same network without a face, its two masks in no order.

It is trained by permutation invariant training, and when it is used nothing says which of its voices is wanted.
"""

from torch import Tensor, nn

from .network import PAPER_WIDTH, MaskEstimator, SpeechEncoder

NUM_VOICES = 2


class AudioOnly(nn.Module):
    """Masks for the two voices of a mixture.

    Args:
        width: Channels, 1536 in the paper; a multiple of 3.
    """

    def __init__(self, width: int = PAPER_WIDTH) -> None:
        super().__init__()
        self.speech_encoder = SpeechEncoder(width)
        self.mask_estimator = MaskEstimator(width // 3, width, NUM_VOICES)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Maps the magnitude of the mixture ``[B, F, 257]`` to masks ``[B, 2, F, 257]`` in [0, 1]."""
        masks: Tensor = self.mask_estimator(self.speech_encoder(magnitude))
        return masks

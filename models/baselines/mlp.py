"""Paper 004, section 7.3: the MFCC of a segment side by side -> dense 512 -> 256 -> 128 -> softmax, ReLU between.

The paper drops units "in each hidden layer" and does not say how many: .3, as in its other two networks. It hears
130 frames in 3 s (hop 512); the stored bands have 34 (hop 1,920), so the input has 442 values and not 1,690.
"""

import torch
from torch import Tensor, nn

from ..frontend import NUM_MELS
from .front import MfccFront, SegmentNet

HIDDEN_SIZES = (512, 256, 128)
DROPOUT = 0.3


class MfccMlp(SegmentNet):
    """Names a segment of a fixed number of frames.

    Args:
        num_labels: Classes, L.
        num_frames: Frames of a segment, F.
    """

    def __init__(self, num_labels: int, num_frames: int) -> None:
        super().__init__(MfccFront(NUM_MELS))
        layers: list[nn.Module] = []
        size = num_frames * self.front.num_features
        for hidden_size in HIDDEN_SIZES:
            layers += [nn.Linear(size, hidden_size), nn.ReLU(), nn.Dropout(DROPOUT)]
            size = hidden_size
        self.body = nn.Sequential(*layers, nn.Linear(size, num_labels))

    def forward(self, mel_db: Tensor) -> Tensor:
        return torch.log_softmax(self.body(self.front(mel_db).flatten(1)), dim=-1)

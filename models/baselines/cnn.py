"""Paper 004, section 7.5 and table 1: three convolutions over the MFCC of 3 s as a picture, dense 64, softmax.

Each convolution (32 of 3 x 3, 32 of 3 x 3, 32 of 2 x 2; ReLU) is followed by max-pooling 3 x 3 with stride 3 and
batch normalisation, the dense layer by dropout .3. "Padding all the edges" is said of the pooling alone, but without
it at the convolutions too 13 coefficients shrink to 1 before the third layer, which is 2 wide; so both are padded.
"""

import torch
from torch import Tensor, nn

from ..frontend import NUM_MELS
from .front import MfccFront, SegmentNet

NUM_FILTERS = 32
KERNEL_SIZES = (3, 3, 2)
POOL = 3
DENSE_SIZE = 64
DROPOUT = 0.3


class MfccCnn(SegmentNet):
    """Names a segment of a fixed number of frames.

    Args:
        num_labels: Classes, L.
        num_frames: Frames of a segment, F.
    """

    def __init__(self, num_labels: int, num_frames: int) -> None:
        super().__init__(MfccFront(NUM_MELS))
        layers: list[nn.Module] = []
        channels, height, width = 1, num_frames, self.front.num_features
        for kernel_size in KERNEL_SIZES:
            layers += _layer(channels, kernel_size)
            channels, height, width = NUM_FILTERS, -(-height // POOL), -(-width // POOL)
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(channels * height * width, DENSE_SIZE)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(DENSE_SIZE, num_labels)

    def forward(self, mel_db: Tensor) -> Tensor:
        picture = self.front(mel_db).unsqueeze(1)
        hidden = torch.relu(self.dense(self.convolutions(picture).flatten(1)))
        return torch.log_softmax(self.output(self.dropout(hidden)), dim=-1)


def _layer(channels: int, kernel_size: int) -> list[nn.Module]:
    """Returns a convolution that keeps the size, and what follows it; pooling rounds the size up."""
    before, after = (kernel_size - 1) // 2, kernel_size // 2
    return [
        nn.ZeroPad2d((before, after, before, after)),
        nn.Conv2d(channels, NUM_FILTERS, kernel_size),
        nn.ReLU(),
        nn.MaxPool2d(POOL, stride=POOL, ceil_mode=True),
        nn.BatchNorm2d(NUM_FILTERS),
    ]

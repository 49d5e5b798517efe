"""Paper 000, figure 8 and section IV: four convolutions over 96 mel bands, then two layers of GRU.

As written: 63, 122, 128 and 128 filters of 3 x 3, max-pooling by 2, 3, 4 and 4 in frequency, so that 96 bands end as
one, and in time, so that 1,400 frames end as 15. Where it contradicts itself: 1,400 / 2 is called 720 (240, 60 and
15 follow from 1,440), and "8 x 16 x 240" stands where the second layer has 122 filters. It does not give the size of
the GRU: 32, as the units of figure 10. Batch normalisation and ELU are what "regularization" and this shape stand for
in Choi et al., "Convolutional recurrent neural networks for music classification" (2017), whose network it is but
for the filter counts.

Time is the one thing that must differ. The paper's 15 steps are 2.0 s each, 96 of its frames; of the frames stored
here (11.48 a second) 24 make 2.1 s, so time is pooled by 2, 3, 4 and 1.
"""

import torch
from torch import Tensor, nn

from .front import MelFront, SegmentNet

NUM_FILTERS = (63, 122, 128, 128)
POOLS = ((2, 2), (3, 3), (4, 4), (4, 1))
"""Frequency, time."""

HIDDEN_SIZE = 32
DROPOUT = 0.5


class MelCrnn(SegmentNet):
    """Names a segment of 24 frames or more.

    Args:
        num_labels: Classes, L.
    """

    def __init__(self, num_labels: int) -> None:
        super().__init__(MelFront())
        layers: list[nn.Module] = []
        channels = 1
        for num_filters, pool in zip(NUM_FILTERS, POOLS, strict=True):
            layers += [
                nn.Conv2d(channels, num_filters, 3, padding=1, bias=False),
                nn.BatchNorm2d(num_filters),
                nn.MaxPool2d(pool),  # before ELU, which rises: the same values, of which ELU then has a sixth to do
                nn.ELU(),
            ]
            channels = num_filters
        # Channels last: the layout that the CPU multiplies in, twice as fast.
        self.convolutions = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.gru = nn.GRU(channels, HIDDEN_SIZE, num_layers=2, batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(HIDDEN_SIZE, num_labels)

    def forward(self, mel_db: Tensor) -> Tensor:
        picture = self.front(mel_db).transpose(1, 2).unsqueeze(1)
        steps = self.convolutions(picture).squeeze(2).transpose(1, 2)
        heard, _ = self.gru(steps)
        return torch.log_softmax(self.output(self.dropout(heard[:, -1])), dim=-1)

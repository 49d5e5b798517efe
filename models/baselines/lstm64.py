"""Paper 004, section 7.4: 13 MFCC -> LSTM 64 -> LSTM 64 -> dense 64, ReLU, dropout .3 -> softmax.

The size of the dense layer is not given; 64, as that of the CNN. The text reports "around 64 %", table 2 67.95 %.
"""

import torch
from torch import Tensor, nn

from ..frontend import NUM_MELS
from .front import MfccFront, SegmentNet

HIDDEN_SIZE = 64
DENSE_SIZE = 64
DROPOUT = 0.3


class MfccLstm64(SegmentNet):
    """Names a segment of about three seconds.

    Args:
        num_labels: Classes, L.
    """

    def __init__(self, num_labels: int) -> None:
        super().__init__(MfccFront(NUM_MELS))
        self.lstm = nn.LSTM(self.front.num_features, HIDDEN_SIZE, num_layers=2, batch_first=True)
        self.dense = nn.Linear(HIDDEN_SIZE, DENSE_SIZE)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(DENSE_SIZE, num_labels)

    def forward(self, mel_db: Tensor) -> Tensor:
        heard, _ = self.lstm(self.front(mel_db))
        hidden = self.dropout(torch.relu(self.dense(heard[:, -1])))
        return torch.log_softmax(self.output(hidden), dim=-1)

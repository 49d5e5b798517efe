"""Paper 000, figure 7: 13 MFCC -> LSTM 128 -> LSTM 32 -> softmax, read at the end of a second.

The paper contradicts itself, and figure 7 with the text of section IV is followed: figure 10 draws a third LSTM
layer, section V ends in 6 outputs ("six schools") instead of 10, and says sigmoid units where an LSTM has its own.
GTZAN is 22,050 Hz in one paragraph and brought to 16 kHz in the next: the MFCC stop at 7.5 kHz, as 16 kHz would have.
Dropout .5 acts after either layer.
"""

import torch
from torch import Tensor, nn

from ..frontend import MFCC_MELS
from .front import MfccFront, SegmentNet

HIDDEN_SIZES = (128, 32)
DROPOUT = 0.5


class MfccLstm(SegmentNet):
    """Names a segment of about a second.

    Args:
        num_labels: Classes, L.
    """

    def __init__(self, num_labels: int) -> None:
        super().__init__(MfccFront(MFCC_MELS))
        self.lstm1 = nn.LSTM(self.front.num_features, HIDDEN_SIZES[0], batch_first=True)
        self.lstm2 = nn.LSTM(HIDDEN_SIZES[0], HIDDEN_SIZES[1], batch_first=True)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(HIDDEN_SIZES[1], num_labels)

    def forward(self, mel_db: Tensor) -> Tensor:
        wide, _ = self.lstm1(self.front(mel_db))
        narrow, _ = self.lstm2(self.dropout(wide))
        return torch.log_softmax(self.output(self.dropout(narrow[:, -1])), dim=-1)

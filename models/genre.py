"""The genre tagger's network: 13 MFCC -> LSTM 128 -> LSTM 32 -> the labels, and whether it is music at all.

The network of "Research on music genre classification algorithm based on deep learning" (paper 000, figure 7), made
causal and streaming, with its features inside and a second output from the same 32 units.

Invariant: whatever the chunking, the outputs are those of one forward over the whole clip.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .frontend import FRAME_SAMPLES, HOP_SAMPLES, NUM_MFCC, SAMPLE_RATE, Bands, Mfcc
from .lstm import StreamingLSTM

VERSION = "0.2.0"
WIDE, NARROW = 128, 32

# Plain tuples, because TorchScript makes a new NamedTuple type at every call that returns one: 100 us of 220.
GenreOutput = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""What the network says after each frame, given all that it has heard, float32:

- ``log_probs [B, F, L]``, natural log of each label's probability, given that it is music;
- ``music_logit [B, F]``, log-odds of music against speech, ambience and noise;
- ``level_db [B, F]``, mean power of the frame's samples, dBFS, at least -120;
- ``embedding [B, F, E]``, the layer before the output, of length 1: similar music has similar directions;
- ``heard_s [B, F]``, seconds that the answer rests on; it falls where the network began again.
"""


class GenreNet(nn.Module):
    """Audio in, genres out.

    Args:
        bands: The front-end.
        num_labels: Genres to tell apart (L).
        dropout: Share of hidden units dropped between the layers while training.
    """

    sample_rate: Final = SAMPLE_RATE
    chunk_samples: Final = FRAME_SAMPLES
    hop_samples: Final = HOP_SAMPLES
    hop_s: Final = HOP_SAMPLES / SAMPLE_RATE
    rms_scale: Final = FRAME_SAMPLES**-0.5
    wide: Final = WIDE
    narrow: Final = NARROW
    state_size: Final = 2 * (WIDE + NARROW) + 1
    embedding_size: Final = NARROW
    mfcc_mean: Tensor
    mfcc_scale: Tensor

    def __init__(self, bands: Bands, num_labels: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_labels = num_labels
        self.bands = bands
        self.mfcc = Mfcc()
        self.register_buffer("mfcc_mean", torch.zeros(NUM_MFCC))
        self.register_buffer("mfcc_scale", torch.ones(NUM_MFCC))
        self.lstm1 = StreamingLSTM(NUM_MFCC, WIDE)
        self.lstm2 = StreamingLSTM(WIDE, NARROW)
        self.dropout = nn.Dropout(dropout)
        self.genre = nn.Linear(NARROW, num_labels)
        self.music = nn.Linear(NARROW, 1)

    def set_standardisation(self, mean: Tensor, deviation: Tensor) -> None:
        """Fixes the mean and deviation ``[13]`` that the MFCC are standardised by."""
        self.mfcc_mean.copy_(mean)
        self.mfcc_scale.copy_(deviation.clamp_min(1e-3).reciprocal())

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        """Returns the state ``[B, N]`` of streams that have heard nothing: zeros."""
        return torch.zeros(batch_size, self.state_size, dtype=self.mfcc_mean.dtype, device=self.mfcc_mean.device)

    def forward(self, x: Tensor, state: Tensor) -> tuple[GenreOutput, Tensor]:
        """Advances every stream by the frames in ``x``.

        Args:
            x: float32 ``[B, T]`` in [-1, 1] at 22,050 Hz; ``T = 2048 + 1920 (F - 1)``, F >= 1. The next call
                begins 1,920 F samples later, so consecutive calls overlap by 128 samples.
            state: From ``init_state`` or the last call; it is not changed.

        Returns:
            The output for the F frames, and the state after them.
        """
        rms = torch.linalg.vector_norm(x.unfold(1, self.chunk_samples, self.hop_samples), dim=-1) * self.rms_scale
        level_db = rms.clamp_min(1e-6).log10() * 20.0
        mel_db, chroma_db = self.bands(x)
        log_probs, music_logit, embedding, heard_s, state = self.tag(mel_db, chroma_db, state)
        return (log_probs, music_logit, level_db, embedding, heard_s), state

    @torch.jit.export
    def tag(self, mel_db: Tensor, chroma_db: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Advances over bands, dB: ``mel_db [B, F, 128]``, and ``chroma_db [B, F, 12]``, which are not looked at.

        Returns:
            ``log_probs``, ``music_logit``, ``embedding``, ``heard_s`` and the state.
        """
        mfcc = (self.mfcc(mel_db) - self.mfcc_mean) * self.mfcc_scale
        h1, c1, h2, c2, frames = state.split_with_sizes([self.wide, self.wide, self.narrow, self.narrow, 1], 1)
        y1, h1, c1 = self.lstm1(mfcc, h1, c1)
        y2, h2, c2 = self.lstm2(self.dropout(y1), h2, c2)
        hidden = self.dropout(y2)
        log_probs = torch.log_softmax(self.genre(hidden), dim=-1)
        music_logit = self.music(hidden).squeeze(-1)
        embedding = functional.normalize(y2, dim=-1)
        # Frames are counted, not seconds added up: float32 counts them exactly for two weeks.
        count = frames + torch.arange(1, mel_db.size(1) + 1, dtype=state.dtype, device=state.device)
        state = torch.cat((h1, c1, h2, c2, count[:, -1:]), 1)
        return log_probs, music_logit, embedding, count * self.hop_s, state

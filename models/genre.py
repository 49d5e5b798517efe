"""The genre tagger: 13 MFCC -> LSTM 128 -> LSTM 32 -> 10 genres, and whether it is music at all.

The network of "Research on music genre classification algorithm based on deep learning" (paper 000, figure 7), made
causal and streaming, with its features inside and a second output from the same 32 units.

Invariant: whatever the chunking, the outputs are those of one forward over the whole clip.
"""

from typing import Final

import torch
from torch import Tensor, nn

from .frontend import FRAME_SAMPLES, HOP_SAMPLES, NUM_MFCC, SAMPLE_RATE, MelBands, Mfcc
from .lstm import StreamingLSTM

VERSION = "0.1.0"
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
HIDDEN_SIZES = (128, 32)


# Plain tuples, because TorchScript makes a new NamedTuple type at every call that returns one: 100 us of 220.
GenreState = tuple[Tensor, Tensor, Tensor, Tensor]
"""Memory of B streams, float32: ``h1, c1 [B, 128]`` and ``h2, c2 [B, 32]``."""

GenreOutput = tuple[Tensor, Tensor, Tensor]
"""What the tagger says after each frame, given all that it has heard:

- ``log_probs [B, F, 10]``, natural log of each genre's probability, given that it is music;
- ``music_logit [B, F]``, log-odds of music against speech, ambience and noise;
- ``level_db [B, F]``, mean power of the frame's samples, dBFS, at least -120.
"""


class GenreNet(nn.Module):
    """Audio in, genres out.

    Args:
        bins: See ``MelBands``.
        mel_filters: See ``MelBands``.
        dropout: Share of hidden units dropped between the layers while training.
    """

    sample_rate: Final = SAMPLE_RATE
    chunk_samples: Final = FRAME_SAMPLES
    hop_samples: Final = HOP_SAMPLES
    rms_scale: Final = FRAME_SAMPLES**-0.5
    mfcc_mean: Tensor
    mfcc_scale: Tensor

    def __init__(self, bins: Tensor, mel_filters: Tensor, dropout: float = 0.0) -> None:
        super().__init__()
        self.bands = MelBands(bins, mel_filters)
        self.mfcc = Mfcc()
        self.register_buffer("mfcc_mean", torch.zeros(NUM_MFCC))
        self.register_buffer("mfcc_scale", torch.ones(NUM_MFCC))
        self.lstm1 = StreamingLSTM(NUM_MFCC, HIDDEN_SIZES[0])
        self.lstm2 = StreamingLSTM(HIDDEN_SIZES[0], HIDDEN_SIZES[1])
        self.dropout = nn.Dropout(dropout)
        self.genre = nn.Linear(HIDDEN_SIZES[1], len(LABELS))
        self.music = nn.Linear(HIDDEN_SIZES[1], 1)

    def set_standardisation(self, mean: Tensor, deviation: Tensor) -> None:
        """Fixes the mean and deviation ``[13]`` that the MFCC are standardised by."""
        self.mfcc_mean.copy_(mean)
        self.mfcc_scale.copy_(deviation.clamp_min(1e-3).reciprocal())

    @torch.jit.export
    def init_state(self, batch_size: int) -> GenreState:
        """Returns the state of ``batch_size`` streams that have heard nothing."""
        like = self.mfcc_mean
        wide = torch.zeros(batch_size, self.lstm1.hidden_size, dtype=like.dtype, device=like.device)
        narrow = torch.zeros(batch_size, self.lstm2.hidden_size, dtype=like.dtype, device=like.device)
        return wide, wide.clone(), narrow, narrow.clone()

    def forward(self, x: Tensor, state: GenreState) -> tuple[GenreOutput, GenreState]:
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
        log_probs, music_logit, state = self.tag(self.bands(x), state)
        return (log_probs, music_logit, level_db), state

    @torch.jit.export
    def tag(self, mel_db: Tensor, state: GenreState) -> tuple[Tensor, Tensor, GenreState]:
        """Advances over mel bands ``[B, F, 128]`` dB; returns ``log_probs``, ``music_logit`` and the state."""
        mfcc = (self.mfcc(mel_db) - self.mfcc_mean) * self.mfcc_scale
        h1, c1, h2, c2 = state
        y1, h1, c1 = self.lstm1(mfcc, h1, c1)
        y2, h2, c2 = self.lstm2(self.dropout(y1), h2, c2)
        hidden = self.dropout(y2)
        log_probs = torch.log_softmax(self.genre(hidden), dim=-1)
        return log_probs, self.music(hidden).squeeze(-1), (h1, c1, h2, c2)

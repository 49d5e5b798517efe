"""Who a voice is: a recurrent network over mel bands, and a map into the space that faces share.

The recurrent network is that of Wan et al. ("Generalized end-to-end loss for speaker verification", ICASSP 2018) with
public weights: 40 mel bands of 25 ms every 10 ms, three LSTM layers of 256 units, read after 1.6 s. A longer sample is
read every 0.8 s and the readings are averaged.

Invariant: the level of a sample does not matter.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

SAMPLE_RATE = 16_000
EMBEDDING_SIZE = 128
READING_SIZE = 256
NUM_MELS = 40
WINDOW_SAMPLES = 25_600
"""Samples of a reading, 1.6 s."""

FFT_SAMPLES = 400
HOP_SAMPLES = 160
LEVEL_RMS = 10 ** (-30 / 20)
"""What every window is brought to, -30 dBFS, as the weights were trained."""


class VoiceEncoder(nn.Module):
    """A voice sample in, one embedding out.

    Args:
        mel_filters: float32 ``[40, 201]``, weights of the power spectrum.
    """

    sample_rate: Final = SAMPLE_RATE
    embedding_size: Final = EMBEDDING_SIZE
    window_samples: Final = WINDOW_SAMPLES
    fft_samples: Final = FFT_SAMPLES
    hop_samples: Final = HOP_SAMPLES
    level_rms: Final = LEVEL_RMS
    mel_filters: Tensor
    hann: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, mel_filters: Tensor) -> None:
        super().__init__()
        self.register_buffer("mel_filters", mel_filters)
        self.register_buffer("hann", torch.hann_window(FFT_SAMPLES))
        self.register_buffer("mean", torch.zeros(READING_SIZE))
        self.register_buffer("scale", torch.ones(READING_SIZE))
        self.lstm = nn.LSTM(NUM_MELS, READING_SIZE, 3, batch_first=True)
        self.linear = nn.Linear(READING_SIZE, READING_SIZE)
        self.head = nn.Linear(READING_SIZE, EMBEDDING_SIZE)

    def forward(self, audio: Tensor) -> Tensor:
        """Returns the embedding, unit length ``[B, 128]``.

        Args:
            audio: float32 ``[B, S]`` at 16 kHz; S >= 16,000, else torch's errors may come; what is shorter than 1.6 s
                is repeated.
        """
        return self.embed(self.read(self.windows(audio)).mean(1))

    @torch.jit.export
    def windows(self, audio: Tensor) -> Tensor:
        """Returns what is read of samples ``[B, S]``: ``[B, W, 25600]``, each half over the one before."""
        length = audio.size(1)
        if length < self.window_samples:
            audio = audio.repeat(1, self.window_samples // length + 1)[:, : self.window_samples]
        else:
            half = self.window_samples // 2
            last = (length - self.window_samples + half - 1) // half * half + self.window_samples
            # The end of a sample that does not fill its last window is read together with its beginning.
            audio = torch.cat((audio, audio[:, : last - length]), 1)
        return audio.unfold(1, self.window_samples, self.window_samples // 2)

    @torch.jit.export
    def read(self, windows: Tensor) -> Tensor:
        """Returns the readings, unit length ``[B, W, 256]``, of ``windows [B, W, 25600]``."""
        flat = windows.flatten(0, 1)
        rms = flat.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6)
        mel = self.mel(flat * (self.level_rms / rms))
        hidden = self.lstm(mel)[0][:, -1]
        readings = functional.normalize(torch.relu(self.linear(hidden)), dim=1)
        return readings.view(windows.size(0), windows.size(1), -1)

    @torch.jit.export
    def mel(self, audio: Tensor) -> Tensor:
        """Returns mel bands of the power spectrum, ``[B, F, 40]``, of ``audio [B, S]``."""
        spectra = torch.stft(
            audio, self.fft_samples, self.hop_samples, self.fft_samples, self.hann, True, "constant", False, True, True
        )
        return torch.matmul(self.mel_filters, spectra.abs().square()).transpose(1, 2)

    @torch.jit.export
    def embed(self, readings: Tensor) -> Tensor:
        """Returns the embedding, unit length ``[..., 128]``, of a reading or a mean of readings ``[..., 256]``."""
        unit = functional.normalize(readings, dim=-1)
        return functional.normalize(self.head((unit - self.mean) * self.scale), dim=-1)

"""g of paper 002, equation 3: our voice encoder, fed with magnitudes of the separation network instead of audio.

The encoder was trained on spectra of 400 points, these have 512: the window is the same, so are the bands, and only the
spacing of the bins differs.

Invariant: the encoder is frozen, and gradients flow through it into the magnitudes.
"""

from __future__ import annotations

import librosa
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.baselines.facefilter.spectrum import FFT_SAMPLES, FRAME_SAMPLES, NUM_BINS, SAMPLE_RATE
from models.voice_encoder import FFT_SAMPLES as ENCODER_FFT_SAMPLES
from models.voice_encoder import LEVEL_RMS, NUM_MELS, VoiceEncoder

_SILENT = 1e-12


class HeardVoice(nn.Module):
    """Whose voice a magnitude spectrogram is.

    Args:
        encoder: Trained; it is frozen here.
    """

    mel_filters: Tensor
    power_weights: Tensor

    def __init__(self, encoder: VoiceEncoder) -> None:
        super().__init__()
        self.encoder = encoder.eval().requires_grad_(False)
        filters = librosa.filters.mel(sr=SAMPLE_RATE, n_fft=FFT_SAMPLES, n_mels=NUM_MELS)
        # Closer bins: there are more of them below every triangle.
        self.register_buffer("mel_filters", torch.from_numpy(filters).float().T * (ENCODER_FFT_SAMPLES / FFT_SAMPLES))
        # Parseval: a bin stands for itself and its mirror image, but DC and Nyquist have none.
        weights = torch.full((NUM_BINS,), 2.0)
        weights[0] = weights[-1] = 1.0
        energy = torch.hann_window(FRAME_SAMPLES).square().sum() * FFT_SAMPLES
        self.register_buffer("power_weights", weights / energy)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Maps magnitudes ``[B, F, 257]`` to embeddings of unit length ``[B, 128]``."""
        mel = self.mel(magnitude)
        hidden = self.encoder.lstm(mel)[0][:, -1]
        reading = functional.normalize(torch.relu(self.encoder.linear(hidden)), dim=1)
        embedding: Tensor = self.encoder.embed(reading)
        return embedding

    def mel(self, magnitude: Tensor) -> Tensor:
        """Returns mel bands of the power ``[B, F, 40]``, the whole brought to the level that the encoder expects."""
        power = magnitude.square()
        mean_square = (power @ self.power_weights).mean(1).clamp_min(_SILENT)
        return (power @ self.mel_filters) * (LEVEL_RMS**2 / mean_square)[:, None, None]

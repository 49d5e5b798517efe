"""Paper 002, section 5.1: 257 bins of 25 ms every 10 ms, so 200 frames for 2 s, and the waveform back.

Frame ``f`` is centred on the middle of its hop; what a frame sees beyond either end of the signal is silence.

Invariant: ``istft(stft(x))`` is ``x``; of a spectrum that no waveform has, it is the waveform whose spectrum is nearest
in least squares (Griffin and Lim 1984, equation 6).
"""

import torch
from torch import Tensor
from torch.nn import functional

SAMPLE_RATE = 16_000
HOP_SAMPLES = 160
FRAME_SAMPLES = 400
FFT_SAMPLES = 512
NUM_BINS = FFT_SAMPLES // 2 + 1

_MARGIN = (FRAME_SAMPLES - HOP_SAMPLES) // 2


def stft(x: Tensor) -> Tensor:
    """Returns the spectrum of 16 kHz audio.

    Args:
        x: float32 ``[..., S]``, S a multiple of 160.

    Returns:
        complex64 ``[..., S / 160, 257]``.

    Raises:
        ValueError: When S is no multiple of a hop.
    """
    if x.size(-1) % HOP_SAMPLES:
        raise ValueError(f"expected a multiple of {HOP_SAMPLES} samples, got {x.size(-1)}")
    frames = functional.pad(x, (_MARGIN, _MARGIN)).unfold(-1, FRAME_SAMPLES, HOP_SAMPLES)
    spectrum: Tensor = torch.fft.rfft(frames * _window(x), n=FFT_SAMPLES)
    return spectrum


def istft(spectrum: Tensor) -> Tensor:
    """Returns the waveform ``[..., 160 F]`` of a spectrum ``[..., F, 257]``."""
    window = _window(spectrum.real)
    frames = torch.fft.irfft(spectrum, n=FFT_SAMPLES)[..., :FRAME_SAMPLES] * window
    weights = _overlap_add(window.square().expand(frames.shape[-2:]))
    return _overlap_add(frames) / weights


def _overlap_add(frames: Tensor) -> Tensor:
    """Sums frames ``[..., F, 400]`` a hop apart and takes the margins off: ``[..., 160 F]``."""
    num_samples = frames.size(-2) * HOP_SAMPLES
    columns = frames.reshape(-1, *frames.shape[-2:]).transpose(1, 2)
    size = (1, num_samples + 2 * _MARGIN)
    summed = functional.fold(columns, size, (1, FRAME_SAMPLES), stride=(1, HOP_SAMPLES))
    return summed[..., _MARGIN:-_MARGIN].reshape(*frames.shape[:-2], num_samples)


def _window(like: Tensor) -> Tensor:
    return torch.hann_window(FRAME_SAMPLES, dtype=like.dtype, device=like.device)

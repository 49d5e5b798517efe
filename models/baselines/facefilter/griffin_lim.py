"""Griffin and Lim (1984), section III: a waveform whose spectrum has nearly a given magnitude.

Paper 002, section 4, prefers it to the phase of the mixture. What it gives can be shifted against the true waveform
by parts of a period and differently in every band, so no figure that compares samples says much about it.

Invariant: no iteration increases the distance of the magnitude to the one that was asked for.
"""

import torch
from torch import Tensor

from .spectrum import istft, stft

NUM_ITERATIONS = 32
_SILENT = 1e-9


def griffin_lim(magnitude: Tensor, phase_of: Tensor | None = None, num_iterations: int = NUM_ITERATIONS) -> Tensor:
    """Returns a waveform for a magnitude.

    Args:
        magnitude: ``[..., F, 257]``, at least 0.
        phase_of: Complex, of the same shape: a spectrum whose phase to start from; without it, from phase 0.
        num_iterations: How often the phase is taken from the waveform of the last spectrum.

    Returns:
        ``[..., 160 F]``.
    """
    spectrum = torch.complex(magnitude, torch.zeros_like(magnitude))
    if phase_of is not None:
        spectrum = magnitude * unit(phase_of)
    for _ in range(num_iterations):
        spectrum = magnitude * unit(stft(istft(spectrum)))
    return istft(spectrum)


def unit(spectrum: Tensor) -> Tensor:
    """Returns the spectrum with every bin of magnitude 1, or 0 where it has no phase."""
    return spectrum / spectrum.abs().clamp_min(_SILENT)

"""What a separated voice is worth: SDR and SI-SDR gained over the mixture, and whether it is the right voice.

Invariant: a mixture that is returned as it is gains 0 dB.
"""

from __future__ import annotations

from typing import NamedTuple

import fast_bss_eval
from torch import Tensor

from models.baselines.facefilter.griffin_lim import griffin_lim, unit
from models.baselines.facefilter.spectrum import istft, stft

from .mixing import Mixtures


class Judged(NamedTuple):
    """Figures of N outputs, one for each mixture, float32 ``[N]``.

    Attributes:
        sdri: Gain in SDR, dB: BSS eval version 3 (Vincent et al. 2006), filters of 512 taps.
        si_sdri: Gain in scale-invariant SDR, dB (Le Roux et al. 2019).
        right: 1 where the output is nearer to the target than to the other talker, else 0.
    """

    sdri: Tensor
    si_sdri: Tensor
    right: Tensor


def with_phase_of_mixture(separated: Tensor, mixtures: Mixtures) -> Judged:
    """Judges magnitudes ``[N, F, 257]`` played with the phase of their mixtures; nearer is by SI-SDR."""
    output = istft(separated * unit(stft(mixtures.mixture)))
    right = si_sdr(output, mixtures.voices[:, 0]) > si_sdr(output, mixtures.voices[:, 1])
    return _judged(output, mixtures, right)


def with_griffin_lim(separated: Tensor, mixtures: Mixtures) -> Judged:
    """Judges magnitudes ``[N, F, 257]`` played with a phase by Griffin and Lim, started from that of their mixtures.

    Started from phase 0, even the true magnitude of the target ends 6 dB below the mixture (measured on 40 mixtures);
    the gains that the paper reports can only come of a start from the mixture. Even so its samples are not those of
    the target, so nearer is by the SI-SDR of magnitudes: of the output's spectrum against those of the two voices.
    """
    output = griffin_lim(separated, phase_of=stft(mixtures.mixture))
    sounds = stft(output).abs().flatten(1)
    target, other = stft(mixtures.voices).abs().flatten(2).unbind(1)
    return _judged(output, mixtures, si_sdr(sounds, target) > si_sdr(sounds, other))


def si_sdr(estimate: Tensor, reference: Tensor) -> Tensor:
    """Returns the scale-invariant SDR ``[N]`` in dB of signals ``[N, S]``."""
    return -fast_bss_eval.si_sdr_loss(estimate[:, None], reference[:, None])[:, 0]


def sdr(estimate: Tensor, reference: Tensor) -> Tensor:
    """Returns the SDR ``[N]`` in dB of signals ``[N, S]``, the reference filtered by 512 taps as suits it best."""
    # In float64: the autocorrelation of band-limited speech is nearly singular.
    return -fast_bss_eval.sdr_loss(estimate[:, None].double(), reference[:, None].double())[:, 0].float()


def _judged(output: Tensor, mixtures: Mixtures, right: Tensor) -> Judged:
    target, mixture = mixtures.voices[:, 0], mixtures.mixture
    return Judged(
        sdr(output, target) - sdr(mixture, target), si_sdr(output, target) - si_sdr(mixture, target), right.float()
    )

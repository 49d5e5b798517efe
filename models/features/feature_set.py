"""Every feature of paper 000, section III, and of paper 004 from one stream of samples, sharing one spectrum a frame.

Invariant: whatever the chunking, each feature is that of the whole clip, frame for frame.
"""

from typing import Final

import torch
from torch import Tensor, nn

from .beat_histogram import BeatHistogram, BeatHistogramState
from .chroma import Chroma
from .chroma_vectors import ChromaVectors, ChromaVectorsState
from .contrast import SpectralContrast
from .flux import FluxState, SpectralFlux
from .framing import FRAME_SAMPLES, Framer
from .low_energy import LowEnergyShare, LowEnergyState
from .mel import LogMel
from .mfcc import NUM_MFCC, Mfcc
from .onset_autocorrelation import OnsetAutocorrelation, OnsetAutocorrelationState
from .pitch_histogram import PitchHistogram, PitchHistogramState
from .spectral_shape import SpectralShape
from .spectrum import Spectrum, power_of
from .streaming import StreamingFeature
from .waveform import rms, zero_crossing_rate

FeatureState = tuple[
    Tensor,
    FluxState,
    LowEnergyState,
    ChromaVectorsState,
    OnsetAutocorrelationState,
    BeatHistogramState,
    PitchHistogramState,
]
"""Samples carried over (see ``Framer``), then each streaming feature's own state."""


class FrameFeatures(nn.Module):
    """The features that a frame alone decides.

    Args:
        sample_rate: Hz.
        num_mfcc: Cepstral coefficients.
    """

    def __init__(self, sample_rate: int, num_mfcc: int = NUM_MFCC) -> None:
        super().__init__()
        self.log_mel = LogMel(sample_rate)
        self.mfcc = Mfcc(num_mfcc)
        self.shape = SpectralShape(sample_rate)
        self.contrast = SpectralContrast(sample_rate)
        self.chroma = Chroma(sample_rate)

    def forward(self, frames: Tensor, spectrum: Tensor) -> dict[str, Tensor]:
        """Maps frames ``[B, F, N]`` and their spectra ``[B, F, K]`` to features ``[B, F, D]`` by name."""
        power = power_of(spectrum)
        magnitude = power.sqrt()
        log_mel = self.log_mel(power)
        centroid, bandwidth, rolloff = self.shape(magnitude)
        return {
            "log_mel": log_mel,
            "mfcc": self.mfcc(log_mel),
            "centroid": centroid,
            "bandwidth": bandwidth,
            "rolloff": rolloff,
            "contrast": self.contrast(magnitude),
            "chroma": self.chroma(power),
            "rms": rms(frames),
            "zero_crossing_rate": zero_crossing_rate(frames),
        }


class FeatureSet(StreamingFeature):
    """Samples in pieces of any length to all features; the package's docstring lists them.

    Args:
        sample_rate: Hz, above 12,800 (see ``SpectralContrast``).
        hop_samples: From one frame to the next.
        num_mfcc: Cepstral coefficients.
    """

    sample_rate: Final[int]

    def __init__(self, sample_rate: int = 22_050, hop_samples: int = 512, num_mfcc: int = NUM_MFCC) -> None:
        super().__init__()
        frame_rate = sample_rate / hop_samples
        self.sample_rate = sample_rate
        self.framer = Framer(hop_samples, FRAME_SAMPLES)
        self.spectrum = Spectrum(FRAME_SAMPLES)
        self.frame_features = FrameFeatures(sample_rate, num_mfcc)
        self.flux = SpectralFlux()
        self.low_energy = LowEnergyShare()
        self.chroma_vectors = ChromaVectors(round(frame_rate))
        self.onset_autocorrelation = OnsetAutocorrelation(frame_rate)
        self.beat_histogram = BeatHistogram(frame_rate)
        self.pitch_histogram = PitchHistogram(sample_rate, frame_rate)

    @torch.jit.export
    def init_state(self, batch_size: int) -> FeatureState:
        """Returns the state of streams that have heard nothing."""
        return (
            self.framer.init_state(batch_size),
            self.flux.init_state(batch_size),
            self.low_energy.init_state(batch_size),
            self.chroma_vectors.init_state(batch_size),
            self.onset_autocorrelation.init_state(batch_size),
            self.beat_histogram.init_state(batch_size),
            self.pitch_histogram.init_state(batch_size),
        )

    def forward(self, x: Tensor, state: FeatureState) -> tuple[dict[str, Tensor], FeatureState]:
        """Takes in samples.

        Args:
            x: float32 ``[B, T]`` in [-1, 1], the samples after those of the last call, T >= 0.
            state: From ``init_state`` or the last call.

        Returns:
            Each feature's ``[B, F, D]`` by name, of the F frames that the samples complete, and the state.
        """
        carried, flux, low_energy, vectors, onsets, beats, pitches = state
        frames, carried = self.framer(x, carried)
        spectrum = self.spectrum(frames)
        y = self.frame_features(frames, spectrum)
        y["flux"], flux = self.flux(y["log_mel"], flux)
        y["low_energy_share"], low_energy = self.low_energy(y["rms"], low_energy)
        y["chroma_vectors"], vectors = self.chroma_vectors(y["chroma"], vectors)
        y["onset_autocorrelation"], onsets = self.onset_autocorrelation(y["flux"], onsets)
        y["beat_histogram"], beats = self.beat_histogram(y["onset_autocorrelation"], beats)
        y["beat"] = self.beat_histogram.summary(y["beat_histogram"])
        y["pitch_histogram"], pitches = self.pitch_histogram(spectrum, pitches)
        y["pitch"] = self.pitch_histogram.summary(y["pitch_histogram"])
        return y, (carried, flux, low_energy, vectors, onsets, beats, pitches)

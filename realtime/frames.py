"""AudioFrame: a block of PCM samples with its place in the stream.

Invariant: a frame that exists is valid, so nothing downstream checks samples again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import BadFormat, BadFrame

MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000
MAX_CHANNELS = 8

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AudioFrame:
    """PCM samples of one or more channels.

    Attributes:
        samples: float32 ``[C, T]`` nominally in [-1, 1]; finite; ``C`` in 1..8; ``T`` >= 1. Louder
            samples are kept as they are: clipping is a decision of the sink.
        sample_rate: Hz, 8,000 to 192,000.
        pts: Index of the first sample in its stream, counted at ``sample_rate``.

    Raises:
        BadFrame: On a wrong dtype or shape, no samples, NaN or infinity.
        BadFormat: On a sample rate or channel count out of range.
    """

    samples: Samples
    sample_rate: int
    pts: int

    def __post_init__(self) -> None:
        check_format(self.sample_rate, self.samples.shape[0] if self.samples.ndim == 2 else 1)
        if self.samples.dtype != np.float32 or self.samples.ndim != 2:
            raise BadFrame(
                f"expected float32 samples of shape [channels, samples], got {self.samples.dtype} "
                f"of shape {list(self.samples.shape)}",
                param="samples",
            )
        if self.samples.shape[1] == 0:
            raise BadFrame("expected at least one sample a channel, got an empty frame", param="samples")
        # One pass and no temporary: the energy is finite unless a sample is not, or is past any use (over 1e19).
        flat = self.samples.reshape(-1)
        with np.errstate(over="ignore", invalid="ignore"):
            energy = np.dot(flat, flat)
        if not np.isfinite(energy):
            raise BadFrame("expected finite samples, got NaN or infinity", param="samples")

    @property
    def num_samples(self) -> int:
        """Samples a channel."""
        return int(self.samples.shape[1])

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[0])

    @property
    def end_pts(self) -> int:
        """Index of the first sample after this frame."""
        return self.pts + self.num_samples

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.num_samples / self.sample_rate


def check_format(sample_rate: int, channels: int) -> None:
    """Raises BadFormat unless the rate is 8-192 kHz and there are 1 to 8 channels."""
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise BadFormat(
            f"expected a sample rate of {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, got {sample_rate}",
            param="sample_rate",
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise BadFormat(f"expected 1 to {MAX_CHANNELS} channels, got {channels}", param="channels")

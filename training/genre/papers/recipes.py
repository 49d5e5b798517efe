"""How each network is trained, and where that is not what its paper says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.baselines.cnn import MfccCnn
from models.baselines.crnn import MelCrnn
from models.baselines.front import SegmentNet
from models.baselines.lstm import MfccLstm
from models.baselines.lstm64 import MfccLstm64
from models.baselines.mlp import MfccMlp


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a network sees and how it learns: Adam, a rate that falls linearly to 0, early stopping.

    Attributes:
        build: Takes the number of labels and of frames, and returns the untrained network.
        num_segments: Segments of a clip.
        test_tenths: Tenths of the segments that the protocol ``segments`` keeps for the test, as the paper does.
        epochs: At most.
        rate: At the start.
        note: What differs from the paper, for the result.
        batch_size: Segments in a batch.
        patience: Epochs without a better accuracy on valid after which training stops.
        bfloat16: Whether products are computed in bfloat16, for speed; the weights stay float32.
    """

    build: Callable[[int, int], SegmentNet]
    num_segments: int
    test_tenths: int
    epochs: int
    rate: float
    note: str
    batch_size: int = 64
    patience: int = 5
    bfloat16: bool = False

    @property
    def schedule(self) -> str:
        """How it learns, for the note of a result."""
        return (
            f"Adam from {self.rate:g} falling to 0 over {self.epochs} epochs, {self.batch_size} a batch, "
            f"stopped after {self.patience} epochs without gain on valid"
        )


_BANDS = "features from the stored bands, 11.48 frames a second"
_PAPER_004 = f"13 MFCC to 11 kHz, {_BANDS} (paper: 43); the paper: Adam at 0.0001, 100 epochs"

RECIPES = {
    "lstm": Recipe(
        build=lambda num_labels, _: MfccLstm(num_labels),
        num_segments=30,
        test_tenths=1,
        epochs=12,
        rate=2e-3,
        note=f"13 MFCC to 7.5 kHz, {_BANDS}; the paper: from 0.002 to 0 or 1e-5, 20 or 35 epochs",
    ),
    "crnn": Recipe(
        build=lambda num_labels, _: MelCrnn(num_labels),
        num_segments=3,
        test_tenths=1,
        epochs=6,
        rate=2e-3,
        batch_size=32,
        bfloat16=True,
        note="96 bands interpolated from 128, 11.48 frames a second (paper: 48); to save time products in bfloat16, "
        "and three segments of 10 s a clip instead of the whole",
    ),
    "mlp": Recipe(
        build=MfccMlp,
        num_segments=10,
        test_tenths=3,
        epochs=20,
        rate=1e-3,
        note=_PAPER_004,
    ),
    "lstm64": Recipe(
        build=lambda num_labels, _: MfccLstm64(num_labels),
        num_segments=10,
        test_tenths=3,
        epochs=25,
        rate=2e-3,
        note=_PAPER_004,
    ),
    "cnn": Recipe(
        build=MfccCnn,
        num_segments=10,
        test_tenths=3,
        epochs=30,
        rate=1e-3,
        patience=10,
        note=_PAPER_004,
    ),
}
"""By the name that the command line and the results use; ``hierarchy`` trains the ``lstm`` at each of its nodes."""

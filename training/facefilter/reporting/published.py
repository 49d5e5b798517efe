"""What the FaceFilter paper reports (Chung et al., 2020, Tables 2 and 3), on VoxCeleb2.

Invariant: figures as printed; nothing is converted but per cent to shares.
"""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """SDRi in dB and accuracy as a share of 1."""

    sdri: float
    accuracy: float


ROWS = {
    "audio_only": "audio-only, PIT",
    "audio_visual": "audio-visual",
    "attention": "+ attention",
    "srl": "+ attention, speaker representation loss",
}
"""The rows of Table 2, in its order."""

TABLE_2 = {
    "audio_only": Published(0.690, 0.4994),
    "audio_visual": Published(2.348, 0.8056),
    "attention": Published(2.413, 0.8089),
    "srl": Published(2.528, 0.8020),
}

UNSEEN = {
    "M-M": Published(1.256, 0.612),
    "M-F": Published(3.066, 0.921),
    "F-M": Published(3.830, 0.945),
    "F-F": Published(1.198, 0.596),
}
"""Table 3, unseen-unheard speakers, by target and interferer."""

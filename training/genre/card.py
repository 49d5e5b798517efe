"""The genre artifact's card: what it was trained on, how it was measured, what it cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.genre import VERSION

ARCHITECTURE = (
    "128 mel bands (GTZAN's recipe) in dB, floor -75 dB, bands below 7.5 kHz, 13 MFCC, standardised; LSTM 128, LSTM "
    "32; 10 genres (softmax) and music or not (logit) from the same 32 units. Causal, 0 samples of look-ahead."
)
DATA = (
    "GTZAN, fault-filtered train split: 443 clips as mel bands; those of them that exist as 24 kHz opus, too",
    "Speech as what is not music: LibriSpeech train-clean-100 (CC BY 4.0), speechocean762 (free use), six small "
    "sets (MSC Malayalam CC BY-SA, others MIT, RAVDESS and nEMO CC BY-NC-SA, BAVED none stated); the training part "
    "by speaker",
    "Ambience as what is not music: ESC-10 (CC BY 3.0), UrbanSound8K folds 1 and 2 without street music (CC BY-NC), "
    "Moodist (Pixabay and CC0), McDermott and Simoncelli's sound textures and 100 noises (research use); without "
    "what is musical in them; the training part by source recording",
)
PROTOCOL = (
    "Filtered: trained on 443 clips; when to stop and which of the seeds to ship was chosen on 197; the 290 test "
    "clips (no faults, no artist in two parts) chose nothing. A clip's decision is the highest mean posterior of "
    "its frames after the first second. In one stream: the same clips one after another, the state never reset. By "
    "track: 10-fold over all 1,000 clips, a fixed number of steps, networks that ship nowhere. Music or not: share "
    "of frames after the first second on GTZAN, and on held-out speakers and source recordings, the second of two "
    "hearings in a row."
)
LIMITS = (
    "Ten genres of 1960-2000 as GTZAN understands them; anything else is forced into one of them.",
    "On artists it has not heard, this network names the wrong genre more often than the right one: 13 MFCC and 443 "
    "clips say no more. The figure by track is flattered by artists and recordings that GTZAN repeats across folds.",
    "Steady machines, crowds and other ambience it has not heard pass for music often: see the figures. Singing "
    "without accompaniment and music under loud speech were not measured.",
    "Silence is not learned: the plugin gates on level.",
    "It hears nothing above 7.5 kHz; recordings narrower than about 2 kHz were not in training.",
)
LICENCE = (
    "Weights for research use, not commercial: GTZAN carries no licence, some of the rest is CC BY-NC. Code: "
    "Apache-2.0."
)


def genre_card(labels: Sequence[str], figures: dict[str, Any]) -> dict[str, Any]:
    """Returns the card without ``contract`` and ``sha256``, which ``models.export`` adds; labels in their order."""
    return {
        "name": "genre",
        "version": VERSION,
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "chunk_samples": FRAME_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "latency_samples": 0,
        "labels": list(labels),
        "architecture": ARCHITECTURE,
        "data": list(DATA),
        "protocol": PROTOCOL,
        "figures": figures,
        "limits": list(LIMITS),
        "licence": LICENCE,
    }

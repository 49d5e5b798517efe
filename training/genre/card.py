"""The genre artifact's card: what it was trained on, how it was measured, what it cannot do."""

from __future__ import annotations

from typing import Any

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.genre import LABELS, VERSION

ARCHITECTURE = (
    "128 mel bands (GTZAN's recipe) in dB, floor -75 dB, bands below 7.5 kHz, 13 MFCC, standardised; LSTM 128, "
    "LSTM 32; 10 genres (softmax) and music or not (logit) from the same 32 units. Causal, 0 samples of look-ahead."
)
DATA = (
    "GTZAN, fault-filtered train split, 443 clips as mel bands; of these the clips that exist as 24 kHz opus, too",
    "Speech as what is not music: LibriSpeech train-clean-100 (CC BY 4.0), speechocean762, six small speech sets; "
    "train part by speaker",
    "Ambience as what is not music: ESC-10 (CC BY 3.0), UrbanSound8K folds 1 and 2 without street music (CC BY-NC), "
    "Moodist, non-speech noises; train part by source recording",
)
PROTOCOL = (
    "Filtered: trained on 443 clips, stopped and the seed chosen on 197, tested once on 290 (fault-filtered, no artist "
    "in two parts). A clip's decision is the highest mean posterior of its frames after the first second. By track: "
    "10-fold over all 1,000 clips, fixed number of steps, another network each, which ships nowhere. Music or not: "
    "share of frames on GTZAN and on held-out speakers and source recordings, each heard twice in a row."
)
LIMITS = (
    "Ten genres of 1960-2000 as GTZAN understands them; anything else is forced into one of them.",
    "Most errors on unseen artists: with so few clips this network names the right genre less than half the time. The "
    "10-fold figure is flattered by artists and recordings that GTZAN repeats across folds.",
    "Singing without accompaniment, music under loud speech, and tonal machines may be judged wrongly as (not) music.",
    "Silence is not learned: the plugin gates on level.",
    "Recordings narrower than 4 kHz were not in training.",
)
LICENCE = (
    "Weights for research use (GTZAN carries no redistribution licence, UrbanSound8K is CC BY-NC); code Apache-2.0."
)


def genre_card(figures: dict[str, Any]) -> dict[str, Any]:
    """Returns the card without ``contract`` and ``sha256``, which ``models.export`` adds."""
    return {
        "name": "genre",
        "version": VERSION,
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "chunk_samples": FRAME_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "latency_samples": 0,
        "labels": list(LABELS),
        "architecture": ARCHITECTURE,
        "data": list(DATA),
        "protocol": PROTOCOL,
        "figures": figures,
        "limits": list(LIMITS),
        "licence": LICENCE,
    }

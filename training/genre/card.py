"""The genre artifact's card: what it was trained on, how it was measured, what it cannot do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE
from models.genre import VERSION

ARCHITECTURE = (
    "128 mel bands and 12 chroma (GTZAN's recipe); every 0.96 s, 1,931 statistics of what was heard since the music"
    " last changed, at most about 30 s of it (bands below 7.5 kHz relative to the running level: means, deviations,"
    " changes, cepstral correlations, onset autocorrelations, chroma, covariance of whitened patches); Linear 64, "
    "LSTM 64 and a residual around it; three such networks merged into one of 192 units; softmax at a fitted "
    "temperature. Music or not: a layer of 32 units on the statistics of the last 1.9 s. Change of music: a "
    "cumulative sum of what the last 3.8 s say against the label. Causal, 0 samples of look-ahead."
)
DATA = (
    "GTZAN, fault-filtered train and valid splits: 640 clips as mel bands and chroma, and variants of them (start, "
    "tempo, tuning, key, equalisation, bandwidth)",
    "For music or not: the train split, also as 24 kHz opus where it exists, against speech (LibriSpeech "
    "train-clean-100, CC BY 4.0; speechocean762, free use; six small sets: MSC Malayalam CC BY-SA, others MIT, RAVDESS "
    "and nEMO CC BY-NC-SA, BAVED none stated; the training part by speaker)",
    "and ambience (ESC-10, CC BY 3.0; UrbanSound8K folds 1 and 2 without street music, CC BY-NC; Moodist, Pixabay and "
    "CC0; McDermott and Simoncelli's sound textures and 100 noises, research use; without what is musical in them; the "
    "training part by source recording)",
)
PROTOCOL = (
    "Filtered: recipe, temperature, settings and the seed to ship were chosen by networks that learned from 443 "
    "clips and were measured on 197; the same recipe on all 640 was then measured on the 290 test clips (no faults,"
    " no artist in two parts). A clip's decision is the last posterior. After 1 to 10 s: from random places within "
    "a clip, three a clip. By track: 10-fold over all 1,000 clips, networks that ship nowhere; what whitens and "
    "standardises the statistics, without labels, is of the filtered train split there too."
)
LIMITS = (
    "Ten genres of 1960-2000 as GTZAN understands them; anything else is forced into one of them, or into none where "
    "the network is unsure.",
    "On artists that it has not heard it is wrong three times in ten after 30 s, and more often sooner. The figure by "
    "track is flattered by artists and recordings that GTZAN repeats across folds.",
    "A change of genre is noticed after several seconds, some only with the song after it: see the long stream.",
    "Singing without accompaniment and music under loud speech were not measured.",
    "Silence is not learned: the plugin gates on level.",
    "It hears nothing above 7.5 kHz; recordings narrower than about 1.5 kHz were not in training.",
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

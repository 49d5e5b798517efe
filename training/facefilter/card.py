"""The cards of the three artifacts: what they were trained on, how they were measured, whom they fail.

Figures come from the trials, and trials need the artifacts: ``export`` writes the cards with what is known by then, and
``write_cards`` renews them when the trials are done. The models themselves do not change by it.

Invariant: a card holds figures of its own model alone; those of another are left out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.export import ARTIFACTS, CONTRACT
from models.separator import EMBEDDING_SIZE, HOP_SAMPLES, SAMPLE_RATE
from models.voice_encoder import WINDOW_SAMPLES

from .reporting.results import Content, Results

VERSION = "1.0.0"
NAMES = ("face", "voice", "facefilter")
PAIRS = ("M-F", "F-M", "M-M", "F-F", "opposite", "same", "all")

Card = dict[str, Any]

CONSENT = (
    "Consent: a picture and a voice are of a person. Use it on yourself, or on people who agreed to be picked out of "
    "what they say among others; not to listen in on anybody. The service keeps a target in memory, for its session."
)
BIAS = (
    "What a face tells of a voice: its sex as most hear it, some of its age, very little else. A face is therefore a "
    "weak clue between two people of one sex, and a misleading one for everybody whose voice is not what their face "
    "makes one expect; a voice sample is the remedy, and overrides the face. It is no means to tell who somebody is.",
    "Sex is f or m throughout, from labels, or estimated from the voice where there are none. Neither is what people "
    "say of themselves, and for some it is wrong. It sorts results and taught the face encoder; it is never an output.",
    "The people trained on are those of YouTube: mostly adults, mostly well lit, many languages, few labels. How it "
    "fares by age, by skin colour or by accent is not known, for nothing in the data allows it to be measured. "
    "Children were not measured.",
)
FACEVOICE = (
    "facevoice: a face and a voice each of 831 people of AVSpeech's and 75 of VoxCeleb1's videos (YouTube media, "
    "research use only); 95 other people are held out"
)
VOICES = (
    "LibriSpeech train-clean-100 (CC BY 4.0), speechocean762 (free use), six small sets of voices (MSC Malayalam CC "
    "BY-SA, others MIT, RAVDESS and nEMO CC BY-NC-SA, BAVED none stated); one speaker in ten held out"
)
NOISES = (
    "Noise and ambience: UrbanSound8K folds 1 and 2 (CC BY-NC), ESC-10 (CC BY 3.0), Moodist (Pixabay and CC0), 100 "
    "noises (research use); one source recording in ten held out. Simulated rooms, band limits, gains and Opus coding"
)
LICENCE = (
    "Weights for research use, not commercial: facevoice is research use only, some of the rest is CC BY-NC. Code: "
    "Apache-2.0."
)
PROTOCOL = (
    "Everybody measured is held out. facevoice has one recording a person: its first 40 % (2 s at most) is the voice "
    "sample, mixtures are made of the rest, so sample and mixture share a recording; speechocean762, with another "
    "sentence as the sample, is measured beside it. Mixtures of two at 0 dB, judged towards both; standard errors are "
    "clustered by person. Sex is estimated from the voice where it is not given. See training/facefilter/report."
)


def face_card(figures: Mapping[str, Any]) -> Card:
    """Returns the card of the face encoder without ``contract`` and ``sha256``, which ``models.export`` adds."""
    return {
        "name": "face",
        "version": VERSION,
        # Of the space that it shares with voices: a picture has no rate.
        "sample_rate": SAMPLE_RATE,
        "channels": 3,
        "chunk_samples": HOP_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "latency_samples": 0,
        "labels": [],
        "architecture": (
            "Finds faces and points on them, crops 224 x 224, and maps what two public networks see there (who it is; "
            f"age and sex) by small heads, averaged, to {EMBEDDING_SIZE} numbers of unit length near the same person's "
            "voice; trained by N-way matching, negatives within the batch"
        ),
        "data": [
            FACEVOICE,
            "LFW (research use): faces by sex",
            "Starting weights, unchanged: dlib's face recognition ResNet (King; public domain, CC0), and face-api's "
            "age and gender network, detector and landmarks (MIT), from the npm package @vladmandic/face-api",
        ],
        "protocol": PROTOCOL,
        "figures": dict(figures),
        "limits": [
            *BIAS,
            "One adult face, seen from the front, 32 pixels or more from brows to chin. Profiles, masks and drawings "
            "were not measured.",
            CONSENT,
        ],
        "licence": LICENCE,
    }


def voice_card(figures: Mapping[str, Any]) -> Card:
    """Returns the card of the voice encoder, likewise."""
    return {
        "name": "voice",
        "version": VERSION,
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "chunk_samples": WINDOW_SAMPLES,
        "hop_samples": WINDOW_SAMPLES // 2,
        "latency_samples": 0,
        "labels": [],
        "architecture": (
            "40 mel bands of 25 ms every 10 ms, three LSTM layers of 256 units read every 0.8 s over 1.6 s, averaged, "
            f"and a linear map to {EMBEDDING_SIZE} numbers of unit length in the space of the face encoder"
        ),
        "data": [
            VOICES,
            FACEVOICE,
            "Starting weights: Resemblyzer's speaker encoder (Apache-2.0; Wan et al., 2018), trained by its authors on "
            "LibriSpeech-other and VoxCeleb1 and 2; only the map after it was trained here",
        ],
        "protocol": PROTOCOL,
        "figures": dict(figures),
        "limits": [
            "A second of speech or more, of one person, without another voice in it. A cold, a whisper, a song or "
            "another microphone move it.",
            "Tells apart less well two people of one sex, least well those that were recorded alike.",
            "Its public starting weights were trained on VoxCeleb, which may hold some of the people of facevoice.",
            *BIAS[1:],
            CONSENT,
        ],
        "licence": LICENCE,
    }


def facefilter_card(figures: Mapping[str, Any]) -> Card:
    """Returns the card of the separator, likewise."""
    return {
        "name": "facefilter",
        "version": VERSION,
        "sample_rate": SAMPLE_RATE,
        "channels": 1,
        "chunk_samples": HOP_SAMPLES,
        "hop_samples": HOP_SAMPLES,
        "latency_samples": HOP_SAMPLES,
        "labels": [],
        "architecture": (
            "Causal, 10 ms at a time, 20 ms of algorithmic latency: asymmetric transform of 512 samples, gated "
            "recurrences whose gains and offsets depend on the target's embeddings, complex mask; reports whether the "
            "target speaks, how much is taken away, confidence, and whether it is locked on the voice that it keeps"
        ),
        "data": [FACEVOICE, VOICES, NOISES],
        "protocol": PROTOCOL,
        "figures": dict(figures),
        "limits": [
            "Two people of one sex and a face alone: often wrong (the figures of ``same``). Give a voice sample.",
            "When it is wrong about whom to keep it costs about what it gains when it is right; it takes less away "
            "where it is unsure, and says so (confidence).",
            "Music, singing and more than two voices at once were not measured, strong echoes neither: expect less. A "
            "radio or a television is a voice to it.",
            "It hears nothing above 8 kHz.",
            *BIAS,
            CONSENT,
        ],
        "licence": LICENCE,
    }


CARDS = {"face": face_card, "voice": voice_card, "facefilter": facefilter_card}


def figures_of(results: Results, digest: str) -> dict[str, dict[str, Any]]:
    """Returns what belongs on each card, by name, of trials that were made with the artifacts of ``digest``."""
    trials = {name: trial for name, trial in results.trials.items() if trial.get("model_sha256") == digest}
    matching = trials.get("matching")
    return {
        "face": {"matching_one_of_two": _matching(matching)} if matching else {},
        "voice": {"voice_one_of_two": matching["voice_voice"]} if matching else {},
        "facefilter": {name: shorten(trials[name]) for name, shorten in SHORT.items() if name in trials},
    }


def write_cards(results: Results, directory: Path = ARTIFACTS) -> tuple[Path, ...]:
    """Renews the cards of the artifacts in ``directory`` with the figures of their trials; returns their paths.

    Raises:
        FileNotFoundError: An artifact is missing.
    """
    content = {name: (directory / f"{name}.ts").read_bytes() for name in NAMES}
    figures = figures_of(results, common_digest(content))
    written = []
    for name, make in CARDS.items():
        sha256 = hashlib.sha256(content[name]).hexdigest()
        card = {"contract": CONTRACT, **make(figures[name]), "sha256": sha256}
        path = directory / f"{name}.json"
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
        os.replace(partial, path)
        written.append(path)
    return tuple(written)


def common_digest(content: Mapping[str, bytes]) -> str:
    """Returns the one SHA-256 that stands for all three artifacts, as results name it."""
    return hashlib.sha256(b"".join(hashlib.sha256(content[name]).digest() for name in NAMES)).hexdigest()


def _matching(trial: Content) -> dict[str, Any]:
    whole = trial["face_voice"]["whole"]
    return {pair: found["both_ways"] for pair, found in whole["pairs"].items()} | {
        "sex_alone_would_give": whole["sex_alone_would_give"]
    }


def _separation(trial: Content) -> dict[str, Any]:
    measures = ("si_sdri", "sdri", "accuracy")
    return {
        condition: {pair: {name: found[name] for name in measures} for pair, found in pairs.items() if pair in PAIRS}
        for condition, pairs in trial["conditions"].items()
    }


def _noise(trial: Content) -> dict[str, Any]:
    return {
        snr: {name: groups["all"][name]["over_rnnoise"] for name in ("no_target", "voice")}
        for snr, groups in trial["snr_db"].items()
    }


def _absent(trial: Content) -> dict[str, Any]:
    return {
        name: {pair: found[pair]["suppressed_db"] for pair in ("opposite", "same") if pair in found}
        for name, found in trial["alone"].items()
    }


def _confidence(trial: Content) -> dict[str, Any]:
    kept = ("ece", "right", "wrong")
    return {name: {key: found[key] for key in kept} for name, found in trial["conditions"].items()}


SHORT = {
    "separation": _separation,
    "voice_targets": _separation,
    "calibration": _confidence,
    "noise": _noise,
    "absent": _absent,
    "alone": lambda trial: trial["conditions"],
    "lock_on": lambda trial: trial["sets"],
    "robustness": lambda trial: trial["damages"],
    "served": lambda trial: {name: found["si_sdri"] for name, found in trial["conditions"].items()},
}
"""What of each trial a card shows: the sexes apart, failures beside successes."""

"""Made-up results, in the form that training and trials write them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

LABELS = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"]
ACCURACY = {
    "shipped": {"tracks": 0.87, "filtered": 0.70},
    "lstm": {"segments": 0.58, "tracks": 0.55, "filtered": 0.42},
    "hierarchy": {"segments": 0.57, "tracks": 0.54, "filtered": 0.40},
    "crnn": {"segments": 0.62, "tracks": 0.60, "filtered": 0.44},
    "mlp": {"segments": 0.66, "tracks": 0.58, "filtered": 0.41},
    "lstm64": {"segments": 0.70, "tracks": 0.62, "filtered": 0.45},
    "cnn": {"segments": 0.79, "tracks": 0.68, "filtered": 0.49},
}
SIZES = {"segments": 1000, "tracks": 100, "filtered": 290}
RUNS = {"segments": ("fold", 10), "tracks": ("fold", 10), "filtered": ("seed", 5)}
SECONDS = (1, 3, 5, 10, 30)


def new_run(accuracy: float = 0.6, n: int = 290, seed: int = 0, unit: str = "clip", **extra: Any) -> dict[str, Any]:
    """A run of thirty epochs whose confusion has about that accuracy."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n)
    named = np.where(rng.random(n) < accuracy, labels, (labels + rng.integers(1, 10, n)) % 10)
    confusion = np.zeros((10, 10), dtype=int)
    np.add.at(confusion, (labels, named), 1)
    return {
        "unit": unit,
        "n": n,
        "accuracy": float((labels == named).mean()),
        "labels": LABELS,
        "confusion": confusion.tolist(),
        "curve": [
            {
                "epoch": epoch,
                "loss": 2.3 * math.exp(-epoch / 12) + 0.1 * float(rng.random()),
                "valid_accuracy": accuracy * (1 - math.exp(-epoch / 6)) + 0.02 * float(rng.random()),
            }
            for epoch in range(1, 31)
        ],
        "parameters": 94_634,
        "seconds": 61.25,
        "note": "13 MFCC from the stored bands, 11.48 frames a second (paper: 43).",
        **extra,
    }


def shipped_extra(seed: int) -> dict[str, Any]:
    """What the runs of the network that ships hold beyond the others."""
    rng = np.random.default_rng(seed)
    confidence = np.linspace(0.2, 0.97, 12)
    return {
        "accuracy_after_s": {str(s): 0.48 + 0.065 * math.log(s) + 0.01 * float(rng.normal()) for s in SECONDS},
        "ece": 0.04,
        "ece_uncalibrated": 0.11,
        "reliability": [
            {"confidence": float(c), "accuracy": float(np.clip(c + 0.05 * rng.normal(), 0, 1)), "n": int(n)}
            for c, n in zip(confidence, rng.integers(5, 60, 12), strict=True)
        ],
    }


def timeline(seconds: int = 3583) -> dict[str, Any]:
    """An hour of ten genres; the posterior finds each after some seconds."""
    rng = np.random.default_rng(0)
    time_s = np.arange(seconds)
    truth = rng.permutation(10)[np.minimum(time_s // 358, 9)]
    sure = np.clip((time_s % 358) / 12.0, 0.1, 0.9)
    probs = rng.dirichlet(np.full(10, 0.3), seconds) * (1 - sure[:, None])
    probs[time_s, truth] += sure
    named = np.where(probs.max(axis=1) > 0.5, probs.argmax(axis=1), -1)
    return {
        "labels": LABELS,
        "time_s": [float(s) for s in time_s],
        "truth": truth.tolist(),
        "label": named.tolist(),
        "probs": np.round(probs, 2).tolist(),
    }


def hierarchy_extra(accuracy: float, n: int) -> dict[str, Any]:
    """Nodes and both combinations; the nodes carry curves of their own."""
    names = ("LSTM1", "LSTM2a", "LSTM2b", "LSTM3a", "LSTM3b", "LSTM3c", "LSTM3d")
    scored = {"n": n, "accuracy": accuracy, "by_segment": {"n": 30 * n, "accuracy": accuracy - 0.05}}
    curve = new_run()["curve"]
    return {
        "combinations": {"product": scored, "hard": {**scored, "accuracy": accuracy - 0.02}},
        "nodes": {name: {**scored, "accuracy": 0.7 + 0.02 * i, "curve": curve} for i, name in enumerate(names)},
    }


def share(value: float | None, n: int = 96) -> dict[str, Any]:
    """A figure as trials write it."""
    return {"share": value, "se": None if value is None else 0.02, "n": n}


def trials() -> dict[str, dict[str, Any]]:
    """Every trial of the network that ships."""
    judged = {
        "ece": 0.062,
        "ece_se": 0.018,
        "ece_if_calibrated": 0.055,
        "nll": 1.012,
        "accuracy": 0.69,
        "confidence": 0.66,
        "reliability": shipped_extra(0)["reliability"],
    }
    after = {str(s): {"mean": 0.5 + 0.05 * math.log(s), "se": 0.024, "n": 290} for s in SECONDS}
    waiting = {"p50": 3.4, "p50_se": 0.4, "p90": None, "p90_se": None, "never": 0.21, "n": 90}
    heard = {"recordings": 90, "seconds": 1234.5, "time": share(0.013), "mostly": share(0.011)}
    nothing = {"recordings": 0, "seconds": 0.0, "time": share(None, 0), "mostly": share(None, 0)}
    mean = {"mean": 0.61, "se": 0.01, "n": 10}
    return {
        "random_starts": {
            "clips": 290,
            "starts_a_clip": 5,
            "accuracy_after_s": after,
            "by_answer": {"now": after, "mean": after, "shown": after},
        },
        "calibration": {
            "clips": 290,
            "temperature": 1.31,
            "after_s": {s: {"calibrated": judged, "uncalibrated": {**judged, "ece": 0.12}} for s in ("10", "30")},
        },
        "long_stream": {
            "orders": 10,
            "time_to_right_s": waiting,
            "time_to_right_known_s": {**waiting, "p90": 9.1, "p90_se": 1.2},
            "time_to_right_after_clip_s": waiting,
            "time_to_right_after_known_clip_s": waiting,
            "changes_per_minute": {"within_clip": 0.41, "within_genre": 1.3},
            "changes_per_minute_se": {"within_clip": 0.03, "within_genre": 0.1},
            "time_right": mean,
            "time_unnamed": mean,
            "accuracy_first_10min": mean,
            "accuracy_last_10min": mean,
            "last_minus_first": {"mean": -0.004, "se": 0.006, "n": 5},
            "timeline": timeline(),
        },
        "non_music": {
            "from_s": 2.0,
            "false_music": {
                "librispeech": {"all": heard, "held_out": heard},
                "moodist": {"all": heard, "held_out": nothing},
            },
            "false_music_on_silence": {"zeros": heard, "noise_-90dbfs": heard, "dither_16bit": heard},
            "missed_music": {"gtzan_audio_clip30s": heard, "gtzan_audio_excerpt": heard, "gtzan_bands": heard},
        },
        "real_audio": {
            "clips": 96,
            "how": "tectum process FILE --plugin genre --json",
            "same_last_label": share(0.98),
            "same_top_label": share(1.0),
            "different": [],
            "cause": "the files are opus",
        },
        "robustness": {
            "clips": 96,
            "how": "tectum serve, websocket in file mode, f32le",
            "unchanged": {
                name: {"last": share(0.97), "top": share(0.98), "lost": share(0.0)}
                for name in ("rate_8000", "mp3_32k", "something_new")
            },
        },
        "speed/features": {
            "name": "features",
            "title": "Features against librosa",
            "machine": {"cpu": "x86_64", "cores": 2, "torch": "2.13.0"},
            "rows": [
                {"what": "ours, per hop", "real-time factor": 0.00123},
                {"what": "librosa", "real-time factor": 0.06},
            ],
        },
    }


def write(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Writes one result file, ``name`` being its path without the suffix."""
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def write_all(folder: Path) -> None:
    """Writes every run of every network, and every trial."""
    for network, by_protocol in ACCURACY.items():
        for protocol, accuracy in by_protocol.items():
            kind, count = RUNS[protocol]
            for i in range(count):
                run = new_run(accuracy, SIZES[protocol], i, "segment" if protocol == "segments" else "clip")
                run["by_segment"] = {"n": 10 * run["n"], "accuracy": run["accuracy"] - 0.04}
                if network == "hierarchy":
                    run |= hierarchy_extra(accuracy, run["n"])
                elif network == "shipped" and protocol == "filtered":
                    run |= shipped_extra(i)
                write(folder, f"{network}/{protocol}/{kind}{i}", run)
    for name, trial in trials().items():
        write(folder, f"shipped/{name}", {"model_sha256": "0123456789abcdef", **trial})

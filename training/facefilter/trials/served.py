"""A real file with two voices through ``tectum process``, as its users run it.

``training`` imports nothing of ``realtime``: the command is started from outside, with the picture itself and the
voice sample as a file, so face detection, crop, both encoders, chunker, engine and alignment are all in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from models.export import ARTIFACTS

from ...genre.trials.spread import rounded
from ..waveforms import SAMPLE_RATE
from .evidence import Evidence, Talker, numbers_of
from .measures import Samples, si_sdr
from .mixing import Mixture, draw_mixtures
from .spread import Figure, mean_of
from .subject import Subject

FILES = 12
SHORTEST_S = 3.0
CONDITIONS = ("face", "voice", "both")
AROUND_SAMPLES = 320


class ServiceFailed(Exception):
    """``tectum process`` ended with an error."""


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``served.json``: opposite-sex mixtures, and the shift at which output fits best."""
    talkers = evidence.faces
    mixtures = chosen_mixtures(talkers)
    people = numbers_of([talkers[mixture.talkers[0]].person for mixture in mixtures])
    found, refused = {}, {}
    for condition in CONDITIONS:
        gains, shifts, errors = [], [], []
        for mixture in mixtures:
            try:
                wet = processed(mixture, talkers[mixture.talkers[0]], condition, subject.folder)
            except ServiceFailed as error:
                errors.append(str(error))
                gains.append(float("nan"))
                continue
            wanted, audio = mixture.parts[0], mixture.audio
            gains.append(float(si_sdr(wet, wanted) - si_sdr(audio, wanted)))
            shifts.append(best_shift(wet, audio))
        found[condition] = {
            "si_sdri": mean_of(gains, people),
            "each_db": [rounded(gain, 2) if gain == gain else None for gain in gains],
            "shift_samples": sorted(set(shifts)),
        }
        refused[condition] = errors
    return {
        "how": "tectum process MIXTURE -o OUT --plugin facefilter --face PICTURE --voice SAMPLE",
        "files": len(mixtures),
        "conditions": found,
        "refused": refused,
    }


def chosen_mixtures(talkers: tuple[Talker, ...]) -> list[Mixture]:
    """Returns the first opposite-sex mixtures of 3 s or more whose target has a picture."""
    drawn = draw_mixtures(talkers, 40 * FILES, np.random.default_rng(0))
    fit = [
        mixture
        for mixture in drawn
        if {talkers[i].sex for i in mixture.talkers} == {"f", "m"}
        and mixture.parts.shape[1] >= SHORTEST_S * SAMPLE_RATE
        and talkers[mixture.talkers[0]].picture is not None
    ]
    return fit[:FILES]


def processed(mixture: Mixture, target: Talker, condition: str, artifacts: Path = ARTIFACTS) -> Samples:
    """Returns what ``tectum process`` makes of a mixture ``[T]``.

    Raises:
        ServiceFailed: When it ends with an error.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soundfile.write(folder / "mixture.wav", mixture.audio, SAMPLE_RATE, subtype="FLOAT")
        soundfile.write(folder / "sample.wav", target.sample, SAMPLE_RATE, subtype="FLOAT")
        command = [sys.executable, "-m", "realtime", "process", str(folder / "mixture.wav")]
        command += ["-o", str(folder / "out.wav"), "--plugin", "facefilter", "--device", "cpu", "--json"]
        if condition in ("face", "both"):
            command += ["--face", str(target.picture)]
        if condition in ("voice", "both"):
            command += ["--voice", str(folder / "sample.wav")]
        if artifacts != ARTIFACTS:
            command += ["--models", str(artifacts)]
        done = subprocess.run(
            command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServiceFailed(_reason(done.stdout, done.stderr))
        wet, _ = soundfile.read(folder / "out.wav", dtype="float32")
    if wet.shape != mixture.audio.shape:
        raise ServiceFailed(f"expected {mixture.audio.shape} samples out, got {wet.shape}")
    samples: Samples = wet
    return samples


def best_shift(wet: Samples, audio: Samples) -> int:
    """Returns how many samples later than the mixture the output fits it best, within 20 ms: 0 when aligned."""
    size = 1 << (2 * len(audio) - 1).bit_length()
    spectrum = np.fft.rfft(wet, size) * np.conj(np.fft.rfft(audio, size))
    # Phase alone (Knapp and Carter, 1976): a mask leaves it, and speech is too periodic for plain correlation.
    lags = np.fft.irfft(spectrum / np.maximum(np.abs(spectrum), 1e-12), size)
    near = np.concatenate([lags[-AROUND_SAMPLES:], lags[: AROUND_SAMPLES + 1]])
    return int(near.argmax()) - AROUND_SAMPLES


def _reason(out: str, error: str) -> str:
    """Returns what the service said was wrong: an event in JSON, or the last line."""
    for line in (out + error).splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("type") == "error":
            return str(event["message"])
    return (error.strip().splitlines() or ["it said nothing"])[-1]

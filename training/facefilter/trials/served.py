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
from rich.progress import track

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
NAN_AT = SAMPLE_RATE // 2


class ServiceFailed(Exception):
    """``tectum process`` ended with an error."""


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``served.json``: opposite-sex mixtures, the shift at which output fits best, and NaN."""
    talkers = evidence.faces
    mixtures = chosen_mixtures(talkers)
    people = numbers_of([talkers[mixture.talkers[0]].person for mixture in mixtures])
    found, refused = {}, {}
    for condition in CONDITIONS:
        outputs, refused[condition] = _processed_all(mixtures, talkers, condition, subject.folder)
        gains = [float("nan") if wet is None else _gain(wet, one) for wet, one in zip(outputs, mixtures, strict=True)]
        found[condition] = {
            "si_sdri": mean_of(gains, people),
            "each_db": [None if np.isnan(gain) else rounded(gain, 2) for gain in gains],
            "shift_samples": sorted(
                {best_shift(wet, one.audio) for wet, one in zip(outputs, mixtures, strict=True) if wet is not None}
            ),
        }
    return {
        "how": "tectum process MIXTURE -o OUT --plugin facefilter --face PICTURE --voice SAMPLE",
        "files": len(mixtures),
        "conditions": found,
        "refused": refused,
        "nan": _with_nan(mixtures[0], talkers, subject.folder),
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


def processed(audio: Samples, target: Talker, condition: str, artifacts: Path = ARTIFACTS) -> Samples:
    """Returns what ``tectum process`` makes of ``audio`` ``[T]``.

    Raises:
        ServiceFailed: When it ends with an error.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soundfile.write(folder / "mixture.wav", audio, SAMPLE_RATE, subtype="FLOAT")
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
            raise ServiceFailed(reason(done.stdout, done.stderr))
        wet, _ = soundfile.read(folder / "out.wav", dtype="float32")
    if wet.shape != audio.shape:
        raise ServiceFailed(f"expected {audio.shape} samples out, got {wet.shape}")
    samples: Samples = wet
    return samples


def _processed_all(
    mixtures: list[Mixture], talkers: tuple[Talker, ...], condition: str, artifacts: Path
) -> tuple[list[Samples | None], list[str]]:
    """Returns every output, None where the service refused, and what it said then."""
    outputs: list[Samples | None] = []
    refused: list[str] = []
    for mixture in track(mixtures, description=f"tectum process, {condition}"):
        try:
            outputs.append(processed(mixture.audio, talkers[mixture.talkers[0]], condition, artifacts))
        except ServiceFailed as error:
            outputs.append(None)
            refused.append(str(error))
    return outputs, refused


def _with_nan(mixture: Mixture, talkers: tuple[Talker, ...], artifacts: Path) -> Figure:
    """Returns whether a file with a tenth of a second of NaN comes out finite, and is itself again a second later."""
    audio = mixture.audio.copy()
    audio[NAN_AT : NAN_AT + SAMPLE_RATE // 10] = np.nan
    after = slice(NAN_AT + SAMPLE_RATE // 10 + SAMPLE_RATE, None)
    target = talkers[mixture.talkers[0]]
    try:
        harmed, unharmed = (processed(x, target, "voice", artifacts) for x in (audio, mixture.audio))
    except ServiceFailed as error:
        return {"finite": False, "refused": str(error), "si_sdr_against_unharmed": None}
    finite = bool(np.isfinite(harmed).all())
    return {
        "finite": finite,
        "refused": None,
        "si_sdr_against_unharmed": rounded(float(si_sdr(harmed[after], unharmed[after])), 1) if finite else None,
    }


def _gain(wet: Samples, mixture: Mixture) -> float:
    return float(si_sdr(wet, mixture.parts[0]) - si_sdr(mixture.audio, mixture.parts[0]))


def best_shift(wet: Samples, audio: Samples) -> int:
    """Returns how many samples later than the mixture the output fits it best, within 20 ms: 0 when aligned."""
    size = 1 << (2 * len(audio) - 1).bit_length()
    spectrum = np.fft.rfft(wet, size) * np.conj(np.fft.rfft(audio, size))
    # Phase alone (Knapp and Carter, 1976): a mask leaves it, and speech is too periodic for plain correlation.
    lags = np.fft.irfft(spectrum / np.maximum(np.abs(spectrum), 1e-12), size)
    near = np.concatenate([lags[-AROUND_SAMPLES:], lags[: AROUND_SAMPLES + 1]])
    return int(near.argmax()) - AROUND_SAMPLES


def reason(out: str, error: str) -> str:
    """Returns what the service said was wrong: an event in JSON, or the last line."""
    for line in (out + error).splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if event.get("type") == "error":
            return str(event["message"])
    return (error.strip().splitlines() or ["it said nothing"])[-1]

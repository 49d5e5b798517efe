"""Spectrograms of target, mixture and output, as in the FaceFilter paper's Figure 2, small enough for a result file.

Which mixtures are shown is not chosen for looks: of every pair of sexes the one whose SI-SDRi is the median.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

from ...genre.trials.spread import rounded
from ..waveforms import SAMPLE_RATE
from .cues import People
from .measures import Samples
from .mixing import draw_mixtures
from .observations import CONDITIONS, Bench
from .pairs import in_pairs
from .spread import Figure

CONDITION, SEED = "face", 0
SHOWN_S = 2.0
WINDOW, HOP = 512, 200
BANDS = 96
STEP_DB = 3
RANGE_DB = 60


def run(bench: Bench) -> Figure:
    """Returns the contents of ``examples.json``."""
    observed = bench.observe(CONDITION, (SEED,))
    mixtures = draw_mixtures(bench.talkers, bench.mixtures, np.random.default_rng(SEED))
    sexes = [[bench.talkers[i].sex for i in column] for column in (observed.target, observed.other)]
    shown = {}
    for pair, chosen in list(in_pairs(*sexes).items())[:4]:
        rows = np.flatnonzero(chosen)
        long_enough = [row for row in rows if mixtures[row // 2].parts.shape[1] >= SHOWN_S * SAMPLE_RATE]
        if not long_enough:
            continue
        row = sorted(long_enough, key=lambda i: observed.si_sdri[i])[len(long_enough) // 2]
        mixture, side = mixtures[row // 2], int(row % 2)
        who = People([mixture.talkers[side]], [mixture.talkers[1 - side]], [mixture.talkers[1 - side]])
        kept = bench.subject.keep(mixture.audio[None], bench.gallery.cues(CONDITIONS[CONDITION], who))
        signals = {"target": mixture.parts[side], "mixture": mixture.audio, "output": kept.wet[0]}
        shown[pair] = {
            "si_sdri": rounded(float(observed.si_sdri[row]), 1),
            "panels": {name: packed(spectrogram_db(x)) for name, x in signals.items()},
        }
    return {"condition": CONDITION, "seconds": SHOWN_S, "top_hz": SAMPLE_RATE / 2, "pairs": shown}


def spectrogram_db(x: Samples) -> NDArray[np.float64]:
    """Returns ``[BANDS, F]`` in dB below full scale, low frequencies first, of the first two seconds of ``x``."""
    part = x[: round(SHOWN_S * SAMPLE_RATE)].astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.square(np.abs(np.fft.rfft(frames))) / np.square(np.hanning(WINDOW).sum() / 2)
    edges = np.linspace(0, power.shape[1], BANDS + 1).astype(int)
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    spectrogram: NDArray[np.float64] = 10.0 * np.log10(bands.T + 1e-12)
    return spectrogram


def packed(spectrogram: NDArray[np.float64], top_db: float = -20.0) -> Figure:
    """Returns a spectrogram in steps of 3 dB over 60 dB below ``top_db``, compressed, as text."""
    steps = np.clip(np.round((spectrogram - top_db + RANGE_DB) / STEP_DB), 0, RANGE_DB // STEP_DB).astype(np.uint8)
    text = base64.b85encode(zlib.compress(steps.tobytes(), 9)).decode()
    return {"shape": list(steps.shape), "top_db": top_db, "steps": text}


def unpacked(panel: Figure) -> NDArray[np.float64]:
    """Returns the spectrogram that ``packed`` was given, to 3 dB and within its range."""
    steps = np.frombuffer(zlib.decompress(base64.b85decode(panel["steps"])), dtype=np.uint8)
    spectrogram: NDArray[np.float64] = (
        steps.reshape(panel["shape"]).astype(np.float64) * STEP_DB - RANGE_DB + panel["top_db"]
    )
    return spectrogram
